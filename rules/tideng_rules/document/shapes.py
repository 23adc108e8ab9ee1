"""The shapes of a rule's document, for the comparison of two of them: groups and leaves, what a list's item is known by, and which
item became which."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from tideng_rules.document.conditions import GROUPS
from tideng_rules.document.merge import same, written
from tideng_rules.document.model import OPERATORS


def keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [*new, *(key for key in old if key not in new)]


def group_of(condition: Any) -> tuple[str, list[Any]]:
    if isinstance(condition, list):
        return "all", condition
    if isinstance(condition, Mapping) and len(condition) == 1:
        kind, items = next(iter(condition.items()))
        if kind in GROUPS and isinstance(items, list):
            return kind, items
    return "", []


def holds(items: list[Any], condition: Any) -> bool:
    """Whether the condition is one of several."""
    return len(items) > 1 and any(same(item, condition) for item in items)


def operator_of(condition: Any) -> str:
    """The operator of a leaf that holds nothing else; '' for anything else."""
    if not isinstance(condition, Mapping) or len(condition) != 2 or not isinstance(condition.get("fact"), str):
        return ""
    return next((key for key in condition if key in OPERATORS), "")


def fact_of(condition: Any) -> Any:
    return condition.get("fact") if isinstance(condition, Mapping) else None


def action_of(deed: Any) -> Any:
    return next(iter(deed), None) if isinstance(deed, Mapping) else None


def step_of(step: Any) -> Any:
    return written([step.get("at"), step.get("after")]) if isinstance(step, Mapping) else None


def name_of(example: Any) -> Any:
    return written(example.get("name")) if isinstance(example, Mapping) and "name" in example else None


def paired(
    before: Sequence[Any], after: Sequence[Any], identity: Callable[[Any], Any]
) -> Iterator[tuple[int | None, int | None]]:
    """Which item became which, as (number in the old list, number in the new): None where there is none; unchanged ones are left out."""
    matcher = SequenceMatcher(None, [written(one) for one in before], [written(one) for one in after], autojunk=False)
    loose_old: list[int] = []
    loose_new: list[int] = []
    for kind, start, end, to, until in matcher.get_opcodes():
        if kind != "equal":
            loose_old += range(start, end)
            loose_new += range(to, until)
    became = dict(matches(before, after, loose_old, loose_new, identity))
    was = {new: old for old, new in became.items()}
    for new in loose_new:
        yield was.get(new), new
    for old in loose_old:
        if old not in became:
            yield old, None


def matches(
    before: Sequence[Any],
    after: Sequence[Any],
    loose_old: Sequence[int],
    loose_new: Sequence[int],
    identity: Callable[[Any], Any],
) -> Iterator[tuple[int, int]]:
    """Items of the same identity first, in their order; of those left, those that stand at the same place."""
    waiting = list(loose_new)
    left = []
    for old in loose_old:
        known = identity(before[old])
        found = next((new for new in waiting if known is not None and identity(after[new]) == known), None)
        if found is None:
            left.append(old)
        else:
            waiting.remove(found)
            yield old, found
    for old in left:
        if old in waiting and type(before[old]) is type(after[old]) and identity(before[old]) is None:
            waiting.remove(old)
            yield old, old
