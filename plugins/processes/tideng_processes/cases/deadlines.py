"""Computes the deadline of a step, and the moment of its reminder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tideng.plugin import WorkCalendar, local_moment
from tideng_processes.document.model import Node

DAY = timedelta(days=1)


def due_of(
    node: Node, entered: datetime, data: Mapping[str, Any], zone: ZoneInfo, calendar: WorkCalendar
) -> datetime | None:
    """The deadline (UTC) of a step that was entered at `entered`; None where it has none, or depends on a date that is empty.
    `zone`: of the person of the case."""
    deadline = node.deadline
    if deadline is None:
        return None
    if deadline.within is not None:
        return calendar.deadline(entered, deadline.within, zone, deadline.working)
    if deadline.on:
        said = data.get(deadline.on)
        if not said:
            return None
        return _at(date.fromisoformat(str(said)), deadline.at, deadline.end_of_day, zone)
    today = entered.astimezone(zone).date()
    due = _at(today, deadline.at, deadline.end_of_day, zone)
    return due if due > entered else _at(today + DAY, deadline.at, deadline.end_of_day, zone)


def wake_of(node: Node, entered: datetime, due: datetime | None) -> datetime | None:
    """When the worker looks at the step first: at its reminder, else at its deadline."""
    if due is None or node.remind is None:
        return due
    reminded = due - node.remind.elapsed
    return reminded if reminded > entered else due


def worked(start: datetime, end: datetime, zone: ZoneInfo, calendar: WorkCalendar) -> timedelta:
    """The working time from `start` to `end`: days off do not count, as in `WorkCalendar.deadline`."""
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    days = (first + n * DAY for n in range((last - first).days + 1))
    off = [day for day in days if not calendar.is_workday(day)]
    free = [min(end, _at(day, None, True, zone)) - max(start, _at(day, None, False, zone)) for day in off]
    return end - start - sum(free, timedelta())


def _at(day: date, at: time | None, end_of_day: bool, zone: ZoneInfo) -> datetime:
    return local_moment(day + DAY if end_of_day else day, at or time(), zone)
