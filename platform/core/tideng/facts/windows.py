"""Windows: stretches of time that a first event opens, and the events in them.

The windows follow from the events alone, in whatever order they arrive: `derive` computes them. Windows that
are over, because they were judged, stay as they are, so that nobody is told the same thing twice.
"""

from __future__ import annotations

from bisect import insort_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tideng.facts.names import EventFacts
from tideng.model.event import Event, occurrence_of
from tideng.model.judge_contract import OnAbsence, OnNotAll, Windowed

if TYPE_CHECKING:
    from tideng.facts.agenda import AgendaEntry

COMPLETE, JOINED = "complete", "joined"
"""States of a window beside those of every entry: all its events came; it turned out to be part of another window."""
OVER = ("done", "cancelled", "missed")


class Shape(NamedTuple):
    """The shape of the window that an event opens: its end, and the types that complete it (none: it always runs to its end)."""

    due: datetime
    completed_by: frozenset[str]


@dataclass(slots=True)
class Window:
    """A window as it follows from the events."""

    opener: Event
    shape: Shape
    members: list[Event]

    @property
    def complete(self) -> bool:
        return is_complete(self.shape.completed_by, self.members)

    def takes(self, event: Event) -> bool:
        return event.time <= self.shape.due and not self.complete


@dataclass(slots=True)
class WindowGroup:
    """The windows of one rule and one match value, in any state, and the events that the rule heeds, by time."""

    entries: list[AgendaEntry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def add(self, event: Event) -> bool:
        """Insert an event by its time; returns whether it is later than all that were there."""
        latest = not self.events or event.time > self.events[-1].time
        if latest or order(event) not in map(order, self.events):
            insort_right(self.events, event, key=order)
        return latest

    def taken(self, entry: AgendaEntry) -> list[Event]:
        """The events while the window of `entry` was open, from its opener on."""
        return [event for event in self.since([entry], entry.due) if event.time <= entry.due]

    def since(self, entries: Collection[AgendaEntry], moment: datetime) -> list[Event]:
        """The events from `moment` on, or from the opener of the first of `entries` on, where that was earlier.

        Of the moment in which that one was opened, what stands before its opener is left out: it belongs to a window that
        was complete in that very moment.
        """
        first = min((entry.began for entry in entries), default=moment)
        found = [event for event in self.events if event.time >= min(first, moment)]
        openers = {entry.period for entry in entries if entry.began == first < moment}
        names = [occurrence_of(event) for event in found if event.time == first]
        return found[next((place for place, name in enumerate(names) if name in openers), 0) :]

    def forget(self, before: datetime) -> None:
        """Drop the windows that ended before a moment, and the events that only they took."""
        self.entries = [entry for entry in self.entries if entry.state == "open" or entry.due >= before]
        first = min((entry.began for entry in self.entries), default=before)
        if self.events and self.events[0].time < first:
            self.events = [event for event in self.events if event.time >= first]


def order(event: Event) -> tuple[datetime, str, str, str]:
    """The sort key of events in a window; events of one moment have a fixed order, too, however they arrived."""
    return event.time, event.type, event.source, event.id


def heeds(trigger: OnAbsence | Windowed, event: Event) -> bool:
    """Whether the event fulfils the trigger's `where`."""
    return trigger.where is None or trigger.where.holds(EventFacts(event))


def completed_by(trigger: Windowed) -> frozenset[str]:
    return frozenset(trigger.event_types) if isinstance(trigger, OnNotAll) else frozenset()


def is_complete(wanted: Collection[str], members: Iterable[Event]) -> bool:
    return bool(wanted) and set(wanted) <= {event.type for event in members}


def derive(
    events: Sequence[Event], shape_of: Callable[[Event], Shape], over: Collection[AgendaEntry] = ()
) -> list[Window]:
    """The windows that follow from `events` (sorted by `order`), beside those that are `over`.

    An event opens a window where none takes it. What falls into a window that is over belongs to it; and a window that
    would run into one that is over is not opened, since what it is about has been judged.
    """
    found: list[Window] = []
    for event in events:
        if found and found[-1].takes(event):
            found[-1].members.append(event)
        elif not any(entry.began <= event.time <= entry.due for entry in over):
            shape = shape_of(event)
            if not any(event.time < entry.began <= shape.due for entry in over):
                found.append(Window(event, shape, [event]))
    return found
