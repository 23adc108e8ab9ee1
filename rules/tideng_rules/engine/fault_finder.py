"""Find the rule that broke the engine by bisection in fresh processes: first the situations, then the rules."""

from __future__ import annotations

from collections.abc import Callable

from tideng_rules.document.model import Condition
from tideng_rules.engine.closures import Batch
from tideng_rules.engine.durable_program import DurableProgram, Rules
from tideng_rules.engine.engine_process import Child, ChildFailed


class Detective:
    """Tries children until one survives or a rule is found guilty; each try may take `deadline_s`."""

    def __init__(self, deadline_s: float):
        self._deadline_s = deadline_s

    def probe(self, compiled: DurableProgram, suspects: Batch) -> tuple[Child | None, ChildFailed | None]:
        """A fresh child that survived these situations, or how it failed."""
        try:
            child = Child(compiled, self._deadline_s)
            list(child.ask([suspects]))
        except ChildFailed as failure:
            return None, failure
        return child, None

    def guilty(self, compiled: DurableProgram, suspects: Batch) -> dict[str, Condition]:
        """The rules on which the engine fails: usually one. Empty when it fails without rules, or not again."""

        def fail_on(pairs: list) -> bool:
            return self._fails(DurableProgram(_grouped(pairs), compiled.closures), suspects)

        if fail_on([]):
            return {}
        pairs = [(question, rule) for question, rules in compiled.given.items() for rule in rules]
        if self._fails(compiled, []):
            suspects = []
        else:
            suspects = _halve(list(suspects), lambda some: self._fails(compiled, some))
            asked = {question for question, _ in suspects}
            pairs = [pair for pair in pairs if pair[0] in asked]
        pairs = _halve(pairs, fail_on)
        if not fail_on(pairs):  # it was slow once, or somebody killed it
            return {}
        return {rule_id: condition for _, (rule_id, condition) in pairs}

    def _fails(self, compiled: DurableProgram, suspects: Batch) -> bool:
        child, _ = self.probe(compiled, suspects)
        if child is not None:
            child.kill()
        return child is None


def _halve(items: list, fails: Callable[[list], bool]) -> list:
    """As few of the items as still fail, halving while one half alone does."""
    while len(items) > 1:
        middle = len(items) // 2
        half = next((half for half in (items[:middle], items[middle:]) if fails(half)), None)
        if half is None:
            break
        items = half
    return items


def _grouped(pairs: list[tuple[str, tuple[str, Condition]]]) -> dict[str, Rules]:
    found: dict[str, Rules] = {}
    for question, rule in pairs:
        found.setdefault(question, []).append(rule)
    return found
