"""Pairs of rules that are judged at one moment about one subject: duplicates, one contained in the other, contradicting
actions, one recipient told by both.

A rule is only compared with those that share its moment and a deed. Of a crowd that shares both, the nearest are
compared and the others left alone; the very same conditions are found in any crowd.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from tideng.base.errors import Problem
from tideng.model.judge_contract import Deed, OnSchedule
from tideng_rules.check.domains import ANYTHING, Domain, Work
from tideng_rules.check.satisfiability import DomainOf, apart, follows
from tideng_rules.document.actions import describe
from tideng_rules.document.model import (
    Condition,
    FactRef,
    Group,
    Leaf,
    Rule,
    facts_of,
)

CROWD = 40
"""How many rules that share a moment and a deed are compared with one."""
_WORK = 20_000
_NAMED = 3
_OPPOSITES = {"open": "closed", "late": "on_time", "accepted": "rejected", "done": "open", "present": "absent"}
_PREFIXES = ("in", "un", "not_", "not-", "non_", "non-")


class Beside:
    """Rules by moment and deed, so that a rule meets only those that touch it."""

    def __init__(self, rules: Iterable[Rule] = ()):
        self._by_deed: dict[tuple[object, ...], dict[str, _RuleOfPair]] = {}
        self._by_shape: dict[tuple[object, ...], _RuleOfPair] = {}
        for rule in rules:
            self.add(rule)

    def add(self, rule: Rule) -> None:
        side = _RuleOfPair(rule)
        for deed in rule.then:
            self._by_deed.setdefault((_moment(rule), _key(deed)), {})[rule.id] = side
        self._by_shape.setdefault(_shape(side), side)

    def problems(self, rule: Rule, domain_of: DomainOf) -> Iterator[Problem]:
        """What the rule and each of those here mean to each other; each other rule is named once."""
        side, work, named = _RuleOfPair(rule), Work(_WORK), {rule.id}
        domains = _renamed_domains(rule, domain_of)
        for other in self._sharing(side):
            if other.rule.id in named or not _same_day(rule, other.rule):
                continue
            problem = _twice(side, other, domains, work)
            if problem:
                named.add(other.rule.id)
                yield problem
        yield from self._contradictions(side, domains, work, named)
        yield from self._told_twice(side, domains, work, named)

    def _sharing(self, side: _RuleOfPair) -> Iterator[_RuleOfPair]:
        """Those with the first deed in common: the one of the very same shape, and the last of the crowd."""
        same = self._by_shape.get(_shape(side))
        if same:
            yield same
        rule = side.rule
        if rule.then:
            crowd = self._by_deed.get((_moment(rule), _key(rule.then[0])), {})
            yield from islice(reversed(crowd.values()), CROWD)

    def _contradictions(self, side: _RuleOfPair, domain_of: DomainOf, work: Work, named: set[str]) -> Iterator[Problem]:
        rule = side.rule
        for number, deed in enumerate(rule.then):
            for key in _opposites(deed):
                for other in islice(reversed(self._by_deed.get((_moment(rule), key), {}).values()), CROWD):
                    if other.rule.id in named or not _meet(side, other, domain_of, work):
                        continue
                    named.add(other.rule.id)
                    theirs = next(describe(one) for one in other.rule.then if _key(one) == key)
                    yield Problem(
                        f"then[{number}].{deed.action}",
                        "contradicts",
                        {"rule": other.rule.id, "deed": _said(theirs, key)},
                        "warning",
                    )

    def _told_twice(self, side: _RuleOfPair, domain_of: DomainOf, work: Work, named: set[str]) -> Iterator[Problem]:
        for number, deed in enumerate(side.rule.then):
            if deed.action != "nudge":
                continue
            crowd = self._by_deed.get((_moment(side.rule), _key(deed)), {})
            also = []
            for other in islice(reversed(crowd.values()), CROWD):
                if other.rule.id in named or not side.about & other.about:
                    continue
                if _meet(side, other, domain_of, work):
                    also.append(other.rule.id)
                    named.add(other.rule.id)
                if len(also) == _NAMED:
                    break
            if also:
                yield Problem(f"then[{number}].nudge", "told-twice", {"names": sorted(also)}, "warning")


def within(rule: Rule) -> Iterator[Problem]:
    """Deeds of one rule that contradict each other."""
    for deeds, at in ((rule.then, "then"), *((step.deeds, f"later[{n}].then") for n, step in enumerate(rule.later))):
        seen: dict[tuple[object, ...], Deed] = {}
        for number, deed in enumerate(deeds):
            for key in _opposites(deed):
                if key in seen:
                    yield Problem(
                        f"{at}[{number}].{deed.action}", "contradicting-action", {"deed": describe(seen[key])}
                    )
            seen[_key(deed)] = deed


# -- one rule of a pair --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _RuleOfPair:
    """A rule with its conditions as one, in which metrics are named by what they measure."""

    rule: Rule

    @cached_property
    def condition(self) -> Condition:
        whole: Condition = Group("all", (self.rule.who, self.rule.if_))
        names = _metric_names(self.rule)
        return _renamed(whole, names) if names else whole

    @cached_property
    def facts(self) -> frozenset[str]:
        return facts_of(self.condition)

    @cached_property
    def about(self) -> frozenset[str]:
        """The facts that the rule is about: what `if` reads, or else its trigger alone."""
        names = _metric_names(self.rule)
        return frozenset(names.get(fact, fact) for fact in facts_of(self.rule.if_)) or frozenset(("",))


def _twice(side: _RuleOfPair, other: _RuleOfPair, domain_of: DomainOf, work: Work) -> Problem | None:
    """The same deeds where the one holds, or both."""
    mine, theirs = side.rule, other.rule
    if (mine.then, mine.later, mine.until) != (theirs.then, theirs.later, theirs.until):
        return None
    both, name = side.condition, theirs.id
    theirs_follow = side.facts >= other.facts and follows(other.condition, both, domain_of, work)
    mine_follows = other.facts >= side.facts and follows(both, other.condition, domain_of, work)
    if theirs_follow and mine_follows:
        return Problem("", "duplicate", {"rule": name}, "warning")
    if theirs_follow:
        return Problem("", "swallowed", {"rule": name}, "warning")
    if mine_follows:
        return Problem("", "swallows", {"rule": name}, "warning")
    return None


def _meet(side: _RuleOfPair, other: _RuleOfPair, domain_of: DomainOf, work: Work) -> bool:
    same_day = _same_day(side.rule, other.rule)
    return same_day and not apart(side.condition, other.condition, domain_of, work)


def _moment(rule: Rule) -> object:
    """What two rules that are judged together have in common; schedules that may fall on one moment, too."""
    trigger = rule.trigger
    return (trigger.at, rule.about) if isinstance(trigger, OnSchedule) else (trigger, rule.about)


def _same_day(one: Rule, other: Rule) -> bool:
    """Whether two rules with one `_moment` can fall on one day."""
    a, b = one.trigger, other.trigger
    if not isinstance(a, OnSchedule) or not isinstance(b, OnSchedule) or a.every != b.every or a.on == b.on:
        return True
    return a.every == "month" and min(a.on or 1, b.on or 1) >= 28  # in a short month both are its last day


def _key(deed: Deed) -> tuple[object, ...]:
    data = deed.data
    main = data.get("field") or data.get("status") or data.get("found") or data.get("type") or ""
    return deed.action, deed.to, str(main), str(data.get("severity", ""))


def _opposites(deed: Deed) -> Sequence[tuple[object, ...]]:
    """The deeds that would say the contrary."""
    action, to, main, severity = _key(deed)
    if action == "ask":
        return [(action, to, main, "must" if severity == "should" else "should")]
    if action != "mark":
        return []
    status = str(main)
    found = {prefix + status for prefix in _PREFIXES}
    found |= {status.removeprefix(prefix) for prefix in _PREFIXES if status.startswith(prefix)}
    found |= {b if a == status else a for a, b in _OPPOSITES.items() if status in (a, b)}
    return [(action, to, one, severity) for one in sorted(found)]


def _said(described: str, key: tuple[object, ...]) -> str:
    return f"{described} ({key[3]})" if key[3] else described


# -- names ---------------------------------------------------------------------------------------------------------


def _metric_names(rule: Rule) -> dict[str, str]:
    """The rule's own metrics, by fact: two rules may measure the same under two names, or two things under one."""
    return {
        f"{family}.{name}": f"{family}.@{metric.function} {metric.series.key} {metric.window}"
        for name, metric in rule.metrics.items()
        for family in ("metric", "peers")
    }


def _renamed(condition: Condition, names: dict[str, str]) -> Condition:
    if isinstance(condition, Leaf):
        operand = condition.operand
        if isinstance(operand, FactRef):
            operand = FactRef(names.get(operand.fact, operand.fact), operand.times)
        return Leaf(names.get(condition.fact, condition.fact), condition.op, operand, condition.place)
    return Group(condition.kind, tuple(_renamed(item, names) for item in condition.items), condition.place)


def _renamed_domains(rule: Rule, domain_of: DomainOf) -> Callable[[str], Domain]:
    written = {renamed: name for name, renamed in _metric_names(rule).items()}

    def domain(fact: str) -> Domain:
        if "@" in fact:
            return domain_of(written[fact]) if fact in written else ANYTHING  # a metric that only the other one has
        return domain_of(fact)

    return domain


def _shape(side: _RuleOfPair) -> tuple[object, ...]:
    """What two rules have in common that read the same: not the places, and 1 is not true."""
    return (_moment(side.rule), tuple(map(_key, side.rule.then)), _shape_of(side.condition))


def _shape_of(condition: Condition) -> Any:
    if isinstance(condition, Leaf):
        return condition.fact, condition.op, repr(condition.operand)
    return condition.kind, tuple(_shape_of(item) for item in condition.items)
