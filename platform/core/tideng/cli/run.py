"""``run``, ``worker``, ``web`` and ``demo``: the processes of a deployment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from tideng.base.errors import CommandFailed, NotFound
from tideng.base.parse_errors import of_os
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
    raise NotFound("no-web-installed", {"name": name, "group": WEB_GROUP})


@command(
    "run",
    en="Run web and worker until Ctrl-C.\n\nEach is a process of its own and is started again if it dies.",
    zh="运行网页和 worker，直到按 Ctrl-C。\n\n两者是独立的进程，意外退出会自动重启。",
)
@option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    en="The web's port; the setting web_port by default.",
    zh="网页端口；默认用设置 web_port。",
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
    terminal.note(f"Open {address}; Ctrl-C ends it.", f"请打开 {address}；按 Ctrl-C 结束。", "bold")
    children.watch(stop)
    return FINE


def _teller(terminal: Terminal) -> Callable[[str, str], None]:
    def tell(name: str, what: str) -> None:
        if what.startswith("pid"):
            terminal.note(f"{name} runs ({what})", f"{name} 已启动（{what}）")
        else:
            terminal.note(f"{name} ended ({what}); it is started again", f"{name} 退出（{what}），正在重启", "bold")

    return tell


@command(
    "worker",
    en="Judge what waits and speak, until Ctrl-C.\n\nAny number of workers may run; `run` starts one.",
    zh="处理等待中的事件并发出提醒，直到按 Ctrl-C。\n\n可以同时运行多个；`run` 会启动一个。",
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


@command(
    "web",
    en="Answer on the web only, until Ctrl-C; `run` starts it with a worker.",
    zh="只运行网页，直到按 Ctrl-C；`run` 会连同 worker 一起启动。",
)
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
    en="Show the sample company on an evening at 18:55, from nothing, in DIR (./demo).\n\nA virtual clock runs fast; watch the "
    "reminders of 19:00 and the step of 21:00 come, and two late reports change them.",
    zh="从零开始演示样例公司的一个傍晚（18:55 起），放在 DIR（默认 ./demo）。\n\n虚拟时钟走得很快：看 19:00 的提醒、21:00 的后续，以及两份晚到的日报带来的变化。",
)
@click.argument("folder", metavar="[DIR]", default="demo", type=click.Path(file_okay=False, path_type=Path))
@option(
    "--speed",
    type=click.FloatRange(min=1),
    metavar="N",
    default=60.0,
    en="How many times faster than the wall (60: a minute a second).",
    zh="比真实时间快多少倍（60：一秒走一分钟）。",
)
@option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    default=8080,
    en="The web's port (8080).",
    zh="网页端口（8080）。",
)
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    en="Another client bundle.",
    zh="换一个客户配置。",
)
@option(
    "--until-done",
    is_flag=True,
    en="End when the evening is over, instead of waiting for Ctrl-C.",
    zh="傍晚过完就结束，不等 Ctrl-C。",
)
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
        raise CommandFailed("file-trouble", {"file": error.filename or folder, "why": of_os(error)}) from error
