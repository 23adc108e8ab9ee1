"""The command ``demo``."""

from __future__ import annotations

from pathlib import Path

import click

from tideng.base.errors import CommandFailed
from tideng.base.parse_errors import of_os
from tideng.base.text import phrase
from tideng.cli.children import stop_on_signals
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, option


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
