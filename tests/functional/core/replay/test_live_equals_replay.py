"""The sample client's weeks, replayed from files and lived through on a database, finds the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from story import at, next_due

from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.intake.event_files import read_all
from tideng.model.event import Event
from tideng.replay.run import replay
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.events import event_from, store_events
from tideng.store.tables import EventRow, FindingRow

LAMPLIGHT = Path(__file__).parents[4] / "clients" / "lamplight"
START, FORTNIGHT, MONTH = at("2026-03-01 00:00"), at("2026-03-14 18:00"), at("2026-03-31 18:00")
CASES = ("tideng/processes", "tideng/followup")
SINCE = at("2026-02-01 00:00")
"""Earlier history reaches no metric and no absence that the pack looks at in March."""


@pytest.mark.parametrize("until", [FORTNIGHT, pytest.param(MONTH, marks=pytest.mark.slow)], ids=["fortnight", "month"])
def test_the_sample_client_is_the_same_lived_through_and_replayed(a_deployment, until: datetime):
    bundle = read_bundle(LAMPLIGHT)
    files = sorted((LAMPLIGHT / "events").glob("*.jsonl.gz"))
    memory = Deployment.in_memory(bundle, ManualClock(START))
    events, refused = read_all(files, memory.catalogue, memory.plugins)
    assert not refused
    events = [event for event in events if SINCE <= event.time <= until]

    deployment = a_deployment(bundle=bundle, at=START, engine="durable", batch_size=2000)
    lived = _live(deployment, events, until)
    told = _told_by_cases(deployment)
    assert {event.type for event in told} >= {"node.entered", "node.done", "node.overdue"}
    replayed = {
        (r.rule, r.subject, r.period, r.step, r.at, r.action, r.recipient)
        for r in replay(memory, sorted([*events, *told], key=lambda event: event.time), START, until)
    }

    assert lived - replayed == set()
    assert replayed - lived == set()
    by_rule = Counter(rule for rule, *_ in replayed)
    assert by_rule.keys() >= {"daily-report-missing", "needs-too-short", "weekly-visits-behind"}, by_rule


def _live(deployment: Deployment, events: Sequence[Event], until: datetime) -> set[tuple]:
    clock, worker = deployment.clock, Worker(deployment)
    waiting = list(events)
    try:
        _store(deployment, [event for event in waiting if event.time < START], history=True)
        waiting = [event for event in waiting if event.time >= START]
        worker.step()
        while True:
            moment = min(next_due(deployment, worker, clock.now(), until), clock.now() + timedelta(hours=12), until)
            clock.set(moment)  # type: ignore[attr-defined]
            arrived = _until(waiting, moment)
            _store(deployment, waiting[:arrived])
            del waiting[:arrived]
            worker.step()
            if moment >= until:
                break
    finally:
        deployment.plugins.get("rules").close()
    table = FindingRow.__table__
    columns = (
        table.c.rule,
        table.c.subject,
        table.c.period,
        table.c.step,
        table.c.at,
        table.c.action,
        table.c.recipient,
    )
    with reading(deployment.engine) as connection:
        return {tuple(row) for row in connection.execute(select(*columns).where(table.c.state == "live"))}


def _told_by_cases(deployment: Deployment) -> list[Event]:
    """What the cases of the month told by themselves: a replay has no cases, and hears it from the log as anything else."""
    told = select(EventRow.__table__).where(EventRow.source.in_(CASES)).order_by(EventRow.time, EventRow.id)
    with reading(deployment.engine) as connection:
        return [event_from(row) for row in connection.execute(told)]


def _until(events: Sequence[Event], moment: datetime) -> int:
    return next((number for number, event in enumerate(events) if event.time > moment), len(events))


def _store(deployment: Deployment, events: Sequence[Event], history: bool = False) -> None:
    if events:
        with writing(deployment.engine) as connection:
            store_events(connection, deployment.catalogue, events, deployment.clock.now(), history=history)
