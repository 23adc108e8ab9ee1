"""What HR decides about a storm: send what is held, or let it go. Whoever may not is refused here, and not in a screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, NotFound
from tideng.outbox.rows import STORMED, Selection, drop, make_due
from tideng.outbox.storm_control import RULE
from tideng.store.tables import FindingRow, OutboxRow


@dataclass(frozen=True, slots=True)
class HeldStorm:
    """What one rule wanted to say when it was paused: `messages` to `people`, found from `since` on, still held.

    `expected`: the most people a day in its preview; None where the question to HR is gone.
    """

    rule: str
    messages: int
    people: int
    since: datetime
    expected: int | None


def held_storms(connection: Connection, viewer: Viewer) -> tuple[HeldStorm, ...]:
    """Every rule whose messages wait for a decision, the oldest first; for those who see everything. Two statements."""
    viewer.require_all()
    since = func.min(FindingRow.at)
    people = func.count(OutboxRow.recipient.distinct())
    query = (
        select(FindingRow.rule, func.count(), people, since)
        .join(OutboxRow, OutboxRow.finding == FindingRow.id)
        .where(STORMED.condition)
        .group_by(FindingRow.rule)
        .order_by(since, FindingRow.rule)
    )
    rows = connection.execute(query).all()
    if not rows:
        return ()
    asked = select(FindingRow.subject, FindingRow.detail).where(
        FindingRow.rule == RULE, FindingRow.subject.in_([row.rule for row in rows])
    )
    expected = {row.subject: row.detail.get("expected") for row in connection.execute(asked.order_by(FindingRow.id))}
    return tuple(HeldStorm(*row, expected.get(row.rule)) for row in rows)


def release_storm(connection: Connection, viewer: Viewer, rule: str, now: datetime) -> int:
    """Send what is held of a rule, through quiet hours, digest and budget; returns how many messages.

    For this version and day the rule is no storm any more. It stays paused until somebody lets it speak. Raises
    `NotAllowed`, and `NotFound` when nothing is held.
    """
    _require_right(viewer)
    changed = make_due(connection, Selection((STORMED,), rule=rule), now)
    return _decided(connection, viewer, rule, now, "sent", changed)


def drop_storm(connection: Connection, viewer: Viewer, rule: str, now: datetime, because: str = "") -> int:
    """Let go what is held of a rule, visibly; the findings stay on record. Returns how many messages; raises as `release_storm` does."""
    _require_right(viewer)
    reason = f"{viewer.login}: {because.strip()}" if because.strip() else viewer.login
    changed = drop(connection, Selection((STORMED,), rule=rule), reason[:200])
    return _decided(connection, viewer, rule, now, "dropped", changed)


def _require_right(viewer: Viewer) -> None:
    if not viewer.mends:
        raise NotAllowed("viewer-may-not-decide-storm")


def _decided(connection: Connection, viewer: Viewer, rule: str, now: datetime, decision: str, changed: int) -> int:
    if not changed:
        raise NotFound("nothing-held", {"rule": rule})
    _answer(connection, viewer, rule, now, decision)
    return changed


def _answer(connection: Connection, viewer: Viewer, rule: str, now: datetime, decision: str) -> None:
    """The open questions to HR about this rule have their answer; usually there is one."""
    asked = select(FindingRow.id, FindingRow.detail, FindingRow.response).where(
        FindingRow.rule == RULE, FindingRow.subject == rule
    )
    for row in connection.execute(asked).all():
        if row.detail.get("decision"):
            continue
        detail = {**row.detail, "decision": decision, "by": viewer.login, "decided_at": now.isoformat()}
        answer: dict[str, object] = {"detail": detail}
        if row.response is None:
            answer |= {"response": "acknowledged", "responded_at": now}
        connection.execute(update(FindingRow).where(FindingRow.id == row.id).values(**answer))
