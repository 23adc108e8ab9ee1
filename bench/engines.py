"""Situations a second through each engine: the same 100 rules over 10 event types, the same situations.

``python bench/engines.py [--quick]`` prints a table. Every contender judges the same chunk in turn, so that a noisy machine
is noisy to all; the figures are medians over the rounds, the ratios medians of each round's ratio to durable-rules' own
``host.post``, which is the engine used as its README shows (and answers wrongly: it fires one of several rules).
"""

from __future__ import annotations

import contextlib
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tideng_rules.engine.durable import (
    DurableMatcher,  # first: since Python 3.13 durable-rules cannot be imported without
)

# isort: split
from durable import engine as durable_engine

from tideng_rules.document.model import Condition, Group, Leaf
from tideng_rules.engine.closures import ClosureMatcher, explainer
from tideng_rules.engine.supervisor import SupervisedMatcher

Row = dict[str, Any]
Batch = list[tuple[str, dict[str, Any]]]
Rules = list[tuple[str, str, Condition]]  # id, event type, condition

TYPES = "daily_report weekly_report need visit reply sales attendance task score escalation".split()
NUMBERS = "needs_length visits late_count hours_open sales_delta score".split()
WORDS = {
    "dept": ["销售", "产品", "研发", "客服"],
    "level": ["P1", "P2", "P3", "P4"],
    "status": ["open", "closed", "late"],
}
OPERATORS = {"lt": "$lt", "lte": "$lte", "gt": "$gt", "gte": "$gte", "is_not": "$neq"}


def make_rules(count: int, seed: int = 1) -> Rules:
    """Three comparisons a rule, in one of five rules an `any` among them."""
    chance, rules = random.Random(seed), []
    for number in range(count):
        items: list[Any] = []
        for name in chance.sample(NUMBERS, 2):
            op = chance.choice(("lt", "lte", "gt", "gte"))
            low = op in ("lt", "lte")
            value = chance.randrange(1, 12) if low else chance.randrange(88, 99)
            items.append(Leaf(name, op, value) if chance.random() < 0.9 else Leaf(name, "is_not", 50))
        word = chance.choice(list(WORDS))
        items.append(Leaf(word, "is", chance.choice(WORDS[word])))
        if chance.random() < 0.2:
            others = [name for name in NUMBERS if name != items[1].fact]  # or it might never hold, which is refused
            items[0] = Group("any", (Leaf(chance.choice(others), "lt", 5), Leaf("status", "is", "late")))
        rules.append((f"R{number}", TYPES[number % len(TYPES)], Group("all", tuple(items))))
    return rules


def make_situations(count: int, seed: int = 2) -> Batch:
    """Twelve facts each; in three of a hundred one of them is missing."""
    chance, found = random.Random(seed), []
    for number in range(count):
        facts: dict[str, Any] = {name: chance.randrange(100) for name in NUMBERS}
        if chance.random() < 0.03:
            del facts[chance.choice(NUMBERS)]
        facts |= {word: chance.choice(values) for word, values in WORDS.items()}
        facts |= {"employee": f"E{chance.randrange(5000):05}", "time": 1_700_000_000 + number}
        facts["note"] = "今天拜访客户，了解需求。" * 3
        found.append((chance.choice(TYPES), facts))
    return found


def questions_of(rules: Rules) -> dict[str, list[tuple[str, Condition]]]:
    """The rules by event type."""
    found: dict[str, list[tuple[str, Condition]]] = {}
    for rule_id, event_type, condition in rules:
        found.setdefault(event_type, []).append((rule_id, condition))
    return found


class _QuietHost(durable_engine.Host):
    """durable-rules' own host, without the timer threads that cannot be stopped."""

    def _run(self) -> None:
        pass


class HostPost:
    """durable-rules as its README shows: one ruleset, one `post` an event."""

    def __init__(self, rules: Rules):
        self._fired: list[str] = []
        self._host = _QuietHost()
        self._host.register_rulesets({"bench": {rule[0]: self._definition(*rule) for rule in rules}})

    def match(self, batch: Batch) -> list[list[str]]:
        answers = []
        for event_type, facts in batch:
            self._fired.clear()
            with contextlib.suppress(durable_engine.MessageNotHandledException):
                self._host.post("bench", {**facts, "kind": event_type, "sid": "1"})
            answers.append(list(self._fired))
        return answers

    def _definition(self, rule_id: str, event_type: str, condition: Condition) -> dict[str, Any]:
        parts = [{"kind": event_type}, *map(self._expression, condition.items)]
        return {"all": [{"m": {"$and": parts}}], "run": lambda context: self._fired.append(rule_id)}

    def _expression(self, condition: Condition) -> dict[str, Any]:
        if isinstance(condition, Group):
            return {"$or": [self._expression(item) for item in condition.items]}
        pair = {condition.fact: condition.operand}
        return pair if condition.op == "is" else {OPERATORS[condition.op]: pair}


class WithReasons:
    """Closures, and every reason of the rules that fired: what the live path does."""

    def __init__(self, rules: Rules):
        self._matcher = ClosureMatcher(questions_of(rules))
        self._explain = {rule_id: explainer(condition, "if") for rule_id, _, condition in rules}

    def match(self, batch: Batch) -> list[list[str]]:
        answers = self._matcher.match(batch)
        explain = self._explain
        for (_, facts), held in zip(batch, answers, strict=True):
            for rule_id in held:
                explain[rule_id](facts)
        return answers


def _speeds(contenders: dict[str, Any], batch: Batch, rounds: int) -> dict[str, list[float]]:
    """Situations a second of each contender in each round, taken in turn."""
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    size = len(batch) // rounds
    for at in range(rounds):
        chunk = batch[at * size : (at + 1) * size]
        for name, contender in contenders.items():
            speeds[name].append(size / _seconds(lambda who=contender, what=chunk: who.match(what)))
    return speeds


def _seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    work()
    return clock() - began


def _resident() -> int:
    """Bytes of memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _growth(batch: Batch, rules: Rules, total: int) -> float:
    """Megabytes gained while durable-rules judges `total` situations in process."""
    matcher = DurableMatcher(questions_of(rules))
    matcher.match(batch)
    before = _resident()
    for _ in range(max(1, total // len(batch))):
        matcher.match(batch)
    grown = _resident() - before
    matcher.close()
    return grown / 1e6


def _build_ms(rules: Rules, rounds: int) -> float:
    """Milliseconds to compile the rules for both engines."""
    questions, times = questions_of(rules), []
    for _ in range(rounds):
        times.append(_seconds(lambda: DurableMatcher(questions).close(), time.process_time))
    return statistics.median(times) * 1e3


def _why_not_us(rules: Rules, batch: Batch) -> float:
    """Microseconds a rule to give every reason of every rule of the question."""
    by_type: dict[str, list[Callable]] = {}
    for _, event_type, condition in rules:
        by_type.setdefault(event_type, []).append(explainer(condition, "if"))
    count = sum(len(by_type[event_type]) for event_type, _ in batch)

    def work() -> None:
        for event_type, facts in batch:
            for explain in by_type[event_type]:
                explain(facts)

    return statistics.median(_seconds(work, time.process_time) for _ in range(9)) / count * 1e6


def run(quick: bool = False) -> list[Row]:
    """Measure; one row a figure, `ratio` always to ``host.post`` of the same rounds where it applies."""
    rules, rounds = make_rules(100), 5 if quick else 15
    batch = make_situations(rounds * (400 if quick else 2000))
    post, supervised = HostPost(rules), SupervisedMatcher(questions_of(rules))
    contenders = {
        "durable host.post": post,
        "durable, safe shape, in process": DurableMatcher(questions_of(rules)),
        "durable, supervised child, batches of 100": supervised,
        "closures with reasons of what fired": WithReasons(rules),
        "closures": ClosureMatcher(questions_of(rules)),
    }
    try:
        expected = contenders["closures"].match(batch[:1000])
        wrong = {name: _wrong(contender.match(batch[:1000]), expected) for name, contender in contenders.items()}
        speeds = _speeds(contenders, batch, rounds)
        judged_by = supervised.engine
    finally:
        supervised.close()
    base = speeds["durable host.post"]
    rows = []
    for name, measured in speeds.items():
        ratio = statistics.median(speed / slow for speed, slow in zip(measured, base, strict=True))
        note = f"{wrong[name]} of 1,000 judged otherwise than by closures"
        if contenders[name] is supervised:
            note += f"; judged by {judged_by}"
        rows.append(_row(name, statistics.median(measured), "situations/s", ratio, note))
    total = 20_000 if quick else 300_000
    closures_to_reasons = [
        b / a for a, b in zip(speeds["closures with reasons of what fired"], speeds["closures"], strict=True)
    ]
    rows += [
        _row(
            "closures to closures with reasons", statistics.median(closures_to_reasons), "×", None, "target: at most 2"
        ),
        _row("compiling 100 rules for both engines", _build_ms(rules, 5), "ms of CPU", None, "target: at most 20"),
        _row("every reason of every rule", _why_not_us(rules, batch[:500]), "µs CPU a rule", None, "target: at most 2"),
        _row(
            f"memory gained over {total:,} situations",
            _growth(batch[:2000], rules, total),
            "MB",
            None,
            "target: below 1",
        ),
    ]
    return rows


def _wrong(answers: Sequence[list[str]], expected: Sequence[list[str]]) -> int:
    return sum(sorted(a) != sorted(b) for a, b in zip(answers, expected, strict=True))


def _row(name: str, value: float, unit: str, ratio: float | None, note: str) -> Row:
    return {"name": name, "value": value, "unit": unit, "ratio": ratio, "note": note}


def main() -> None:
    for row in run("--quick" in sys.argv):
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.1f} ×"
        print(f"{row['name']:<44}{row['value']:>14,.1f} {row['unit']:<14}{ratio:>8}  {row['note']}")


if __name__ == "__main__":
    main()
