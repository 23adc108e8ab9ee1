"""What was found and is not said yet: whom it waits for, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tideng.access.paging import PAGE_SIZE, Page, page_of
from tideng.access.viewer import Viewer, name_of
from tideng.model.statuses import HeldReason, MessageStatus
from tideng.org.directory import Directory
from tideng.outbox.rows import SNOOZED, is_held
from tideng.store.tables import FindingRow, OutboxRow


@dataclass(frozen=True, slots=True)
class HeldView:
    """One message that is held. `because` is a `HeldReason`; `until` None: until HR decides."""

    id: int
    finding: int
    rule: str
    recipient: str
    recipient_name: str
    channel: str
    because: HeldReason
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
    columns = (row.id, row.finding, FindingRow.rule, row.recipient, row.channel, row.status)
    statement = (
        select(*columns, row.held_because, row.due, FindingRow.message)
        .join(FindingRow, FindingRow.id == row.finding)
        .where(is_held())
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
            HeldReason(one.held_because),
            _until(one),
            one.message,
        )
        for one in rows
    )
    return Page(tuple(found), following)


def _until(row: Any) -> datetime | None:
    """Until when a message is held; None where somebody has to decide."""
    return None if row.status == MessageStatus.HELD and not SNOOZED.is_of(row) else row.due
