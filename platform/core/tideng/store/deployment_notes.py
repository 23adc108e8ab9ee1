"""Small facts about the deployment itself, kept under a key: what was applied, which packs a client brought."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

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


def recent_notes(connection: Connection, prefix: str, since: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Key and value of the notes below a prefix that were written at `since` or later, newest first."""
    below = NoteRow.key.startswith(prefix, autoescape=True)
    query = select(NoteRow.key, NoteRow.value).where(below, NoteRow.updated_at >= since)
    return [(key, value) for key, value in connection.execute(query.order_by(NoteRow.updated_at.desc()))]


def drop_notes(connection: Connection, prefix: str, before: datetime, key: str) -> None:
    """Delete the notes below a prefix that were last written before a moment, and the note under `key`."""
    below = NoteRow.key.startswith(prefix, autoescape=True)
    connection.execute(delete(NoteRow).where((below & (NoteRow.updated_at < before)) | (NoteRow.key == key)))
