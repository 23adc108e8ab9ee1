"""Three-way merge of rule documents: both sides' changes are combined, and places that both changed become conflicts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from tideng_rules.document.problems import join


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""Stands for what is not there."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place that both changed, and differently: `ours` was kept, `theirs` is what it would be else. ABSENT: taken away."""

    place: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """`document` holds the changes of both; at each of `conflicts` it holds ours."""

    document: dict[str, Any]
    conflicts: tuple[Conflict, ...] = ()


def merge(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Merged:
    """Put together what `ours` and `theirs` each changed since `base`.

    Keys are merged one by one, lists item by item where the changes do not touch the same items. Our order of keys stays.
    """
    conflicts: list[Conflict] = []
    merged = _merge("", base, ours, theirs, conflicts)
    return Merged(merged, tuple(conflicts))


def same(one: Any, other: Any) -> bool:
    """Whether two documents say the same, however their keys are sorted; 1 and 1.0 and true are three things."""
    return written(one) == written(other)


def written(value: Any) -> str:
    """The value as one line that is the same however its keys are sorted."""
    return "ABSENT" if value is ABSENT else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _merge(place: str, base: Any, ours: Any, theirs: Any, conflicts: list[Conflict]) -> Any:
    if same(ours, theirs) or same(base, theirs):
        return ours
    if same(base, ours):
        return theirs
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return _merge_mappings(place, base if isinstance(base, Mapping) else {}, ours, theirs, conflicts)
    if isinstance(base, list) and isinstance(ours, list) and isinstance(theirs, list):
        merged = _merge_lists(place, base, ours, theirs, conflicts)
        if merged is not None:
            return merged
    conflicts.append(Conflict(place, base, ours, theirs))
    return ours


def _merge_mappings(
    place: str,
    base: Mapping[str, Any],
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    conflicts: list[Conflict],
) -> dict[str, Any]:
    merged = {}
    for key in [*ours, *(key for key in theirs if key not in ours), *(k for k in base if k not in {*ours, *theirs})]:
        old, mine, yours = (side.get(key, ABSENT) for side in (base, ours, theirs))
        value = _merge(join(place, key), old, mine, yours, conflicts)
        if value is not ABSENT:
            merged[key] = value
    return merged


def _merge_lists(
    place: str, base: list[Any], ours: list[Any], theirs: list[Any], conflicts: list[Conflict]
) -> list[Any] | None:
    """The list with both's changes; None where they changed neighbouring items in ways that cannot be told apart."""
    merged: list[Any] = []
    for old, mine, yours in _pieces(base, ours, theirs):
        if same(old, yours) or same(mine, yours):
            merged += mine
        elif same(old, mine):
            merged += yours
        elif len(old) == len(mine) == len(yours):
            for was, here, there in zip(old, mine, yours, strict=True):
                merged.append(_merge(join(place, len(merged)), was, here, there, conflicts))
        else:
            return None
    return merged


def _pieces(base: list[Any], ours: list[Any], theirs: list[Any]) -> Iterator[tuple[list[Any], list[Any], list[Any]]]:
    """The three lists cut where an item of the base stands unchanged in both others."""
    mine, yours = _kept(base, ours), _kept(base, theirs)
    at = [0, 0, 0]
    for number in [n for n in range(len(base)) if n in mine and n in yours]:
        cut = [number, mine[number], yours[number]]
        yield base[at[0] : cut[0]], ours[at[1] : cut[1]], theirs[at[2] : cut[2]]
        yield base[cut[0] : cut[0] + 1], ours[cut[1] : cut[1] + 1], theirs[cut[2] : cut[2] + 1]
        at = [one + 1 for one in cut]
    yield base[at[0] :], ours[at[1] :], theirs[at[2] :]


def _kept(base: list[Any], other: list[Any]) -> dict[int, int]:
    """Where the items of the base that are unchanged stand in the other list."""
    matcher = SequenceMatcher(None, [written(one) for one in base], [written(one) for one in other], autojunk=False)
    return {start + n: to + n for start, to, size in matcher.get_matching_blocks() for n in range(size)}
