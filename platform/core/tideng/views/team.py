"""A team as whoever leads it sees it: how each one stands today, who may need a hand, and one person's last weeks.

Nobody is sorted by a score, and nobody is compared. What stands first is what somebody can help with now. Six statements
whatever the size of the team.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotFound
from tideng.model.catalogue import Catalogue, Text
from tideng.org.directory import Directory
from tideng.outbox.policy import SYSTEM
from tideng.outbox.rows import in_unreleased_storm
from tideng.store.tables import (
    FindingRow,
    PersonNoteRow,
    StateRow,
)
from tideng.views import notes
from tideng.views.day_board import (
    LIT,
    NEED,
    OPEN,
    Board,
    BoardFilter,
    BoardPerson,
    OpenMatter,
    board,
    concerned,
    theirs,
)
from tideng.views.nudges import NudgeFilter, NudgeView, nudges
from tideng.views.people import Awaited, awaited, person_card

HELP, ANSWERED, BETTER = "help", "answered", "better"
"""Why a word may be worth it: something is open that one can help with; they answered; it goes better than the week before."""
DAYS = 14
_PARTS = 5000
"""So many names go into one statement: databases limit what they can be given."""
_RECENT = timedelta(days=2)
_OFTEN = 3
"""On so many of the last seven days something was found, and nothing of it was answered: perhaps something is in the way."""


@dataclass(frozen=True, slots=True)
class LastNudge:
    """What was last said to somebody. `response`: None, acknowledged or disputed; `words`: what they said with it."""

    id: int
    rule: str
    at: datetime
    message: str
    response: str | None
    words: str


@dataclass(frozen=True, slots=True)
class LastNote:
    """The last note that the viewer left somebody and did not take back."""

    id: int
    at: datetime
    spoken: bool
    seen: bool
    answered: bool


@dataclass(frozen=True, slots=True)
class CurrentState:
    """A state somebody is in since `since` (UTC): on a trip, on leave. `absent`: nothing is asked of them."""

    name: str
    title: Text
    since: datetime
    absent: bool


@dataclass(frozen=True, slots=True)
class TeamMember:
    """One person of a team today. `unit` and `position` are names; `level`: 1 reports directly, 2 through one other.

    `status` is one of `tideng.views.day_board.LAMPS`; `matters` what is open, the weightiest first; `due`: when a rule looks at
    the first of it again, None where it does not. `trend`: how many matters arose on each of the last 14 local days, today
    last. `worth`: HELP, ANSWERED, BETTER, or ''."""

    person: str
    name: str
    unit: str
    position: str
    level: int
    status: str
    matters: tuple[OpenMatter, ...]
    due: datetime | None
    states: tuple[CurrentState, ...]
    last_nudge: LastNudge | None
    trend: tuple[int, ...]
    worth: str
    last_note: LastNote | None
    phone: str

    @property
    def first(self) -> OpenMatter | None:
        return self.matters[0] if self.matters else None

    @property
    def away(self) -> bool:
        return any(state.absent for state in self.states)


@dataclass(frozen=True, slots=True)
class Team:
    """Everyone who reports to `lead`, directly or through others: who may need a hand first, then by unit and name."""

    lead: str
    name: str
    day: date
    counts: Mapping[str, int]
    members: tuple[TeamMember, ...]

    @property
    def need(self) -> tuple[TeamMember, ...]:
        return tuple(one for one in self.members if one.worth == HELP)

    @property
    def rest(self) -> tuple[TeamMember, ...]:
        return tuple(one for one in self.members if one.worth != HELP)


def team(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, catalogue: Catalogue, lead: str = ""
) -> Team:
    """The team of `lead`, '' for the viewer's own, as it is today. Empty for whoever leads nobody.

    At most six statements. Raises `NotFound` for a lead whom the viewer does not see.
    """
    scope = viewer.scope(directory, now)
    lead = lead or viewer.person
    if lead != viewer.person and (not directory.knows(lead) or (scope is not None and lead not in scope)):
        raise NotFound("no-such-person", {"id": lead})
    levels = _levels(directory, lead, now)
    people = [one for one in levels if scope is None or one in scope]
    lamps = board(connection, viewer, directory, now, BoardFilter(people, most=len(people)))
    members = _members(connection, viewer, directory, now, catalogue, lamps, {one: levels[one] for one in people})
    return Team(lead, name_of(directory, lead, now) if lead else "", lamps.day, lamps.counts, members)


def member(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, catalogue: Catalogue, person: str
) -> TeamMember:
    """One person as in `team`; `level` 0 where they do not report to the viewer. Raises `NotFound` as `person_card` does,
    and for whoever is not employed now."""
    person_card(viewer, directory, now, person)
    if directory.at(person, now) is None:
        raise NotFound("no-such-person", {"id": person})
    level = _levels(directory, viewer.person, now).get(person, 0)
    lamps = board(connection, viewer, directory, now, BoardFilter([person], most=1))
    return _members(connection, viewer, directory, now, catalogue, lamps, {person: level})[0]


def _levels(directory: Directory, lead: str, now: datetime) -> dict[str, int]:
    """Everyone below `lead`, and how far; a loop in the line ends the walk."""
    roster = directory.rosters.at(now)
    found: dict[str, int] = {}
    waiting, level = [lead] if lead else [], 0
    while waiting:
        level += 1
        waiting = [one for boss in waiting for one in roster.reports.get(boss, ()) if one != lead and one not in found]
        waiting = list(dict.fromkeys(waiting))
        found.update(dict.fromkeys(waiting, level))
    return {one: far for one, far in found.items() if one in roster.place}


# -- set-wise ------------------------------------------------------------------------------------------------------------


def _members(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    catalogue: Catalogue,
    lamps: Board,
    levels: Mapping[str, int],
) -> tuple[TeamMember, ...]:
    if not levels:
        return ()
    roster = directory.rosters.at(now)
    open_ = {one.person: one for one in lamps.people}
    states = _states(connection, catalogue, levels, now)
    weeks = _weeks(connection, directory, levels, now)
    left = _last_notes(connection, viewer, levels)
    found = []
    for person in sorted(levels, key=roster.place.__getitem__):
        here = roster.members[roster.place[person]]
        unit, position = directory.units.get(here.unit), directory.positions.get(here.position)
        week, status = weeks[person], lamps.status_of(person)
        found.append(
            TeamMember(
                person,
                here.name,
                unit.name if unit else here.unit,
                position.name if position else here.position,
                levels[person],
                status,
                open_[person].matters if person in open_ else (),
                _due(open_.get(person)),
                tuple(states.get(person, ())),
                week.last,
                tuple(week.trend),
                _worth(status, week, now),
                left.get(person),
                here.phone,
            )
        )
    urgent = {one.person: number for number, one in enumerate(lamps.people)}
    last = len(urgent)
    # sorting keeps the order of unit and name among equals
    return tuple(sorted(found, key=lambda one: urgent.get(one.person, last) if one.worth == HELP else last + 1))


def _due(one: BoardPerson | None) -> datetime | None:
    """When the first thing that is open is looked at again."""
    if one is None:
        return None
    return one.first.next.due if one.first.next else one.first.until


def _states(
    connection: Connection, catalogue: Catalogue, people: Collection[str], now: datetime
) -> dict[str, list[CurrentState]]:
    """Which states these people are in now. One statement."""
    row = StateRow
    holds = and_(row.started_at <= now, or_(row.ended_at.is_(None), row.ended_at > now))
    statement = select(row.subject, row.state, func.min(row.started_at).label("since")).where(holds)
    statement = _among(statement, row.subject, people).group_by(row.subject, row.state).order_by(row.state)
    found: dict[str, list[CurrentState]] = {}
    for one in connection.execute(statement):
        known = catalogue.states.get(one.state)
        if known is not None and one.subject in people:
            found.setdefault(one.subject, []).append(CurrentState(one.state, known.title, one.since, known.absent))
    return found


class _Weeks:
    """What was found about one person in the last 14 days, read newest first."""

    def __init__(self) -> None:
        self.trend = [0] * DAYS
        self.last: LastNudge | None = None
        self.answered = False
        self._seen: set[tuple[str, str]] = set()

    def add(self, row: Any, days_ago: int) -> None:
        if self.last is None and row.message and row.recipient == row.person:
            self.last = LastNudge(row.id, row.rule, row.at, row.message, row.response, row.response_note or "")
        self.answered = self.answered or row.response is not None
        matter = (row.rule, row.period)
        if matter not in self._seen and 0 <= days_ago < DAYS:
            self._seen.add(matter)  # later steps of one ladder are one matter
            self.trend[DAYS - 1 - days_ago] += 1


def _weeks(connection: Connection, directory: Directory, people: Collection[str], now: datetime) -> dict[str, _Weeks]:
    """The last two weeks of everyone. One statement."""
    row = FindingRow
    statement = select(
        concerned, row.id, row.rule, row.period, row.at, row.message, row.recipient, row.response, row.response_note
    ).where(
        row.state == "live",
        row.at >= now - timedelta(days=DAYS + 1),
        row.at <= now,
        ~row.rule.startswith(SYSTEM, autoescape=True),
        theirs(),
        ~in_unreleased_storm(),
    )
    if len(people) <= _PARTS:  # by the columns that have an index; whose matter it is, is looked at below
        statement = statement.where(or_(row.subject.in_(sorted(people)), row.recipient.in_(sorted(people))))
    found = {person: _Weeks() for person in people}
    today = {person: directory.local_day(person, now) for person in people}
    for one in connection.execute(statement.order_by(row.at.desc(), row.id.desc())):
        if one.person in found:
            day = directory.local_day(one.person, one.at)
            found[one.person].add(one, (today[one.person] - day).days)
    return found


def _last_notes(connection: Connection, viewer: Viewer, people: Collection[str]) -> dict[str, LastNote]:
    """The last note of the viewer to each. One statement."""
    row = PersonNoteRow
    mine = and_(row.author == viewer.login, row.taken_back_at.is_(None))
    newest = _among(select(func.max(row.id)).where(mine), row.person, people).group_by(row.person)
    statement = select(row.id, row.person, row.left_at, row.media_type, row.seen_at, row.replied_at)
    return {
        one.person: LastNote(one.id, one.left_at, bool(one.media_type), one.seen_at is not None, bool(one.replied_at))
        for one in connection.execute(statement.where(row.id.in_(newest)))
    }


def _among(statement: Any, column: Any, people: Collection[str]) -> Any:
    """Only these people; a team too large for a statement is picked out of the answer by the caller."""
    return statement.where(column.in_(sorted(people))) if len(people) <= _PARTS else statement


def _worth(status: str, weeks: _Weeks, now: datetime) -> str:
    before, lately = weeks.trend[: DAYS // 2], weeks.trend[DAYS // 2 :]
    if status in (OPEN, NEED) or (sum(map(bool, lately)) >= _OFTEN and not weeks.answered):
        return HELP
    if weeks.last and weeks.last.response and now - weeks.last.at <= _RECENT:
        return ANSWERED
    if status == LIT and sum(before) >= 2 and 2 * sum(lately) <= sum(before):
        return BETTER
    return ""


# -- one person ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a person's last weeks. `kind`: expected, nudge, answer, note, reply; that which it is of is there."""

    at: datetime
    kind: str
    nudge: NudgeView | None = None
    note: notes.Note | None = None
    awaited: Awaited | None = None


def timeline(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, person: str, size: int = 60
) -> tuple[Entry, ...]:
    """What is expected of somebody (soonest first), then what was said to and about them, what they answered, and the notes
    that the viewer may see, newest first; `size` of the latter. Four statements; `NotFound` as `person_card`."""
    expected = [Entry(one.due, "expected", awaited=one) for one in awaited(connection, viewer, directory, now, person)]
    said = nudges(connection, viewer, directory, now, NudgeFilter(person=person), size=size).items
    left = notes.notes_of(connection, viewer, directory, now, person, size=size).items
    entries = [*_of_nudges(said), *_of_notes(left)]
    return (*expected, *sorted(entries, key=lambda one: one.at, reverse=True)[:size])


def _of_nudges(said: Sequence[NudgeView]) -> Iterable[Entry]:
    for one in said:
        if one.rule.startswith(SYSTEM):
            continue  # that there is a note stands where the note stands
        yield Entry(one.at, "nudge", nudge=one)
        if one.responded_at and one.response:
            yield Entry(one.responded_at, "answer", nudge=one)


def _of_notes(left: Sequence[notes.Note]) -> Iterable[Entry]:
    for one in left:
        yield Entry(one.left_at, "note", note=one)
        if one.replied_at and one.reply:
            yield Entry(one.replied_at, "reply", note=one)
