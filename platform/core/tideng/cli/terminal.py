"""What a command says and where: answers on standard output, everything else on standard error."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from tideng.base.errors import (
    CommandFailed,
    NotFound,
    Problem,
    Refused,
    TidengError,
)
from tideng.base.problems import in_each_language, say, say_sentence
from tideng.base.text import Text, phrase, wording

if TYPE_CHECKING:
    from rich.console import Console

    from tideng.runtime.deployment import Deployment

FINE, REFUSED, WRONG_USAGE = 0, 1, 2
_PIPED_WIDTH = 160  # where no terminal says how wide it is


class Terminal:
    """Speaks one language; opens the deployment in the current folder."""

    def __init__(self, language: str):
        self.language = language

    # rich and the words of problems are loaded when something is printed: `--help` prints through click
    @cached_property
    def out(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        return _console(sys.stderr)

    def text(self, text: Text | str) -> str:
        """The wording in the language of this call."""
        return wording(text, self.language)

    def say(self, text: Text | str) -> None:
        """One line of the answer."""
        self._print(self.out, self.text(text))

    def note(self, text: Text | str, style: str = "") -> None:
        """One line beside the answer, on standard error."""
        self._print(self.err, self.text(text), style)

    @staticmethod
    def _print(console: Console, line: str, style: str = "") -> None:
        from rich import text  # not markup: a bracket in a line is a bracket

        console.print(text.Text(line), highlight=False, soft_wrap=True, style=style or None)

    def json(self, value: Any) -> None:
        """One JSON document on one line."""
        # not through rich, which would wrap and colour it
        sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")

    def table(self, columns: Sequence[Text], rows: Iterable[Sequence[object]], *, on_err: bool = False) -> None:
        """A table; `columns` are its headings."""
        from rich import text
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in columns:
            table.add_column(self.text(heading), overflow="fold")
        for row in rows:
            table.add_row(*(text.Text("" if cell is None else str(cell), overflow="fold") for cell in row))
        (self.err if on_err else self.out).print(table)

    def refuse(self, error: TidengError) -> None:
        """Say what was refused, every problem of it, on standard error."""
        if isinstance(error, Refused):
            said = self.text(phrase("{what}: {n} to mend", what=in_each_language(error.message), n=len(error.problems)))
            self._print(self.err, said, "bold")
            self.problems(error.problems)
        else:
            self._print(self.err, say_sentence(error.message, self.language), "bold")

    def problems(self, problems: Iterable[Problem], *, on_err: bool = True) -> None:
        """Problems as a table: where, what, the way out."""
        said = [say(problem, self.language) for problem in problems]
        self.table(PROBLEM_COLUMNS, [(one.at, one.problem, one.hint) for one in said], on_err=on_err)

    def open(self, *, loud: bool = False, migrated: bool = True) -> Deployment:
        """Open the deployment of the current folder (or ``TIDENG_HOME``).

        `loud`: log as the settings say, for long-running commands; the others log warnings only. Raises
        `click.UsageError` where there is no deployment, `TidengError` where its tables are not up to date.
        """
        from tideng.base import logs
        from tideng.base.settings import default_folder, load
        from tideng.runtime.deployment import Deployment
        from tideng.runtime.migrate import behind

        try:
            folder = default_folder()
        except NotFound as error:
            raise click.UsageError(say_sentence(error.message, self.language)) from None
        settings = load(folder)
        logs.configure(settings.log_level if loud else "warning", settings.log_format)
        for talkative in ("alembic", "flask_appbuilder"):  # they greet at every start
            logging.getLogger(talkative).setLevel(logging.WARNING)
        deployment = Deployment.open(settings)
        if migrated and (parts := behind(deployment)):
            deployment.close()
            raise CommandFailed("database-outdated", {"names": parts})
        return deployment


PROBLEM_COLUMNS = (phrase("where"), phrase("what is wrong"), phrase("way out"))


def _console(stream: Any) -> Console:
    from rich.console import Console

    console = Console(file=stream, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(file=stream, highlight=False, width=_PIPED_WIDTH)
    return console
