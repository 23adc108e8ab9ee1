"""Parse a rule document into a `Rule`, or report all its problems at once. See docs/rule-language.md.

Names of facts, event types and metrics are not looked up here: `tideng_rules.check` does, with the deployment's catalogue.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tideng.base.errors import InvalidRule, Problem
from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import OnSchedule, Step, Trigger
from tideng.model.metrics import (
    FUNCTIONS,
    LAST_DAYS,
    LAST_HOURS,
    WINDOWS,
    Metric,
    Series,
)
from tideng_rules.document.actions import EVENT_TYPE, parse_deeds, parse_duration
from tideng_rules.document.conditions import FACT_NAME, parse_condition
from tideng_rules.document.model import (
    ABOUT,
    ALWAYS,
    KINDS,
    Example,
    LaterStep,
    Rule,
)
from tideng_rules.document.problems import (
    Collector,
    join,
    kind_of,
    show,
    shown,
)
from tideng_rules.document.reader import (
    MAX_BYTES,
    unfit,
)
from tideng_rules.document.triggers import (
    clock_time,
    event_condition,
    parse_limit,
    parse_trigger,
)

KEYS = (
    "id", "kind", "title", "why", "about", "when", "who", "if", "then", "later", "until", "limit", "metrics", "examples", "priority",
)  # fmt: skip
RULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
NAME = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)


def parse_rule(document: Mapping[str, Any], catalogue: Catalogue | None = None) -> Rule:
    """Read one rule document, as it came from YAML, JSON or the database.

    `catalogue` adds the plugins' actions. Raises `InvalidRule` with every problem, each at a place such as
    ``if.all[0].fact``. A missing title or why is no problem here.
    """
    if not isinstance(document, Mapping):
        raise InvalidRule("rule", [Problem("", "rule-not-a-mapping", {"kind": kind_of(document)})])
    name = Sentence("rule-called", {"id": shown(document.get("id", "?"))})
    wrong = unfit(document)
    if wrong:
        raise InvalidRule(name, [Problem("", wrong.code, wrong.params)])
    notes = Collector()
    rule = _RuleParser(document, notes, catalogue).rule()
    if notes.problems:
        raise InvalidRule(name, notes.problems)
    return rule


class _RuleParser:
    """One document being read."""

    def __init__(self, document: Mapping[str, Any], notes: Collector, catalogue: Catalogue | None):
        self.document, self.notes, self.catalogue = document, notes, catalogue

    def rule(self) -> Rule:
        document, notes = self.document, self.notes
        notes.mapping(document, "", KEYS, ("id", "kind", "when", "then"))
        if len(json.dumps(document, default=str)) > MAX_BYTES:
            notes.note("", "rule-too-large")
        kind = notes.choice(document["kind"], "kind", KINDS) if "kind" in document else None
        trigger = parse_trigger(document, notes)
        return Rule(
            id=self.id(),
            kind=kind or "reminder",
            trigger=trigger,
            then=parse_deeds(document["then"], "then", notes, self.catalogue) if "then" in document else (),
            limit=parse_limit(document, kind or "reminder", trigger, notes),
            about=notes.choice(document.get("about", "person"), "about", ABOUT) or "person",
            title=notes.text(document["title"], "title") if "title" in document else {},
            why=notes.text(document["why"], "why") if "why" in document else {},
            who=parse_condition(document["who"], "who", notes) if "who" in document else ALWAYS,
            if_=parse_condition(document["if"], "if", notes) if "if" in document else ALWAYS,
            later=self.later(trigger),
            until=parse_condition(document["until"], "until", notes) if "until" in document else None,
            metrics=self.metrics(),
            examples=self.examples(),
            priority=self.priority(),
            document=document,
        )

    def id(self) -> str:
        value = self.document.get("id")
        if "id" not in self.document or (isinstance(value, str) and RULE_ID.fullmatch(value)):
            return str(value)
        self.notes.note("id", "not-a-rule-id", {"id": show(value)})
        return ""

    def priority(self) -> int:
        value = self.document.get("priority", 0)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1000:
            self.notes.note("priority", "priority-out-of-range", {"value": shown(value)})
            return 0
        return value

    # later

    def later(self, trigger: Trigger) -> tuple[LaterStep, ...]:
        if "later" not in self.document:
            return ()
        steps = []
        for number, item in enumerate(self.notes.items(self.document["later"], "later", "steps")):
            at = f"later[{number}]"
            if not isinstance(item, Mapping):
                self.notes.mapping(item, at, None)
                continue
            self.notes.mapping(item, at, ("at", "after", "then"), ("then",))
            if ("at" in item) == ("after" in item):
                self.notes.note(at, "step-without-time")
            clock = clock_time(item["at"], join(at, "at"), self.notes) if "at" in item else None
            after = (
                parse_duration(item["after"], join(at, "after"), self.notes)
                if "after" in item and clock is None
                else None
            )
            if clock and isinstance(trigger, OnSchedule) and clock <= trigger.at:
                self.notes.note(
                    join(at, "at"), "step-before-rule", {"clock": f"{clock:%H:%M}", "first": f"{trigger.at:%H:%M}"}
                )
            deeds = parse_deeds(item["then"], join(at, "then"), self.notes, self.catalogue) if "then" in item else ()
            steps.append(LaterStep(Step(clock, after), deeds))
        return tuple(steps)

    # metrics

    def metrics(self) -> Mapping[str, Metric]:
        value = self.document.get("metrics", {})
        if not isinstance(value, Mapping):
            self.notes.mapping(value, "metrics", None)
            return {}
        found = {}
        for name, spec in value.items():
            at = join("metrics", str(name))
            if not isinstance(name, str) or not NAME.fullmatch(name):
                self.notes.note(at, "not-a-metric-name", {"value": shown(name)})
            metric = self.metric(str(name), spec, at)
            if metric:
                found[str(name)] = metric
        return found

    def metric(self, name: str, spec: Any, at: str) -> Metric | None:
        self.notes.mapping(spec, at, (*FUNCTIONS, "where", "window"), ("window",))
        if not isinstance(spec, Mapping):
            return None
        functions = [key for key in spec if key in FUNCTIONS]
        if len(functions) != 1:
            self.notes.note(at, "not-exactly-one", {"names": FUNCTIONS})
            return None
        function = functions[0]
        event_type, field = self.series(function, spec[function], join(at, function))
        window = spec.get("window")
        declared = self.catalogue.windows if self.catalogue else {}
        windows = (*WINDOWS, *declared)
        if "window" in spec and not (isinstance(window, str) and (window in windows or _reaches_back(window))):
            way_out = nearest(window, windows) or Sentence("windows", {"names": windows})
            self.notes.note(join(at, "window"), "not-a-window", {"value": shown(window), "way_out": way_out})
        where, where_id = self.where(spec["where"], join(at, "where")) if "where" in spec else (None, "")
        series = Series(event_type, field, where_id, where, distinct=function == "distinct")
        since_state = declared[window].state if isinstance(window, str) and window in declared else ""
        return Metric(name, function, series, str(window), since_state=since_state)

    def series(self, function: str, value: Any, at: str) -> tuple[str, str]:
        event_type, _, field = value.partition("/") if isinstance(value, str) else ("", "", "")
        if not EVENT_TYPE.fullmatch(event_type) or len(event_type) > 120:
            self.notes.note(at, "not-a-series", {"value": shown(value)})
        elif "/" in value and not re.fullmatch(r"[A-Za-z_][\w:-]{0,59}(\.length)?", field):
            self.notes.note(at, "not-a-field-path", {"value": shown(field)})
        elif function != "count" and not field:
            self.notes.note(at, "function-without-field", {"function": function, "event_type": event_type})
        return event_type, field

    def where(self, value: Any, at: str) -> tuple[Any, str]:
        return event_condition(value, at, self.notes, "a metric")

    # examples

    def examples(self) -> tuple[Example, ...]:
        if "examples" not in self.document:
            return ()
        listed = self.notes.items(self.document["examples"], "examples", "examples")
        return tuple(filter(None, (self.example(item, f"examples[{n}]") for n, item in enumerate(listed))))

    def example(self, value: Any, at: str) -> Example | None:
        self.notes.mapping(value, at, ("name", "at", "facts", "expect", "step"), ("name", "at", "expect"))
        if not isinstance(value, Mapping):
            return None
        facts = value.get("facts", {})
        self.notes.mapping(facts, join(at, "facts"), None)
        known = {}
        for name, fact in facts.items() if isinstance(facts, Mapping) else ():
            place = join(join(at, "facts"), str(name))
            if not isinstance(name, str) or not FACT_NAME.fullmatch(name):
                self.notes.note(place, "not-a-watched-fact", {"value": shown(name)})
            elif isinstance(fact, list):
                known[name] = [self.notes.literal(item, f"{place}[{n}]") for n, item in enumerate(fact)]
            else:
                known[name] = self.notes.literal(fact, place)
        expect = self.notes.items(value.get("expect", []), join(at, "expect"), "actions-as-text")
        expected = tuple(self.notes.words(item, f"{at}.expect[{n}]") for n, item in enumerate(expect))
        moment = self.moment(value["at"], join(at, "at")) if "at" in value else None
        step = value.get("step")
        if step is not None and (isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= 100):
            self.notes.note(join(at, "step"), "not-a-step-number", {"value": shown(step)})
        name = self.notes.words(value["name"], join(at, "name")) if "name" in value else ""
        return Example(name, moment, known, expected, step) if moment else None

    def moment(self, value: Any, at: str) -> datetime | None:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None:
            self.notes.note(at, "not-a-moment", {"value": shown(value)})
            return None
        return moment


def _reaches_back(window: str) -> bool:
    shape = LAST_DAYS.fullmatch(window) or LAST_HOURS.fullmatch(window)
    return bool(shape and int(shape[1]) > 0)
