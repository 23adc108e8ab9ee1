"""What is true of a subject at a moment, read off a `World`: event fields, states, metrics, peers and targets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tideng.facts import Needs
from tideng.metrics import Metric
from tideng.people import Assignment, zone
from tideng.world import World

FEWEST_PEERS = 3
"""Below so many others a mean would say something about one of them."""

Peers = dict[tuple, tuple[dict[str, float], float]]
"""What was already added up, per metric, position and moment: each peer's value, and their sum."""


def facts_at(
    world: World,
    needs: Needs,
    subject: str,
    person: str,
    at: datetime,
    event: Mapping[str, Any] | None = None,
    assignment: Assignment | None = None,
    peers: Peers | None = None,
) -> dict[str, Any]:
    """Those of `needs` that are known of `subject` at `at`; `person` is whom it is about where the subject is a case.

    `event`: the facts of the event that asks, if one does. `peers` is shared among the questions of one moment, so that a
    mean over everyone is added up once.
    """
    facts: dict[str, Any] = {}
    if event is not None:
        for name in needs.event:
            _know(facts, name, event.get(name))
    for name in needs.states:
        facts[name] = world.in_state(person, name, at) is not None
    if not (needs.metrics or needs.peers or needs.targets):
        return facts
    assignment = assignment or world.directory.at(person, at)
    day = at.astimezone(zone(assignment.timezone)).date() if assignment else world.directory.local_day(subject, at)
    for name, metric in needs.metrics:
        _know(facts, name, _value(world, metric, subject, day, at))
    for name, metric in needs.peers:
        _know(facts, name, _mean_of_peers(world, metric, assignment, at, {} if peers is None else peers))
    position = world.directory.positions.get(assignment.position) if assignment else None
    for name, target in needs.targets:
        if position and target in position.targets:
            facts[name] = position.targets[target][1]
    return facts


def _know(facts: dict[str, Any], name: str, value: Any) -> None:
    if value is not None:
        facts[name] = value


def _value(world: World, metric: Metric, subject: str, day: date, at: datetime) -> Any:
    trip_since = None
    if metric.window == "this trip":
        span = world.in_state(subject, "person.on_trip", at, until_end=True)
        trip_since = world.directory.local_day(subject, span.started) if span and span.started else None
    return world.book.value(subject, metric, day, trip_since, at)


def _mean_of_peers(world: World, metric: Metric, own: Assignment | None, at: datetime, known: Peers) -> float | None:
    """Mean over the other active people with the same position who have a value; None when they are too few."""
    if own is None or not own.position:
        return None
    key = (metric.function, metric.series.key, metric.window, own.position, at)
    if key not in known:
        values = {}
        for peer in world.directory.members(at):
            if peer.position == own.position and not world.absent(peer.person, at):
                value = _value(world, metric, peer.person, at.astimezone(zone(peer.timezone)).date(), at)
                if isinstance(value, int | float):
                    values[peer.person] = value
        known[key] = values, sum(values.values())
    values, total = known[key]
    others = len(values) - (own.person in values)
    return (total - values.get(own.person, 0)) / others if others >= FEWEST_PEERS else None
