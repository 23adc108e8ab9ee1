"""The chart of one day, computed in a single pass: leaders of units, holders of posts, and vacancies.

It is made once for a directory and a day and kept with the directory, so that a page costs only what it shows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from tideng.plugin import Assignment, Directory, Position, zone


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A post that lacks `missing` of its `seats`; `unit`: of the post, '' for none."""

    position: str
    unit: str
    seats: int
    missing: int


def chart_at(directory: Directory, moment: datetime) -> Chart:
    """The chart at `moment`; the same object until a local day begins somewhere."""
    then = directory.as_at(moment)
    return then.kept("chart", then.days_at(moment), lambda: Chart(then, moment))


def noon(directory: Directory, day: date, now: datetime) -> datetime:
    """The moment that stands for `day`: now for today, else noon of the day in the client's zone."""
    home = zone(directory.default_zone)
    return now if now.astimezone(home).date() == day else datetime.combine(day, time(12), home)


class Chart:
    """Everyone employed at one moment, by unit and by post."""

    def __init__(self, directory: Directory, moment: datetime):
        """`directory` as it stands at `moment`."""
        self._directory, self.moment = directory, moment
        members = sorted(directory.members(moment), key=lambda one: one.person)
        self.size = len(members)
        self.people: Mapping[str, Assignment] = {one.person: one for one in members}
        self.reports = Counter(one.supervisor for one in members if one.supervisor)
        """Supervisor → number of direct reports."""
        own: defaultdict[str, list[Assignment]] = defaultdict(list)
        held: defaultdict[str, list[Assignment]] = defaultdict(list)
        for one in members:
            own[one.unit if one.unit in directory.units else ""].append(one)
            if one.position:
                held[one.position].append(one)
        self.own: Mapping[str, Sequence[Assignment]] = own
        """Unit → its own people, without the units below; '' → people in no unit."""
        self.held: Mapping[str, Sequence[Assignment]] = held
        """Position → its holders."""
        self.inside: Mapping[str, Sequence[str]] = _inside(directory)
        """Unit → the units directly below it; '' → the top units."""
        self._lines = {unit: directory.groups.line(unit) for unit in directory.units}
        self._lead(members)

    def _lead(self, members: Sequence[Assignment]) -> None:
        """Count the people of every unit and find its head as `tideng.org.groups.Groups.head` does, in one pass over all people."""
        counts: Counter[str] = Counter()
        led: defaultdict[str, Counter[str]] = defaultdict(Counter)
        first: defaultdict[str, list[Assignment]] = defaultdict(list)
        lines = {unit: frozenset(line) for unit, line in self._lines.items()}
        for one in members:
            above = self.people.get(one.supervisor)
            shared = lines.get(above.unit, frozenset()) if above else frozenset()
            for unit in self._lines.get(one.unit, ()):
                counts[unit] += 1
                led[unit][one.supervisor] += 1
                if unit not in shared:
                    first[unit].append(one)
        self.counts: Mapping[str, int] = counts
        """Unit → number of people in it and below it."""
        heads = {unit: _head(first[unit], led[unit], counts[unit]) for unit in counts}
        self.heads: Mapping[str, str] = {unit: head for unit, head in heads.items() if head}
        """Unit → its head; a person of another unit where nobody in it leads it."""

    def line(self, unit: str) -> Sequence[str]:
        """The unit and every unit above it, nearest first."""
        return self._lines.get(unit, ())

    def leader(self, unit: str) -> str:
        """The head of the unit who is employed; else the head of the unit above, and so on; '' for nobody."""
        heads = (self.heads.get(one, "") for one in self.line(unit))
        return next((head for head in heads if head in self.people), "")

    @cached_property
    def vacancies(self) -> Sequence[Vacancy]:
        """Every post that lacks somebody, in the order of the directory: a post with `seats` lacks the empty ones; a post with targets
        lacks one where nobody holds it; a head's post lacks one in each unit that had a head and has people."""
        day = self.moment.astimezone(zone(self._directory.default_zone)).date()
        found: list[Vacancy] = []
        for position in self._directory.positions.values():
            held = len(self.held.get(position.id, ()))
            if position.seats is not None:
                found += [Vacancy(position.id, position.unit, position.seats, position.seats - held)]
            elif position.head:
                found += [Vacancy(position.id, unit, 1, 1) for unit in self._headless(position)]
            elif position.targets_on(day):
                found += [Vacancy(position.id, position.unit, 1, 1 - held)]
        return tuple(one for one in found if one.missing > 0)

    def _headless(self, position: Position) -> Sequence[str]:
        """The units in which somebody held this head's post before, and nobody does now; the post's own unit where nobody ever did."""
        now = {one.unit for one in self.held.get(position.id, ())}
        once = {period.unit for period in self._once(position.id)} - now
        left = [unit for unit in self._directory.units if unit in once and self.counts.get(unit)]
        return left or ([] if now else [position.unit])

    def _once(self, position: str) -> Iterator[Assignment]:
        """The periods in which somebody held the post, up to the moment."""
        directory = self._directory
        for person in directory.groups.ever_in(("position", position)):
            for period in directory.periods(person):
                if period.position == position and (period.since or date.min) <= self.moment.date():
                    yield period

    @cached_property
    def empty_in(self) -> Mapping[str, Sequence[Vacancy]]:
        """Unit → vacancies of its own posts; '' → those of posts in no unit."""
        found: dict[str, list[Vacancy]] = {}
        for one in self.vacancies:
            found.setdefault(one.unit if one.unit in self._directory.units else "", []).append(one)
        return found

    def empty_since(self, vacancy: Vacancy) -> date | None:
        """The first day after the last holder; None where it is not known, or the post still has holders."""
        if any(vacancy.unit in ("", one.unit) for one in self.held.get(vacancy.position, ())):
            return None
        there = [one for one in self._once(vacancy.position) if vacancy.unit in ("", one.unit)]
        last = max((one.until for one in there if one.until), default=None)
        return last + timedelta(days=1) if last else None


def _head(first: Sequence[Assignment], led: Mapping[str, int], size: int) -> str | None:
    leading = [one.person for one in first if led[one.person]]
    if leading:
        return max(leading, key=lambda person: led[person])  # the first by id among equals
    if size == 1 and first and not first[0].supervisor:
        return first[0].person
    named = Counter(one.supervisor for one in first if one.supervisor)
    return min(named, key=lambda name: (-named[name], name), default=None)


def _inside(directory: Directory) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for unit in directory.units.values():
        found.setdefault(unit.parent if unit.parent in directory.units else "", []).append(unit.id)
    return found
