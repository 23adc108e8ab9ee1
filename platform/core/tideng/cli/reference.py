"""The commands as a table, drawn from the commands themselves; ``python -m tideng.cli.reference FILE…`` writes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tideng.base.text import phrase, wording
from tideng.cli import tideng
from tideng.cli.terminal import Terminal
from tideng.cli.words import Option, WordedCommand

BEGIN, END = "<!-- commands: drawn from the code by `make docs` -->", "<!-- end of commands -->"


def reference(language: str = "en") -> str:
    """Every command with its arguments, what it does and its options, as Markdown tables."""
    heading = phrase("| command | what it does |")[language]
    lines = [heading, "|---|---|"]
    options = []
    for path, command in commands(language):
        arguments = " ".join(
            p.make_metavar(_context(path, command, language)) for p in command.params if isinstance(p, click.Argument)
        )
        summary, *more = command.in_words(language).split("\n\n")
        lines.append(f"| `{path}{' ' if arguments else ''}{_cell(arguments)}` | {_cell(' '.join((summary, *more)))} |")
        for option in command.params:
            if isinstance(option, Option) and wording(option.text, language):
                value = f" {option.make_metavar(_context(path, command, language))}" if not option.is_flag else ""
                names = ", ".join(option.opts)
                options.append(f"| `{path}` | `{names}{_cell(value)}` | {_cell(wording(option.text, language))} |")
    heading = phrase("| command | option | what it does |")[language]
    return "\n".join([*lines, "", heading, "|---|---|---|", *options]) + "\n"


def commands(language: str = "en") -> Iterator[tuple[str, WordedCommand]]:
    """Every command with its path (``tideng rules check``); groups are left out."""
    waiting: list[tuple[str, click.Command]] = [("tideng", tideng)]
    while waiting:
        path, command = waiting.pop(0)
        if isinstance(command, click.Group):
            ctx = _context(path, command, language)
            found = ((name, command.get_command(ctx, name)) for name in command.list_commands(ctx))
            waiting += [(f"{path} {name}", one) for name, one in found if one is not None and not one.hidden]
        elif isinstance(command, WordedCommand):
            yield path, command


def fill(page: str, language: str = "en") -> str:
    """The page with what stands between its marks drawn anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{reference(language)}{END}{after}"


def _context(path: str, command: click.Command, language: str) -> click.Context:
    return click.Context(command, info_name=path, obj=Terminal(language))


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(fill(file.read_text("utf-8"), "zh" if ".zh" in file.name else "en"), "utf-8")
