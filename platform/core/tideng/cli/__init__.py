"""The command ``tideng``. What each command does stands in its own module, which is loaded when the command is called.

Exit status: 0 fine, 1 something was refused, 2 wrong usage. A package contributes commands of its own through the
entry point group ``tideng.commands``: name → a click command made with `tideng.cli.words.command`.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

import click

from tideng.base.catalogues import languages
from tideng.base.errors import CommandFailed, TidengError
from tideng.base.problems import say_sentence
from tideng.base.text import phrase
from tideng.cli.terminal import FINE, REFUSED, WRONG_USAGE, Terminal
from tideng.cli.words import Group, language_of_environment, option, spoken, usage_error

COMMANDS_GROUP = "tideng.commands"
OWN: Mapping[str, str] = MappingProxyType(
    {
        "init": "tideng.cli.setup:init",
        "migrate": "tideng.cli.setup:migrate",
        "doctor": "tideng.cli.doctor:doctor",
        "demo": "tideng.cli.demo.command:demo",
        "run": "tideng.cli.run:run",
        "worker": "tideng.cli.run:worker",
        "web": "tideng.cli.run:web",
        "ingest": "tideng.cli.ingest:ingest",
        "dead-letters": "tideng.cli.ingest:dead_letters",
        "nudges": "tideng.cli.look:nudges",
        "held": "tideng.cli.held:held",
        "plugins": "tideng.cli.plugins:plugins",
        "replay": "tideng.cli.replay:replay",
        "plan": "tideng.cli.client:plan",
        "apply": "tideng.cli.client:apply",
    }
)


class Tideng(Group):
    """Loads a command when it is asked for, so that a replay does not wait for what only the web needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*OWN, *sorted(set(_contributed()) - set(OWN))]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in OWN:
            module, _, attribute = OWN[name].partition(":")
            return getattr(importlib.import_module(module), attribute)
        entry = _contributed().get(name)
        return None if entry is None else _load(entry, spoken(ctx))


def _contributed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=COMMANDS_GROUP)}


def _load(entry: EntryPoint, language: str) -> click.Command:
    """The command of another package; a broken one says so when it is called and leaves the others alone."""
    try:
        return entry.load()
    except Exception as error:
        said = f"{entry.value}: {type(error).__name__}: {error}"
        failed = CommandFailed("command-not-loaded", {"why": said})
        short = say_sentence(failed.message, language)

        def broken() -> None:
            raise failed

        more = {"ignore_unknown_options": True, "allow_extra_args": True}
        return click.Command(entry.name, callback=broken, help=short, context_settings=more)


def _speak(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    ctx.obj = Terminal(value or language_of_environment())


@click.command(
    "tideng",
    cls=Tideng,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help=phrase("Tideng tells people in time, instead of fining them late."),
)
@option(
    "--lang",
    type=click.Choice(languages()),
    callback=_speak,
    is_eager=True,
    expose_value=False,
    help=phrase("The language of the answers; the locale decides by default."),
)
@click.version_option(package_name="tideng", message="%(prog)s %(version)s")
def tideng() -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; what goes wrong is said on standard error, never as a traceback."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    terminal = Terminal(_language(arguments))
    try:
        status = tideng.main(arguments, prog_name="tideng", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else FINE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.format_message())
        return WRONG_USAGE
    except click.UsageError as error:
        way_out = f"{error.ctx.command_path if error.ctx else 'tideng'} --help"
        said = usage_error(error, terminal.language)
        terminal.note(phrase("{said}\nSee `{way_out}`.", said=said, way_out=way_out))
        return WRONG_USAGE
    except click.ClickException as error:
        terminal.note(error.format_message())
        return REFUSED
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        # whoever read the answer has seen enough; Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except TidengError as error:
        terminal.refuse(error)
        return REFUSED
    except OSError as error:
        failed = phrase("{file}: {problem}", file=error.filename, problem=str(error.strerror or error))
        terminal.note(failed if error.filename else str(error.strerror or error))
        return REFUSED
    except Exception as error:
        _say_fault(terminal, error)
        return REFUSED


def _say_fault(terminal: Terminal, error: Exception) -> None:
    from sqlalchemy.exc import DBAPIError

    from tideng.base.logs import where

    if isinstance(error, DBAPIError):
        reason = str(error.orig).strip().splitlines()[0] if error.orig is not None else type(error).__name__
        terminal.note(phrase("The database says: {reason}\nSee `tideng doctor`.", reason=reason))
        return
    said = f"{type(error).__name__}: {error} ({where(error)})"
    terminal.note(phrase("This is a fault in Tideng: {said}", said=said))
    if os.environ.get("TIDENG_LOG_LEVEL") == "debug":
        terminal.err.print_exception()


def _language(arguments: Sequence[str]) -> str:
    """The language in which even a wrong call is answered."""
    for number, argument in enumerate(arguments):
        value = argument.partition("=")[2] if argument.startswith("--lang=") else ""
        if argument == "--lang" and number + 1 < len(arguments):
            value = arguments[number + 1]
        if value in languages():
            return value
    return language_of_environment()
