"""Values that somebody may have meant in place of one that does not fit, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_OPPOSITE = {
    "is": "is_not", "is_not": "is", "lt": "gte", "gte": "lt", "lte": "gt", "gt": "lte", "in": "not_in", "not_in": "in",
    "contains": "not_contains", "not_contains": "contains",
}  # fmt: skip


def opposite(leaf: Any) -> dict[str, Any] | None:
    """The condition with the opposite comparison; None for one that has none."""
    if not isinstance(leaf, Mapping):
        return None
    for op, value in leaf.items():
        if op in ("is", "exists") and isinstance(value, bool):
            return {**leaf, op: not value}
        if op in _OPPOSITE:
            return {**without(leaf, op), _OPPOSITE[op]: value}
    return None


def without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The mapping without one of its keys."""
    return {one: value for one, value in mapping.items() if one != key}


def as_other_types(value: Any) -> Iterator[Any]:
    """Values of another type for one of the wrong type: ``"3"`` is 3, ``"yes"`` is true, 3 is ``"3"``."""
    if isinstance(value, list | tuple):
        others = [next(as_other_types(item), item) for item in value]
        if others != list(value):
            yield others
    elif isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"[-+]?\d{1,15}", text):
            yield int(text)
        elif re.fullmatch(r"[-+]?\d{1,15}\.\d{1,6}", text):
            yield float(text)
        if text.casefold() in ("true", "yes", "1", "是"):
            yield True
        if text.casefold() in ("false", "no", "0", "否"):
            yield False
    elif isinstance(value, bool):
        yield int(value)
    elif value in (0, 1):
        yield bool(value)
        yield str(value)
    elif isinstance(value, int | float):
        yield f"{value:g}"


def later_than(clock: str) -> Iterator[str]:
    """Times for a step that comes after `clock`: nine in the evening, an hour later, the last minute of the day."""
    hour, _, minute = clock.partition(":")
    following = [f"{int(hour) + 1:02}:{minute}"] if hour.isdigit() and int(hour) < 23 else []
    yield from (one for one in ("21:00", *following, "23:59") if one > clock)


def clock_times(value: Any) -> Iterator[str]:
    """Times of day for a text or number that is none: ``9:00``, ``19.30``, ``19点``, 1140 (as YAML 1.1 reads 19:00)."""
    if isinstance(value, int) and not isinstance(value, bool):
        hour, minute = (value, 0) if value < 24 else divmod(value, 60)
        if 0 <= hour < 24:
            yield f"{hour:02}:{minute:02}"
    found = (
        re.fullmatch(r"\s*(\d{1,2})\s*(?:[:：.h点时]\s*(\d{1,2})?\s*分?)?\s*", value)
        if isinstance(value, str)
        else None
    )
    if found and int(found[1]) < 24 and int(found[2] or 0) < 60:
        yield f"{int(found[1]):02}:{int(found[2] or 0):02}"
    yield "19:00"


def without_braces(text: str) -> str:
    """The text with its placeholders, and without every other brace."""
    kept = re.sub(r"\{([a-z_][a-z0-9_.]*)\}", "\x01\\1\x02", text)
    return kept.replace("{", "").replace("}", "").replace("\x01", "{").replace("\x02", "}")
