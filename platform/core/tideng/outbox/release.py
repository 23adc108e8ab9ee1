"""Which messages go out now: applies `tideng.outbox.policy` to the messages that are due, in one worker at a time.

Only one worker at once decides, and what it leases counts for the next one: two workers never exceed a budget. A message
that went out once is past the budget and keeps its bundle; only the quiet hours are asked again when it is tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from tideng.model.statuses import HeldReason
from tideng.org.directory import Directory
from tideng.outbox import rows as outbox_rows
from tideng.outbox.contest import keep_back, stopped
from tideng.outbox.policy import (
    Part,
    QueuedMessage,
    Speaking,
    week_began,
)
from tideng.outbox.rows import PersonChannel

_BATCH = 50


@dataclass
class Release:
    """What was decided: each of `going` is leased and goes out as one message (row ids, in order); `held` counts the rest."""

    going: list[list[int]] = field(default_factory=list)
    held: int = 0


def release(
    connection: Connection, speaking: Speaking, directory: Directory, now: datetime, leased_until: datetime
) -> Release:
    """Look at the oldest messages that are due, lease what may go out, and hold the rest, in this transaction."""
    outbox_rows.lock_releases(connection)
    due = outbox_rows.due_messages(connection, now, _BATCH)
    if not due:
        return Release()
    tried = [row for row in due if row.released_at is not None]
    fresh = [row for row in due if row.released_at is None]
    parts = _again(connection, tried, speaking, directory, now)
    parts += _first(connection, fresh, speaking, directory, now)
    going = [[one.ref for one in part.members] for part in parts if part.because is None]
    held = [(one, part) for part in parts if part.because is not None for one in part.members]
    changed = [(one, part) for one, part in held if (one.due, one.because) != (part.due, part.because)]
    outbox_rows.postpone(connection, ((one.ref, part.due, part.because) for one, part in changed))
    bundles: set[int | None] = {row.bundle for row in tried if row.bundle is not None}
    return Release(outbox_rows.lease(connection, going, bundles, now, leased_until), len(changed))


def _waiting(row: Any) -> QueuedMessage:
    return QueuedMessage(row.id, row.due, row.alone, row.held_because)


def _again(
    connection: Connection, tried: Sequence[Any], speaking: Speaking, directory: Directory, now: datetime
) -> list[Part]:
    """What was tried before goes out as it was then: a bundle with all that is left of it."""
    bundles = {row.bundle for row in tried if row.bundle is not None}
    groups = [[row] for row in tried if row.bundle is None]
    groups += outbox_rows.bundled_messages(connection, bundles).values()
    parts = []
    for group in groups:
        opens = speaking.next_allowed(group[0].recipient, now, directory)
        parts.append(Part(tuple(map(_waiting, group)), opens, HeldReason.QUIET if opens > now else None))
    return parts


def _first(
    connection: Connection, fresh: Sequence[Any], speaking: Speaking, directory: Directory, now: datetime
) -> list[Part]:
    by_key: dict[PersonChannel, list[Any]] = {}
    for row in fresh:
        by_key.setdefault((row.recipient, row.channel), []).append(row)
    told: Mapping[PersonChannel, Mapping[date, int]] = {}
    if speaking.holds and by_key:
        told = _told(connection, by_key, directory, now)
        by_key = outbox_rows.never_released(connection, by_key)
    silent = stopped(connection, [row.id for rows in by_key.values() for row in rows], now)
    if silent:
        keep_back(connection, silent)
        by_key = {key: [row for row in rows if row.id not in silent] for key, rows in by_key.items()}
    return [
        part
        for (recipient, channel), rows in by_key.items()
        for part in speaking.release(
            recipient, [_waiting(row) for row in rows], told.get((recipient, channel), {}), now, directory
        )
    ]


def _told(
    connection: Connection, keys: Collection[PersonChannel], directory: Directory, now: datetime
) -> dict[PersonChannel, Counter[date]]:
    """How many messages went out on each local day of this week; several points in one message count once."""
    found: dict[PersonChannel, Counter[date]] = {key: Counter() for key in keys}
    began = {key: week_began(key[0], now, directory) for key in keys}
    for key, at in outbox_rows.released_since(connection, keys, now - timedelta(days=9)):
        if at >= began[key]:
            found[key][directory.local_day(key[0], at)] += 1
    return found
