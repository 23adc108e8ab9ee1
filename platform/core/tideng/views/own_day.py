"""One person's own day: what they did so far, and how their month stands against their own targets. Nobody is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from tideng.access.viewer import Viewer
from tideng.facts.gather import facts_at
from tideng.facts.names import Needs, Point
from tideng.judging.watch_index import WatchList
from tideng.judging.world_loader import WorkingSet
from tideng.model.catalogue import Catalogue, Text
from tideng.model.metrics import metric_of
from tideng.org.directory import Directory
from tideng.store.tables import EventRow, FindingRow

_MOST = 60


@dataclass(frozen=True, slots=True)
class Done:
    """Something that happened, as an event tells it. `time` is UTC; `data` its fields."""

    id: int
    type: str
    time: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """A metric against the target of the person's position. `value` None: no data. `share`: of the target, 0 to 1;
    None where less is better, so that a bar would mislead."""

    metric: str
    title: Text
    unit: str
    op: str
    target: float
    value: float | None

    @property
    def share(self) -> float | None:
        if self.op not in (">", ">=") or not self.target:
            return None
        return max(0.0, min(1.0, (self.value or 0) / self.target))


def happened(connection: Connection, viewer: Viewer, since: datetime, until: datetime) -> list[Done]:
    """The viewer's own events from `since` up to `until`, oldest first. Answers to nudges and notes are no deeds, and of the
    steps of a process those that its events tell of by themselves are enough. One statement."""
    if not viewer.person:
        return []
    row = EventRow
    query = (
        select(row.id, row.type, row.time, row.data)
        .where(row.subject == viewer.person, row.time >= since, row.time < until, row.type.not_like("nudge.%"))
        .where(row.type.not_like("note.%"), row.type.not_like("node.%"))
        .order_by(row.time.desc(), row.id.desc())
        .limit(_MOST)
    )
    return [Done(*found) for found in reversed(connection.execute(query).all())]


def is_concerned(connection: Connection, viewer: Viewer, since: datetime) -> bool:
    """Whether anything was said to the viewer, or found about them, since then: on most days nothing, and then nobody needs
    to work out what is open."""
    row = FindingRow
    theirs = or_(row.recipient == viewer.person, row.subject == viewer.person)
    return connection.execute(select(row.id).where(theirs, row.at >= since).limit(1)).first() is not None


def goals(
    connection: Connection, viewer: Viewer, directory: Directory, catalogue: Catalogue, now: datetime
) -> list[Goal]:
    """How the viewer's metrics stand against the targets of their position; none where it has no targets."""
    member = directory.at(viewer.person, now) if viewer.person else None
    position = directory.positions.get(member.position) if member else None
    asked = position.targets_on(directory.local_day(viewer.person, now)) if position else {}
    targets = {name: target for name, target in asked.items() if name in catalogue.metrics}
    if not targets:
        return []
    metrics = {name: metric_of(catalogue.metrics[name]) for name in targets}
    needs = Needs.of(frozenset(f"metric.{name}" for name in targets), metrics, catalogue)
    watchlist = WatchList([], catalogue, lambda rule, version: None)
    world = WorkingSet(connection, catalogue, directory, watchlist).for_people({viewer.person}, [needs], now)
    facts = facts_at(world, needs, Point(viewer.person, now))
    return [
        Goal(name, catalogue.metrics[name].title, catalogue.metrics[name].unit, op, value, facts.get(f"metric.{name}"))
        for name, (op, value) in targets.items()
    ]
