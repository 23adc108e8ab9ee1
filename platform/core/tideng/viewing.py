"""What people may look at, authorised here and not in the screens: web, REST and command line read the same way.

Scope: hr, auditor, implementer and admin see everything; a supervisor sees the people below them and themselves;
everyone else sees what was said to them and what is held on them. Every read is one or two statements, however many
rows it returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select

from tideng.errors import NotAllowed, NotFound
from tideng.people import Directory
from tideng.tables import (
    DeadLetterRow,
    EventRow,
    FindingRow,
    OutboxRow,
    PluginRow,
    ScheduleRunRow,
)

SEES_ALL = frozenset({"hr", "auditor", "implementer", "admin"})
MENDS = frozenset({"hr", "admin"})
"""Who may send parked messages again and retry dead letters."""
STATUSES = ("told", "held", "waiting", "parked", "acknowledged", "disputed", "withdrawn", "recorded")
PAGE_SIZE, MAX_PAGE_SIZE = 25, 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. `person` is their id in the directory ('' for whoever is none, such as the command line)."""

    login: str
    person: str
    roles: frozenset[str]

    @classmethod
    def system(cls) -> Viewer:
        """The operator at the command line, who holds the database anyway."""
        return cls("system", "", frozenset({"admin"}))

    @property
    def sees_all(self) -> bool:
        return bool(self.roles & SEES_ALL)

    @property
    def mends(self) -> bool:
        return bool(self.roles & MENDS)

    def scope(self, directory: Directory, moment: datetime) -> frozenset[str] | None:
        """The people this viewer may see at `moment`; None for everyone."""
        if self.sees_all:
            return None
        if not self.person:
            return frozenset()
        if "supervisor" in self.roles:
            return below(directory, self.person, moment) | {self.person}
        return frozenset({self.person})

    def require_all(self) -> None:
        """Raise `NotAllowed` unless this viewer sees everything: for what belongs to no single person."""
        if not self.sees_all:
            raise NotAllowed("this is for HR, auditors, implementers and administrators")

    def require_mending(self) -> None:
        if not self.mends:
            raise NotAllowed("only HR and administrators may send again")


def below(directory: Directory, person: str, moment: datetime) -> frozenset[str]:
    """Everyone who reports to `person` at `moment`, directly or through others; a loop in the line ends the walk."""
    reports: dict[str, list[str]] = {}
    for member in directory.members(moment):
        reports.setdefault(member.supervisor, []).append(member.person)
    found: set[str] = set()
    waiting = [person]
    while waiting:
        fresh = [one for one in reports.get(waiting.pop(), ()) if one not in found and one != person]
        found.update(fresh)
        waiting.extend(fresh)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, newest first. `next` is the cursor of the following page, None on the last."""

    items: tuple[T, ...]
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on one channel. `status`: waiting, leased, sent, parked, dropped."""

    id: int
    finding: int
    channel: str
    recipient: str
    recipient_name: str
    status: str
    attempts: int
    due: datetime
    held_because: str | None
    sent_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class NudgeView:
    """One finding as people see it. `status` is one of STATUSES; names fall back to ids."""

    id: int
    rule: str
    version: int
    kind: str
    about: str
    subject: str
    subject_name: str
    period: str
    step: int
    ordinal: int
    at: datetime
    effect: str
    action: str
    recipient: str | None
    recipient_name: str
    meant_for: str | None
    meant_for_name: str
    message: str | None
    locale: str | None
    status: str
    response: str | None
    response_note: str | None
    responded_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_because: str | None
    event: int | None
    why: tuple[Mapping[str, Any], ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    deliveries: tuple[Delivery, ...] = ()

    @property
    def key(self) -> str:
        """The finding's key, as `tideng replay` prints it."""
        tail = f"/{self.step}.{self.ordinal}" if self.step or self.ordinal else ""
        return f"{self.rule}/{self.subject}/{self.period}{tail}"


@dataclass(frozen=True, slots=True)
class NudgeFilter:
    """What to show; None leaves a dimension open. `to_me`: only what was said to the viewer."""

    status: str | None = None
    rule: str | None = None
    person: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    to_me: bool = False


def nudges(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    wanted: NudgeFilter | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[NudgeView]:
    """Findings the viewer may see, newest first. `before` is a cursor from `Page.next`. Two statements."""
    statement = select(FindingRow.__table__).where(*_allowed(viewer, directory, moment))
    statement = statement.where(*_matching(wanted or NudgeFilter(), viewer))
    rows, following = _page(connection, statement, FindingRow.id, before, size)
    return Page(_views(connection, directory, moment, rows), following)


def finding(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> NudgeView:
    """One finding with its why; raises `NotFound` also for what the viewer may not see, which would say that it exists."""
    row = connection.execute(
        select(FindingRow.__table__).where(FindingRow.id == id, *_allowed(viewer, directory, moment))
    ).first()
    if row is None:
        raise NotFound(f"no finding {id}")
    return _views(connection, directory, moment, [row])[0]


def siblings(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, of: NudgeView
) -> tuple[NudgeView, ...]:
    """What else the same rule said in the same matter (later steps, further actions), in order."""
    same = and_(FindingRow.rule == of.rule, FindingRow.subject == of.subject, FindingRow.period == of.period)
    statement = select(FindingRow.__table__).where(same, FindingRow.id != of.id, *_allowed(viewer, directory, moment))
    rows = connection.execute(statement.order_by(FindingRow.step, FindingRow.ordinal).limit(MAX_PAGE_SIZE)).all()
    return _views(connection, directory, moment, rows)


@dataclass(frozen=True, slots=True)
class EventView:
    """A stored event. `status`: waiting, judged, failed."""

    id: int
    event_id: str
    source: str
    type: str
    time: datetime
    subject: str
    subject_name: str
    data: Mapping[str, Any]
    status: str
    error: str | None
    received_at: datetime
    history: bool


_EVENT_STATUS = ("waiting", "judged", "failed")


def events(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    type: str | None = None,
    status: str | None = None,
    subject: str | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[EventView]:
    """Stored events, newest first. One statement."""
    statement = select(EventRow.__table__).where(*_about(viewer, directory, moment))
    if type:
        statement = statement.where(EventRow.type == type)
    if status in _EVENT_STATUS:
        statement = statement.where(EventRow.status == _EVENT_STATUS.index(status))
    if subject:
        statement = statement.where(EventRow.subject == subject)
    rows, following = _page(connection, statement, EventRow.id, before, size)
    return Page(tuple(_event(row, directory, moment) for row in rows), following)


def event(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> EventView:
    """One stored event; raises `NotFound`."""
    statement = select(EventRow.__table__).where(EventRow.id == id, *_about(viewer, directory, moment))
    row = connection.execute(statement).first()
    if row is None:
        raise NotFound(f"no event {id}")
    return _event(row, directory, moment)


def outbox(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    status: str | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[Delivery]:
    """Messages on their way and what became of them, newest first; for those who see everything. One statement."""
    viewer.require_all()
    statement = select(OutboxRow.__table__)
    if status:
        statement = statement.where(OutboxRow.status == status)
    rows, following = _page(connection, statement, OutboxRow.id, before, size)
    return Page(tuple(_delivery(row, directory, moment) for row in rows), following)


@dataclass(frozen=True, slots=True)
class LetterView:
    """A payload that could not become an event. `state`: waiting, retried, discarded."""

    id: int
    received_at: datetime
    source: str
    place: str
    payload: str
    truncated: bool
    problems: tuple[Mapping[str, str], ...]
    state: str


def letters(
    connection: Connection,
    viewer: Viewer,
    state: str | None = "waiting",
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[LetterView]:
    """Dead letters, newest first; for those who see everything. One statement."""
    viewer.require_all()
    statement = select(DeadLetterRow.__table__)
    if state:
        statement = statement.where(DeadLetterRow.state == state)
    rows, following = _page(connection, statement, DeadLetterRow.id, before, size)
    return Page(tuple(_letter(row) for row in rows), following)


def letter(connection: Connection, viewer: Viewer, id: int) -> LetterView:
    viewer.require_all()
    row = connection.execute(select(DeadLetterRow.__table__).where(DeadLetterRow.id == id)).first()
    if row is None:
        raise NotFound(f"no dead letter {id}")
    return _letter(row)


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A rule's question to everyone in one zone on one local day. `outcome`: judged, missed."""

    rule: str
    zone: str
    day: date
    due: datetime
    ran_at: datetime
    outcome: str
    note: str | None


def schedule_runs(
    connection: Connection,
    viewer: Viewer,
    outcome: str | None = None,
    since: datetime | None = None,
    size: int = PAGE_SIZE,
) -> tuple[ScheduleView, ...]:
    """The latest schedule runs; `outcome` ``missed`` shows what was not asked. For those who see everything."""
    viewer.require_all()
    row = ScheduleRunRow
    statement = select(row.rule, row.zone, row.day, row.due, row.ran_at, row.outcome, row.note)
    if outcome:
        statement = statement.where(row.outcome == outcome)
    if since:
        statement = statement.where(row.due >= since)
    ordered = statement.order_by(row.due.desc(), row.rule, row.zone).limit(_size(size))
    return tuple(ScheduleView(*found) for found in connection.execute(ordered))


@dataclass(frozen=True, slots=True)
class PluginView:
    """`state`: on, failed, off."""

    name: str
    state: str
    error: str | None
    since: datetime


def plugins(connection: Connection, viewer: Viewer) -> tuple[PluginView, ...]:
    """Every plugin as the migrated database last noted it, the troubled ones first; for those who see everything."""
    viewer.require_all()
    found = connection.execute(select(PluginRow.name, PluginRow.state, PluginRow.error, PluginRow.since))
    order = {"failed": 0, "on": 1, "off": 2}
    return tuple(sorted((PluginView(*row) for row in found), key=lambda p: (order.get(p.state, 3), p.name)))


@dataclass(frozen=True, slots=True)
class Counters:
    """The front page's figures. `oldest_event`, `oldest_message`: since when the oldest unjudged event, and the oldest
    message that is due, have been waiting; None when nothing waits."""

    waiting_events: int
    failed_events: int
    oldest_event: datetime | None
    oldest_message: datetime | None
    parked: int
    held: int
    dead_letters: int
    missed_runs: int
    failed_plugins: int
    disputed: int
    told_today: int


def counters(connection: Connection, moment: datetime, today: datetime) -> Counters:
    """Count what needs a person, in one statement. `today` is when the client's day began. It names nobody."""
    of = lambda column, *where: select(column).where(*where).scalar_subquery()  # noqa: E731
    waiting = OutboxRow.status.in_(("waiting", "leased"))
    row = connection.execute(
        select(
            of(func.count(), EventRow.status == 0),
            of(func.count(), EventRow.status == 2),
            of(func.min(EventRow.received_at), EventRow.status == 0),
            of(func.min(OutboxRow.due), waiting, OutboxRow.due <= moment),
            of(func.count(), OutboxRow.status == "parked"),
            of(
                func.count(), OutboxRow.status == "waiting", OutboxRow.held_because.is_not(None), OutboxRow.due > moment
            ),
            of(func.count(), DeadLetterRow.state == "waiting"),
            of(func.count(), ScheduleRunRow.outcome == "missed", ScheduleRunRow.due >= today),
            of(func.count(), PluginRow.state == "failed"),
            of(func.count(), FindingRow.response == "disputed", FindingRow.responded_at >= today),
            of(func.count(), OutboxRow.status == "sent", OutboxRow.sent_at >= today),
        )
    ).one()
    return Counters(*row)


# -- how rows become what people see -----------------------------------------------------------------------------------


def _allowed(viewer: Viewer, directory: Directory, moment: datetime) -> list[ColumnElement[bool]]:
    scope = viewer.scope(directory, moment)
    if scope is None:
        return []
    people = sorted(scope)
    return [or_(FindingRow.recipient.in_(people), FindingRow.subject.in_(people))]


def _about(viewer: Viewer, directory: Directory, moment: datetime) -> list[ColumnElement[bool]]:
    scope = viewer.scope(directory, moment)
    return [] if scope is None else [EventRow.subject.in_(sorted(scope))]


def _matching(wanted: NudgeFilter, viewer: Viewer) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status:
        found.append(_with_status(wanted.status))
    if wanted.rule:
        found.append(FindingRow.rule == wanted.rule)
    if wanted.person:
        found.append(or_(FindingRow.subject == wanted.person, FindingRow.recipient == wanted.person))
    if wanted.action:
        found.append(FindingRow.action == wanted.action)
    if wanted.since:
        found.append(FindingRow.at >= wanted.since)
    if wanted.until:
        found.append(FindingRow.at <= wanted.until)
    if wanted.to_me:
        found += [FindingRow.recipient == viewer.person, FindingRow.message.is_not(None)]
    return found


def _with_status(status: str) -> ColumnElement[bool]:
    """The same decision as `_status`, in SQL. An unknown status matches nothing."""
    has = lambda *where: exists().where(OutboxRow.finding == FindingRow.id, *where)  # noqa: E731
    on_way = OutboxRow.status.in_(("waiting", "leased"))
    live = FindingRow.state == "live"
    unanswered = and_(live, FindingRow.response.is_(None))
    undelivered = and_(unanswered, ~has(OutboxRow.status == "parked"), ~has(OutboxRow.status == "sent"))
    conditions = {
        "withdrawn": FindingRow.state == "withdrawn",
        "acknowledged": and_(live, FindingRow.response == "acknowledged"),
        "disputed": and_(live, FindingRow.response == "disputed"),
        "parked": and_(unanswered, has(OutboxRow.status == "parked")),
        "told": and_(unanswered, ~has(OutboxRow.status == "parked"), has(OutboxRow.status == "sent")),
        "held": and_(undelivered, has(on_way, OutboxRow.held_because.is_not(None))),
        "waiting": and_(undelivered, has(on_way), ~has(on_way, OutboxRow.held_because.is_not(None))),
        "recorded": and_(undelivered, ~has(on_way)),
    }
    return conditions.get(status, FindingRow.id.is_(None))


def _status(row: Row, sent: Sequence[Delivery]) -> str:
    if row.state == "withdrawn":
        return "withdrawn"
    if row.response in ("acknowledged", "disputed"):
        return row.response
    states = {one.status for one in sent}
    if "parked" in states:
        return "parked"
    if "sent" in states:
        return "told"
    on_way = [one for one in sent if one.status in ("waiting", "leased")]
    if any(one.held_because for one in on_way):
        return "held"
    return "waiting" if on_way else "recorded"


def _size(size: int) -> int:
    return max(1, min(size, MAX_PAGE_SIZE))


def _page(
    connection: Connection, statement: Select, key: Any, before: int | None, size: int
) -> tuple[Sequence[Row], int | None]:
    """One page by cursor: the same effort for the thousandth page as for the first, and no row is shown twice."""
    size = _size(size)
    if before is not None:
        statement = statement.where(key < before)
    rows = connection.execute(statement.order_by(key.desc()).limit(size + 1)).all()
    return (rows[:size], rows[size - 1].id) if len(rows) > size else (rows, None)


def _views(
    connection: Connection, directory: Directory, moment: datetime, rows: Sequence[Row]
) -> tuple[NudgeView, ...]:
    if not rows:
        return ()
    statement = select(OutboxRow.__table__).where(OutboxRow.finding.in_([row.id for row in rows]))
    sent: dict[int, list[Delivery]] = {}
    for message in connection.execute(statement.order_by(OutboxRow.id)):
        sent.setdefault(message.finding, []).append(_delivery(message, directory, moment))
    return tuple(_nudge(row, tuple(sent.get(row.id, ())), directory, moment) for row in rows)


def _nudge(row: Row, sent: tuple[Delivery, ...], directory: Directory, moment: datetime) -> NudgeView:
    return NudgeView(
        id=row.id,
        rule=row.rule,
        version=row.version,
        kind=row.kind,
        about=row.about,
        subject=row.subject,
        subject_name=name_of(directory, row.subject, moment),
        period=row.period,
        step=row.step,
        ordinal=row.ordinal,
        at=row.at,
        effect=row.effect,
        action=row.action,
        recipient=row.recipient,
        recipient_name=name_of(directory, row.recipient or "", moment),
        meant_for=row.meant_for,
        meant_for_name=name_of(directory, row.meant_for or "", moment),
        message=row.message,
        locale=row.locale,
        status=_status(row, sent),
        response=row.response,
        response_note=row.response_note,
        responded_at=row.responded_at,
        withdrawn_at=row.withdrawn_at,
        withdrawn_because=row.withdrawn_because,
        event=row.event,
        why=tuple(row.why),
        detail=row.detail,
        deliveries=sent,
    )


def _event(row: Row, directory: Directory, moment: datetime) -> EventView:
    return EventView(
        id=row.id,
        event_id=row.event_id,
        source=row.source,
        type=row.type,
        time=row.time,
        subject=row.subject,
        subject_name=name_of(directory, row.subject, moment),
        data=row.data,
        status=_EVENT_STATUS[row.status],
        error=row.error,
        received_at=row.received_at,
        history=row.history,
    )


def _delivery(row: Row, directory: Directory, moment: datetime) -> Delivery:
    name = name_of(directory, row.recipient, moment)
    return Delivery(
        row.id,
        row.finding,
        row.channel,
        row.recipient,
        name,
        row.status,
        row.attempts,
        row.due,
        row.held_because,
        row.sent_at,
        row.error,
    )


def _letter(row: Row) -> LetterView:
    return LetterView(
        row.id, row.received_at, row.source, row.place, row.payload, row.truncated, tuple(row.problems), row.state
    )


def name_of(directory: Directory, person: str, moment: datetime) -> str:
    """The person's name at `moment`, the last one they had, or the id of whoever is no person."""
    found = directory.at(person, moment) or (directory.periods(person) or [None])[-1]
    return found.name if found else person
