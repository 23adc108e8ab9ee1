"""What crosses the pipe between the matcher and the engine's process: one JSON line each way.

To the engine, first the questions (`ast_json.questions_to_text`), then batches ``[[question, facts], …]``; back
``[]`` once it is ready, then a list of rule ids a situation, or ``null`` where only closures may judge.
Dates and datetimes travel as ``{"~": text}``. What JSON would change on its way is not sent; closures judge it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import Any

import orjson

PLAIN = frozenset((str, bool, NoneType, int))
_MARK = b'{"~":'
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS


def sendable(facts: Mapping[str, Any]) -> bool:
    """Does every value arrive as it was sent? Infinities, decimals and objects would not."""
    for value in facts.values():
        kind = value.__class__
        if kind not in PLAIN and not (kind is float and not math.isinf(value)) and not _sendable(value):
            return False
    return True


def _sendable(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(item.__class__ in PLAIN or (type(item) is float and math.isfinite(item)) for item in value)
    return type(value) in (date, datetime)


def travels(item: tuple[str, Mapping[str, Any]]) -> bool:
    """Can this situation be sent at all?"""
    try:
        return sendable(item[1]) and bool(batch_to_line([item]))
    except TypeError:
        return False


def batch_to_line(batch: Sequence[tuple[str, Mapping[str, Any]]]) -> bytes:
    """A batch as one line. Raises TypeError for an integer beyond 64 bits or a text that is no Unicode."""
    return orjson.dumps(batch, default=_mark, option=_OPTIONS) + b"\n"


def batch_from_line(line: bytes) -> list[tuple[str, dict[str, Any]]]:
    """What `batch_to_line` was given."""
    batch = orjson.loads(line)
    if _MARK in line:
        for _, facts in batch:
            for name, value in facts.items():
                if value.__class__ is dict:
                    text = value["~"]
                    facts[name] = (datetime if "T" in text else date).fromisoformat(text)
    return batch


def _mark(value: Any) -> dict[str, str]:
    if type(value) in (date, datetime):
        return {"~": value.isoformat()}
    raise TypeError(f"{value!r} does not travel")
