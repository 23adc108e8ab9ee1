"""A preview of 100 rules over a month: its events a second with columns, with closures, and beside a plain replay, in turn.

``python -m bench.preview [--quick | --year]`` prints a table. ``--year`` runs once through a year of 1,000 people.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.load import PEOPLE, payloads, rule_documents, write_client
from bench.rows import Row, median, median_ratio, row, table
from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.client.bundle import Bundle, read_bundle
from tideng.model.event import Event
from tideng.replay.run import replay
from tideng.replay.stored_history import FileHistory
from tideng.runtime.deployment import Deployment
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.columns import ColumnMatcher
from tideng_rules.engine.rulebook import closures
from tideng_rules.preview.run import Proposal, preview

START = datetime.fromisoformat("2025-03-03T00:00:00+08:00")
SCHEDULED = 10


def run(quick: bool = False) -> list[Row]:
    """Measure; ratios are medians of each round's ratio to the plain replay."""
    rounds, people, days = (1, 100, 7) if quick else (3, 500, 30)
    with tempfile.TemporaryDirectory() as folder:
        bundle, events, until = _history(Path(folder), people, days)
        contenders = {
            "replay of the rules in force": lambda: _replayed(bundle, events, until),
            "preview of one changed rule, columns": lambda: _previewed(bundle, events, until, ColumnMatcher),
            "preview of one changed rule, closures": lambda: _previewed(bundle, events, until, closures),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        found: dict[str, Any] = {}
        for _ in range(rounds):
            for name, work in contenders.items():
                spent, found[name] = _timed(work)
                times[name].append(spent)
    plain = times["replay of the rules in force"]
    rows = []
    for name, spent in times.items():
        note = f"{people} people, {days} days, {len(events):,} events, {len(rule_documents()) + SCHEDULED} rules, {found[name]:,} findings"
        rows.append(row(name, len(events) / median(spent), "events/s", median_ratio(plain, spent), note))
    return rows


def year(people: int = PEOPLE) -> list[Row]:
    """Once through a year."""
    with tempfile.TemporaryDirectory() as folder:
        bundle, events, until = _history(Path(folder), people, 365)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        spent, found = _timed(lambda: _previewed(bundle, events, until, ColumnMatcher))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    note = f"{people} people, 365 days, {len(events):,} events, {found:,} findings, {spent:,.0f} s"
    return [
        row("preview over a year", len(events) / spent, "events/s", None, note),
        row("memory it takes at most", grown, "MB", None, "besides the events, which are held here by the benchmark"),
    ]


def _history(folder: Path, people: int, days: int) -> tuple[Bundle, list[Event], datetime]:
    """The client of the end-to-end benchmark and as many events a person a day as there are event types, spread evenly."""
    bundle = read_bundle(write_client(folder / "client"))
    for number in range(SCHEDULED):
        (folder / "client" / "rules" / f"scheduled-{number}.yaml").write_text(_scheduled(number), "utf-8")
    bundle = read_bundle(folder / "client")
    assignments = [one for one in bundle.assignments if int(one.person[1:]) < people]
    bundle = replace(bundle, assignments=tuple(assignments))
    until = START + timedelta(days=days)
    count = people * days * 4
    events = []
    for number, payload in enumerate(payloads(count)):
        subject = f"e{number * 7919 % people:04}"
        moment = START + timedelta(days=days) * number / count
        events.append(Event(payload["id"], "bench", payload["type"], moment, subject, payload["data"]))
    return bundle, events, until


def _scheduled(number: int) -> str:
    return f"""\
id: scheduled-{number}
kind: reminder
title: {{zh: 测, en: Measured}}
when: {{every: workday, at: "{9 + number:02}:00"}}
if: {{fact: metric.late_{number}, lt: 1}}
then: [{{nudge: person, message: {{zh: 请看一下。, en: Please have a look.}}}}]
metrics: {{late_{number}: {{count: bench.visit, window: last {number + 1} days}}}}
"""


def _replayed(bundle: Bundle, events: list[Event], until: datetime) -> int:
    deployment = Deployment.in_memory(bundle, ManualClock(START))
    return sum(1 for _ in replay(deployment, events, START, until))


def _previewed(bundle: Bundle, events: list[Event], until: datetime, make_matcher: Any) -> int:
    document = rule_documents()[0] | {"limit": {"once_per": "week"}}
    found = preview(
        FileHistory(bundle, events),
        Viewer.system(),
        Proposal([parse_rule(document)]),
        START,
        until,
        make_matcher=make_matcher,
    )
    return sum(found.counts.values())


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


def main() -> None:
    print(table(year() if "--year" in sys.argv else run("--quick" in sys.argv)))


if __name__ == "__main__":
    main()
