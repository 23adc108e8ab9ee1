"""The parsed rule: one immutable tree, from which everything else is made. See docs/rule-language.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tideng.model.catalogue import Text
from tideng.model.judge_contract import (
    Deed,
    Limit,
    Step,
    Trigger,
)
from tideng.model.metrics import Metric

KINDS = ("reminder", "validation", "escalation", "diagnosis")
ABOUT = ("person", "case", "position", "unit")
OPERATORS = (
    "is",
    "is_not",
    "lt",
    "lte",
    "gt",
    "gte",
    "between",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts_with",
    "matches",
    "exists",
)


@dataclass(frozen=True, slots=True)
class FactRef:
    """Another fact as operand: its value `times` a factor."""

    fact: str
    times: float = 1.0


@dataclass(frozen=True, slots=True)
class Leaf:
    """One fact compared by one operator. `place` is where it stands in the document, e.g. ``if.all[0]``."""

    fact: str
    op: str
    operand: Any
    place: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """`all`, `any` or `none` of `items` hold. An empty `all` holds, an empty `any` does not, an empty `none` holds."""

    kind: str
    items: tuple[Leaf | Group, ...]
    place: str = ""


Condition = Leaf | Group
ALWAYS = Group("all", ())


def leaves(condition: Condition | None) -> Iterator[Leaf]:
    """Every leaf, in the order it was written."""
    if isinstance(condition, Leaf):
        yield condition
    elif condition is not None:
        for item in condition.items:
            yield from leaves(item)


def facts_of(condition: Condition | None) -> frozenset[str]:
    """Every fact the condition reads, operands included."""
    names = set()
    for leaf in leaves(condition):
        names.add(leaf.fact)
        if isinstance(leaf.operand, FactRef):
            names.add(leaf.operand.fact)
    return frozenset(names)


@dataclass(frozen=True, slots=True)
class LaterStep:
    """A later step: when, and what then."""

    step: Step
    deeds: tuple[Deed, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A rule's own test: at this moment, with these facts, these actions (``nudge person``) are expected.

    `step` names the later step that is meant (1-based; 0: the trigger itself) where the time of day does not say it by
    itself."""

    name: str
    at: datetime
    facts: Mapping[str, Any]
    expect: tuple[str, ...]
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule document, parsed. `then` of an `ask` on an event answers its form; `document` is what was written."""

    id: str
    kind: str
    trigger: Trigger
    then: tuple[Deed, ...]
    limit: Limit
    about: str = "person"
    title: Text = field(default_factory=dict)
    why: Text = field(default_factory=dict)
    who: Condition = ALWAYS
    if_: Condition = ALWAYS
    later: tuple[LaterStep, ...] = ()
    until: Condition | None = None
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    priority: int = 0
    document: Mapping[str, Any] = field(default_factory=dict)
