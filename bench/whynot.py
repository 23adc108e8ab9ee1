"""The full why-not of 100 rules, all leaves and the tree, against deciding alone: the same rules, the same situations.

``python bench/whynot.py [--quick]`` prints microseconds a rule. The contenders take turns on the same chunk, so that a noisy
machine is noisy to all; the ratio is the median of each round's.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.engines import Batch, Rules, make_rules, make_situations
from tideng_rules.engine.codegen import compile_condition
from tideng_rules.engine.verdict_tree import drawn, tree_of, verdicts

LIMIT = 2.0
"""Microseconds a rule, for the verdict on every node (docs: the full why-not)."""


def contenders(rules: Rules) -> dict[str, Callable[[dict[str, Any]], object]]:
    """Each asks every rule about one situation."""
    decide = [compile_condition(condition) for _, _, condition in rules]
    every = [(condition, verdicts(condition)) for _, _, condition in rules]
    return {
        "decide": lambda facts: [judge(facts) for judge in decide],
        "every verdict": lambda facts: [judge(facts) for _, judge in every],
        "drawn as a tree": lambda facts: [drawn(condition, facts, judge(facts)) for condition, judge in every],
        "walked, not compiled": lambda facts: [tree_of(condition, facts) for _, _, condition in rules],
    }


def measure(count: int = 100, situations: int = 2000, rounds: int = 20) -> dict[str, tuple[float, float]]:
    """Microseconds a rule, and the ratio to deciding alone; medians over the rounds, by contender."""
    rules, batch = make_rules(count), make_situations(situations)
    found: dict[str, list[float]] = {name: [] for name in contenders(rules)}
    size = len(batch) // rounds
    asked = contenders(rules)
    for at in range(rounds):
        for name, ask in asked.items():
            found[name].append(_micros(ask, batch[at * size : (at + 1) * size]) / count)
    return {
        name: (
            statistics.median(taken),
            statistics.median(mine / base for mine, base in zip(taken, found["decide"], strict=True)),
        )
        for name, taken in found.items()
    }


def _micros(ask: Callable[[dict[str, Any]], object], batch: Batch) -> float:
    began = time.perf_counter()
    for _, facts in batch:
        ask(facts)
    return (time.perf_counter() - began) * 1e6 / len(batch)


def main() -> None:
    quick = "--quick" in sys.argv
    found = measure(situations=400 if quick else 2000, rounds=8 if quick else 20)
    for name, (micros, ratio) in found.items():
        print(f"{name:22} {micros:7.2f} µs a rule   {ratio:5.1f} × deciding")
    held = found["every verdict"][0] <= LIMIT
    print(f"every verdict within {LIMIT} µs a rule: {'yes' if held else 'NO'}")


if __name__ == "__main__":
    main()
