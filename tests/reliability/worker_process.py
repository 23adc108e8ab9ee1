"""One worker as a process of its own, which may kill itself at the named points of its work; and two that are broken."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from tests.reliability.wire_plugin import with_wire
from tideng.base import logs
from tideng.judging.world_writer import save_days
from tideng.outbox.delivery import Outbox
from tideng.runtime.deployment import Deployment
from tideng.runtime.in_force import InForce
from tideng.runtime.unit_of_work import UnitOfWork
from tideng.runtime.worker import Worker

SUICIDES = "suicides.log"


class CountersFirst(UnitOfWork):
    """Broken on purpose: the counters are committed before the batch they belong to."""

    def save(self, world: Any) -> None:
        save_days(self.connection, world.book)
        if self.connection.dialect.name == "sqlite":
            self.connection.exec_driver_sql("COMMIT")
            self.connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            self.connection.connection.driver_connection.commit()  # type: ignore[union-attr]
        super().save(world)


class CountingFirst(InForce):
    """Broken on purpose: its units of work are."""

    def begin(self, connection: Any, now: Any) -> UnitOfWork:
        work = super().begin(connection, now)
        return CountersFirst(*(getattr(work, field.name) for field in fields(work)))


class SentFirst(Outbox):
    """Broken on purpose: messages are marked as sent before they are spoken."""

    def _lease(self, directory: Any) -> Any:
        letters, held = super()._lease(directory)
        if letters:
            self._mark_sent([row.id for rows in letters for row in rows])
        return letters, held


def a_worker(deployment: Deployment, fault: Any, mutant: str) -> Worker:
    worker = Worker(deployment, fault)
    if mutant == "counters-first":
        worker._in_force.__class__ = CountingFirst
    if mutant == "sent-first":
        worker._outbox.__class__ = SentFirst
    return worker


def log_to(file: Path) -> None:
    """Everything this process says goes to `file`, tracebacks of a hard end too."""
    log = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)


EVERYWHERE = {
    "claimed": 1,
    "judged": 1,
    "before commit": 1,
    "committed": 1,
    "delivered": 1,
    "speaking": 0.25,
    "spoken": 0.25,
}
"""How often to end at each named point; a message is spoken much more often than a batch is judged."""


def main(
    folder: Path, log: Path, seed: int, chance: float, mutant: str = "", weights: Mapping[str, float] | None = None
) -> None:
    """Work on the deployment in `folder`; with a `chance` above 0, end at named points like a machine without power."""
    log_to(log)
    logs.configure("error")
    dice = random.Random(seed)

    def fault(place: str) -> None:
        if dice.random() < chance * (EVERYWHERE if weights is None else weights).get(place, 0):
            with open(folder / SUICIDES, "a") as file:
                file.write(f"{place}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    with Deployment.open(folder, found=with_wire()) as deployment:
        deployment.plugins.get("wire").wire.fault = fault
        bell = threading.Event()
        deployment.bell.listen(bell.set)
        a_worker(deployment, fault, mutant).run(threading.Event(), bell)
