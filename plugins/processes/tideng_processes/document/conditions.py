"""Questions that a definition asks of what was filled in: read from the document, and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tideng_processes.document.model import OPERATORS, Condition

GROUPS = ("all", "any", "none")
Add = Callable[[str, str], None]
"""Takes note of a problem: its place and its code."""


def read_condition(said: Any, at: str, add: Add) -> Condition | None:
    """The condition that `said` is; None after telling `add` what is wrong with it."""
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
    """Every field that is asked for."""
    if condition is not None:
        if condition.field:
            yield condition.field
        for part in condition.parts:
            yield from fields_of(part)


def holds(condition: Condition | None, data: Mapping[str, Any]) -> bool:
    """Whether it holds for `data`; no condition always does, and a comparison with what is not there never."""
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
    except TypeError:  # the check refuses what can never be compared; data of an older version may still be so
        return False
