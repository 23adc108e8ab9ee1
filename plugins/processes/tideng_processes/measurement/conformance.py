"""Walks an event log through a process: which cases conform, where the others deviate, and how long the steps take.

Every case begins at the first step. An activity that the map assigns to the current step moves the case, or happens inside the
step. Any other activity of the process is a deviation, and ends the walk of this case: nothing after it is counted, neither as a
deviation nor as time, because where the case stood then would be a guess.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean, median
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from tideng.plugin import (
    LOGS,
    SHIFTED_YEARS,
    FileTerms,
    InvalidPayload,
    Problem,
    Refused,
    Sentence,
    Source,
    WorkCalendar,
    open_events,
)
from tideng_processes.cases.deadlines import due_of
from tideng_processes.cases.state_machine import Machine
from tideng_processes.document.conditions import fields_of
from tideng_processes.document.model import Definition, Node
from tideng_processes.measurement.activity_map import LogMap, ProcessMap

if TYPE_CHECKING:
    from tideng.plugin import Deployment, Event

EVERY = 1000
"""Progress is reported after so many events."""
WAITS = 0.9
"""The share of visits that `NodeTime.most` covers."""
_NOTHING: Mapping[str, Any] = {}


class Happened(NamedTuple):
    """An event of a case: `at` in UTC; `attributes`, those that the map or a condition looks at."""

    at: datetime
    activity: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Log:
    """An event log by its cases, each in the order of time. `unmapped`: activity that the map does not name → how often it
    occurs; `refused`: events that could not be read, with their places."""

    cases: Mapping[str, Sequence[Happened]]
    events: int
    unmapped: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[tuple[str, InvalidPayload], ...] = ()


@dataclass(frozen=True, slots=True)
class Deviation:
    """The number of `cases` in which `activity` came at `node` (a step, or an end that was reached before), which has no way for it."""

    node: str
    activity: str
    cases: int


@dataclass(frozen=True, slots=True)
class NodeTime:
    """How long a step took. `entered`: its visits. The other figures are about the `left` visits that an outcome ended. `most`:
    nine in ten took no longer (nearest rank). `due`: visits with a deadline, `late`: those that ended after it.

    A log does not tell when work on the first step began: its visit begins with the first event of the case.
    """

    node: str
    entered: int
    left: int
    median: timedelta
    mean: timedelta
    most: timedelta
    longest: timedelta
    due: int
    late: int


@dataclass(frozen=True, slots=True)
class Report:
    """A log held against one process.

    `cases`: those with an event of the process. `conforming`: those that reached an end as described (`ends`: end → cases, the
    last end where the process repeats). `midway`: step → cases that went as described and had not ended when the log did.
    `deviations`: all other cases, the most frequent first. `walks`: passes from the first step, more than `cases` where the
    process repeats. `absent`: cases of the log without an event of the process."""

    process: str
    cases: int
    conforming: int
    walks: int
    absent: int
    ends: Mapping[str, int]
    midway: Mapping[str, int]
    deviations: tuple[Deviation, ...]
    times: tuple[NodeTime, ...]

    @property
    def deviating(self) -> int:
        return sum(one.cases for one in self.deviations)


def read_log(
    sources: Iterable[tuple[str, Source]],
    deployment: Deployment,
    log_map: LogMap,
    definitions: Iterable[Definition],
    progress: Callable[[int], None] = lambda taken: None,
) -> Log:
    """Read event files (name, path or stream) by their cases; only what the walk needs is kept. An event of no log is of the case
    that its type's field named like the key of a process says (the first process's that it has), else of its subject. Raises
    as `open_events`."""
    names = {f"activity.{number}": intern(one) for number, one in enumerate(log_map.activities)}
    mapping = {activity: name for name, activity in names.items()}
    definitions = tuple(definitions)
    keys = [one.key for one in definitions]
    wanted = log_map.attributes | {name for one in definitions for name in _asked(one)}
    cases: dict[str, list[Happened]] = {}
    refused: list[tuple[str, InvalidPayload]] = []
    strange: Counter[str] = Counter()
    taken = 0
    # a log whose years were moved to hide whose it is can be walked all the same
    terms = FileTerms(mapping=mapping, zone=log_map.zone, years=SHIFTED_YEARS)
    for name, place, event in _events(sources, deployment, terms):
        taken += 1
        if taken % EVERY == 0:
            progress(taken)
        if isinstance(event, InvalidPayload):
            refused.append((f"{name}, {place}", event))
            continue
        activity = names.get(event.type) or (event.type if event.type in mapping else "")
        events = cases.setdefault(_case(event, keys), [])
        if not activity:
            strange[event.type] += 1
            continue
        kept = {one: event.data[one] for one in wanted if one in event.data} if wanted else _NOTHING
        events.append(Happened(event.time, activity, kept))
    for some in cases.values():
        some.sort(key=lambda one: one.at)  # stable: events of the same time stay in the order of the file
    others = {_title(deployment, type_): count for type_, count in strange.most_common()}
    unmapped = {one: count for one, count in others.items() if not log_map.leaves_out(one)}
    return Log(cases, taken - len(refused), unmapped, tuple(refused))


def require_mapped(log: Log, log_map: LogMap) -> None:
    """Raise `Refused` where the log has activities of which the map does not say what they are."""
    if log.unmapped:
        problems = [Problem(log_map.name, "activity-unmapped", {"activity": one, "count": count}) for one, count in log.unmapped.items()]  # fmt: skip
        raise Refused(Sentence("map-called", {"name": log_map.name}), problems)


def conform(log: Log, definition: Definition, mapped: ProcessMap, zone: ZoneInfo, calendar: WorkCalendar) -> Report:
    """Walk every case of the log through the process; deadlines count in `zone` on `calendar`."""
    tally = _Tally(definition, mapped, zone, calendar)
    for events in log.cases.values():
        tally.walk(events)
    return tally.report(len(log.cases))


def _events(
    sources: Iterable[tuple[str, Source]], deployment: Deployment, terms: FileTerms
) -> Iterator[tuple[str, str, Any]]:
    for name, source in sources:
        for place, event in open_events(source, deployment.catalogue, deployment.plugins, terms, name=name):
            yield name, place, event


def _case(event: Event, keys: Sequence[str]) -> str:
    return event.case or next((str(event.data[key]) for key in keys if event.data.get(key)), event.subject)


def _title(deployment: Deployment, type_: str) -> str:
    """The activity as the log calls it, where the type is one that was found in a log."""
    known = deployment.catalogue.event_types.get(type_)
    return known.title.get("en", type_) if known and known.plugin == LOGS else type_


def _asked(definition: Definition) -> set[str]:
    """The fields that conditions of routes look at."""
    routes = (route for node in definition.nodes.values() for one in node.outcomes for route in one.routes)
    return {name for route in routes for name in fields_of(route.when)}


class _Tally:
    """The counts of a walk, case after case."""

    def __init__(self, definition: Definition, mapped: ProcessMap, zone: ZoneInfo, calendar: WorkCalendar):
        self._definition, self._mapped, self._machine = definition, mapped, Machine(definition)
        self._zone, self._calendar = zone, calendar
        self._branches = bool(_asked(definition))
        self._cases = self._walks = 0
        self._ends: Counter[str] = Counter()
        self._midway: Counter[str] = Counter()
        self._left_it: Counter[tuple[str, str]] = Counter()
        self._entered: Counter[str] = Counter()
        self._due: Counter[str] = Counter()
        self._late: Counter[str] = Counter()
        self._spent: dict[str, list[timedelta]] = {name: [] for name in definition.nodes}

    def walk(self, events: Iterable[Happened]) -> None:
        """Walk one case, until it deviates or its events end."""
        node, since, data = "", None, dict[str, Any]()
        for one in events:
            meanings = [m for m in self._mapped.activities.get(one.activity, ()) if m.matches(one.attributes)]
            if not meanings:
                continue
            if self._branches:
                data.update(one.attributes)
            if not node or (self._mapped.repeats and self._machine.is_end(node)):
                node, since = self._begin(), one.at
            meant = next((m for m in meanings if m.node == node), None)
            if meant is None:
                self._cases += 1
                self._left_it[node, one.activity] += 1
                return
            if meant.outcome:
                self._leave(node, since or one.at, one.at, data)
                node, since = self._machine.advance(node, meant.outcome, data), one.at
                self._entered[node] += 1
        if node:
            self._cases += 1
            (self._ends if self._machine.is_end(node) else self._midway)[node] += 1

    def _begin(self) -> str:
        self._walks += 1
        first = self._definition.first.id
        self._entered[first] += 1
        return first

    def _leave(self, name: str, since: datetime, at: datetime, data: Mapping[str, Any]) -> None:
        self._spent[name].append(at - since)
        due = due_of(self._definition.nodes[name], since, data, self._zone, self._calendar)
        if due is not None:
            self._due[name] += 1
            self._late[name] += at > due

    def report(self, cases: int) -> Report:
        deviations = sorted(self._left_it.items(), key=lambda one: (-one[1], one[0]))
        return Report(
            process=self._definition.id,
            cases=self._cases,
            conforming=self._ends.total(),
            walks=self._walks,
            absent=cases - self._cases,
            ends={name: self._ends[name] for name in self._definition.ends if self._ends[name]},
            midway={name: self._midway[name] for name in self._definition.nodes if self._midway[name]},
            deviations=tuple(Deviation(node, activity, count) for (node, activity), count in deviations),
            times=tuple(self._time(node) for node in self._definition.nodes.values() if self._entered[node.id]),
        )

    def _time(self, node: Node) -> NodeTime:
        spent = sorted(one.total_seconds() for one in self._spent[node.id]) or [0.0]
        return NodeTime(
            node=node.id,
            entered=self._entered[node.id],
            left=len(self._spent[node.id]),
            median=timedelta(seconds=median(spent)),
            mean=timedelta(seconds=fmean(spent)),
            most=timedelta(seconds=spent[math.ceil(WAITS * len(spent)) - 1]),
            longest=timedelta(seconds=spent[-1]),
            due=self._due[node.id],
            late=self._late[node.id],
        )
