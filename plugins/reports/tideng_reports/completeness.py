"""Find the working days of trips with and without a report, and the length of the texts. A person's own days only;
people are sorted by name and never ranked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from tideng.plugin import (
    Catalogue,
    Deployment,
    Directory,
    NotFound,
    Viewer,
    WorkCalendar,
    events_of,
    name_of,
    spans_reaching,
)

ON_TRIP, REPORTED = "person.on_trip", "report.submitted"
DAYS = 30
"""Days that are looked at: a month is meaningful and fits on one screen."""
_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One local day. `expected`: a working day of a trip. `length`: characters about the customer's needs, None
    without a report. `today`: not over yet, so nothing is missing."""

    day: date
    expected: bool
    length: int | None = None
    today: bool = False

    @property
    def written(self) -> bool:
        return self.length is not None

    @property
    def weekday(self) -> int:
        """0 is Monday."""
        return self.day.weekday()


@dataclass(frozen=True, slots=True)
class Completeness:
    """A person's days, oldest first."""

    person: str
    name: str
    days: tuple[Day, ...]

    @property
    def expected(self) -> int:
        """Working days of trips that are over or have a report."""
        return sum(one.expected and (one.written or not one.today) for one in self.days)

    @property
    def written(self) -> int:
        """The expected days that have a report."""
        return sum(one.expected and one.written for one in self.days)

    @property
    def length(self) -> float | None:
        """Mean length of the customer's needs in the reports; None without reports."""
        lengths = [one.length for one in self.days if one.length is not None]
        return sum(lengths) / len(lengths) if lengths else None


def completeness(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    deployment: Deployment,
    people: Collection[str],
    days: int = DAYS,
) -> list[Completeness]:
    """Give the last `days` local days of each of `people`, by name. Two statements, however many people.

    Raises `NotFound` for a person whom the viewer may not see.
    """
    scope = viewer.scope(directory, moment)
    if scope is not None and not set(people) <= scope:
        raise NotFound("nobody-of-that-name")
    first = moment - timedelta(days=days + 1)
    spans = _spans(connection, deployment.catalogue, people, first)
    lengths = _lengths(connection, directory, people, first)
    found = []
    for person in people:
        today = directory.local_day(person, moment)
        span = [today - timedelta(days=n) for n in range(days - 1, -1, -1)]
        expected = _expected(spans.get(person, ()), directory, deployment.calendar, person, moment)
        written = lengths.get(person, {})
        shown = tuple(Day(day, day in expected, written.get(day), day == today) for day in span)
        found.append(Completeness(person, name_of(directory, person, moment), shown))
    return sorted(found, key=lambda one: (one.name, one.person))


Span = tuple[str, datetime, datetime | None]


def _spans(
    connection: Connection, catalogue: Catalogue, people: Collection[str], first: datetime
) -> Mapping[str, list[Span]]:
    """Find when each person was on a trip or on leave; nothing is expected during leave."""
    away = [name for name, state in catalogue.states.items() if state.absent]
    found: dict[str, list[Span]] = {}
    for one in spans_reaching(connection, [ON_TRIP, *away], people, first):
        found.setdefault(one.subject, []).append((one.state, one.started_at, one.ended_at))
    return found


def _lengths(
    connection: Connection, directory: Directory, people: Collection[str], first: datetime
) -> Mapping[str, Mapping[date, int]]:
    """Find the length of the needs in the reports: person → day → characters. The longest of several reports of a
    day counts."""
    found: dict[str, dict[date, int]] = {}
    for _, subject, time, data in events_of(connection, [REPORTED], people, first):
        day = day_of(data.get("date")) or directory.local_day(subject, time)
        days = found.setdefault(subject, {})
        days[day] = max(days.get(day, 0), len(str(data.get("needs") or "").strip()))
    return found


def _expected(
    spans: Iterable[Span], directory: Directory, calendar: WorkCalendar, person: str, moment: datetime
) -> frozenset[date]:
    """Give the working days up to today on which the person was on a trip and not on leave."""
    travelled: set[date] = set()
    away: set[date] = set()
    for state, started, ended in spans:
        if started > moment or started == ended:
            continue
        last = directory.local_day(person, min((ended or moment) - (_A_MOMENT if ended else timedelta()), moment))
        day = directory.local_day(person, started)
        into = travelled if state == ON_TRIP else away
        while day <= last:
            into.add(day)
            day += timedelta(days=1)
    return frozenset(day for day in travelled - away if calendar.is_workday(day))


def day_of(said: object) -> date | None:
    """Read the day that a report is about; None when it names none."""
    try:
        return date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
