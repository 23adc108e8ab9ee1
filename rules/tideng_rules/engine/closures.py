"""The matcher of generated functions, which is always there, and the reasons for what it decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tideng.model.judge_contract import Reason
from tideng_rules.document import operators
from tideng_rules.document.model import Condition, FactRef, Leaf
from tideng_rules.engine.codegen import Facts, RuleFault, compile_condition, compile_rules, flat_leaves

Questions = Mapping[str, Sequence[tuple[str, Condition]]]
Batch = Sequence[tuple[str, Facts]]

_KEPT = (int, bool, str, type(None))
_KEPT_REASONS = 256  # a leaf
_KEPT_LENGTH = 40


def reasons(condition: Condition, facts: Facts, part: str) -> tuple[Reason, ...]:
    """Every leaf with its fact's value, the resolved operand and whether it held, in the order written."""
    return explainer(condition, part)(facts)


def explainer(condition: Condition | None, part: str) -> Callable[[Facts], tuple[Reason, ...]]:
    """The same as `reasons`, prepared once for many situations.

    A reason never changes, so those for short plain values are kept and given again: making one costs more than deciding.
    """
    rows: list[tuple[Leaf, str, dict[type, dict]]] = [
        (leaf, leaf.fact, {} if isinstance(leaf.operand, FactRef) else {kind: {} for kind in _KEPT})
        for leaf in flat_leaves(condition)
    ]

    def explain(facts: Facts) -> tuple[Reason, ...]:
        found, get = [], facts.get
        for leaf, fact, shelves in rows:
            value = get(fact)
            shelf = shelves.get(value.__class__)  # by class first: 1 and true would share a place
            reason = None if shelf is None else shelf.get(value)
            if reason is None:
                reason = _reason(leaf, value, operators.resolve(leaf.operand, facts), part)
                if shelf is not None and (value.__class__ is not str or len(value) <= _KEPT_LENGTH):
                    if len(shelf) >= _KEPT_REASONS:
                        shelf.clear()
                    shelf[value] = reason
            found.append(reason)
        return tuple(found)

    return explain


def _reason(leaf: Leaf, value: Any, operand: Any, part: str) -> Reason:
    held = operators.holds(value, leaf.op, operand)
    return Reason(leaf.fact, operators.known(value), leaf.op, operators.known(operand), held, part)


class ClosureMatcher:
    """Judges situations with generated functions. A rule that cannot be compiled or judged is left out of the answer,
    noted in `faults` (rule id → the latest fault) and told to `on_fault`."""

    def __init__(
        self,
        questions: Questions,
        on_fault: Callable[[RuleFault], None] | None = None,
        before: ClosureMatcher | None = None,
    ):
        """`before`: a matcher whose functions are taken over for the questions in which no rule changed."""
        self.faults: dict[str, RuleFault] = {}
        self._on_fault = on_fault
        self._rules: dict[str, list[tuple[str, Condition]]] = {}
        self._single: dict[str, list[tuple[str, Callable[[Facts], bool]]]] = {}
        self._judges: dict[str, Callable[[Facts], list[str]]] = {}
        self._unsound: dict[str, list[RuleFault]] = {}
        self._take(questions, before or self)

    def replace(self, questions: Questions) -> None:
        """Judge by these rules from now on. Questions whose rules are unchanged keep their function."""
        self._take(questions, self)

    def _take(self, questions: Questions, before: ClosureMatcher) -> None:
        judges, known = {}, {}
        unsound: dict[str, list[RuleFault]] = {}
        for question, rules in questions.items():
            known[question] = rules = list(rules)
            if question in before._judges and identical(before._rules[question], rules):
                judges[question] = before._judges[question]
                unsound[question] = before._unsound[question]
                self.faults.update((fault.rule_id, fault) for fault in unsound[question])
            else:
                unsound[question] = []
                judges[question] = self._compile(rules, unsound[question])
        self._rules, self._judges, self._unsound, self._single = known, judges, unsound, {}

    def match(self, batch: Batch) -> list[list[str]]:
        """For each (question, facts) the ids of the rules that hold, in the order the rules were given."""
        judges = self._judges
        answers: list[list[str]] = []
        for question, facts in batch:
            judge = judges.get(question)
            if judge is None:
                answers.append([])
                continue
            try:
                answers.append(judge(facts))
            except Exception:  # one rule's fault: ask the rules one by one
                answers.append(self._one_by_one(question, facts))
        return answers

    def close(self) -> None:
        """Nothing to let go of; here so that every matcher can be closed."""

    def _compile(
        self, rules: Sequence[tuple[str, Condition]], unsound: list[RuleFault]
    ) -> Callable[[Facts], list[str]]:
        try:
            return compile_rules(rules)
        except RuleFault as fault:
            unsound.append(fault)
            self._note(fault)
            return self._compile([rule for rule in rules if rule[0] != fault.rule_id], unsound)

    def _one_by_one(self, question: str, facts: Facts) -> list[str]:
        if question not in self._single:
            sound = [rule for rule in self._rules[question] if _sound(rule)]
            self._single[question] = [(rule_id, compile_condition(condition)) for rule_id, condition in sound]
        held = []
        for rule_id, judge in self._single[question]:
            try:
                if judge(facts):
                    held.append(rule_id)
            except Exception as error:  # a fault is the rule's own; the others go on
                self._note(RuleFault(rule_id, error))
        return held

    def _note(self, fault: RuleFault) -> None:
        self.faults[fault.rule_id] = fault
        if self._on_fault:
            self._on_fault(fault)


def identical(old: Sequence[tuple[str, Condition]], new: Sequence[tuple[str, Condition]]) -> bool:
    """The very same conditions: equality would take 1 for true."""
    return len(old) == len(new) and all(a[0] == b[0] and a[1] is b[1] for a, b in zip(old, new, strict=True))


def _sound(rule: tuple[str, Condition]) -> bool:
    try:
        compile_condition(rule[1])
    except RuleFault:
        return False
    return True
