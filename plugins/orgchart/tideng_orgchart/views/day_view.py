"""The organisation of one day as one viewer may see it: people, posts, units and vacancies, from which the pages are made.

Names, posts and structure are for everybody who is signed in. Today's lamp, figures and contact data are for those who look
after a person (`Viewer.scope`). A read costs a fixed number of statements, however many people it is about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, select

from tideng.plugin import LAMP_LIT, Assignment, Directory, NotAllowed, NotFound, Viewer, lamps_of, zone
from tideng_orgchart.tables import PhotoRow
from tideng_orgchart.views.chart import Chart, Vacancy, chart_at, noon

PAGE = 50
"""People on one page."""
_PARTS = 5000


@dataclass(frozen=True, slots=True)
class Face:
    """A person as everybody may see them. `position`: the title of the post; `reports`: the number of direct reports; `photo`: the
    mark of the photo, '' for none; `lamp`: today's status, '' where the viewer may not see it."""

    person: str
    name: str
    position: str = ""
    reports: int = 0
    photo: str = ""
    lamp: str = ""


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post within one unit. `holders`: how many hold it there; `only`: the name of a single holder; `missing`: empty seats."""

    id: str
    name: str
    holders: int
    only: str = ""
    missing: int = 0


@dataclass(frozen=True, slots=True)
class UnitNode:
    """A unit of the chart. `people`: the number in it and below it; `outside`: its `head` belongs to another unit; `inside`: the
    number of units directly below; `units`: those of them that are loaded."""

    id: str
    name: str
    parent: str
    people: int
    head: Face | None
    outside: bool
    posts: tuple[PostLine, ...]
    inside: int
    units: tuple[UnitNode, ...] = ()

    @property
    def more(self) -> int:
        return self.inside - len(self.units)


@dataclass(frozen=True, slots=True)
class VacancyView:
    """A vacancy with titles. `since`: the first empty day, None where it is not known; `meanwhile`: who is responsible until then."""

    position: str
    name: str
    unit: str
    unit_name: str
    seats: int
    missing: int
    since: date | None
    meanwhile: Face | None


class DayView:
    """The organisation of one day as one viewer may see it."""

    def __init__(self, viewer: Viewer, directory: Directory, now: datetime, day: date | None):
        if not viewer.login:
            raise NotAllowed("organisation-needs-login")
        self.viewer, self.now = viewer, now
        today = now.astimezone(zone(directory.default_zone)).date()
        self.day = day or today
        self.today = self.day == today
        self.moment = noon(directory, self.day, now)
        self.directory = directory.as_of(self.day)
        """The directory with the units and posts of the day."""
        self.chart: Chart = chart_at(self.directory, self.moment)

    def require_unit(self, unit: str) -> None:
        """Raise `NotFound` where there is no such unit on the day."""
        if unit not in self.directory.units:
            raise NotFound("no-unit", {"id": unit})

    def post(self, position: str) -> str:
        found = self.directory.positions.get(position)
        return found.name if found else position

    def unit(self, unit: str) -> str:
        found = self.directory.units.get(unit)
        return found.name if found else unit

    def face(self, person: str | None) -> Face | None:
        """The face of a person who is or was employed; None for an unknown id."""
        if not person or not self.directory.knows(person):
            return None
        one = self.chart.people.get(person) or self.directory.periods(person)[-1]
        return Face(person, one.name, self.post(one.position), self.chart.reports[person])

    def faces(self, people: Iterable[Assignment]) -> tuple[Face, ...]:
        return tuple(filter(None, (self.face(one.person) for one in people)))

    def posts(self, unit: str) -> tuple[PostLine, ...]:
        """The posts held in a unit, its head's first, and the unit's own posts that are empty."""
        held: dict[str, list[Assignment]] = {}
        for one in self.chart.own.get(unit, ()):
            held.setdefault(one.position, []).append(one)
        empty = {one.position: one for one in self.chart.empty_in.get(unit, ())}
        order = {position: number for number, position in enumerate(self.directory.positions)}
        head = self.chart.people.get(self.chart.heads.get(unit, ""))
        first = head.position if head else ""
        ids = sorted({*held, *empty} - {""}, key=lambda one: (one != first, order.get(one, len(order)), one))
        return tuple(self._line(one, held.get(one, ()), empty.get(one)) for one in ids)

    def _line(self, position: str, holders: Sequence[Assignment], empty: Vacancy | None) -> PostLine:
        only = holders[0].name if len(holders) == 1 else ""
        return PostLine(position, self.post(position), len(holders), only, empty.missing if empty else 0)

    def node(self, unit: str, units: tuple[UnitNode, ...] = ()) -> UnitNode:
        chart, it = self.chart, self.directory.units[unit]
        leader = chart.leader(unit)
        return UnitNode(
            unit,
            it.name,
            it.parent if it.parent in self.directory.units else "",
            chart.counts.get(unit, 0),
            self.face(leader),
            leader != "" and unit not in chart.line(chart.people[leader].unit),
            self.posts(unit),
            len(chart.inside.get(unit, ())),
            units,
        )

    def tree(self, tops: Sequence[str], depth: int, most: int) -> tuple[UnitNode, ...]:
        """The units of `tops` and below, at most `depth` levels and about `most` units, the upper levels first."""
        shown: dict[str, list[str]] = {}
        waiting, left = deque((unit, depth) for unit in tops), most - len(tops)
        while waiting:
            unit, levels = waiting.popleft()
            below = self.chart.inside.get(unit, ())
            if levels > 1 and len(below) <= left:
                shown[unit] = list(below)
                left -= len(below)
                waiting.extend((one, levels - 1) for one in below)
        return tuple(self._branch(unit, shown) for unit in tops)

    def _branch(self, unit: str, shown: Mapping[str, Sequence[str]]) -> UnitNode:
        return self.node(unit, tuple(self._branch(one, shown) for one in shown.get(unit, ())))

    def empty(self, one: Vacancy) -> VacancyView:
        return VacancyView(
            one.position,
            self.post(one.position),
            one.unit,
            self.unit(one.unit),
            one.seats,
            one.missing,
            self.chart.empty_since(one),
            self.face(self.chart.leader(one.unit)),
        )

    def lit(self, connection: Connection, faces: Iterable[Face]) -> dict[str, Face]:
        """Person → the face with the photo and, for today, the lamp where the viewer may see it. Two statements."""
        known = {one.person: one for one in faces}
        marks = photo_marks(connection, known)
        scope = self.viewer.scope(self.directory, self.now) if self.today else frozenset()
        seen = [one for one in known if one in self.chart.people and (scope is None or one in scope)]
        lamps = lamps_of(connection, self.viewer, self.directory, self.now, seen) if seen else {}
        status = {one: lamps.get(one, LAMP_LIT) for one in seen}
        return {one: replace(face, photo=marks.get(one, ""), lamp=status.get(one, "")) for one, face in known.items()}

    def with_lamps(self, connection: Connection, units: Sequence[UnitNode]) -> tuple[UnitNode, ...]:
        faces = self.lit(connection, [one.head for unit in units for one in _within(unit) if one.head])
        return tuple(with_faces(unit, faces) for unit in units)


def _within(unit: UnitNode) -> Iterable[UnitNode]:
    yield unit
    for one in unit.units:
        yield from _within(one)


def with_faces(unit: UnitNode, faces: Mapping[str, Face]) -> UnitNode:
    head = faces[unit.head.person] if unit.head else None
    return replace(unit, head=head, units=tuple(with_faces(one, faces) for one in unit.units))


def photo_marks(connection: Connection, people: Collection[str]) -> dict[str, str]:
    """Person → the mark of their photo, of those who have one."""
    row, wanted = PhotoRow, sorted(people)
    parts = [wanted[start : start + _PARTS] for start in range(0, len(wanted), _PARTS)]
    return {
        one.person: one.mark
        for part in parts
        for one in connection.execute(select(row.person, row.mark).where(row.person.in_(part)))
    }


def page_of(people: Sequence[Assignment], after: str) -> tuple[Sequence[Assignment], str]:
    """One page of `people`, who are sorted by id, and the cursor of the next page, '' for none."""
    rest = [one for one in people if one.person > after] if after else people
    return rest[:PAGE], rest[PAGE - 1].person if len(rest) > PAGE else ""
