"""The rows of the outbox: every statement that adds a message, changes its state, or chooses which are due.

Nobody else writes `OutboxRow`. Callers say which messages they mean (`Selection`) and what happens to them (`hold`, `make_due`,
`drop`, `park` …); which status is which is decided here. Statements run in the caller's transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from tideng.model.statuses import ON_THE_WAY, UNSENT, DroppedReason, HeldReason, MessageStatus
from tideng.store.columns import Moment
from tideng.store.database import insert, is_sqlite
from tideng.store.tables import FindingRow, OutboxRow

_table = OutboxRow.__table__
_RELEASE_LOCK = 0x71DE49
"""The advisory lock of PostgreSQL under which messages are released."""
_SEEN = tuple(
    _table.c[name]
    for name in ("id", "recipient", "channel", "status", "due", "held_because", "alone", "bundle", "released_at")
)
PersonChannel = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to add. `key` is unique: a message whose key exists already is not added again."""

    key: str
    finding: int
    channel: str
    recipient: str
    due: datetime
    status: MessageStatus = MessageStatus.WAITING
    held_because: str | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class MessageState:
    """A state to select by. `because`: held for this reason; `never_released`: it has not gone out even once."""

    status: MessageStatus
    because: HeldReason | None = None
    never_released: bool = False

    @property
    def condition(self) -> ColumnElement[bool]:
        found = [OutboxRow.status == self.status]
        if self.because is not None:
            found.append(OutboxRow.held_because == self.because)
        if self.never_released:
            found.append(OutboxRow.released_at.is_(None))
        return and_(*found)

    def is_of(self, row: Any) -> bool:
        """Whether a row that was read is in this state."""
        released = self.never_released and row.released_at is not None
        return self.holds(row.status, row.held_because) and not released

    def holds(self, status: str, because: str | None) -> bool:
        """Whether a status with its reason is this state, whether or not the message was released before."""
        return status == self.status and self.because in (None, because)


WAITING = MessageState(MessageStatus.WAITING)
NEVER_RELEASED = MessageState(MessageStatus.WAITING, never_released=True)
PARKED = MessageState(MessageStatus.PARKED)
SNOOZED = MessageState(MessageStatus.HELD, HeldReason.SNOOZED)
CONTESTED = MessageState(MessageStatus.HELD, HeldReason.CONTESTED)
STORMED = MessageState(MessageStatus.HELD, HeldReason.STORM)
ANY_UNSENT = tuple(map(MessageState, UNSENT))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages a statement is about; None leaves a dimension open.

    `ids`: of the messages; `findings`: of the findings that they say; `rule` and `period`: of these findings; `found_since`:
    only findings that are live and were found then or later; `recorded_at`: only findings put on record at that moment;
    `states`: any of them.
    """

    states: Sequence[MessageState] = ()
    ids: Collection[int] | None = None
    findings: Collection[int] | None = None
    recipient: str | None = None
    rule: str | None = None
    period: str | None = None
    found_since: datetime | None = None
    recorded_at: datetime | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        found: list[ColumnElement[bool]] = []
        if self.ids is not None:
            found.append(OutboxRow.id.in_(self.ids))
        if self.findings is not None:
            found.append(OutboxRow.finding.in_(self.findings))
        if self.recipient is not None:
            found.append(OutboxRow.recipient == self.recipient)
        of_finding = self._of_finding()
        if of_finding:
            found.append(OutboxRow.finding.in_(select(FindingRow.id).where(*of_finding)))
        if self.states:
            found.append(or_(*(state.condition for state in self.states)))
        if not found:
            raise ValueError("a selection of messages names at least one dimension")
        return and_(*found)

    def _of_finding(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.rule is not None:
            found.append(FindingRow.rule == self.rule)
        if self.period is not None:
            found.append(FindingRow.period == self.period)
        if self.found_since is not None:
            found += [FindingRow.at >= self.found_since, FindingRow.state == "live"]
        if self.recorded_at is not None:
            found.append(FindingRow.created_at == self.recorded_at)
        return found


# -- conditions for readers --------------------------------------------------------------------------------------------


def is_held() -> ColumnElement[bool]:
    """Whether a message is kept from its reader now: until somebody decides, or until `due` for the reason it carries."""
    put_off = and_(OutboxRow.status == MessageStatus.WAITING, OutboxRow.held_because.is_not(None))
    return or_(OutboxRow.status == MessageStatus.HELD, put_off)


def from_unreleased_storm() -> ColumnElement[bool]:
    """Whether a message belongs to a storm that HR has not released; only HR and administrators may read of it."""
    return and_(OutboxRow.held_because == HeldReason.STORM, OutboxRow.sent_at.is_(None))


def in_unreleased_storm() -> ColumnElement[bool]:
    """Whether the finding of a query has a message from a storm that HR has not released."""
    return exists().where(OutboxRow.finding == FindingRow.id, from_unreleased_storm())


# -- adding and changing -----------------------------------------------------------------------------------------------


def add(connection: Connection, messages: Iterable[NewMessage]) -> None:
    """Add messages; one whose key is there already is left as it is."""
    rows = [
        {
            "key": one.key,
            "finding": one.finding,
            "channel": one.channel,
            "recipient": one.recipient,
            "status": one.status,
            "attempts": 0,
            "due": one.due,
            "held_because": one.held_because,
            "alone": one.alone,
        }
        for one in messages
    ]
    if rows:
        connection.execute(insert(connection)(OutboxRow).on_conflict_do_nothing(), rows)


def hold(connection: Connection, which: Selection, because: HeldReason) -> int:
    """Hold messages until somebody decides; returns how many."""
    return _change(connection, which, status=MessageStatus.HELD, held_because=because)


def make_due(connection: Connection, which: Selection, now: datetime) -> int:
    """Let held messages go out from `now` on, subject to quiet hours and budgets; returns how many."""
    return _change(connection, which, status=MessageStatus.WAITING, due=now, held_because=None)


def drop(connection: Connection, which: Selection, because: str | None = None) -> int:
    """Never send messages; they stay on record. `because`: a `DroppedReason` or a person's own words. Returns how many."""
    said = {} if because is None else {"dropped_because": because}
    return _change(connection, which, status=MessageStatus.DROPPED, **said)


def restore_snoozed(connection: Connection, finding: int, snooze_prefix: str, now: datetime) -> None:
    """Let the messages of a finding go out that were dropped for a snooze, without the snooze's own (`snooze_prefix`)."""
    kept = and_(
        OutboxRow.finding == finding,
        OutboxRow.status == MessageStatus.DROPPED,
        OutboxRow.dropped_because == DroppedReason.SNOOZED,
        ~OutboxRow.key.startswith(snooze_prefix, autoescape=True),
    )
    values = {"status": MessageStatus.WAITING, "due": now, "dropped_because": None}
    connection.execute(update(OutboxRow).where(kept).values(**values))


def postpone(connection: Connection, messages: Iterable[tuple[int, datetime, str | None]]) -> None:
    """Give messages on their way another due moment and the reason for it: (id, due, because) each."""
    rows = [{"row": id, "until": due, "why": because} for id, due, because in messages]
    if rows:
        # many rows in one call: `in_` cannot be expanded there
        on_the_way = or_(*(_table.c.status == status for status in ON_THE_WAY))
        unsent = and_(_table.c.id == bindparam("row"), on_the_way)
        values = {"status": MessageStatus.WAITING, "due": bindparam("until"), "held_because": bindparam("why")}
        connection.execute(update(OutboxRow).where(unsent).values(**values), rows)


def mark_sent(connection: Connection, ids: Sequence[int], now: datetime) -> list[int]:
    """Leased messages were delivered; returns which. One that was withdrawn while it was being sent stays dropped."""
    return _settle(connection, ids, status=MessageStatus.SENT, sent_at=now, error=None)


def park(connection: Connection, ids: Sequence[int], error: str) -> list[int]:
    """Leased messages could not be delivered, and a person has to look; returns which."""
    return _settle(connection, ids, status=MessageStatus.PARKED, error=error)


def try_later(
    connection: Connection, ids: Sequence[int], due: datetime, because: HeldReason | None, error: str
) -> list[int]:
    """Leased messages could not be delivered, and are tried again at `due`; returns which."""
    return _settle(connection, ids, status=MessageStatus.WAITING, due=due, held_because=because, error=error)


def retry(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Send parked messages again from their first attempt, with all that went out together with them; returns how many."""
    together = select(OutboxRow.bundle).where(OutboxRow.id.in_(ids), OutboxRow.bundle.is_not(None))
    wanted = and_(or_(OutboxRow.id.in_(ids), OutboxRow.bundle.in_(together)), PARKED.condition)
    again = {"status": MessageStatus.WAITING, "attempts": 0, "due": now, "error": None}
    return connection.execute(update(OutboxRow).where(wanted).values(**again)).rowcount


def _change(connection: Connection, which: Selection, **values: Any) -> int:
    return connection.execute(update(OutboxRow).where(which.condition).values(**values)).rowcount


def _settle(connection: Connection, ids: Sequence[int], **values: Any) -> list[int]:
    ours = and_(OutboxRow.id.in_(ids), OutboxRow.status == MessageStatus.LEASED)
    return list(connection.scalars(update(OutboxRow).where(ours).values(**values).returning(OutboxRow.id)))


# -- choosing what goes out --------------------------------------------------------------------------------------------


def lock_releases(connection: Connection) -> None:
    """Let one worker at a time decide which messages go out, until the transaction ends."""
    if not is_sqlite(connection):  # SQLite has one writer anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _RELEASE_LOCK})


def something_is_due(connection: Connection, now: datetime) -> bool:
    return connection.execute(select(_table.c.id).where(_due(now)).limit(1)).first() is not None


def due_messages(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """The oldest messages that are due, with what the decision about them needs."""
    query = select(*_SEEN).where(_due(now)).order_by(_table.c.due, _table.c.id).limit(limit)
    return connection.execute(query).all()


def bundled_messages(connection: Connection, bundles: Collection[int]) -> dict[int, list[Any]]:
    """What is left on its way of each bundle, in order."""
    if not bundles:
        return {}
    whole = select(*_SEEN).where(_table.c.bundle.in_(bundles), _on_the_way())
    rows: dict[int, list[Any]] = {}
    for row in connection.execute(whole.order_by(_table.c.id)):
        rows.setdefault(row.bundle, []).append(row)
    return rows


def never_released(connection: Connection, keys: Collection[PersonChannel]) -> dict[PersonChannel, list[Any]]:
    """What waits for each person on each channel, due or not, in the order in which it arose."""
    unsaid = and_(tuple_(_table.c.recipient, _table.c.channel).in_(list(keys)), NEVER_RELEASED.condition)
    found: dict[PersonChannel, list[Any]] = {key: [] for key in keys}
    for row in connection.execute(select(*_SEEN).where(unsaid).order_by(_table.c.id)):
        found[row.recipient, row.channel].append(row)
    return found


def released_since(
    connection: Connection, keys: Collection[PersonChannel], since: datetime
) -> list[tuple[PersonChannel, datetime]]:
    """Each message that counts against the budget and went out since then: to whom, and when. A bundle counts once."""
    message = func.coalesce(_table.c.bundle, _table.c.id)
    query = (
        select(_table.c.recipient, _table.c.channel, func.min(_table.c.released_at).label("at"))
        .where(
            tuple_(_table.c.recipient, _table.c.channel).in_(list(keys)),
            _table.c.released_at >= since,
            _table.c.alone.is_(False),
        )
        .group_by(_table.c.recipient, _table.c.channel, message)
    )
    return [((row.recipient, row.channel), row.at) for row in connection.execute(query)]


def lease(
    connection: Connection, groups: list[list[int]], tried: Set[int | None], now: datetime, until: datetime
) -> list[list[int]]:
    """Lease groups of messages, each to go out as one; returns the groups as they were leased.

    A message that another transaction is just withdrawing stays behind; a bundle that was tried before (`tried`) keeps its
    contents or waits.
    """
    wanted = [row for group in groups for row in group]
    free = set(wanted)
    if not is_sqlite(connection):
        query = select(_table.c.id, _table.c.bundle).where(_table.c.id.in_(wanted), _on_the_way())
        locked = connection.execute(query.order_by(_table.c.id).with_for_update(skip_locked=True)).all()
        free = {row.id for row in locked}
        known = {row.id: row.bundle for row in locked}
        groups = [group for group in groups if free.issuperset(group) or not tried & {known.get(row) for row in group}]
    groups = [left for group in groups if (left := [row for row in group if row in free])]
    ids = [row for group in groups for row in group]
    if not ids:
        return []
    # an attempt is counted before it is made, so that a message that kills its worker does not do so for ever
    values: dict[str, Any] = {"status": MessageStatus.LEASED, "attempts": OutboxRow.attempts + 1, "due": until}
    values["released_at"] = func.coalesce(OutboxRow.released_at, literal(now, Moment()))
    connection.execute(update(OutboxRow).where(OutboxRow.id.in_(ids)).values(**values))
    new = [{"row": row, "first": group[0]} for group in groups if len(group) > 1 for row in group]
    if new:
        unbound = and_(_table.c.id == bindparam("row"), _table.c.bundle.is_(None))
        connection.execute(update(OutboxRow).where(unbound).values(bundle=bindparam("first")), new)
    return groups


def _on_the_way() -> ColumnElement[bool]:
    return _table.c.status.in_(ON_THE_WAY)


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(_on_the_way(), _table.c.due <= now)


# -- reading -----------------------------------------------------------------------------------------------------------


def letters(connection: Connection, groups: Sequence[Sequence[int]]) -> list[list[Any]]:
    """The leased messages with what they say, the rows of each group together and in order.

    A row has `id`, `key`, `channel`, `recipient`, `attempts`, `lead` (the key of its bundle's first row), and of its finding
    `finding` (id), `rule`, `version`, `message`, `locale` and `period`.
    """
    place = {id: number for number, group in enumerate(groups) for id in group}
    if not place:
        return []
    lead = aliased(OutboxRow)
    query = (
        select(
            OutboxRow.id,
            OutboxRow.key,
            OutboxRow.channel,
            OutboxRow.recipient,
            OutboxRow.attempts,
            lead.key.label("lead"),
            FindingRow.rule,
            FindingRow.version,
            FindingRow.message,
            FindingRow.locale,
            FindingRow.period,
            FindingRow.id.label("finding"),
        )
        .join(FindingRow, FindingRow.id == OutboxRow.finding)
        .outerjoin(lead, lead.id == OutboxRow.bundle)
        .where(OutboxRow.id.in_(list(place)))
    )
    found: list[list[Any]] = [[] for _ in groups]
    for row in sorted(connection.execute(query), key=lambda row: row.id):
        found[place[row.id]].append(row)
    return [together for together in found if together]


def spoken(connection: Connection, ids: Sequence[int]) -> Sequence[Any]:
    """What these messages said, in order of their ids: `id`, `channel`, `recipient`, `rule`, `version`, `finding`."""
    columns = (OutboxRow.id, OutboxRow.channel, OutboxRow.recipient, FindingRow.rule, FindingRow.version)
    query = select(*columns, FindingRow.id.label("finding")).join(FindingRow, FindingRow.id == OutboxRow.finding)
    return connection.execute(query.where(OutboxRow.id.in_(ids)).order_by(OutboxRow.id)).all()


def of_finding(connection: Connection, finding: int) -> Sequence[Any]:
    """Every message of one finding, with all columns."""
    return connection.execute(select(_table).where(OutboxRow.finding == finding)).all()


def of_findings(connection: Connection, findings: Collection[int]) -> Sequence[Any]:
    """The messages of these findings in order: `status`, `due`, `held_because`, `recipient` and `error` of each."""
    columns = (OutboxRow.status, OutboxRow.due, OutboxRow.held_because, OutboxRow.recipient, OutboxRow.error)
    query = select(*columns).where(OutboxRow.finding.in_(findings)).order_by(OutboxRow.id)
    return connection.execute(query).all()


def count_released(connection: Connection, key: PersonChannel, since: datetime, until: datetime) -> int:
    """How many messages that count against the budget went out to a person on a channel from `since` until before `until`."""
    ours = (OutboxRow.recipient == key[0], OutboxRow.channel == key[1], OutboxRow.alone.is_(False))
    then = (OutboxRow.released_at >= since, OutboxRow.released_at < until)
    messages = func.count(func.coalesce(OutboxRow.bundle, OutboxRow.id).distinct())
    return connection.scalar(select(messages).where(*ours, *then)) or 0


def first_error(connection: Connection) -> str:
    """Why one of the parked messages could not be delivered; '' where none is parked."""
    return connection.scalar(select(OutboxRow.error).where(PARKED.condition).order_by(OutboxRow.id).limit(1)) or ""


def exist(connection: Connection, which: Selection) -> bool:
    """Whether there is such a message."""
    return connection.execute(select(OutboxRow.id).where(which.condition).limit(1)).first() is not None


def count(connection: Connection, which: Selection) -> int:
    return connection.scalar(select(func.count()).select_from(OutboxRow).where(which.condition)) or 0


def count_by_rule_and_recipient(connection: Connection, state: MessageState) -> Mapping[tuple[str, str], int]:
    """How many messages are in this state, by (rule, recipient)."""
    query = (
        select(FindingRow.rule, OutboxRow.recipient, func.count())
        .join(FindingRow, FindingRow.id == OutboxRow.finding)
        .where(state.condition)
        .group_by(FindingRow.rule, OutboxRow.recipient)
    )
    return Counter({(row[0], row[1]): row[2] for row in connection.execute(query)})
