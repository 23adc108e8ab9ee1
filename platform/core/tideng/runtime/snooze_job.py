"""Reminders that were put off are said again when their moment comes, unless what they ask for is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tideng.facts.world import Spoken
from tideng.outbox import snooze
from tideng.runtime.in_force import InForce
from tideng.store.database import reading, writing

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment


class SnoozeJob:
    """Wakes the reminders that were put off. `fault` is called at each named point of a unit of work."""

    def __init__(self, deployment: Deployment, in_force: InForce, fault: Callable[[str], None]):
        self._deployment, self._in_force, self._fault = deployment, in_force, fault

    def wake(self) -> int:
        """Say again, or take back, the reminders whose moment has come; returns how many."""
        now = self._deployment.clock.now()
        with reading(self._deployment.engine) as connection:
            if not snooze.somebody_waits(connection, now):
                return 0
        with writing(self._deployment.engine) as connection:
            waiting = snooze.ripe(connection, now)
            self._in_force.refresh(connection)
            if waiting:
                self._fault("claimed")
                directory = self._in_force.directory
                snooze.wake(connection, waiting, lambda said: self._done(connection, said, now), directory, now)
                self._fault("before commit")
        self._fault("committed")
        return len(waiting)

    def _done(self, connection: Connection, said: list[Spoken], now: datetime) -> list[Spoken]:
        """Those reminders whose subjects have done meanwhile what they were reminded of."""
        work = self._in_force.begin(connection, now)
        watchlist = work.flow.watchlist
        watches = filter(None, (watchlist.get(one.rule, one.version) for one in said))
        needs = [watchlist.needs(watch, part) for watch in watches for part in ("trigger", "until")]
        world = work.working_set.for_people({one.subject for one in said}, needs, now)
        return work.flow.settled(world, said, now)
