"""Whether a rule's conditions, taken together, can hold at all, and whether each of them matters.

Only what is certain is said; see check/satisfiability.py. A fact that may be missing makes its comparisons false, so that
"below 5, or 5 and more" does not always hold, while "exists, or does not" does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tideng.base.errors import Problem
from tideng_rules.check.domains import Work
from tideng_rules.check.satisfiability import (
    DomainOf,
    always,
    follows,
    never,
)
from tideng_rules.document.model import (
    ALWAYS,
    Condition,
    FactRef,
    Group,
    Leaf,
    Rule,
)
from tideng_rules.document.problems import show

_WORK = 200_000
"""Comparisons tried for one rule, a fifth of a second at most."""
_MOST_NAMED = 12


def logic_problems(rule: Rule, domain_of: DomainOf) -> Iterator[Problem]:
    """Conditions that never or always hold, branches that do not matter, an `until` that ends nothing or everything."""
    looking = _Looking(domain_of)
    together = Group("all", (rule.who, rule.if_))
    if looking.never(together):
        yield from looking.why_never(rule)
    else:
        for condition in (rule.who, rule.if_):
            yield from looking.idle_parts(condition)
    if rule.until is not None and rule.later:
        yield from looking.until(rule.until, together)


class _Looking:
    """The questions about one rule, which share one allowance of work."""

    def __init__(self, domain_of: DomainOf):
        self.domain_of, self.work = domain_of, Work(_WORK)

    def never(self, condition: Condition) -> bool:
        return never(condition, self.domain_of, self.work)

    def always(self, condition: Condition) -> bool:
        return always(condition, self.domain_of, self.work)

    def why_never(self, rule: Rule) -> Iterator[Problem]:
        """The smallest part that never holds, or the parts that exclude each other."""
        parts = list(_conjuncts(Group("all", (rule.who, rule.if_))))
        alone = [part for part in parts if self.never(part)]
        for part in alone:
            yield self.impossible(part)
        if alone:
            return
        for part in list(parts):
            rest = [one for one in parts if one is not part]
            if self.never(Group("all", tuple(rest))):
                parts = rest
        at = (parts[-1].place if parts else "") or "if"
        yield Problem(at, "never-true-together", {"names": map(in_short, parts[:_MOST_NAMED])})

    def impossible(self, part: Condition) -> Problem:
        if isinstance(part, Leaf):
            return Problem(part.place, "never-true", {"condition": in_short(part)})
        return Problem(part.place or "if", "never-true-branches")

    def idle_parts(self, condition: Condition) -> Iterator[Problem]:
        """Parts that could be left out without a change: never so in an `any`, always so anywhere."""
        if condition is not ALWAYS and self.always(condition):
            yield Problem(condition.place, "always-true", severity="warning")
            return
        waiting: list[Condition] = [condition]
        while waiting:
            group = waiting.pop()
            if isinstance(group, Leaf):
                continue
            for item in group.items:
                if group.kind != "all" and self.never(item):
                    yield Problem(item.place, "dead-branch", severity="warning")
                elif group.kind == "all" and len(group.items) > 1 and self.always(item):
                    yield Problem(item.place, "always-true", severity="warning")
                else:
                    waiting.append(item)

    def until(self, until: Condition, together: Condition) -> Iterator[Problem]:
        at = until.place or "until"
        if self.never(until):
            yield Problem(at, "until-never", severity="warning")
        elif self.always(until):
            yield Problem(at, "until-always")
        elif not self.never(together) and follows(until, together, self.domain_of, self.work):
            yield Problem(at, "until-at-once", severity="warning")


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    """The parts that must all hold."""
    if isinstance(condition, Group) and condition.kind == "all":
        for item in condition.items:
            yield from _conjuncts(item)
    else:
        yield condition


def in_short(condition: Condition) -> str:
    """A condition in a few words, as it is written: ``metric.visits lt 3``."""
    if isinstance(condition, Leaf):
        operand = condition.operand
        if isinstance(operand, FactRef):
            return f"{condition.fact} {condition.op} {operand.fact}" + f" × {operand.times:g}" * (operand.times != 1)
        return f"{condition.fact} {condition.op} {_literal(operand)}"
    return f"{condition.kind} of {len(condition.items)}"


def _literal(operand: object) -> str:
    if isinstance(operand, bool):
        return str(operand).lower()
    if isinstance(operand, tuple):
        shown: Sequence[str] = [_literal(one) for one in operand[:3]]
        return "[" + " ".join(shown) + ("…]" if len(operand) > 3 else "]")
    return show(operand)
