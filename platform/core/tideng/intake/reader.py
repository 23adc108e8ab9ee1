"""Make an event of a payload, or report everything that is wrong with it at once.

A valid payload takes a fast path that is built once for each event type. A payload that the fast path is not certain
about goes through the marshmallow schemas, which report every problem with its field and a way out. Both are built from
the same `EventType`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tideng.base.errors import InvalidPayload, Problem
from tideng.base.problems import Sentence
from tideng.model.catalogue import Catalogue, EventType, Field
from tideng.model.event import Event
from tideng.model.limits import (
    ENVELOPE,
    EXAMPLE,
    MAX_AHEAD,
    MAX_KEPT,
    MAX_KEY,
    YEARS,
    encodes,
    is_day,
    is_exact_number,
    kind_of,
    read_moment,
    shown,
    storable,
)

if TYPE_CHECKING:
    from marshmallow import Schema

    from tideng.intake.schema import Complaint

_SHORT = 2_000  # texts up to here cannot add up to MAX_PAYLOAD on the short way
_FEW = 60


def read_event(
    payload: object, catalogue: Catalogue, *, place: str = "", received: datetime | None, years: range = YEARS
) -> Event:
    """Make an `Event` of a CloudEvents 1.0 object (its structured JSON form, as a mapping).

    `place`: where it came from (``line 12``). `received`: the present moment, aware; a time more than a day after it is
    refused; None skips this check (in a replay the present moment has no meaning). `years`: those that a time may lie
    in. Raises `InvalidPayload` with all problems, each with its field in `at` (``line 12, data.needs``).
    """
    reader = _reader_for(payload, catalogue)
    if reader is not None:
        event = reader.quick(payload, received, years)  # type: ignore[arg-type]
        if event is not None:
            return event
    return _read_carefully(payload, catalogue, reader, place, received, years)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused payload as it is stored. `payload`: text that a database can hold and a person can read."""

    source: str
    place: str
    payload: str
    truncated: bool
    problems: tuple[Problem, ...]
    fingerprint: str


def dead_letter(error: InvalidPayload, source: str) -> DeadLetter:
    """Make what is stored of a refused payload. `source`: the file or the sender."""
    text = _as_text(error.payload)
    return DeadLetter(
        source=storable(source)[:200],
        place=storable(error.place)[:300],
        payload=text[:MAX_KEPT],
        truncated=len(text) > MAX_KEPT,
        problems=error.problems,
        fingerprint=dead_letter_fingerprint(source, error.payload),
    )


def dead_letter_fingerprint(source: str, payload: object) -> str:
    """64 hexadecimal digits, equal for the same payload from the same source, so that it is stored once.

    `payload`: a mapping as it was read, or the raw text or bytes of what could not be read.
    """
    return hashlib.sha256(f"{storable(source)}\n{_as_text(payload)}".encode()).hexdigest()


def _as_text(payload: object) -> str:
    if isinstance(payload, bytes):
        return storable(payload.decode("utf-8", "backslashreplace"))
    if isinstance(payload, str):
        return storable(payload)
    try:
        return json.dumps(payload, default=str, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return storable(repr(type(payload)))


def _read_carefully(
    payload: object,
    catalogue: Catalogue,
    reader: _Reader | None,
    place: str,
    received: datetime | None,
    years: range = YEARS,
) -> Event:
    if not isinstance(payload, Mapping):
        raise InvalidPayload(
            "event", [Problem(place, "event-not-an-object", {"kind": kind_of(payload)})], payload, place
        )
    # marshmallow takes 0.1 s to import, and valid events take the fast path without it
    from marshmallow import ValidationError

    from tideng.intake.schema import event_schema, flatten, hygiene

    found = list(hygiene(payload))
    unreadable = {path for path, _ in found}
    schema = reader.schema if reader else event_schema(None)()
    values: Mapping[str, Any] = {}
    moment = read_moment(payload.get("time"), years)
    fields = {name: value for name, value in payload.items() if isinstance(name, str)}
    if moment is not None:  # the schema knows the usual years alone, and this time is known to be right
        fields["time"] = EXAMPLE
    try:
        values = schema.load(fields)
    except ValidationError as error:
        for path, complaint in flatten(error.messages):
            if path not in unreadable:
                found.append((path, _with_way_out(path, complaint, payload, catalogue, reader)))
    if moment and received is not None and moment > received + MAX_AHEAD:
        found.append(("time", Sentence("time-ahead", {"value": str(payload["time"])})))
    if found:
        lead = f"{place}, " if place else ""
        problems = [Problem(lead + path if path else place, one.code, one.params) for path, one in found]
        raise InvalidPayload("event", problems, payload, place)
    data = {name: value for name, value in values["data"].items() if value is not None}
    return Event(values["id"], values["source"], values["type"], moment, values["subject"], data)  # type: ignore[arg-type]


def _with_way_out(
    path: str, complaint: Complaint, payload: Mapping[str, Any], catalogue: Catalogue, reader: _Reader | None
) -> Complaint:
    """Suggest the nearest known name, when the problem is an unknown name."""
    from tideng.intake.schema import UNKNOWN_FIELD, UNKNOWN_TYPE  # loaded already: only a schema complains

    if path == "type" and complaint.code == UNKNOWN_TYPE:
        near = catalogue.suggest(payload["type"], catalogue.event_types)
        way_out = Sentence("suggestion", {"name": near}) if near else Sentence("see-catalogue")
        return Sentence("unknown-event-type", {"name": shown(payload["type"]), "way_out": way_out})
    if complaint.code == UNKNOWN_FIELD and reader and path.startswith("data."):
        known = [f.name for f in reader.event_type.fields]
        near = catalogue.suggest(path.removeprefix("data."), known)
        way_out = Sentence("type-has-no-fields", {"type": reader.event_type.name})
        if near:
            way_out = Sentence("suggestion", {"name": near})
        elif known:
            way_out = Sentence("type-has-fields", {"type": reader.event_type.name, "names": known})
        return Sentence("unknown-field", {"way_out": way_out})
    return complaint


# -- one reader per event type ----------------------------------------------------------------------------------------


class _Reader:
    """What was built for one event type: the fast path and the schema."""

    def __init__(self, event_type: EventType):
        self.event_type = event_type
        self._open = event_type.open
        self._required = frozenset(f.name for f in event_type.fields if f.required)
        self._sure = {f.name: _sure_check(f) for f in event_type.fields}

    @cached_property
    def schema(self) -> Schema:
        """The marshmallow schema, built for the first payload of this type that needs it."""
        from tideng.intake.schema import event_schema

        return event_schema(self.event_type)()

    def quick(self, payload: Mapping[str, Any], received: datetime | None, years: range = YEARS) -> Event | None:
        """Make the event when the payload is certainly valid; None when the schema has to check it."""
        if type(payload) is not dict or not payload.keys() <= ENVELOPE or payload.get("specversion", "1.0") != "1.0":
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
        moment = read_moment(payload.get("time"), years)
        if moment is None or moment.year not in years or (received is not None and moment > received + MAX_AHEAD):
            return None
        return Event(id_, source, type_, moment, subject, dict(data))  # type: ignore[arg-type]


def _reader_for(payload: object, catalogue: Catalogue) -> _Reader | None:
    """Give the reader of the payload's type, rebuilt when its declaration changed; None for an unknown type."""
    name = payload.get("type") if isinstance(payload, Mapping) else None
    if not isinstance(name, str) or name not in catalogue.event_types:
        return None
    event_type, reader = catalogue.event_types[name], catalogue.readers.get(name)
    if reader is None or reader.event_type is not event_type:
        reader = catalogue.readers[name] = _Reader(event_type)
    return reader


def _plain_name(value: object, limit: int) -> bool:
    return type(value) is str and 0 < len(value) <= limit and value.isprintable() and not value.isspace()


def _plain_text(value: object) -> bool:
    return type(value) is str and len(value) <= _SHORT and "\0" not in value and (value.isascii() or encodes(value))


def _plain_scalar(value: object) -> bool:
    kind = type(value)
    return _plain_text(value) if kind is str else kind is bool or is_exact_number(value)


def _plain_items(value: object) -> bool:
    """Whether `value` is a short list of short plain values, or of flat objects of them; deeper values take the
    schema."""
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
    """Whether the value is so short that a full list of such values is smaller than the largest payload."""
    return _plain_scalar(value) and (type(value) is not str or len(value) <= 200)


def _sure_check(field: Field) -> Callable[[object], bool]:
    """Make a check that returns True only for values that the schema would accept unchanged."""
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    bounded = (low, high) != (-math.inf, math.inf)
    if field.type == "text":
        return (lambda value: _plain_name(value, MAX_KEY)) if field.key else _plain_text
    if field.type == "number":
        return (lambda value: is_exact_number(value) and low <= value <= high) if bounded else is_exact_number  # type: ignore[operator]
    if field.type == "integer":
        return lambda value: type(value) is int and is_exact_number(value) and low <= value <= high
    if field.type == "boolean":
        return lambda value: type(value) is bool
    if field.type == "list":
        return _plain_items
    if field.type == "date":
        return lambda value: type(value) is str and is_day(value)
    return lambda value: False
