"""Small facts about the deployment itself, kept under a key: what was applied, which packs a client brought."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tideng.store.database import insert
from tideng.store.tables import NoteRow


def read_note(connection: Connection, key: str) -> dict[str, Any]:
    """The value under a key; {} where there is none."""
    return connection.scalar(select(NoteRow.value).where(NoteRow.key == key)) or {}


def write_note(connection: Connection, key: str, value: Mapping[str, Any], now: datetime) -> None:
    """Keep a value under a key, in place of what was there."""
    row = {"value": dict(value), "updated_at": now}
    statement = insert(connection)(NoteRow).values(key=key, **row)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))
