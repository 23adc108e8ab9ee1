"""When a rule is judged about a subject: the moment of a day, what triggered it, and the nearest moments before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tideng.base.durations import Duration
from tideng.facts.windows import heeds
from tideng.facts.world import World
from tideng.judging.questions import subject_of
from tideng.judging.schedules import moments, speaks_on
from tideng.judging.stored_entries import entry_from
from tideng.model.calendars import WorkCalendar, local_moment
from tideng.model.event import Event, occurrence_of
from tideng.model.judge_contract import (
    OnAbsence,
    OnEvent,
    OnSchedule,
    OnWait,
)
from tideng.replay.past_world import Heard, Past, day_of
from tideng.store.agenda import agenda_entry, windows_nearest, windows_touching
from tideng_rules.document.model import Rule

_NEAR = timedelta(days=400)
_FEW = timedelta(days=45)
"""So far a schedule is looked along for its nearest moments: a month and a long holiday."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One moment at which a rule asks about a subject.

    `at`: as of when it judges; `since`: when the rule in force took it up (an absence: when it began). `person`: whom it
    is about where the subject is a case. `event`: what triggered it; `kept`: what a deadline still knows of it. `answer`:
    the event that came in time, so that nothing was asked. `state` and `note`: how the agenda settled it. `others`: how
    many more such moments the day had.
    """

    at: datetime
    since: datetime
    person: str
    occurrence: str
    event: Heard | None = None
    kept: Mapping[str, Any] | None = None
    version: int | None = None
    answer: Event | None = None
    state: str = ""
    note: str | None = None
    others: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """What was found for one day: the moment that is meant, or none; the nearest ones `before` and `after` it."""

    day: date
    asked: Asked | None = None
    before: datetime | None = None
    after: datetime | None = None
    types: tuple[str, ...] = field(default_factory=tuple)


class Moments:
    """Finds when rules ask, from the calendar, the stored events and the agenda."""

    def __init__(self, past: Past, calendar: WorkCalendar, connection: Any, catalogue: Any):
        self._past, self._calendar, self._connection = past, calendar, connection
        self._nobody = World(past.directory, catalogue)

    def find(self, rule: Rule, subject: str, at: datetime) -> Search:
        """The moment of the subject's local day of `at` that is nearest to `at`."""
        trigger = rule.trigger
        if isinstance(trigger, OnSchedule):
            return self._scheduled(rule, trigger, subject, at)
        if isinstance(trigger, OnEvent):
            return self._heard(rule, trigger, subject, at)
        if isinstance(trigger, OnAbsence):
            return self._absent(rule, trigger, subject, at)
        return self._windowed(rule, trigger, subject, at)

    # -- schedules ---------------------------------------------------------------------------------------------
    def _scheduled(self, rule: Rule, trigger: OnSchedule, subject: str, at: datetime) -> Search:
        zone = self._past.directory.zone_of(subject, at)
        day = at.astimezone(zone).date()
        due = local_moment(day, trigger.at, zone)
        near = list(moments(trigger, self._calendar, zone.key, due - _FEW, due + _FEW))
        before = max((moment for _, moment in near if moment < due), default=None)
        after = min((moment for _, moment in near if moment > due), default=None)
        if not speaks_on(trigger, day, self._calendar):
            return Search(day, None, before, after)
        return Search(day, Asked(due, due, subject, day.isoformat()), before, after)

    # -- events ------------------------------------------------------------------------------------------------
    def _heard(self, rule: Rule, trigger: OnEvent, subject: str, at: datetime) -> Search:
        day, first, last = day_of(self._past.directory, subject, at)
        types = (trigger.event_type,)
        found = [
            one
            for one in self._past.heard(self._whose(rule, subject, at), types, first, last)
            if self._ours(rule, subject, one)
        ]
        before, after = self._past.nearest(self._whose(rule, subject, at), types, first, last)
        if not found:
            return Search(day, None, before, after, types)
        one = min(found, key=lambda heard: (abs(heard.event.time - at), heard.event.time))
        event = one.event
        asked = Asked(
            event.time, max(event.time, one.received), event.subject, occurrence_of(event), one, others=len(found) - 1
        )
        return Search(day, asked, before, after, types)

    def _whose(self, rule: Rule, subject: str, at: datetime) -> set[str]:
        """By whose events a subject is judged: its own, or those of whoever holds the position or works in the unit."""
        if rule.about in ("person", "case"):
            return {subject}
        members = self._past.directory.members(at)
        return {subject} | {one.person for one in members if getattr(one, rule.about) == subject}

    def _ours(self, rule: Rule, subject: str, heard: Heard) -> bool:
        return subject_of(rule.about, heard.event, self._nobody) == subject

    # -- deadlines ---------------------------------------------------------------------------------------------
    def _absent(self, rule: Rule, trigger: OnAbsence, subject: str, at: datetime) -> Search:
        day, first, last = day_of(self._past.directory, subject, at)
        types, whose = (trigger.event_type,), self._whose(rule, subject, at)
        begun = self._past.heard(whose, types, first - _reach(trigger.within), last)
        found = []
        for one in begun:
            value = one.event.match(trigger.match)
            if value is None or not self._ours(rule, subject, one) or not heeds(trigger, one.event):
                continue
            zone = self._past.directory.zone_of(one.event.subject, one.event.time)
            due = self._calendar.deadline(one.event.time, trigger.within, zone, trigger.working)
            if first <= due <= last or first <= one.event.time <= last:
                found.append((one, due, value))
        before, after = self._past.nearest(whose, types, first, last)
        if not found:
            return Search(day, None, before, after, types)
        one, due, value = min(found, key=lambda item: (not first <= item[1] <= last, abs(item[1] - at), item[1]))
        event = one.event
        answers = [
            heard.event
            for heard in self._past.answered(trigger.match, value, trigger.without, event.time, due)
            if not (heard.event.type == event.type and heard.event.time == event.time)
        ]
        row = self._agenda(rule, subject, occurrence_of(event), "absence")
        asked = Asked(
            due,
            max(event.time, one.received),
            event.subject,
            occurrence_of(event),
            one,
            entry_from(row).facts if row else None,
            row.version if row else None,
            answers[0] if answers else None,
            row.state if row else "",
            row.note if row else None,
            len(found) - 1,
        )
        return Search(day, asked, before, after, types)

    def _windowed(self, rule: Rule, trigger: Any, subject: str, at: datetime) -> Search:
        """The end of a window, as the agenda knows it: which event opened it depends on all that came before."""
        day, first, last = day_of(self._past.directory, subject, at)
        rows = windows_touching(self._connection, rule.id, subject, (first, last))
        before, after = windows_nearest(self._connection, rule.id, subject, (first, last))
        types = tuple(trigger.event_types)
        if not rows:
            return Search(day, None, before, after, types)
        row = min(rows, key=lambda one: (not first <= one.due <= last, abs(one.due - at), one.due))
        members = [
            one
            for one in self._past.answered(trigger.match, row.match or "", types, row.began, row.due)
            if heeds(trigger, one.event)
        ]
        last_one = members[-1] if members and isinstance(trigger, OnWait) else None
        complete, entry = row.state == "complete", entry_from(row)
        asked = Asked(
            row.due,
            row.began,
            entry.person or subject,
            row.period,
            last_one,
            None if last_one else entry.facts,
            row.version,
            members[-1].event if complete and members else None,
            row.state,
            row.note,
            len(rows) - 1,
        )
        return Search(day, asked, before, after, types)

    def _agenda(self, rule: Rule, subject: str, period: str, kind: str) -> Any:
        return agenda_entry(self._connection, rule.id, subject, period, kind)


def _reach(within: Duration) -> timedelta:
    """How long before its deadline an event may have been; days off in between make it longer."""
    return min(within.elapsed * 3 + timedelta(days=14), _NEAR)
