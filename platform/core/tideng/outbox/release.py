"""Which messages go out now: the policy of `tideng.outbox.policy` applied to the rows that are due, by one worker at a time.

Only one worker at once decides, and what it leases counts for the next one: two workers never exceed a budget. What
went out once is past the budget and keeps its bundle; only the quiet hours are asked again when it is tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, literal, or_, select, text, tuple_, update

from tideng.org.directory import Directory
from tideng.outbox.contest import keep_back, stopped
from tideng.outbox.policy import (
    QUIET,
    Part,
    Speaking,
    Waiting,
    week_began,
)
from tideng.store.database import is_sqlite
from tideng.store.tables import Moment, OutboxRow

_BATCH = 50
_TURN = 0x71DE49
"""The advisory lock of PostgreSQL under which messages are released."""
_table = OutboxRow.__table__
_SEEN = tuple(
    _table.c[name]
    for name in ("id", "recipient", "channel", "status", "due", "held_because", "alone", "bundle", "released_at")
)
_Key = tuple[str, str]


@dataclass
class Release:
    """What was decided: each of `going` is leased and goes out as one message (row ids, in order); `held` counts the rest."""

    going: list[list[int]] = field(default_factory=list)
    held: int = 0


def something_is_due(connection: Connection, now: datetime) -> bool:
    return connection.execute(select(_table.c.id).where(_due(now)).limit(1)).first() is not None


def release(
    connection: Connection, speaking: Speaking, directory: Directory, now: datetime, leased_until: datetime
) -> Release:
    """Look at the oldest messages that are due, lease what may go out, and hold the rest, in this transaction."""
    if not is_sqlite(connection):  # where writers are alone anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
    query = select(*_SEEN).where(_due(now)).order_by(_table.c.due, _table.c.id).limit(_BATCH)
    due = connection.execute(query).all()
    if not due:
        return Release()
    tried = [row for row in due if row.released_at is not None]
    fresh = [row for row in due if row.released_at is None]
    parts = _again(connection, tried, speaking, directory, now)
    parts += _first(connection, fresh, speaking, directory, now)
    going = [[one.ref for one in part.members] for part in parts if part.because is None]
    held = [(one, part) for part in parts if part.because is not None for one in part.members]
    changed = [(one, part) for one, part in held if (one.due, one.because) != (part.due, part.because)]
    _hold(connection, changed)
    bundles: set[int | None] = {row.bundle for row in tried if row.bundle is not None}
    return Release(_lease(connection, going, bundles, now, leased_until), len(changed))


def _due(now: datetime) -> Any:
    return and_(_table.c.status.in_(("waiting", "leased")), _table.c.due <= now)


def _waiting(row: Any) -> Waiting:
    return Waiting(row.id, row.due, row.alone, row.held_because)


def _again(
    connection: Connection, tried: Sequence[Any], speaking: Speaking, directory: Directory, now: datetime
) -> list[Part]:
    """What was tried before goes out as it was then: a bundle with all that is left of it."""
    bundles = {row.bundle for row in tried if row.bundle is not None}
    groups = [[row] for row in tried if row.bundle is None]
    if bundles:
        whole = select(*_SEEN).where(_table.c.bundle.in_(bundles), _table.c.status.in_(("waiting", "leased")))
        rows: dict[int, list[Any]] = {}
        for row in connection.execute(whole.order_by(_table.c.id)):
            rows.setdefault(row.bundle, []).append(row)
        groups += rows.values()
    parts = []
    for group in groups:
        opens = speaking.next_allowed(group[0].recipient, now, directory)
        parts.append(Part(tuple(map(_waiting, group)), opens, QUIET if opens > now else None))
    return parts


def _first(
    connection: Connection, fresh: Sequence[Any], speaking: Speaking, directory: Directory, now: datetime
) -> list[Part]:
    by_key: dict[_Key, list[Any]] = {}
    for row in fresh:
        by_key.setdefault((row.recipient, row.channel), []).append(row)
    told: Mapping[_Key, Mapping[date, int]] = {}
    if speaking.holds and by_key:
        told = _told(connection, by_key, directory, now)
        by_key = _all_that_waits(connection, by_key)
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


def _all_that_waits(connection: Connection, keys: Collection[_Key]) -> dict[_Key, list[Any]]:
    """What waits for each person on each channel, due or not, in the order in which it arose."""
    unsaid = and_(_table.c.status == "waiting", _table.c.released_at.is_(None))
    query = select(*_SEEN).where(tuple_(_table.c.recipient, _table.c.channel).in_(list(keys)), unsaid)
    found: dict[_Key, list[Any]] = {key: [] for key in keys}
    for row in connection.execute(query.order_by(_table.c.id)):
        found[row.recipient, row.channel].append(row)
    return found


def _told(
    connection: Connection, keys: Collection[_Key], directory: Directory, now: datetime
) -> dict[_Key, Counter[date]]:
    """How many messages went out on each local day of this week; several points in one message count once."""
    message = func.coalesce(_table.c.bundle, _table.c.id)
    query = (
        select(_table.c.recipient, _table.c.channel, func.min(_table.c.released_at).label("at"))
        .where(
            tuple_(_table.c.recipient, _table.c.channel).in_(list(keys)),
            _table.c.released_at >= now - timedelta(days=9),
            _table.c.alone.is_(False),
        )
        .group_by(_table.c.recipient, _table.c.channel, message)
    )
    found: dict[_Key, Counter[date]] = {key: Counter() for key in keys}
    began = {key: week_began(key[0], now, directory) for key in keys}
    for row in connection.execute(query):
        key = (row.recipient, row.channel)
        if row.at >= began[key]:
            found[key][directory.local_day(row.recipient, row.at)] += 1
    return found


def _hold(connection: Connection, held: Iterable[tuple[Waiting, Part]]) -> None:
    rows = [{"row": one.ref, "until": part.due, "why": part.because} for one, part in held]
    if rows:
        on_way = or_(_table.c.status == "waiting", _table.c.status == "leased")
        unsent = and_(_table.c.id == bindparam("row"), on_way)
        values: dict[str, Any] = {"status": "waiting", "due": bindparam("until"), "held_because": bindparam("why")}
        connection.execute(update(OutboxRow).where(unsent).values(**values), rows)


def _lease(
    connection: Connection, going: list[list[int]], tried: Set[int | None], now: datetime, until: datetime
) -> list[list[int]]:
    """Lease the rows that nobody is just taking back. A bundle that was tried before keeps its contents or waits."""
    wanted = [row for group in going for row in group]
    free = set(wanted)
    if not is_sqlite(connection):
        on_way = and_(_table.c.id.in_(wanted), _table.c.status.in_(("waiting", "leased")))
        query = select(_table.c.id, _table.c.bundle).where(on_way).order_by(_table.c.id)
        locked = connection.execute(query.with_for_update(skip_locked=True)).all()
        free = {row.id for row in locked}
        known = {row.id: row.bundle for row in locked}
        going = [group for group in going if free.issuperset(group) or not tried & {known.get(row) for row in group}]
    going = [left for group in going if (left := [row for row in group if row in free])]
    ids = [row for group in going for row in group]
    if not ids:
        return []
    lease: dict[str, Any] = {"status": "leased", "attempts": OutboxRow.attempts + 1, "due": until}
    lease["released_at"] = func.coalesce(OutboxRow.released_at, literal(now, Moment()))
    connection.execute(update(OutboxRow).where(OutboxRow.id.in_(ids)).values(**lease))
    new = [{"row": row, "first": group[0]} for group in going if len(group) > 1 for row in group]
    if new:
        unbound = and_(_table.c.id == bindparam("row"), _table.c.bundle.is_(None))
        connection.execute(update(OutboxRow).where(unbound).values(bundle=bindparam("first")), new)
    return going
