"""A post: its targets and how its holders stand, its duty sheet, its holders, and the steps it is responsible for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from tideng.plugin import (
    Assignment,
    Directory,
    Needs,
    NotFound,
    Point,
    Responsibility,
    Text,
    Viewer,
    WatchList,
    WorkingSet,
    facts_at,
    metric_of,
    responsibilities,
)
from tideng_orgchart.views.day_view import DayView, Face, VacancyView, page_of
from tideng_orgchart.views.history import Turn, turns_of

if TYPE_CHECKING:
    from tideng.plugin import Catalogue, Deployment

MOST_COUNTED = 2000
"""With more holders than this, no mean is computed: it would take too long for a page."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A target of a post, and how the holders in the viewer's scope stand. `value`: their mean, None without data; `of`: how many of
    them have data; `own`: the viewer's own value, where they hold the post."""

    name: str
    title: Text
    operator: str
    goal: float
    unit: str
    window: str
    value: float | None = None
    of: int = 0
    own: Any = None


@dataclass(frozen=True, slots=True)
class PostPage:
    """A post on `day`. `units`: (id, name, holders) of each unit in which somebody holds it; `leads`: the person its holders report
    to; `steps`: steps of processes that name the post, or for which a holder is responsible in another way; `next`: the cursor
    of the next holders; `turns`: the days on which it changed or will change; `rules`: rule → title."""

    day: date
    today: bool
    id: str
    name: str
    unit: tuple[str, str] | None
    units: tuple[tuple[str, str, int], ...]
    leads: Face | None
    expected: tuple[Expected, ...]
    turns: tuple[Turn, ...]
    sheet: Text
    holders: tuple[Face, ...]
    count: int
    next: str
    seats: int | None
    empty: VacancyView | None
    steps: tuple[Responsibility, ...]
    rules: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class PostQuery:
    """Which post, on which day (None: today), and the cursor of the page of holders before, '' for the first one."""

    position: str
    day: date | None = None
    after: str = ""


def post_page(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    deployment: Deployment,
    query: PostQuery,
) -> PostPage:
    """Everything about one post. Raises `NotFound`. A fixed number of statements, however many people hold it."""
    position = query.position
    view = DayView(viewer, directory, now, query.day)
    it = view.directory.positions.get(position)
    if it is None:
        raise NotFound("no-position", {"id": position})
    held = view.chart.held.get(position, ())
    page, following = page_of(held, query.after)
    people, head = view.faces(page), view.face(_over(view, it.unit, held))
    faces = view.lit(connection, [*people, *([head] if head else [])])
    numbers: dict[str, int] = {}
    for one in held:
        numbers[one.unit] = numbers.get(one.unit, 0) + 1
    empty = next((view.empty(one) for one in view.chart.vacancies if one.position == position), None)
    targets, holders = it.targets_on(view.day), {one.person for one in held}
    steps = responsibilities(deployment, connection, directory, view.moment)
    return PostPage(
        view.day,
        view.today,
        position,
        it.name,
        (it.unit, view.unit(it.unit)) if it.unit in view.directory.units else None,
        tuple((unit, view.unit(unit), number) for unit, number in numbers.items() if unit in view.directory.units),
        faces.get(head.person) if head else None,
        _expected(connection, view, deployment.catalogue, [one.person for one in held], targets),
        turns_of(directory.position_periods[position], view.day),
        it.sheet,
        tuple(faces[one.person] for one in people),
        len(held),
        following,
        it.seats,
        empty,
        tuple(one for one in steps if one.position == position or holders.intersection(one.people)),
        _rules(deployment, frozenset(targets)),
    )


def _over(view: DayView, unit: str, held: Sequence[Assignment]) -> str:
    """The supervisor of the holders; where they have several, the leader of the post's unit; '' for nobody."""
    named = {one.supervisor for one in held}
    if len(named) == 1:
        return named.pop()
    leader = view.chart.leader(unit)
    return "" if leader in {one.person for one in held} else leader


def _expected(
    connection: Connection, view: DayView, catalogue: Catalogue, holders: Sequence[str], targets: Mapping
) -> tuple[Expected, ...]:
    known = {name: catalogue.metrics[name] for name in targets if name in catalogue.metrics}
    asked = [
        Expected(
            name,
            known[name].title if name in known else {},
            operator,
            goal,
            known[name].unit if name in known else "",
            known[name].window if name in known else "",
        )
        for name, (operator, goal) in targets.items()
    ]
    scope = view.viewer.scope(view.directory, view.now)
    seen = [one for one in holders if scope is None or one in scope]
    if not view.today or not known or not 0 < len(seen) <= MOST_COUNTED:
        return tuple(asked)
    values = _values(connection, view, catalogue, seen, known)
    return tuple(_standing(one, values, view.viewer.person) for one in asked)


def _standing(one: Expected, values: Mapping[str, Mapping[str, Any]], person: str) -> Expected:
    found = [of[one.name] for of in values.values() if isinstance(of.get(one.name), int | float)]
    mean = sum(found) / len(found) if found else None
    own = values.get(person, {}).get(one.name)
    return Expected(one.name, one.title, one.operator, one.goal, one.unit, one.window, mean, len(found), own)


def _values(
    connection: Connection, view: DayView, catalogue: Catalogue, people: Sequence[str], names: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Person → metric → its current value, read together for all people."""
    directory = view.directory
    metrics = {name: metric_of(spec) for name, spec in catalogue.metrics.items()}
    needs = Needs.of(frozenset(f"metric.{name}" for name in names), metrics, catalogue)
    periods = [period for one in people for period in directory.periods(one)]
    near = Directory(periods, directory.units.values(), directory.positions.values(), directory.default_zone)
    watches = WatchList((), catalogue, lambda rule, version: None)
    world = WorkingSet(connection, catalogue, near, watches).for_people(set(people), [needs], view.now)
    return {one: _named(facts_at(world, needs, Point(one, view.now))) for one in people}


def _named(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("metric."): value for name, value in facts.items()}


def _rules(deployment: Deployment, targets: Collection[str]) -> dict[str, Text]:
    """The rules in force that read one of these targets or its metric."""
    wanted = {f"{kind}.{name}" for kind in ("target", "metric") for name in targets}
    watches = [one for part in deployment.plugins.call("watches") for one in part]
    return {
        one.rule: one.title
        for one in sorted(watches, key=lambda watch: watch.rule)
        if wanted & (one.needs | (one.until_needs or frozenset()))
    }


# -- who answers for what ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ResponsiblePeople:
    """One step of a process, and at most a few responsible `people`, each with the name of the person they stand in for."""

    step: Responsibility
    people: tuple[tuple[Face, str], ...]


def who_answers(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    deployment: Deployment,
    day: date | None = None,
) -> dict[str, list[ResponsiblePeople]]:
    """Process (the step's name before the dot) → its steps with the people responsible, in the order in which plugins give them."""
    view = DayView(viewer, directory, now, day)
    steps = responsibilities(deployment, connection, directory, view.moment)
    found = {one: view.face(one) for step in steps for one in step.people}
    faces = view.lit(connection, filter(None, found.values()))
    answers: dict[str, list[ResponsiblePeople]] = {}
    for step in steps:
        people = tuple((faces[one], _instead(view, step, one)) for one in step.people if one in faces)
        answers.setdefault(step.name.partition(".")[0], []).append(ResponsiblePeople(step, people))
    return answers


def _instead(view: DayView, step: Responsibility, person: str) -> str:
    meant = step.instead_of.get(person, "")
    face = view.face(meant)
    return face.name if face else ""
