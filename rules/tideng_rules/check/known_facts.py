"""Which facts a rule may name: looked up in the catalogue, in its own metrics and in what other rules infer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from tideng.base.errors import Problem
from tideng.base.suggestions import nearest
from tideng.model.catalogue import (
    Catalogue,
    EventType,
    Field,
    MetricSpec,
)
from tideng.model.judge_contract import OnNotAll, OnSchedule
from tideng.model.limits import MAX_TEXT
from tideng.model.metrics import Metric, metric_of
from tideng.org.directory import Directory
from tideng.org.groups import GROUPS
from tideng_rules.check.domains import ANYTHING, OF_TYPE, Domain
from tideng_rules.document.model import Rule
from tideng_rules.engine.rulebook import inferred_by, trigger_needs

ENVELOPE = {"subject": "text", "time": "time", "type": "text"}
FAMILIES = ("event", "case", "person", "position", "unit", "metric", "target", "peers", "found")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a fact: its type ('' when any value may come), its unit, between which numbers it lies, whether it
    is always there; and that it is true, if anything."""

    type: str = ""
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    always: bool = False
    only_true: bool = False

    @property
    def domain(self) -> Domain:
        """The values that comparisons may meet."""
        domain = OF_TYPE.get(self.type, ANYTHING)
        if (self.low, self.high) != (-math.inf, math.inf):
            domain = replace(domain, low=self.low, high=self.high)
        return replace(domain, missing=not self.always, only=(True,) if self.only_true else None)


Answer = tuple[Known | None, Problem | None]


class Inferences:
    """Which rules infer what, and at which moment; made once for all that are checked together."""

    def __init__(self, rules: Iterable[Rule]):
        self._at: dict[tuple[str, object], dict[str, Rule]] = {}
        for rule in rules:
            for found in inferred_by(rule):
                self._at.setdefault((found, self._moment(rule)), {})[rule.id] = rule
        self.everywhere = {found for found, _ in self._at}

    @staticmethod
    def _moment(rule: Rule) -> object:
        return rule.trigger, rule.about

    def by_another(self, found: str, rule: Rule) -> bool:
        """Whether a rule other than this one infers it at the same moment, about the same kind of subject."""
        return bool(self._at.get((found, self._moment(rule)), {}).keys() - {rule.id})

    def providers_of(self, rule: Rule) -> list[Rule]:
        """The rules whose inferences `rule` reads, directly or through others."""
        found: dict[str, Rule] = {}
        waiting = [rule]
        while waiting:
            for name in trigger_needs(waiting.pop()):
                for other in self._at.get((name, self._moment(rule)), {}).values():
                    if other.id not in found and other.id != rule.id:
                        found[other.id] = other
                        waiting.append(other)
        return list(found.values())


class KnownFacts:
    """The facts one rule may name."""

    def __init__(
        self,
        rule: Rule,
        rules: Sequence[Rule] | Inferences,
        catalogue: Catalogue,
        directory: Directory | None,
    ):
        self._rule, self._catalogue, self._directory = rule, catalogue, directory
        self._inferences = rules if isinstance(rules, Inferences) else Inferences(rules)
        self._domains: dict[str, Domain] = {}
        trigger = rule.trigger
        self._event_type = None if isinstance(trigger, OnSchedule) else trigger.event_type
        self._others = trigger.event_types[1:] if isinstance(trigger, OnNotAll) else ()
        self.metric_names = sorted({*rule.metrics, *catalogue.metrics})
        self._families: dict[str, Callable[[str, str], Answer]] = {
            "event": self._event,
            "case": self._case,
            "metric": self._metric,
            "peers": self._peers,
            "target": self._target,
            "found": self._found,
        }

    @classmethod
    def of_event(cls, event_type: str, rule: Rule, catalogue: Catalogue) -> KnownFacts:
        """The facts a metric's `where` may name: those of the event it counts."""
        known = cls(rule, (), catalogue, None)
        known._event_type, known._others = event_type, ()
        return known

    def domain_of(self, name: str) -> Domain:
        """The values the fact can have; anything for one that is not known."""
        if name not in self._domains:
            known, _ = self.look_up(name)
            self._domains[name] = known.domain if known else ANYTHING
        return self._domains[name]

    def look_up(self, name: str) -> Answer:
        """The fact, or the problem with naming it (its place is still to be filled in). Money is in the client's currency."""
        known, problem = self._look_up(name)
        if known and known.unit:
            known = replace(known, unit=self._catalogue.shown_unit(known.unit))
        return known, problem

    def _look_up(self, name: str) -> Answer:
        family, _, rest = name.partition(".")
        elsewhere = self._of_something_else(name, family, rest)
        if elsewhere:
            return None, elsewhere
        if name in self._catalogue.states:
            return Known("boolean"), None
        if name in self._catalogue.facts:
            return Known(self._catalogue.facts[name].type, self._catalogue.facts[name].unit), None
        if family in self._families:
            return self._families[family](name, rest)
        declared = [*self._catalogue.facts, *self._catalogue.states]
        near = nearest(name, declared) or (nearest(family, FAMILIES) if family not in FAMILIES else None)
        return None, Problem("", "unknown-fact", {"name": name, "near": near})

    def _of_something_else(self, name: str, family: str, rest: str) -> Problem | None:
        """What is known of people is not known of positions and units, nor the other way round."""
        about = self._rule.about
        declared = name in self._catalogue.facts or name in self._catalogue.states
        if family in GROUPS and family != about and declared:
            return Problem("", "not-about-it", {"name": name, "kind": about, "about": family})
        if about in GROUPS and family == "person" and declared and self._event_type is None:
            fact = {"position": "position.people", "unit": "unit.head_name"}[about]
            return Problem("", "no-person", {"name": name, "about": about, "fact": fact})
        standard = self._catalogue.metrics.get(rest) if family == "metric" and rest not in self._rule.metrics else None
        derived = standard is not None and (standard.of is not None or standard.state is not None)
        if about in GROUPS and (family == "peers" or derived or (about == "unit" and family == "target")):
            return Problem("", "of-people", {"name": name, "about": about})
        return None

    def _event(self, name: str, rest: str) -> Answer:
        """Of several types any of which may open a window, one that has the field is enough."""
        answer = self._event_of_one(name, rest)
        for other in self._others if answer[1] else ():
            found = KnownFacts.of_event(other, self._rule, self._catalogue)._event_of_one(name, rest)
            if found[1] is None:
                return found
        return answer

    def _event_of_one(self, name: str, rest: str) -> Answer:
        if self._event_type is None:
            return None, Problem("", "no-event", {"name": name})
        if rest in ENVELOPE and not self._may_hide(rest):
            return Known(ENVELOPE[rest], always=True), None
        declared = self._catalogue.event_types.get(self._event_type)
        if declared is None:
            return Known(), None  # the unknown type itself is said already
        field = declared.field(rest)
        if field:
            return _of_field(field), None
        base = declared.field(rest.removesuffix(".length"))
        if rest.endswith(".length") and base and base.type in ("text", "list"):
            return _length_of(base), None
        if declared.open:
            return Known(), None  # even NAME.length may be a field of this name
        if rest.endswith(".length") and base:
            return None, Problem("", "no-length", {"name": base.name, "kind": base.type})
        return None, Problem(
            "",
            "unknown-fact-field",
            {"name": rest, "type": declared.name, "near": nearest(rest, (f.name for f in declared.fields))},
        )

    def _may_hide(self, name: str) -> bool:
        """Whether the event may have a field of its own with the name of one that every event has."""
        declared = self._catalogue.event_types.get(self._event_type or "")
        return declared is None or declared.open or declared.field(name) is not None

    def _case(self, name: str, rest: str) -> Answer:
        if self._rule.about != "case":
            return None, Problem("", "not-about-it", {"name": name, "kind": self._rule.about, "about": "case"})
        known = [found for one in self._catalogue.event_types.values() if (found := self._in_case(one, rest))]
        if not known:
            fields = {f.name for one in self._catalogue.event_types.values() for f in one.fields}
            return None, Problem("", "unknown-field-of-any-event", {"name": rest, "near": nearest(rest, fields)})
        same = all((one.type, one.unit) == (known[0].type, known[0].unit) for one in known)
        return (
            known[0] if same and len(known) == 1 else Known(known[0].type, known[0].unit) if same else Known()
        ), None

    def _in_case(self, declared: EventType, name: str) -> Known | None:
        """What events of one type say of their case under this name; None where they say nothing."""
        if name in ENVELOPE and not declared.field(name):
            return Known(ENVELOPE[name])
        field, base = declared.field(name), declared.field(name.removesuffix(".length"))
        if field:
            return _of_field(field)
        if base and base is not field and base.type in ("text", "list"):
            return _length_of(base)
        return Known() if declared.open else None

    def _metric(self, name: str, rest: str) -> Answer:
        known, problem = self._measured(rest), None
        if known is None:
            problem = Problem("", "unknown-metric", {"name": rest, "near": nearest(rest, self.metric_names)})
        return known, problem

    def _peers(self, name: str, rest: str) -> Answer:
        known, problem = self._metric(name, rest)
        if known:
            known = replace(known, type="number", always=False)  # a mean, and none below three people
        return known, problem

    def _measured(self, name: str) -> Known | None:
        standard: MetricSpec | None = self._catalogue.metrics.get(name)
        metric = self._rule.metrics.get(name) or (metric_of(standard) if standard else None)
        if metric is None:
            return None
        if metric.function in ("count", "distinct"):
            there = self._rule.about == "person" and not metric.since_state  # over nothing they are 0
            found = Known("integer", "", 0, always=there)
        else:
            found = _of_metric(metric, self._catalogue)
        return replace(found, unit=standard.unit) if standard and standard.unit else found

    def _target(self, name: str, rest: str) -> Answer:
        names = {target for p in self._positions for target in p.measured}
        unit = (self._measured(rest) or Known()).unit
        if rest in names or (not names and rest in self.metric_names):
            return Known("number", unit), None
        if rest in self.metric_names:
            return Known("number", unit), Problem(
                "", "target-without-position", {"name": rest, "near": nearest(rest, names)}, "warning"
            )
        return None, Problem("", "unknown-target", {"name": rest, "near": nearest(rest, {*names, *self.metric_names})})

    def _found(self, name: str, rest: str) -> Answer:
        if self._inferences.by_another(name, self._rule):
            return Known("boolean", only_true=True), None
        if name in self._inferences.everywhere:
            return None, Problem("", "inferred-elsewhere", {"name": name})
        return None, Problem("", "never-inferred", {"name": name, "near": nearest(name, self._inferences.everywhere)})

    @property
    def _positions(self):
        return () if self._directory is None else self._directory.positions.values()


def _of_field(field: Field) -> Known:
    if field.currency:  # bounds are those of what came in, in whatever currency: only the sign stays
        low = 0 if field.minimum is not None and field.minimum >= 0 else -math.inf
        return Known(field.type, field.unit, low)
    low = -math.inf if field.minimum is None else field.minimum
    return Known(field.type, field.unit, low, math.inf if field.maximum is None else field.maximum)


def _length_of(field: Field) -> Known:
    if field.type == "text":
        return Known("integer", "characters", 0, MAX_TEXT)
    return Known("integer", "items", 0)


def _of_metric(metric: Metric, catalogue: Catalogue) -> Known:
    """What a sum, an average, a lowest, highest or latest value is, by the field it is made of."""
    declared = catalogue.event_types.get(metric.series.event_type)
    name, _, tail = metric.series.field.partition(".")
    field = declared.field(name) if declared else None
    if field is None:
        return Known("" if metric.function == "last" else "number")
    made_of = _length_of(field) if tail == "length" else _of_field(field)
    if metric.function == "last":
        return made_of
    if metric.function == "sum":
        return Known("number", made_of.unit, 0 if made_of.low >= 0 else -math.inf, 0 if made_of.high <= 0 else math.inf)
    if metric.function in ("average", "min", "max"):
        return Known("number", made_of.unit, made_of.low, made_of.high)
    return Known("number")
