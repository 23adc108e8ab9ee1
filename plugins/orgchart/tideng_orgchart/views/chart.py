"""The organisation on one day, counted in a single pass: who leads what, who holds which post, and which posts are empty.

Made once for a directory and a day and kept with it, so that a page about a hundred thousand people costs what it shows.
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
    """A post with fewer holders than it should have. `missing` people, of `seats`; `unit` is the post's, '' where it has none."""

    position: str
    unit: str
    seats: int
    missing: int


def chart_at(directory: Directory, moment: datetime) -> Chart:
    """The organisation at `moment`; the same one until a local day begins somewhere."""
    then = directory.as_at(moment)
    return then.kept("chart", then.days_at(moment), lambda: Chart(then, moment))


def noon(directory: Directory, day: date, now: datetime) -> datetime:
    """The moment for which `day` is asked: now where it is today, else that day's noon in the client's zone."""
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
        """Supervisor → how many people are directly below: the span of control."""
        own: defaultdict[str, list[Assignment]] = defaultdict(list)
        held: defaultdict[str, list[Assignment]] = defaultdict(list)
        for one in members:
            own[one.unit if one.unit in directory.units else ""].append(one)
            if one.position:
                held[one.position].append(one)
        self.own: Mapping[str, Sequence[Assignment]] = own
        """Unit → its own people, without those below it; '' for people in none."""
        self.held: Mapping[str, Sequence[Assignment]] = held
        """Position → its holders."""
        self.inside: Mapping[str, Sequence[str]] = _inside(directory)
        """Unit → those directly below it; '' → the top ones."""
        self._lines = {unit: directory.groups.line(unit) for unit in directory.units}
        self._lead(members)

    def _lead(self, members: Sequence[Assignment]) -> None:
        """Count every unit's people, and find who leads it as `tideng.org.groups.Groups.head` says, in one pass over all."""
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
        """Unit → how many people are in it and below it."""
        heads = {unit: _head(first[unit], led[unit], counts[unit]) for unit in counts}
        self.heads: Mapping[str, str] = {unit: head for unit, head in heads.items() if head}
        """Unit → who leads it; from outside of it where nobody in it does."""

    def line(self, unit: str) -> Sequence[str]:
        """The unit and every unit above it, nearest first."""
        return self._lines.get(unit, ())

    def leader(self, unit: str) -> str:
        """Who leads the unit and is there; where the one who should is gone, who leads the one above; '' for nobody."""
        heads = (self.heads.get(one, "") for one in self.line(unit))
        return next((head for head in heads if head in self.people), "")

    @cached_property
    def vacancies(self) -> Sequence[Vacancy]:
        """Every post that lacks somebody, in the order of the directory. A post that says how many people it wants lacks the
        rest of them; one with duties lacks somebody where nobody holds it; a head's in each unit that had one and has people."""
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
        """Units in which somebody led by this post, and nobody does now; the post's own where nobody ever held it."""
        now = {one.unit for one in self.held.get(position.id, ())}
        once = {period.unit for period in self._once(position.id)} - now
        left = [unit for unit in self._directory.units if unit in once and self.counts.get(unit)]
        return left or ([] if now else [position.unit])

    def _once(self, position: str) -> Iterator[Assignment]:
        """The periods in which somebody held the post, up to now."""
        directory = self._directory
        for person in directory.groups.ever_in(("position", position)):
            for period in directory.periods(person):
                if period.position == position and (period.since or date.min) <= self.moment.date():
                    yield period

    @cached_property
    def empty_in(self) -> Mapping[str, Sequence[Vacancy]]:
        """Unit → the posts of its own that lack somebody; '' → those of no unit."""
        found: dict[str, list[Vacancy]] = {}
        for one in self.vacancies:
            found.setdefault(one.unit if one.unit in self._directory.units else "", []).append(one)
        return found

    def empty_since(self, vacancy: Vacancy) -> date | None:
        """The first day after the last holder there; None where that is not known, or some still hold the post."""
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
