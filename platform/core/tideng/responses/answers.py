"""What a person says about a nudge. It enters as an event at the top of the line, like everything else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from tideng.base.errors import (
    NotAllowed,
    NotFound,
    Problem,
    Refused,
)
from tideng.model.event import Event
from tideng.model.statuses import DroppedReason
from tideng.outbox.contest import contest, take_back_contest
from tideng.outbox.snooze import drop_snoozed, snooze, wake_again
from tideng.store.database import is_sqlite, writing
from tideng.store.events import store_events
from tideng.store.tables import FindingRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

__all__ = ["RESPONSES", "respond", "snooze", "take_back"]

SOURCE = "tideng/portal"
RESPONSES: Mapping[str, str] = MappingProxyType({"acknowledged": "nudge.acknowledged", "disputed": "nudge.disputed"})
NOTE_LENGTH = 2000
TAKEN_BACK_WITHIN = timedelta(minutes=5)
"""So long an answer can be taken back: longer than the bar is shown, since not every phone shows it in time."""
_ANSWERED = (
    FindingRow.recipient,
    FindingRow.subject,
    FindingRow.rule,
    FindingRow.response,
    FindingRow.response_note,
    FindingRow.responded_at,
)


def respond(deployment: Deployment, finding_id: int, person: str, kind: str, note: str = "") -> bool:
    """Keep what `person` answers to a nudge: ``acknowledged``, or ``disputed`` with a note saying what is wrong.

    Only whoever was spoken to may acknowledge; whom it is about may dispute too, and is told nothing more by that rule until
    somebody has looked (`tideng.outbox.contest`). Returns False when the very same answer is already there. Raises `Refused`
    for what cannot be kept, `NotAllowed` for somebody else's nudge, `NotFound` for one that is neither theirs nor about them.
    """
    note = note.strip()
    _check(kind, note)
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        row = _answered(connection, finding_id, person)
        if kind == "acknowledged" and row.recipient != person:
            raise NotAllowed("viewer-may-not-acknowledge")
        if (row.response, row.response_note or "") == (kind, note):
            return False
        # the moment is part of it: an answer that was changed and changed back was said twice
        digest = hashlib.sha256(f"{kind}\n{note}\n{now.isoformat()}".encode()).hexdigest()[:12]
        data = {"nudge": str(finding_id), **({"note": note} if note else {})}
        event = Event(f"{finding_id}-{kind}-{digest}", SOURCE, RESPONSES[kind], now, person, data)
        store_events(connection, deployment.catalogue, [event], now)
        values = {"response": kind, "response_note": note or None, "responded_at": now}
        connection.execute(update(FindingRow).where(FindingRow.id == finding_id).values(**values))
        if kind == "disputed":
            contest(connection, finding_id, row.rule, person, note, now)
        else:
            take_back_contest(connection, finding_id, person, now)
            drop_snoozed(connection, finding_id, DroppedReason.ANSWERED)
    deployment.bell.ring()
    return True


def take_back(deployment: Deployment, finding_id: int, person: str) -> str:
    """Undo what `person` has just said of a nudge: ``snoozed``, ``acknowledged`` or ``disputed``, which is returned; '' where
    there is nothing to undo. That it was said stays among the events, with ``nudge.reopened`` after it.

    Raises `Refused` when it was said more than `TAKEN_BACK_WITHIN` ago or HR has decided meanwhile, and as `respond` does.
    """
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        row = _answered(connection, finding_id, person)
        answer = "snoozed" if row.recipient == person and wake_again(connection, finding_id, now) else row.response
        if answer is None or (answer == "acknowledged" and row.recipient != person):
            return ""
        if answer != "snoozed":
            if row.responded_at is None or now - row.responded_at > TAKEN_BACK_WITHIN:
                raise Refused("answer", [Problem("answer", "answer-too-old")])
            if answer == "disputed" and not take_back_contest(connection, finding_id, person, now):
                raise Refused("answer", [Problem("answer", "answer-already-reviewed")])
            undone: dict[str, Any] = {"response": None, "response_note": None, "responded_at": None}
            connection.execute(update(FindingRow).where(FindingRow.id == finding_id).values(**undone))
        data = {"nudge": str(finding_id), "answer": answer}
        event = Event(f"{finding_id}-reopened-{now.timestamp():.6f}", SOURCE, "nudge.reopened", now, person, data)
        store_events(connection, deployment.catalogue, [event], now)
    deployment.bell.ring()
    return answer


def _answered(connection: Any, finding_id: int, person: str) -> Any:
    """The nudge, if it is theirs or about them; nobody else answers it until the transaction ends."""
    theirs = or_(FindingRow.recipient == person, FindingRow.subject == person)
    query = select(*_ANSWERED).where(FindingRow.id == finding_id, theirs)
    row = connection.execute(query if is_sqlite(connection) else query.with_for_update()).first()
    if row is None or not person:
        raise NotFound("no-nudge", {"id": finding_id})
    return row


def _check(kind: str, note: str) -> None:
    problems = []
    if kind not in RESPONSES:
        problems.append(Problem("kind", "unknown-answer", {"kind": kind, "responses": RESPONSES}))
    if kind == "disputed" and not note:
        problems.append(Problem("note", "dispute-without-words"))
    if len(note) > NOTE_LENGTH or "\x00" in note:
        problems.append(Problem("note", "text-too-long", {"limit": NOTE_LENGTH}))
    if problems:
        raise Refused("answer", problems)
