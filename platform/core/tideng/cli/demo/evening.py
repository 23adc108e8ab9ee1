"""``demo``: the sample company on one evening, lived through by the real processes on a clock that runs fast."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tideng.base.errors import CommandFailed, NotFound
from tideng.base.text import Text, phrase
from tideng.cli.children import Children
from tideng.cli.demo.narrator import Narrator
from tideng.cli.ingest import progress_bar, take_in
from tideng.cli.terminal import Terminal
from tideng.cli.web_entry import WEB_GROUP, web_entry
from tideng.model.statuses import EventStatus

if TYPE_CHECKING:
    from tideng.base.settings import Settings
    from tideng.client.bundle import Bundle
    from tideng.runtime.deployment import Deployment

START = datetime.fromisoformat("2026-03-31T18:55:00+08:00")
"""A Tuesday and a workday; the sample client's history ends here."""
HEAD_START = 8.0  # seconds before 18:55 in which web and worker come up and a browser is opened
AFTERWARDS = timedelta(minutes=2)  # how long after the last event the evening is over
LOOK_EVERY = 0.25  # seconds between two looks at what happened
MARKER = ".tideng-demo"
OURS = (
    "tideng.toml",
    "secret.key",
    "tideng.db",
    "tideng.db-wal",
    "tideng.db-shm",
    "queue.db",
    "queue.db-wal",
    "queue.db-shm",
)
LOGINS = (("hr", "p002"), ("supervisor", "p020"), ("employee", "p031"), ("employee", "p056"))
"""Role and person of the logins that are made: HR, Zhang San's supervisor, Zhang San, and who reports at 20:50."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event of the evening; `at` is when it reaches us, which may be later than it happened."""

    at: datetime
    event: dict[str, Any]


@dataclass
class Demo:
    """One demonstration in `folder`. `prepare` makes everything, `play` lives through the evening."""

    terminal: Terminal
    folder: Path
    speed: float = 60.0
    port: int = 8080
    client: Path | None = None
    password: str = field(default_factory=lambda: f"deng-{secrets.token_urlsafe(8)}")
    logins: list[tuple[str, str, str]] = field(default_factory=list)
    _held: IO[str] | None = None

    # -- before the evening ------------------------------------------------------------------------------------
    def prepare(self, stop: threading.Event) -> None:
        """Make the deployment from nothing, with half a year of history. Raises `TidengError` where DIR is somebody's."""
        from tideng.base import logs
        from tideng.base.clock import ManualClock
        from tideng.client.bundle import read_bundle
        from tideng.runtime.apply import apply
        from tideng.runtime.deployment import Deployment
        from tideng.runtime.migrate import migrate

        logs.configure("warning")
        bundle = read_bundle(self.client or sample_client())
        _free(self.port)
        self._held = self._clear()
        settings = self._settings()
        self._tell(phrase("1/4 A new deployment in {folder}", folder=self.folder))
        with Deployment.open(settings, ManualClock(START)) as deployment:
            migrate(deployment)
            changed = apply(deployment, bundle)
            self._tell(phrase("2/4 {client}: {n} things applied", client=bundle.client, n=len(changed)))
            self._take_history(deployment, bundle, stop)
            if not stop.is_set():
                self._make_logins(deployment, bundle)

    def _tell(self, text: Text) -> None:
        self.terminal.say(text)

    def _settings(self) -> Settings:
        """Settings in which everything that is measured by the clock has the time it would have at its usual speed."""
        from tideng.base.settings import create

        return create(
            self.folder,
            clock_start=START,
            clock_began=time.time(),
            clock_speed=self.speed,
            web_port=self.port,
            sweep_seconds=max(0.05, min(0.5, 20 / self.speed)),
            lease_seconds=60.0 * self.speed,
            back_off_base_seconds=30.0 * self.speed,
            backlog_limit_seconds=300.0 * self.speed,
            log_level="warning",
        )

    def _clear(self) -> IO[str]:
        """Take away an earlier demonstration, and nothing else; returns the marker, locked while this one runs."""
        folder, marker = self.folder, self.folder / MARKER
        if folder.exists() and any(folder.iterdir()) and not marker.is_file():
            raise CommandFailed("folder-in-use", {"folder": str(folder)})
        folder.mkdir(parents=True, exist_ok=True)
        held = marker.open("a", encoding="utf-8")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            raise CommandFailed("demo-running", {"folder": str(folder)}) from None
        for name in OURS:
            (folder / name).unlink(missing_ok=True)
        return held

    def _take_history(self, deployment: Deployment, bundle: Bundle, stop: threading.Event) -> None:
        from tideng.runtime.worker import Worker
        from tideng.store.event_reading import count_events

        words = self.terminal
        for path in bundle.event_files:
            with path.open("rb") as stream, progress_bar(words, path.stat().st_size, stream) as progress:
                tally = take_in(deployment, stream, path.name, history=True, progress=progress)
            if tally.refused:
                words.problems(tally.problems)
            count = tally.counts["accepted"]
            self._tell(phrase("3/4 {count} events of {name} taken in as history", count=f"{count:,}", name=path.name))
            if stop.is_set():
                return
        worker, done = Worker(deployment), 0
        with deployment.engine.connect() as connection:
            total = count_events(connection, EventStatus.WAITING)
        with _counting(words, total) as progress:
            while not stop.is_set() and (heard := worker.hear()):
                done += heard
                progress(done)
        if not stop.is_set():
            worker.step()

    def _make_logins(self, deployment: Deployment, bundle: Bundle) -> None:
        try:
            prepare = web_entry("prepare")
        except NotFound:
            self._tell(phrase("4/4 No web is installed ({web_group}); watch here", web_group=WEB_GROUP))
            return
        directory = bundle.directory()
        self.logins = [(person, role, self.password) for role, person in LOGINS if directory.knows(person)]
        prepare(deployment, self.logins)
        self._tell(phrase("4/4 {n} logins made", n=len(self.logins)))

    # -- the evening -------------------------------------------------------------------------------------------
    def play(self, stop: threading.Event, until_done: bool = False) -> bool:
        """Run web and worker, send the events of the evening as their time comes, tell what happens.

        Returns at `stop`, or with `until_done` when the evening is over; True unless something was refused.
        """
        from tideng.base.settings import load
        from tideng.runtime.deployment import Deployment

        set_clock(self.folder / "tideng.toml", time.time() + HEAD_START)
        children = Children(self._child_news, dict(os.environ), str(self.folder))
        children.add("worker", "worker", "--with-parent")
        if self.logins:
            children.add("web", "web", "--with-parent")
        # the narrator only reads titles: it needs no engine of its own
        settings = replace(load(self.folder), engine="closures")
        fine = True
        try:
            with Deployment.open(settings) as deployment:
                self._welcome(deployment)
                arrivals = list(read_arrivals(self.client or sample_client()))
                narrator = Narrator(self.terminal, deployment)
                fine = self._live(deployment, children, narrator, arrivals, stop, until_done)
        finally:
            children.end()
            if self._held is not None:
                self._held.close()
            self._tell(phrase("The demonstration has ended."))
        return fine

    def _live(
        self,
        deployment: Deployment,
        children: Children,
        narrator: Narrator,
        arrivals: list[Arrival],
        stop: threading.Event,
        until_done: bool,
    ) -> bool:
        from tideng.store.events import receive

        over = (arrivals[-1].at if arrivals else START) + AFTERWARDS
        fine, waiting, is_over = True, list(arrivals), False
        while not stop.is_set():
            now = deployment.clock.now()
            while waiting and waiting[0].at <= now:
                arrival = waiting.pop(0)
                receipt = receive(deployment, [arrival.event], "demo")[0]
                fine = fine and receipt.status in ("accepted", "duplicate")
                narrator.arrived(arrival.at, arrival.event, receipt)
            narrator.time_passed(now)
            narrator.look()
            children.look()
            if not is_over and not waiting and now >= over and narrator.nothing_waits():
                is_over = True
                narrator.look()
                self._tell(phrase("The evening is over."))
                if until_done:
                    break
                self._tell(phrase("Look around; Ctrl-C ends it."))
            next_one = deployment.clock.seconds_until(waiting[0].at) if waiting else LOOK_EVERY
            stop.wait(min(LOOK_EVERY, 15 / self.speed, next_one))
        return fine

    def _child_news(self, name: str, what: str) -> None:
        if not what.startswith("pid"):
            self.terminal.note(phrase("{name} ended ({what}); it is started again", name=name, what=what))

    def _welcome(self, deployment: Deployment) -> None:
        terminal, out = self.terminal, self.terminal.out
        out.rule(style="yellow")
        if self.logins:
            from tideng.store.database import reading

            address = f"http://{deployment.settings.web_host}:{self.port}"
            self._tell(
                phrase(
                    "Open {address} and sign in; the password is {password} for all:",
                    address=address,
                    password=self.password,
                )
            )
            with reading(deployment.engine) as connection:
                directory = deployment.plugins.first("directory", connection=connection)
            roles = {"hr": phrase("HR"), "supervisor": phrase("supervisor"), "employee": phrase("salesperson")}
            rows = []
            for person, role, _ in self.logins:
                found = directory.at(person, START) if directory else None
                rows.append((person, found.name if found else "", terminal.text(roles[role])))
            terminal.table((phrase("sign in as"), phrase("name"), phrase("who is")), rows)
        out.rule(style="yellow")
        for line in LOOK_AT:
            self._tell(line)
        out.rule(style="yellow")


LOOK_AT = (
    phrase("What to look at:"),
    phrase("  19:00  whoever travels and has not reported yet is reminded"),
    phrase("  19:20  a report comes in: nobody is told anything about that person at 21:00"),
    phrase("  20:50  another one, ten minutes before: the step is called off"),
    phrase("  21:00  the supervisors of the others hear, with an offer to help"),
    phrase("  21:05  a report written at 20:59:59 offline arrives: what was said at 21:00 is taken back"),
)


def sample_client() -> Path:
    """The folder of the sample client, in the repository; raises `NotFound` where Tideng was installed without it."""
    folder = Path(__file__).resolve().parents[5] / "clients" / "lamplight"
    if not (folder / "client.yaml").is_file():
        raise NotFound("sample-client-missing")
    return folder


def read_arrivals(client: Path) -> Iterator[Arrival]:
    """The events of the evening, in the order in which they arrive: ``{"arrives": TIME, "event": {…}}`` a line."""
    for path in (client / "demo" / "live-day.jsonl", client / "events" / "live-day.jsonl"):
        if path.is_file():
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
            found = [Arrival(datetime.fromisoformat(line["arrives"]), line["event"]) for line in lines]
            yield from sorted(found, key=lambda arrival: arrival.at)
            return


def set_clock(file: Path, began: float) -> None:
    """Say in tideng.toml that the virtual clock shows its start at the Unix time `began`."""
    text, changed = re.subn(r"(?m)^clock_began = .*$", f"clock_began = {began!r}", file.read_text("utf-8"))
    if changed != 1:
        raise CommandFailed("clock-began-not-once", {"file": file})
    file.write_text(text, "utf-8")


def _free(port: int) -> None:
    """Raise `TidengError` when somebody listens on that port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandFailed("port-taken", {"port": port}) from None


def _counting(terminal: Terminal, total: int) -> Any:
    """A bar on a terminal for `total` things; nothing elsewhere."""
    from contextlib import contextmanager

    @contextmanager
    def bar() -> Iterator[Callable[[int], None]]:
        if not terminal.err.is_terminal:
            yield lambda done: None
            return
        from rich.progress import Progress

        with Progress(console=terminal.err, transient=True) as shown:
            task = shown.add_task(terminal.text(phrase("what follows from it")), total=total)
            yield lambda done: shown.update(task, completed=done)

    return bar()
