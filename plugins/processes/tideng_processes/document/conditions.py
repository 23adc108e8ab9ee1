"""Conditions of a definition on the data of a case: read from the document, and evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tideng_processes.document.model import OPERATORS, Condition

GROUPS = ("all", "any", "none")
Add = Callable[[str, str], None]
"""Adds a problem: its place and its code."""


def read_condition(said: Any, at: str, add: Add) -> Condition | None:
    """The condition in a document; None where it is wrong, after `add` was told why."""
    if not isinstance(said, Mapping):
        add(at, "not-a-condition")
        return None
    groups = [name for name in GROUPS if name in said]
    if groups and len(said) == 1 and isinstance(said[groups[0]], list) and said[groups[0]]:
        parts = [read_condition(one, f"{at}.{groups[0]}[{n}]", add) for n, one in enumerate(said[groups[0]])]
        return Condition(groups[0], parts=tuple(filter(None, parts))) if all(parts) else None
    operators = [name for name in said if name != "field"]
    if "field" not in said or len(operators) != 1 or operators[0] not in OPERATORS:
        add(at, "not-a-condition")
        return None
    return Condition(operators[0], str(said["field"]), said[operators[0]])


def fields_of(condition: Condition | None) -> Iterator[str]:
    """The names of all fields that a condition looks at."""
    if condition is not None:
        if condition.field:
            yield condition.field
        for part in condition.parts:
            yield from fields_of(part)


def holds(condition: Condition | None, data: Mapping[str, Any]) -> bool:
    """Whether a condition holds for `data`. None always holds; a comparison with an empty field never does."""
    if condition is None:
        return True
    if condition.op in GROUPS:
        answers = (holds(part, data) for part in condition.parts)
        return all(answers) if condition.op == "all" else any(answers) == (condition.op == "any")
    value = data.get(condition.field)
    if condition.op == "exists":
        return (value not in (None, "", [])) == bool(condition.operand)
    return value is not None and _compare(condition.op, value, condition.operand)


def _compare(op: str, value: Any, operand: Any) -> bool:
    if op in ("is", "is_not"):
        return (value == operand) == (op == "is")
    if op in ("in", "not_in"):
        return (value in operand) == (op == "in")
    try:
        return {"lt": value < operand, "lte": value <= operand, "gt": value > operand, "gte": value >= operand}[op]
    except TypeError:  # data of an older version may have another type than the one that was checked
        return False
