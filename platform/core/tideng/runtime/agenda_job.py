"""Deadlines, windows and later steps that have come due are judged, a batch in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from tideng.facts.agenda import AgendaEntry
from tideng.judging.stored_entries import entry_from
from tideng.org.groups import GROUPS, home_of
from tideng.runtime.in_force import InForce
from tideng.runtime.lanes import lock_lanes
from tideng.runtime.lateness import judged_as_of, too_late
from tideng.store.database import is_sqlite, reading, writing
from tideng.store.tables import AgendaRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment


class AgendaJob:
    """Judges the entries of the agenda that have come due. `fault` is called at each named point of a unit of work."""

    def __init__(self, deployment: Deployment, in_force: InForce, fault: Callable[[str], None]):
        self._deployment, self._in_force, self._fault = deployment, in_force, fault

    def come_due(self) -> int:
        """Judge a batch of the entries that have come due; returns how many."""
        now, table = self._deployment.clock.now(), AgendaRow.__table__
        open_ = (table.c.state == "open", table.c.due <= now)
        with reading(self._deployment.engine) as connection:
            if connection.execute(select(table.c.id).where(*open_).limit(1)).first() is None:
                return 0
        with writing(self._deployment.engine) as connection:
            query = select(table).where(*open_).order_by(table.c.due, table.c.id)
            if not is_sqlite(connection):
                lanes = lock_lanes(connection, select(table.c.lane).where(*open_).distinct())
                query = query.where(table.c.lane.in_(lanes))
            self._in_force.refresh(connection)
            rows = connection.execute(query.limit(self._deployment.settings.batch_size)).all()
            if rows:
                self._fault("claimed")
                self._judge(connection, rows, now)
                self._fault("before commit")
        self._fault("committed")
        return len(rows)

    def _judge(self, connection: Connection, rows: Sequence[Any], now: datetime) -> None:
        work = self._in_force.begin(connection, now)
        working_set, watchlist = work.working_set, work.flow.watchlist
        entries = [entry_from(row) for row in rows]
        needs, grouped = [], False
        subjects = {entry.person or entry.subject for entry in entries}
        for entry in entries:
            watch = watchlist.get(entry.rule, entry.version)
            if watch:
                needs += [watchlist.needs(watch, part) for part in ("trigger", "until")]
                subjects |= working_set.people_behind(watch, [entry.subject])
                grouped = grouped or watch.about in GROUPS
        if grouped:
            working_set.wait_for_groups()
        world = working_set.for_people(subjects, needs, min(entry.due for entry in entries))
        for entry in entries:
            world.agenda.load(entry)
        working_set.load_siblings(world, entries)
        working_set.load_heard_for(world, entries)
        for entry in entries:
            if late := self._too_late(entry, now):
                world.agenda.settle(entry, "missed", late)
        waiting = [entry for entry in entries if entry.state == "open"]
        work.flow.come_due(world, waiting, lambda entry: _judged_as_of(entry, now), working_set.recall)
        self._fault("judged")
        work.save(world)

    def _too_late(self, entry: AgendaEntry, now: datetime) -> str | None:
        if entry.kind != "step":
            return "the worker was down for too long" if entry.due < self._in_force.oldest_news else None
        directory, watch = self._in_force.directory, self._in_force.watch(entry.rule, entry.version)
        home = home_of(watch.about if watch else "person", entry.subject)
        zone, day = directory.zone_of(home, entry.due), directory.local_day(home, entry.due)
        return too_late(self._deployment.profile, zone.key, day, entry.due, now)


def _judged_as_of(entry: AgendaEntry, now: datetime) -> datetime:
    """A deadline is judged as of its own moment however late that is; a later step only while it is on time."""
    return judged_as_of(entry.due, now) if entry.kind == "step" else entry.due
