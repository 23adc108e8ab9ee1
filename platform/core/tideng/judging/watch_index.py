"""The watches of all judges, indexed by event type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tideng.facts.cases import types_with
from tideng.facts.names import Needs
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import (
    OnAbsence,
    OnEvent,
    OnSchedule,
    Watch,
    Windowed,
)
from tideng.model.metrics import Metric, Series, metric_of
from tideng.org.groups import GROUPS


@dataclass(frozen=True, slots=True)
class Interest:
    """All rules about one kind of subject that one event type triggers, asked together as one situation."""

    about: str
    rules: frozenset[str]
    needs: Needs
    until: tuple[Watch, ...]


class WatchList:
    """The watches in force. `find` returns the watch of a version that is not in force any more, for a running ladder."""

    def __init__(
        self,
        watches: Iterable[Watch],
        catalogue: Catalogue,
        find: Callable[[str, int], Watch | None],
        keep_standard: bool = True,
    ):
        """`keep_standard`: keep the catalogue's standard metrics up to date even where no rule reads them."""
        self.watches = sorted(watches, key=lambda watch: watch.rule)
        self._catalogue, self._find = catalogue, find
        self._by_id = {(watch.rule, watch.version): watch for watch in self.watches}
        self._in_force = {watch.rule for watch in self.watches}
        self._needs: dict[tuple[str, int, str], Needs] = {}
        self._wakes: dict[tuple[str, int], frozenset[str] | None] = {}
        self.schedules = [watch for watch in self.watches if isinstance(watch.trigger, OnSchedule)]
        self.absence_rules = {w.rule: w for w in self.watches if isinstance(w.trigger, OnAbsence)}
        self.opens = self._index(OnAbsence, lambda trigger: (trigger.event_type,))
        self.closes = self._index(OnAbsence, lambda trigger: trigger.without)
        self.followed = self._index(Windowed, lambda trigger: trigger.event_types)
        self.interests = self._interests()
        self.series = self._series(keep_standard)
        self.momentary = self._momentary()
        self.groups = any(watch.about in GROUPS for watch in self.watches)
        self.group_types = self._group_types()
        self.case_facts = frozenset(name for watch in self.watches for name in _of_cases(watch))
        self.case_types = types_with(self.case_facts, catalogue) if self.case_facts else frozenset()
        self.with_until = [watch for watch in self.watches if watch.until_needs is not None]

    def get(self, rule: str, version: int) -> Watch | None:
        key = (rule, version)
        if key not in self._by_id:
            found = self._find(rule, version)
            if found is None:
                return None
            self._by_id[key] = found
        return self._by_id[key]

    def in_force(self, rule: str) -> bool:
        """Whether some version of the rule is published now: pausing or archiving it ends its ladders."""
        return rule in self._in_force

    def needs(self, watch: Watch, part: str = "trigger") -> Needs:
        """The facts `watch` reads at its trigger, or ``until`` and later steps."""
        key = (watch.rule, watch.version, part)
        if key not in self._needs:
            names = watch.needs if part == "trigger" else (watch.until_needs or frozenset())
            self._needs[key] = Needs.of(names, watch.metrics, self._catalogue)
        return self._needs[key]

    def listens(self, event_type: str) -> bool:
        """Whether some rule in force is triggered by events of this type, waits for them, or counts them."""
        shelves = (self.interests, self.opens, self.closes, self.followed, self.series, self.momentary)
        return event_type in self.case_types or any(event_type in shelf for shelf in shelves)

    def until_may_turn(self, watch: Watch, event_type: str) -> bool:
        """Whether an event of this type can change whether `until` holds."""
        key = (watch.rule, watch.version)
        if key not in self._wakes:
            self._wakes[key] = self._waking_types(self.needs(watch, "until"))
        wakes = self._wakes[key]
        return wakes is None or event_type in wakes

    def _waking_types(self, needs: Needs) -> frozenset[str] | None:
        if needs.gathered or needs.event or needs.cases:
            return None  # an event of any type might
        states = (self._catalogue.states[name] for name in needs.states)
        return frozenset(
            {metric.series.event_type for metric in needs.all_metrics}
            | {name for metric in needs.state_metrics for name in (metric.series.event_type, *metric.ends)}
            | {name for state in states for name in (state.starts, state.ends)}
        )

    def _group_types(self) -> frozenset[str] | None:
        """The event types that trigger a rule about a position or a unit, or end its ladder; None for any type."""
        types: set[str] = set()
        for watch in self.watches:
            if watch.about in GROUPS and not isinstance(watch.trigger, OnSchedule):
                types.update(getattr(watch.trigger, "event_types", ()) or (watch.trigger.event_type,))
            if watch.about in GROUPS and watch.until_needs is not None:
                waking = self._waking_types(self.needs(watch, "until"))
                if waking is None:
                    return None
                types |= waking
        return frozenset(types)

    def all_metrics(self) -> list[Metric]:
        """Every metric that is counted from events; days in a state come from the spans of the state."""
        return [metric for watch in self.watches for metric in watch.metrics.values() if not metric.state]

    def _index(self, kind: Any, types: Callable) -> dict[str, list[Watch]]:
        index: dict[str, list[Watch]] = {}
        for watch in self.watches:
            if isinstance(watch.trigger, kind):
                for event_type in types(watch.trigger):
                    index.setdefault(event_type, []).append(watch)
        return index

    def _interests(self) -> dict[str, list[Interest]]:
        grouped: dict[tuple[str, str], list[Watch]] = {}
        for watch in self.watches:
            if isinstance(watch.trigger, OnEvent):
                grouped.setdefault((watch.trigger.event_type, watch.about), []).append(watch)
        interests: dict[str, list[Interest]] = {}
        apart = [(*kind, part) for kind, watches in grouped.items() for part in _with_one_meaning(watches)]
        for event_type, about, watches in apart:
            names = frozenset().union(*(watch.needs | _kept_for_later(watch) for watch in watches))
            metrics = {name: metric for watch in watches for name, metric in watch.metrics.items()}
            interest = Interest(
                about,
                frozenset(watch.rule for watch in watches),
                Needs.of(names, metrics, self._catalogue),
                tuple(watch for watch in watches if watch.steps and watch.until_needs is not None),
            )
            interests.setdefault(event_type, []).append(interest)
        return interests

    def _series(self, keep_standard: bool) -> dict[str, list[Series]]:
        metrics = [metric for metric in self.all_metrics() if metric.sliding is None]
        if keep_standard:
            metrics += [metric_of(spec) for spec in self._catalogue.metrics.values() if spec.state is None]
        return _by_type(metrics)

    def _momentary(self) -> dict[str, list[Series]]:
        """The series whose moments are kept, because a sliding window reads them; usually none."""
        return _by_type(metric for metric in self.all_metrics() if metric.sliding is not None)


def _by_type(metrics: Iterable[Metric]) -> dict[str, list[Series]]:
    found: dict[str, dict[str, Series]] = {}
    for metric in metrics:
        found.setdefault(metric.series.event_type, {})[metric.series.key] = metric.series
    return {event_type: list(series.values()) for event_type, series in found.items()}


def _kept_for_later(watch: Watch) -> frozenset[str]:
    """Facts of the event that only `until` and the later steps read: they are kept with the ladder."""
    return frozenset(name for name in watch.until_needs or () if name.startswith("event."))


def _of_cases(watch: Watch) -> Iterable[str]:
    """The facts of its case that a watch reads."""
    return (name for name in (*watch.needs, *(watch.until_needs or ())) if name.startswith("case."))


def _with_one_meaning(watches: Iterable[Watch]) -> list[list[Watch]]:
    """The watches in as few groups as possible, such that a metric name means one thing in each: a name belongs to its rule."""
    groups: list[list[Watch]] = []
    meanings: list[dict[str, Metric]] = []
    for watch in watches:
        said = watch.metrics.items()
        fits = (
            n for n, known in enumerate(meanings) if all(known.get(name, metric) == metric for name, metric in said)
        )
        at = next(fits, len(groups))
        if at == len(groups):
            groups.append([])
            meanings.append({})
        groups[at].append(watch)
        meanings[at].update(said)
    return groups
