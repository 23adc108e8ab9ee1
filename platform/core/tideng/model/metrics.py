"""Metrics: counts and sums over a subject's events, kept as daily aggregates in memory.

A `Series` is what is stored (one row per subject, series and local day); a `Metric` is a question asked of a series
over a window. Late and out-of-order events are right, because days add up in any order. Windows shorter than a day
slide with the moment of judging: they are answered from the moments of the events themselves.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

FUNCTIONS = ("count", "sum", "average", "min", "max", "last", "distinct")
WINDOWS = ("today", "this week", "this month")
LAST_DAYS = re.compile(r"last (\d{1,4}) days?")
LAST_HOURS = re.compile(r"last (\d{1,5}) (minute|hour)s?")
_when = itemgetter(0)


@dataclass(frozen=True)
class Series:
    """What is aggregated: `field` ('' for the event itself; ``needs.length`` and ``issues.length`` count characters and
    items) of events of `event_type` for which `where` holds. `where_id` names `where` so that equal conditions share."""

    event_type: str
    field: str = ""
    where_id: str = ""
    where: Callable[[Mapping[str, Any]], bool] | None = None
    distinct: bool = False

    def __hash__(self) -> int:
        return hash((self.event_type, self.field, self.where_id, self.distinct))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Series) and self.key == other.key

    @cached_property
    def key(self) -> str:
        """The stored name, e.g. ``report.submitted/needs.length`` or ``order.won/amount?3f2a``."""
        tail = f"?{self.where_id}" if self.where_id else ""
        mark = "!" if self.distinct else ""
        return f"{self.event_type}/{self.field}{mark}{tail}" if self.field else f"{self.event_type}{tail}"


@dataclass(frozen=True)
class Metric:
    """`function` of `series` over `window`: today, this week, this month, last N days, hours or minutes, or one that a
    plugin declares (`catalogue.StateWindow`), which begins on the local day on which `since_state` began to hold.

    Two functions are made from what is there already: ``share`` is metric `of` as a share of the position's target for it,
    ``days`` counts the days on which `state` held; `ends` are the types that end it, `series` counts those that start it.
    """

    name: str
    function: str
    series: Series
    window: str
    of: Metric | None = None
    state: str = ""
    ends: tuple[str, ...] = ()
    since_state: str = ""

    def days(self, today: date, since: date | None = None) -> tuple[date, date] | None:
        """First and last local day that the window sees on `today`, both inclusive; `since` is the day on which
        `since_state` began. None when there is no such window: the state does not hold."""
        if self.since_state:
            return (since, today) if since else None
        return window_days(self.window, today)

    @property
    def sliding(self) -> timedelta | None:
        """How far back from the moment of judging the window reaches; None where it consists of local days."""
        return sliding(self.window)


@lru_cache(maxsize=512)
def sliding(window: str) -> timedelta | None:
    """The length of ``last N minutes`` or ``last N hours``; None for the windows that consist of local days."""
    shape = LAST_HOURS.fullmatch(window)
    return timedelta(**{f"{shape[2]}s": int(shape[1])}) if shape else None


def measure(series: Series, data: Mapping[str, Any]) -> Any:
    """The value one event adds to `series`: 1 for the event itself, a field's value, or a ``.length``; None when it adds nothing."""
    if not series.field:
        return 1
    name, _, tail = series.field.partition(".")
    value = data.get(name)
    if tail == "length":
        return length(value)
    return value


def length(value: Any) -> int | None:
    """Characters of a text, white space at the ends trimmed; items of a list; None for anything else."""
    if isinstance(value, str):
        return len(value.strip())
    return len(value) if isinstance(value, list | tuple) else None


def window_days(window: str, today: date) -> tuple[date, date]:
    """First and last local day of `window` as seen on `today`, both inclusive. Raises `ValueError` for an unknown one."""
    if window == "today":
        return today, today
    if window == "this week":
        return today - timedelta(days=today.weekday()), today
    if window == "this month":
        return today.replace(day=1), today
    shape = LAST_DAYS.fullmatch(window)
    if not shape:
        raise ValueError(f"unknown window {window!r}")
    return today - timedelta(days=int(shape.group(1)) - 1), today


@dataclass(slots=True)
class Day:
    """What one series gathered on one local day for one subject: how many values, their sum, the lowest and highest
    number, the last value with its moment, and the distinct values where they are kept."""

    n: int = 0
    total: float = 0.0
    low: float | None = None
    high: float | None = None
    last: Any = None
    last_at: Any = None
    values: set[str] | None = None

    def add(self, value: Any, at: Any) -> None:
        self.n += 1
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.total += value
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)
        if self.last_at is None or at >= self.last_at:
            self.last, self.last_at = value, at


class Book:
    """The days of some subjects in memory, and the moments of those series that a sliding window reads.

    `deltas` is what was added to the days since loading, for saving. Moments are not saved: they are read from the stored
    events.
    """

    def __init__(self) -> None:
        self._days: dict[tuple[str, str], dict[date, Day]] = {}
        self._moments: dict[tuple[str, str], list[tuple[datetime, Any]]] = {}
        self.deltas: dict[tuple[str, str, date], Day] = {}
        self.keep_deltas = True

    def put(self, subject: str, series: str, day: date, gathered: Day) -> None:
        """Load one stored day."""
        self._days.setdefault((subject, series), {})[day] = gathered

    def put_value(self, subject: str, series: str, day: date, value: str) -> None:
        """Load one stored distinct value."""
        gathered = self._days.setdefault((subject, series), {}).setdefault(day, Day())
        gathered.values = (gathered.values or set()) | {value}

    def add(
        self, subject: str, series: Series, day: date, data: Mapping[str, Any], facts: Mapping[str, Any], at: Any
    ) -> None:
        """Count one event that happened on local `day`; `facts` are its event facts, for the series' `where`."""
        if series.where is not None and not series.where(facts):
            return
        value = measure(series, data)
        if value is None:
            return
        key = series.key
        self._at(self._days.setdefault((subject, key), {}), day, series).add(value, at)
        if series.distinct:
            self._days[subject, key][day].values.add(str(value))  # type: ignore[union-attr]
        if self.keep_deltas:
            delta = self._at(self.deltas, (subject, key, day), series)
            delta.add(value, at)
            if series.distinct:
                delta.values.add(str(value))  # type: ignore[union-attr]

    def note(
        self, subject: str, series: Series, data: Mapping[str, Any], facts: Mapping[str, Any], at: datetime
    ) -> None:
        """Add one event's moment for the sliding windows over `series`, in any order."""
        if series.where is not None and not series.where(facts):
            return
        value = measure(series, data)
        if value is not None:
            insort_right(self._moments.setdefault((subject, series.key), []), (at, value), key=_when)

    def value(
        self, subject: str, metric: Metric, today: date, since: date | None = None, at: datetime | None = None
    ) -> Any:
        """The metric's value for a subject whose local day is `today`; None is "no data". `since` as in `Metric.days`.

        Over nothing, count, sum and distinct are 0 and the others missing. A sliding window ends at `at`, inclusive, and
        begins just after the moment that lies its whole length back.
        """
        if metric.sliding is not None:
            if at is None:
                raise ValueError(f"{metric.window!r} needs the moment of judging")
            found = self.moments(subject, metric, at)
            return len(found) if metric.function == "count" else answer(metric.function, [gathered(found)])
        span = metric.days(today, since)
        if span is None:
            return None
        days = self._days.get((subject, metric.series.key), {})
        if span[0] == span[1]:
            return answer(metric.function, [days[today]] if today in days else [])
        return answer(metric.function, [of_day for day, of_day in days.items() if span[0] <= day <= span[1]])

    def days(self, subject: str, metric: Metric, today: date) -> list[tuple[date, Day]]:
        """Each local day in the metric's window with what was gathered on it, for a subject whose local day is `today`."""
        span = metric.days(today)
        days = self._days.get((subject, metric.series.key), {})
        return [] if span is None else [(day, of_day) for day, of_day in days.items() if span[0] <= day <= span[1]]

    def moments(self, subject: str, metric: Metric, at: datetime) -> list[tuple[datetime, Any]]:
        """The events that the metric's sliding window sees at `at`, with their values, oldest first."""
        moments = self._moments.get((subject, metric.series.key), [])
        first = bisect_right(moments, at - (metric.sliding or timedelta()), key=_when)
        return moments[first : bisect_right(moments, at, key=_when)]

    def forget(self, before: Mapping[str, datetime]) -> None:
        """Drop the days and moments of each series (by key) that lie before a moment (UTC)."""
        for (_, series), days in self._days.items():
            oldest = before[series].date() if series in before else date.min
            for day in [day for day in days if day < oldest]:
                del days[day]
        for (_, series), moments in self._moments.items():
            if series in before:
                del moments[: bisect_left(moments, before[series], key=_when)]

    @staticmethod
    def _at(days: dict, key: Any, series: Series) -> Day:
        gathered = days.get(key)
        if gathered is None:
            gathered = days[key] = Day(values=set() if series.distinct else None)
        return gathered


def gathered(moments: Iterable[tuple[datetime, Any]]) -> Day:
    """The moments of a sliding window as one day, so that `answer` serves both kinds of window."""
    day = Day(values=set())
    for at, value in moments:
        day.add(value, at)
        day.values.add(str(value))  # type: ignore[union-attr]
    return day


def answer(function: str, days: Iterable[Day]) -> Any:
    """The value of `function` over these days. Over nothing, count, sum and distinct are 0 and the others missing."""
    days = list(days)
    n = days[0].n if len(days) == 1 else sum(day.n for day in days)
    if function == "count":
        return n
    if function == "sum":
        return _plain(round(sum(day.total for day in days), 6))  # so that 0.1 + 0.2 is 0.3, in any order
    if function == "distinct":
        return len(set().union(*(day.values or () for day in days)))
    if not n:
        return None
    if function == "average":
        return _plain(round(sum(day.total for day in days), 6) / n)
    if function == "min":
        return _plain(min((day.low for day in days if day.low is not None), default=None))
    if function == "max":
        return _plain(max((day.high for day in days if day.high is not None), default=None))
    return max((day for day in days if day.last_at is not None), key=lambda day: day.last_at).last


def _plain(value: float | None) -> float | int | None:
    """A whole number without its ``.0``, so that a sum of whole numbers reads as one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def metric_of(spec: Any) -> Metric:
    """The metric that a `catalogue.MetricSpec` declares."""
    if spec.of is not None:
        of = metric_of(spec.of)
        return Metric(spec.name, spec.function, of.series, of.window, of=of, since_state=of.since_state)
    if spec.state is not None:
        ends = (spec.state.ends,)
        return Metric(spec.name, "days", Series(spec.event_type), spec.window, state=spec.state.name, ends=ends)
    series = Series(spec.event_type, spec.field, distinct=spec.function == "distinct")
    return Metric(spec.name, spec.function, series, spec.window, since_state=spec.since_state)
