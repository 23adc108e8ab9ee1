"""Rules that set each other off without an end: through the events they `emit`, and through what they `infer`.

A circle is shown as a path: ``on-report → report.late → on-late → report.submitted → on-report``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tideng.base.errors import Problem
from tideng.model.judge_contract import OnEvent, OnSchedule
from tideng_rules.check.domains import ANYTHING, Domain
from tideng_rules.check.known_facts import ENVELOPE
from tideng_rules.check.satisfiability import never
from tideng_rules.document.model import Group, Rule, facts_of
from tideng_rules.engine.rulebook import inferred_by

Edges = Mapping[str, Sequence[str]]
_RULE, _EVENT = "rule ", "event "
_ABSENT = Domain(kinds=frozenset())


def circles_of_events(rules: Iterable[Rule], touching: Rule | None = None) -> Iterator[Problem]:
    """A rule that emits what makes it, or those before it, speak again. An emitted event has only the data that its rules
    give it: a rule that asks for more does not hear it. `touching`: only the circles in which this rule is."""
    if touching is not None and not _emitted(touching):
        return
    by_id = {rule.id: rule for rule in rules}
    emitted = {rule.id: found for rule in by_id.values() if (found := _emitted(rule))}
    types = set().union(*emitted.values()) if emitted else set()
    edges: dict[str, list[str]] = {
        _RULE + rule: [_EVENT + type_ for type_ in sorted(emitted[rule])] for rule in emitted
    }
    given = _given(by_id.values())
    for rule_id in emitted:  # a rule that emits nothing is in no circle
        rule = by_id[rule_id]
        for type_ in types.intersection(heard_by(rule)):
            if _hears_bare_events(rule, given.get(type_, frozenset())):
                edges.setdefault(_EVENT + type_, []).append(_RULE + rule_id)
    for circle in circles(edges, _RULE + touching.id if touching else ""):
        ids = [node.removeprefix(_RULE) for node in circle if node.startswith(_RULE)]
        at_once = all(isinstance(by_id[rule_id].trigger, OnEvent) for rule_id in ids)
        yield Problem(ids[0], "emit-circle", {"path": _path(circle)}, "error" if at_once else "warning")


def circles_of_inferences(rules: Iterable[Rule], touching: Rule | None = None) -> Iterator[Problem]:
    """Rules of one moment that each wait for what another infers; `touching`: only where this rule is among them."""
    if touching is not None and not inferred_by(touching):
        return
    moments: dict[object, list[Rule]] = {}
    for rule in rules:
        moments.setdefault((rule.trigger, rule.about), []).append(rule)
    for together in moments.values():
        edges: dict[str, list[str]] = {}
        for rule in together:
            found = inferred_by(rule)
            edges[_RULE + rule.id] = sorted(found)
            for name in facts_of(rule.who) | facts_of(rule.if_) if found else ():
                if name.startswith("found."):
                    edges.setdefault(name, []).append(_RULE + rule.id)
        for circle in circles(edges, _RULE + touching.id if touching else ""):
            names = ", ".join(sorted({node.removeprefix(_RULE) for node in circle if node.startswith(_RULE)}))
            yield Problem(names, "infer-circle", {"path": _path(circle)})


def heard_by(rule: Rule) -> tuple[str, ...]:
    """The event types that make a rule speak, at once or after a while."""
    trigger = rule.trigger
    if isinstance(trigger, OnSchedule):
        return ()
    return getattr(trigger, "event_types", None) or (trigger.event_type,)


def circles(edges: Edges, through: str = "") -> list[list[str]]:
    """A shortest circle for each knot of nodes that can all reach each other; its first node stands at its end again.
    `through`: only the knot in which this node is, and a circle through it."""
    found = []
    for knot in _knots(edges):
        inside = set(knot)
        if through and through not in inside:
            continue
        start = through or min(node for node in knot if node.startswith(_RULE))
        found.append(_round_trip(start, {node: [n for n in edges.get(node, ()) if n in inside] for node in knot}))
    return sorted(found)


def _round_trip(start: str, edges: Edges) -> list[str]:
    """The shortest way from `start` back to it."""
    came_from: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for following in edges[node]:
            if following == start:
                path = [start, node]
                while node != start:
                    node = came_from[node]
                    path.append(node)
                return path[::-1]
            if following not in came_from:
                came_from[following] = node
                waiting.append(following)
    raise ValueError(f"{start} is in no circle")


def _knots(edges: Edges) -> Iterator[list[str]]:
    """The sets of nodes that can all reach each other, and so lie in circles (Tarjan 1972), without recursion."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in edges:
        if root in order:
            continue
        walk: list[tuple[str, Iterator[str]]] = [(root, iter(edges.get(root, ())))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while walk:
            node, following = walk[-1]
            for other in following:
                if other not in order:
                    order[other] = low[other] = len(order)
                    stack.append(other)
                    on_stack.add(other)
                    walk.append((other, iter(edges.get(other, ()))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], order[other])
            else:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[node])
                if low[node] == order[node]:
                    knot = [stack.pop()]
                    while knot[-1] != node:
                        knot.append(stack.pop())
                    on_stack.difference_update(knot)
                    if len(knot) > 1:
                        yield knot


def _emitted(rule: Rule) -> set[str]:
    deeds = (*rule.then, *(deed for step in rule.later for deed in step.deeds))
    return {str(deed.data["type"]) for deed in deeds if deed.action == "emit"}


def _given(rules: Iterable[Rule]) -> dict[str, frozenset[str]]:
    """The fields that rules give to the events of each type that they emit."""
    given: dict[str, frozenset[str]] = {}
    for rule in rules:
        for deed in (*rule.then, *(deed for step in rule.later for deed in step.deeds)):
            if deed.action == "emit":
                type_ = str(deed.data["type"])
                given[type_] = given.get(type_, frozenset()) | frozenset(deed.data.get("data") or ())
    return given


def _hears_bare_events(rule: Rule, given: frozenset[str]) -> bool:
    def domain_of(fact: str) -> Domain:
        family, _, rest = fact.partition(".")
        if family == "event" and rest not in ENVELOPE and given.isdisjoint((rest, rest.removesuffix(".length"))):
            return _ABSENT
        return ANYTHING

    return not never(Group("all", (rule.who, rule.if_)), domain_of)


def _path(circle: Sequence[str]) -> str:
    return " → ".join(node.removeprefix(_RULE).removeprefix(_EVENT) for node in circle)
