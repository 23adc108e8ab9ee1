"""Which facts a rule may name: looked up in the catalogue, in its own metrics and in what other rules infer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tideng.catalogue import Catalogue
from tideng.errors import Problem
from tideng.judging import OnSchedule
from tideng.people import Directory
from tideng_rules.book import inferred_by
from tideng_rules.collecting import nearest
from tideng_rules.model import Rule

ENVELOPE = {"subject": "text", "time": "time", "type": "text"}
FAMILIES = ("event", "case", "person", "position", "unit", "metric", "target", "peers", "found")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a fact: its type ('' when any value may come) and its unit."""

    type: str = ""
    unit: str = ""


Answer = tuple[Known | None, Problem | None]


class KnownFacts:
    """The facts one rule may name."""

    def __init__(self, rule: Rule, rules: Sequence[Rule], catalogue: Catalogue, directory: Directory | None):
        self._rule, self._rules, self._catalogue, self._directory = rule, rules, catalogue, directory
        trigger = rule.trigger
        self._event_type = None if isinstance(trigger, OnSchedule) else trigger.event_type
        self.metric_names = sorted({*rule.metrics, *catalogue.metrics})
        self._families: dict[str, Callable[[str, str], Answer]] = {
            "event": self._event,
            "case": self._case,
            "metric": self._metric,
            "peers": self._metric,
            "target": self._target,
            "found": self._found,
        }

    @classmethod
    def of_event(cls, event_type: str, rule: Rule, catalogue: Catalogue) -> KnownFacts:
        """The facts a metric's `where` may name: those of the event it counts."""
        known = cls(rule, (), catalogue, None)
        known._event_type = event_type
        return known

    def look_up(self, name: str) -> Answer:
        """The fact, or the problem with naming it (its place is still to be filled in)."""
        family, _, rest = name.partition(".")
        if name in self._catalogue.states:
            return Known("boolean"), None
        if name in self._catalogue.facts:
            return Known(self._catalogue.facts[name].type, self._catalogue.facts[name].unit), None
        if family in self._families:
            return self._families[family](name, rest)
        declared = [*self._catalogue.facts, *self._catalogue.states]
        hint = nearest(name, declared) or (nearest(family, FAMILIES) if family not in FAMILIES else "")
        return None, Problem("", f"unknown fact {name!r}", hint)

    def _event(self, name: str, rest: str) -> Answer:
        if self._event_type is None:
            return None, Problem("", f"{name!r}: a schedule has no event", "metric.NAME or person.ATTR")
        if rest in ENVELOPE:
            return Known(ENVELOPE[rest]), None
        declared = self._catalogue.event_types.get(self._event_type)
        if declared is None:
            return Known(), None  # the unknown type itself is said already
        field = declared.field(rest)
        if field:
            return Known(field.type, field.unit), None
        base = declared.field(rest.removesuffix(".length"))
        if rest.endswith(".length") and base and base.type in ("text", "list"):
            return Known("integer", "characters" if base.type == "text" else "items"), None
        if declared.open:
            return Known("integer" if rest.endswith(".length") else ""), None
        if rest.endswith(".length") and base:
            return None, Problem("", f"{base.name!r} is a {base.type}, which has no length")
        near = nearest(rest, (f.name for f in declared.fields))
        return None, Problem("", f"unknown field {rest!r} of {declared.name}", near)

    def _case(self, name: str, rest: str) -> Answer:
        if self._rule.about != "case":
            return None, Problem("", f"{name!r}: the rule is about a {self._rule.about}", "about: case")
        return self._event(name, rest)

    def _metric(self, name: str, rest: str) -> Answer:
        own, standard = self._rule.metrics.get(rest), self._catalogue.metrics.get(rest)
        named = own or standard
        if named is None:
            return None, Problem("", f"unknown metric {rest!r}", nearest(rest, self.metric_names))
        unit = standard.unit if standard else ""
        return Known("" if named.function == "last" else "number", unit), None

    def _target(self, name: str, rest: str) -> Answer:
        names = {target for p in self._positions for target in p.targets}
        if rest in names or (not names and rest in self.metric_names):
            standard = self._catalogue.metrics.get(rest)
            return Known("number", standard.unit if standard else ""), None
        if rest in self.metric_names:
            return Known("number"), Problem("", f"no position has a target {rest!r}", nearest(rest, names), "warning")
        return None, Problem("", f"unknown target {rest!r}", nearest(rest, {*names, *self.metric_names}))

    def _found(self, name: str, rest: str) -> Answer:
        rule = self._rule
        fitting = [other for other in self._rules if other.trigger == rule.trigger and other.about == rule.about]
        if any(name in inferred_by(other) for other in fitting if other.id != rule.id):
            return Known("boolean"), None
        if any(name in inferred_by(other) for other in self._rules):
            return None, Problem(
                "", f"{name!r} is inferred at another moment", "give both rules the same `when` and `about`"
            )
        everywhere = {found for other in self._rules for found in inferred_by(other)}
        return None, Problem("", f"no rule infers {name!r}", nearest(name, everywhere))

    @property
    def _positions(self):
        return () if self._directory is None else self._directory.positions.values()
