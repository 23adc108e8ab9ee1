"""Limits of what an event may hold, and what counts as a number, a day, a moment."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

MAX_TEXT = 20_000  # characters in one text
MAX_PAYLOAD = 1_000_000  # bytes in one payload, in UTF-8
MAX_DEPTH = 20  # lists and objects inside one another
MAX_WHOLE = 2**53  # beyond, JSON readers disagree about the value
MAX_AHEAD = timedelta(days=1)  # how far a sender's clock may be fast
YEARS = range(1990, 2101)
LENGTHS = {"id": 200, "source": 200, "type": 120, "subject": 120}  # as in the event table
MAX_KEY = 200  # an identifying value, as in the event_key table
MAX_KEPT = 100_000  # characters of a refused payload that are kept to look at

ENVELOPE = frozenset((*LENGTHS, "time", "data", "specversion"))
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?")
CONTROL = re.compile(r"[\x01-\x1f\x7f]")
EXAMPLE = "2026-03-02T19:00:00+08:00"


def read_moment(value: object) -> datetime | None:
    """An RFC 3339 moment in UTC; None for anything else, a moment without offset or outside the years included."""
    if type(value) is not str or not MOMENT.fullmatch(value):
        return None
    try:
        local = datetime.fromisoformat(value.upper())
        return local.astimezone(UTC) if local.year in YEARS else None
    except (ValueError, OverflowError):
        return None


def encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_exact_number(value: object) -> bool:
    kind = type(value)
    return (kind is int and -MAX_WHOLE <= value <= MAX_WHOLE) or (kind is float and math.isfinite(value))  # type: ignore[operator,arg-type]


def is_day(text: str) -> bool:
    try:
        return bool(DAY.fullmatch(text)) and text.isascii() and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_time(text: str) -> bool:
    """A moment with its offset, or a time of day."""
    if MOMENT.fullmatch(text):
        return read_moment(text) is not None
    try:
        return bool(CLOCK.fullmatch(text)) and text.isascii() and bool(time.fromisoformat(text) is not None)
    except ValueError:
        return False


def storable(text: str) -> str:
    """No NUL and no lone surrogates, which PostgreSQL and UTF-8 refuse."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def shown(value: object) -> str:
    """A name short and clean enough for a message and a log."""
    return CONTROL.sub("?", storable(str(value)))[:80]


def kind_of(value: object) -> str:
    """The kind of a value, by its name in the catalogues of problems."""
    names = {
        type(None): "null",
        bool: "boolean",
        int: "number",
        float: "number",
        str: "text",
        list: "list",
    }
    return names.get(type(value), "object" if isinstance(value, Mapping) else type(value).__name__)
