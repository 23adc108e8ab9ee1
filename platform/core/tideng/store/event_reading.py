"""Read stored events: by type, person and time, or by their ids. Callers get values; the table stays in the store."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, func, select

from tideng.model.statuses import EventStatus
from tideng.store.database import among
from tideng.store.tables import EventRow


class StoredEvent(NamedTuple):
    """What a reader needs of a stored event; `time` is UTC."""

    type: str
    subject: str
    time: datetime
    data: dict[str, Any]


def events_of(
    connection: Connection,
    types: Collection[str],
    people: Collection[str],
    since: datetime,
    until: datetime | None = None,
) -> list[StoredEvent]:
    """The events of these types about `people` from `since` up to `until` (both included), oldest first. One statement."""
    row = EventRow
    wanted = [row.type.in_(types), among(connection, row.subject, people), row.time >= since]
    if until is not None:
        wanted.append(row.time <= until)
    query = select(row.type, row.subject, row.time, row.data).where(*wanted).order_by(row.time, row.id)
    return [StoredEvent(*one) for one in connection.execute(query)]


def last_event_time(
    connection: Connection, types: Collection[str], person: str, since: datetime | None = None
) -> datetime | None:
    """When the last event of these types about `person` was, since then; None where there is none. One statement."""
    row = EventRow
    wanted = [row.subject == person, row.type.in_(types)]
    if since is not None:
        wanted.append(row.time >= since)
    return connection.scalar(select(func.max(row.time)).where(*wanted))


def known_ids(connection: Connection, source: str, ids: Collection[str]) -> set[str]:
    """Which of these event ids of one source are stored. One statement."""
    row = EventRow
    return set(connection.scalars(select(row.event_id).where(row.source == source, row.event_id.in_(ids))))


def event_type(connection: Connection, id: int | None) -> str:
    """The type of a stored event; '' where there is none."""
    if id is None:
        return ""
    return connection.scalar(select(EventRow.type).where(EventRow.id == id)) or ""


def any_event() -> ColumnElement[bool]:
    """Whether any event is stored, as a column of a query."""
    return exists().where(EventRow.id.is_not(None))


def count_events(connection: Connection, status: EventStatus) -> int:
    return connection.scalar(select(func.count(EventRow.id)).where(EventRow.status == status)) or 0


def waits_for_judging(connection: Connection) -> bool:
    """Whether an event is stored that has not been judged."""
    waiting = select(EventRow.id).where(EventRow.status == EventStatus.WAITING).limit(1)
    return connection.scalar(waiting) is not None


def first_failure(connection: Connection) -> str:
    """Why one of the events that could not be judged failed; '' where none did."""
    failed = select(EventRow.error).where(EventRow.status == EventStatus.FAILED)
    return connection.scalar(failed.order_by(EventRow.id).limit(1)) or ""


def oldest_waiting(connection: Connection) -> datetime | None:
    """When the oldest event that waits to be judged was received (UTC); None when none waits."""
    return connection.scalar(select(func.min(EventRow.received_at)).where(EventRow.status == EventStatus.WAITING))
