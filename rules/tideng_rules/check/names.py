"""Whether everything a rule names exists and fits: event types, keys, facts with their operators, metrics, lengths of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from tideng.base.errors import Problem
from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest
from tideng.model.catalogue import Catalogue, EventType
from tideng.model.judge_contract import OnAbsence, OnEvent, OnSchedule
from tideng.model.metrics import Metric, metric_of
from tideng_rules.check.comparisons import (
    NUMERIC,
    fits,
    fits_fact,
)
from tideng_rules.check.known_facts import KnownFacts
from tideng_rules.document.conditions import parse_condition
from tideng_rules.document.model import (
    Condition,
    FactRef,
    Rule,
    leaves,
)
from tideng_rules.document.problems import Collector
from tideng_rules.engine.rulebook import inferred_by

_PERIODS = {
    "day": timedelta(days=1),
    "workday": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=28),
}


class Naming:
    """The names of one rule. `sound` is False once a comparison was found that mixes types or names what is not there."""

    def __init__(self, rule: Rule, known: KnownFacts, catalogue: Catalogue):
        self.rule, self.known, self.catalogue = rule, known, catalogue
        self.sound = True

    def problems(self) -> Iterator[Problem]:
        rule = self.rule
        yield from self._trigger()
        yield from self._told_apart()
        for condition in (rule.who, rule.if_, rule.until):
            for problem in self._condition(condition, self.known):
                self.sound = self.sound and problem.severity != "error"
                yield problem
        yield from self._metrics()
        if rule.until is not None and not rule.later:
            yield Problem("until", "until-ends-nothing", severity="warning")
        yield from self._steps()

    # -- when --------------------------------------------------------------------------------------------------
    def _trigger(self) -> Iterator[Problem]:
        trigger = self.rule.trigger
        if isinstance(trigger, OnSchedule):
            if self.rule.about == "case":
                yield Problem("about", "about")
            return
        opening = getattr(trigger, "event_types", None) or (trigger.event_type,)
        several = "when.not_all" if len(opening) > 1 else "when.event"
        for name in opening:
            yield from self._event_type(name, several)
        answers = trigger.without if isinstance(trigger, OnAbsence) else ()
        for name in answers:
            yield from self._event_type(name, "when.without")
        if not isinstance(trigger, OnEvent):
            yield from self._keys((*opening, *answers), trigger.match)
        where = self.rule.document.get("when", {}).get("where") if isinstance(self.rule.document, Mapping) else None
        if where is not None:
            condition = parse_condition(where, "when.where", Collector())
            for name in opening:
                yield from self._condition(condition, KnownFacts.of_event(name, self.rule, self.catalogue))

    def _told_apart(self) -> Iterator[Problem]:
        """`limit.by` is a field of the event that the rule speaks of."""
        if self.rule.limit.by and not isinstance(self.rule.trigger, OnSchedule):
            _, problem = self.known.look_up(f"event.{self.rule.limit.by}")
            if problem:
                yield replace(problem, at="limit.by")

    def _event_type(self, name: str, at: str) -> Iterator[Problem]:
        if name not in self.catalogue.event_types:
            yield Problem(
                at, "unknown-event-type", {"name": name, "way_out": nearest(name, self.catalogue.event_types)}
            )

    def _keys(self, names: Iterable[str], match: str) -> Iterator[Problem]:
        for name in names:
            declared = self.catalogue.event_types.get(name)
            if declared and not _may_match(declared, match):
                keys = self.catalogue.keys_of(name)
                way_out = nearest(match, keys) or (
                    Sentence("its-keys", {"names": keys}) if keys else Sentence("has-no-key")
                )
                params = {"match": match, "name": name, "keys": keys, "way_out": way_out}
                yield Problem("when.match", "no-key", params)

    # -- conditions --------------------------------------------------------------------------------------------
    def _condition(self, condition: Condition | None, known: KnownFacts) -> Iterator[Problem]:
        for leaf in leaves(condition):
            fact, problem = known.look_up(leaf.fact)
            if problem:
                yield replace(problem, at=f"{leaf.place}.fact")
            if isinstance(leaf.operand, FactRef):
                other, problem = known.look_up(leaf.operand.fact)
                if problem:
                    yield replace(problem, at=f"{leaf.place}.{leaf.op}.fact")
                if fact and other:
                    yield from fits_fact(leaf, fact, other)
            elif fact:
                yield from fits(leaf, fact)

    # -- metrics -----------------------------------------------------------------------------------------------
    def _metrics(self) -> Iterator[Problem]:
        for name, metric in self.rule.metrics.items():
            at, series = f"metrics.{name}", metric.series
            yield from self._event_type(series.event_type, f"{at}.{metric.function}")
            declared = self.catalogue.event_types.get(series.event_type)
            if declared and series.field:
                yield from _field(declared, metric, f"{at}.{metric.function}")
            if declared and series.where is not None:
                where = parse_condition(self.rule.document["metrics"][name]["where"], f"{at}.where", Collector())
                yield from self._condition(where, KnownFacts.of_event(series.event_type, self.rule, self.catalogue))
            standard = self.catalogue.metrics.get(name)
            if standard and not _same_metric(metric_of(standard), metric):
                yield Problem(at, "metric-name-standard")

    # -- later -------------------------------------------------------------------------------------------------
    def _steps(self) -> Iterator[Problem]:
        """Steps out of order, and steps that fall after the rule has spoken anew."""
        trigger, before = self.rule.trigger, timedelta(0)
        period = _PERIODS.get(trigger.every) if isinstance(trigger, OnSchedule) else None
        if period and self.rule.limit.once_per in _PERIODS:
            period = max(period, _PERIODS[self.rule.limit.once_per])
        for number, later in enumerate(self.rule.later):
            after = later.step.after.elapsed if later.step.after else None
            at = f"later[{number}].after"
            if after is None:
                continue
            if after < before:
                yield Problem(at, "step-order", severity="warning")
            if period and after >= period:
                yield Problem(at, "step-too-late", severity="warning")
            before = after


def two_meanings(rules: Iterable[Rule], touching: Rule | None = None) -> Iterator[Problem]:
    """A metric's name is a rule's own, except where rules are judged together to read what others infer."""
    groups: dict[object, list[Rule]] = {}
    for rule in rules:
        groups.setdefault((rule.trigger, rule.about), []).append(rule)
    for group in groups.values():
        if (touching is not None and touching not in group) or not any(map(inferred_by, group)):
            continue
        named: dict[str, tuple[str, Metric]] = {}
        for rule in group:
            for name, metric in rule.metrics.items():
                first, meaning = named.setdefault(name, (rule.id, metric))
                if not _same_metric(meaning, metric) and touching in (None, rule):
                    yield Problem(f"{rule.id}: metrics.{name}", "metric-name-used", {"rule": first})


def _may_match(declared: EventType, field: str) -> bool:
    found = declared.field(field)
    if found is None:
        return declared.open or field in ("subject", "case")  # every event has a subject, and a case of its own
    return found.key


def _field(declared: EventType, metric: Metric, at: str) -> Iterator[Problem]:
    name, _, tail = metric.series.field.partition(".")
    field = declared.field(name)
    if field is None:
        if not declared.open:
            near = nearest(name, (f.name for f in declared.fields))
            yield Problem(at, "unknown-event-field", {"type": declared.name, "name": name, "near": near})
        return
    numeric = field.type in NUMERIC if not tail else field.type in ("text", "list")
    if tail and not numeric:
        yield Problem(at, "no-length", {"name": name, "kind": field.type})
    elif not numeric and metric.function not in ("count", "last", "distinct"):
        instead = f"{name}.length" if field.type in ("text", "list") else ""
        params = {"function": metric.function, "name": name, "kind": field.type, "instead": instead}
        yield Problem(at, "function-needs-number", params)


def _same_metric(one: Metric, other: Metric) -> bool:
    return (one.function, one.series.key, one.window) == (other.function, other.series.key, other.window)
