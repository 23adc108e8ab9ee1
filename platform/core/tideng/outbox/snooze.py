"""Later, please: a reminder that its reader puts off, and that comes back unless what it asks for is done.

Only the speaking moves. The finding stays as it is, later steps of its ladder come at their own hours, and a preview or a
replay finds the same. The message that comes back is one its reader asked for: it keeps to their quiet hours, counts
against no budget and is no point of a digest. Until its moment the row is ``held`` because of SNOOZED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, or_, select, update

from tideng.base.errors import (
    NotAllowed,
    NotFound,
    Problem,
    Refused,
)
from tideng.facts.world import Spoken
from tideng.model.calendars import local_moment
from tideng.model.event import Event
from tideng.model.statuses import DroppedReason, HeldReason, MessageStatus
from tideng.org.directory import Directory
from tideng.outbox import rows
from tideng.outbox.policy import Speaking
from tideng.outbox.rows import NewMessage, Selection
from tideng.store.database import is_sqlite, writing
from tideng.store.events import store_events
from tideng.store.tables import AgendaRow, FindingRow, OutboxRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

SOURCE = "tideng/portal"
MOST = 3
"""So many times one reminder may be put off."""
_SOON = (timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1))
_MORNING = time(8, 30)
_COLUMNS = tuple(
    FindingRow.__table__.c[name]
    for name in ("id", "rule", "version", "about", "subject", "period", "step", "at", "recipient", "state", "response")
)


@dataclass(frozen=True, slots=True)
class SnoozedMessage:
    """A reminder that was put off and whose moment has come: its row in the outbox, and what it is about."""

    row: int
    spoken: Spoken
    about: str
    recipient: str


def snooze(
    deployment: Deployment, finding_id: int, person: str, until: datetime, directory: Directory | None = None
) -> bool:
    """Put a reminder to `person` off until `until` (any zone). Returns False when it is put off until then already.

    A message of it that was not sent yet is not sent before then either. Raises `NotFound` for a reminder that is not
    theirs, `NotAllowed` where they may only read it, and `Refused` for a moment that is past, in quiet hours, later than
    what the reminder is about (`latest`), or the fourth time.
    """
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        directory = directory or deployment.plugins.first("directory", connection=connection) or Directory()
        speaking = Speaking.of(deployment.profile)
        row = _own(connection, finding_id, person)
        of_mine = [one for one in rows.of_finding(connection, finding_id) if one.recipient == person]
        times = 1 + max((_number(one.key, finding_id) for one in of_mine), default=0)
        open_ = [one for one in of_mine if rows.SNOOZED.is_of(one)]
        if open_ and all(one.due == until for one in open_):
            return False
        _check(row, bool(of_mine), times, until, now, speaking, directory)
        _put_aside(connection, finding_id)
        rows.add(
            connection,
            (
                NewMessage(
                    f"{_prefix(finding_id)}{times}:{channel}"[:500],
                    finding_id,
                    channel,
                    person,
                    until,
                    MessageStatus.HELD,
                    HeldReason.SNOOZED,
                    alone=True,
                )
                for channel in sorted({one.channel for one in of_mine})
            ),
        )
        seen = and_(FindingRow.id == finding_id, FindingRow.response == "acknowledged")
        connection.execute(update(FindingRow).where(seen).values(response=None))  # it is open again
        data = {"nudge": str(finding_id), "until": until.isoformat()}
        event = Event(f"{finding_id}-snoozed-{times}", SOURCE, "nudge.snoozed", now, person, data)
        store_events(connection, deployment.catalogue, [event], now)
    deployment.bell.ring()
    return True


def choices(
    found: datetime, period: str, person: str, now: datetime, speaking: Speaking, directory: Directory
) -> list[datetime]:
    """When a reminder found at `found` may come back, earliest first (UTC): soon, or tomorrow morning; never in quiet hours."""
    zone = directory.zone_of(person, now)
    tomorrow = local_moment(now.astimezone(zone).date() + timedelta(days=1), _MORNING, zone)
    end = latest(found, period, person, directory)
    wanted = [(now + length).replace(second=0, microsecond=0) for length in _SOON] + [tomorrow]
    return [at for at in wanted if at < end and speaking.next_allowed(person, at, directory) == at]


def latest(found: datetime, period: str, person: str, directory: Directory) -> datetime:
    """Before when a reminder found at `found` has to come back: the end of the day it is about, where it is about one;
    else of the day after it was found (local days of whoever reads it; UTC)."""
    zone = directory.zone_of(person, found)
    try:
        day = date.fromisoformat(period[:10])
    except ValueError:
        day = found.astimezone(zone).date() + timedelta(days=1)
    return local_moment(day + timedelta(days=1), time(), zone)


def times_left(deliveries: Iterable[str], finding_id: int) -> int:
    """How often a reminder may be put off still, given the keys of its messages."""
    return max(0, MOST - max((_number(key, finding_id) for key in deliveries), default=0))


def drop_snoozed(connection: Connection, finding_id: int, because: DroppedReason) -> int:
    """Drop the snoozed messages of a finding, which are not needed any more; returns how many."""
    return rows.drop(connection, Selection((rows.SNOOZED,), findings=[finding_id]), because)


def wake_again(connection: Connection, finding_id: int, now: datetime) -> bool:
    """The reader changed their mind: it is not put off any more, and what was kept back for it is due. False: it was not."""
    if not drop_snoozed(connection, finding_id, DroppedReason.UNDONE):
        return False
    rows.restore_snoozed(connection, finding_id, _prefix(finding_id), now)
    return True


# -- when its moment has come ------------------------------------------------------------------------------------------


def somebody_waits(connection: Connection, now: datetime) -> bool:
    """Whether the moment of a reminder that was put off has come."""
    return connection.execute(select(OutboxRow.id).where(_ripe(now)).limit(1)).first() is not None


def ripe(connection: Connection, now: datetime) -> list[SnoozedMessage]:
    """The reminders whose moment has come, held against other workers until the transaction ends."""
    query = (
        select(OutboxRow.id.label("row"), OutboxRow.recipient.label("reader"), *_COLUMNS)
        .join(FindingRow, FindingRow.id == OutboxRow.finding)
        .where(_ripe(now))
        .order_by(OutboxRow.id)
        .limit(200)
    )
    if not is_sqlite(connection):
        query = query.with_for_update(skip_locked=True, of=OutboxRow.__table__)
    return [
        SnoozedMessage(
            one.row, Spoken(one.rule, one.version, one.subject, one.period, one.step, one.at), one.about, one.reader
        )
        for one in connection.execute(query)
    ]


def wake(
    connection: Connection,
    waiting: Sequence[SnoozedMessage],
    settled: Callable[[list[Spoken]], list[Spoken]],
    directory: Directory,
    now: datetime,
) -> None:
    """Say `waiting` again, or drop what is not needed: its day is over, its ladder has ended, or `settled` says so.

    `settled`, asked about findings on people, returns those whose rule would not say it any more.
    """
    ended = _ended(connection, waiting)
    over = {
        one.row
        for one in waiting
        if _about_a_day(one.spoken.period) and now >= latest(one.spoken.at, one.spoken.period, one.recipient, directory)
    }
    open_ = [one for one in waiting if one.row not in over and _key(one.spoken) not in ended]
    done = {_key(one) for one in settled([one.spoken for one in open_ if one.about == "person"])}
    kept = [one.row for one in open_ if _key(one.spoken) not in done]
    gone = [one.row for one in waiting if one.row not in set(kept)]
    if kept:
        rows.make_due(connection, Selection(ids=kept), now)
    if gone:
        rows.drop(connection, Selection(ids=gone), DroppedReason.DONE)


def _ripe(now: datetime) -> Any:
    return and_(rows.SNOOZED.condition, OutboxRow.due <= now)


def _ended(connection: Connection, waiting: Sequence[SnoozedMessage]) -> set[tuple[str, str, str]]:
    """The occurrences whose ladder ended because `until` held, or because somebody left or is away."""
    table = AgendaRow
    cancelled = connection.execute(
        select(table.rule, table.subject, table.period).where(
            table.kind == "step",
            table.state == "cancelled",
            table.rule.in_({one.spoken.rule for one in waiting}),
            table.subject.in_({one.spoken.subject for one in waiting}),
        )
    )
    return {(row.rule, row.subject, row.period) for row in cancelled}


def _key(spoken: Spoken) -> tuple[str, str, str]:
    return spoken.rule, spoken.subject, spoken.period


def _about_a_day(period: str) -> bool:
    try:
        return bool(date.fromisoformat(period[:10]))
    except ValueError:
        return False


# -- whether it may be put off -----------------------------------------------------------------------------------------


def _own(connection: Connection, finding_id: int, person: str) -> Any:
    about_or_to = or_(FindingRow.recipient == person, FindingRow.subject == person)
    query = select(*_COLUMNS).where(FindingRow.id == finding_id, about_or_to)
    if not is_sqlite(connection):
        query = query.with_for_update()  # two presses at once are one
    row = connection.execute(query).first()
    if row is None or not person:
        raise NotFound("no-nudge", {"id": finding_id})
    if row.recipient != person:
        raise NotAllowed("viewer-may-not-snooze")
    return row


def _check(
    row: Any, has_message: bool, times: int, until: datetime, now: datetime, speaking: Speaking, directory: Directory
) -> None:
    problems = []
    if row.state != "live" or not has_message or row.response == "disputed":
        problems.append(Problem("nudge", "nothing-to-snooze"))
    elif times > MOST:
        problems.append(Problem("nudge", "snoozed-too-often", {"times": MOST}))
    elif until.tzinfo is None or until <= now:
        problems.append(Problem("until", "moment-past"))
    elif until >= (end := latest(row.at, row.period, row.recipient, directory)):
        zone = directory.zone_of(row.recipient, now)
        last = (end - timedelta(minutes=1)).astimezone(zone)
        problems.append(Problem("until", "moment-too-late", {"moment": f"{last:%Y-%m-%d %H:%M}"}))
    elif (allowed := speaking.next_allowed(row.recipient, until, directory)) != until:
        zone = directory.zone_of(row.recipient, now)
        problems.append(
            Problem("until", "moment-in-quiet-hours", {"moment": f"{allowed.astimezone(zone):%Y-%m-%d %H:%M}"})
        )
    if problems:
        raise Refused("answer", problems)


def _put_aside(connection: Connection, finding_id: int) -> None:
    """What is on its way and not being spoken this very moment is said later, or has just been put off to another moment."""
    rows.drop(connection, Selection((rows.WAITING, rows.SNOOZED), findings=[finding_id]), DroppedReason.SNOOZED)


def _prefix(finding_id: int) -> str:
    return f"later/{finding_id}/"


def _number(key: str, finding_id: int) -> int:
    """The how-manieth putting off made the message of this key; 0 where it is none."""
    head, _, rest = key.partition(_prefix(finding_id))
    number = rest.partition(":")[0]
    return int(number) if not head and number.isdigit() else 0
