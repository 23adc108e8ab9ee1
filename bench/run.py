"""Run every benchmark and write RESULTS.md: ``python -m bench [--quick]``, or ``make bench``.

What is compared is measured in turn, round by round, so that a noisy machine is noisy to all; figures are medians of
the rounds, ratios medians of each round's ratio.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from bench import endtoend, engines, line
from bench.place import Place, a_place
from bench.rows import Row, machine, median, row, table
from bench.rulebook import Rulebook
from tideng import logs

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    logs.configure("error")
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    quick = "--quick" in sys.argv[1:]
    text = [f"# Results\n\n{machine()}{' · quick, so rough' if quick else ''}. Written by `make bench`.\n"]
    with a_place() as place:
        sections: list[tuple[str, Callable[[], list[Row]]]] = [
            ("End to end, durable", lambda: _end_to_end(place, quick)),
            ("Engines", lambda: engines.run(quick)),
            ("Replay", lambda: line.replay_rows(1 if quick else 5)),
            ("Single events over HTTP", lambda: _posts(place, quick)),
            ("Memory", lambda: line.memory_rows(place, 30_000 if quick else 300_000)),
        ]
        for title, measure in sections:
            text.append(f"## {title}\n\n{_measured(title, measure)}")
            RESULTS.write_text("\n".join(text), "utf-8")  # a long run that is broken off leaves what it has
    print(RESULTS)


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
