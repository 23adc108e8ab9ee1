"""``run``, ``worker`` and ``web``: the processes of a deployment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import click

from tideng.cli.children import Children, end_with_parent, stop_on_signals
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.web_entry import web_entry
from tideng.cli.words import command, option

_WITH_PARENT = click.option("--with-parent", is_flag=True, hidden=True)


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
