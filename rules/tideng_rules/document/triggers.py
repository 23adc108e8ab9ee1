"""Parse `when` and `limit` of a rule: when it speaks, and how often."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import time
from typing import Any

from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest
from tideng.model.judge_contract import (
    Limit,
    OnAbsence,
    OnEvent,
    OnNotAll,
    OnSchedule,
    OnWait,
    Trigger,
    Where,
)
from tideng_rules.document.actions import EVENT_TYPE, parse_duration
from tideng_rules.document.conditions import parse_condition
from tideng_rules.document.evaluation import EventCondition
from tideng_rules.document.model import facts_of
from tideng_rules.document.problems import Collector, shown

CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
FIELD = re.compile(r"[A-Za-z_][\w:-]{0,59}")
AT_MOST = re.compile(r"(\d{1,3}) (?:times )?per (day|week|month)", re.ASCII)
APART = re.compile(r"([1-9]\d{0,3}) (minute|hour|day)s?", re.ASCII)
EVERY = ("day", "workday", "week", "month")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PERIODS = ("occurrence", "day", "week", "month")
ONCE_PER = {"reminder": "day", "validation": "occurrence", "escalation": "occurrence", "diagnosis": "month"}
_KEYS = ("event", "every", "at", "on", "without", "within", "wait", "not_all", "match", "clock", "where")


def parse_trigger(document: Mapping[str, Any], notes: Collector) -> Trigger:
    """The `when` of a rule document; problems go to `notes`, and something harmless is returned in their place."""
    when = document.get("when")
    if "when" not in document:
        return OnEvent("")
    if not isinstance(when, Mapping):
        notes.mapping(when, "when", None)
        return OnEvent("")
    return _Trigger(when, notes).read()


def clock_time(value: Any, at: str, notes: Collector) -> time:
    """A local time such as ``"19:00"``."""
    shape = CLOCK_TIME.fullmatch(value) if isinstance(value, str) else None
    if shape:
        return time(int(shape[1]), int(shape[2]))
    notes.note(at, "not-a-time-of-day", {"value": shown(value)})
    return time(0)


def event_condition(value: Any, at: str, notes: Collector, seen_by: str) -> tuple[EventCondition | None, str]:
    """A condition on an event's own facts, None if it has problems; and a short id that equal conditions share."""
    problems = len(notes.problems)
    condition = parse_condition(value, at, notes)
    for fact in sorted(facts_of(condition)):
        if fact and not fact.startswith("event."):
            notes.note(at, "fact-beyond-event", {"fact": fact, "seen_by": seen_by})
    written = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    holds = EventCondition(condition) if len(notes.problems) == problems else None
    return holds, hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()[:12]


class _Trigger:
    """One `when` being read."""

    def __init__(self, when: Mapping[str, Any], notes: Collector):
        self.when, self.notes = when, notes

    def read(self) -> Trigger:
        when, notes = self.when, self.notes
        if "every" in when:
            return self.schedule()
        if "not_all" in when:
            return self.not_all()
        if "wait" in when:
            return self.wait()
        if "without" in when or "within" in when:
            return self.absence()
        notes.mapping(when, "when", _KEYS)
        for key in sorted(set(when) & {"at", "on", "match", "clock"}):
            needed = "every" if key in ("at", "on") else "without"
            notes.note(f"when.{key}", "key-without-partner", {"key": key, "other": needed})
        if "where" in when:
            notes.note("when.where", "where-with-event")
        if "event" in when:
            return OnEvent(self.event_type(when["event"], "when.event"))
        notes.note("when", "no-trigger")
        return OnEvent("")

    def schedule(self) -> OnSchedule:
        when, notes = self.when, self.notes
        notes.mapping(when, "when", ("every", "at", "on"), ("every", "at"))
        every = notes.choice(when["every"], "when.every", EVERY) or "day"
        at = clock_time(when["at"], "when.at", notes) if "at" in when else time(0)
        return OnSchedule(every, at, self.on(every))

    def on(self, every: str) -> int | None:
        when, notes = self.when, self.notes
        value = when.get("on")
        if every in ("day", "workday"):
            if "on" in when:
                notes.note("when.on", "schedule-without-day", {"every": every})
            return None
        if "on" not in when:
            notes.note(
                "when.on", "day-missing", {"way_out": Sentence("days-of-week" if every == "week" else "days-of-month")}
            )
            return None
        if every == "week":
            day = notes.choice(value.lower() if isinstance(value, str) else value, "when.on", DAYS)
            return DAYS.index(day) if day else None
        if value == "last":
            return 31
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 31:
            return value
        notes.note("when.on", "not-a-day-of-month", {"value": shown(value)})
        return None

    def absence(self) -> OnAbsence:
        keys = ("event", "without", "within", "match", "clock", "where")
        self.notes.mapping(self.when, "when", keys, ("event", "without", "within", "match"))
        without = self.when.get("without", [])
        answers = (
            (self.event_type(without, "when.without"),) if isinstance(without, str) else self.event_types("without")
        )
        event_type = self.event_type(self.when["event"], "when.event") if "event" in self.when else ""
        return OnAbsence(event_type, answers, self.length("within"), self.match(), self.working(), self.where())

    def wait(self) -> OnWait:
        self.notes.mapping(self.when, "when", ("event", "wait", "match", "clock", "where"), ("event", "wait"))
        event_type = self.event_type(self.when["event"], "when.event") if "event" in self.when else ""
        match = self.match() if "match" in self.when else "subject"
        return OnWait(event_type, self.length("wait"), match, self.working(), self.where())

    def not_all(self) -> OnNotAll:
        keys = ("not_all", "within", "match", "clock", "where")
        self.notes.mapping(self.when, "when", keys, ("not_all", "within", "match"))
        types = self.event_types("not_all")
        if types and len(set(types)) < len(types):
            self.notes.note("when.not_all", "event-type-twice")
        elif len(types) == 1:
            self.notes.note("when.not_all", "one-event-type-only")
        return OnNotAll(types, self.length("within"), self.match(), self.working(), self.where())

    # -- parts -------------------------------------------------------------------------------------------------
    def event_type(self, value: Any, at: str) -> str:
        if isinstance(value, str) and len(value) <= 120 and EVENT_TYPE.fullmatch(value):
            return value
        self.notes.note(at, "not-an-event-type", {"value": shown(value)})
        return ""

    def event_types(self, key: str) -> tuple[str, ...]:
        at, value = f"when.{key}", self.when.get(key, [])
        listed = self.notes.items(value, at, "event-types")
        if isinstance(value, list | tuple) and not listed and key in self.when:
            self.notes.note(at, "list-empty")
        return tuple(self.event_type(item, f"{at}[{number}]") for number, item in enumerate(listed))

    def match(self) -> str:
        value = self.when.get("match", "")
        if "match" in self.when and not (isinstance(value, str) and FIELD.fullmatch(value)):
            self.notes.note("when.match", "not-a-match-field", {"value": shown(value)})
            return ""
        return value

    def length(self, key: str) -> Any:
        return parse_duration(self.when.get(key, "1 day"), f"when.{key}", self.notes)

    def working(self) -> bool:
        return self.notes.choice(self.when.get("clock", "elapsed"), "when.clock", ("elapsed", "working")) == "working"

    def where(self) -> Where | None:
        if "where" not in self.when:
            return None
        holds, name = event_condition(self.when["where"], "when.where", self.notes, "a `where`")
        return Where(name, holds) if holds else None


def parse_limit(document: Mapping[str, Any], kind: str, trigger: Trigger, notes: Collector) -> Limit:
    """The `limit` of a rule document; without one, as often as rules of its kind speak."""
    value = document.get("limit", {})
    notes.mapping(value, "limit", ("once_per", "at_most", "by"))
    if not isinstance(value, Mapping):
        return Limit(ONCE_PER[kind])
    at_most, per = _at_most(value["at_most"], notes) if "at_most" in value else (None, "week")
    by = _by(value["by"], trigger, notes) if "by" in value else ""
    return Limit(_once_per(value.get("once_per", ONCE_PER[kind]), kind, notes), at_most, per, by)


def _once_per(value: Any, kind: str, notes: Collector) -> str:
    apart = APART.fullmatch(value) if isinstance(value, str) else None
    if apart:
        number, unit = apart[1], apart[2]
        return "day" if (number, unit) == ("1", "day") else f"{number} {unit}{'' if number == '1' else 's'}"
    if isinstance(value, str) and value in PERIODS:
        return value
    way_out = nearest(value, PERIODS) or Sentence("periods")
    notes.note("limit.once_per", "not-a-period", {"value": shown(value), "way_out": way_out})
    return ONCE_PER[kind]


def _at_most(value: Any, notes: Collector) -> tuple[int | None, str]:
    shape = AT_MOST.fullmatch(value) if isinstance(value, str) else None
    if shape and int(shape[1]) > 0:
        return int(shape[1]), shape[2]
    notes.note("limit.at_most", "not-a-limit", {"value": shown(value)})
    return None, "week"


def _by(value: Any, trigger: Trigger, notes: Collector) -> str:
    if isinstance(trigger, OnSchedule):
        notes.note("limit.by", "schedule-without-field")
        return ""
    if isinstance(value, str) and FIELD.fullmatch(value):
        return value
    notes.note("limit.by", "not-a-distinct-field", {"value": shown(value)})
    return ""
