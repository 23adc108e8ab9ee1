"""A post: what is expected of whom holds it and where that stands, its duty sheet, who holds it, and which steps it answers for."""

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
    Responsibility,
    Text,
    Viewer,
    WatchList,
    WorkingSet,
    facts_at,
    metric_of,
    responsibilities,
)
from tideng_orgchart.views.history import Turn, turns_of
from tideng_orgchart.views.organisation import (
    Empty,
    Face,
    Sight,
    page_of,
)

if TYPE_CHECKING:
    from tideng.plugin import Catalogue, Deployment

MOST_COUNTED = 2000
"""With more holders than this no mean is added up while somebody waits for a page."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One thing that is to be done by when: the target, and where the holders stand whom the viewer looks after. `value` is
    their mean, None where there is no data; `of`: how many of them have data; `own`: the viewer's, where they hold the post."""

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
    """A post on `day`. `units`: those in which somebody holds it, with how many; `leads`: whom its holders report to; `steps`: those
    that name the post, or that somebody who holds it has in another way; `next`: the cursor
    of the following holders; `turns`: from which days on it was or will be otherwise; `rules`: rule → title."""

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
    empty: Empty | None
    steps: tuple[Responsibility, ...]
    rules: Mapping[str, Text]


def post_page(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    deployment: Deployment,
    position: str,
    day: date | None = None,
    after: str = "",
) -> PostPage:
    """Everything about one post. Raises `NotFound`. A fixed number of statements, however many hold it."""
    sight = Sight(viewer, directory, now, day)
    it = sight.directory.positions.get(position)
    if it is None:
        raise NotFound("no-position", {"id": position})
    held = sight.chart.held.get(position, ())
    page, following = page_of(held, after)
    people, head = sight.faces(page), sight.face(_over(sight, it.unit, held))
    faces = sight.lit(connection, [*people, *([head] if head else [])])
    numbers: dict[str, int] = {}
    for one in held:
        numbers[one.unit] = numbers.get(one.unit, 0) + 1
    empty = next((sight.empty(one) for one in sight.chart.vacancies if one.position == position), None)
    targets, holders = it.targets_on(sight.day), {one.person for one in held}
    steps = responsibilities(deployment, connection, directory, sight.moment)
    return PostPage(
        sight.day,
        sight.today,
        position,
        it.name,
        (it.unit, sight.unit(it.unit)) if it.unit in sight.directory.units else None,
        tuple((unit, sight.unit(unit), number) for unit, number in numbers.items() if unit in sight.directory.units),
        faces.get(head.person) if head else None,
        _expected(connection, sight, deployment.catalogue, [one.person for one in held], targets),
        turns_of(directory.position_periods[position], sight.day),
        it.sheet,
        tuple(faces[one.person] for one in people),
        len(held),
        following,
        it.seats,
        empty,
        tuple(one for one in steps if one.position == position or holders.intersection(one.people)),
        _rules(deployment, frozenset(targets)),
    )


def _over(sight: Sight, unit: str, held: Sequence[Assignment]) -> str:
    """Whom the holders report to; where they do not report to one and the same, who leads the post's unit; '' for nobody."""
    named = {one.supervisor for one in held}
    if len(named) == 1:
        return named.pop()
    leader = sight.chart.leader(unit)
    return "" if leader in {one.person for one in held} else leader


def _expected(
    connection: Connection, sight: Sight, catalogue: Catalogue, holders: Sequence[str], targets: Mapping
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
    scope = sight.viewer.scope(sight.directory, sight.now)
    seen = [one for one in holders if scope is None or one in scope]
    if not sight.today or not known or not 0 < len(seen) <= MOST_COUNTED:
        return tuple(asked)
    values = _values(connection, sight, catalogue, seen, known)
    return tuple(_standing(one, values, sight.viewer.person) for one in asked)


def _standing(one: Expected, values: Mapping[str, Mapping[str, Any]], person: str) -> Expected:
    found = [of[one.name] for of in values.values() if isinstance(of.get(one.name), int | float)]
    mean = sum(found) / len(found) if found else None
    own = values.get(person, {}).get(one.name)
    return Expected(one.name, one.title, one.operator, one.goal, one.unit, one.window, mean, len(found), own)


def _values(
    connection: Connection, sight: Sight, catalogue: Catalogue, people: Sequence[str], names: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Person → metric → value as it is now, read together for all of them."""
    directory = sight.directory
    metrics = {name: metric_of(spec) for name, spec in catalogue.metrics.items()}
    needs = Needs.of(frozenset(f"metric.{name}" for name in names), metrics, catalogue)
    periods = [period for one in people for period in directory.periods(one)]
    near = Directory(periods, directory.units.values(), directory.positions.values(), directory.default_zone)
    watches = WatchList((), catalogue, lambda rule, version: None)
    world = WorkingSet(connection, catalogue, near, watches).for_people(set(people), [needs], sight.now)
    return {one: _named(facts_at(world, needs, one, one, sight.now)) for one in people}


def _named(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("metric."): value for name, value in facts.items()}


def _rules(deployment: Deployment, targets: Collection[str]) -> dict[str, Text]:
    """The rules in force that read one of these targets, or the figure that it is for."""
    wanted = {f"{kind}.{name}" for kind in ("target", "metric") for name in targets}
    watches = [one for part in deployment.plugins.call("watches") for one in part]
    return {
        one.rule: one.title
        for one in sorted(watches, key=lambda watch: watch.rule)
        if wanted & (one.needs | (one.until_needs or frozenset()))
    }


# -- who answers for what ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Answer:
    """One step of a process and who answers for it: `people` at that moment, at most a few, each with whom they stand in for."""

    step: Responsibility
    people: tuple[tuple[Face, str], ...]


def who_answers(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    deployment: Deployment,
    day: date | None = None,
) -> dict[str, list[Answer]]:
    """Every step that somebody answers for, by process (the name before the dot), in the order in which plugins give them."""
    sight = Sight(viewer, directory, now, day)
    steps = responsibilities(deployment, connection, directory, sight.moment)
    found = {one: sight.face(one) for step in steps for one in step.people}
    faces = sight.lit(connection, filter(None, found.values()))
    answers: dict[str, list[Answer]] = {}
    for step in steps:
        people = tuple((faces[one], _instead(sight, step, one)) for one in step.people if one in faces)
        answers.setdefault(step.name.partition(".")[0], []).append(Answer(step, people))
    return answers


def _instead(sight: Sight, step: Responsibility, person: str) -> str:
    meant = step.instead_of.get(person, "")
    face = sight.face(meant)
    return face.name if face else ""
