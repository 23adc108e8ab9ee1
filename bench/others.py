"""Engines of other makers over the same hundred rules and situations, each as its own documentation shows it."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.engines import NUMBERS, TYPES, WORDS, Batch, HostPost, Rules, make_rules, make_situations, questions_of
from bench.rows import Row, row
from tideng_rules.document.model import Condition, Group
from tideng_rules.engine.closures import ClosureMatcher

_SYMBOLS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "is": "==", "is_not": "!="}
_DROOLS = {
    "lt": "LessThanExpression",
    "lte": "LessThanOrEqualToExpression",
    "gt": "GreaterThanExpression",
    "gte": "GreaterThanOrEqualToExpression",
    "is": "EqualsExpression",
    "is_not": "NotEqualsExpression",
}


class Zen:
    """GoRules' zen-engine: an expression a rule, compiled once, evaluated by event type."""

    def __init__(self, rules: Rules):
        zen = importlib.import_module("zen")
        self._rules: dict[str, list[tuple[str, Any]]] = {}
        for rule_id, event_type, condition in rules:
            self._rules.setdefault(event_type, []).append((rule_id, zen.compile_expression(self._text(condition))))

    def match(self, batch: Batch) -> list[list[str]]:
        nothing: dict[str, Any] = dict.fromkeys((*NUMBERS, *WORDS))
        return [
            [rule_id for rule_id, one in self._rules.get(event_type, ()) if one.evaluate({**nothing, **facts})]
            for event_type, facts in batch
        ]

    def _text(self, condition: Condition) -> str:
        if isinstance(condition, Group):
            return "(" + (" or " if condition.kind == "any" else " and ").join(map(self._text, condition.items)) + ")"
        value = json.dumps(condition.operand, ensure_ascii=False)
        return f"({condition.fact} != null and {condition.fact} {_SYMBOLS[condition.op]} {value})"


class Drools:
    """Drools through drools_jpy, the engine of ansible-rulebook: a ruleset with a rule for each of ours."""

    def __init__(self, rules: Rules):
        _find_java()
        ruleset, rule = importlib.import_module("drools.ruleset"), importlib.import_module("drools.rule")
        self._post, self._fired = ruleset.post, []
        self._name = "bench"
        made = ruleset.Ruleset(
            name=self._name,
            serialized_ruleset=json.dumps({"name": self._name, "rules": [self._rule(*one) for one in rules]}),
        )
        for rule_id, _, _ in rules:
            made.add_rule(
                rule.Rule(name=rule_id, callback=lambda matches, rule_id=rule_id: self._fired.append(rule_id))
            )
        self._end = made.end_session

    def match(self, batch: Batch) -> list[list[str]]:
        answers = []
        for event_type, facts in batch:
            self._fired.clear()
            with contextlib.suppress(importlib.import_module("drools.exceptions").MessageNotHandledException):
                self._post(self._name, json.dumps({"kind": event_type, **facts}, ensure_ascii=False))
            answers.append(list(self._fired))
        return answers

    def close(self) -> None:
        self._end()

    def _rule(self, rule_id: str, event_type: str, condition: Group) -> dict[str, Any]:
        parts = [{"EqualsExpression": {"lhs": {"Event": "kind"}, "rhs": {"String": event_type}}}]
        parts += map(self._expression, condition.items)
        whole = parts[0]
        for part in parts[1:]:
            whole = {"AndExpression": {"lhs": whole, "rhs": part}}
        return {"Rule": {"name": rule_id, "condition": {"AllCondition": [whole]}, "actions": [], "enabled": True}}

    def _expression(self, condition: Condition) -> dict[str, Any]:
        if isinstance(condition, Group):
            left, right = map(self._expression, condition.items)
            return {"OrExpression": {"lhs": left, "rhs": right}}
        kind = "String" if isinstance(condition.operand, str) else "Integer"
        return {_DROOLS[condition.op]: {"lhs": {"Event": condition.fact}, "rhs": {kind: condition.operand}}}


def _find_java() -> None:
    """Load the Java machine where `java` on the PATH, or JAVA_HOME, says that it is; raises where there is none."""
    java = shutil.which("java")
    if java and "JAVA_HOME" not in os.environ:
        os.environ["JAVA_HOME"] = str(Path(java).resolve().parents[1])
    if importlib.import_module("jpyutil").preload_jvm_dll() is None:
        raise RuntimeError("no Java was found")


MADE: dict[str, Callable[[Rules], Any]] = {"zen-engine": Zen, "drools_jpy": Drools}


def run(quick: bool = False) -> list[Row]:
    """Situations a second of each in the same rounds as ``host.post``; one that cannot run here says why."""
    rules, rounds, size = make_rules(100), 3 if quick else 7, 100 if quick else 300
    batch = make_situations(rounds * size, seed=9)
    known = [one for one in batch if one[0] in TYPES]
    expected = ClosureMatcher(questions_of(rules)).match(known)
    contenders: dict[str, Any] = {"durable host.post": HostPost(rules)}
    rows = []
    for name, make in MADE.items():
        try:
            contenders[name] = make(rules)
            contenders[name].match(known[:10])
        except Exception as error:  # Java or the package is missing: said in the table, the others go on
            contenders.pop(name, None)
            rows.append(
                row(name, 0, "situations/s", None, f"could not be run here: {type(error).__name__}: {error}"[:160])
            )
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    wrong = dict.fromkeys(contenders, 0)
    for at in range(0, len(known), size):
        for name, contender in contenders.items():
            began = time.perf_counter()
            found = contender.match(known[at : at + size])
            speeds[name].append(len(found) / (time.perf_counter() - began))
            wrong[name] += sum(sorted(a) != sorted(b) for a, b in zip(found, expected[at : at + size], strict=True))
    for contender in contenders.values():
        if hasattr(contender, "close"):
            contender.close()
    base = speeds["durable host.post"]
    return [
        row(
            name,
            statistics.median(measured),
            "situations/s",
            statistics.median(a / b for a, b in zip(measured, base, strict=True)),
            f"{wrong[name]} of {len(known):,} judged otherwise than by closures",
        )
        for name, measured in speeds.items()
    ] + rows
