"""Schedules whose moment has come are asked: once for each rule, time zone and local day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import structlog
from sqlalchemy import Connection, func, select

from tideng.judging.schedules import moments, zones_of
from tideng.model.judge_contract import Watch
from tideng.org.groups import GROUPS
from tideng.runtime.in_force import InForce
from tideng.runtime.lanes import lock_all_lanes
from tideng.runtime.lateness import judged_as_of, too_late
from tideng.runtime.unit_of_work import UnitOfWork
from tideng.store.database import insert, reading, writing
from tideng.store.tables import ScheduleRunRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

_log = structlog.get_logger(__name__)
_LOOK_BACK = timedelta(days=400)
"""So far back a schedule that was never asked is looked for; nobody is told anything of it, it is only recorded as missed."""


class DueSchedule(NamedTuple):
    """One schedule at its moment `due` (UTC), on a local `day` of one time zone."""

    watch: Watch
    zone: str
    day: date
    due: datetime


class ScheduleJob:
    """Asks the schedules that have come due. `fault` is called at each named point of a unit of work."""

    def __init__(self, deployment: Deployment, in_force: InForce, fault: Callable[[str], None]):
        self._deployment, self._in_force, self._fault = deployment, in_force, fault

    def run(self) -> int:
        """Ask every schedule whose moment has come since it was last asked; returns how many this worker asked."""
        self._in_force.prepare()
        with reading(self._deployment.engine) as connection:
            due = self._due(connection)
        return sum(self._ask(schedule) for schedule in due)

    def _due(self, connection: Connection) -> list[DueSchedule]:
        flow, now = self._in_force.flow, self._deployment.clock.now()
        if not flow.watchlist.schedules:
            return []
        table = ScheduleRunRow.__table__
        newest = select(table.c.rule, table.c.zone, func.max(table.c.due).label("due")).group_by(
            table.c.rule, table.c.zone
        )
        ran = {(row.rule, row.zone): row.due for row in connection.execute(newest)}
        due = []
        for watch in flow.watchlist.schedules:
            for zone_name in zones_of(self._in_force.directory):
                last = ran.get((watch.rule, zone_name))
                after = max(watch.since, last + timedelta(microseconds=1) if last else now - _LOOK_BACK)
                for day, moment in moments(watch.trigger, self._deployment.calendar, zone_name, after, now):  # type: ignore[arg-type]
                    due.append(DueSchedule(watch, zone_name, day, moment))
        return sorted(due, key=lambda one: (one.due, one.watch.rule, one.zone))

    def _ask(self, one: DueSchedule) -> int:
        now = self._deployment.clock.now()
        missed = too_late(self._deployment.profile, one.zone, one.day, one.due, now)
        with writing(self._deployment.engine) as connection:
            row = {
                "rule": one.watch.rule,
                "zone": one.zone,
                "day": one.day,
                "due": one.due,
                "ran_at": now,
                "version": one.watch.version,
                "outcome": "missed" if missed else "judged",
                "note": missed,
            }
            statement = insert(connection)(ScheduleRunRow).on_conflict_do_nothing().returning(ScheduleRunRow.rule)
            if connection.execute(statement, row).first() is None:
                return 0  # another worker has it
            self._fault("claimed")
            if not missed:
                self._ask_everyone(connection, one, now)
            self._fault("before commit")
        self._fault("committed")
        if missed:
            _log.warning("a schedule was missed", rule=one.watch.rule, zone=one.zone, day=str(one.day), note=missed)
        return 1

    def _ask_everyone(self, connection: Connection, one: DueSchedule, now: datetime) -> None:
        lock_all_lanes(connection)
        work, at = self._in_force.begin(connection, now), judged_as_of(one.due, now)
        needs = [work.flow.watchlist.needs(one.watch, part) for part in ("trigger", "until")]
        world = work.working_set.for_people(_people(work, one, at), needs, at)
        work.flow.schedule(world, one.watch, one.zone, one.day, at, work.working_set.recall)
        self._fault("judged")
        work.save(world)


def _people(work: UnitOfWork, one: DueSchedule, at: datetime) -> list[str]:
    """Whose facts are read: of positions and units those of everybody, once, in the client's own zone."""
    directory = work.directory
    if one.watch.about in GROUPS:
        return list(directory.people()) if one.zone == directory.default_zone else []
    return [member.person for member in directory.members(at) if member.timezone == one.zone]
