"""From a payload to an event, or to everything that is wrong with it at once.

A valid payload takes a short way made once per event type; whatever the short way is not sure of goes through the
marshmallow schemas, which give every problem with its field and a way out. Both are made from the same `EventType`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from marshmallow import INCLUDE, RAISE, Schema, ValidationError, fields

from tideng.catalogue import Catalogue, EventType, Field
from tideng.errors import InvalidPayload, Problem
from tideng.events import Event

MAX_TEXT = 20_000  # characters in one text
MAX_PAYLOAD = 1_000_000  # bytes in one payload, in UTF-8
MAX_DEPTH = 20  # lists and objects inside one another
MAX_WHOLE = 2**53  # beyond, JSON readers disagree about the value
MAX_AHEAD = timedelta(days=1)  # how far a sender's clock may be fast
YEARS = range(1990, 2101)
LENGTHS = {"id": 200, "source": 200, "type": 120, "subject": 120}  # as in the event table
MAX_KEY = 200  # an identifying value, as in the event_key table
MAX_KEPT = 100_000  # characters of a refused payload that are kept to look at

_ENVELOPE = frozenset((*LENGTHS, "time", "data", "specversion"))
_CLOUDEVENTS = _ENVELOPE | {"datacontenttype", "dataschema", "traceparent", "tracestate"}
_EXTENSION = re.compile(r"[a-z0-9]{1,40}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?")
_CONTROL = re.compile(r"[\x01-\x1f\x7f]")
_SHORT = 2_000  # texts up to here cannot add up to MAX_PAYLOAD on the short way
_FEW = 60
_EXAMPLE = "2026-03-02T19:00:00+08:00"


def read_event(payload: object, catalogue: Catalogue, *, place: str = "", received: datetime | None) -> Event:
    """Make an `Event` of a CloudEvents 1.0 object (its structured JSON form, as a mapping).

    `place` says where it came from (``line 12``); `received` is the present moment, aware: a time more than a day
    ahead of it is refused; None does not look (a replay, where the present moment has no meaning).
    Raises `InvalidPayload` with all problems, each with its field in `at` (``line 12, data.needs``).
    """
    reader = _reader_for(payload, catalogue)
    if reader is not None:
        event = reader.quick(payload, received)  # type: ignore[arg-type]
        if event is not None:
            return event
    return _read_carefully(payload, catalogue, reader, place, received)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused payload as it is kept: `payload` is text that a database can hold and a person can read."""

    source: str
    place: str
    payload: str
    truncated: bool
    problems: tuple[Problem, ...]
    fingerprint: str


def dead_letter(error: InvalidPayload, source: str) -> DeadLetter:
    """What to keep of a refused payload; `source` names the file or the sender."""
    text = _as_text(error.payload)
    return DeadLetter(
        source=_storable(source)[:200],
        place=_storable(error.place)[:300],
        payload=text[:MAX_KEPT],
        truncated=len(text) > MAX_KEPT,
        problems=error.problems,
        fingerprint=dead_letter_fingerprint(source, error.payload),
    )


def dead_letter_fingerprint(source: str, payload: object) -> str:
    """64 hexadecimal digits, the same for the same payload from the same source, so that it is kept once.

    `payload` is a mapping as it was read, or the raw text or bytes of what could not be read.
    """
    return hashlib.sha256(f"{_storable(source)}\n{_as_text(payload)}".encode()).hexdigest()


def _as_text(payload: object) -> str:
    if isinstance(payload, bytes):
        return _storable(payload.decode("utf-8", "backslashreplace"))
    if isinstance(payload, str):
        return _storable(payload)
    try:
        return json.dumps(payload, default=str, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return _storable(repr(type(payload)))


def _storable(text: str) -> str:
    """No NUL and no lone surrogates, which PostgreSQL and UTF-8 refuse."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


# -- one reader per event type ----------------------------------------------------------------------------------------


class _Reader:
    """What was made of one event type: the short way and the schema."""

    def __init__(self, event_type: EventType):
        self.event_type = event_type
        self.schema = _event_schema(event_type)()
        self._open = event_type.open
        self._required = frozenset(f.name for f in event_type.fields if f.required)
        self._sure = {f.name: _sure_check(f) for f in event_type.fields}

    def quick(self, payload: Mapping[str, Any], received: datetime | None) -> Event | None:
        """The event, where the payload is valid beyond doubt; None where the schema has to look."""
        if not payload.keys() <= _ENVELOPE or payload.get("specversion", "1.0") != "1.0":
            return None
        data = payload.get("data")
        if type(data) is not dict or len(data) > _FEW or not self._required <= data.keys():
            return None
        sure = self._sure
        for name, value in data.items():
            check = sure.get(name)
            if check is None:
                if not (self._open and _plain_text(name) and _plain_scalar(value)):
                    return None
            elif not check(value):
                return None
        id_, source, type_, subject = payload.get("id"), payload.get("source"), payload["type"], payload.get("subject")
        if not (_plain_name(id_, 200) and _plain_name(source, 200) and _plain_name(subject, 120)):
            return None
        moment = _moment(payload.get("time"))
        if moment is None or moment.year not in YEARS or (received is not None and moment > received + MAX_AHEAD):
            return None
        return Event(id_, source, type_, moment, subject, dict(data))  # type: ignore[arg-type]


def _reader_for(payload: object, catalogue: Catalogue) -> _Reader | None:
    """The reader of the payload's type, made again when its declaration changed; None for an unknown type."""
    name = payload.get("type") if isinstance(payload, Mapping) else None
    event_type = catalogue.event_types.get(name) if isinstance(name, str) else None
    if event_type is None:
        return None
    reader = catalogue.readers.get(name)
    if reader is None or reader.event_type is not event_type:
        reader = catalogue.readers[name] = _Reader(event_type)
    return reader


def _moment(value: object) -> datetime | None:
    """An RFC 3339 moment in UTC; None for anything else, a moment without offset or outside the years included."""
    if type(value) is not str or not _MOMENT.fullmatch(value):
        return None
    try:
        local = datetime.fromisoformat(value.upper())
        return local.astimezone(UTC) if local.year in YEARS else None
    except (ValueError, OverflowError):
        return None


def _plain_name(value: object, limit: int) -> bool:
    return type(value) is str and 0 < len(value) <= limit and value.isprintable() and not value.isspace()


def _plain_text(value: object) -> bool:
    return type(value) is str and len(value) <= _SHORT and "\0" not in value and (value.isascii() or _encodes(value))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain_number(value: object) -> bool:
    kind = type(value)
    return (kind is int and -MAX_WHOLE <= value <= MAX_WHOLE) or (kind is float and math.isfinite(value))  # type: ignore[operator,arg-type]


def _plain_scalar(value: object) -> bool:
    kind = type(value)
    return _plain_text(value) if kind is str else kind is bool or _plain_number(value)


def _plain_items(value: object) -> bool:
    """A short list of short plain values, or of flat objects of them; deeper things take the careful way."""
    if type(value) is not list or len(value) > _FEW:
        return False
    for item in value:
        if type(item) is dict:
            if len(item) > 9 or not all(_plain_name(name, 60) and _brief_scalar(inner) for name, inner in item.items()):
                return False
        elif not _brief_scalar(item):
            return False
    return True


def _brief_scalar(value: object) -> bool:
    """Short enough that a full list of them stays below the size of a payload."""
    return _plain_scalar(value) and (type(value) is not str or len(value) <= 200)


def _sure_check(field: Field) -> Callable[[object], bool]:
    """A check that says True only for what the schema would accept as it is."""
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    bounded = (low, high) != (-math.inf, math.inf)
    if field.type == "text":
        return (lambda value: _plain_name(value, MAX_KEY)) if field.key else _plain_text
    if field.type == "number":
        return (lambda value: _plain_number(value) and low <= value <= high) if bounded else _plain_number  # type: ignore[operator]
    if field.type == "integer":
        return lambda value: type(value) is int and _plain_number(value) and low <= value <= high
    if field.type == "boolean":
        return lambda value: type(value) is bool
    if field.type == "list":
        return _plain_items
    if field.type == "date":
        return lambda value: type(value) is str and _is_day(value)
    return lambda value: False


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and text.isascii() and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    """A moment with its offset, or a time of day."""
    if _MOMENT.fullmatch(text):
        return _moment(text) is not None
    try:
        return bool(_CLOCK.fullmatch(text)) and text.isascii() and bool(time.fromisoformat(text) is not None)
    except ValueError:
        return False


# -- the careful way: everything that is wrong ------------------------------------------------------------------------

Complaint = tuple[str, str]
"""What is wrong, and the way out."""


def _read_carefully(
    payload: object, catalogue: Catalogue, reader: _Reader | None, place: str, received: datetime | None
) -> Event:
    if not isinstance(payload, Mapping):
        hint = '{"id": …, "source": …, "type": …, "time": …, "subject": …, "data": {…}}'
        raise InvalidPayload(
            "event", [Problem(place, f"an event is an object, not {_kind(payload)}", hint)], payload, place
        )
    found = list(_hygiene(payload))
    unreadable = {path for path, _ in found}
    schema = reader.schema if reader else _event_schema(None)()
    values: Mapping[str, Any] = {}
    try:
        values = schema.load({name: value for name, value in payload.items() if isinstance(name, str)})
    except ValidationError as error:
        for path, complaint in _flatten(error.messages):
            if path not in unreadable:
                found.append((path, _with_way_out(path, complaint, payload, catalogue, reader)))
    moment = _moment(payload.get("time"))
    if moment and received is not None and moment > received + MAX_AHEAD:
        found.append(
            ("time", (f"{payload['time']} lies ahead of now", "the time is when it happened, with its offset"))
        )
    if found:
        lead = f"{place}, " if place else ""
        problems = [Problem(lead + path if path else place, *complaint) for path, complaint in found]
        raise InvalidPayload("event", problems, payload, place)
    data = {name: value for name, value in values["data"].items() if value is not None}
    return Event(values["id"], values["source"], values["type"], moment, values["subject"], data)  # type: ignore[arg-type]


def _hygiene(payload: Mapping[Any, Any]) -> Iterator[tuple[str, Complaint]]:
    """What no field of any event may hold: NUL, half characters, endless texts, numbers that are none; and the size."""
    size, waiting = 0, [("", payload, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if isinstance(value, str):
            size += len(value.encode("utf-8", "replace"))
            complaint = _text_complaint(value)
        elif isinstance(value, (Mapping, list, tuple)):
            size += len(value)
            complaint = None
            if depth > MAX_DEPTH:
                complaint = (f"more than {MAX_DEPTH} levels of lists and objects", "fewer levels")
            elif isinstance(value, Mapping):
                for name, item in reversed(list(value.items())):
                    inner = f"{path}.{_shown(name)}" if path else _shown(name)
                    if not isinstance(name, str) or _text_complaint(name) or len(name) > MAX_KEY:
                        yield inner, ("not a field name", f"a text of at most {MAX_KEY} characters")
                    else:
                        size += len(name)
                        waiting.append((inner, item, depth + 1))
            else:
                waiting.extend((f"{path}[{i}]", item, depth + 1) for i, item in reversed(list(enumerate(value))))
        else:
            size += 4
            complaint = _number_complaint(value)
        if complaint:
            yield path, complaint
    if size > MAX_PAYLOAD:
        yield (
            "",
            (
                f"the event holds about {size:,} bytes",
                f"at most {MAX_PAYLOAD:,}; keep files elsewhere and send their link",
            ),
        )


def _text_complaint(text: str) -> Complaint | None:
    if len(text) > MAX_TEXT:
        return f"{len(text):,} characters", f"at most {MAX_TEXT:,}"
    if "\0" in text:
        return "holds a NUL character", "leave it out"
    if not _encodes(text):
        return "holds half of a character (a lone surrogate)", "send the text as UTF-8"
    return None


def _number_complaint(value: object) -> Complaint | None:
    if value is None or isinstance(value, bool) or _plain_number(value):
        return None
    if isinstance(value, int):
        return "the number is too large to be exact", f"at most {MAX_WHOLE}; send identifiers as text"
    if isinstance(value, float):
        return f"{value} is not a number", "leave the field out where there is no value"
    return f"{_kind(value)} is not JSON", "text, number, true, false, list or object"


def _flatten(messages: object, path: str = "") -> Iterator[tuple[str, Complaint]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            here = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{_shown(key)}" if path else _shown(key)
            yield from _flatten(inner, here)
    elif isinstance(messages, list):
        for message in messages:
            yield path, message if isinstance(message, tuple) else (str(message), "")
    else:
        yield path, (str(messages), "")


def _with_way_out(
    path: str, complaint: Complaint, payload: Mapping[str, Any], catalogue: Catalogue, reader: _Reader | None
) -> Complaint:
    """Name the nearest thing that is known, where the problem is an unknown one."""
    problem, hint = complaint
    if path == "type" and problem == _UNKNOWN_TYPE:
        near = catalogue.suggest(payload["type"], catalogue.event_types)
        return f"unknown event type {_shown(payload['type'])!r}", near or "tideng doctor lists what is known"
    if problem == _UNKNOWN_FIELD and reader and path.startswith("data."):
        known = [f.name for f in reader.event_type.fields]
        near = catalogue.suggest(path.removeprefix("data."), known)
        return problem, near or f"{reader.event_type.name} has {', '.join(known) or 'no fields'}"
    return problem, hint


def _shown(value: object) -> str:
    """A name short and clean enough for a message and a log."""
    return _CONTROL.sub("?", _storable(str(value)))[:80]


def _kind(value: object) -> str:
    names = {
        type(None): "null",
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
    }
    return names.get(type(value), "an object" if isinstance(value, Mapping) else type(value).__name__)


# -- the schemas ------------------------------------------------------------------------------------------------------

_UNKNOWN_TYPE = "unknown event type"
_UNKNOWN_FIELD = "unknown field"


class _Checked(fields.Field):
    """A field that stays as it is, or is complained about."""

    default_error_messages: ClassVar = {"required": "is missing", "null": "is null, but needs a value"}

    def __init__(self, check: Callable[[Any], Complaint | None], **kwargs: Any):
        super().__init__(**kwargs)
        self._check = check

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        complaint = self._check(value)
        if complaint:
            raise ValidationError([complaint])
        return value


class _Strict(Schema):
    error_messages: ClassVar = {"unknown": _UNKNOWN_FIELD, "type": "must be an object"}

    class Meta:
        unknown = RAISE


class _Open(_Strict):
    class Meta:
        unknown = INCLUDE


def _data_schema(event_type: EventType | None) -> type[Schema]:
    base = _Strict if event_type and not event_type.open else _Open
    described = event_type.fields if event_type else ()
    return base.from_dict(
        {f.name: _Checked(_field_check(f), required=f.required, allow_none=not f.required) for f in described},
        name="Data",
    )


def _event_schema(event_type: EventType | None) -> type[Schema]:
    """The whole event; without a type (it is unknown) the envelope alone."""
    data_names = frozenset(f.name for f in event_type.fields) if event_type else frozenset()
    nested = fields.Nested(
        _data_schema(event_type),
        required=True,
        error_messages={"required": "is missing", "null": "is null, but needs an object", "type": "must be an object"},
    )

    class EventSchema(_Strict):
        class Meta:
            unknown = INCLUDE
            register = False

        id = _Checked(_name_check("id"), required=True)
        source = _Checked(_name_check("source"), required=True)
        type = _Checked(_type_check if event_type is None else _name_check("type"), required=True)
        time = _Checked(_time_check, required=True)
        subject = _Checked(_name_check("subject"), required=True)
        specversion = _Checked(_version_check)
        datacontenttype = _Checked(_content_check)
        data = nested

        def handle_error(self, error: ValidationError, data: Any, *, many: bool, **kwargs: Any) -> None:
            """Envelope problems and strangers in the envelope are said together."""
            error.messages.update({n: c for n, c in _strangers(data, data_names).items() if n not in error.messages})  # type: ignore[union-attr]
            raise error

        def load(self, data: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            loaded = super().load(data, **kwargs)
            strangers = _strangers(data, data_names)
            if strangers:
                raise ValidationError(strangers)  # type: ignore[arg-type]
            return loaded

    return EventSchema


def _strangers(payload: Mapping[str, Any], data_names: frozenset[str]) -> dict[str, list[Complaint]]:
    """Names beside the envelope's. CloudEvents allows extensions; a misspelt or misplaced name is none."""
    found: dict[str, list[Complaint]] = {}
    for name in payload.keys() - _CLOUDEVENTS:
        near = difflib.get_close_matches(name, _ENVELOPE - payload.keys(), n=1, cutoff=0.6)
        if name in data_names:
            found[name] = [("stands beside data", f"data.{name}")]
        elif near:
            found[name] = [(_UNKNOWN_FIELD, near[0])]
        elif not _EXTENSION.fullmatch(name):
            found[name] = [(_UNKNOWN_FIELD, "what is particular to the event goes into data")]
    return found


def _name_check(name: str) -> Callable[[Any], Complaint | None]:
    limit = LENGTHS[name]

    def check(value: Any) -> Complaint | None:
        if not isinstance(value, str):
            return f"must be text, not {_kind(value)}", f'"{_shown(value)}"' if type(value) is int else ""
        if not value.strip():
            return "is empty", f"1 to {limit} characters"
        if len(value) > limit:
            return f"{len(value):,} characters", f"at most {limit}"
        if _CONTROL.search(value):
            return "holds control characters", "leave them out"
        return None

    return check


def _type_check(value: Any) -> Complaint | None:
    """Only asked where no event type of that name is known."""
    return _name_check("type")(value) or (_UNKNOWN_TYPE, "")


def _time_check(value: Any) -> Complaint | None:
    if not isinstance(value, str):
        return f"must be a text, not {_kind(value)}", _EXAMPLE
    if _NAIVE.fullmatch(value):
        return f"{value!r} has no offset from UTC, so it names no moment", _EXAMPLE
    if not _MOMENT.fullmatch(value):
        return f"{_shown(value)!r} is not a time", f"RFC 3339 with an offset: {_EXAMPLE}"
    try:
        moment = datetime.fromisoformat(value.upper())
        outside = moment.year not in YEARS or moment.astimezone(UTC).year not in YEARS
    except (ValueError, OverflowError):
        return f"{value!r} is no day or time of the calendar", _EXAMPLE
    return (f"the year of {value} cannot be right", f"{YEARS[0]} to {YEARS[-1]}") if outside else None


def _version_check(value: Any) -> Complaint | None:
    return None if value == "1.0" else (f"{_shown(value)!r} is not supported", "1.0")


def _content_check(value: Any) -> Complaint | None:
    fine = isinstance(value, str) and value.split(";")[0].strip().lower() in ("application/json", "text/json")
    return None if fine else (f"{_shown(value)!r} is not supported", "application/json")


def _field_check(field: Field) -> Callable[[Any], Complaint | None]:
    right, wanted = _TYPES[field.type]

    def check(value: Any) -> Complaint | None:
        if not right(value):
            shown = f" ({_shown(value)!r})" if isinstance(value, str) and len(value) <= 40 else ""
            return f"must be {wanted}, not {_kind(value)}{shown}", _example(field, value)
        if field.key:
            text = str(value)
            if not text.strip() or len(text) > MAX_KEY or _CONTROL.search(text):
                return (
                    "identifies something, so it needs a short text",
                    f"1 to {MAX_KEY} characters, no control characters",
                )
        if field.minimum is not None and value < field.minimum or field.maximum is not None and value > field.maximum:
            return f"{value} is out of bounds", _bounds(field)
        return None

    return check


def _bounds(field: Field) -> str:
    low, high = field.minimum, field.maximum
    unit = f" {field.unit}" if field.unit else ""
    if low is not None and high is not None:
        return f"{low:g} to {high:g}{unit}"
    return f"at least {low:g}{unit}" if low is not None else f"at most {high:g}{unit}"


def _example(field: Field, value: object) -> str:
    """The value without its quotes, where that is all that is wrong."""
    if field.type in ("number", "integer") and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return ""
        return value.strip() if math.isfinite(number) and (field.type == "number" or number.is_integer()) else ""
    return {"date": "2026-03-02", "time": _EXAMPLE}.get(field.type, "")


_TYPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "text": (lambda value: isinstance(value, str), "text"),
    "number": (lambda value: isinstance(value, (int, float)) and not isinstance(value, bool), "a number"),
    "integer": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "date": (lambda value: isinstance(value, str) and _is_day(value), "a date"),
    "time": (lambda value: isinstance(value, str) and _is_time(value), "a moment with its offset or a time of day"),
    "list": (lambda value: isinstance(value, list), "a list"),
    "object": (lambda value: isinstance(value, Mapping), "an object"),
}
