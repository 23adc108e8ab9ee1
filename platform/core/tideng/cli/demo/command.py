"""The command ``demo``."""

from __future__ import annotations

from pathlib import Path

import click

from tideng.base.errors import CommandFailed
from tideng.base.parse_errors import of_os
from tideng.cli.children import stop_on_signals
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, option


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
    # the evening needs the database and the engine, which --help does not
    from tideng.cli.demo.evening import Demo

    stop = stop_on_signals()
    shown = Demo(terminal, folder, speed, port, client)
    try:
        shown.prepare(stop)
        if stop.is_set():
            return 130
        return FINE if shown.play(stop, until_done) else REFUSED
    except OSError as error:
        raise CommandFailed("file-trouble", {"file": error.filename or folder, "why": of_os(error)}) from error
