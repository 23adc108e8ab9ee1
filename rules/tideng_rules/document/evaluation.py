"""Conditions evaluated as they stand, without generated code: for documents that no engine has compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tideng_rules.document.model import Condition, Leaf
from tideng_rules.document.operators import holds, resolve


def satisfied(condition: Condition, facts: Mapping[str, Any]) -> bool:
    """Whether the condition holds for these facts (dotted name → value).

    Raises what a value of an unknown type raises when it is compared.
    """
    if isinstance(condition, Leaf):
        return holds(facts.get(condition.fact), condition.op, resolve(condition.operand, facts))
    held = (satisfied(item, facts) for item in condition.items)
    if condition.kind == "all":
        return all(held)
    return any(held) is not (condition.kind == "none")


@dataclass(frozen=True, slots=True)
class EventCondition:
    """The `where` of a trigger or of a metric, as the core calls it: from an event's own facts to whether it counts.

    A rulebook puts a compiled function in its place (see `tideng_rules.engine.rulebook`), which is about ten times faster.
    """

    condition: Condition

    def __call__(self, facts: Mapping[str, Any]) -> bool:
        return satisfied(self.condition, facts)
