"""This is not right: a contested nudge stays away from whoever says so until somebody with the right has looked.

What the rule goes on to find is on record as ever; only its messages to that person wait, ``held`` because of CONTESTED.
HR or an administrator decides whether it was right, whether the rule is silent for that person for some days, or that it
is taken back; the person reads what became of it in the portal.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import (
    NotAllowed,
    NotFound,
    Problem,
    Refused,
)
from tideng.model.calendars import local_moment
from tideng.model.statuses import DroppedReason, HeldReason
from tideng.org.directory import Directory
from tideng.outbox import rows
from tideng.outbox.policy import SYSTEM
from tideng.outbox.rows import CONTESTED, Selection
from tideng.store.database import insert
from tideng.store.tables import ContestRow, FindingRow, OutboxRow

RIGHT, OFF, RETRACTED = "right", "off", "retracted"
DECISIONS = (RIGHT, OFF, RETRACTED)
MOST_DAYS = 90
_NOTE = 2000
_SHOWN_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Contest:
    """A contested nudge. `state`: open, right, off, retracted; `held`: how many messages of the rule wait for that person."""

    id: int
    finding: int
    rule: str
    person: str
    person_name: str
    reason: str
    at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    answer: str | None
    off_until: datetime | None
    held: int = 0


# -- saying so ---------------------------------------------------------------------------------------------------------


def contest(connection: Connection, finding: int, rule: str, person: str, reason: str, now: datetime) -> None:
    """Keep that `person` says a nudge is not right, and hold what the rule still wants to tell them."""
    if rule.startswith(SYSTEM):
        return  # what the system asks HR is answered where it is asked
    same = and_(ContestRow.finding == finding, ContestRow.person == person, ContestRow.state == "open")
    if not connection.execute(update(ContestRow).where(same).values(reason=reason, at=now)).rowcount:
        row = {"finding": finding, "rule": rule, "person": person, "reason": reason, "at": now, "state": "open"}
        connection.execute(insert(connection)(ContestRow), [row])
    untold = Selection((rows.NEVER_RELEASED, rows.SNOOZED), recipient=person, rule=rule)
    rows.hold(connection, untold, HeldReason.CONTESTED)


def take_back_contest(connection: Connection, finding: int, person: str, now: datetime) -> bool:
    """The person changed their mind before anybody decided; what was held is due. False: there was nothing to take back."""
    mine = and_(ContestRow.finding == finding, ContestRow.person == person, ContestRow.state == "open")
    done = connection.execute(update(ContestRow).where(mine).values(state="undone").returning(ContestRow.rule)).first()
    if done is None:
        return False
    others = and_(ContestRow.rule == done.rule, ContestRow.person == person, ContestRow.state == "open")
    if connection.execute(select(ContestRow.id).where(others).limit(1)).first() is None:
        rows.make_due(connection, Selection((CONTESTED,), recipient=person, rule=done.rule), now)
    return True


def stopped(connection: Connection, messages: Collection[int], now: datetime) -> dict[int, str]:
    """Which of these messages (outbox ids) may not be said: contested (``open``), or the rule is off for them (``off``)."""
    if not messages:
        return {}
    in_force = or_(ContestRow.state == "open", and_(ContestRow.state == OFF, ContestRow.off_until > now))
    query = (
        select(OutboxRow.id, func.max(ContestRow.state))  # open comes after off
        .join(FindingRow, FindingRow.id == OutboxRow.finding)
        .join(ContestRow, and_(ContestRow.rule == FindingRow.rule, ContestRow.person == OutboxRow.recipient))
        .where(OutboxRow.id.in_(messages), in_force)
        .group_by(OutboxRow.id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def keep_back(connection: Connection, stopped: dict[int, str]) -> None:
    """Hold what is contested; drop what comes while the rule is off for its reader."""
    held = [row for row, why in stopped.items() if why == "open"]
    gone = [row for row, why in stopped.items() if why == OFF]
    if held:
        rows.hold(connection, Selection(ids=held), HeldReason.CONTESTED)
    if gone:
        rows.drop(connection, Selection(ids=gone), DroppedReason.CONTESTED)


# -- deciding ----------------------------------------------------------------------------------------------------------


def open_contests(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime) -> list[Contest]:
    """What waits for somebody to look, the oldest first; for those who see everything. Two statements."""
    viewer.require_all()
    query = select(ContestRow.__table__).where(ContestRow.state == "open").order_by(ContestRow.at, ContestRow.id)
    contests = connection.execute(query.limit(500)).all()
    held = rows.count_by_rule_and_recipient(connection, CONTESTED) if contests else {}
    return [_contest(row, directory, moment, held.get((row.rule, row.person), 0)) for row in contests]


def contest_of(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> Contest:
    """One contested nudge, whatever became of it; raises `NotFound` also for whom it does not concern."""
    query = select(ContestRow.__table__).where(ContestRow.id == id, ContestRow.state != "undone")
    row = connection.execute(query).first()
    if row is None or not (viewer.sees_all or viewer.person == row.person != ""):
        raise NotFound("no-contest", {"id": id})
    held = rows.count(connection, Selection((CONTESTED,), recipient=row.person, rule=row.rule))
    return _contest(row, directory, moment, held)


def outcomes(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime) -> list[Contest]:
    """What became of what the viewer said, newest first: as long as it waits, and then until they put it away. One statement."""
    if not viewer.person:
        return []
    recent = and_(ContestRow.decided_at > moment - _SHOWN_FOR, ContestRow.seen_at.is_(None))
    query = select(ContestRow.__table__).where(
        ContestRow.person == viewer.person, ContestRow.state != "undone", or_(ContestRow.state == "open", recent)
    )
    latest = connection.execute(query.order_by(ContestRow.id.desc()).limit(20))
    return [_contest(row, directory, moment) for row in latest]


def put_away(connection: Connection, viewer: Viewer, id: int, now: datetime) -> None:
    """The viewer has read what became of it. Raises `NotFound` for somebody else's."""
    mine = and_(ContestRow.id == id, ContestRow.person == viewer.person, ContestRow.state != "open")
    if not viewer.person or not connection.execute(update(ContestRow).where(mine).values(seen_at=now)).rowcount:
        raise NotFound("no-contest", {"id": id})


@dataclass(frozen=True, slots=True)
class ContestDecision:
    """What was decided about a contested nudge.

    `outcome`: ``right``, ``off`` or ``retracted``; `days`: for how many whole local days the rule is ``off`` (1 to MOST_DAYS),
    otherwise 0; `answer`: what the person reads, '' for nothing."""

    outcome: str
    days: int = 0
    answer: str = ""


def decide_contest(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    id: int,
    decision: ContestDecision,
    now: datetime,
) -> int:
    """Decide about a contested nudge, and with it about all that this person says of the same rule; returns how many messages
    were held.

    ``right``: it was; what was found today (the reader's day) is said, what is older is dropped. ``off``: the rule says
    nothing to them until `decision.days` whole local days from now are over, and what is held is dropped. ``retracted``: what is held
    is dropped, and the person reads that it was taken back. Raises `NotAllowed` for all but HR and
    administrators, `NotFound`, and `Refused` where it is decided already or a part of `decision` does not fit.
    """
    if not viewer.mends:
        raise NotAllowed("viewer-may-not-decide-contest")
    row = connection.execute(select(ContestRow.__table__).where(ContestRow.id == id)).first()
    if row is None or row.state == "undone":
        raise NotFound("no-contest", {"id": id})
    _check(row, decision)
    zone = directory.zone_of(row.person, now)
    today = now.astimezone(zone).date()
    until = local_moment(today + timedelta(days=decision.days + 1), time(), zone) if decision.outcome == OFF else None
    values = {
        "state": decision.outcome,
        "decided_by": viewer.login,
        "decided_at": now,
        "answer": decision.answer.strip() or None,
        "off_until": until,
    }
    same = and_(ContestRow.rule == row.rule, ContestRow.person == row.person, ContestRow.state == "open")
    if not connection.execute(update(ContestRow).where(same).values(**values)).rowcount:
        raise Refused("contest", [Problem("decision", "decided-already")])
    held = Selection((CONTESTED,), recipient=row.person, rule=row.rule)
    said = 0
    if decision.outcome == RIGHT:
        said = rows.make_due(connection, replace(held, found_since=local_moment(today, time(), zone)), now)
    return said + rows.drop(connection, held, DroppedReason.CONTESTED)


def _check(row: Any, decision: ContestDecision) -> None:
    problems = []
    if row.state != "open":
        problems.append(Problem("decision", "decided-already"))
    if decision.outcome not in DECISIONS:
        problems.append(Problem("decision", "unknown-decision", {"decision": decision.outcome, "decisions": DECISIONS}))
    if decision.outcome == OFF and not 1 <= decision.days <= MOST_DAYS:
        problems.append(Problem("days", "days-out-of-range", {"most": MOST_DAYS}))
    if len(decision.answer) > _NOTE or "\x00" in decision.answer:
        problems.append(Problem("answer", "text-too-long", {"limit": _NOTE}))
    if problems:
        raise Refused("contest", problems)


def _contest(row: Any, directory: Directory, moment: datetime, held: int = 0) -> Contest:
    return Contest(
        row.id,
        row.finding,
        row.rule,
        row.person,
        name_of(directory, row.person, moment),
        row.reason,
        row.at,
        row.state,
        row.decided_by,
        row.decided_at,
        row.answer,
        row.off_until,
        held,
    )
