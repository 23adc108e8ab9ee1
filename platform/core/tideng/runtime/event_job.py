"""Waiting events are judged, a batch in one transaction; an event that fails is tried alone, and put aside at last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, select, update

from tideng.facts.world import World
from tideng.model.event import Event
from tideng.model.statuses import EventStatus
from tideng.org.directory import DIRECTORY_EVENTS
from tideng.runtime.in_force import InForce
from tideng.runtime.lanes import lock_lanes
from tideng.store.database import is_sqlite, reading, writing
from tideng.store.events import event_from
from tideng.store.tables import EventRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

_log = structlog.get_logger(__name__)
_MAX_TRIES = 3
_COLUMNS = tuple(
    EventRow.__table__.c[name]
    for name in ("id", "event_id", "source", "type", "time", "subject", "data", "depth", "history", "attempts")
)


class EventJob:
    """Judges the events that wait. `fault` is called at each named point of a unit of work."""

    def __init__(self, deployment: Deployment, in_force: InForce, fault: Callable[[str], None]):
        self._deployment, self._in_force, self._fault = deployment, in_force, fault

    def hear(self) -> int:
        """Judge one batch of waiting events; returns how many. A batch that fails is tried event by event."""
        with reading(self._deployment.engine) as connection:
            if (
                connection.execute(select(EventRow.id).where(EventRow.status == EventStatus.WAITING).limit(1)).first()
                is None
            ):
                return 0
        heard: int | None = None
        while heard is None:
            self._in_force.prepare()
            try:
                heard = self._hear_batch()
            except Exception as error:
                said = "a batch failed; its events are judged one by one"
                _log.warning(said, error=type(error).__name__, exc_info=True)
                heard = sum(self._hear_one() for _ in range(self._deployment.settings.batch_size))
        return heard

    def _hear_batch(self) -> int | None:
        """How many events were judged; None where the rules changed in between, and are to be prepared for."""
        with writing(self._deployment.engine) as connection:
            rows = self._claim(connection, self._deployment.settings.batch_size)
            if not self._in_force.is_prepared:
                return None
            if not rows:
                return 0
            self._fault("claimed")
            self._hear_rows(connection, rows)
            self._fault("before commit")
        self._fault("committed")
        return len(rows)

    def _hear_one(self) -> int:
        """Judge one event in a transaction of its own; one that fails is counted, and put aside at the third time."""
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
                status = EventStatus.FAILED if attempts >= _MAX_TRIES else EventStatus.WAITING
                connection.execute(update(EventRow).where(EventRow.id == failing.id).values(status=status, **values))
            _log.error("an event could not be judged", event=failing.id, attempts=attempts, error=type(error).__name__)
        return 1

    def _claim(self, connection: Connection, size: int) -> Sequence[Any]:
        table = EventRow.__table__
        waiting = select(*_COLUMNS).where(table.c.status == EventStatus.WAITING).order_by(table.c.id).limit(size)
        if not is_sqlite(connection):
            lanes = lock_lanes(connection, select(table.c.lane).where(table.c.status == EventStatus.WAITING).distinct())
            if not lanes:
                return ()
            waiting = waiting.where(table.c.lane.in_(lanes))
        self._in_force.refresh(connection)
        return connection.execute(waiting).all()

    def _hear_rows(self, connection: Connection, rows: Sequence[Any]) -> None:
        for part in _split_at_directory_changes(rows):
            events = [event_from(row) for row in part]
            silent = self._silent(part, events)
            known = {"connection": connection, "directory": self._in_force.directory, "silent": silent}
            self._deployment.plugins.call("on_stored", events=events, **known)
            if events[0].type in DIRECTORY_EVENTS:
                self._in_force.refresh(connection, people_changed=True)
            self._hear_part(connection, part, events, silent)
            # before the next part, which reads the past: only what was judged counts there
            judged = update(EventRow).where(EventRow.id.in_([row.id for row in part]))
            connection.execute(judged.values(status=EventStatus.JUDGED))

    def _silent(self, rows: Sequence[Any], events: Sequence[Event]) -> Callable[[Event], bool]:
        """Whether nobody is to be told anything of an event: it came in as history, or is old news."""
        history = {id(event) for row, event in zip(rows, events, strict=True) if row.history}
        oldest = self._in_force.oldest_news
        return lambda event: id(event) in history or event.time < oldest

    def _hear_part(
        self, connection: Connection, rows: Sequence[Any], events: list[Event], silent: Callable[[Event], bool]
    ) -> None:
        work = self._in_force.begin(connection, self._deployment.clock.now())
        world = work.working_set.for_events(events, work.now)
        work.flow.hear(world, events, silent, work.working_set.recall)
        self._fault("judged")
        if world.undoable:
            work.flow.reconsider(world, work.working_set.exact_books(world.undoable))
        _drop_bygone(world, work.now if all(row.history for row in rows) else self._in_force.oldest_news)
        work.save(world)


def _drop_bygone(world: World, oldest: datetime) -> None:
    """Deadlines that ran out too long ago to speak of are not put on the agenda."""
    for entry in world.agenda.opened:
        if entry.kind != "step" and entry.state == "open" and entry.due < oldest:
            world.agenda.settle(entry, "missed", "heard of too late to speak")


def _split_at_directory_changes(rows: Sequence[Any]) -> list[list[Any]]:
    """Parts of a batch, in order, none of which has a directory change after its first event."""
    parts: list[list[Any]] = []
    for row in rows:
        if not parts or row.type in DIRECTORY_EVENTS or parts[-1][0].type in DIRECTORY_EVENTS:
            parts.append([])
        parts[-1].append(row)
    return parts
