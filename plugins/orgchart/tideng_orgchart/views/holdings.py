"""The data that the organisation holds about a person's joining, moving and leaving, for that person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from tideng.plugin import (
    COLUMN_NAME,
    COLUMN_POSITION,
    COLUMN_SUPERVISOR,
    COLUMN_TIME,
    COLUMN_UNIT,
    HeldRecord,
    HeldRows,
    Holding,
    holding_of_rows,
    phrase,
)
from tideng_orgchart.tables import ChangeRow

_COLUMNS = {
    "at": COLUMN_TIME,
    "kind": phrase("Change", context="holdings"),
    "name": COLUMN_NAME,
    "unit": COLUMN_UNIT,
    "position": COLUMN_POSITION,
    "supervisor": COLUMN_SUPERVISOR,
}
_KINDS = {
    "joined": phrase("Joined"),
    "moved": phrase("Moved"),
    "left": phrase("Left"),
}


def changes_of(connection: Connection, person: str) -> Holding:
    """The changes received by events; the core tells the posts themselves. One statement, and one for each part read."""
    mine = HeldRows(ChangeRow, ChangeRow.person == person, ChangeRow.at, _told)
    title = phrase("Joining, moving and leaving")
    about = phrase("From the HR system. You and HR can see it")
    return holding_of_rows(connection, "orgchart.changes", title, about, _COLUMNS, mine, "org")


def _told(rows: Iterable[Any]) -> list[HeldRecord]:
    return [{**row._mapping, "kind": _KINDS.get(row.kind, row.kind)} for row in rows]
