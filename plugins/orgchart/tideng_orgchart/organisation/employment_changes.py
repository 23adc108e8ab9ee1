"""Folds events of people who join, move or leave into the assignments of the bundle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from tideng.plugin import DIRECTORY_EVENTS, Assignment, Event, zone

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A person joined, moved or left at `at` (UTC). A field that is '' did not change."""

    person: str
    at: datetime
    kind: str
    name: str = ""
    unit: str = ""
    position: str = ""
    supervisor: str = ""

    @property
    def said(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in ("name", "unit", "position", "supervisor")}
        return {name: value for name, value in fields.items() if value}


def changes_in(events: Iterable[Event]) -> list[Change]:
    """The changes among `events`; other events are ignored."""
    return [
        Change(
            event.subject,
            event.time,
            event.type,
            **{name: str(event.data.get(name) or "") for name in ("name", "unit", "position", "supervisor")},
        )
        for event in events
        if event.type in DIRECTORY_EVENTS
    ]


def fold(assignments: Iterable[Assignment], changes: Iterable[Change], default_zone: str) -> list[Assignment]:
    """The assignments with `changes` folded in. The result does not depend on the order or the number of deliveries of a change.

    A change holds from its local day on: a person who left at 20:00 is gone at 21:00. Where a period of the bundle begins on
    that day, the bundle knows the change already and wins.
    """
    people: dict[str, list[Assignment]] = {}
    for assignment in assignments:
        people.setdefault(assignment.person, []).append(assignment)
    for periods in people.values():
        periods.sort(key=lambda period: period.since or date.min)
    for change in sorted(
        set(changes), key=lambda change: (change.at, change.person, change.kind, *change.said.items())
    ):
        periods = people.setdefault(change.person, [])
        home = next((p for p in reversed(periods) if (p.since or date.min) <= _day(change.at, p.timezone)), None)
        home = home or (periods[0] if periods else None)
        day = _day(change.at, home.timezone if home else default_zone)
        people[change.person] = _lay(periods, change, day, default_zone)
    return [period for periods in people.values() for period in periods]


def _day(at: datetime, timezone: str) -> date:
    return at.astimezone(zone(timezone)).date()


def _lay(periods: list[Assignment], change: Change, day: date, default_zone: str) -> list[Assignment]:
    if change.kind == "person.left":
        return _end(periods, day)
    current = next((period for period in periods if period.covers(day)), None)
    if current is None:
        return _begin(periods, change, day, default_zone)
    if change.kind == "person.joined" or current.since == day:
        return periods
    after = replace(current, **change.said)
    if after == current:
        return periods
    kept = [period for period in periods if period is not current]
    return _sorted([*kept, replace(current, until=day - DAY), replace(after, since=day)])


def _end(periods: list[Assignment], day: date) -> list[Assignment]:
    """End the period on the day before `day`. A period that begins later is a return, and stays."""
    # a period that began on this very day becomes empty, and still keeps the person known
    return [replace(period, until=day - DAY) if period.covers(day) else period for period in periods]


def _begin(periods: list[Assignment], change: Change, day: date, default_zone: str) -> list[Assignment]:
    """Begin a period, up to the next known one; fields that the event does not give are those of the latest period."""
    before = [period for period in periods if period.until and period.until < day]
    after = [period for period in periods if period.since and period.since > day]
    model = before[-1] if before else after[0] if after else None
    model = model or Assignment(change.person, change.person, timezone=default_zone)
    until = after[0].since - DAY if after and after[0].since else None
    return _sorted([*periods, replace(model, **change.said, since=day, until=until)])


def _sorted(periods: list[Assignment]) -> list[Assignment]:
    return sorted(periods, key=lambda period: period.since or date.min)
