"""Rules judged in columns beside closures: 100 rules over 10 event types, the same situations, in turn.

``python -m bench.columns [--quick]`` prints a table. "Built" columns are made from the facts before the clock starts;
"from facts" includes making them, which is what a preview pays.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.engines import Batch, make_rules, make_situations, questions_of
from bench.rows import Row, row, table
from tideng_rules.engine.closures import ClosureMatcher
from tideng_rules.engine.columns import ColumnMatcher, Columns

SIZES = (16, 64, 256, 1024, 4096)


def run(quick: bool = False) -> list[Row]:
    """Measure; ratios are medians of each round's ratio to the closures."""
    rounds, size = (5, 5_000) if quick else (15, 20_000)
    questions = questions_of(make_rules(100))
    closures, columns = ClosureMatcher(questions), ColumnMatcher(questions, fewest=1)
    times: dict[str, list[float]] = {"closures": [], "columns from facts": [], "columns, built": []}
    wrong = 0
    for number in range(rounds):
        batch = make_situations(size, seed=100 + number)
        built = _built(columns, batch)
        spent, expected = _timed(lambda batch=batch: closures.match(batch))
        times["closures"].append(spent)
        spent, found = _timed(lambda batch=batch: columns.match(batch))
        times["columns from facts"].append(spent)
        wrong += sum(a != b for a, b in zip(found, expected, strict=True))
        spent, answers = _timed(lambda built=built: [columns.match_columns(q, made) for q, _, made in built])
        times["columns, built"].append(spent)
        for (_, places, _), held in zip(built, answers, strict=True):
            wrong += sum(expected[place] != held.get(row, []) for row, place in enumerate(places))
    rows = []
    for name, spent in times.items():
        ratio = statistics.median(a / b for a, b in zip(times["closures"], spent, strict=True))
        note = f"{size:,} situations a round, {wrong} judged otherwise than by closures"
        rows.append(row(name, size / statistics.median(spent), "situations/s", ratio, note))
    return [*rows, *(_crossover(count, rounds) for count in (10, 100, 500))]


def _built(columns: ColumnMatcher, batch: Batch) -> list[tuple[str, list[int], Columns]]:
    parts: dict[str, list[int]] = {}
    for place, (question, _) in enumerate(batch):
        parts.setdefault(question, []).append(place)
    return [(q, places, columns.columns(q, [batch[place][1] for place in places])) for q, places in parts.items()]


def _crossover(count: int, rounds: int) -> Row:
    """From how many situations of a question with `count` rules columns, made from facts, are the faster."""
    questions = {"q": [(rule_id, condition) for rule_id, _, condition in make_rules(count)]}
    closures, columns = ClosureMatcher(questions), ColumnMatcher(questions, fewest=1)
    found = {}
    for size in SIZES:
        batch = [("q", facts) for _, facts in make_situations(size, seed=size)]
        repeats = max(1, 40_000 // size // count)
        ratios = []
        for _ in range(rounds):
            slow = _timed(lambda batch=batch, n=repeats: [closures.match(batch) for _ in range(n)])[0]
            fast = _timed(lambda batch=batch, n=repeats: [columns.match(batch) for _ in range(n)])[0]
            ratios.append(slow / fast)
        found[size] = statistics.median(ratios)
    taken = ColumnMatcher(questions).worth_it("q")
    note = "closures' time to columns' by size: " + ", ".join(f"{size}: {ratio:.2f}" for size, ratio in found.items())
    return row(f"{count} rules on one question: columns are taken from", taken, "situations", found[SIZES[-1]], note)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


def main() -> None:
    print(table(run("--quick" in sys.argv)))


if __name__ == "__main__":
    main()
