"""A condition as JSON and back, types kept: how rules travel to the engine's process.

A leaf is ``{"fact", "op", "operand"}``, a group ``{"kind", "items"}``. An operand that JSON has no word for is an object
with one key: ``{"ref": [fact, times]}``, ``{"date"}``, ``{"datetime"}``, ``{"decimal"}``, ``{"tuple"}``. Python's
JSON writes and reads NaN, infinities and integers of any size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tideng_rules.document.model import (
    Condition,
    FactRef,
    Group,
    Leaf,
)


def to_json(condition: Condition) -> dict[str, Any]:
    """The condition as plain JSON values. Raises TypeError for an operand of no known type."""
    if isinstance(condition, Leaf):
        found = {"fact": condition.fact, "op": condition.op, "operand": _operand_to_json(condition.operand)}
    else:
        found = {"kind": condition.kind, "items": [to_json(item) for item in condition.items]}
    return {**found, "place": condition.place} if condition.place else found


def from_json(data: Mapping[str, Any]) -> Condition:
    """What `to_json` was given. Raises KeyError for what it never wrote."""
    place = data.get("place", "")
    if "kind" in data:
        return Group(data["kind"], tuple(map(from_json, data["items"])), place)
    return Leaf(data["fact"], data["op"], _operand_from_json(data["operand"]), place)


def questions_to_text(questions: Mapping[str, Sequence[tuple[str, Condition]]]) -> str:
    """Questions with their rules as one line of text."""
    rows = {q: [[rule_id, to_json(condition)] for rule_id, condition in rules] for q, rules in questions.items()}
    return json.dumps(rows, separators=(",", ":"))


def questions_from_text(text: str | bytes) -> dict[str, list[tuple[str, Condition]]]:
    """What `questions_to_text` was given."""
    rows = json.loads(text)
    return {q: [(rule_id, from_json(condition)) for rule_id, condition in rules] for q, rules in rows.items()}


def _operand_to_json(operand: Any) -> Any:
    if operand is None or isinstance(operand, (str, int, float)):
        return operand
    if isinstance(operand, list):
        return [_operand_to_json(item) for item in operand]
    if isinstance(operand, tuple):
        return {"tuple": [_operand_to_json(item) for item in operand]}
    if isinstance(operand, FactRef):
        return {"ref": [operand.fact, operand.times]}
    if isinstance(operand, datetime):
        return {"datetime": operand.isoformat()}
    if isinstance(operand, date):
        return {"date": operand.isoformat()}
    if isinstance(operand, Decimal):
        return {"decimal": str(operand)}
    raise TypeError(f"{operand!r} is no operand")


_READERS = {
    "tuple": lambda items: tuple(map(_operand_from_json, items)),
    "ref": lambda pair: FactRef(*pair),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
}


def _operand_from_json(data: Any) -> Any:
    if isinstance(data, list):
        return [_operand_from_json(item) for item in data]
    if isinstance(data, dict):
        ((word, value),) = data.items()
        return _READERS[word](value)
    return data
