"""Names of facts, such as ``person.position``. A fact that is not known is left out of a mapping, never None."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tideng.model.catalogue import Catalogue
from tideng.model.event import Event
from tideng.model.metrics import Metric, length
from tideng.org.directory import Assignment


class Point(NamedTuple):
    """What facts are asked about: a person at a moment (UTC), with their assignment then.

    `subject` is the person ('' for nobody); `assignment` is None for nobody and for whoever is not employed. `about` says
    what is judged: person, position, unit or case; `thing` is its id, or '' where it is the person.
    """

    subject: str
    at: datetime
    assignment: Assignment | None = None
    about: str = "person"
    thing: str = ""

    @property
    def judged(self) -> str:
        """The id of what is judged."""
        return self.thing or self.subject


class EventFacts(Mapping[str, Any]):
    """An event's own facts, read on demand: ``event.FIELD``, ``event.FIELD.length``, ``case.FIELD``."""

    __slots__ = ("_event",)

    def __init__(self, event: Event):
        self._event = event

    def __getitem__(self, name: str) -> Any:
        _, _, path = name.partition(".")
        data = self._event.data
        value = data.get(path)
        if value is None and path.endswith(".length"):
            value = length(data.get(path.removesuffix(".length")))
        if value is None:
            value = {"subject": self._event.subject, "time": self._event.time, "type": self._event.type}.get(path)
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """As a mapping's ``get``; a field that is there, the usual case, costs no exception."""
        value = self._event.data.get(name.partition(".")[2])
        if value is not None:
            return value
        try:
            return self[name]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        return (f"event.{name}" for name in self._event.data)

    def __len__(self) -> int:
        return len(self._event.data)


@dataclass(frozen=True, slots=True)
class Needs:
    """The facts that some watches read, by their source."""

    event: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    metrics: tuple[tuple[str, Metric], ...] = ()
    peers: tuple[tuple[str, Metric], ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    gathered: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, names: frozenset[str], metrics: Mapping[str, Metric], catalogue: Catalogue) -> Needs:
        """Sort `names`; `metrics` resolves ``metric.NAME`` and ``peers.NAME``. ``found.*`` comes from the judge itself."""
        sorted_: dict[str, Any] = {
            "event": [],
            "cases": [],
            "states": [],
            "metrics": [],
            "peers": [],
            "targets": [],
            "gathered": [],
        }
        for name in sorted(names):
            family, _, rest = name.partition(".")
            if family == "event":
                sorted_["event"].append(name)
            elif name in catalogue.states:
                sorted_["states"].append(name)
            elif family == "case":
                sorted_["cases"].append(name)
            elif family in ("metric", "peers"):
                if rest in metrics:
                    sorted_["metrics" if family == "metric" else "peers"].append((name, metrics[rest]))
            elif family == "target":
                sorted_["targets"].append((name, rest))
            elif family != "found":
                sorted_["gathered"].append(name)
        gathered = frozenset(sorted_.pop("gathered"))
        return cls(**{family: tuple(found) for family, found in sorted_.items()}, gathered=gathered)

    @property
    def all_metrics(self) -> tuple[Metric, ...]:
        """The metrics that are counted from events."""
        return tuple(metric for _, metric in (*self.metrics, *self.peers) if not metric.state)

    @property
    def state_metrics(self) -> tuple[Metric, ...]:
        """The metrics that count the days of a state."""
        return tuple(metric for _, metric in (*self.metrics, *self.peers) if metric.state)
