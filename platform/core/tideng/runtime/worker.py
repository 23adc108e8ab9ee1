"""The worker: whatever waits in the database is judged and spoken, whoever rang, and also when nobody did.

Each unit of work is one transaction: claim → metrics → findings → outbox → done. A kill at any moment leaves either
all of it or nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, func, select, update

from tideng.facts.world import Entry, Spoken, World
from tideng.judging.backfill import bring_up_to_date
from tideng.judging.pipeline import Flow
from tideng.judging.questions import Utterance
from tideng.judging.schedules import moments, zones_of
from tideng.judging.watch_index import WatchList
from tideng.judging.world_loader import WorkingSet
from tideng.model.event import Event
from tideng.model.judge_contract import Watch
from tideng.model.money import Money
from tideng.org.directory import DIRECTORY_EVENTS, Directory, zone
from tideng.org.groups import GROUPS, home_of
from tideng.outbox import snooze
from tideng.outbox.delivery import Outbox
from tideng.outbox.enqueue import save_records, withdraw
from tideng.outbox.policy import Speaking, quiet
from tideng.outbox.storm_control import control_storms
from tideng.store.database import (
    insert,
    is_sqlite,
    reading,
    writing,
)
from tideng.store.events import event_from, store_events
from tideng.store.rates import note_unpriced
from tideng.store.tables import (
    AgendaRow,
    EventRow,
    LaneRow,
    ScheduleRunRow,
)

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

_log = structlog.get_logger(__name__)
_LANES_AT_ONCE = 40
_MAX_TRIES = 3
_LOOK_BACK = timedelta(days=400)
"""So far back a schedule that was never asked is looked for; nobody is told anything of it, it is only recorded as missed."""
_HEARD = tuple(
    EventRow.__table__.c[name]
    for name in ("id", "event_id", "source", "type", "time", "subject", "data", "depth", "history", "attempts")
)
ON_TIME = timedelta(seconds=60)
"""Up to here a schedule or step is judged as of its own moment; later it is judged as of the moment of return."""


class Worker:
    """One worker of one deployment. Any number may run; `step` may be called from one thread at a time."""

    def __init__(self, deployment: Deployment, fault: Callable[[str], None] = lambda place: None):
        """`fault` is called at each named point of a unit of work; tests make it kill the process there."""
        self._deployment, self._fault = deployment, fault
        self._flow: Flow | None = None
        self._prepared: Flow | None = None
        self._counted: Money | None = None
        self._recalling: WorkingSet | None = None
        self._directory: Directory | None = None
        self._failed: frozenset[str] = deployment.failed_plugins()
        self._lock = threading.Lock()
        self._outbox = Outbox(
            deployment, self._watch_of, lambda type_: self._flow is not None and self._flow.watchlist.listens(type_)
        )

    # -- the loop ----------------------------------------------------------------------------------------------
    def step(self) -> int:
        """Do everything that is due now; returns how many pieces of work were done."""
        with self._lock:
            done = 0
            while heard := self.hear():
                done += heard
            done += self.run_schedules()
            while due := self.come_due():
                done += due
            while over := self.come_due_in_plugins():
                done += over
            while emitted := self.hear():
                done += emitted
            while woken := self.wake():
                done += woken
            while sent := self._outbox.deliver(self.current_directory):
                self._fault("delivered")
                done += sent
            self._deployment.plugins.call("between_batches")
            self._note_failures()
            return done

    def _note_failures(self) -> None:
        """Write down which plugins failed in this process, where people look; only when that changed."""
        failed = self._deployment.failed_plugins()
        if failed != self._failed:
            with writing(self._deployment.engine) as connection:
                self._deployment.note_plugins(connection)
            self._failed = failed

    def run(self, stop: threading.Event, bell: threading.Event | None = None) -> None:
        """Work until `stop` is set; `bell` wakes early, and the sweep needs none."""
        bell = bell or stop
        while not stop.is_set():
            try:
                self.step()
            except Exception as error:
                _log.error("a sweep failed; the next one tries again", error=type(error).__name__, exc_info=True)
                stop.wait(1.0)
            bell.wait(self._deployment.settings.sweep_seconds)
            if bell is not stop:
                bell.clear()

    # -- events ------------------------------------------------------------------------------------------------
    def hear(self) -> int:
        """Judge one batch of waiting events; returns how many. A batch that fails is tried event by event."""
        with reading(self._deployment.engine) as connection:
            if connection.execute(select(EventRow.id).where(EventRow.status == 0).limit(1)).first() is None:
                return 0
        self._prepare()
        try:
            return self._hear_batch(self._deployment.settings.batch_size)
        except Exception as error:
            _log.warning("a batch failed; its events are judged one by one", error=type(error).__name__, exc_info=True)
        return sum(self._hear_carefully() for _ in range(self._deployment.settings.batch_size))

    def _hear_batch(self, size: int) -> int:
        with writing(self._deployment.engine) as connection:
            rows = self._claim(connection, size)
            if not self._is_prepared:
                return 1  # the rules changed meanwhile: prepare for them, then claim again
            if not rows:
                return 0
            self._fault("claimed")
            self._hear_rows(connection, rows)
            self._fault("before commit")
        self._fault("committed")
        return len(rows)

    def _hear_carefully(self) -> int:
        """One event in its own transaction; the one that fails is counted, and put aside at the third time."""
        failing: Any = None
        try:
            with writing(self._deployment.engine) as connection:
                rows = self._claim(connection, 1)
                if not rows:
                    return 0
                failing = rows[0]
                self._hear_rows(connection, rows)
        except Exception as error:
            if failing is None:
                raise
            attempts = failing.attempts + 1
            values = {"attempts": attempts, "error": f"{type(error).__name__}: {error}"[:2000]}
            with writing(self._deployment.engine) as connection:
                status = 2 if attempts >= _MAX_TRIES else 0
                connection.execute(update(EventRow).where(EventRow.id == failing.id).values(status=status, **values))
            _log.error("an event could not be judged", event=failing.id, attempts=attempts, error=type(error).__name__)
        return 1

    def _claim(self, connection: Connection, size: int) -> Sequence[Any]:
        table = EventRow.__table__
        waiting = select(*_HEARD).where(table.c.status == 0).order_by(table.c.id).limit(size)
        if not is_sqlite(connection):
            lanes = self._lock_lanes(connection, select(table.c.lane).where(table.c.status == 0).distinct())
            if not lanes:
                return ()
            waiting = waiting.where(table.c.lane.in_(lanes))
        self._refresh(connection)
        return connection.execute(waiting).all()

    @staticmethod
    def _lock_lanes(connection: Connection, wanted: Any) -> list[int]:
        """Hold some of the `wanted` lanes that nobody holds, until the transaction ends; never waits."""
        query = select(LaneRow.id).where(LaneRow.id.in_(wanted)).order_by(func.random())
        query = query.limit(_LANES_AT_ONCE).with_for_update(skip_locked=True)
        return [row.id for row in connection.execute(query)]

    def _hear_rows(self, connection: Connection, rows: Sequence[Any]) -> None:
        for part in _split_at_directory_changes(rows):
            events = [event_from(row) for row in part]
            silent = self._silent(part, events)
            known = {"connection": connection, "directory": self.current_directory, "silent": silent}
            self._deployment.plugins.call("on_stored", events=events, **known)
            if events[0].type in DIRECTORY_EVENTS:
                self._refresh(connection, directory_only=True)
            self._hear_part(connection, part, events, silent)
            judged = update(EventRow).where(EventRow.id.in_([row.id for row in part]))
            connection.execute(judged.values(status=1))  # the next part finds them where the past is read

    def _silent(self, rows: Sequence[Any], events: Sequence[Event]) -> Callable[[Event], bool]:
        """Whether nobody is to be told anything of an event: it came in as history, or is old news."""
        history = {id(event) for row, event in zip(rows, events, strict=True) if row.history}
        oldest = self._oldest_news()
        return lambda event: id(event) in history or event.time < oldest

    def _oldest_news(self) -> datetime:
        return self._deployment.clock.now() - timedelta(hours=self._deployment.settings.speak_within_hours)

    def _hear_part(
        self, connection: Connection, rows: Sequence[Any], events: list[Event], silent: Callable[[Event], bool]
    ) -> None:
        flow, now = self.current_flow, self._deployment.clock.now()
        working_set = self._working_set(connection)
        world = working_set.for_events(events, now)
        flow.hear(world, events, silent=silent)
        self._fault("judged")
        if world.undoable:
            flow.reconsider(world, working_set.exact_books(world.undoable))
        self._drop_bygone(world, now if all(row.history for row in rows) else self._oldest_news())
        self._save(connection, working_set, world, now)

    def _drop_bygone(self, world: World, oldest: datetime) -> None:
        """Deadlines that ran out too long ago to speak of are not put on the agenda."""
        for entry in world.opened:
            if entry.kind != "step" and entry.state == "open" and entry.due < oldest:
                world.settle(entry, "missed", "heard of too late to speak")

    # -- schedules ---------------------------------------------------------------------------------------------
    def run_schedules(self) -> int:
        """Ask every schedule whose moment has come since it was last asked, once per local date and zone."""
        self._prepare()
        with reading(self._deployment.engine) as connection:
            due = self._due_schedules(connection)
        ran = 0
        for watch, zone_name, day, moment in due:
            ran += self._run_schedule(watch, zone_name, day, moment)
        return ran

    def _due_schedules(self, connection: Connection) -> list[tuple[Watch, str, Any, datetime]]:
        flow, now = self.current_flow, self._deployment.clock.now()
        if not flow.watchlist.schedules:
            return []
        table = ScheduleRunRow.__table__
        newest = select(table.c.rule, table.c.zone, func.max(table.c.due).label("due")).group_by(
            table.c.rule, table.c.zone
        )
        ran = {(row.rule, row.zone): row.due for row in connection.execute(newest)}
        due = []
        for watch in flow.watchlist.schedules:
            for zone_name in zones_of(self.current_directory):
                last = ran.get((watch.rule, zone_name))
                after = max(watch.since, last + timedelta(microseconds=1) if last else now - _LOOK_BACK)
                for day, moment in moments(watch.trigger, self._deployment.calendar, zone_name, after, now):  # type: ignore[arg-type]
                    due.append((watch, zone_name, day, moment))
        return sorted(due, key=lambda item: (item[3], item[0].rule, item[1]))

    def _run_schedule(self, watch: Watch, zone_name: str, day: Any, due: datetime) -> int:
        now = self._deployment.clock.now()
        with writing(self._deployment.engine) as connection:
            at = due if now - due <= ON_TIME else now
            missed = self._too_late(zone_name, day, due, now)
            row = {
                "rule": watch.rule,
                "zone": zone_name,
                "day": day,
                "due": due,
                "ran_at": now,
                "version": watch.version,
                "outcome": "missed" if missed else "judged",
                "note": missed,
            }
            statement = insert(connection)(ScheduleRunRow).on_conflict_do_nothing().returning(ScheduleRunRow.rule)
            if connection.execute(statement, row).first() is None:
                return 0  # another worker has it
            self._fault("claimed")
            if not missed:
                self._ask_everyone(connection, watch, zone_name, day, at, now)
            self._fault("before commit")
        self._fault("committed")
        if missed:
            _log.warning("a schedule was missed", rule=watch.rule, zone=zone_name, day=str(day), note=missed)
        return 1

    def _too_late(self, zone_name: str, day: Any, due: datetime, now: datetime) -> str | None:
        """Why a schedule is not asked any more after a standstill; None while it may still speak."""
        if now - due <= ON_TIME:
            return None
        local = now.astimezone(zone(zone_name))
        if local.date() != day:
            return "the worker was down until after that day"
        hours = self._deployment.profile.quiet_hours
        if hours and quiet(local.time(), *hours):
            return "the worker was down until the quiet hours"
        return None

    def _ask_everyone(
        self, connection: Connection, watch: Watch, zone_name: str, day: Any, at: datetime, now: datetime
    ) -> None:
        self._lock_all_lanes(connection)
        flow, working_set = self.current_flow, self._working_set(connection)
        directory = self.current_directory
        if watch.about in GROUPS:
            people = list(directory.people()) if zone_name == directory.default_zone else []
        else:
            people = [member.person for member in directory.members(at) if member.timezone == zone_name]
        needs = [flow.watchlist.needs(watch, part) for part in ("trigger", "until")]
        world = working_set.for_people(people, needs, at)
        flow.schedule(world, watch, zone_name, day, at)
        self._fault("judged")
        self._save(connection, working_set, world, now)

    # -- deadlines and later steps -----------------------------------------------------------------------------
    def come_due(self) -> int:
        """Judge the deadlines and later steps that have come due; returns how many."""
        now, table = self._deployment.clock.now(), AgendaRow.__table__
        open_ = (table.c.state == "open", table.c.due <= now)
        with reading(self._deployment.engine) as connection:
            if connection.execute(select(table.c.id).where(*open_).limit(1)).first() is None:
                return 0
        with writing(self._deployment.engine) as connection:
            query = select(table).where(*open_).order_by(table.c.due, table.c.id)
            if not is_sqlite(connection):
                lanes = self._lock_lanes(connection, select(table.c.lane).where(*open_).distinct())
                query = query.where(table.c.lane.in_(lanes))
            self._refresh(connection)
            rows = connection.execute(query.limit(self._deployment.settings.batch_size)).all()
            if rows:
                self._fault("claimed")
                self._judge_due(connection, rows, now)
                self._fault("before commit")
        self._fault("committed")
        return len(rows)

    def _judge_due(self, connection: Connection, rows: Sequence[Any], now: datetime) -> None:
        flow, working_set = self.current_flow, self._working_set(connection)
        needs, grouped = [], False
        subjects = {str(row.facts.get("$person") or row.subject) for row in rows}
        for row in rows:
            watch = flow.watchlist.get(row.rule, row.version)
            if watch:
                needs += [flow.watchlist.needs(watch, part) for part in ("trigger", "until")]
                subjects |= working_set.people_behind(watch, [row.subject])
                grouped = grouped or watch.about in GROUPS
        if grouped:
            working_set.wait_for_groups()
        world = working_set.for_people(subjects, needs, min(row.due for row in rows))
        entries = working_set.load_entries(world, rows)
        working_set.load_siblings(world, entries)
        working_set.load_heard_for(world, entries)
        for entry in entries:
            late = self._entry_too_late(entry, now)
            if late:
                world.settle(entry, "missed", late)
        standing = [entry for entry in entries if entry.state == "open"]
        flow.come_due(world, standing, at=lambda e: e.due if e.kind != "step" or now - e.due <= ON_TIME else now)
        self._fault("judged")
        self._save(connection, working_set, world, now)

    def _entry_too_late(self, entry: Entry, now: datetime) -> str | None:
        if entry.kind != "step":
            return "the worker was down for too long" if entry.due < self._oldest_news() else None
        directory = self.current_directory
        watch = self.current_flow.watchlist.get(entry.rule, entry.version)
        home = home_of(watch.about if watch else "person", entry.subject)
        return self._too_late(
            directory.zone_of(home, entry.due).key, directory.local_day(home, entry.due), entry.due, now
        )

    # -- what plugins wait for ---------------------------------------------------------------------------------
    def come_due_in_plugins(self) -> int:
        """Let plugins do what has come due in their own tables; returns how much that was. Each has a transaction of its
        own, so that one that fails takes nobody along."""
        now, plugins = self._deployment.clock.now(), self._deployment.plugins
        with reading(self._deployment.engine) as connection:
            waiting = [name for name, due in plugins.call_named("is_due", connection=connection, now=now) if due]
        done = 0
        for name in waiting:
            with writing(self._deployment.engine) as connection:
                self._refresh(connection)
                arguments = {"connection": connection, "directory": self.current_directory, "now": now}
                done += plugins.call_one(name, "come_due", **arguments) or 0
                self._fault("before commit")
            self._fault("committed")
        return done

    # -- what was put off ----------------------------------------------------------------------------------------
    def wake(self) -> int:
        """Reminders that were put off and whose moment has come: said again, unless what they ask for is done."""
        now = self._deployment.clock.now()
        with reading(self._deployment.engine) as connection:
            if not snooze.somebody_waits(connection, now):
                return 0
        with writing(self._deployment.engine) as connection:
            waiting = snooze.ripe(connection, now)
            self._refresh(connection)
            if waiting:
                self._fault("claimed")
                snooze.wake(
                    connection, waiting, lambda said: self._settled(connection, said, now), self.current_directory, now
                )
                self._fault("before commit")
        self._fault("committed")
        return len(waiting)

    def _settled(self, connection: Connection, said: list[Spoken], now: datetime) -> list[Spoken]:
        flow = self.current_flow
        watches = filter(None, (flow.watchlist.get(one.rule, one.version) for one in said))
        needs = [flow.watchlist.needs(watch, part) for watch in watches for part in ("trigger", "until")]
        world = self._working_set(connection).for_people({one.subject for one in said}, needs, now)
        return flow.settled(world, said, now)

    # -- what is held between batches --------------------------------------------------------------------------
    def _save(self, connection: Connection, working_set: WorkingSet, world: World, now: datetime) -> None:
        working_set.save(world, now)
        speaking = Speaking.of(self._deployment.profile)
        save_records(connection, world.records, world.directory, speaking, now)
        control_storms(connection, self._deployment, self.current_flow.watchlist, world, now)
        withdraw(connection, world.withdrawn, now)
        if world.unpriced:
            note_unpriced(connection, world.unpriced)
            _log.warning("amounts without an exchange rate", count=sum(world.unpriced.values()))
        if world.emitted:
            store_events(connection, self._deployment.catalogue, world.emitted, now)

    def _working_set(self, connection: Connection) -> WorkingSet:
        flow = self.current_flow
        self._recalling = WorkingSet(connection, self._deployment.catalogue, self.current_directory, flow.watchlist)
        return self._recalling

    def _refresh(self, connection: Connection, directory_only: bool = False) -> None:
        """Take up new rules, people and settings. Called while the lanes are held, so that no batch uses old ones."""
        plugins = self._deployment.plugins
        changed = any(plugins.call("refresh", connection=connection)) | self._deployment.refresh(connection)
        if self._directory is None or changed or directory_only:
            self._directory = plugins.first("directory", connection=connection) or Directory()
        if self._flow is None or changed:
            self._rebuild(connection)

    def _rebuild(self, connection: Connection) -> None:
        plugins, deployment = self._deployment.plugins, self._deployment
        watches = [watch for part in plugins.call("watches") for watch in part]
        watchlist = WatchList(
            watches, deployment.catalogue, lambda rule, version: plugins.first("watch", rule=rule, version=version)
        )
        self._flow = Flow(
            plugins,
            deployment.catalogue,
            deployment.calendar,
            watchlist,
            deployment.profile.locale,
            deployment.settings.max_event_depth,
            recall=self._recall,
        )

    def _prepare(self) -> None:
        """Take up what changed, and fill metrics that are new from the events that are already judged."""
        with reading(self._deployment.engine) as connection:
            self._refresh(connection)
        if self._is_prepared:
            return
        with writing(self._deployment.engine) as connection:
            self._lock_all_lanes(connection)
            self._refresh(connection)
            flow = self.current_flow
            wanted = {one.key: one for series in flow.watchlist.series.values() for one in series}
            catalogue, now = self._deployment.catalogue, self._deployment.clock.now()
            bring_up_to_date(connection, catalogue, self.current_directory, wanted, now)
        self._prepared, self._counted = flow, catalogue.money

    @property
    def _is_prepared(self) -> bool:
        return self._prepared is self._flow and self._counted is self._deployment.catalogue.money

    @staticmethod
    def _lock_all_lanes(connection: Connection) -> None:
        """Wait until nobody else judges anything, and keep it so until the transaction ends."""
        if not is_sqlite(connection):
            connection.execute(select(LaneRow.id).order_by(LaneRow.id).with_for_update()).all()

    def _recall(self, world: World, speaking: list[Utterance]) -> None:
        assert self._recalling is not None
        self._recalling.recall(world, speaking)

    @property
    def current_flow(self) -> Flow:
        """The rules and metrics in force, as of the last batch."""
        assert self._flow is not None, "refresh comes first"
        return self._flow

    @property
    def current_directory(self) -> Directory:
        """The people, as of the last batch."""
        return self._directory if self._directory is not None else Directory()

    def _watch_of(self, rule: str, version: int) -> Watch | None:
        return self._flow.watchlist.get(rule, version) if self._flow else None


def _split_at_directory_changes(rows: Sequence[Any]) -> list[list[Any]]:
    """Parts of a batch, in order, none of which has a directory change after its first event."""
    parts: list[list[Any]] = []
    for row in rows:
        if not parts or row.type in DIRECTORY_EVENTS or parts[-1][0].type in DIRECTORY_EVENTS:
            parts.append([])
        parts[-1].append(row)
    return parts
