"""Nudges as people see them: what was found, what was said about it, what became of that, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select

from tideng.access.paging import (
    MAX_PAGE_SIZE,
    PAGE_SIZE,
    Page,
    page_of,
)
from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotFound
from tideng.model.statuses import UNDELIVERED, MessageStatus, NudgeStatus
from tideng.org.directory import Directory
from tideng.outbox.rows import SNOOZED, in_unreleased_storm
from tideng.outbox.system_rules import NOTE
from tideng.store.database import among
from tideng.store.tables import FindingRow, OutboxRow


@dataclass(frozen=True, slots=True)
class Delivery:
    """One finding's message on one channel. `status` is a `MessageStatus`.

    `held_because`: the last `HeldReason` for which it waited; `due`: until when. `bundle` is the
    same for all that went out as one message, None for what went out by itself."""

    id: int
    finding: int
    channel: str
    recipient: str
    recipient_name: str
    status: MessageStatus
    attempts: int
    due: datetime
    held_because: str | None
    sent_at: datetime | None
    error: str | None
    dropped_because: str | None = None
    bundle: int | None = None
    key: str = ""

    @property
    def is_held(self) -> bool:
        """Whether it is kept from its reader now, for the reason in `held_because`."""
        put_off = self.status == MessageStatus.WAITING and self.held_because is not None
        return self.status == MessageStatus.HELD or put_off

    @property
    def is_snoozed(self) -> bool:
        """Whether its reader has put it off, until `due`."""
        return SNOOZED.holds(self.status, self.held_because)


@dataclass(frozen=True, slots=True)
class NudgeView:
    """One finding as people see it. `status` is a `NudgeStatus`; names fall back to ids."""

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
    status: NudgeStatus
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
    def later(self) -> datetime | None:
        """Until when its reader has put it off; None: they have not."""
        return next((one.due for one in self.deliveries if one.is_snoozed), None)

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
    statement = select(FindingRow.__table__).where(*_allowed(connection, viewer, directory, moment))
    statement = statement.where(*_matching(wanted or NudgeFilter(), viewer))
    rows, following = page_of(connection, statement, FindingRow.id, before, size)
    return Page(_views(connection, directory, moment, rows), following)


def finding(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> NudgeView:
    """One finding with its why; raises `NotFound` also for what the viewer may not see, which would say that it exists."""
    row = connection.execute(
        select(FindingRow.__table__).where(FindingRow.id == id, *_allowed(connection, viewer, directory, moment))
    ).first()
    if row is None:
        raise NotFound("no-finding", {"id": id})
    return _views(connection, directory, moment, [row])[0]


def siblings(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, of: NudgeView
) -> tuple[NudgeView, ...]:
    """What else the same rule said in the same matter (later steps, further actions), in order."""
    same = and_(FindingRow.rule == of.rule, FindingRow.subject == of.subject, FindingRow.period == of.period)
    statement = select(FindingRow.__table__).where(
        same, FindingRow.id != of.id, *_allowed(connection, viewer, directory, moment)
    )
    rows = connection.execute(statement.order_by(FindingRow.step, FindingRow.ordinal).limit(MAX_PAGE_SIZE)).all()
    return _views(connection, directory, moment, rows)


def _allowed(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime
) -> list[ColumnElement[bool]]:
    scope = viewer.scope(directory, moment)
    if scope is None:
        return []
    # what HR has not released yet, or has let go, is nobody's to read; who leaves whom a note is not for those above
    concerned = or_(among(connection, FindingRow.recipient, scope), among(connection, FindingRow.subject, scope))
    return [~in_unreleased_storm(), concerned, or_(FindingRow.rule != NOTE, FindingRow.recipient == viewer.person)]


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
        # that there is a note stands where notes stand
        found += [FindingRow.recipient == viewer.person, FindingRow.message.is_not(None), FindingRow.rule != NOTE]
    return found


def _with_status(status: str) -> ColumnElement[bool]:
    """The same decision as `_status`, in SQL. An unknown status matches nothing."""
    has = lambda *where: exists().where(OutboxRow.finding == FindingRow.id, *where)  # noqa: E731
    on_way = OutboxRow.status.in_(UNDELIVERED)
    live = FindingRow.state == "live"
    put_off = has(SNOOZED.condition)
    silent = and_(live, FindingRow.response.is_(None))
    unanswered = and_(silent, ~put_off)
    parked, sent = has(OutboxRow.status == MessageStatus.PARKED), has(OutboxRow.status == MessageStatus.SENT)
    undelivered = and_(unanswered, ~parked, ~sent)
    conditions: dict[str, ColumnElement[bool]] = {
        NudgeStatus.WITHDRAWN: FindingRow.state == "withdrawn",
        NudgeStatus.ACKNOWLEDGED: and_(live, FindingRow.response == "acknowledged"),
        NudgeStatus.DISPUTED: and_(live, FindingRow.response == "disputed"),
        NudgeStatus.SNOOZED: and_(silent, put_off),
        NudgeStatus.PARKED: and_(unanswered, parked),
        NudgeStatus.TOLD: and_(unanswered, ~parked, sent),
        NudgeStatus.HELD: and_(undelivered, has(on_way, OutboxRow.held_because.is_not(None))),
        NudgeStatus.WAITING: and_(undelivered, has(on_way), ~has(on_way, OutboxRow.held_because.is_not(None))),
        NudgeStatus.RECORDED: and_(undelivered, ~has(on_way)),
    }
    return conditions.get(status, FindingRow.id.is_(None))


def _status(row: Row, sent: Sequence[Delivery]) -> NudgeStatus:
    if row.state == "withdrawn":
        return NudgeStatus.WITHDRAWN
    if row.response in (NudgeStatus.ACKNOWLEDGED, NudgeStatus.DISPUTED):
        return NudgeStatus(row.response)
    if any(one.is_snoozed for one in sent):
        return NudgeStatus.SNOOZED
    states = {one.status for one in sent}
    if MessageStatus.PARKED in states:
        return NudgeStatus.PARKED
    if MessageStatus.SENT in states:
        return NudgeStatus.TOLD
    on_way = [one for one in sent if one.status in UNDELIVERED]
    if any(one.held_because for one in on_way):
        return NudgeStatus.HELD
    return NudgeStatus.WAITING if on_way else NudgeStatus.RECORDED


def _views(
    connection: Connection, directory: Directory, moment: datetime, rows: Sequence[Row]
) -> tuple[NudgeView, ...]:
    if not rows:
        return ()
    statement = select(OutboxRow.__table__).where(OutboxRow.finding.in_([row.id for row in rows]))
    sent: dict[int, list[Delivery]] = {}
    for message in connection.execute(statement.order_by(OutboxRow.id)):
        sent.setdefault(message.finding, []).append(delivery_of(message, directory, moment))
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


def delivery_of(row: Row, directory: Directory, moment: datetime) -> Delivery:
    name = name_of(directory, row.recipient, moment)
    return Delivery(
        row.id,
        row.finding,
        row.channel,
        row.recipient,
        name,
        MessageStatus(row.status),
        row.attempts,
        row.due,
        row.held_because,
        row.sent_at,
        row.error,
        row.dropped_because,
        row.bundle,
        row.key,
    )
