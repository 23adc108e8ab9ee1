"""Run a deployment on a virtual clock: the same `Flow` as the live path, on one `World` in memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from tideng.facts.agenda import Agenda, AgendaEntry
from tideng.facts.world import Record, World
from tideng.judging.pipeline import Flow
from tideng.judging.schedules import moments, zones_of
from tideng.judging.watch_index import WatchList
from tideng.model.event import Event
from tideng.model.judge_contract import OnSchedule, Watch
from tideng.org.directory import DIRECTORY_EVENTS, Directory
from tideng.org.groups import home_of
from tideng.replay.batching import Horizon
from tideng.replay.lookback import Reach
from tideng.runtime.deployment import Deployment

MOST = 5_000
"""The largest number of events that are judged together."""
_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


def replay(deployment: Deployment, events: Iterable[Event], start: datetime, until: datetime) -> Iterator[Record]:
    """Yield every finding from `start` to `until` (both inclusive), in order of time.

    `events` are sorted by time. Those before `start` are history: they feed metrics and open absences; nothing is
    judged before `start`. At one moment events come before deadlines, and deadlines before schedules.
    """
    return Run(deployment, start, until).findings(events)


@dataclass(frozen=True, slots=True)
class _Moment:
    """One schedule at one local day, waiting for its time; `rest` are the days after it."""

    watch: Watch
    zone: str
    day: date
    rest: Iterator[tuple[date, datetime]]


class Run:
    """One run over a stretch of the past, from `start` to `until` (both inclusive).

    `deployment` is in memory, as nothing else runs on it meanwhile. `reached` is called with the virtual time now and then; what
    it raises ends the run.
    """

    def __init__(
        self,
        deployment: Deployment,
        start: datetime,
        until: datetime,
        reached: Callable[[datetime], None] = lambda moment: None,
    ):
        plugins, profile = deployment.plugins, deployment.profile
        watchlist = WatchList(
            [watch for part in plugins.call("watches") for watch in part],
            deployment.catalogue,
            lambda rule, version: plugins.first("watch", rule=rule, version=version),
            keep_standard=False,
        )
        depth = deployment.settings.max_event_depth
        self.reach = Reach.of(watchlist, deployment.catalogue)
        self._deployment, self._start, self._until, self._reached = deployment, start, until, reached
        self._flow = Flow(plugins, deployment.catalogue, deployment.calendar, watchlist, profile.locale, depth)
        self._world = World(_directory(deployment), deployment.catalogue, agenda=Agenda(in_order=True))
        self._world.book.keep_deltas = False
        self._order = count()
        self._waiting: list[tuple[datetime, int, int, Any]] = []
        self._ahead: Event | None = None
        self._tidy_at = start
        self._zones: set[str] = set()
        self._horizon = Horizon(watchlist, ())
        self._look_for_zones(start)

    @property
    def directory(self) -> Directory:
        """The directory as of the virtual time."""
        return self._world.directory

    def findings(self, events: Iterable[Event]) -> Iterator[Record]:
        """Every finding, in order of time; `events` are read as far as they are needed."""
        coming = iter(events)
        self._ahead = next(coming, None)
        while True:
            due = self._next_due()
            ahead = self._ahead
            if ahead is not None and ahead.time <= self._until and (due is None or ahead.time <= due):
                yield from self._hear(self._batch(coming, ahead, due))
            elif due is not None and due <= self._until:
                yield from self._come_due(due)
            else:
                break

    def _batch(self, coming: Iterator[Event], first: Event, due: datetime | None) -> list[Event]:
        """The next events that can be judged together: none later than what is due, or could become due, after one of them."""
        batch = [first]
        self._ahead = event = next(coming, None)
        if first.type in DIRECTORY_EVENTS:
            return batch
        judged = first.time >= self._start
        last = min(self._until, due or self._until) if judged else self._start - _TICK
        while event is not None and len(batch) < MOST:
            if judged and (horizon := self._horizon.after(batch[-1])) is not None:
                last = min(last, horizon)
            if event.time > last or event.type in DIRECTORY_EVENTS:
                break
            batch.append(event)
            self._ahead = event = next(coming, None)
        while event is not None and event.time == batch[-1].time and event.type not in DIRECTORY_EVENTS:
            batch.append(event)  # events of one moment are always judged together
            self._ahead = event = next(coming, None)
        return batch

    def _hear(self, batch: Sequence[Event]) -> Iterator[Record]:
        self._pass_to(batch[0].time)
        known = {"connection": None, "directory": self._world.directory, "silent": lambda event: False}
        self._deployment.plugins.call("on_stored", events=batch, **known)
        if batch[0].type in DIRECTORY_EVENTS:
            self._world.directory = _directory(self._deployment)
            self._look_for_zones(max(batch[0].time, self._start))
        self._flow.hear(self._world, batch, silent=lambda event: event.time < self._start)
        yield from self._follow()

    def _come_due(self, due: datetime) -> Iterator[Record]:
        self._pass_to(due)
        entries: list[AgendaEntry] = []
        schedules: list[_Moment] = []
        while self._waiting and self._waiting[0][0] == due:
            item = heapq.heappop(self._waiting)[-1]
            (schedules if isinstance(item, _Moment) else entries).append(item)
        entries = [entry for entry in entries if entry.state == "open"]
        if due < self._start:
            for entry in entries:
                self._world.agenda.settle(entry, "missed", "before the replayed period")
        else:
            self._flow.come_due(self._world, entries, at=lambda entry: entry.due)
            for moment in sorted(schedules, key=lambda one: (one.watch.rule, one.zone)):
                self._flow.schedule(self._world, moment.watch, moment.zone, moment.day, due)
        for moment in schedules:
            self._wait_for_next(moment.watch, moment.zone, moment.rest)
        yield from self._follow()

    def _follow(self) -> Iterator[Record]:
        """Yield the findings, queue the entries that were opened, and judge the events that rules emitted."""
        world = self._world
        records, world.records = world.records, []
        yield from records
        opened, settled = world.agenda.take_changes()
        for entry in (*opened, *settled):  # a window that was settled may have opened again
            if entry.state == "open":
                self._wait(entry.due, 0, entry)
        world.new_spans, world.changed_spans = [], []
        emitted, world.emitted = world.emitted, []
        if emitted:
            self._flow.hear(world, emitted)
            yield from self._follow()

    def _pass_to(self, moment: datetime) -> None:
        self._reached(moment)
        if moment >= self._tidy_at:
            self.reach.forget(self._world, moment)
            self._tidy_at = moment + _DAY

    # -- what waits --------------------------------------------------------------------------------------------
    def _look_for_zones(self, since: datetime) -> None:
        """Queue the schedules of time zones in which nobody lived before, from `since` on."""
        new = set(zones_of(self._world.directory)) - self._zones
        if not new:
            return
        self._zones |= new
        self._horizon.use_zones(self._zones)
        for watch in self._flow.watchlist.schedules:
            assert isinstance(watch.trigger, OnSchedule)
            for name in sorted(new):
                days = moments(watch.trigger, self._deployment.calendar, name, since, self._until)
                self._wait_for_next(watch, name, days)

    def _wait_for_next(self, watch: Watch, zone: str, days: Iterator[tuple[date, datetime]]) -> None:
        day, due = next(days, (None, None))
        if day is not None and due is not None:
            self._wait(due, 1, _Moment(watch, zone, day, days))

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
    """The directory after the person events so far; an empty one if no plugin has one."""
    found = deployment.plugins.first("directory", connection=None)
    return found if found is not None else Directory(default_zone=deployment.profile.timezone)


def to_line(record: Record, deployment: Deployment, directory: Any) -> dict[str, Any]:
    """One finding as `tideng replay --json` prints it; ``at`` in the subject's own zone."""
    return {
        "at": record.at.astimezone(directory.zone_of(home_of(record.about, record.subject), record.at)).isoformat(),
        "rule": record.rule,
        "version": record.version,
        "subject": record.subject,
        "effect": record.effect,
        "action": record.action,
        "to": record.recipient,
        "key": record.key,
        "why": list(record.why),
    }
