"""Seven in the evening for a large company: the daily-report rule asked of everyone, beside one SQL statement.

``python -m bench --only evening``. Half of the people are on a trip, nine of ten have written; what was heard during the
day is put into the tables as a worker would have left it. The whole evening is measured: facts, judging, findings,
messages and the ladders at 19:00, then the later step at 21:00.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, text

from bench.place import Place
from bench.rows import Row, row
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.tables import (
    FindingRow,
    MetricDayRow,
    OutboxRow,
    StateRow,
)

AFTERNOON = datetime.fromisoformat("2026-03-02T18:00:00+08:00")
SEVEN = AFTERNOON + timedelta(hours=1)
NINE = AFTERNOON + timedelta(hours=3)
ON_TRIP = "person.on_trip"
RULE = {
    "id": "daily-report-missing",
    "kind": "reminder",
    "title": {"zh": "日报未提交提醒", "en": "Daily report still open"},
    "when": {"every": "workday", "at": "19:00"},
    "who": {"fact": ON_TRIP, "is": True},
    "if": {"fact": "metric.reports_today", "is": 0},
    "then": [
        {
            "nudge": "person",
            "message": {
                "zh": "{person.name}，今天的日报还没写。",
                "en": "{person.name}, today’s report is still open.",
            },
        }
    ],
    "later": [{"at": "21:00", "then": [{"mark": "incomplete"}]}],
    "until": {"fact": "metric.reports_today", "gte": 1},
    "limit": {"once_per": "day"},
    "metrics": {"reports_today": {"count": "report.submitted", "window": "today"}},
}


def write_company(folder: Path, people: int) -> Path:
    """A client of so many people in teams of ten, and one rule."""
    (folder / "rules").mkdir(parents=True)
    client = {
        "client": "Evening",
        "locale": "zh",
        "timezone": "Asia/Shanghai",
        "calendar": "CN",
        "roles": {"hr": ["p0"]},
    }
    # JSON is YAML
    (folder / "client.yaml").write_text(json.dumps(client, ensure_ascii=False), "utf-8")
    (folder / "rules" / "report.yaml").write_text(json.dumps(RULE, ensure_ascii=False), "utf-8")
    with open(folder / "people.csv", "w", encoding="utf-8") as file:
        file.write("id,name,unit,position,supervisor,timezone,locale,phone,email,from,until\n")
        for number in range(people):
            above = f"p{number // 10}" if number else ""
            file.write(f"p{number},员工{number},,,{above},Asia/Shanghai,zh,,,2020-01-01,\n")
    return folder


def fill_day(deployment: Deployment, people: int) -> int:
    """Half on a trip, nine of ten with a report; returns how many shall be reminded."""
    worker = Worker(deployment)
    worker.run_schedules()
    series = _series(worker)
    began = AFTERNOON - timedelta(hours=9)
    trips = [
        {"subject": f"p{n}", "state": ON_TRIP, "key": f"t{n}", "started_at": began, "ended_at": None}
        for n in range(0, people, 2)
    ]
    days = [
        {"subject": f"p{n}", "series": series, "day": AFTERNOON.date(), "n": 1, "total": 0.0}
        for n in range(people)
        if n % 20 != 4
    ]
    with writing(deployment.engine) as connection:
        connection.execute(insert(StateRow), trips)
        connection.execute(insert(MetricDayRow), days)
        connection.execute(
            text("ANALYZE")
        )  # as a database has done by itself by the evening; without it the statement crawls
    return len(range(4, people, 20))


def _series(worker: Worker) -> str:
    """What the rule counts, as the tables call it."""
    [watch] = worker.current_flow.watchlist.watches
    [metric] = watch.metrics.values()
    return metric.series.key


def whom_sql_finds(connection: Connection, series: str, at: datetime) -> list[str]:
    """The same people by the one statement that somebody would write by hand."""
    written = select(MetricDayRow.subject).where(
        MetricDayRow.subject == StateRow.subject,
        MetricDayRow.series == series,
        MetricDayRow.day == at.date(),
        MetricDayRow.n > 0,
    )
    statement = select(StateRow.subject).where(
        and_(
            StateRow.state == ON_TRIP,
            StateRow.started_at <= at,
            or_(StateRow.ended_at.is_(None), StateRow.ended_at > at),
            ~written.exists(),
        )
    )
    return list(connection.scalars(statement))


def open_company(place: Place, kind: str, people: int) -> tuple[Deployment, float, float]:
    """A deployment of a company so large, at six in the evening; the seconds to apply it and to load its directory."""
    deployment = place.bare(kind, ManualClock(AFTERNOON))
    bundle = read_bundle(write_company(place.root / f"company-{kind}-{people}", people))
    began = time.perf_counter()
    apply(deployment, bundle)
    applied = time.perf_counter() - began
    with reading(deployment.engine) as connection:
        began = time.perf_counter()
        deployment.plugins.first("directory", connection=connection)
    return deployment, applied, time.perf_counter() - began


def evening(deployment: Deployment) -> dict[str, float]:
    """Live through the evening; seconds of each part, and the peak of memory in MB."""
    clock: Any = deployment.clock
    worker = Worker(deployment)
    worker.run_schedules()  # people and rules are read; nothing is due yet
    spent = {"standing": _peak()}
    clock.set(SEVEN)
    with reading(deployment.engine) as connection:
        found, sql = 0, []
        for _ in range(5):
            began = time.perf_counter()
            found = len(whom_sql_finds(connection, _series(worker), SEVEN))
            sql.append(time.perf_counter() - began)
    spent["statement"] = sorted(sql)[2]
    began = time.perf_counter()
    worker.run_schedules()
    spent["seven"] = time.perf_counter() - began
    with reading(deployment.engine) as connection:
        reminded = connection.scalar(select(func.count()).select_from(FindingRow)) or 0
        messages = connection.scalar(select(func.count()).select_from(OutboxRow)) or 0
    if not found == reminded == messages:
        raise RuntimeError(f"{found} by the statement, {reminded} found, {messages} messages: they should be equal")
    spent["found"] = found
    clock.set(NINE)
    began = time.perf_counter()
    while worker.come_due():
        pass
    spent["nine"] = time.perf_counter() - began
    spent["peak"] = _peak()
    return spent


def run(place: Place, people: int = 100_000, kind: str = "postgresql") -> list[Row]:
    deployment, applied, loaded = open_company(place, kind, people)
    expected = fill_day(deployment, people)
    receiver, sender = multiprocessing.get_context("spawn").Pipe(False)
    process = multiprocessing.get_context("spawn").Process(target=_live, args=(deployment.settings.folder, sender))
    process.start()
    sender.close()  # so that a child that dies is noticed
    spent = receiver.recv()
    process.join()
    deployment.close()
    if spent["found"] != expected:
        raise RuntimeError(f"{spent['found']} were reminded, not {expected}")
    ratio = spent["seven"] / spent["statement"]
    note = f"{people:,} people, half on a trip, {expected:,} without a report"
    return [
        row(f"{kind}: the people applied", applied, "s", None, f"{people:,} rows of people.csv checked and stored"),
        row(f"{kind}: the directory loaded", loaded, "s", None, "what a worker does once, and after people changed"),
        row(f"{kind}: one statement finds the same people", spent["statement"], "s", 1.0, note),
        row(f"{kind}: the whole of 19:00", spent["seven"], "s", ratio, "facts, judging, findings, messages, ladders"),
        row(
            f"{kind}: the later step at 21:00",
            spent["nine"],
            "s",
            spent["nine"] / spent["statement"],
            "the same people",
        ),
        row(f"{kind}: memory at its peak", spent["peak"], "MB", None, f"{spent['standing']:.0f} MB before 19:00"),
    ]


def _live(folder: Path, sender: Any) -> None:
    deployment = Deployment.open(folder, ManualClock(AFTERNOON))
    sender.send(evening(deployment))
    deployment.plugins.get("rules").close()
    deployment.close()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
