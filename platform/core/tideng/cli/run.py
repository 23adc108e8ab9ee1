"""``run``, ``worker``, ``web`` and ``demo``: the processes of a deployment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from tideng.base.errors import NotFound, TidengError
from tideng.base.text import phrase
from tideng.cli.children import Children, end_with_parent, stop_on_signals
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, option

WEB_GROUP = "tideng.web"
"""Entry points of the web: ``serve(settings)`` answers until a signal; ``prepare(deployment, logins)`` makes
tables, roles and logins, given as (person's id, role, password), and returns the password it made up for admin, if any; ``is_built()`` says whether the scripts
of its pages are there."""

_WITH_PARENT = click.option("--with-parent", is_flag=True, hidden=True)


def web_entry(name: str) -> Callable[..., Any]:
    """The web's function of that name; raises `NotFound` when no web is installed."""
    for entry in entry_points(group=WEB_GROUP, name=name):
        return entry.load()
    raise NotFound(f"no web is installed (entry point {name!r} in the group {WEB_GROUP})")


@command(
    "run",
    help=phrase("Run web and worker until Ctrl-C.\n\nEach is a process of its own and is started again if it dies."),
)
@option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help=phrase("The web's port; the setting web_port by default."),
)
def run(terminal: Terminal, port: int | None) -> int:
    with terminal.open() as deployment:
        settings = deployment.settings
    stop = stop_on_signals()
    environ = {**os.environ, **({"TIDENG_WEB_PORT": str(port)} if port else {})}
    children = Children(_teller(terminal), environ, str(settings.folder))
    children.add("worker", "worker", "--with-parent")
    children.add("web", "web", "--with-parent")
    address = f"http://{settings.web_host}:{port or settings.web_port}"
    terminal.note(phrase("Open {address}; Ctrl-C ends it.", address=address), "bold")
    children.watch(stop)
    return FINE


def _teller(terminal: Terminal) -> Callable[[str, str], None]:
    def tell(name: str, what: str) -> None:
        if what.startswith("pid"):
            terminal.note(phrase("{name} runs ({what})", name=name, what=what))
        else:
            terminal.note(phrase("{name} ended ({what}); it is started again", name=name, what=what), "bold")

    return tell


@command(
    "worker",
    help=phrase("Judge what waits and speak, until Ctrl-C.\n\nAny number of workers may run; `run` starts one."),
)
@_WITH_PARENT
def worker(terminal: Terminal, with_parent: bool) -> int:
    from tideng.runtime.worker import Worker

    bell = threading.Event()
    stop = stop_on_signals(bell.set)
    if with_parent:
        end_with_parent()
    with terminal.open(loud=True) as deployment:
        listener = deployment.bell.listen(bell.set)
        try:
            Worker(deployment).run(stop, bell)
        finally:
            listener.stop()
    return FINE


@command("web", help=phrase("Answer on the web only, until Ctrl-C; `run` starts it with a worker."))
@_WITH_PARENT
def web(terminal: Terminal, with_parent: bool) -> int:
    serve = web_entry("serve")
    if with_parent:
        end_with_parent()
    with terminal.open(loud=True) as deployment:
        settings = deployment.settings
    serve(settings)
    return FINE


@command(
    "demo",
    help=phrase(
        "Show the sample company on an evening at 18:55, from nothing, in DIR (./demo).\n\nA virtual clock runs fast; watch the reminders of 19:00 and the step of 21:00 come, and two late reports change them."
    ),
)
@click.argument("folder", metavar="[DIR]", default="demo", type=click.Path(file_okay=False, path_type=Path))
@option(
    "--speed",
    type=click.FloatRange(min=1),
    metavar="N",
    default=60.0,
    help=phrase("How many times faster than the wall (60: a minute a second)."),
)
@option("--port", type=click.IntRange(1, 65535), metavar="N", default=8080, help=phrase("The web's port (8080)."))
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help=phrase("Another client bundle."),
)
@option("--until-done", is_flag=True, help=phrase("End when the evening is over, instead of waiting for Ctrl-C."))
def demo(terminal: Terminal, folder: Path, speed: float, port: int, client: Path | None, until_done: bool) -> int:
    from tideng.cli.demo import Demo

    stop = stop_on_signals()
    shown = Demo(terminal, folder, speed, port, client)
    try:
        shown.prepare(stop)
        if stop.is_set():
            return 130
        return FINE if shown.play(stop, until_done) else REFUSED
    except OSError as error:
        raise TidengError(f"{error.filename or folder}: {error.strerror or error}") from error
