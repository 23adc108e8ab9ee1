"""Child processes that are started, restarted when they die, and ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

LOOK_EVERY = 0.2  # seconds between two looks at the children
PATIENCE = 15.0  # seconds a child gets to end by itself
LONGEST_WAIT = 30.0  # seconds between two starts of a child that keeps dying
WELL = 10.0  # seconds after which a start counts as a success


@dataclass
class _Child:
    name: str
    argv: Sequence[str]
    process: subprocess.Popen | None = None
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0


@dataclass
class Children:
    """Runs commands of Tideng as children of this process.

    Each child holds the reading end of a pipe on its standard input and ends when the pipe does (`end_with_parent`), so
    that none is left behind by a parent that was killed. `tell` is called with (name, what happened).
    """

    tell: Callable[[str, str], None]
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: str | None = None
    _children: list[_Child] = field(default_factory=list)

    def add(self, name: str, *command: str) -> None:
        """Start ``tideng COMMAND`` and keep it running."""
        child = _Child(name, (sys.executable, "-m", "tideng.cli", *command))
        self._children.append(child)
        self._start(child)

    def watch(self, stop: threading.Event) -> None:
        """Look after the children until `stop` is set, then end them all."""
        try:
            while not stop.is_set():
                self.look()
                stop.wait(LOOK_EVERY)
        finally:
            self.end()

    def look(self) -> None:
        """Start again whoever died; a child that keeps dying waits longer every time."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                child.deaths = 0 if now - child.started > WELL else child.deaths + 1
                wait = min(LONGEST_WAIT, 0.5 * 2**child.deaths) if child.deaths else 0.0
                child.start_at = now + wait
                self._close(child)
                self.tell(child.name, f"exit {child.process.returncode}")
                child.process = None
            if child.process is None and now >= child.start_at:
                self._start(child)

    def end(self) -> None:
        """Ask every child to end, and kill whoever does not."""
        running = [child.process for child in self._children if child.process is not None]
        for child in self._children:
            self._close(child)
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def pids(self) -> dict[str, int]:
        """Name → process id of the children that run now."""
        return {child.name: child.process.pid for child in self._children if child.process is not None}

    def _start(self, child: _Child) -> None:
        child.started = time.monotonic()
        # a session of its own: Ctrl-C reaches only the parent, which ends the children in order
        child.process = subprocess.Popen(
            child.argv, stdin=subprocess.PIPE, env=dict(self.environ), cwd=self.folder, start_new_session=True
        )
        self.tell(child.name, f"pid {child.process.pid}")

    @staticmethod
    def _close(child: _Child) -> None:
        if child.process is not None and child.process.stdin is not None:
            child.process.stdin.close()


def end_with_parent() -> None:
    """In a child of `Children`: end as if asked to by SIGTERM when the parent is gone, however it went."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def stop_on_signals(also: Callable[[], object] = lambda: None) -> threading.Event:
    """An event that SIGTERM and SIGINT set (a second one ends at once); `also` is called with it. Main thread only."""
    stop = threading.Event()

    def handle(number: int, _frame: object) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
        stop.set()
        also()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stop
