"""The map from the activities of an event log to steps and outcomes of processes, by which a log is walked.

processes:
  trip:
    activities:
      Permit SUBMITTED by EMPLOYEE: request.submit          # the step is left by that outcome
      Permit APPROVED by ADMINISTRATION: approve            # it happens inside the step
      Permit REJECTED by MISSING: [waiting.change, approve.return]      # whichever fits where the case stands
  claim:
    repeats: true                                           # after its end another claim of the same case may begin
    activities:
      Payment Handled: {is: pay.pay, where: {id: "fd_declaration*"}}    # only events whose attribute looks so
elsewhere: [Send Reminder, "Request For Payment *"]         # no process has a step for these
timezone: Asia/Shanghai                                     # the zone of the log's times, where they say none
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tideng.plugin import Document, Problem, Problems, Refused, Sentence, log_zone, read_yaml
from tideng_processes.document.model import Definition

_PROCESS = ("repeats", "activities")
Add = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning of an activity: the step `node` is left by `outcome`, or, where that is '', something happens inside the step.
    `where`: attribute → pattern (``*`` for anything); only events that match all of them have this meaning."""

    node: str
    outcome: str = ""
    where: Mapping[str, str] = field(default_factory=dict)

    def matches(self, attributes: Mapping[str, Any]) -> bool:
        return all(fnmatchcase(str(attributes.get(name, "")), like) for name, like in self.where.items())


@dataclass(frozen=True, slots=True)
class ProcessMap:
    """The map of one process: activity → its meanings; the first one at the current step counts. `repeats`: after an end, the case
    may begin again."""

    activities: Mapping[str, tuple[Meaning, ...]]
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class LogMap:
    """The map of a log: by process, and patterns of activities that belong `elsewhere`. `name`: of the file. `zone`: of times that
    say none; None refuses them."""

    name: str
    processes: Mapping[str, ProcessMap]
    elsewhere: tuple[str, ...] = ()
    zone: tzinfo | None = None
    document: Document | None = field(default=None, compare=False, repr=False)

    @property
    def activities(self) -> list[str]:
        """The activities of all processes, each once."""
        return list(dict.fromkeys(one for process in self.processes.values() for one in process.activities))

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes of events that meanings look at."""
        every = (one for process in self.processes.values() for some in process.activities.values() for one in some)
        return frozenset(name for one in every for name in one.where)

    def leaves_out(self, activity: str) -> bool:
        return any(fnmatchcase(activity, like) for like in self.elsewhere)


def read_log_map(path: Path) -> LogMap:
    """The map in a YAML file. Raises `Refused` with every problem, each with its line."""
    problems = Problems()
    document = read_yaml(path, problems)
    if document is None or problems.errors:
        raise Refused(Sentence("map-called", {"name": path.name}), problems.errors)
    return _MapParser(document).log_map(path.name)


def map_of_events(definitions: Iterable[Definition]) -> LogMap:
    """The map for events of Tideng's own types: an event that an outcome emits or listens to means that outcome. All other events
    belong elsewhere."""
    return LogMap("events", {one.id: ProcessMap(_spoken(one)) for one in definitions}, ("*",))


def _spoken(definition: Definition) -> Mapping[str, tuple[Meaning, ...]]:
    found: dict[str, tuple[Meaning, ...]] = {}
    for node in definition.nodes.values():
        for outcome in node.outcomes:
            for name in filter(None, dict.fromkeys((outcome.on, *(one.type for one in outcome.emit)))):
                found[name] = (*found.get(name, ()), Meaning(node.id, outcome.id))
    return found


def only(log_map: LogMap, processes: Iterable[str]) -> LogMap:
    """The map of some `processes` only; the activities of the others belong elsewhere."""
    kept = {name: log_map.processes[name] for name in processes}
    return replace(log_map, processes=kept, elsewhere=(*log_map.elsewhere, *log_map.activities))


def check_log_map(log_map: LogMap, definitions: Mapping[str, Definition]) -> list[Problem]:
    """The processes, steps and outcomes that a map names and that do not exist."""
    place = log_map.document.at if log_map.document else str
    return [one.moved(place(one.at)) for one in _unknown(log_map, definitions)]


def _unknown(log_map: LogMap, definitions: Mapping[str, Definition]) -> Iterator[Problem]:
    for process, mapped in log_map.processes.items():
        definition = definitions.get(process)
        if definition is None:
            yield Problem(f"processes.{process}", "unknown-process", {"name": process, "way_out": _known(definitions)})
            continue
        for activity, meanings in mapped.activities.items():
            at = f"processes.{process}.activities.{activity}"
            for one in meanings:
                node = definition.nodes.get(one.node)
                if node is None:
                    params = {"node": one.node, "process": process, "way_out": _known(definition.nodes)}
                    yield Problem(at, "no-step-in-process", params)
                elif one.outcome and node.outcome(one.outcome) is None:
                    params = {"name": one.outcome, "node": one.node, "way_out": _known(way.id for way in node.outcomes)}
                    yield Problem(at, "no-way-out-of-step", params)


def _known(names: Iterable[str]) -> Sentence:
    return Sentence("known-names", {"names": names})


class _MapParser:
    """Parses one document; each method adds problems and returns a valid value."""

    def __init__(self, document: Document):
        self._document = document
        self._problems: list[Problem] = []

    def log_map(self, name: str) -> LogMap:
        said = self._mapping(self._document.value, "")
        self._known(said, ("processes", "elsewhere", "timezone"), "")
        processes = {
            str(id): self._process(one, f"processes.{id}")
            for id, one in self._mapping(said.get("processes"), "processes").items()
        }
        elsewhere = said.get("elsewhere") or []
        if not isinstance(elsewhere, list) or not all(isinstance(one, str) for one in elsewhere):
            self._add("elsewhere", "map-not-a-list")
            elsewhere = []
        for one in elsewhere:
            if any(one in process.activities for process in processes.values()):
                self._add("elsewhere", "activity-twice", {"activity": one})
        zone = self._zone(said.get("timezone"))
        if self._problems:
            raise Refused(Sentence("map-called", {"name": name}), self._problems)
        return LogMap(name, processes, tuple(elsewhere), zone, self._document)

    def _zone(self, said: Any) -> tzinfo | None:
        try:
            return None if said is None else log_zone(str(said), self._document.at("timezone"))
        except Refused as refused:
            self._problems += refused.problems
            return None

    def _process(self, said: Any, at: str) -> ProcessMap:
        said = self._mapping(said, at)
        self._known(said, _PROCESS, at)
        repeats = said.get("repeats", False)
        if not isinstance(repeats, bool):
            self._add(f"{at}.repeats", "not-true-or-false")
        activities = self._mapping(said.get("activities"), f"{at}.activities")
        found = {str(name): self._meanings(one, f"{at}.activities.{name}") for name, one in activities.items()}
        return ProcessMap(found, repeats is True)

    def _meanings(self, said: Any, at: str) -> tuple[Meaning, ...]:
        several = said if isinstance(said, list) else [said]
        return tuple(filter(None, (self._meaning(one, at) for one in several)))

    def _meaning(self, said: Any, at: str) -> Meaning | None:
        where: Any = {}
        if isinstance(said, Mapping):
            self._known(said, ("is", "where"), at)
            said, where = said.get("is"), said.get("where") or {}
        if isinstance(said, str) and said and isinstance(where, Mapping):
            node, _, outcome = said.partition(".")
            return Meaning(node, outcome, {str(name): str(like) for name, like in where.items()})
        self._add(at, "mapping-without-step")
        return None

    def _mapping(self, said: Any, at: str) -> Mapping[str, Any]:
        if isinstance(said, Mapping) and said:
            return said
        self._add(at, "map-not-a-mapping")
        return {}

    def _known(self, said: Mapping[str, Any], known: tuple[str, ...], at: str) -> None:
        for name in said:
            if name not in known:
                self._add(f"{at}.{name}".lstrip("."), "unknown-name", {"names": known})

    def _add(self, at: str, code: str, params: Mapping[str, Any] | None = None) -> None:
        self._problems.append(Problem(self._document.at(at), code, params or {}))
