"""How often a rule may speak. The key of a finding is (rule, subject, period): editing a rule never makes it speak twice."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, timedelta

from tideng.judging import Limit

DAYS = re.compile(r"(\d{1,4}) days?")
LONGEST = 62
"""Days of past findings that have to be at hand for a limit, unless it says ``N days`` with a larger N."""


def period_of(limit: Limit, day: date, occurrence: str) -> str:
    """The period a finding on local `day` falls in; `occurrence` names the event or date that caused it."""
    if limit.once_per == "occurrence":
        return occurrence
    if limit.once_per == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if limit.once_per == "month":
        return f"{day:%Y-%m}"
    return day.isoformat()


def may_speak(limit: Limit, day: date, period: str, spoken: Collection[tuple[date, str]]) -> bool:
    """Whether a rule that has spoken to this subject as `spoken` (local day, period) tells may speak on `day` for `period`."""
    if any(said == period for _, said in spoken):
        return False
    apart = DAYS.fullmatch(limit.once_per)
    if apart and any(abs((day - when).days) < int(apart.group(1)) for when, _ in spoken):
        return False
    if limit.at_most is not None:
        monday = day - timedelta(days=day.weekday())
        in_week = {said for when, said in spoken if monday <= when < monday + timedelta(days=7)}
        return len(in_week) < limit.at_most
    return True


def looks_back(limit: Limit) -> int:
    """How many days of earlier findings `may_speak` needs to see for this limit; 0: only the period itself."""
    apart = DAYS.fullmatch(limit.once_per)
    if apart:
        return int(apart.group(1))
    return 7 if limit.at_most is not None else 0
