"""The worker: judges what waits in the database and delivers messages, when it is woken and at every sweep.

Each unit of work is one transaction: claim → metrics → findings → outbox → done. A kill at any moment leaves either
all of it or nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from tideng.judging.pipeline import Flow
from tideng.org.directory import Directory
from tideng.outbox.delivery import Outbox
from tideng.runtime.agenda_job import AgendaJob
from tideng.runtime.event_job import EventJob
from tideng.runtime.in_force import InForce
from tideng.runtime.plugin_job import PluginJob
from tideng.runtime.schedule_job import ScheduleJob
from tideng.runtime.snooze_job import SnoozeJob
from tideng.store.database import writing

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

_log = structlog.get_logger(__name__)


class Worker:
    """One worker of one deployment. Any number may run; `step` may be called from one thread at a time."""

    def __init__(self, deployment: Deployment, fault: Callable[[str], None] = lambda place: None):
        """`fault` is called at each named point of a unit of work; tests make it kill the process there."""
        self._deployment, self._fault = deployment, fault
        self._lock = threading.Lock()
        self._failed: frozenset[str] = deployment.failed_plugins()
        self._in_force = in_force = InForce(deployment)
        self._events = EventJob(deployment, in_force, fault)
        self._schedules = ScheduleJob(deployment, in_force, fault)
        self._agenda = AgendaJob(deployment, in_force, fault)
        self._plugins = PluginJob(deployment, in_force, fault)
        self._snoozed = SnoozeJob(deployment, in_force, fault)
        self._outbox = Outbox(deployment, in_force.watch, in_force.listens)

    def step(self) -> int:
        """Do everything that is due now; returns how many pieces of work were done."""
        with self._lock:
            # 1. events first: what came in may answer what comes due
            done = _until_nothing_is_left(self.hear)
            # 2. what has come due: schedules, deadlines and later steps, and what plugins wait for
            done += self.run_schedules()
            done += _until_nothing_is_left(self.come_due)
            done += _until_nothing_is_left(self._plugins.come_due)
            # 3. what rules and plugins emitted meanwhile
            done += _until_nothing_is_left(self.hear)
            # 4. messages last, so that one that is taken back in this very step is not sent
            done += _until_nothing_is_left(self.wake)
            while sent := self._outbox.deliver(self.current_directory):
                self._fault("delivered")
                done += sent
            self._deployment.plugins.call("between_batches")
            self._note_failures()
            return done

    def run(self, stop: threading.Event, bell: threading.Event | None = None) -> None:
        """Work until `stop` is set; `bell` wakes early, and the sweep needs none."""
        bell = bell or stop
        while not stop.is_set():
            try:
                self.step()
            except Exception as error:
                _log.error("a sweep failed; the next one tries again", error=type(error).__name__, exc_info=True)
                stop.wait(1.0)
            bell.wait(self._deployment.settings.sweep_seconds)
            if bell is not stop:
                bell.clear()

    def hear(self) -> int:
        """Judge one batch of waiting events; returns how many."""
        return self._events.hear()

    def run_schedules(self) -> int:
        """Ask every schedule whose moment has come; returns how many."""
        return self._schedules.run()

    def come_due(self) -> int:
        """Judge a batch of the deadlines and later steps that have come due; returns how many."""
        return self._agenda.come_due()

    def wake(self) -> int:
        """Say again the reminders that were put off and whose moment has come; returns how many."""
        return self._snoozed.wake()

    @property
    def current_flow(self) -> Flow:
        """The rules and metrics in force, as of the last batch."""
        return self._in_force.flow

    @property
    def current_directory(self) -> Directory:
        """The people, as of the last batch."""
        return self._in_force.directory

    def _note_failures(self) -> None:
        """Store which plugins failed in this process, for the plugins page; only when that changed."""
        failed = self._deployment.failed_plugins()
        if failed != self._failed:
            with writing(self._deployment.engine) as connection:
                self._deployment.note_plugins(connection)
            self._failed = failed


def _until_nothing_is_left(job: Callable[[], int]) -> int:
    """Repeat a job until it finds no more work; returns how much it did."""
    done = 0
    while more := job():
        done += more
    return done
