"""Lanes: subjects are spread over a fixed number of rows, and whoever holds a row alone judges its subjects.

SQLite has one writer at a time and needs none of this.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from tideng.store.database import is_sqlite
from tideng.store.tables import LaneRow

_AT_ONCE = 40
"""Some lanes are left to the other workers."""


def lock_lanes(connection: Connection, wanted: Any) -> list[int]:
    """Hold some of the `wanted` lanes that nobody holds, until the transaction ends; never waits."""
    # in random order, so that workers do not all ask for the same ones
    query = select(LaneRow.id).where(LaneRow.id.in_(wanted)).order_by(func.random())
    query = query.limit(_AT_ONCE).with_for_update(skip_locked=True)
    return [row.id for row in connection.execute(query)]


def lock_all_lanes(connection: Connection) -> None:
    """Wait until nobody else judges anything, and keep it so until the transaction ends."""
    if not is_sqlite(connection):
        connection.execute(select(LaneRow.id).order_by(LaneRow.id).with_for_update()).all()
