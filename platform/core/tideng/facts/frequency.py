"""Limits: how often a rule may make a finding about a subject.

The key of a finding is (rule, subject, period), so that editing a rule never repeats a finding.

A limit `by` a field of the event holds separately for each of its values: their periods end in ``|by|VALUE``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from tideng.model.judge_contract import Limit

SLIDING = re.compile(r"(\d{1,5}) (minute|hour|day)s?")
_BY = "|by|"
_VALUE_AT_MOST = 36
_DAYS_IN = {"day": 1, "week": 7, "month": 31}


class Said(NamedTuple):
    """An earlier finding of a rule about a subject: its moment, the local day there, and the period it counts for."""

    at: datetime
    day: date
    period: str


def period_of(limit: Limit, day: date, occurrence: str, facts: Mapping[str, Any] | None = None) -> str:
    """The period of a finding on local `day`. `occurrence` names the event or date that caused it; `facts` are those that
    the rule was asked with (`limit.by` reads one)."""
    period = _period(limit.once_per, day, occurrence)
    return f"{period}{_BY}{value_of(limit, facts or {})}" if limit.by else period


def value_of(limit: Limit, facts: Mapping[str, Any]) -> str:
    """The value of the field `limit.by`, shortened to fit a key; '' if the event has none."""
    value = str(facts.get(f"event.{limit.by}", ""))
    if len(value) <= _VALUE_AT_MOST and _BY not in value:
        return value
    return f"{value[:16]}…{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def _period(once_per: str, day: date, occurrence: str) -> str:
    if once_per == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if once_per == "month":
        return f"{day:%Y-%m}"
    if once_per == "occurrence" or "minute" in once_per or "hour" in once_per:
        return occurrence
    return day.isoformat()


def may_speak(limit: Limit, at: datetime, day: date, period: str, spoken: Collection[Said]) -> bool:
    """Whether a rule may make a finding at `at`, on local `day`, for `period`; `spoken` are its earlier ones about the subject.

    The last time may lie exactly N minutes, hours or days back. What was said before the limit had a `by`, or after it
    had one, counts for every value: an edit of the limit is no leave to speak again.
    """
    ours = [said for said in spoken if _concerns(limit, period, said.period)]
    if any(_same(limit, day, period, said) for said in ours):
        return False
    apart = SLIDING.fullmatch(limit.once_per)
    if apart and apart[2] == "day" and any(abs((day - said.day).days) < int(apart[1]) for said in ours):
        return False
    if apart and apart[2] != "day":
        least = timedelta(**{f"{apart[2]}s": int(apart[1])})
        if any(abs(at - said.at) < least for said in ours):
            return False
    if limit.at_most is not None:
        return len({said.period for said in ours if _within_one(limit.per, day, said.day)}) < limit.at_most
    return True


def _concerns(limit: Limit, period: str, said: str) -> bool:
    """Whether an earlier finding counts for the value of `limit.by` in `period`."""
    if not limit.by:
        return True
    return _BY not in said or said.endswith(period[period.rindex(_BY) :])


def _same(limit: Limit, day: date, period: str, said: Said) -> bool:
    if limit.once_per in _DAYS_IN:  # by its day, since an earlier version may have named the period differently
        return _within_one(limit.once_per, day, said.day)
    if limit.by and said.period == period.rpartition(_BY)[0]:
        return True
    return said.period == period or said.period.startswith(period + _BY)


def _within_one(per: str, day: date, other: date) -> bool:
    """Whether two local days lie in one day, week (from Monday) or month."""
    if per == "week":
        return day.isocalendar()[:2] == other.isocalendar()[:2]
    return day == other if per == "day" else (day.year, day.month) == (other.year, other.month)


def looks_back(limit: Limit) -> int:
    """The number of days of earlier findings that `may_speak` needs for this limit; 0: only the period itself.

    If the limit was edited, findings of earlier versions are looked for through `longest` days.
    """
    apart = SLIDING.fullmatch(limit.once_per)
    days = 0
    if apart:
        days = int(apart[1]) if apart[2] == "day" else -(-int(apart[1]) // (24 if apart[2] == "hour" else 1440))
    return max(days, _DAYS_IN[limit.per] if limit.at_most is not None else 0)


def longest(limit: Limit) -> int:
    """As `looks_back`, for findings of versions with another limit: the period itself counted in days."""
    return max(looks_back(limit), _DAYS_IN.get(limit.once_per, 0))
