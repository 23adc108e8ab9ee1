"""Positions and units: who is in them, who answers for them, and what their people have done together.

Nothing is stored for them. What a position or a unit has done is added up from its people's own days, those on which
they were in it, so that a move that is heard of late, or a table that is put right, puts the figures right as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from tideng.model.metrics import (
    Book,
    Day,
    Metric,
    answer,
    gathered,
)
from tideng.org.directory import Assignment, Directory

GROUPS = ("position", "unit")
Group = tuple[str, str]
"""``("position", id)`` or ``("unit", id)``."""


def home_of(about: str, subject: str) -> str:
    """Whose zone and days count for what is judged: the subject's; '' for a position or a unit, which has the client's."""
    return "" if about in GROUPS else subject


class Groups:
    """The positions and units of one directory. Made once for each directory: see `Directory.groups`."""

    def __init__(self, directory: Directory):
        self._directory = directory
        self._below: dict[str, set[str]] = {}
        for unit in directory.units:
            for above in self.line(unit):
                self._below.setdefault(above, set()).add(unit)

    @cached_property
    def _ever(self) -> dict[Group, set[str]]:
        """Everyone in it, and in what was at any time below it."""
        found: dict[Group, set[str]] = {}
        for person in self._directory.people():
            for period in self._directory.periods(person):
                own = (("position", period.position),) if period.position else ()
                for group in (*own, *(("unit", unit) for unit in self._ever_above.get(period.unit, ()))):
                    found.setdefault(group, set()).add(person)
        return found

    @cached_property
    def _ever_above(self) -> dict[str, set[str]]:
        """Unit → itself and every unit that was above it at any time."""
        periods = self._directory.unit_periods
        above = {unit: {one.parent for one in mine} & periods.keys() for unit, mine in periods.items()}
        found: dict[str, set[str]] = {}
        for unit in above:
            seen, waiting = {unit}, [unit]
            while waiting:
                fresh = above[waiting.pop()] - seen
                seen |= fresh
                waiting.extend(fresh)
            found[unit] = seen
        return found

    def _then(self, moment: datetime) -> Groups:
        """The groups as they stood at `moment`."""
        return self._directory.as_at(moment).groups

    def line(self, unit: str) -> list[str]:
        """The unit and every unit above it, nearest first."""
        found: list[str] = []
        current = self._directory.units.get(unit)
        while current and current.id not in found:
            found.append(current.id)
            current = self._directory.units.get(current.parent)
        return found

    def of(self, person: str, moment: datetime) -> tuple[Group, ...]:
        """Every position and unit that the person is in at `moment`."""
        assignment = self._directory.at(person, moment)
        return self._then(moment)._of(assignment) if assignment else ()

    def _of(self, period: Assignment) -> tuple[Group, ...]:
        own = (("position", period.position),) if period.position else ()
        return (*own, *(("unit", unit) for unit in self.line(period.unit)))

    def ever_in(self, group: Group) -> set[str]:
        """Everyone who was in it at any time; a unit's people are those of the units that were ever below it, too."""
        return self._ever.get(group, set())

    def is_in(self, group: Group, assignment: Assignment | None) -> bool:
        if assignment is None:
            return False
        kind, name = group
        return assignment.position == name if kind == "position" else assignment.unit in self._below.get(name, ())

    def people(self, group: Group, moment: datetime) -> list[Assignment]:
        """Who is in it at `moment`, in the order of their ids. Kept while no local day begins."""
        directory = self._directory.as_at(moment)
        return directory.kept(
            "people of a group", (group, directory.days_at(moment)), lambda: directory.groups._people(group, moment)
        )

    def _people(self, group: Group, moment: datetime) -> list[Assignment]:
        found = (self._directory.at(person, moment) for person in sorted(self.ever_in(group)))
        return [one for one in found if one is not None and self.is_in(group, one)]

    # -- who answers for it ------------------------------------------------------------------------------------
    def responsible(self, group: Group, moment: datetime) -> str | None:
        """A position's holder, or who leads its holders where they are several; a unit's head. Where there is none, the
        head of the unit above; None at the top."""
        directory = self._directory.as_at(moment)
        key = (group, directory.days_at(moment))
        (found,) = directory.kept("responsible", key, lambda: (directory.groups._responsible(group, moment),))
        return found

    def _responsible(self, group: Group, moment: datetime) -> str | None:
        kind, name = group
        if kind == "unit":
            return next(filter(None, (self.head(unit, moment) for unit in self.line(name))), None)
        holders = self.people(group, moment)
        if len(holders) == 1:
            return holders[0].person
        if holders:
            return _most_named(holders, without={holder.person for holder in holders}) or holders[0].person
        position = self._directory.positions.get(name)
        return self.responsible(("unit", position.unit), moment) if position and position.unit else None

    def head(self, unit: str, moment: datetime) -> str | None:
        """Who leads the unit at `moment`: of its people that nobody in it leads, the one who leads most of the others;
        where these lead nobody in it, whoever outside it leads them."""
        directory = self._directory.as_at(moment)
        (found,) = directory.kept(
            "head of a unit", (unit, directory.days_at(moment)), lambda: (directory.groups._head(unit, moment),)
        )
        return found

    def _head(self, unit: str, moment: datetime) -> str | None:
        people = self.people(("unit", unit), moment)
        inside = {one.person for one in people}
        led = Counter(one.supervisor for one in people)
        first = [one for one in people if one.supervisor not in inside]
        leading = [one.person for one in first if led[one.person]]
        if leading:
            return max(leading, key=lambda person: (led[person], -leading.index(person)))
        alone = len(people) == len(first) == 1 and not first[0].supervisor
        return first[0].person if alone else _most_named(first, without=inside)

    # -- what it has done --------------------------------------------------------------------------------------
    def value(self, book: Book, metric: Metric, group: Group, at: datetime) -> Any:
        """`metric` over everything that people did while they were in it, up to `at`; each on local days of their own."""
        directory, days = self._directory, []
        if metric.since_state or metric.of is not None or metric.state:
            return None  # of a person alone
        for person in sorted(self.ever_in(group)):
            if metric.sliding is not None:
                moments = book.moments(person, metric, at)
                days.append(gathered([one for one in moments if self._was_in(group, person, one[0])]))
            else:
                today = at.astimezone(directory.zone_of(person, at)).date()
                found: Iterable[tuple[Any, Day]] = book.days(person, metric, today)
                days += [
                    day for when, day in found if directory.as_of(when).groups.is_in(group, directory.on(person, when))
                ]
        return answer(metric.function, days)

    def _was_in(self, group: Group, person: str, moment: datetime) -> bool:
        return self._then(moment).is_in(group, self._directory.at(person, moment))


def _most_named(people: Iterable[Assignment], without: set[str]) -> str | None:
    """The supervisor whom most of `people` have, the first by id among equals."""
    named = Counter(one.supervisor for one in people if one.supervisor and one.supervisor not in without)
    return min(named, key=lambda name: (-named[name], name), default=None)
