"""Events a second from a batch that is handed in to findings on disk, beside bare inserts of the same rows."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy import insert as plain_insert

from bench.load import NOW, payloads
from bench.place import Place
from bench.rows import Row, median, median_ratio, row
from tideng.base.clock import ManualClock
from tideng.model.judge_contract import Situation
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.events import lane_of, receive
from tideng.store.tables import EventRow

BATCH = 500
WORKERS = {"sqlite": 1, "postgresql": 2}


def measure(
    place: Place, kind: str, count: int, rounds: int, beside: Callable[[int], float] | None
) -> tuple[list[Row], list[float]]:
    """Rows for one kind of database, and the speed of `beside` (called with the round's number) in the same rounds."""
    bare, in_turn, at_once, theirs = [], [], [], []
    for number in range(rounds):
        events = payloads(count, seed=number + 2)
        bare.append(_bare(place.deployment(kind), events))
        in_turn.append(_in_turn(place.deployment(kind), events))
        at_once.append(_at_once(place.deployment(kind), events, WORKERS[kind]))
        if beside is not None:
            theirs.append(beside(number))
    note = (
        f"median of {rounds} × {count:,} events in batches of {BATCH}, 110 rules, durable engine; ratio to bare inserts"
    )
    workers = f"{WORKERS[kind]} worker" + ("s" if WORKERS[kind] > 1 else "")
    best = [max(pair) for pair in zip(in_turn, at_once, strict=True)]
    name = f"{kind}: against ansible-rulebook in memory"
    note_ = "durable, the better of the two above; both in the same rounds"
    compared = [row(name, median(best), "events/s", median_ratio(best, theirs), note_)] if theirs else []
    return [
        row(f"{kind}: bare inserts", median(bare), "events/s", None, "the same rows and table, transactions of 500"),
        row(f"{kind}: handed in, then judged", median(in_turn), "events/s", median_ratio(in_turn, bare), note),
        row(
            f"{kind}: handed in and judged at once",
            median(at_once),
            "events/s",
            median_ratio(at_once, bare),
            f"as deployed: one process hands in, {workers} judge; ratio to bare inserts",
        ),
        *compared,
    ], theirs


def _bare(deployment: Deployment, events: list[dict[str, Any]]) -> float:
    rows = [
        {
            "source": event["source"],
            "event_id": event["id"],
            "type": event["type"],
            "time": datetime.fromisoformat(event["time"]),
            "subject": event["subject"],
            "data": event["data"],
            "depth": 0,
            "lane": lane_of(event["subject"]),
            "status": 0,
            "attempts": 0,
            "received_at": NOW,
            "history": False,
        }
        for event in events
    ]
    began = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        with writing(deployment.engine) as connection:
            connection.execute(plain_insert(EventRow), rows[start : start + BATCH])
    speed = len(rows) / (time.perf_counter() - began)
    deployment.close()
    return speed


def _in_turn(deployment: Deployment, events: list[dict[str, Any]]) -> float:
    worker = Worker(deployment)
    _warm(deployment)
    worker.step()
    began = time.perf_counter()
    for start in range(0, len(events), BATCH):
        receive(deployment, events[start : start + BATCH])
    while worker.hear():
        pass
    speed = len(events) / (time.perf_counter() - began)
    _check(deployment, len(events))
    _end(deployment)
    return speed


def _at_once(deployment: Deployment, events: list[dict[str, Any]], workers: int) -> float:
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Semaphore(0), context.Event()
    _warm(deployment)
    folder = deployment.settings.folder
    crew = [context.Process(target=_work, args=(folder, ready, stop)) for _ in range(workers)]
    for process in crew:
        process.start()
    for _ in crew:
        ready.acquire()
    began = time.perf_counter()
    for start in range(0, len(events), BATCH):
        receive(deployment, events[start : start + BATCH])
    while _waiting(deployment):
        time.sleep(0.02)
    speed = len(events) / (time.perf_counter() - began)
    stop.set()
    for process in crew:
        process.join()
    _check(deployment, len(events))
    _end(deployment)
    return speed


def _work(folder: Path, ready: Any, stop: Any) -> None:
    """A worker process that judges, and leaves the speaking for later."""
    deployment = Deployment.open(folder, ManualClock(NOW))
    worker = Worker(deployment)
    worker.step()
    rules = deployment.plugins.get("rules")
    rules.judge([Situation("event:bench.need", "e0001", NOW, {})])  # a second worker found nothing to warm up on
    ready.release()
    while not stop.is_set():
        if not worker.hear():
            time.sleep(0.005)
    _end(deployment)


def _warm(deployment: Deployment) -> None:
    """One event, so that starting the engine's process is not counted as judging."""
    receive(deployment, payloads(1, seed=1, source="warm"))


def _end(deployment: Deployment) -> None:
    rules = deployment.plugins.get("rules")
    if rules is not None:
        rules.close()
    deployment.close()


def _waiting(deployment: Deployment) -> bool:
    with reading(deployment.engine) as connection:
        return connection.execute(select(EventRow.id).where(EventRow.status == 0).limit(1)).first() is not None


def _check(deployment: Deployment, count: int) -> None:
    with reading(deployment.engine) as connection:
        judged = connection.scalar(select(func.count()).where(EventRow.status == 1))
    if judged != count + 1:
        raise RuntimeError(f"{judged - 1} of {count} events were judged: the figure would mean nothing")
