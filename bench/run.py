"""Run every benchmark and write RESULTS.md: ``python -m bench [--quick] [--only NAME]``, or ``make bench``.

With ``--only`` one part is measured and printed, and RESULTS.md stays as it is; the names are those of `PARTS`. What is
compared is measured in turn, round by round, so that a noisy machine is noisy to all; figures are medians of the
rounds, ratios medians of each round's ratio.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import (
    agreement,
    checking,
    columns,
    endtoend,
    engines,
    evening,
    line,
    organisation,
    others,
    pages,
    processes,
    scale,
    start,
    whynot,
)
from bench.place import Place, a_place
from bench.rows import Row, machine, median, row, table
from bench.rulebook import Rulebook
from tideng.base import logs

RESULTS = Path(__file__).with_name("RESULTS.md")


PARTS: tuple[tuple[str, str, Callable[[Place, bool], list[Row]]], ...] = (
    ("endtoend", "End to end, durable", lambda place, quick: _end_to_end(place, quick)),
    ("engines", "Engines", lambda place, quick: engines.run(quick)),
    ("others", "Other engines", lambda place, quick: others.run(quick)),
    ("columns", "Columns", lambda place, quick: columns.run(quick)),
    ("whynot", "Every verdict", lambda place, quick: _why_not()),
    ("agreement", "Agreement", lambda place, quick: agreement.run(10_000)),
    ("scale", "Two thousand rules", lambda place, quick: scale.run(place, 500 if quick else 2_000)),
    ("evening", "Seven in the evening", lambda place, quick: evening.run(place, 10_000 if quick else 100_000)),
    ("typing", "While somebody types a rule", lambda place, quick: checking.run(place, quick)),
    ("start", "The command line starts", lambda place, quick: start.run(quick)),
    ("pages", "Pages", lambda place, quick: pages.run(place, quick)),
    ("organisation", "The organisation", lambda place, quick: organisation.run(place, quick)),
    ("processes", "Processes", lambda place, quick: processes.run(place, quick)),
    ("replay", "Replay", lambda place, quick: line.replay_rows(1 if quick else 5)),
    ("posts", "Single events over HTTP", lambda place, quick: _posts(place, quick)),
    ("memory", "Memory", lambda place, quick: line.memory_rows(place, 30_000 if quick else 300_000)),
)
"""Name, heading, and what measures it."""


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m bench", description="What Tideng measures about itself.")
    asked.add_argument("--quick", action="store_true", help="small counts, so rough figures")
    asked.add_argument("--only", choices=[name for name, _, _ in PARTS], help="one part; RESULTS.md stays as it is")
    chosen = asked.parse_args()
    logs.configure("error")
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    text = [f"# Results\n\n{machine()}{' · quick, so rough' if chosen.quick else ''}. Written by `make bench`.\n"]
    with a_place() as place:
        for name, title, measure in PARTS:
            if chosen.only not in (None, name):
                continue
            text.append(f"## {title}\n\n{_measured(title, partial(measure, place, chosen.quick))}")
            if chosen.only is None:
                RESULTS.write_text("\n".join(text), "utf-8")  # a long run that is broken off leaves what it has
    if chosen.only is None:
        print(RESULTS)


def _why_not() -> list[Row]:
    note = f"100 rules, 12 facts; target: at most {whynot.LIMIT:g} for every verdict; ratio to deciding alone"
    return [row(name, micros, "µs a rule", ratio, note) for name, (micros, ratio) in whynot.measure().items()]


def _measured(title: str, measure: Callable[[], list[Row]]) -> str:
    began = time.perf_counter()
    try:
        shown = table(measure())
    except Exception as error:
        shown = f"Could not be measured here: {type(error).__name__}: {error}\n"
    print(f"{title} ({time.perf_counter() - began:.0f} s)\n{shown}", flush=True)
    return shown


def _end_to_end(place: Place, quick: bool) -> list[Row]:
    count, rounds = (4_000, 1) if quick else (20_000, 3)
    rows: list[Row] = []
    theirs: list[float] = []
    beside: Callable[[int], float] | None = None
    problem = ""
    try:
        rulebook = Rulebook(place.root / "rulebook")
        beside = lambda number: rulebook.speed(count // 2, number + 2)  # noqa: E731
    except (RuntimeError, OSError) as error:
        problem = str(error)
    for kind in ("sqlite", "postgresql"):
        found, speeds = endtoend.measure(place, kind, count, rounds, beside)
        rows += found
        theirs += speeds
    if problem:
        return [*rows, row("ansible-rulebook", 0, "events/s", None, f"could not be run here: {problem}")]
    note = "the same 100 conditions and facts, no actions, nothing stored"
    return [*rows, row("ansible-rulebook, in memory", median(theirs), "events/s", None, note)]


def _posts(place: Place, quick: bool) -> list[Row]:
    posts = 200 if quick else 2_000
    return (
        line.joined_rows(place, posts)
        + line.post_rows(place, "sqlite", posts)
        + line.post_rows(place, "postgresql", posts)
    )
