"""Compute the facts of a subject at a moment from a `World`: event fields, states, metrics, peers and targets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from tideng.facts.names import Needs, Point
from tideng.facts.world import World
from tideng.model.metrics import Metric
from tideng.org.directory import Assignment, Position, zone
from tideng.org.groups import GROUPS, Group

FEWEST_PEERS = 3
"""With fewer peers, a mean would reveal the value of one of them."""

_A_MOMENT = timedelta(microseconds=1)

Peers = dict[tuple, tuple[dict[str, float], float]]
"""The sums computed so far: (metric, position, moment) → each peer's value, and their sum."""


def facts_at(
    world: World,
    needs: Needs,
    point: Point,
    event: Mapping[str, Any] | None = None,
    peers: Peers | None = None,
) -> dict[str, Any]:
    """Those of `needs` that are known at a point; a point without an assignment has it looked up where it is needed.

    `event`: the facts of the event that asks, if one does. `peers` is shared among the questions of one moment, so that a
    mean over everyone is added up once.
    """
    facts: dict[str, Any] = {}
    person, at, judged = point.subject, point.at, point.judged
    if event is not None:
        for name in needs.event:
            _know(facts, name, event.get(name))
    for name in needs.cases:
        _know(facts, name, world.of_case(judged, name, at))
    for name in needs.states:
        facts[name] = world.in_state(person, name, at) is not None
    if not (needs.metrics or needs.peers or needs.targets):
        return facts
    if point.about in GROUPS:
        return facts | _of_group(world, needs, (point.about, judged), at)
    assignment = point.assignment or world.directory.at(person, at)
    day = at.astimezone(zone(assignment.timezone)).date() if assignment else world.directory.local_day(judged, at)
    for name, metric in needs.metrics:
        _know(facts, name, _value(world, metric, judged, day, at, assignment))
    for name, metric in needs.peers:
        _know(facts, name, _mean_of_peers(world, metric, assignment, at, {} if peers is None else peers))
    position = world.directory.as_at(at).positions.get(assignment.position) if assignment else None
    return facts | _targets(position, needs, day)


def _of_group(world: World, needs: Needs, group: Group, at: datetime) -> dict[str, Any]:
    """The metrics of a group's people together, and the targets of its duty sheet."""
    facts: dict[str, Any] = {}
    for name, metric in needs.metrics:
        _know(facts, name, world.directory.groups.value(world.book, metric, group, at))
    kind, id_ = group
    position = world.directory.as_at(at).positions.get(id_) if kind == "position" else None
    return facts | _targets(position, needs, at.astimezone(zone(world.directory.default_zone)).date())


def _targets(position: Position | None, needs: Needs, day: date) -> dict[str, float]:
    """The targets of a duty sheet on a local day."""
    targets = position.targets_on(day) if position and needs.targets else {}
    return {name: targets[target][1] for name, target in needs.targets if target in targets}


def _know(facts: dict[str, Any], name: str, value: Any) -> None:
    if value is not None:
        facts[name] = value


def _value(world: World, metric: Metric, subject: str, day: date, at: datetime, assignment: Assignment | None) -> Any:
    since = None
    if metric.of is not None:
        return _share_of_target(world, metric.of, subject, day, at, assignment)
    if metric.state:
        return _days_in_state(world, metric, subject, day, at)
    if metric.since_state:
        span = world.in_state(subject, metric.since_state, at, until_end=True)
        since = world.directory.local_day(subject, span.started) if span and span.started else None
    return world.book.value(subject, metric, day, since, at)


def _share_of_target(
    world: World, metric: Metric, subject: str, day: date, at: datetime, assignment: Assignment | None
) -> float | None:
    position = world.directory.as_at(at).positions.get(assignment.position) if assignment else None
    target = position.targets_on(day).get(metric.name, ("", 0))[1] if position else 0
    value = _value(world, metric, subject, day, at, assignment) if target else None
    return value / target if isinstance(value, int | float) else None


def _days_in_state(world: World, metric: Metric, subject: str, today: date, at: datetime) -> int:
    """The number of local days of the window on which the state held, if only for a moment, up to `at`, inclusive."""
    window = metric.days(today)
    days: set[date] = set()
    for span in world.spans.get((subject, metric.state), ()) if window else ():
        if span.started is None or span.started > at or span.started == span.ended:
            continue
        last_moment = span.ended - _A_MOMENT if span.ended is not None and span.ended <= at else at
        first = max(world.directory.local_day(subject, span.started), window[0])  # type: ignore[index]
        last = min(world.directory.local_day(subject, last_moment), window[1])  # type: ignore[index]
        days.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return len(days)


def _mean_of_peers(world: World, metric: Metric, own: Assignment | None, at: datetime, known: Peers) -> float | None:
    """The mean over the other active people with the same position who have a value; None if they are too few."""
    if own is None or not own.position:
        return None
    key = (metric.function, metric.state, metric.series.key, metric.window, own.position, at)
    if key not in known:
        values = {}
        for peer in world.directory.members(at):
            if peer.position == own.position and not world.absent(peer.person, at):
                value = _value(world, metric, peer.person, at.astimezone(zone(peer.timezone)).date(), at, peer)
                if isinstance(value, int | float):
                    values[peer.person] = value
        known[key] = values, sum(values.values())
    values, total = known[key]
    others = len(values) - (own.person in values)
    return (total - values.get(own.person, 0)) / others if others >= FEWEST_PEERS else None
