"""Run the processes of a deployment, kill them at seeded moments, and compare what is left with the oracle."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, select, text

from tests.reliability import web_process, worker_process
from tests.reliability.scene import NOW, Expected, expect, seeded_events, write_client
from tests.reliability.wire_plugin import LOG, with_wire
from tests.reliability.worker_process import EVERYWHERE, SUICIDES
from tideng.base.settings import create
from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import migrate
from tideng.store.database import reading, writing
from tideng.store.tables import (
    EventRow,
    FindingRow,
    MetricDayRow,
    OutboxRow,
)
from tideng_admin.app import setup
from tideng_admin.auth import accounts

CLIENTS = 3
PRELOADED = [
    "tests.reliability.web_process",
    "tests.reliability.worker_process",
    "tideng_rules.plugin",
    "tideng_orgchart.plugin",
]
"""Imported once and forked: a killed process is back in a moment, so that the next kill meets it at work."""


@dataclass
class Outcome:
    """What the run left behind: `faults` says in words what differs from the oracle; empty is as it must be."""

    kills: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    repeats: int = 0
    messages: int = 0
    resent: int = 0
    posting_until: float = 0.0
    seconds: float = 0.0

    @property
    def killed(self) -> int:
        return sum(self.kills.values())


class Scene:
    """One deployment in a folder, its processes, and the clients that post to it."""

    def __init__(self, folder: Path, database_url: str | None = None, *, seed: int, events: int, mutant: str = ""):
        self.folder, self.seed, self._mutant = folder, seed, mutant
        self.events = seeded_events(seed, events)
        self.expected: Expected = expect(self.events)
        self._dice = random.Random(seed)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(PRELOADED)
        self._port = _free_port()
        self._running: dict[str, Any] = {}
        self._chance, self._weights = 0.0, EVERYWHERE
        self._resent = 0
        chosen: dict[str, Any] = {"database_url": database_url} if database_url else {}
        create(
            folder / "deployment",
            plugins_allowed=["*"],
            engine="durable",
            batch_size=40,
            sweep_seconds=0.2,
            lease_seconds=2,
            speak_within_hours=1000,
            clock_start=NOW.isoformat(),
            clock_began=time.time(),
            clock_speed=1.0,
            **chosen,
        )
        self.deployment = Deployment.open(folder / "deployment", found=with_wire())
        migrate(self.deployment)
        apply(self.deployment, read_bundle(write_client(folder / "client")))
        setup.prepare(self.deployment)
        with writing(self.deployment.engine) as connection:
            self._key = accounts.make_key(connection, "admin", "kill test", NOW)

    # -- processes ---------------------------------------------------------------------------------------------
    def start(self, name: str) -> None:
        """Start `name` (web, worker 1, worker 2) afresh."""
        where, log = self.folder / "deployment", self.folder / "processes.log"
        if name == "web":
            target, arguments = web_process.main, (where, log, self._port)
        else:
            target, arguments = (
                worker_process.main,
                (where, log, self._dice.randrange(10**9), self._chance, self._mutant, self._weights),
            )
        self._running[name] = self._processes.Process(target=target, args=arguments, name=name)
        self._running[name].start()

    def kill(self, name: str) -> bool:
        """kill -9 a process, or the engine child of a worker; False when there was nothing to kill."""
        owner = self._running[name.removesuffix(" engine")]
        if not owner.is_alive():
            return False
        if name.endswith(" engine"):
            return _kill_children_of(owner.pid)
        owner.kill()
        owner.join()
        return True

    def stop(self) -> None:
        for process in self._running.values():
            # as hard as any: what remains must not depend on a good end
            _kill_children_of(process.pid)
            process.kill()
            process.join()
        self.deployment.close()

    # -- the run -----------------------------------------------------------------------------------------------
    def run(
        self,
        kills: int,
        *,
        every: tuple[float, float],
        chance: float,
        at_most: float,
        weights: Mapping[str, float] = EVERYWHERE,
    ) -> Outcome:
        """Post everything while killing `kills` times, let it settle, and compare."""
        began, outcome = time.monotonic(), Outcome()
        self._chance, self._weights = chance, weights
        names = ["web", "worker 1", "worker 2"]
        for name in names:
            self.start(name)
        pace = kills * sum(every) / 2 / max(1, len(self.events) / CLIENTS / 20)
        clients = [threading.Thread(target=self._post, args=(number, pace)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(1.0)
        targets = ["worker 1", "worker 2", "web", "worker 1 engine", "worker 2 engine"]
        weights = (30, 30, 20, 10, 10)
        while outcome.killed < kills and time.monotonic() - began < at_most:
            target = self._dice.choices(targets, weights)[0]
            time.sleep(self._dice.uniform(*every))
            if self.kill(target):
                outcome.kills[target.split(" ")[0] if "engine" not in target else "engine"] += 1
            for name in names:
                if not self._running[name].is_alive():
                    if self._running[name].exitcode != -signal.SIGKILL:
                        outcome.faults.append(f"{name} ended by itself with {self._running[name].exitcode}")
                    if name != target:
                        outcome.kills["itself"] += 1
                    self.start(name)
        outcome.posting_until = time.monotonic() - began
        self._chance = 0.0
        for name in names:
            self.kill(name)
            self.start(name)
        for client in clients:
            client.join()
        self._settle(began + at_most + 60)
        self._compare(outcome)
        outcome.resent, outcome.seconds = self._resent, time.monotonic() - began
        return outcome

    def _post(self, number: int, pace: float) -> None:
        """A client: posts its share in batches, some of them again, out of order, until each is acknowledged."""
        dice = random.Random(self.seed * 100 + number)
        share = self.events[number::CLIENTS]
        dice.shuffle(share)
        for start in range(0, len(share), 20):
            batch = share[start : start + 20]
            if dice.random() < 0.15:
                batch = batch + dice.sample(share, 4)
            dice.shuffle(batch)
            while not self._acknowledged(batch):
                self._resent += 1
                time.sleep(0.1)
            time.sleep(pace * dice.uniform(0.5, 1.5))

    def _acknowledged(self, batch: list[dict]) -> bool:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/v1/events",
            json.dumps(batch).encode(),
            {"Content-Type": "application/cloudevents-batch+json", "Authorization": f"Bearer {self._key}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status == 202
        except OSError:
            return False

    def _settle(self, deadline: float) -> None:
        """Wait until nothing waits any more."""
        quiet = 0
        while time.monotonic() < deadline and quiet < 3:
            quiet = quiet + 1 if self._waiting() == 0 else 0
            time.sleep(0.3)

    def _waiting(self) -> int:
        return self._one(
            "SELECT (SELECT count(*) FROM event WHERE status = 0)"
            " + (SELECT count(*) FROM outbox WHERE status IN ('waiting', 'leased'))"
            " + (SELECT count(*) FROM agenda WHERE state = 'open')"
        )

    def _one(self, query: str) -> Any:
        with reading(self.deployment.engine) as connection:
            return connection.scalar(text(query))

    # -- what came of it ---------------------------------------------------------------------------------------
    def _compare(self, outcome: Outcome) -> None:
        say = outcome.faults.append
        if waiting := self._waiting():
            say(f"{waiting} pieces of work are left over")
        with reading(self.deployment.engine) as connection:
            self._compare_events(connection, say)
            self._compare_counters(connection, say)
            standing = self._compare_findings(connection, say)
            self._compare_messages(connection, say, standing, outcome)
        suicides = self.folder / "deployment" / SUICIDES
        outcome.places.update(suicides.read_text().split("\n")[:-1] if suicides.exists() else ())

    def _compare_events(self, connection: Any, say: Any) -> None:
        by_status = dict(connection.execute(select(EventRow.status, func.count()).group_by(EventRow.status)).all())
        wanted = {1: self.expected.events - self.expected.poisoned, 2: self.expected.poisoned}
        if by_status != {status: count for status, count in wanted.items() if count}:
            say(f"events by status are {by_status}, expected {wanted}")

    def _compare_counters(self, connection: Any, say: Any) -> None:
        series = {key for _, key, _ in self.expected.days}
        rows = connection.execute(select(MetricDayRow.__table__).where(MetricDayRow.series.in_(series))).all()
        counted = {(row.subject, row.series, row.day.isoformat()): row.n for row in rows}
        wrong = [key for key in {*counted, *self.expected.days} if counted.get(key, 0) != self.expected.days[key]]
        if wrong:
            say(f"{len(wrong)} counters of {len(counted)} are wrong, e.g. {wrong[0]}")
        lengths = {(r.subject, r.day.isoformat()): r.total for r in rows if r.series == "report.submitted/needs.length"}
        wrong = [key for key in {*lengths, *self.expected.lengths} if lengths.get(key, 0) != self.expected.lengths[key]]
        if wrong:
            say(f"{len(wrong)} sums of {len(lengths)} are wrong, e.g. {wrong[0]}")

    def _compare_findings(self, connection: Any, say: Any) -> list[Any]:
        rows = connection.execute(select(FindingRow.__table__)).all()
        made = Counter((row.rule, row.subject, row.period) for row in rows)
        standing = [row for row in rows if row.state == "live"]
        stand = {(row.rule, row.subject, row.period) for row in standing}
        for name, keys in (
            ("lost", self.expected.findings - stand),
            ("too many", stand - self.expected.findings),
            ("made twice", {key for key, times in made.items() if times > 1}),
            ("taken back wrongly", set(made) - stand - self.expected.may_be_taken_back),
        ):
            if keys:
                say(f"{len(keys)} findings {name}, e.g. {min(keys)}")
        return standing

    def _compare_messages(self, connection: Any, say: Any, standing: list[Any], outcome: Outcome) -> None:
        wire = Counter((self.folder / "deployment" / LOG).read_text().split("\n")[:-1])
        rows = connection.execute(select(OutboxRow.finding, OutboxRow.key, OutboxRow.status)).all()
        by_finding = {row.finding: row for row in rows}
        nudges = [row for row in standing if row.action == "nudge"]
        unsent = [row.id for row in nudges if getattr(by_finding.get(row.id), "status", "") != "sent"]
        silent = [row.id for row in nudges if row.id in by_finding and not wire[by_finding[row.id].key]]
        strangers = set(wire) - {row.key for row in rows}
        outcome.messages, outcome.repeats = len(wire), sum(wire.values()) - len(wire)
        if unsent:
            say(f"{len(unsent)} nudges are not marked as sent")
        if silent:
            say(f"{len(silent)} nudges were never spoken")
        if strangers:
            say(f"{len(strangers)} messages that nobody asked for")
        if len(rows) != len({row.key for row in rows}):
            say("a message is in the outbox twice")
        if outcome.repeats > outcome.killed:
            say(f"{outcome.repeats} repeats on the wire after {outcome.killed} kills")


def _kill_children_of(pid: int) -> bool:
    """Kill the engine child of a worker; either may be gone before the signal reaches it."""
    try:
        children = psutil.Process(pid).children(recursive=True)
        for child in children:
            child.kill()
    except psutil.NoSuchProcess:
        return False
    return bool(children)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
