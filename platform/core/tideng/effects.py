"""What a person says about a nudge. It enters as an event at the top of the line, like everything else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from tideng.database import writing
from tideng.errors import NotAllowed, NotFound, Problem, Refused
from tideng.events import Event
from tideng.repository import store_events
from tideng.tables import FindingRow

if TYPE_CHECKING:
    from tideng.deployment import Deployment

SOURCE = "tideng/portal"
RESPONSES: Mapping[str, str] = MappingProxyType({"acknowledged": "nudge.acknowledged", "disputed": "nudge.disputed"})
NOTE_LENGTH = 2000


def respond(deployment: Deployment, finding_id: int, person: str, kind: str, note: str = "") -> bool:
    """Keep what `person` answers to a nudge: ``acknowledged``, or ``disputed`` with a note saying what is wrong.

    Only whoever was spoken to may acknowledge; whom it is about may dispute too. Returns False when the very same
    answer is already there. Raises `Refused` for what cannot be kept, `NotAllowed` for somebody else's nudge,
    `NotFound` for one that is neither theirs nor about them.
    """
    note = note.strip()
    _check(kind, note)
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        row = connection.execute(
            select(FindingRow.recipient, FindingRow.subject, FindingRow.response, FindingRow.response_note).where(
                FindingRow.id == finding_id, or_(FindingRow.recipient == person, FindingRow.subject == person)
            )
        ).first()
        if row is None or not person:
            raise NotFound(f"no nudge {finding_id}")
        if kind == "acknowledged" and row.recipient != person:
            raise NotAllowed("only whoever was reminded can say that they have seen it")
        if (row.response, row.response_note or "") == (kind, note):
            return False
        data = {"nudge": str(finding_id), **({"note": note} if note else {})}
        # the moment is part of it: an answer that was changed and changed back was said twice
        digest = hashlib.sha256(f"{kind}\n{note}\n{now.isoformat()}".encode()).hexdigest()[:12]
        event = Event(f"{finding_id}-{kind}-{digest}", SOURCE, RESPONSES[kind], now, person, data)
        store_events(connection, deployment.catalogue, [event], now)
        values = {"response": kind, "response_note": note or None, "responded_at": now}
        connection.execute(update(FindingRow).where(FindingRow.id == finding_id).values(**values))
    deployment.bell.ring()
    return True


def _check(kind: str, note: str) -> None:
    problems = []
    if kind not in RESPONSES:
        problems.append(Problem("kind", f"{kind!r} is no answer", " or ".join(RESPONSES)))
    if kind == "disputed" and not note:
        problems.append(Problem("note", "say in a few words what is not right"))
    if len(note) > NOTE_LENGTH or "\x00" in note:
        problems.append(Problem("note", f"at most {NOTE_LENGTH} characters, without control characters"))
    if problems:
        raise Refused("answer", problems)
