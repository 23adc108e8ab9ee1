"""The world at a past moment: the facts that a rule would have been asked with then.

Events count by their own time, whenever they arrived: as of 19:00 means all that had happened by 19:00, as known now.
With `known_by`, only what had come in by then counts: what the rule knew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select

from tideng.facts.cases import types_with
from tideng.facts.gather import facts_at
from tideng.facts.names import EventFacts, Needs, Point
from tideng.facts.spans import Span
from tideng.facts.world import World
from tideng.judging.event_queries import among_few, floor_of
from tideng.judging.questions import subjects_of
from tideng.model.event import Event
from tideng.model.judge_contract import Watch
from tideng.model.metrics import Metric, Series
from tideng.model.money import in_client_money
from tideng.model.statuses import EventStatus
from tideng.org.directory import Directory
from tideng.org.groups import GROUPS
from tideng.runtime.deployment import Deployment
from tideng.store.events import event_from
from tideng.store.tables import EventKeyRow, EventRow, StateRow


@dataclass(frozen=True, slots=True)
class Heard:
    """A stored event: `received` is when it arrived, `history` whether it came as history, by which nobody is judged;
    `status` as in `EventRow`."""

    event: Event
    row: int
    received: datetime
    history: bool
    status: int


class Past:
    """Reads the past of one deployment on one connection. `directory` is effective-dated, and so right for any moment."""

    def __init__(self, deployment: Deployment, connection: Connection, directory: Directory):
        self._plugins, self._catalogue = deployment.plugins, deployment.catalogue
        self._connection, self.directory = connection, directory

    # -- facts -------------------------------------------------------------------------------------------------
    def facts(
        self,
        watch: Watch,
        point: Point,
        event: Event | None = None,
        kept: Mapping[str, Any] | None = None,
        known_by: datetime | None = None,
        part: str = "trigger",
    ) -> dict[str, Any]:
        """What `watch` would have been asked with at `point`; the point's assignment is looked up here.

        `event`: the one that asks; `kept`: what a deadline still knew of the one that began it. `part` is ``trigger`` or
        ``until``. With `known_by`, only what had come in by then counts.
        """
        names = watch.needs if part == "trigger" else (watch.until_needs or frozenset())
        needs = Needs.of(names, watch.metrics, self._catalogue)
        whose = {point.subject, point.judged}
        if watch.about in GROUPS:
            whose |= self.directory.groups.ever_in((watch.about, point.judged))
        world = self.world(whose, needs, point.at, known_by)
        point = point._replace(assignment=self.directory.at(point.subject, point.at))
        facts = dict(kept or {})
        facts |= facts_at(world, needs, point, EventFacts(event) if event else None)
        return facts | self._gathered(needs.gathered, point)

    def _gathered(self, names: frozenset[str], point: Point) -> dict[str, Any]:
        """The facts that plugins give about one point, as the pipeline asks for those of a batch."""
        if not names:
            return {}
        given = self._plugins.call("gather_facts", points=[point], names=names)
        return {
            name: value for found in given for name, value in next(iter(found or ()), {}).items() if value is not None
        }

    # -- worlds ------------------------------------------------------------------------------------------------
    def world(self, subjects: Collection[str], needs: Needs, at: datetime, known_by: datetime | None = None) -> World:
        """A world of these subjects, and of their colleagues where `needs` compares them, as of `at` (UTC)."""
        everyone = set(subjects) | (self._colleagues(subjects, at) if needs.peers else set())
        world = World(self.directory, self._catalogue)
        world.book.keep_deltas = False
        if known_by is None:
            floors = [datetime.combine(floor_of(one, at), time(), UTC) for one in needs.state_metrics]
            self._load_spans(world, everyone, min([at, *floors]), at)
        else:
            self._live_through_states(world, everyone, at, known_by)
        if needs.all_metrics:
            self._count(world, everyone, needs.all_metrics, at, known_by)
        if needs.cases:
            for event in self._events(everyone, types_with(needs.cases, self._catalogue), None, at, known_by):
                world.note_case(event)
        return world

    def _colleagues(self, subjects: Collection[str], at: datetime) -> set[str]:
        positions = {one.position for one in (self.directory.at(subject, at) for subject in subjects) if one}
        return {member.person for member in self.directory.members(at) if member.position in positions}

    def _load_spans(self, world: World, subjects: set[str], since: datetime, at: datetime) -> None:
        table = StateRow.__table__
        reaching = or_(table.c.ended_at.is_(None), table.c.ended_at >= since)
        begun = or_(table.c.started_at.is_(None), table.c.started_at <= at)
        for row in self._connection.execute(select(table).where(reaching, begun, among_few(table.c.subject, subjects))):
            span = Span(row.key, row.started_at, row.ended_at, row.id)
            world.spans.setdefault((row.subject, row.state), []).append(span)

    def _live_through_states(self, world: World, subjects: set[str], at: datetime, known_by: datetime) -> None:
        """Compute the spans from the events that had arrived; the stored spans also know later ones."""
        states = self._catalogue.states.values()
        types = {name for state in states for name in (state.starts, state.ends)}
        for event in self._events(subjects, types, None, at, known_by):
            for state in states:
                if event.type == state.starts:
                    world.begin_state(state, event)
                if event.type == state.ends:
                    world.end_state(state, event)

    def _count(
        self, world: World, subjects: set[str], metrics: Collection[Metric], at: datetime, known_by: datetime | None
    ) -> None:
        days = _by_type(metric for metric in metrics if metric.sliding is None)
        moments = _by_type(metric for metric in metrics if metric.sliding is not None)
        floor = datetime.combine(min(floor_of(metric, at) for metric in metrics), time(), UTC) - timedelta(days=2)
        for event in self._events(subjects, {*days, *moments}, floor, at, known_by):
            facts = EventFacts(event)
            for subject in subjects_of(event):
                if subject not in subjects:
                    continue
                day = self.directory.local_day(subject, event.time)
                for series in days.get(event.type, ()):
                    world.book.add(subject, series, day, event.data, facts, event.time)
                for series in moments.get(event.type, ()):
                    world.book.note(subject, series, event.data, facts, event.time)

    # -- events ------------------------------------------------------------------------------------------------
    def _events(
        self,
        subjects: set[str],
        types: Collection[str],
        first: datetime | None,
        last: datetime,
        known_by: datetime | None,
    ) -> Iterable[Event]:
        """The judged events of these types about these subjects or cases, by time, in one statement."""
        if not types:
            return
        table = EventRow.__table__
        where = [table.c.type.in_(types), table.c.time <= last, table.c.status == EventStatus.JUDGED]
        if first is not None:
            where.append(table.c.time >= first)
        if known_by is not None:
            where.append(table.c.received_at <= known_by)
        statement = select(table).where(*where, self._theirs(subjects, types)).order_by(table.c.time, table.c.id)
        for row in self._connection.execute(statement):
            yield self._event(row)

    def heard(self, subjects: set[str], types: Collection[str], first: datetime, last: datetime) -> list[Heard]:
        """Every stored event of these types about these people or cases from `first` to `last`, by time."""
        table = EventRow.__table__
        where = (table.c.type.in_(types), table.c.time >= first, table.c.time <= last)
        statement = select(table).where(*where, self._theirs(subjects, types)).order_by(table.c.time, table.c.id)
        return [self._heard(row) for row in self._connection.execute(statement)]

    def people_of(self, case: str) -> set[str]:
        """The people whose events belong to a case; none if there is no such case."""
        of_case = select(EventKeyRow.event).where(EventKeyRow.field == "case", EventKeyRow.value == case)
        own = select(EventRow.subject).where(EventRow.subject == case).limit(1)
        people = select(EventRow.subject).where(EventRow.id.in_(of_case)).distinct()
        return {row.subject for statement in (people, own) for row in self._connection.execute(statement)}

    def nearest(
        self, subjects: set[str], types: Collection[str], first: datetime, last: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """When such an event was last seen before `first`, and first after `last`."""
        time_ = EventRow.__table__.c.time
        theirs = (EventRow.type.in_(types), self._theirs(subjects, types))
        before = select(time_).where(*theirs, time_ < first).order_by(time_.desc()).limit(1)
        after = select(time_).where(*theirs, time_ > last).order_by(time_).limit(1)
        return self._connection.scalar(before), self._connection.scalar(after)

    def answered(self, match: str, value: str, types: Collection[str], first: datetime, last: datetime) -> list[Heard]:
        """The events of `types` whose field `match` is `value`, from `first` to `last`."""
        table = EventRow.__table__
        where = [table.c.type.in_(types), table.c.time >= first, table.c.time <= last]
        if match == "subject":
            where.append(table.c.subject == value)
        else:
            keys = select(EventKeyRow.event).where(EventKeyRow.field == match, EventKeyRow.value == value)
            where.append(table.c.id.in_(keys))
        found = self._connection.execute(select(table).where(*where).order_by(table.c.time, table.c.id))
        return [self._heard(row) for row in found]

    def _theirs(self, subjects: set[str], types: Collection[str]) -> Any:
        of_cases = select(EventKeyRow.event).where(EventKeyRow.field == "case", among_few(EventKeyRow.value, subjects))
        of_cases = of_cases.where(EventKeyRow.type.in_(types))
        return or_(among_few(EventRow.subject, subjects), EventRow.id.in_(of_cases))

    def _heard(self, row: Any) -> Heard:
        return Heard(self._event(row), row.id, row.received_at, row.history, row.status)

    def _event(self, row: Any) -> Event:
        return in_client_money(event_from(row), self._catalogue, self.directory)


def day_of(directory: Directory, subject: str, moment: datetime) -> tuple[date, datetime, datetime]:
    """The subject's local day at `moment`, its beginning and its last microsecond, in UTC."""
    zone = directory.zone_of(subject, moment)
    day = moment.astimezone(zone).date()
    first = datetime.combine(day, time(), zone).astimezone(UTC)
    following = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    return day, first, following - timedelta(microseconds=1)


def _by_type(metrics: Iterable[Metric]) -> dict[str, list[Series]]:
    found: dict[str, dict[str, Series]] = {}
    for metric in metrics:
        found.setdefault(metric.series.event_type, {})[metric.series.key] = metric.series
    return {event_type: list(series.values()) for event_type, series in found.items()}
