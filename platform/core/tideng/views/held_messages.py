"""What was found and is not said yet: whom it waits for, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from tideng.access.paging import PAGE_SIZE, Page, page_of
from tideng.access.viewer import Viewer, name_of
from tideng.org.directory import Directory
from tideng.outbox.policy import SNOOZED
from tideng.store.tables import FindingRow, OutboxRow


@dataclass(frozen=True, slots=True)
class HeldView:
    """One message that is held. `because` is one of `tideng.outbox.policy.HELD_BECAUSE`; `until` None: until HR decides."""

    id: int
    finding: int
    rule: str
    recipient: str
    recipient_name: str
    channel: str
    because: str
    until: datetime | None
    message: str | None


def held(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[HeldView]:
    """Messages that are held now, newest first; for those who see everything. One statement."""
    viewer.require_all()
    row = OutboxRow
    put_off = and_(row.status == "waiting", row.held_because.is_not(None))
    columns = (row.id, row.finding, FindingRow.rule, row.recipient, row.channel, row.status)
    statement = (
        select(*columns, row.held_because, row.due, FindingRow.message)
        .join(FindingRow, FindingRow.id == row.finding)
        .where(or_(row.status == "held", put_off))
    )
    rows, following = page_of(connection, statement, row.id, before, size)
    found = (
        HeldView(
            one.id,
            one.finding,
            one.rule,
            one.recipient,
            name_of(directory, one.recipient, moment),
            one.channel,
            one.held_because,
            None if one.status == "held" and one.held_because != SNOOZED else one.due,
            one.message,
        )
        for one in rows
    )
    return Page(tuple(found), following)
