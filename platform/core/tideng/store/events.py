"""Events and dead letters, kept: each event once, each refused payload with everything that is wrong with it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select, tuple_, update
from sqlalchemy import insert as plain_insert

from tideng.base.errors import InvalidPayload, InvalidValue, Problem
from tideng.base.parse_errors import of_text
from tideng.base.problems import stored
from tideng.intake.json_text import read_json
from tideng.intake.reader import DeadLetter, dead_letter, read_event
from tideng.model.event import Event
from tideng.model.limits import LENGTHS, MAX_KEY, storable
from tideng.model.statuses import EventStatus
from tideng.store.database import insert, writing
from tideng.store.tables import DeadLetterRow, EventKeyRow, EventRow

if TYPE_CHECKING:
    from tideng.model.catalogue import Catalogue
    from tideng.runtime.deployment import Deployment

LANES = 64
ACCEPTED, DUPLICATE, CONFLICT, REFUSED = "accepted", "duplicate", "conflict", "refused"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one payload: accepted, duplicate (the same again), conflict (same id, other content), refused."""

    status: str
    id: str = ""
    source: str = ""
    problems: tuple[Problem, ...] = field(default_factory=tuple)


def lane_of(subject: str) -> int:
    """The lane whose holder alone works on this subject."""
    return zlib.crc32(subject.encode()) % LANES


def receive(
    deployment: Deployment, payloads: Sequence[Any], source_hint: str = "", *, history: bool = False
) -> list[Receipt]:
    """Take in payloads: what is good is stored, what is not becomes a dead letter, in one transaction.

    Returns one receipt per payload in the same order; nothing is acknowledged before it is on disk.
    """
    now = deployment.clock.now()
    read = read_payloads(deployment, payloads, now)
    with writing(deployment.engine) as connection:
        receipts = keep(connection, deployment.catalogue, read, now, source_hint, history=history)
    if any(receipt.status == ACCEPTED for receipt in receipts):
        deployment.bell.ring()
    return receipts


def read_payloads(
    deployment: Deployment, payloads: Sequence[Any], received: datetime
) -> list[tuple[str, Event | InvalidPayload]]:
    """Each payload's place (``[3]``; '' where it came alone), and the event in it or all that is wrong with it."""
    read: list[tuple[str, Event | InvalidPayload]] = []
    for number, payload in enumerate(payloads):
        place = f"[{number}]" if len(payloads) > 1 else ""
        try:
            read.append((place, read_event(payload, deployment.catalogue, place=place, received=received)))
        except InvalidPayload as error:
            read.append((place, error))
    return read


def keep(
    connection: Connection,
    catalogue: Catalogue,
    read: Sequence[tuple[str, Event | InvalidPayload]],
    now: datetime,
    source_hint: str = "",
    *,
    history: bool = False,
) -> list[Receipt]:
    """Store what was read at each place; refusals and conflicts become dead letters. One receipt each, in the same order."""
    events = [one for _, one in read if isinstance(one, Event)]
    outcomes = iter(store_events(connection, catalogue, events, now, history=history))
    receipts, letters = [], []
    for place, one in read:
        if isinstance(one, InvalidPayload):
            letters.append(dead_letter(one, source_hint))
            receipts.append(Receipt(REFUSED, _said(one.payload, "id"), _said(one.payload, "source"), one.problems))
            continue
        status = next(outcomes)
        problems: tuple[Problem, ...] = ()
        if status == CONFLICT:
            problem = Problem(f"{place}, id" if place else "id", "event-id-known", {"id": one.id, "source": one.source})
            problems = (problem,)
            payload = one.to_cloudevent()
            letters.append(dead_letter(InvalidPayload("event", problems, payload, place), source_hint or one.source))
        receipts.append(Receipt(status, one.id, one.source, problems))
    store_dead_letters(connection, letters, now)
    return receipts


def _said(payload: object, name: str) -> str:
    """What a refused payload says its `name` (id, source) is, so that a sender finds it again; '' where it says none."""
    value = payload.get(name) if isinstance(payload, Mapping) else None
    return storable(value)[: LENGTHS[name]] if isinstance(value, str) else ""


def store_events(
    connection: Connection, catalogue: Catalogue, events: Sequence[Event], now: datetime, *, history: bool = False
) -> list[str]:
    """Store each event once; returns accepted, duplicate or conflict for each, in the same order.

    An event is the same again when its type, time, subject and data are.
    """
    fresh: dict[tuple[str, str], Event] = {}
    for event in events:
        fresh.setdefault((event.source, event.id), event)
    stored = _insert_events(connection, list(fresh.values()), now, history)
    known = _stored_content(connection, [key for key in fresh if key not in stored])
    _insert_keys(connection, catalogue, [(row, fresh[key]) for key, row in stored.items()])
    outcomes, first = [], set(stored)
    for event in events:
        key = (event.source, event.id)
        if key in first:
            first.discard(key)
            outcomes.append(ACCEPTED)
        else:
            content = _content(fresh[key]) if key in stored else known.get(key)
            outcomes.append(DUPLICATE if content == _content(event) else CONFLICT)
    return outcomes


def _insert_events(
    connection: Connection, events: list[Event], now: datetime, history: bool
) -> dict[tuple[str, str], int]:
    stored: dict[tuple[str, str], int] = {}
    rows = [
        {
            "source": event.source,
            "event_id": event.id,
            "type": event.type,
            "time": event.time,
            "subject": event.subject,
            "data": dict(event.data),
            "depth": event.depth,
            "lane": lane_of(event.subject),
            "status": EventStatus.WAITING,
            "attempts": 0,
            "received_at": now,
            "history": history,
        }
        for event in events
    ]
    statement = (
        insert(connection)(EventRow)
        .on_conflict_do_nothing(index_elements=["source", "event_id"])
        .returning(EventRow.id, EventRow.source, EventRow.event_id)
    )
    for start in range(0, len(rows), _CHUNK):
        for row in connection.execute(statement, rows[start : start + _CHUNK]):
            stored[row.source, row.event_id] = row.id
    return stored


def _stored_content(connection: Connection, keys: list[tuple[str, str]]) -> dict[tuple[str, str], tuple]:
    columns = (EventRow.source, EventRow.event_id, EventRow.type, EventRow.time, EventRow.subject, EventRow.data)
    known = {}
    for start in range(0, len(keys), _CHUNK):
        wanted = tuple_(EventRow.source, EventRow.event_id).in_(keys[start : start + _CHUNK])
        for row in connection.execute(select(*columns).where(wanted)):
            known[row.source, row.event_id] = (row.type, row.time, row.subject, _canonical(row.data))
    return known


def _content(event: Event) -> tuple:
    return event.type, event.time, event.subject, _canonical(dict(event.data))


def _canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True, default=str)


def _insert_keys(connection: Connection, catalogue: Catalogue, stored: Iterable[tuple[int, Event]]) -> None:
    rows = []
    for row, event in stored:
        named = ("case",) if _names_case(event) else ()  # also where an open type does not declare it
        for name in {*catalogue.keys_of(event.type), *named}:
            value = event.match(name)
            if value is not None:
                rows.append({"event": row, "field": name, "value": str(value), "type": event.type, "time": event.time})
    if rows:
        connection.execute(plain_insert(EventKeyRow), rows)


def _names_case(event: Event) -> bool:
    case = event.data.get("case")
    return isinstance(case, str) and 0 < len(case) <= MAX_KEY


# -- dead letters ------------------------------------------------------------------------------------------------------


def store_dead_letters(connection: Connection, letters: Sequence[DeadLetter], now: datetime) -> None:
    """Keep refused payloads; the same payload from the same source is kept once."""
    if not letters:
        return
    rows = [
        {
            "received_at": now,
            "source": letter.source,
            "place": letter.place,
            "payload": letter.payload,
            "truncated": letter.truncated,
            "problems": list(map(stored, letter.problems)),
            "fingerprint": letter.fingerprint,
            "state": "waiting",
        }
        for letter in letters
    ]
    connection.execute(insert(connection)(DeadLetterRow).on_conflict_do_nothing(index_elements=["fingerprint"]), rows)


def dead_letters(connection: Connection, ids: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """The dead letters that wait for a person, oldest first; or those with the given ids."""
    table = DeadLetterRow.__table__
    statement = select(table).order_by(table.c.id)
    statement = statement.where(table.c.id.in_(ids)) if ids is not None else statement.where(table.c.state == "waiting")
    return [dict(row) for row in connection.execute(statement).mappings()]


def count_dead_letters(connection: Connection) -> int:
    """How many dead letters wait for a person."""
    waiting = DeadLetterRow.state == "waiting"
    return connection.scalar(select(func.count(DeadLetterRow.id)).where(waiting)) or 0


def retry_dead_letters(deployment: Deployment, ids: Sequence[int] | None = None) -> list[Receipt]:
    """Try waiting dead letters once more (all of them, or those with the given ids), after rules, types or plugins changed.

    Those that are good now are stored and settled; the others keep waiting with what is wrong with them today.
    """
    now = deployment.clock.now()
    receipts = []
    with writing(deployment.engine) as connection:
        for letter in dead_letters(connection, ids):
            if letter["state"] != "waiting":
                continue
            receipt, problems = _retry(connection, deployment.catalogue, letter, now)
            receipts.append(receipt)
            changed = {"state": "retried"} if receipt.status in (ACCEPTED, DUPLICATE) else {"problems": problems}
            connection.execute(update(DeadLetterRow).where(DeadLetterRow.id == letter["id"]).values(**changed))
    return receipts


def _retry(connection: Connection, catalogue: Catalogue, letter: dict, now: datetime) -> tuple[Receipt, list]:
    try:
        if letter["truncated"]:
            raise InvalidValue("letter-cut-off")
        payload = read_json(letter["payload"])
    except (ValueError, RecursionError) as error:
        why = error.message if isinstance(error, InvalidValue) else of_text(error)
        problem = Problem(letter["place"], "letter-unreadable", {"why": why})
        return Receipt(REFUSED, problems=(problem,)), letter["problems"]
    try:
        event = read_event(payload, catalogue, place=letter["place"], received=now)
    except InvalidPayload as error:
        problems = [{"at": p.at, "problem": p.problem, "hint": p.hint} for p in error.problems]
        return Receipt(REFUSED, _said(payload, "id"), _said(payload, "source"), error.problems), problems
    status = store_events(connection, catalogue, [event], now)[0]
    return Receipt(status, event.id, event.source), letter["problems"]


def discard_dead_letters(connection: Connection, ids: Sequence[int]) -> int:
    """Put dead letters aside that nobody will mend; returns how many."""
    statement = update(DeadLetterRow).where(DeadLetterRow.id.in_(ids), DeadLetterRow.state == "waiting")
    return connection.execute(statement.values(state="discarded")).rowcount


def event_from(row: Any) -> Event:
    """The event in a row of the event table."""
    return Event(row.event_id, row.source, row.type, row.time, row.subject, row.data, row.depth)
