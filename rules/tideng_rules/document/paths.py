"""A place of a rule document, as problems and fixes name it (``if.all[1].fact``): what stands there, and the document with
another value in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def steps_of(place: str) -> list[str | int]:
    """``if.all[1].fact`` → ``["if", "all", 1, "fact"]``."""
    return [int(number) if number else key for key, number in _STEP.findall(place)]


def look(document: Any, place: str) -> Any:
    """What stands there; None where nothing does."""
    for step in steps_of(place):
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def put(document: Mapping[str, Any], place: str, value: Any) -> dict[str, Any]:
    """The document with `value` at `place`, or without what is there; the one that was given stays as it is.

    Raises `KeyError`, `IndexError` or `TypeError` where the way to the place does not exist.
    """
    return _put(document, steps_of(place), value)


def _put(here: Any, steps: list[str | int], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        items = list(here)
        if rest:
            items[step] = _put(items[step], rest, value)
        elif value is None:
            del items[step]
        else:
            items[step : step + 1] = [value]
        return items
    if not isinstance(here, Mapping):
        raise TypeError(f"no mapping at {step}")
    if rest:
        return {**here, step: _put(here[step], rest, value)}
    return {key: item for key, item in here.items() if key != step} if value is None else {**here, step: value}
