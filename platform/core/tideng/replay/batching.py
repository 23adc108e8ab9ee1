"""How many events a replay may judge together with the same result: up to the next moment that one of them may cause."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from tideng.base.durations import Duration
from tideng.judging.watch_index import WatchList
from tideng.model.calendars import local_moment
from tideng.model.event import Event
from tideng.model.judge_contract import (
    OnAbsence,
    OnEvent,
    OnNotAll,
    OnWait,
    Step,
)
from tideng.org.directory import zone

_DAYS_AT_ONCE = 32


class Horizon:
    """How soon an event of each type may cause something else.

    Events of one batch are counted first and judged after, each as of its own moment. That changes a result only where
    something comes between: a deadline or a later step that an event opens, or an event that a rule emits.
    """

    def __init__(self, watchlist: WatchList, zones: Iterable[str]):
        self._waits: dict[str, timedelta] = {}
        self._clocks: dict[str, set[time]] = {}
        self._edges: dict[time, list[datetime]] = {}
        self._from, self._to = date.max, date.min
        self._emitting: set[str] = set()
        for watch in watchlist.watches:
            trigger = watch.trigger
            if isinstance(trigger, OnEvent):
                for step in watch.steps:
                    self._note_step(trigger.event_type, step)
                if watch.emits:
                    self._emitting.add(trigger.event_type)
            elif isinstance(trigger, OnAbsence):
                self._note_wait(trigger.event_type, trigger.within)
            elif isinstance(trigger, OnWait | OnNotAll):
                for event_type in trigger.event_types:
                    self._note_wait(event_type, trigger.within)
        self.use_zones(zones)

    def use_zones(self, zones: Iterable[str]) -> None:
        """Set the time zones in which a later step may be due at a time of day."""
        self._zones = sorted(set(zones))
        self._edges.clear()

    def after(self, event: Event) -> datetime | None:
        """The last moment, inclusive, up to which others may be judged together with this event; None for no limit."""
        found = []
        if event.type in self._emitting:
            found.append(event.time)
        if event.type in self._waits:
            found.append(event.time + self._waits[event.type])
        found += [self._next(at, event.time) for at in self._clocks.get(event.type, ())]
        return min(found, default=None)

    def _note_wait(self, event_type: str, within: Duration) -> None:
        soonest = within.elapsed
        if within.unit == "workdays":  # the same local time: some hours less when the clocks change
            soonest -= timedelta(hours=3)
        self._waits[event_type] = min(soonest, self._waits.get(event_type, soonest))

    def _note_step(self, event_type: str, step: Step) -> None:
        if step.after is not None:
            self._note_wait(event_type, step.after)
        if step.at is not None:
            self._clocks.setdefault(event_type, set()).add(step.at)

    def _next(self, at: time, moment: datetime) -> datetime:
        """The next moment, `moment` itself included, at which it is `at` in one of the time zones."""
        day = moment.date()
        if not self._from < day < self._to:
            self._from, self._to = day - timedelta(days=2), day + timedelta(days=_DAYS_AT_ONCE)
            self._edges.clear()
        edges = self._edges.get(at)
        if edges is None:
            days = [self._from + timedelta(days=n) for n in range((self._to - self._from).days + 3)]
            found = {local_moment(one, at, zone(name)).astimezone(UTC) for one in days for name in self._zones}
            edges = self._edges[at] = sorted(found)
        return edges[bisect_left(edges, moment)]
