"""Check payloads thoroughly: marshmallow schemas built from an event type, and limits that hold for every field.

A complaint is the phrase of a problem, and has a path such as ``data.needs``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import INCLUDE, RAISE, Schema, ValidationError, fields

from tideng.base.numerals import as_plain_number
from tideng.base.problems import Sentence
from tideng.intake.json_text import RepeatedKeys
from tideng.model.catalogue import EventType, Field
from tideng.model.limits import (
    CONTROL,
    ENVELOPE,
    EXAMPLE,
    LENGTHS,
    MAX_DEPTH,
    MAX_KEY,
    MAX_PAYLOAD,
    MAX_TEXT,
    MAX_WHOLE,
    MOMENT,
    YEARS,
    encodes,
    is_day,
    is_exact_number,
    is_time,
    kind_of,
    shown,
)

_CLOUDEVENTS = ENVELOPE | {"datacontenttype", "dataschema", "traceparent", "tracestate"}
_EXTENSION = re.compile(r"[a-z0-9]{1,40}")
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?", re.ASCII)

Complaint = Sentence
"""What is wrong, without its place."""


def hygiene(payload: Mapping[Any, Any]) -> Iterator[tuple[str, Complaint]]:
    """Yield what no field of any event may hold: NUL, lone surrogates, very long texts, numbers that are not finite,
    a key twice; and check the size of the event."""
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
                complaint = Sentence("nested-too-deeply", {"limit": MAX_DEPTH})
            elif isinstance(value, Mapping):
                if isinstance(value, RepeatedKeys):
                    for name in value.repeated:
                        yield (
                            f"{path}.{shown(name)}" if path else shown(name),
                            Sentence("field-twice"),
                        )
                for name, item in reversed(list(value.items())):
                    inner = f"{path}.{shown(name)}" if path else shown(name)
                    if not isinstance(name, str) or _text_complaint(name) or len(name) > MAX_KEY:
                        yield inner, Sentence("not-a-field-name", {"limit": MAX_KEY})
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
        yield "", Sentence("event-too-large", {"size": size, "limit": MAX_PAYLOAD})


def _text_complaint(text: str) -> Complaint | None:
    if len(text) > MAX_TEXT:
        return Sentence("too-many-characters", {"length": len(text), "limit": MAX_TEXT})
    if "\0" in text:
        return Sentence("nul-in-text")
    if not encodes(text):
        return Sentence("half-character")
    return None


def _number_complaint(value: object) -> Complaint | None:
    if value is None or isinstance(value, bool) or is_exact_number(value):
        return None
    if isinstance(value, int):
        return Sentence("number-not-exact", {"limit": MAX_WHOLE})
    if isinstance(value, float):
        return Sentence("not-a-finite-number", {"value": str(value)})
    return Sentence("not-a-json-value", {"kind": kind_of(value)})


def flatten(messages: object, path: str = "") -> Iterator[tuple[str, Complaint]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            here = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{shown(key)}" if path else shown(key)
            yield from flatten(inner, here)
    elif isinstance(messages, list):
        for message in messages:
            yield path, message if isinstance(message, Sentence) else Sentence(str(message))
    else:
        yield path, Sentence(str(messages))


# -- the schemas ------------------------------------------------------------------------------------------------------

UNKNOWN_TYPE = "unknown-event-type"
UNKNOWN_FIELD = "unknown-field"
"""Codes: marshmallow's own error messages are texts, so a code stands in their place until `flatten`."""


class _CheckedField(fields.Field):
    """A field that is kept unchanged, or complained about."""

    default_error_messages: dict[str, str | list | dict] = {
        "required": "value-missing",
        "null": "value-null",
    }

    def __init__(self, check: Callable[[Any], Complaint | None], **kwargs: Any):
        super().__init__(**kwargs)
        self._check = check

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        complaint = self._check(value)
        if complaint:
            raise ValidationError([complaint])
        return value


class _StrictSchema(Schema):
    error_messages: dict[str, str] = {"unknown": UNKNOWN_FIELD, "type": "object-needed"}

    class Meta:
        unknown = RAISE


class _OpenSchema(_StrictSchema):
    class Meta:
        unknown = INCLUDE


def _data_schema(event_type: EventType | None) -> type[Schema]:
    base = _StrictSchema if event_type and not event_type.open else _OpenSchema
    described = event_type.fields if event_type else ()
    return base.from_dict(
        {f.name: _CheckedField(_field_check(f), required=f.required, allow_none=not f.required) for f in described},
        name="Data",
    )


def event_schema(event_type: EventType | None) -> type[Schema]:
    """Make the schema of a whole event; for an unknown type (None) of the envelope alone."""
    data_names = frozenset(f.name for f in event_type.fields) if event_type else frozenset()
    nested = fields.Nested(
        _data_schema(event_type),
        required=True,
        error_messages={"required": "value-missing", "null": "object-null", "type": "object-needed"},
    )

    class EventSchema(_StrictSchema):
        class Meta:
            unknown = INCLUDE
            register = False

        id = _CheckedField(_name_check("id"), required=True)
        source = _CheckedField(_name_check("source"), required=True)
        type = _CheckedField(_type_check if event_type is None else _name_check("type"), required=True)
        time = _CheckedField(_time_check, required=True)
        subject = _CheckedField(_name_check("subject"), required=True)
        specversion = _CheckedField(_version_check)
        datacontenttype = _CheckedField(_content_check)
        data = nested

        def handle_error(self, error: ValidationError, data: Any, *, many: bool, **kwargs: Any) -> None:
            """Envelope problems and strangers in the envelope are said together."""
            if isinstance(error.messages, dict):
                strangers = _strangers(data, data_names)
                error.messages.update({n: c for n, c in strangers.items() if n not in error.messages})
            raise error

        def load(self, data: Any, **kwargs: Any) -> Any:
            loaded = super().load(data, **kwargs)
            strangers = _strangers(data, data_names)
            if strangers:
                raise ValidationError(strangers)
            return loaded

    return EventSchema


def _strangers(payload: Mapping[str, Any], data_names: frozenset[str]) -> dict[str, list[Complaint]]:
    """Find unknown names in the envelope. CloudEvents allows extensions; a misspelt or misplaced name is not one."""
    found: dict[str, list[Complaint]] = {}
    for name in payload.keys() - _CLOUDEVENTS:
        near = difflib.get_close_matches(name, ENVELOPE - payload.keys(), n=1, cutoff=0.6)
        if name in data_names:
            found[name] = [Sentence("field-beside-data", {"name": name})]
        elif near:
            found[name] = [Sentence("unknown-field", {"way_out": Sentence("suggestion", {"name": near[0]})})]
        elif not _EXTENSION.fullmatch(name):
            found[name] = [Sentence("unknown-field", {"way_out": Sentence("put-into-data")})]
    return found


def _name_check(name: str) -> Callable[[Any], Complaint | None]:
    limit = LENGTHS[name]

    def check(value: Any) -> Complaint | None:
        if not isinstance(value, str):
            example = f'"{shown(value)}"' if type(value) is int else ""
            return Sentence("not-a-text-value", {"kind": kind_of(value), "example": example})
        if not value.strip():
            return Sentence("text-empty", {"limit": limit})
        if len(value) > limit:
            return Sentence("too-many-characters", {"length": len(value), "limit": limit})
        if CONTROL.search(value):
            return Sentence("holds-control-characters")
        return None

    return check


def _type_check(value: Any) -> Complaint | None:
    """Called only when no event type of that name is known."""
    return _name_check("type")(value) or Sentence(UNKNOWN_TYPE)


def _time_check(value: Any) -> Complaint | None:
    if not isinstance(value, str):
        return Sentence("not-a-text-value", {"kind": kind_of(value), "example": EXAMPLE})
    if _NAIVE.fullmatch(value):
        return Sentence("time-without-offset", {"value": value, "example": EXAMPLE})
    if not MOMENT.fullmatch(value):
        return Sentence("not-a-time", {"value": shown(value), "example": EXAMPLE})
    try:
        moment = datetime.fromisoformat(value.upper())
        outside = moment.year not in YEARS or moment.astimezone(UTC).year not in YEARS
    except (ValueError, OverflowError):
        return Sentence("no-such-day", {"value": value, "example": EXAMPLE})
    if outside:
        return Sentence("year-improbable", {"value": value, "first": YEARS[0], "last": YEARS[-1]})
    return None


def _version_check(value: Any) -> Complaint | None:
    return None if value == "1.0" else Sentence("not-supported", {"value": shown(value), "supported": "1.0"})


def _content_check(value: Any) -> Complaint | None:
    fine = isinstance(value, str) and value.split(";")[0].strip().lower() in ("application/json", "text/json")
    return None if fine else Sentence("not-supported", {"value": shown(value), "supported": "application/json"})


def _field_check(field: Field) -> Callable[[Any], Complaint | None]:
    right, wanted = _TYPES[field.type]

    def check(value: Any) -> Complaint | None:
        if not right(value):
            params = {"wanted": wanted, "kind": kind_of(value), "example": _example(field, value)}
            if isinstance(value, str) and len(value) <= 40:
                return Sentence("wrong-type-of-text", {**params, "value": shown(value)})
            return Sentence("wrong-type", params)
        if field.key:
            text = str(value)
            if not text.strip() or len(text) > MAX_KEY or CONTROL.search(text):
                return Sentence("key-not-a-short-text", {"limit": MAX_KEY})
        if (field.minimum is not None and value < field.minimum) or (
            field.maximum is not None and value > field.maximum
        ):
            return Sentence("out-of-bounds", {"value": value, "bounds": _bounds(field)})
        return None

    return check


def _bounds(field: Field) -> Sentence:
    low, high = (None if bound is None else f"{bound:g}" for bound in (field.minimum, field.maximum))
    params = {"low": low, "high": high, "unit": f" {field.unit}" if field.unit else ""}
    if low is not None and high is not None:
        return Sentence("from-to", params)
    return Sentence("at-least", params) if low is not None else Sentence("at-most", params)


def _example(field: Field, value: object) -> str:
    """The value without its quotes, when the quotes are all that is wrong."""
    if field.type in ("number", "integer") and isinstance(value, str):
        plain = as_plain_number(value)
        return plain if plain and (field.type == "number" or float(plain).is_integer()) else ""
    return {"date": "2026-03-02", "time": EXAMPLE}.get(field.type, "")


_TYPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "text": (lambda value: isinstance(value, str), "text"),
    "number": (lambda value: isinstance(value, (int, float)) and not isinstance(value, bool), "number"),
    "integer": (lambda value: isinstance(value, int) and not isinstance(value, bool), "integer"),
    "boolean": (lambda value: isinstance(value, bool), "boolean"),
    "date": (lambda value: isinstance(value, str) and is_day(value), "date"),
    "time": (lambda value: isinstance(value, str) and is_time(value), "moment-or-clock"),
    "list": (lambda value: isinstance(value, list), "list"),
    "object": (lambda value: isinstance(value, Mapping), "object"),
}
