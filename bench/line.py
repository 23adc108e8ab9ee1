"""The rest of the line: replay of a real log, memory over a long run, single events over HTTP."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import psutil

from bench.load import NOW, payloads
from bench.place import Place
from bench.rows import Row, median, row
from tideng.base.clock import ManualClock
from tideng.base.settings import Settings
from tideng.client.bundle import read_bundle
from tideng.intake.event_files import LOGS, read_all
from tideng.replay.run import replay
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import writing
from tideng.store.events import receive
from tideng.store.group_commit import GroupCommit

SAMPLE = Path(__file__).parents[1] / "clients" / "bpic2020"
RULE = "permit-approval-waits"


def replay_rows(rounds: int) -> list[Row]:
    """The travel permits of BPI Challenge 2020 with one absence rule, as a ratio to parsing the file."""
    here = Path(os.environ.get("TIDENG_BPIC2020", "../shared/data/bpic2020")) / "PermitLog.xes.gz"
    log = here if here.exists() else SAMPLE / "events" / "PermitLog.xes.gz"
    bundle = replace(read_bundle(SAMPLE), rule_files=(), packs=())
    parsing, judging, events, found = [], [], [], 0
    for _ in range(rounds):
        clock = ManualClock(datetime.fromtimestamp(0, UTC))
        reading = Deployment.in_memory(bundle, clock)
        began = time.perf_counter()
        events, refused = read_all([log], reading.catalogue, reading.plugins)
        parsing.append(time.perf_counter() - began)
        if refused:
            raise RuntimeError(f"{len(refused)} events of {log.name} were refused")
        types = {name: one for name, one in reading.catalogue.event_types.items() if one.plugin == LOGS}
        deployment = Deployment.in_memory(replace(bundle, event_types=types, rule_files=_one_rule()), clock)
        began = time.perf_counter()
        found = sum(1 for _ in replay(deployment, events, events[0].time, events[-1].time))
        judging.append(time.perf_counter() - began)
    whole = [p + j for p, j in zip(parsing, judging, strict=True)]
    ratio = statistics.median(w / p for w, p in zip(whole, parsing, strict=True))
    note = f"{log.name} ({len(events):,} events), one absence rule, {found:,} findings; ratio: parsing and judging to parsing"
    return [
        row("replay: parse the log", median(parsing), "s", None, f"median of {rounds}"),
        row("replay: parse and judge it", median(whole), "s", ratio, note),
    ]


def _one_rule() -> tuple[Path, ...]:
    import tempfile

    import yaml

    rules = yaml.safe_load((SAMPLE / "rules" / "permits.yaml").read_text("utf-8"))
    file = Path(tempfile.mkdtemp()) / "rule.yaml"
    file.write_text(yaml.safe_dump([rule for rule in rules if rule["id"] == RULE], allow_unicode=True), "utf-8")
    return (file,)


def memory_rows(place: Place, count: int) -> list[Row]:
    """What a worker and its engine child gain in memory while they judge `count` events."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(False)
    deployment = place.deployment()
    process = context.Process(target=_judge_all, args=(deployment.settings.folder, count, sender))
    process.start()
    before, child_before, after, child_after = receiver.recv()
    process.join()
    note = f"over {count:,} events after the first {count // 6:,}; it stood at {before / 1e6:.0f} MB"
    deployment.close()
    return [
        row("memory a worker gains", (after - before) / 1e6, "MB", after / before, note + "; ratio: after to before"),
        row("memory its engine child gains", (child_after - child_before) / 1e6, "MB", None, "the same run"),
    ]


def _judge_all(folder: Path, count: int, sender: Any) -> None:
    deployment = Deployment.open(folder, ManualClock(NOW))
    worker, step, warm = Worker(deployment), 10_000, count // 6
    done, before = 0, (0, 0)
    while done < count + warm:
        events = payloads(step, seed=1000 + done // step)
        for start in range(0, step, 500):
            receive(deployment, events[start : start + 500])
        del events
        worker.step()
        done += step
        if not before[0] and done >= warm:
            before = _resident()
    sender.send((*before, *_resident()))
    deployment.plugins.get("rules").close()
    deployment.close()


def _resident() -> tuple[int, int]:
    me = psutil.Process()
    return me.memory_info().rss, sum(child.memory_info().rss for child in me.children(recursive=True))


def post_rows(place: Place, kind: str, posts: int, clients: int = 8) -> list[Row]:
    """Single events to the REST endpoint from `clients` connections at once: how long each waits to be on disk."""
    from tideng_admin.app import setup
    from tideng_admin.auth import accounts

    port = _free_port()
    deployment = place.deployment(kind, web_port=port)
    setup.prepare(deployment)
    with writing(deployment.engine) as connection:
        key = accounts.make_key(connection, "admin", "bench", NOW)
    context = multiprocessing.get_context("spawn")
    web = context.Process(target=_serve, args=(deployment.settings.folder,))
    web.start()
    try:
        _wait_for(port)
        waits = _post(port, key, posts, clients)
    finally:
        for child in psutil.Process(web.pid).children(recursive=True):
            child.kill()
        web.kill()
        web.join()
        deployment.close()
    times, seconds = waits
    note = f"{posts:,} posts of one event over {clients} connections, web process without a worker"
    cuts = statistics.quantiles(times, n=100)
    return [
        row(f"{kind}: single posts", posts / seconds, "posts/s", None, note),
        row(f"{kind}: single post, p50", cuts[49] * 1e3, "ms", None, "until it is on disk and acknowledged"),
        row(f"{kind}: single post, p99", cuts[98] * 1e3, "ms", None, ""),
    ]


def joined_rows(place: Place, posts: int, threads: int = 8) -> list[Row]:
    """Single events from several threads into SQLite: a transaction each, and joined by `GroupCommit`, in turn."""
    waits: dict[str, list[float]] = {"each its own transaction": [], "joined by GroupCommit": []}
    alone, joined = place.deployment(), place.deployment()
    together = GroupCommit(joined)
    for number in range(4):
        events = payloads(posts // 4, seed=500 + number)
        waits["each its own transaction"] += _timed(lambda event: receive(alone, [event]), events, threads)
        waits["joined by GroupCommit"] += _timed(lambda event: together.receive([event]), events, threads)
    alone.close()
    joined.close()
    rows = []
    before = statistics.quantiles(waits["each its own transaction"], n=100)
    for name, times in waits.items():
        cuts = statistics.quantiles(times, n=100)
        note = f"{posts:,} single events from {threads} threads of one process, SQLite; ratio to a transaction each"
        rows.append(row(f"{name}: p50", cuts[49] * 1e3, "ms", cuts[49] / before[49], note))
        rows.append(row(f"{name}: p99", cuts[98] * 1e3, "ms", cuts[98] / before[98], ""))
    return rows


def _timed(post: Callable[[dict[str, Any]], object], events: list[dict[str, Any]], threads: int) -> list[float]:
    """Seconds that each event took, with `threads` posting at once."""
    times: list[float] = []

    def client(share: list[dict[str, Any]]) -> None:
        for event in share:
            began = time.perf_counter()
            post(event)
            times.append(time.perf_counter() - began)

    crew = [threading.Thread(target=client, args=(events[number::threads],)) for number in range(threads)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    return times


def _serve(folder: Path) -> None:
    from tideng.base.settings import load

    [serve] = [one.load() for one in entry_points(group="tideng.web") if one.name == "serve"]
    settings: Settings = load(folder)
    serve(settings)


def _post(port: int, key: str, posts: int, clients: int) -> tuple[list[float], float]:
    now = datetime.now(UTC).isoformat()  # the web process goes by the machine's clock
    events = [event | {"time": now} for event in payloads(posts, seed=77)]
    times: list[float] = []
    failed: list[int] = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {key}"}
        for event in events[number::clients]:
            began = time.perf_counter()
            connection.request("POST", "/api/v1/events", json.dumps(event), headers)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - began)
            if answer.status != 202:
                failed.append(answer.status)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(f"{len(failed)} posts were refused, e.g. with {failed[0]}")
    return times, time.perf_counter() - began


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web process did not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
