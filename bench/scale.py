"""Two thousand rules in one deployment, a quarter of them on one event type: what a change costs, and what judging costs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from bench.engines import TYPES, make_rules
from bench.load import NOW, payloads, rule_document, write_client
from bench.place import Place
from bench.rows import Row, row
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.intake.reader import read_event
from tideng.replay.run import replay
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.events import receive


def write_rules(folder: Path, count: int) -> Path:
    """The bench client with so many rules instead of its own, a quarter of them on the first event type."""
    write_client(folder)
    for file in (folder / "rules").iterdir():
        file.unlink()
    for number, (rule_id, _, condition) in enumerate(make_rules(count, seed=5)):
        event_type = TYPES[0] if number < count // 4 else TYPES[1 + number % (len(TYPES) - 1)]
        document = rule_document(f"rule-{rule_id.lower()}", event_type, condition)
        (folder / "rules" / f"{document['id']}.yaml").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return folder


def change_one(folder: Path) -> None:
    """Another message for one rule, and another limit in its condition, so that the engine has to be told."""
    file = sorted((folder / "rules").iterdir())[0]
    document = json.loads(file.read_text("utf-8"))
    document["if"] = {"all": [document["if"], {"fact": "event.score", "lt": 1000}]}
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def run(place: Place, count: int = 2_000, events: int = 4_000) -> list[Row]:
    folder = write_rules(place.root / f"rules-{count}", count)
    deployment = place.bare("sqlite", ManualClock(NOW))
    spent: dict[str, float] = {}
    bundle = _timed(spent, "read", lambda: read_bundle(folder))
    _timed(spent, "applied", lambda: apply(deployment, bundle))
    worker = Worker(deployment)
    receive(deployment, payloads(1, seed=1, source="warm"))
    _timed(spent, "first", worker.step)
    change_one(folder)
    changed = read_bundle(folder)
    _timed(spent, "changed", lambda: apply(deployment, changed))
    _timed(spent, "live", lambda: _refresh(worker, deployment))
    many = payloads(events, seed=3)
    for start in range(0, events, 500):
        receive(deployment, many[start : start + 500])
    _timed(spent, "judged", lambda: [None for _ in iter(worker.hear, 0)])
    past = Deployment.in_memory(changed, ManualClock(NOW))
    _timed(spent, "replayed", lambda: _replay(past, many))
    rules: Any = deployment.plugins.get("rules")
    judged_by = rules.matcher.engine
    rules.close()
    deployment.close()
    note = f"{count:,} rules, {count // 4} of them on one event type, SQLite"
    return [
        row("read, check and publish all", spent["applied"], "s", None, note),
        row("a worker's first event", spent["first"], "s", None, "rules read and parsed, both engines compiled"),
        row("check and publish one of them", spent["changed"], "s", None, "all files are read and checked"),
        row("from published to live in a worker", spent["live"], "s", None, "target: below 1"),
        row(
            "events judged", events / spent["judged"], "events/s", None, f"by {judged_by}; findings and messages stored"
        ),
        row(
            "events replayed",
            events / spent["replayed"],
            "events/s",
            None,
            "the same events through closures, in memory",
        ),
    ]


def _refresh(worker: Worker, deployment: Deployment) -> None:
    """What a worker does once it hears the bell: take up the change, make the engine ready."""
    worker.run_schedules()
    with reading(deployment.engine) as connection:
        assert not any(deployment.plugins.call("refresh", connection=connection)), "the change was not taken up"


def _replay(deployment: Deployment, many: list[dict[str, Any]]) -> int:
    read = [read_event(payload, deployment.catalogue, received=None) for payload in many]
    read.sort(key=lambda event: event.time)
    return sum(1 for _ in replay(deployment, read, read[0].time, read[-1].time))


def _timed(spent: dict[str, float], name: str, work: Any) -> Any:
    began = time.perf_counter()
    found = work()
    spent[name] = time.perf_counter() - began
    return found
