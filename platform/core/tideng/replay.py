"""A deployment on a virtual clock, from files alone: the same `Flow` as the live path, on one `World` in memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tideng.agenda import moments, zones_of
from tideng.deployment import Deployment
from tideng.durations import Duration
from tideng.events import Event
from tideng.flow import Flow
from tideng.judging import OnAbsence, OnNotAll, OnSchedule, OnWait
from tideng.people import DIRECTORY_EVENTS, Directory
from tideng.watchlist import WatchList
from tideng.world import Entry, Record, World


@dataclass(frozen=True, slots=True)
class _Moment:
    """One schedule at one local day, waiting for its time."""

    rule: Any
    zone: str
    day: Any


def replay(deployment: Deployment, events: Sequence[Event], start: datetime, until: datetime) -> Iterator[Record]:
    """Yield every finding from `start` to `until` (both inclusive), in order of time.

    `events` are sorted by time. Those before `start` are history: they feed metrics and open absences; nothing is
    judged before `start`. At one moment events come before deadlines, and deadlines before schedules.
    """
    plugins = deployment.plugins
    watches = [watch for part in plugins.call("watches") for watch in part]
    watchlist = WatchList(
        watches,
        deployment.catalogue,
        lambda rule, version: plugins.first("watch", rule=rule, version=version),
        keep_standard=False,
    )
    profile = deployment.profile
    depth = deployment.settings.max_event_depth
    flow = Flow(plugins, deployment.catalogue, deployment.calendar, watchlist, profile.locale, depth)
    world = World(_directory(deployment), deployment.catalogue)
    world.book.keep_deltas = False
    world.in_order = True
    run = _Run(deployment, flow, world, start, until)
    return run.findings(events)


class _Run:
    def __init__(self, deployment: Deployment, flow: Flow, world: World, start: datetime, until: datetime):
        self._deployment, self._flow, self._world = deployment, flow, world
        self._start, self._until = start, until
        self._order = count()
        self._waiting: list[tuple[datetime, int, int, Any]] = []
        self._far = _shortest_wait(flow.watchlist)
        for watch in flow.watchlist.schedules:
            assert isinstance(watch.trigger, OnSchedule)
            for zone_name in zones_of(world.directory):
                for day, due in moments(watch.trigger, deployment.calendar, zone_name, start, until):
                    self._wait(due, 1, _Moment(watch, zone_name, day))

    def findings(self, events: Sequence[Event]) -> Iterator[Record]:
        position = 0
        while position < len(events) or self._waiting:
            due = self._next_due()
            batch = self._batch(events, position, due)
            if batch:
                position += len(batch)
                yield from self._hear(batch)
            elif due is not None and due <= self._until:
                yield from self._come_due(due)
            else:
                break

    def _batch(self, events: Sequence[Event], position: int, due: datetime | None) -> Sequence[Event]:
        """The next events that can be heard together: none later than what falls due, or could fall due, after the first."""
        if position >= len(events) or events[position].time > self._until:
            return ()
        first = events[position]
        if first.type in DIRECTORY_EVENTS:
            return events[position : position + 1] if due is None or first.time <= due else ()
        horizon = min(first.time + self._far, due or self._until, self._until)
        if first.time > horizon:
            return ()
        end = position + 1
        while end < len(events) and events[end].time <= horizon and events[end].type not in DIRECTORY_EVENTS:
            end += 1
        return events[position:end]

    def _hear(self, batch: Sequence[Event]) -> Iterator[Record]:
        self._deployment.plugins.call("on_stored", events=batch, connection=None)
        if batch[0].type in DIRECTORY_EVENTS:
            self._world.directory = _directory(self._deployment)
        self._flow.hear(self._world, batch, silent=lambda event: event.time < self._start)
        yield from self._follow()

    def _come_due(self, due: datetime) -> Iterator[Record]:
        entries: list[Entry] = []
        schedules: list[_Moment] = []
        while self._waiting and self._waiting[0][0] == due:
            item = heapq.heappop(self._waiting)[-1]
            (schedules if isinstance(item, _Moment) else entries).append(item)
        entries = [entry for entry in entries if entry.state == "open"]
        if due < self._start:
            for entry in entries:
                self._world.settle(entry, "missed", "before the replayed period")
        else:
            self._flow.come_due(self._world, entries, at=lambda entry: entry.due)
            for moment in schedules:
                self._flow.schedule(self._world, moment.rule, moment.zone, moment.day, due)
        yield from self._follow()

    def _follow(self) -> Iterator[Record]:
        """Hand out what was found, put what was opened on the agenda, and hear what rules emitted."""
        world = self._world
        records, world.records = world.records, []
        yield from records
        for entry in (*world.opened, *world.settled):  # a window that was settled may have opened again
            if entry.state == "open":
                self._wait(entry.due, 0, entry)
        world.opened, world.settled = [], []
        world.new_spans, world.changed_spans = [], []
        emitted, world.emitted = world.emitted, []
        if emitted:
            self._flow.hear(world, emitted)
            yield from self._follow()

    def _wait(self, due: datetime, rank: int, item: Any) -> None:
        heapq.heappush(self._waiting, (due, rank, next(self._order), item))

    def _next_due(self) -> datetime | None:
        while self._waiting:
            due, rank, _, item = self._waiting[0]
            if rank == 1 or item.state == "open":
                return due
            heapq.heappop(self._waiting)
        return None


def _directory(deployment: Deployment) -> Directory:
    """Who is where, after the person events heard so far; nobody where no plugin knows."""
    found = deployment.plugins.first("directory", connection=None)
    return found if found is not None else Directory(default_zone=deployment.profile.timezone)


def _shortest_wait(watchlist: WatchList) -> timedelta:
    """How long after an event nothing that it causes can be due: so long may events be heard together."""
    if any(interest for interests in watchlist.interests.values() for interest in interests):
        return timedelta(0)  # a rule on an event may emit, or have a later step in a minute
    waiting = (w.trigger.within for w in watchlist.watches if isinstance(w.trigger, OnAbsence | OnWait | OnNotAll))
    return min((_at_least(within) for within in waiting), default=timedelta(days=1))


def _at_least(within: Duration) -> timedelta:
    """How soon it may run out: a working day can be some hours shorter than a day when the clocks change."""
    return within.elapsed - timedelta(hours=3) if within.unit == "workdays" else within.elapsed


def to_line(record: Record, deployment: Deployment, directory: Any) -> dict[str, Any]:
    """One finding as `tideng replay --json` prints it; ``at`` in the subject's own zone."""
    return {
        "at": record.at.astimezone(directory.zone_of(record.subject, record.at)).isoformat(),
        "rule": record.rule,
        "version": record.version,
        "subject": record.subject,
        "effect": record.effect,
        "action": record.action,
        "to": record.recipient,
        "key": record.key,
        "why": list(record.why),
    }
