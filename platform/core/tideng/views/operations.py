"""What whoever keeps the deployment running looks at: events, messages, dead letters, schedule runs, plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from tideng.access.paging import (
    PAGE_SIZE,
    Page,
    clamped,
    page_of,
)
from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotFound
from tideng.base.problems import Sentence, sentence_of_text
from tideng.model.statuses import EventStatus, MessageStatus
from tideng.org.directory import Directory
from tideng.outbox.rows import is_held
from tideng.store.database import among
from tideng.store.tables import (
    DeadLetterRow,
    EventRow,
    OutboxRow,
    PluginRow,
    ScheduleRunRow,
)
from tideng.views.nudges import Delivery, delivery_of


@dataclass(frozen=True, slots=True)
class EventView:
    """A stored event. `status` is the word of its `EventStatus`."""

    id: int
    event_id: str
    source: str
    type: str
    time: datetime
    subject: str
    subject_name: str
    data: Mapping[str, Any]
    status: str
    error: str | None
    received_at: datetime
    history: bool


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which stored events to list; an empty field leaves its dimension open. `status` is the word of an `EventStatus`."""

    type: str = ""
    status: str = ""
    subject: str = ""


def events(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    wanted: EventFilter | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[EventView]:
    """List stored events, newest first. `before` is a cursor from `Page.next`. One statement."""
    wanted = wanted or EventFilter()
    statement = select(EventRow.__table__).where(*_about(connection, viewer, directory, moment))
    if wanted.type:
        statement = statement.where(EventRow.type == wanted.type)
    if (status := EventStatus.of_word(wanted.status)) is not None:
        statement = statement.where(EventRow.status == status)
    if wanted.subject:
        statement = statement.where(EventRow.subject == wanted.subject)
    rows, following = page_of(connection, statement, EventRow.id, before, size)
    return Page(tuple(_event(row, directory, moment) for row in rows), following)


def event(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> EventView:
    """One stored event; raises `NotFound`."""
    statement = select(EventRow.__table__).where(EventRow.id == id, *_about(connection, viewer, directory, moment))
    row = connection.execute(statement).first()
    if row is None:
        raise NotFound("no-such-event", {"id": id})
    return _event(row, directory, moment)


def outbox(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    status: str | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[Delivery]:
    """Messages on their way and what became of them, newest first; for those who see everything. One statement.

    `status` ``held`` gives all that is kept from its reader, for whatever reason."""
    viewer.require_all()
    statement = select(OutboxRow.__table__)
    if status:
        statement = statement.where(is_held() if status == MessageStatus.HELD else OutboxRow.status == status)
    rows, following = page_of(connection, statement, OutboxRow.id, before, size)
    return Page(tuple(delivery_of(row, directory, moment) for row in rows), following)


@dataclass(frozen=True, slots=True)
class LetterView:
    """A payload that could not become an event. `state`: waiting, retried, discarded."""

    id: int
    received_at: datetime
    source: str
    place: str
    payload: str
    truncated: bool
    problems: tuple[Mapping[str, str], ...]
    state: str


def letters(
    connection: Connection,
    viewer: Viewer,
    state: str | None = "waiting",
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[LetterView]:
    """Dead letters, newest first; for those who see everything. One statement."""
    viewer.require_all()
    statement = select(DeadLetterRow.__table__)
    if state:
        statement = statement.where(DeadLetterRow.state == state)
    rows, following = page_of(connection, statement, DeadLetterRow.id, before, size)
    return Page(tuple(_letter(row) for row in rows), following)


def letter(connection: Connection, viewer: Viewer, id: int) -> LetterView:
    viewer.require_all()
    row = connection.execute(select(DeadLetterRow.__table__).where(DeadLetterRow.id == id)).first()
    if row is None:
        raise NotFound("no-dead-letter", {"id": id})
    return _letter(row)


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A rule's question to everyone in one zone on one local day. `outcome`: judged, missed."""

    rule: str
    zone: str
    day: date
    due: datetime
    ran_at: datetime
    outcome: str
    note: str | None


def schedule_runs(
    connection: Connection,
    viewer: Viewer,
    outcome: str | None = None,
    since: datetime | None = None,
    size: int = PAGE_SIZE,
) -> tuple[ScheduleView, ...]:
    """The latest schedule runs; `outcome` ``missed`` shows what was not asked. For those who see everything."""
    viewer.require_all()
    row = ScheduleRunRow
    statement = select(row.rule, row.zone, row.day, row.due, row.ran_at, row.outcome, row.note)
    if outcome:
        statement = statement.where(row.outcome == outcome)
    if since:
        statement = statement.where(row.due >= since)
    ordered = statement.order_by(row.due.desc(), row.rule, row.zone).limit(clamped(size))
    return tuple(ScheduleView(*found) for found in connection.execute(ordered))


@dataclass(frozen=True, slots=True)
class PluginView:
    """`state`: on, failed, off."""

    name: str
    state: str
    why: Sentence | None
    since: datetime


def plugins(connection: Connection, viewer: Viewer) -> tuple[PluginView, ...]:
    """Every plugin as the migrated database last noted it, the troubled ones first; for those who see everything."""
    viewer.require_all()
    found = connection.execute(select(PluginRow.name, PluginRow.state, PluginRow.error, PluginRow.since))
    order = {"failed": 0, "on": 1, "off": 2}
    views = (PluginView(one.name, one.state, sentence_of_text(one.error), one.since) for one in found)
    return tuple(sorted(views, key=lambda p: (order.get(p.state, 3), p.name)))


def _about(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime) -> list[ColumnElement[bool]]:
    scope = viewer.scope(directory, moment)
    return [] if scope is None else [among(connection, EventRow.subject, scope)]


def _event(row: Row, directory: Directory, moment: datetime) -> EventView:
    return EventView(
        id=row.id,
        event_id=row.event_id,
        source=row.source,
        type=row.type,
        time=row.time,
        subject=row.subject,
        subject_name=name_of(directory, row.subject, moment),
        data=row.data,
        status=EventStatus(row.status).word,
        error=row.error,
        received_at=row.received_at,
        history=row.history,
    )


def _letter(row: Row) -> LetterView:
    return LetterView(
        row.id, row.received_at, row.source, row.place, row.payload, row.truncated, tuple(row.problems), row.state
    )
