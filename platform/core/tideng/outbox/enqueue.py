"""Save findings together with their messages, and withdraw them when a late event shows that they were wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, tuple_, update

from tideng.facts.world import Record, Spoken
from tideng.org.directory import Directory
from tideng.outbox import rows
from tideng.outbox.policy import Speaking
from tideng.store.database import insert
from tideng.store.tables import FindingRow

_CHUNK = 500


def save_records(
    connection: Connection, records: Sequence[Record], directory: Directory, speaking: Speaking, now: datetime
) -> int:
    """Save findings, each once by its key, and add their messages to the outbox; returns how many were new."""
    stored = _insert_findings(connection, records, now)
    messages = []
    for record in records:
        finding = stored.get(_identity(record))
        if finding is None:
            continue
        for message in speaking.messages(record, now):
            due, because = speaking.first_due(message, directory)
            messages.append(
                rows.NewMessage(
                    message.key,
                    finding,
                    message.channel,
                    message.recipient,
                    due,
                    held_because=because,
                    alone=message.alone,
                )
            )
    rows.add(connection, messages)
    return len(stored)


def _identity(record: Record) -> tuple[str, str, str, int, int]:
    return record.rule, record.subject, record.period, record.step, record.ordinal


def _insert_findings(connection: Connection, records: Sequence[Record], now: datetime) -> dict[tuple, int]:
    found = [
        {
            "rule": record.rule,
            "version": record.version,
            "kind": record.kind,
            "about": record.about,
            "subject": record.subject,
            "period": record.period,
            "step": record.step,
            "ordinal": record.ordinal,
            "at": record.at,
            "effect": record.effect,
            "action": record.action,
            "recipient": record.recipient,
            "meant_for": record.meant_for,
            "message": record.message,
            "locale": record.locale,
            "detail": dict(record.detail),
            "why": [dict(reason) for reason in record.why],
            "state": "live",
            "created_at": now,
        }
        for record in records
    ]
    table = FindingRow.__table__
    columns = (table.c.id, table.c.rule, table.c.subject, table.c.period, table.c.step, table.c.ordinal)
    statement = insert(connection)(table).on_conflict_do_nothing().returning(*columns)
    stored = {}
    for start in range(0, len(found), _CHUNK):
        for row in connection.execute(statement, found[start : start + _CHUNK]):
            stored[row.rule, row.subject, row.period, row.step, row.ordinal] = row.id
    return stored


def withdraw(connection: Connection, undone: Iterable[tuple[Spoken, str]], now: datetime) -> None:
    """Withdraw findings: unsent messages are dropped; the finding is marked, so that readers of sent ones see it."""
    reasons: dict[str, list[tuple[str, str, str, int]]] = {}
    for spoken, why in undone:
        reasons.setdefault(why, []).append((spoken.rule, spoken.subject, spoken.period, spoken.step))
    for why, keys in reasons.items():
        identity = tuple_(FindingRow.rule, FindingRow.subject, FindingRow.period, FindingRow.step)
        statement = update(FindingRow).where(identity.in_(keys), FindingRow.state == "live")
        taken_back = {"state": "withdrawn", "withdrawn_at": now, "withdrawn_because": why[:200]}
        changed = statement.values(**taken_back).returning(FindingRow.id)
        ids = [row.id for row in connection.execute(changed)]
        if ids:
            rows.drop(connection, rows.Selection(rows.ANY_UNSENT, findings=ids))
