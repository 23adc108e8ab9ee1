"""When a schedule is due: the local days of ``every workday at 19:00``, and their moments in UTC."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tideng.model.calendars import WorkCalendar, local_moment
from tideng.model.judge_contract import OnSchedule
from tideng.org.directory import Directory, zone


def speaks_on(trigger: OnSchedule, day: date, calendar: WorkCalendar) -> bool:
    """Whether the schedule is due on this local day. Day 29–31 of a shorter month is its last day."""
    if trigger.every == "workday":
        return calendar.is_workday(day)
    if trigger.every == "week":
        return day.weekday() == (trigger.on or 0)
    if trigger.every == "month":
        return day.day == min(trigger.on or 1, monthrange(day.year, day.month)[1])
    return True


def moments(
    trigger: OnSchedule, calendar: WorkCalendar, zone_name: str, after: datetime, until: datetime
) -> Iterator[tuple[date, datetime]]:
    """Every (local day, moment in UTC) of the schedule in one zone with ``after <= moment <= until``, oldest first.

    A local time that does not exist on a day (clocks go forward) is moved forward; one that comes twice counts once.
    """
    zone_ = zone(zone_name)
    day, last = after.astimezone(zone_).date(), until.astimezone(zone_).date()
    while day <= last:
        if speaks_on(trigger, day, calendar):
            due = local_moment(day, trigger.at, zone_)
            if after <= due <= until:
                yield day, due
        day += timedelta(days=1)


def zones_of(directory: Directory) -> list[str]:
    """Every time zone of the people in the directory, and the client's own."""
    return sorted(directory.zones() | {directory.default_zone})
