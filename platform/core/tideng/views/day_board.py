"""The board of a day: a lamp for everyone the viewer may see, what is open behind it, and what will happen next by itself.

A lamp is lit when nothing is open for its person. Statuses, the weightiest first:

==========  ==========================================================================================================
`open`      not done: a rule's time ran out and it was marked so
`need`      something is to be completed: a question is unanswered, or a mark asks for an improvement
`told`      a reminder went out; it was not answered yet, or a later step of it is still to come
`hold`      what was found is not said yet: quiet hours, a budget, a digest, put off by its reader, contested, a storm
`lit`       nothing is open
==========  ==========================================================================================================

Somebody who was only told *about* another person (a supervisor who is asked to help) keeps a lit lamp: the matter is
the other person's. What was called off because its condition came true (`until`) is not open any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, literal, or_, select

from tideng.access.viewer import Viewer
from tideng.model.statuses import ON_THE_WAY, HeldReason, MessageStatus
from tideng.org.directory import Assignment, Directory, zone
from tideng.org.roster import Roster
from tideng.outbox.rows import from_unreleased_storm, is_held
from tideng.outbox.system_rules import NOTE
from tideng.store.tables import (
    AgendaRow,
    FindingRow,
    OutboxRow,
    StateRow,
)

LIT, TOLD, NEED, OPEN, HOLD = "lit", "told", "need", "open", "hold"
LAMPS = (LIT, TOLD, NEED, OPEN, HOLD)
"""Every status of a lamp, in the order in which a legend shows them."""
_WEIGHT = {LIT: 0, HOLD: 1, TOLD: 2, NEED: 3, OPEN: 4}
_BY_WEIGHT = {weight: status for status, weight in _WEIGHT.items()}
_TURN = {TOLD: 0, NEED: 1, OPEN: 2, HOLD: 3}
"""What is read first where the details stand: what is about to happen, what ran out, what waits."""
_DETAILED = 200
_PARTS = 5000
"""So many names go into one statement: databases limit what they can be given."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What a rule will do next by itself unless its condition comes true before: its later step number `step` (1-based)."""

    rule: str
    version: int
    subject: str
    period: str
    step: int
    due: datetime


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """One thing that is open for a person: the finding `id`, what it does to the lamp, and what comes next.

    `because`: why it is held (a `HeldReason`), `until`: until when (UTC), None until somebody has
    decided. `channel_failed`: a message could not be delivered."""

    id: int
    rule: str
    version: int
    status: str
    at: datetime
    period: str
    subject: str
    about: str
    action: str
    message: str | None
    locale: str | None
    detail: Mapping[str, Any]
    response: str | None
    next: NextStep | None = None
    because: str | None = None
    until: datetime | None = None
    sent_at: datetime | None = None
    channel_failed: bool = False


@dataclass(frozen=True, slots=True)
class BoardPerson:
    """One person with something open: the weightiest first in `matters`."""

    person: str
    name: str
    unit: str
    position: str
    status: str
    matters: tuple[OpenMatter, ...]

    @property
    def first(self) -> OpenMatter:
        return self.matters[0]


@dataclass(frozen=True, slots=True)
class UnitLamps:
    """One unit's people (not those of the units below it). `name` is '' for people in no unit."""

    unit: str
    name: str
    counts: Mapping[str, int]
    members: Sequence[Assignment]

    @property
    def size(self) -> int:
        return len(self.members)

    @property
    def lit(self) -> int:
        return self.counts[LIT]


@dataclass(frozen=True, slots=True)
class Board:
    """A day as the viewer may see it. `statuses` holds everyone whose lamp is not lit; `people` the details of those
    asked for, what happens soonest first; `more`: how many of them are not among `people`."""

    day: date
    size: int
    counts: Mapping[str, int]
    units: tuple[UnitLamps, ...]
    statuses: Mapping[str, str]
    people: tuple[BoardPerson, ...]
    more: int = 0

    def status_of(self, person: str) -> str:
        return self.statuses.get(person, LIT)


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """What a board shows. `only` narrows the viewer's scope to these people, None leaves it as it is. `show`: the statuses that
    are detailed in `Board.people`, all of them where it is empty; `most`: how many people are detailed at most."""

    only: Collection[str] | None = None
    show: Collection[str] = ()
    most: int = _DETAILED


def board(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    wanted: BoardFilter | None = None,
    day: date | None = None,
) -> Board:
    """The lamps of everyone in `viewer`'s scope on local `day` (each person's own; None: today), and what is behind them.

    A supervisor gets the people below them and themselves, an employee only themselves, HR everyone. Three
    statements, however many people there are; marks of the day before are still open, so that what ran out in the evening
    is seen in the morning.
    """
    roster = directory.rosters.at(now)
    everyone = scope = viewer.scope(directory, now)
    wanted = wanted or BoardFilter()
    show, most = wanted.show, wanted.most
    if wanted.only is not None:
        scope = frozenset(wanted.only) if everyone is None else everyone & frozenset(wanted.only)
    day = day or now.astimezone(zone(directory.default_zone)).date()
    span = _Span(directory, day)
    found = _statuses(connection, roster, span, scope, sees_storms=everyone is None)
    detailed = [one for one, status in found.items() if not show or status in show] if LIT not in show else []
    shown = _fairly(sorted(detailed, key=lambda one: (_TURN[found[one]], roster.place[one])), found, most)
    matters = _matters(connection, roster, span, shown, sees_storms=everyone is None)
    steps = _next_steps(connection, {one.subject for of_one in matters.values() for one in of_one})
    people = [_person(roster, found[one], matters.get(one, ()), steps, one) for one in shown]
    people = sorted((one for one in people if one.matters), key=_urgency)
    units = _units(directory, roster, scope, found)
    counts = dict.fromkeys(LAMPS, 0)
    for unit in units:
        for status, number in unit.counts.items():
            counts[status] += number
    return Board(day, sum(counts.values()), counts, units, found, tuple(people), len(detailed) - len(people))


def _fairly(people: Sequence[str], found: Mapping[str, str], most: int) -> list[str]:
    """`most` of `people`, some of every status: two dozen who were told must not hide the one who waits."""
    if len(people) <= most:
        return list(people)
    share, taken = max(1, most // len(_TURN)), dict.fromkeys(_TURN, 0)
    first: list[str] = []
    for one in people:
        if taken[found[one]] < share:
            taken[found[one]] += 1
            first.append(one)
    chosen = set(first[:most])
    chosen.update([one for one in people if one not in chosen][: most - len(chosen)])
    return [one for one in people if one in chosen]


def lamps_of(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    people: Collection[str] | None = None,
) -> dict[str, str]:
    """Today's status of these people whom the viewer may see, None: of all; whoever is left out is lit. One statement."""
    scope = viewer.scope(directory, now)
    wanted = scope if people is None else frozenset(people) if scope is None else frozenset(people) & scope
    if wanted is not None and not wanted:
        return {}
    span = _Span(directory, now.astimezone(zone(directory.default_zone)).date())
    return _statuses(connection, directory.rosters.at(now), span, wanted, sees_storms=scope is None)


def in_state(connection: Connection, viewer: Viewer, directory: Directory, now: datetime, state: str) -> int:
    """How many of the viewer's people are in `state` (``person.on_leave``) at `now`. One statement."""
    scope = viewer.scope(directory, now)
    row = StateRow
    statement = (
        select(row.subject)
        .distinct()
        .where(row.state == state, row.started_at <= now, or_(row.ended_at.is_(None), row.ended_at > now))
    )
    roster = directory.rosters.at(now)
    people = connection.scalars(statement)
    return sum(one in roster.place and (scope is None or one in scope) for one in people)


# -- which lamp ----------------------------------------------------------------------------------------------------------


class _Span:
    """The moments of one local day of whoever lives anywhere in the directory, and of the day before for marks."""

    def __init__(self, directory: Directory, day: date):
        # in UTC, because moments of two zones are dear to compare
        self._days = {name: _days_around(day, name) for name in directory.zones() | {directory.default_zone}}
        self.first = min(before for before, _, _ in self._days.values())
        self.last = max(after for _, _, after in self._days.values())

    def holds(self, zone_name: str, at: datetime, marked: bool) -> bool:
        """Whether `at` is on the day as it is in that zone; marks stay for one day more."""
        before, began, ended = self._days[zone_name]
        return (before if marked else began) <= at < ended


def _days_around(day: date, zone_name: str) -> tuple[datetime, datetime, datetime]:
    """When the day before, the day and the day after begin there (UTC)."""
    days = (day - timedelta(days=1), day, day + timedelta(days=1))
    before, began, ended = (datetime.combine(one, time(), zone(zone_name)).astimezone(UTC) for one in days)
    return before, began, ended


_of_person = FindingRow.about == "person"
concerned = case((_of_person, FindingRow.subject), else_=FindingRow.recipient).label("person")
"""Whose lamp a finding dims: its subject's; of a case, a position or a unit whoever is told of it."""


def theirs() -> ColumnElement[bool]:
    """What is a person's own matter, and not only something they were told about another."""
    to_them = or_(FindingRow.recipient == FindingRow.subject, FindingRow.meant_for == FindingRow.subject)
    return or_(~_of_person, FindingRow.action == "mark", to_them)


def _step(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    same = (
        AgendaRow.rule == FindingRow.rule,
        AgendaRow.subject == FindingRow.subject,
        AgendaRow.period == FindingRow.period,
        AgendaRow.kind == "step",
    )
    return exists().where(*same, *where)


def _weight() -> ColumnElement[int]:
    """How much a row of finding and message weighs, as in the module's table."""
    marked = FindingRow.action == "mark"
    improve = FindingRow.detail["status"].as_string() == "to_improve"
    running = _step(AgendaRow.state == "open")
    over = and_(_step(AgendaRow.state == "cancelled", AgendaRow.note == "until holds"), ~running)
    answered = FindingRow.response.is_not(None)
    on_way = OutboxRow.status.in_((*ON_THE_WAY, MessageStatus.SENT, MessageStatus.PARKED))
    return case(
        (or_(over, and_(marked, answered)), literal(0)),
        (and_(marked, improve), literal(_WEIGHT[NEED])),
        (marked, literal(_WEIGHT[OPEN])),
        (FindingRow.response == "disputed", literal(_WEIGHT[HOLD])),
        (and_(answered, ~running), literal(0)),
        (is_held(), literal(_WEIGHT[HOLD])),
        (and_(FindingRow.action == "ask", on_way), literal(_WEIGHT[NEED])),
        (on_way, literal(_WEIGHT[TOLD])),
        else_=literal(0),
    )


def _rows(span: _Span, scope: Collection[str] | None, sees_storms: bool, *columns: Any) -> Select:
    """Every live finding of the span that may dim a lamp of `scope`, with each of its messages."""
    statement = (
        select(*columns)
        .outerjoin(OutboxRow, OutboxRow.finding == FindingRow.id)
        .where(FindingRow.state == "live", FindingRow.at >= span.first, FindingRow.at < span.last, theirs())
        .where(FindingRow.rule != NOTE)  # a kind word is nothing open
    )
    if not sees_storms:  # what HR has not released yet is nobody else's to see
        storm = func.coalesce(from_unreleased_storm(), False)
        statement = statement.where(or_(OutboxRow.id.is_(None), ~storm))
    if scope is not None and len(scope) <= _PARTS:
        statement = statement.where(concerned.in_(sorted(scope)))
    return statement


def _statuses(
    connection: Connection, roster: Roster, span: _Span, scope: Collection[str] | None, sees_storms: bool
) -> dict[str, str]:
    """The weightiest status of everyone in scope whose lamp is not lit."""
    weight = _weight()
    marked = case((FindingRow.action == "mark", literal(1)), else_=literal(0)).label("marked")
    inner = _rows(span, scope, sees_storms, concerned, FindingRow.at, marked, weight.label("weight")).subquery()
    statement = select(inner).where(inner.c.weight > 0, inner.c.person.is_not(None))
    weights: dict[str, int] = {}
    for person, at, is_mark, heavy in connection.execute(statement).all():
        if heavy <= weights.get(person, 0) or (scope is not None and person not in scope):
            continue
        member = roster.get(person)
        if member is not None and span.holds(member.timezone, at, is_mark):
            weights[person] = heavy
    return {person: _BY_WEIGHT[weight] for person, weight in weights.items()}


# -- what is behind it ---------------------------------------------------------------------------------------------------


def _matters(
    connection: Connection, roster: Roster, span: _Span, people: Sequence[str], sees_storms: bool
) -> dict[str, list[OpenMatter]]:
    """What is open for each of `people`, the weightiest first and the latest of these. One statement."""
    if not people:
        return {}
    columns = (
        concerned,
        _weight().label("weight"),
        FindingRow.id,
        FindingRow.rule,
        FindingRow.version,
        FindingRow.at,
        FindingRow.period,
        FindingRow.subject,
        FindingRow.about,
        FindingRow.action,
        FindingRow.message,
        FindingRow.locale,
        FindingRow.detail,
        FindingRow.response,
        OutboxRow.status.label("sending"),
        OutboxRow.held_because,
        OutboxRow.due,
        OutboxRow.sent_at,
    )
    statement = _rows(span, people, sees_storms, *columns).order_by(FindingRow.at.desc(), FindingRow.id.desc())
    by_finding: dict[int, list[Any]] = {}
    for row in connection.execute(statement):
        if row.weight:
            by_finding.setdefault(row.id, []).append(row)
    matters: dict[str, list[OpenMatter]] = {}
    for rows in by_finding.values():
        heaviest = max(rows, key=lambda row: row.weight)
        member = roster.get(heaviest.person)
        if member and span.holds(member.timezone, heaviest.at, heaviest.action == "mark"):
            matters.setdefault(heaviest.person, []).append(_matter(heaviest, rows))
    for of_one in matters.values():
        of_one.sort(key=lambda one: -_WEIGHT[one.status])
    return matters


def _matter(row: Any, rows: Iterable[Any]) -> OpenMatter:
    status = _BY_WEIGHT[row.weight]
    decided_later = row.sending == MessageStatus.HELD and row.held_because != HeldReason.SNOOZED
    return OpenMatter(
        id=row.id,
        rule=row.rule,
        version=row.version,
        status=status,
        at=row.at,
        period=row.period,
        subject=row.subject,
        about=row.about,
        action=row.action,
        message=row.message,
        locale=row.locale,
        detail=row.detail,
        response=row.response,
        because=row.held_because if status == HOLD and row.response != "disputed" else None,
        until=row.due if status == HOLD and not decided_later and row.response != "disputed" else None,
        sent_at=row.sent_at,
        channel_failed=any(one.sending == MessageStatus.PARKED for one in rows),
    )


def _next_steps(connection: Connection, subjects: Collection[str]) -> dict[tuple[str, str, str], NextStep]:
    """The next open step of everything that runs for `subjects`, by rule, subject and period. One statement."""
    if not subjects:
        return {}
    row = AgendaRow
    statement = select(row.rule, row.version, row.subject, row.period, row.step, row.due).where(
        row.kind == "step", row.state == "open", row.subject.in_(sorted(subjects))
    )
    steps: dict[tuple[str, str, str], NextStep] = {}
    for found in connection.execute(statement.order_by(row.due.desc(), row.step.desc())):
        steps[found.rule, found.subject, found.period] = NextStep(
            found.rule, found.version, found.subject, found.period, found.step, found.due
        )
    return steps


def _person(
    roster: Roster,
    status: str,
    matters: Sequence[OpenMatter],
    steps: Mapping[tuple[str, str, str], NextStep],
    person: str,
) -> BoardPerson:
    member = roster.members[roster.place[person]]
    with_next = tuple(replace(one, next=steps.get((one.rule, one.subject, one.period))) for one in matters)
    return BoardPerson(person, member.name, member.unit, member.position, status, with_next)


def _urgency(one: BoardPerson) -> tuple[int, datetime, str]:
    """What happens soonest first: told with the next step, to complete, not done, held."""
    matter = one.first
    due = matter.next.due if matter.next else matter.until
    return _TURN[one.status], due or datetime.max.replace(tzinfo=matter.at.tzinfo), one.name


def _units(
    directory: Directory, roster: Roster, scope: Collection[str] | None, found: Mapping[str, str]
) -> tuple[UnitLamps, ...]:
    """Every unit with people in scope, in the directory's order."""
    dimmed: dict[str, dict[str, int]] = {}
    for person, status in found.items():
        member = roster.get(person)
        if member:
            of_unit = dimmed.setdefault(member.unit, {})
            of_unit[status] = of_unit.get(status, 0) + 1
    if scope is None:
        by_unit: Mapping[str, Sequence[Assignment]] = roster.by_unit
    else:
        gathered: dict[str, list[Assignment]] = {}
        for place in sorted(roster.place[one] for one in scope if one in roster.place):
            member = roster.members[place]
            gathered.setdefault(member.unit, []).append(member)
        by_unit = gathered
    units = []
    for unit, members in by_unit.items():
        counts = dict.fromkeys(LAMPS, 0) | dimmed.get(unit, {})
        counts[LIT] = len(members) - sum(counts.values())
        name = directory.units[unit].name if unit in directory.units else unit
        units.append(UnitLamps(unit, name, counts, members))
    return tuple(units)
