"""How many people a rule's `who` fits now, found for everyone at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.text import phrase
from tideng.facts.gather import Peers, facts_at
from tideng.facts.names import Needs, Point
from tideng.model.catalogue import Text
from tideng.model.metrics import metric_of
from tideng.org.directory import Directory
from tideng.replay.past_world import Past
from tideng_rules.document.model import Rule, facts_of
from tideng_rules.engine.codegen import compile_condition
from tideng_rules.lifecycle.rights import require_reading

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

_HANGS_ON = {
    "event": phrase("it depends on the event that comes"),
    "found": phrase("it depends on what other rules infer"),
    "about": phrase("the rule is not about people"),
}


@dataclass(frozen=True, slots=True)
class WhoNow:
    """`people`: how many it fits, None where that cannot be said, and then `why`; `of`: how many are employed."""

    people: int | None
    of: int
    why: Text | None = None


def who_now(
    deployment: Deployment, connection: Connection, viewer: Viewer, rule: Rule, directory: Directory, now: datetime
) -> WhoNow:
    """How many of those employed at `now` the rule's `who` fits. A few statements, however many they are.

    Raises `NotAllowed` for whoever may not read rules.
    """
    require_reading(viewer)
    members = directory.rosters.at(now).members
    why = _hangs_on(rule)
    if why:
        return WhoNow(None, len(members), _HANGS_ON[why])
    reads = facts_of(rule.who)
    if not reads:
        return WhoNow(len(members), len(members))
    catalogue = deployment.catalogue
    metrics = {name: metric_of(spec) for name, spec in catalogue.metrics.items()} | dict(rule.metrics)
    needs, holds = Needs.of(reads, metrics, catalogue), compile_condition(rule.who)
    people = [one.person for one in members]
    world = Past(deployment, connection, directory).world(set(people), needs, now)
    points = [Point(one.person, now, one, rule.about, one.person) for one in members]
    given = _gathered(deployment, points, needs.gathered)
    peers: Peers = {}
    fitting = 0
    for number, member in enumerate(members):
        facts = facts_at(world, needs, Point(member.person, now, member), peers=peers)
        fitting += bool(holds(facts | given[number] if given else facts))
    return WhoNow(fitting, len(members))


def _hangs_on(rule: Rule) -> str:
    if rule.about != "person":
        return "about"
    families = {name.partition(".")[0] for name in facts_of(rule.who)}
    return "event" if families & {"event", "case"} else "found" if "found" in families else ""


def _gathered(deployment: Deployment, points: list[Point], names: frozenset[str]) -> list[dict[str, Any]]:
    if not names:
        return []
    merged: list[dict[str, Any]] = [{} for _ in points]
    for found in deployment.plugins.call("gather_facts", points=points, names=names):
        for known, given in zip(merged, found or (), strict=False):
            known.update({name: value for name, value in given.items() if value is not None})
    return merged
