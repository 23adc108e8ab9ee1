"""Cases: the values of a case, taken from its events."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any

from tideng.facts.names import EventFacts
from tideng.model.catalogue import Catalogue
from tideng.model.event import Event

_when = attrgetter("time")


def case_of(event: Event) -> str:
    """The case of an event; an event that names none belongs to the case of its subject."""
    return str(event.match("case"))


class CaseFile:
    """The events of one case, sorted by their own time; of two at one moment, the one that arrived later comes later."""

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: list[Event] = []

    def add(self, event: Event) -> None:
        bisect.insort_right(self._events, event, key=_when)

    def latest(self, name: str, at: datetime) -> Any:
        """The last value of ``case.FIELD`` that an event up to `at` (inclusive) gave; None if none did."""
        for event in reversed(self._events[: bisect.bisect_right(self._events, at, key=_when)]):
            value = EventFacts(event).get(name)
            if value is not None:
                return value
        return None


def types_with(names: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """The event types that can give one of these ``case.FIELD`` facts."""
    fields = {name.partition(".")[2].removesuffix(".length") for name in names}
    if fields & {"subject", "time", "type"}:
        return frozenset(catalogue.event_types)
    return frozenset(
        name for name, one in catalogue.event_types.items() if one.open or any(one.field(field) for field in fields)
    )
