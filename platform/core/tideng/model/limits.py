"""Limits of what an event may hold, and what counts as a number, a day, a moment."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MAX_TEXT = 20_000  # characters in one text
MAX_PAYLOAD = 1_000_000  # bytes in one payload, in UTF-8
MAX_DEPTH = 20  # lists and objects inside one another
MAX_WHOLE = 2**53  # beyond, JSON readers disagree about the value
MAX_AHEAD = timedelta(days=1)  # how far a sender's clock may be fast
YEARS = range(1990, 2101)
SHIFTED_YEARS = range(100, 9900)
"""The years of a log whose times were moved to hide whose they are; room is left for deadlines to be counted."""
LENGTHS = {"id": 200, "source": 200, "type": 120, "subject": 120}  # as in the event table
MAX_KEY = 200  # an identifying value, as in the event_key table
MAX_KEPT = 100_000  # characters of a refused payload that are kept to look at

ENVELOPE = frozenset((*LENGTHS, "time", "data", "specversion"))
_LOCAL = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,30})?"
LOCAL_TIME = re.compile(_LOCAL, re.ASCII)
MOMENT = re.compile(_LOCAL + r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?", re.ASCII)
CONTROL = re.compile(r"[\x01-\x1f\x7f]")
EXAMPLE = "2026-03-02T19:00:00+08:00"


def read_moment(value: object, years: range = YEARS) -> datetime | None:
    """An RFC 3339 moment in UTC; None for anything else, a moment without offset or outside `years` included.

    Digits after the microseconds are cut off.
    """
    if type(value) is not str or not MOMENT.fullmatch(value):
        return None
    try:
        local = datetime.fromisoformat(value.upper())
        return local.astimezone(UTC) if local.year in years else None
    except (ValueError, OverflowError):
        return None


def at_zone(text: str, zone: tzinfo) -> str | None:
    """Add the offset of `zone` to a local time (``2026-03-02T19:00:00``).

    An hour that the clocks repeat is its first pass. None for a text of another form, and for a time that the clocks
    skip.
    """
    if not LOCAL_TIME.fullmatch(text):
        return None
    try:
        local = datetime.fromisoformat(text.upper()).replace(tzinfo=zone)
        exists = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    offset = local.strftime("%z")
    # an offset with seconds, of the time before zones, has no form in RFC 3339
    return f"{text}{offset[:3]}:{offset[3:5]}" if exists and len(offset) == 5 else None


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
        return bool(DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_time(text: str) -> bool:
    """A moment with its offset, or a time of day."""
    if MOMENT.fullmatch(text):
        return read_moment(text) is not None
    try:
        return bool(CLOCK.fullmatch(text)) and bool(time.fromisoformat(text) is not None)
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
