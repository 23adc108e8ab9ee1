"""How far back events still matter to a set of watches: what a replay reads of the past, and what it may forget."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tideng.base.durations import Duration
from tideng.facts.frequency import looks_back
from tideng.facts.world import World
from tideng.judging.event_queries import floor_of
from tideng.judging.watch_index import WatchList
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import (
    OnAbsence,
    OnEvent,
    OnNotAll,
    OnWait,
    Watch,
)
from tideng.model.metrics import Metric
from tideng.org.directory import DIRECTORY_EVENTS

EVER = timedelta.max
_NOTHING = timedelta(0)
_SPANS = timedelta(days=130)
"""How long after its end a span is kept: the longest stretch that a window of a state adds up, and some days."""
_SAID = timedelta(days=40)
"""How long findings are remembered at least, whatever their limit: a month, and some days."""
_CHAIN = 30
"""How many windows are read back: which event opens a window depends on the windows before it, until there is a gap."""


@dataclass
class Reach:
    """How far back a set of watches reads.

    `types`: event type → how long before a moment events of it still matter, `EVER` for always. `every_type`: an event of
    any type may change whether some `until` holds. `series`, `heard`, `said` and `spans` are the same for stored days and
    moments by series key, events that deadlines wait for, earlier findings, and spans of states.
    """

    types: dict[str, timedelta] = field(default_factory=dict)
    every_type: bool = False
    series: dict[str, timedelta] = field(default_factory=dict)
    heard: timedelta = _NOTHING
    said: timedelta = _SAID
    spans: timedelta = _SPANS

    @classmethod
    def of(cls, watchlist: WatchList, catalogue: Catalogue) -> Reach:
        """The reach of these watches."""
        reach = cls(types=dict.fromkeys(DIRECTORY_EVENTS, EVER))
        for state in catalogue.states.values():
            reach._need(state.starts, EVER)
            reach._need(state.ends, EVER)
        for watch in watchlist.watches:
            reach._take(watch, watchlist)
        return reach

    def _take(self, watch: Watch, watchlist: WatchList) -> None:
        trigger = watch.trigger
        if isinstance(trigger, OnEvent):
            self._need(trigger.event_type, _NOTHING)
        elif isinstance(trigger, OnAbsence):
            back = _at_most(trigger.within)
            self.heard = max(self.heard, back)
            for event_type in (trigger.event_type, *trigger.without):
                self._need(event_type, back)
        elif isinstance(trigger, OnWait | OnNotAll):
            for event_type in trigger.event_types:
                self._need(event_type, _CHAIN * _at_most(trigger.within))
        for metric in watch.metrics.values():
            self._need_metric(metric)
        if watch.until_needs is not None:
            needs = watchlist.needs(watch, "until")
            self.every_type |= bool(needs.gathered or needs.event)
        self.said = max(self.said, timedelta(days=looks_back(watch.limit) + 2))

    def _need_metric(self, metric: Metric) -> None:
        moment = datetime.fromisoformat("2026-12-31T12:00:00+00:00")  # late in a month, in a year
        days = (moment.date() - floor_of(metric, moment)).days + 2
        back = timedelta(days=max(days, 10 if metric.window == "this week" else 0))
        key = metric.series.key
        self.series[key] = max(back, self.series.get(key, back))
        self._need(metric.series.event_type, back)
        if metric.state:
            self.spans = max(self.spans, back)
            for event_type in metric.ends:
                self._need(event_type, EVER)
        if metric.of is not None:
            self._need_metric(metric.of)

    def _need(self, event_type: str, back: timedelta) -> None:
        self.types[event_type] = max(back, self.types.get(event_type, back))

    def forget(self, world: World, now: datetime) -> None:
        """Drop what no watch can read any more, so that a year takes no more memory than a month."""
        world.book.forget({key: now - back for key, back in self.series.items()})
        world.agenda.forget_heard(now - self.heard)
        for spans in world.spans.values():
            if len(spans) > 1:
                spans[:] = [span for span in spans if span.ended is None or span.ended > now - self.spans]
        for said in world.spoken.values():
            if len(said) > 1:
                said.difference_update([one for one in said if one.at < now - self.said])


def _at_most(within: Duration) -> timedelta:
    """The longest time it may take to run out: a working clock over the longest holidays."""
    return within.elapsed * 2 + timedelta(days=16)
