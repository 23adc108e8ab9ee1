"""The history of a client, to be run through once more: its events in order of time, and a deployment in memory to run them on.

Events count at the time at which they happened, whenever they were heard, and those that were ingested as history count
like any other. Events that rules emitted count only before the run begins: from then on the run emits its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, and_, func, or_, select

from tideng.base.clock import ManualClock
from tideng.judging.records import RULES
from tideng.model.event import Event
from tideng.replay.lookback import EVER, Reach
from tideng.runtime.deployment import Deployment
from tideng.store.events import event_from
from tideng.store.tables import EventRow

if TYPE_CHECKING:
    from tideng.client.bundle import Bundle

_AT_ONCE = 5_000
_NOTHING = timedelta(0)


class History(Protocol):
    """Where a run over the past comes from."""

    def deployment(self, start: datetime) -> Deployment:
        """A deployment in memory that knows what was known before `start`; a new one each time, the first with the rules
        in force."""

    def events(self, reach: Reach, start: datetime, until: datetime) -> Iterator[Event]:
        """What `reach` wants of the time before `start`, and what matters from there to `until`, in order of time."""

    def span(self) -> tuple[datetime, datetime] | None:
        """The moments of the first and the last event; None where there is none."""


class StoredHistory:
    """The history in a deployment's database, read on one connection; events come as they are needed, never all at once."""

    def __init__(self, deployment: Deployment, connection: Connection):
        self._deployment, self._connection = deployment, connection

    def deployment(self, start: datetime) -> Deployment:
        return self._deployment.remembered(self._connection, ManualClock(start))

    def events(self, reach: Reach, start: datetime, until: datetime) -> Iterator[Event]:
        table = EventRow.__table__
        where = and_(_matters(reach, start), table.c.time <= until, or_(table.c.time < start, table.c.source != RULES))
        columns = [table.c[name] for name in ("id", "event_id", "source", "type", "time", "subject", "data", "depth")]
        # by the time an event came in among those of one moment, as the worker hears them
        statement = select(*columns).where(where).order_by(table.c.time, table.c.id)
        streaming = self._connection.execution_options(yield_per=_AT_ONCE)
        for row in streaming.execute(statement):
            yield event_from(row)

    def span(self) -> tuple[datetime, datetime] | None:
        first, last = self._connection.execute(select(func.min(EventRow.time), func.max(EventRow.time))).one()
        return None if first is None else (first, last)


def _matters(reach: Reach, start: datetime) -> Any:
    table = EventRow.__table__
    ever = [name for name, back in reach.types.items() if back == EVER]
    groups: dict[timedelta, list[str]] = {}
    for name, back in reach.types.items():
        if back != EVER:
            groups.setdefault(back, []).append(name)
    parts: list[Any] = [table.c.type.in_(ever)]
    parts += [and_(table.c.type.in_(names), table.c.time >= start - back) for back, names in groups.items()]
    if reach.every_type:
        parts.append(table.c.time >= start)
    return or_(*parts)


class FileHistory:
    """The history in files: a client's bundle and its events, sorted by time."""

    def __init__(self, bundle: Bundle, events: Sequence[Event]):
        self._bundle, self._events = bundle, events

    def deployment(self, start: datetime) -> Deployment:
        """The first has the bundle's rules; the others have none, since those are read and checked by then."""
        bundle, self._bundle = self._bundle, replace(self._bundle, rule_files=(), packs=())
        return Deployment.in_memory(bundle, ManualClock(start))

    def events(self, reach: Reach, start: datetime, until: datetime) -> Iterator[Event]:
        for event in self._events:
            if event.time > until:
                return
            back = reach.types.get(event.type, _NOTHING if reach.every_type else None)
            wanted = back is not None and (event.time >= start or back == EVER or event.time >= start - back)
            if wanted and (event.time < start or event.source != RULES):
                yield event

    def span(self) -> tuple[datetime, datetime] | None:
        return (self._events[0].time, self._events[-1].time) if self._events else None
