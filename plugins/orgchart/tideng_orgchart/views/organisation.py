"""The organisation on any day: the chart, its search, and one unit with its people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection

from tideng.plugin import Directory, Viewer
from tideng_orgchart.views.day_view import DayView, Face, PostLine, UnitNode, VacancyView, page_of, with_faces
from tideng_orgchart.views.history import Turn, turns_of

MOST_UNITS = 80
"""The most units on a page at first; those below are loaded when somebody opens them."""
MOST_BESIDE = 200
"""The most units side by side, and the most vacancies."""
MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """The chart of `day`. `people`: the number of all people; `units`: the top units, or the one asked for; `above`: the units above
    the one asked for, the top one first; `strays`: posts of people who are in no unit."""

    day: date
    today: bool
    people: int
    units: tuple[UnitNode, ...]
    vacancies: tuple[VacancyView, ...]
    above: tuple[tuple[str, str], ...] = ()
    strays: tuple[PostLine, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A search result. `kind`: person, position or unit; `where`: its unit and post, or the unit above."""

    kind: str
    id: str
    name: str
    where: str
    unit: str


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
    view = DayView(viewer, directory, now, day)
    if unit:
        view.require_unit(unit)
    tops = [unit] if unit else list(view.chart.inside.get("", ()))
    if len(view.directory.units) <= MOST_UNITS:
        depth = len(view.directory.units)  # few enough to show all of them at once
    units = view.with_lamps(connection, view.tree(tops[:MOST_BESIDE], depth, MOST_UNITS))
    empty = [one for one in view.chart.vacancies if not unit or unit in view.chart.line(one.unit)]
    people = view.chart.counts.get(unit, 0) if unit else view.chart.size
    above = tuple((one, view.unit(one)) for one in reversed(view.chart.line(unit)[1:]))
    strays = () if unit else view.posts("")
    return Overview(view.day, view.today, people, units, tuple(map(view.empty, empty[:MOST_BESIDE])), above, strays)


def below(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, unit: str, day: date | None = None
) -> tuple[UnitNode, ...]:
    """The units directly below `unit`, loaded when somebody opens it. Raises `NotFound`. At most two statements."""
    view = DayView(viewer, directory, now, day)
    view.require_unit(unit)
    inside = view.chart.inside.get(unit, ())[:MOST_BESIDE]
    return view.with_lamps(connection, [view.node(one) for one in inside])


def search(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, words: str, day: date | None = None
) -> tuple[SearchResult, ...]:
    """People, posts and units with every one of `words` in name or id, at most `MOST_FOUND`. No statement."""
    view = DayView(viewer, directory, now, day)
    wanted = words.casefold().split()
    if not wanted:
        return ()
    fits = lambda *said: all(word in " ".join(said).casefold() for word in wanted)  # noqa: E731
    units = (
        SearchResult("unit", one.id, one.name, view.unit(one.parent), one.id)
        for one in view.directory.units.values()
        if fits(one.name, one.id)
    )
    posts = (
        SearchResult("position", one.id, one.name, view.unit(one.unit), one.unit)
        for one in view.directory.positions.values()
        if fits(one.name, one.id)
    )
    people = (
        SearchResult("person", one.person, one.name, f"{view.unit(one.unit)} · {view.post(one.position)}", one.unit)
        for one in view.chart.people.values()
        if fits(one.name, one.person)
    )
    third = MOST_FOUND // 3
    first = [*islice(units, third), *islice(posts, third)]
    return (*first, *islice(people, MOST_FOUND - len(first)))


# -- one unit ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class UnitPage:
    """A unit: `it` in the chart, the units above and below it, one page of its own people, `next`: the cursor of the next page, and
    `turns`: the days on which it changed or will change."""

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
    view = DayView(viewer, directory, now, day)
    view.require_unit(unit)
    it, own = view.node(unit), view.chart.own.get(unit, ())
    page, following = page_of(own, after)
    people = view.faces(page)
    faces = view.lit(connection, [*people, *([it.head] if it.head else [])])
    pairs = lambda units: tuple((one, view.unit(one)) for one in units)  # noqa: E731
    return UnitPage(
        view.day,
        view.today,
        with_faces(it, faces),
        pairs(reversed(view.chart.line(unit)[1:])),
        pairs(view.chart.inside.get(unit, ())[:MOST_BESIDE]),
        tuple(faces[one.person] for one in people),
        len(own),
        following,
        turns_of(directory.unit_periods[unit], view.day),
    )
