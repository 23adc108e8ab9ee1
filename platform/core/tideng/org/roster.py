"""Everyone who is employed at one moment, sorted and indexed once, so that a list of 100,000 costs no walk a request."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from tideng.org.directory import Assignment, zone

if TYPE_CHECKING:
    from tideng.org.directory import Directory


class Roster:
    """Who is employed while no local day begins. `members` come by unit as the directory lists them, then by name."""

    def __init__(self, directory: Directory, moment: datetime):
        self._directory = directory
        order = {unit: number for number, unit in enumerate(directory.units)}
        last = len(order)
        self.members: Sequence[Assignment] = sorted(
            directory.members(moment), key=lambda one: (order.get(one.unit, last), one.unit, one.name, one.person)
        )
        self.place: Mapping[str, int] = {one.person: number for number, one in enumerate(self.members)}

    def __len__(self) -> int:
        return len(self.members)

    def get(self, person: str) -> Assignment | None:
        """The person's assignment; None for whoever is not employed now."""
        found = self.place.get(person)
        return None if found is None else self.members[found]

    @cached_property
    def by_unit(self) -> Mapping[str, Sequence[Assignment]]:
        """Unit id → its own people, without those of the units below it; '' for people in none."""
        found: dict[str, list[Assignment]] = {}
        for member in self.members:
            found.setdefault(member.unit, []).append(member)
        return found

    @cached_property
    def reports(self) -> Mapping[str, Sequence[str]]:
        """Supervisor → the people directly below; '' → those who have none."""
        found: dict[str, list[str]] = {}
        for member in self.members:
            found.setdefault(member.supervisor, []).append(member.person)
        return found

    @cached_property
    def _words(self) -> Sequence[str]:
        positions = {key: position.name for key, position in self._directory.positions.items()}
        units = {key: unit.name for key, unit in self._directory.units.items()}
        return [
            f"{one.name}\n{one.person}\n{positions.get(one.position, one.position)}\n{units.get(one.unit, one.unit)}".casefold()
            for one in self.members
        ]

    def units_under(self, unit: str) -> set[str]:
        """The unit and every unit below it."""
        inside: dict[str, list[str]] = {}
        for one in self._directory.units.values():
            inside.setdefault(one.parent, []).append(one.id)
        found, waiting = {unit}, [unit]
        while waiting:
            fresh = [one for one in inside.get(waiting.pop(), ()) if one not in found]
            found.update(fresh)
            waiting.extend(fresh)
        return found

    def find(
        self,
        words: str = "",
        units: Collection[str] | None = None,
        scope: Collection[str] | None = None,
        after: str = "",
    ) -> Iterator[Assignment]:
        """The members with `words` in name, id, position or unit, of `units`, within `scope`, that come after person `after`.

        None leaves a dimension open; each word must be there. Lazy: a page costs what it has to look at.
        """
        wanted = words.casefold().split()
        first = self.place.get(after, -1) + 1 if after else 0
        spelled = self._words if wanted else ()
        for number in range(first, len(self.members)):
            member = self.members[number]
            if units is not None and member.unit not in units:
                continue
            if scope is not None and member.person not in scope:
                continue
            if wanted and not all(word in spelled[number] for word in wanted):
                continue
            yield member


class Rosters:
    """The roster of one directory as it is now. Made once for each directory: see `Directory.rosters`."""

    def __init__(self, directory: Directory):
        self._directory = directory
        self._zones = sorted(directory.zones())
        self._last: tuple[tuple[date, ...], Roster] | None = None

    def at(self, moment: datetime) -> Roster:
        """Everyone at `moment`. It is kept until a local day begins somewhere, since nobody joins or leaves before that."""
        days = tuple(moment.astimezone(zone(name)).date() for name in self._zones)
        held = self._last  # one read: another thread may put a newer one there meanwhile
        if held is None or held[0] != days:
            held = self._last = (days, Roster(self._directory, moment))
        return held[1]
