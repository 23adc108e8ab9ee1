"""Metrics: counts and sums over a subject's events, kept as daily aggregates in memory.

A `Series` is what is stored (one row per subject, series and local day); a `Metric` is a question asked of a series
over a window. Late and out-of-order events are right, because days add up in any order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

FUNCTIONS = ("count", "sum", "average", "min", "max", "last", "distinct")
WINDOWS = ("today", "this week", "this month", "this trip")
LAST_DAYS = re.compile(r"last (\d{1,4}) days?")


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

    @property
    def key(self) -> str:
        """The stored name, e.g. ``report.submitted/needs.length`` or ``order.won/amount?3f2a``."""
        tail = f"?{self.where_id}" if self.where_id else ""
        mark = "!" if self.distinct else ""
        return f"{self.event_type}/{self.field}{mark}{tail}" if self.field else f"{self.event_type}{tail}"


@dataclass(frozen=True)
class Metric:
    """`function` of `series` over `window` (today, this week, this month, this trip, last N days)."""

    name: str
    function: str
    series: Series
    window: str
