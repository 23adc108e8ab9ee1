"""The check of what a rule emits: whether the fields exist, the values fit, and no required field is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tideng.base.errors import Problem
from tideng.base.suggestions import nearest
from tideng.model.catalogue import EventType, Field
from tideng.model.templates import PLACEHOLDER
from tideng_rules.check.known_facts import KnownFacts
from tideng_rules.document import operators
from tideng_rules.document.problems import shown

_NUMERIC = ("number", "integer")


def problems_of_emitted(declared: EventType, data: Mapping[str, Any], known: KnownFacts, at: str) -> Iterator[Problem]:
    """Everything about the `data` of ``emit`` that does not suit the type of event it makes."""
    for name, value in data.items():
        place, field = f"{at}.data.{name}", declared.field(name)
        if field is None and not declared.open:
            yield Problem(
                place,
                "unknown-event-field",
                {"type": declared.name, "name": name, "near": nearest(name, (one.name for one in declared.fields))},
            )
        fact = PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
        if fact:
            found, problem = known.look_up(fact[1])
            if problem:
                yield problem.moved(place)
            if field and found and found.type and not _suits(field, found.type):
                yield Problem(
                    place,
                    "other-type-of-fact",
                    {"fact": fact[1], "one": found.type, "field": name, "other": field.type},
                )
        elif field and not _is_a(field, value):
            yield Problem(place, "other-type-of-value", {"value": shown(value), "kind": field.type})
    missing = [field.name for field in declared.fields if field.required and field.name not in data]
    if missing:
        yield Problem(f"{at}.emit", "missing-field", {"type": declared.name, "names": missing}, "warning")


def _suits(field: Field, type_: str) -> bool:
    """Whether a fact of one type may fill a field: a whole number is a number, and a date may be given by a moment's."""
    return type_ == field.type or (field.type == "number" and type_ == "integer")


def _is_a(field: Field, value: Any) -> bool:
    if field.type in _NUMERIC:
        whole = field.type == "number" or isinstance(value, int) or float(value).is_integer()
        return isinstance(value, int | float) and not isinstance(value, bool) and whole
    if field.type == "boolean":
        return isinstance(value, bool)
    if field.type in ("date", "time"):
        return operators.is_iso(value)
    return field.type == "text" and isinstance(value, str)
