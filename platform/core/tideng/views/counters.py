"""How many things of each kind need a person: the front page's figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from tideng.model.statuses import ON_THE_WAY, EventStatus, MessageStatus
from tideng.store.tables import (
    DeadLetterRow,
    EventRow,
    FindingRow,
    OutboxRow,
    PluginRow,
    ScheduleRunRow,
)


@dataclass(frozen=True, slots=True)
class Counters:
    """The front page's figures. `oldest_event`, `oldest_message`: since when the oldest unjudged event, and the oldest
    message that is due, have been waiting; None when nothing waits."""

    waiting_events: int
    failed_events: int
    oldest_event: datetime | None
    oldest_message: datetime | None
    parked: int
    held: int
    dead_letters: int
    missed_runs: int
    failed_plugins: int
    disputed: int
    told_today: int


def counters(connection: Connection, moment: datetime, today: datetime) -> Counters:
    """Count what needs a person, in one statement. `today` is when the client's day began. It names nobody."""
    of = lambda column, *where: select(column).where(*where).scalar_subquery()  # noqa: E731
    waiting = OutboxRow.status.in_(ON_THE_WAY)
    put_off = and_(
        OutboxRow.status == MessageStatus.WAITING, OutboxRow.held_because.is_not(None), OutboxRow.due > moment
    )
    row = connection.execute(
        select(
            of(func.count(), EventRow.status == EventStatus.WAITING),
            of(func.count(), EventRow.status == EventStatus.FAILED),
            of(func.min(EventRow.received_at), EventRow.status == EventStatus.WAITING),
            of(func.min(OutboxRow.due), waiting, OutboxRow.due <= moment),
            of(func.count(), OutboxRow.status == MessageStatus.PARKED),
            of(func.count(), or_(OutboxRow.status == MessageStatus.HELD, put_off)),
            of(func.count(), DeadLetterRow.state == "waiting"),
            of(func.count(), ScheduleRunRow.outcome == "missed", ScheduleRunRow.due >= today),
            of(func.count(), PluginRow.state == "failed"),
            of(func.count(), FindingRow.response == "disputed", FindingRow.responded_at >= today),
            of(func.count(), OutboxRow.status == MessageStatus.SENT, OutboxRow.sent_at >= today),
        )
    ).one()
    return Counters(*row)
