"""The organisation as somebody may see it, on any day: the chart, a unit, a post, a person, and who answers for what.

Names, posts and structure are everybody's who is signed in. Today's lamp, figures and ways to reach a person are seen by those
who look after them (`Viewer.scope`). Each read costs a fixed number of statements, however many people it is about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection, select

from tideng.plugin import LAMP_LIT, Assignment, Directory, NotAllowed, NotFound, Viewer, lamps_of, zone
from tideng_orgchart.tables import PhotoRow
from tideng_orgchart.views.chart import (
    Chart,
    Vacancy,
    chart_at,
    noon,
)
from tideng_orgchart.views.history import Turn, turns_of

MOST_UNITS = 80
"""So many units stand on a page at once; those below are fetched when somebody opens them."""
MOST_BESIDE = 200
MOST_FOUND = 20
PAGE = 50
_PARTS = 5000


@dataclass(frozen=True, slots=True)
class Face:
    """A person as everybody may see them. `photo`: the mark of their photo, '' where there is none; `lamp`: today's status, ''
    where it is not the viewer's to see; `position`: what the post is called; `reports`: how many are directly below."""

    person: str
    name: str
    position: str = ""
    reports: int = 0
    photo: str = ""
    lamp: str = ""


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post within one unit: how many hold it there, the only one by name, and how many it lacks."""

    id: str
    name: str
    holders: int
    only: str = ""
    missing: int = 0


@dataclass(frozen=True, slots=True)
class UnitNode:
    """A unit of the chart. `people` are those in it and below it; `outside`: `head` is not in it; `inside`: how many units
    are directly below, of which `units` are here."""

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
class Empty:
    """A vacancy in words: what the post and its unit are called, since when (None: not known), and who answers meanwhile."""

    position: str
    name: str
    unit: str
    unit_name: str
    seats: int
    missing: int
    since: date | None
    meanwhile: Face | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The chart of `day`: everybody's number, the top units (or the one asked for), and every vacancy. `above`: the units over
    the one asked for, the top one first; `strays`: posts of people who are in no unit."""

    day: date
    today: bool
    people: int
    units: tuple[UnitNode, ...]
    vacancies: tuple[Empty, ...]
    above: tuple[tuple[str, str], ...] = ()
    strays: tuple[PostLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: `kind` is person, position or unit; `where` says more about it."""

    kind: str
    id: str
    name: str
    where: str
    unit: str


class Sight:
    """One viewer's look at one day."""

    def __init__(self, viewer: Viewer, directory: Directory, now: datetime, day: date | None):
        if not viewer.login:
            raise NotAllowed("organisation-needs-login")
        self.viewer, self.now = viewer, now
        today = now.astimezone(zone(directory.default_zone)).date()
        self.day = day or today
        self.today = self.day == today
        self.moment = noon(directory, self.day, now)
        self.directory = directory.as_of(self.day)
        """With the units and posts of the day."""
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
        """Whoever was ever here; None for nobody."""
        if not person or not self.directory.knows(person):
            return None
        one = self.chart.people.get(person) or self.directory.periods(person)[-1]
        return Face(person, one.name, self.post(one.position), self.chart.reports[person])

    def faces(self, people: Iterable[Assignment]) -> tuple[Face, ...]:
        return tuple(filter(None, (self.face(one.person) for one in people)))

    def posts(self, unit: str) -> tuple[PostLine, ...]:
        """The posts that people of the unit hold, its head's first, and those of its own that are empty."""
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

    def empty(self, one: Vacancy) -> Empty:
        return Empty(
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
        """These faces with their photos and, today, the lamps that the viewer may see. Two statements."""
        known = {one.person: one for one in faces}
        marks = photo_marks(connection, known)
        scope = self.viewer.scope(self.directory, self.now) if self.today else frozenset()
        seen = [one for one in known if one in self.chart.people and (scope is None or one in scope)]
        lamps = lamps_of(connection, self.viewer, self.directory, self.now, seen) if seen else {}
        status = {one: lamps.get(one, LAMP_LIT) for one in seen}
        return {one: replace(face, photo=marks.get(one, ""), lamp=status.get(one, "")) for one, face in known.items()}

    def with_lamps(self, connection: Connection, units: Sequence[UnitNode]) -> tuple[UnitNode, ...]:
        faces = self.lit(connection, [one.head for unit in units for one in _within(unit) if one.head])
        return tuple(lighted(unit, faces) for unit in units)


def _within(unit: UnitNode) -> Iterable[UnitNode]:
    yield unit
    for one in unit.units:
        yield from _within(one)


def lighted(unit: UnitNode, faces: Mapping[str, Face]) -> UnitNode:
    head = faces[unit.head.person] if unit.head else None
    return replace(unit, head=head, units=tuple(lighted(one, faces) for one in unit.units))


def photo_marks(connection: Connection, people: Collection[str]) -> dict[str, str]:
    """Who of `people` has a photo, and its mark."""
    row, wanted = PhotoRow, sorted(people)
    parts = [wanted[start : start + _PARTS] for start in range(0, len(wanted), _PARTS)]
    return {
        one.person: one.mark
        for part in parts
        for one in connection.execute(select(row.person, row.mark).where(row.person.in_(part)))
    }


# -- the chart ---------------------------------------------------------------------------------------------------------
def overview(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    day: date | None = None,
    unit: str = "",
    depth: int = 3,
) -> Overview:
    """The chart of `day` (None: today), from the top or from `unit` down, `depth` levels of it and about `MOST_UNITS` units.

    At most two statements. Raises `NotFound` for a unit that is not there.
    """
    sight = Sight(viewer, directory, now, day)
    if unit:
        sight.require_unit(unit)
    tops = [unit] if unit else list(sight.chart.inside.get("", ()))
    if len(sight.directory.units) <= MOST_UNITS:
        depth = len(sight.directory.units)  # so few that nobody need open any
    units = sight.with_lamps(connection, sight.tree(tops[:MOST_BESIDE], depth, MOST_UNITS))
    empty = [one for one in sight.chart.vacancies if not unit or unit in sight.chart.line(one.unit)]
    people = sight.chart.counts.get(unit, 0) if unit else sight.chart.size
    above = tuple((one, sight.unit(one)) for one in reversed(sight.chart.line(unit)[1:]))
    strays = () if unit else sight.posts("")
    return Overview(sight.day, sight.today, people, units, tuple(map(sight.empty, empty[:MOST_BESIDE])), above, strays)


def below(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, unit: str, day: date | None = None
) -> tuple[UnitNode, ...]:
    """The units directly below `unit`, for somebody who opens it. Raises `NotFound`. At most two statements."""
    sight = Sight(viewer, directory, now, day)
    sight.require_unit(unit)
    inside = sight.chart.inside.get(unit, ())[:MOST_BESIDE]
    return sight.with_lamps(connection, [sight.node(one) for one in inside])


def search(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, words: str, day: date | None = None
) -> tuple[Found, ...]:
    """People, posts and units with every one of `words` in name or id, at most `MOST_FOUND`. No statement."""
    sight = Sight(viewer, directory, now, day)
    wanted = words.casefold().split()
    if not wanted:
        return ()
    fits = lambda *said: all(word in " ".join(said).casefold() for word in wanted)  # noqa: E731
    units = (
        Found("unit", one.id, one.name, sight.unit(one.parent), one.id)
        for one in sight.directory.units.values()
        if fits(one.name, one.id)
    )
    posts = (
        Found("position", one.id, one.name, sight.unit(one.unit), one.unit)
        for one in sight.directory.positions.values()
        if fits(one.name, one.id)
    )
    people = (
        Found("person", one.person, one.name, f"{sight.unit(one.unit)} · {sight.post(one.position)}", one.unit)
        for one in sight.chart.people.values()
        if fits(one.name, one.person)
    )
    third = MOST_FOUND // 3
    first = [*islice(units, third), *islice(posts, third)]
    return (*first, *islice(people, MOST_FOUND - len(first)))


# -- a unit and a person -----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class UnitPage:
    """A unit: `it` in the chart, the units above it, its own people by the page, and `next`, the cursor of the next page;
    `turns`: from which days on it was or will be otherwise."""

    day: date
    today: bool
    it: UnitNode
    above: tuple[tuple[str, str], ...]
    below: tuple[tuple[str, str], ...]
    people: tuple[Face, ...]
    own: int
    next: str
    turns: tuple[Turn, ...]


def unit_page(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    unit: str,
    day: date | None = None,
    after: str = "",
) -> UnitPage:
    """A unit and its own people, `PAGE` at a time. Raises `NotFound`. At most two statements."""
    sight = Sight(viewer, directory, now, day)
    sight.require_unit(unit)
    it, own = sight.node(unit), sight.chart.own.get(unit, ())
    page, following = page_of(own, after)
    people = sight.faces(page)
    faces = sight.lit(connection, [*people, *([it.head] if it.head else [])])
    pairs = lambda units: tuple((one, sight.unit(one)) for one in units)  # noqa: E731
    return UnitPage(
        sight.day,
        sight.today,
        lighted(it, faces),
        pairs(reversed(sight.chart.line(unit)[1:])),
        pairs(sight.chart.inside.get(unit, ())[:MOST_BESIDE]),
        tuple(faces[one.person] for one in people),
        len(own),
        following,
        turns_of(directory.unit_periods[unit], sight.day),
    )


def page_of(people: Sequence[Assignment], after: str) -> tuple[Sequence[Assignment], str]:
    """So many of `people`, who come by id, and the cursor of the page that follows."""
    rest = [one for one in people if one.person > after] if after else people
    return rest[:PAGE], rest[PAGE - 1].person if len(rest) > PAGE else ""


@dataclass(frozen=True, slots=True)
class Card:
    """A person as colleagues see them. `phone` and `email` are '' where they are not the viewer's to see; `seen`: whether the
    viewer looks after them (or is them); `employed`: on the day that was asked for."""

    day: date
    today: bool
    face: Face
    unit: str
    units: tuple[tuple[str, str], ...]
    position: str
    supervisor: Face | None
    deputy: Face | None
    below: tuple[Face, ...]
    since: date | None
    employed: bool
    seen: bool
    phone: str
    email: str


def card(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, person: str, day: date | None = None
) -> Card:
    """Who somebody is, on a day. Raises `NotFound` for nobody. At most two statements."""
    sight = Sight(viewer, directory, now, day)
    if not directory.knows(person):
        raise NotFound("no-such-person", {"id": person})
    here = sight.chart.people.get(person)
    one = here or directory.periods(person)[-1]
    scope = viewer.scope(directory, now)
    seen = scope is None or person in scope
    led = [other for other in sight.chart.people.values() if other.supervisor == person][:PAGE]
    wanted = [sight.face(person), sight.face(one.supervisor), sight.face(one.deputy), *sight.faces(led)]
    faces = sight.lit(connection, filter(None, wanted))
    return Card(
        sight.day,
        sight.today,
        faces[person],
        one.unit,
        tuple((unit, sight.unit(unit)) for unit in reversed(sight.chart.line(one.unit))),
        one.position,
        faces.get(one.supervisor),
        faces.get(one.deputy),
        tuple(faces[other.person] for other in led),
        one.since,
        here is not None,
        seen,
        one.phone if seen else "",
        one.email if seen else "",
    )
