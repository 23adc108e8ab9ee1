"""``run``, ``worker`` and ``web``: the processes of a deployment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import click

from tideng.base.text import phrase
from tideng.cli.children import Children, end_with_parent, stop_on_signals
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.web_entry import web_entry
from tideng.cli.words import command, option

_WITH_PARENT = click.option("--with-parent", is_flag=True, hidden=True)


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
