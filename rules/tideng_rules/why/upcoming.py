"""The schedules that concern a person today and tomorrow, before their moments come.

Only `who` is looked at, with what is known of the person now: what `if` asks is what they still have to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidRule
from tideng.facts.names import Point
from tideng.judging.schedules import moments
from tideng.model.catalogue import Text
from tideng.model.judge_contract import OnSchedule, Watch
from tideng.org.directory import Directory
from tideng.store.state_spans import states_now
from tideng_rules.document.model import (
    ALWAYS,
    Condition,
    Leaf,
    facts_of,
)
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.verdict_tree import tree_of
from tideng_rules.lifecycle.versions import documents_of_versions

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

Known = MutableMapping[tuple[str, int], Condition]
"""The `who` of versions that were read before; a version never changes."""
_AHEAD = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Expected:
    """A rule will look at `at` (UTC). `sure`: it is known that it concerns the person; else it may."""

    rule: str
    version: int
    at: datetime
    title: Text
    why: Text
    sure: bool


def expected(
    connection: Connection,
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    until: datetime,
    known: Known,
) -> list[Expected]:
    """What schedules will ask of the viewer from `now` until `until`, soonest first. At most three statements; one when
    `known` has every rule's `who`."""
    member = directory.at(viewer.person, now) if viewer.person else None
    if member is None:
        return []
    coming = list(_coming(deployment, member.timezone, now, until))
    if not coming:
        return []
    watches = {(watch.rule, watch.version): watch for watch, _ in coming}
    _read(connection, deployment, watches, known)
    facts = _facts(connection, deployment, viewer.person, directory, now, [known[key] for key in watches])
    verdicts = {key: _concerns(known[key], facts) for key in watches}
    found = [
        Expected(watch.rule, watch.version, at, watch.title, watch.why, bool(verdict))
        for watch, at in coming
        if (verdict := verdicts[watch.rule, watch.version]) is not False
    ]
    return sorted(found, key=lambda one: (one.at, one.rule))


def _coming(deployment: Deployment, zone: str, now: datetime, until: datetime) -> Iterator[tuple[Watch, datetime]]:
    for part in deployment.plugins.call("watches"):
        for watch in part:
            if isinstance(watch.trigger, OnSchedule) and watch.about == "person":
                for _, at in moments(watch.trigger, deployment.calendar, zone, now, min(until, now + _AHEAD)):
                    yield watch, at


def _read(
    connection: Connection, deployment: Deployment, watches: Mapping[tuple[str, int], Watch], known: Known
) -> None:
    missing = [key for key in watches if key not in known]
    if not missing:
        return
    for key, document in documents_of_versions(connection, missing).items():
        try:
            known[key] = parse_rule(document, deployment.catalogue).who
        except InvalidRule:
            known[key] = ALWAYS  # it is in force all the same: it may concern them
    for key in missing:
        known.setdefault(key, ALWAYS)


def _facts(
    connection: Connection,
    deployment: Deployment,
    person: str,
    directory: Directory,
    now: datetime,
    conditions: list[Condition],
) -> dict[str, Any]:
    names = frozenset().union(*map(facts_of, conditions))
    facts: dict[str, Any] = {}
    states = names & deployment.catalogue.states.keys()
    if states:
        facts |= dict.fromkeys(states, False) | dict.fromkeys(states_now(connection, states, person, now), True)
    gathered = names - states
    if gathered:
        points = [Point(person, now, directory.at(person, now), "person", person)]
        for answers in deployment.plugins.call("gather_facts", points=points, names=gathered):
            facts |= {name: value for name, value in (answers or [{}])[0].items() if value is not None}
    return facts


def _concerns(condition: Condition, facts: Mapping[str, Any]) -> bool | None:
    """Whether the condition holds; None where that hangs on a fact that nobody knows yet."""
    if isinstance(condition, Leaf):
        known = facts_of(condition) <= facts.keys()
        return tree_of(condition, facts).holds if known else None
    parts = [_concerns(item, facts) for item in condition.items]
    if condition.kind == "all":
        return False if False in parts else None if None in parts else True
    some = True if True in parts else None if None in parts else False
    return some if condition.kind == "any" else None if some is None else not some
