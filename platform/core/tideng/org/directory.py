"""Who is where, under whom, from when until when. Effective-dated, held in memory, no rows here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from tideng.model.catalogue import Text
    from tideng.org.groups import Groups
    from tideng.org.roster import Rosters

zone = lru_cache(maxsize=None)(ZoneInfo)
"""Time zone by its name, such as ``Asia/Shanghai``; kept, because reading one costs a file."""
Targets = Mapping[str, tuple[str, float]]
"""Metric name → (operator, value), e.g. visits_this_month → (">=", 15)."""
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One period of one person's work: a row of people.csv. `until` is the last day, inclusive."""

    person: str
    name: str
    unit: str = ""
    position: str = ""
    supervisor: str = ""
    timezone: str = "Asia/Shanghai"
    locale: str = "zh"
    phone: str = ""
    email: str = ""
    since: date | None = None
    until: date | None = None
    deputy: str = ""

    def covers(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Unit:
    """One period of a unit: it lasts until the next one of the same unit begins. `until`: the unit's last day, inclusive."""

    id: str
    name: str
    parent: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """One period of a post, as of a `Unit`, with its duty sheet. `targets`: what is expected from the beginning on; `later`:
    (first day, targets) of each change since, the earliest first. `sheet`: the duty sheet's text, per locale; `seats`: how
    many people should hold the post, None where nobody counts; `head`: whether somebody always should."""

    id: str
    name: str
    unit: str = ""
    targets: Targets = field(default_factory=dict)
    sheet: Text = field(default_factory=dict)
    seats: int | None = None
    head: bool = False
    later: tuple[tuple[date, Targets], ...] = ()
    since: date | None = None
    until: date | None = None

    def targets_on(self, day: date) -> Targets:
        """What is expected of its holders on that local day."""
        return next((targets for since, targets in reversed(self.later) if since <= day), self.targets)

    @property
    def measured(self) -> frozenset[str]:
        """The metrics that it has, or once had, a target for."""
        return frozenset(self.targets).union(*(targets for _, targets in self.later))


_Dated = TypeVar("_Dated", Unit, Position)


class Directory:
    """Everyone, on any day, and the units and posts as they stand on one: see `as_of` for another. Immutable; a change makes a
    new one."""

    def __init__(
        self,
        assignments: Iterable[Assignment] = (),
        units: Iterable[Unit] = (),
        positions: Iterable[Position] = (),
        default_zone: str = "Asia/Shanghai",
        roles: Mapping[str, tuple[str, ...]] | None = None,
        day: date | None = None,
    ):
        """`units`, `positions`: every period of each. `roles`: role name → ids of the people who hold it; ``hr`` is the last
        resort of every message. `day`: the client's local day whose units and posts these are; None for after the last change."""
        self.default_zone = default_zone
        self.roles = dict(roles or {})
        self._periods: dict[str, list[Assignment]] = {}
        for assignment in assignments:
            self._periods.setdefault(assignment.person, []).append(assignment)
        for periods in self._periods.values():
            periods.sort(key=lambda period: period.since or date.min)
        self.unit_periods = _by_id(units)
        """Unit → its periods, the earliest first."""
        self.position_periods = _by_id(positions)
        self._turns = _turns(self.unit_periods, self.position_periods)
        self._alike: dict[Hashable, object] = {}
        self._stand(day or date.max)

    def _stand(self, day: date) -> None:
        """Take the units and posts of `day`."""
        self.units = _standing(self.unit_periods, day)
        self.positions = {
            id: _over_time(one, self.position_periods[id]) for id, one in _standing(self.position_periods, day).items()
        }
        self._turn = bisect_right(self._turns, day)
        self._alike[self._turn] = self
        self._kept: dict[str, dict[Hashable, object]] = {}

    # -- units and posts on another day --------------------------------------------------------------------------
    def as_of(self, day: date) -> Directory:
        """The same people, with the units and posts as they stand on `day`, a local day of the client's."""
        if bisect_right(self._turns, day) == self._turn:
            return self
        return self._kept_on(self._alike, bisect_right(self._turns, day), lambda: self._standing_on(day))

    def as_at(self, moment: datetime) -> Directory:
        """As `as_of`, for the client's day at `moment`."""
        return self.as_of(moment.astimezone(zone(self.default_zone)).date()) if self._turns else self

    def _standing_on(self, day: date) -> Directory:
        other = copy(self)
        for made in ("groups", "rosters", "_sorted_zones"):
            other.__dict__.pop(made, None)
        other._stand(day)
        return other

    @property
    def next_turn(self) -> date | None:
        """The client's day from which on units or posts stand otherwise than here."""
        return self._turns[self._turn] if self._turn < len(self._turns) else None

    def __len__(self) -> int:
        return len(self._periods)

    @cached_property
    def groups(self) -> Groups:
        """Its positions and units, with who is in them."""
        from tideng.org.groups import Groups

        return Groups(self)

    @cached_property
    def rosters(self) -> Rosters:
        """Everyone at a moment, sorted and indexed."""
        from tideng.org.roster import Rosters

        return Rosters(self)

    def people(self) -> Iterable[str]:
        """Everyone who was ever employed."""
        return self._periods.keys()

    def knows(self, person: str) -> bool:
        return person in self._periods

    def everyone(self) -> Iterable[Assignment]:
        """Every period of everyone, past and future ones included."""
        return (period for periods in self._periods.values() for period in periods)

    def periods(self, person: str) -> list[Assignment]:
        return self._periods.get(person, [])

    def on(self, person: str, day: date) -> Assignment | None:
        """The person's assignment on that day; None when unknown, not yet joined, or gone."""
        for period in reversed(self._periods.get(person, ())):
            if period.covers(day):
                return period
        return None

    def zone_of(self, person: str, moment: datetime) -> ZoneInfo:
        """The zone in which the person lives at `moment`; the client's for whoever is not a person."""
        periods = self._periods.get(person)
        if not periods:
            return zone(self.default_zone)
        if len(periods) > 1:  # each period's days are those of its own zone
            for period in reversed(periods):
                if period.covers(moment.astimezone(zone(period.timezone)).date()):
                    return zone(period.timezone)
        return zone(periods[-1].timezone)

    def local_day(self, person: str, moment: datetime) -> date:
        return moment.astimezone(self.zone_of(person, moment)).date()

    def at(self, person: str, moment: datetime) -> Assignment | None:
        return self.on(person, self.local_day(person, moment))

    def members(self, moment: datetime) -> Iterable[Assignment]:
        """Everyone employed at `moment`, each by their own local day."""
        days = {name: moment.astimezone(zone(name)).date() for name in self.zones()}
        for person, periods in self._periods.items():
            if len(periods) > 1:
                found = self.at(person, moment)
            else:
                found = periods[0] if periods[0].covers(days[periods[0].timezone]) else None
            if found is not None:
                yield found

    def zones(self) -> set[str]:
        return {period.timezone for periods in self._periods.values() for period in periods} or {self.default_zone}

    def role(self, name: str, moment: datetime, absent: Callable[[str], bool]) -> str | None:
        """The first holder of a role who is employed and present at `moment`."""
        return next((p for p in self.roles.get(name, ()) if self.at(p, moment) and not absent(p)), None)

    def supervisor(self, person: str, moment: datetime, absent: Callable[[str], bool]) -> str | None:
        """The supervisor at `moment`; where the post is vacant or the holder absent the deputy, else the next up."""
        seen = {person}
        current = self.at(person, moment)
        while current and current.supervisor and current.supervisor not in seen:
            candidate = current.supervisor
            seen.add(candidate)
            holder = self.at(candidate, moment)
            if holder and not absent(candidate):
                return candidate
            last = holder or next(reversed(self.periods(candidate)), None)
            if (
                last
                and last.deputy
                and last.deputy != person
                and self.at(last.deputy, moment)
                and not absent(last.deputy)
            ):
                return last.deputy
            current = last
        return None

    @cached_property
    def _sorted_zones(self) -> tuple[str, ...]:
        return tuple(sorted(self.zones()))

    def days_at(self, moment: datetime) -> tuple[date, ...]:
        """The local day of each zone that somebody lives in. While it is the same, nobody joins, moves or leaves."""
        return tuple(moment.astimezone(zone(name)).date() for name in self._sorted_zones)

    def kept(self, kind: str, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """What was made of this directory under `key`, made now where it is not there. The last few of each `kind` are kept: a
        directory never changes, so neither does what follows from it. Nobody may change what is kept."""
        return self._kept_on(self._kept.setdefault(kind, {}), key, make)

    @staticmethod
    def _kept_on(shelf: dict[Hashable, object], key: Hashable, make: Callable[[], _Made]) -> _Made:
        found = shelf.get(key)
        if found is None:
            found = make()
            while len(shelf) >= _MOST_KEPT:
                shelf.pop(next(iter(shelf), None), None)  # another thread may be a moment faster
            shelf[key] = found
        return found  # type: ignore[return-value]  # the key says what it is


_MOST_KEPT = 64
"""Of each kind."""


# -- units and posts, in periods -----------------------------------------------------------------------------------------
def _by_id(periods: Iterable[_Dated]) -> dict[str, list[_Dated]]:
    found: dict[str, list[_Dated]] = {}
    for one in periods:
        found.setdefault(one.id, []).append(one)
    for mine in found.values():
        mine.sort(key=lambda one: one.since or date.min)
    return found


def _standing(periods: Mapping[str, Sequence[_Dated]], day: date) -> dict[str, _Dated]:
    found = ((id, in_force(mine, day)) for id, mine in periods.items())
    return {id: one for id, one in found if one is not None}


def in_force(periods: Sequence[_Dated], day: date) -> _Dated | None:
    """Which of one unit's or post's `periods`, the earliest first, holds on `day`; None before the first, and after the end."""
    begun = next((one for one in reversed(periods) if (one.since or date.min) <= day), None)
    return begun if begun and (begun.until is None or day <= begun.until) else None


def _over_time(one: Position, periods: Sequence[Position]) -> Position:
    """The post with what is expected of it in each of its periods, so that `Position.targets_on` answers for any day."""
    if len(periods) == 1:
        return one
    first, *others = periods
    later = [(other.since or date.min, other.targets) for other in others]
    return replace(one, targets=first.targets, later=tuple(later))


def _turns(*shelves: Mapping[str, Sequence[Unit]] | Mapping[str, Sequence[Position]]) -> list[date]:
    """Every day on which a unit or a post begins, changes or is there no more."""
    periods = [one for shelf in shelves for mine in shelf.values() for one in mine]
    begun = {one.since for one in periods if one.since}
    return sorted(begun | {one.until + timedelta(days=1) for one in periods if one.until and one.until < date.max})


LEFT = "person.left"
DIRECTORY_EVENTS = frozenset({"person.joined", "person.moved", LEFT})
"""Events after which the directory may be another one."""
