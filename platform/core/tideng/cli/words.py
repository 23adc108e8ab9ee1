"""Commands, options and help in the caller's language; each text is written in English where it is used."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from tideng.base.catalogues import SOURCE, language_of
from tideng.base.text import Text, phrase, wording

_HEADINGS = {"Options": phrase("Options"), "Commands": phrase("Commands")}
_SHOW_HELP = phrase("Show this help.")
_SHOW_VERSION = phrase("Show the version.")


def language_of_environment(environ: Mapping[str, str] = os.environ) -> str:
    """The installed language of the environment's locale, else English."""
    named = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return language_of(named) or SOURCE


def spoken(ctx: click.Context) -> str:
    """The language of this call; that of the environment until ``--lang`` has been read."""
    return ctx.obj.language if ctx.obj is not None else language_of_environment()


class Formatter(click.HelpFormatter):
    """click's help with its own words in the language of the call."""

    language = SOURCE

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        options, command = (wording(one, self.language) for one in (phrase("[OPTIONS]"), phrase("COMMAND [ARGS]")))
        usage = wording(phrase("Usage: "), self.language)
        super().write_usage(prog, args.replace("[OPTIONS]", options).replace("COMMAND [ARGS]", command), usage)

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        with super().section(wording(_HEADINGS.get(name, name), self.language)):
            yield


class Option(click.Option):
    """An option whose help is a text."""

    def __init__(self, names: Sequence[str], *, help: Text, **more: Any):
        super().__init__(names, **{**more, "help": str(help)})
        self.text = help

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].replace(str(self.text), wording(self.text, spoken(ctx))))


class WordedCommand(click.Command):
    """A command whose help is a text: the first paragraph is its one line in lists."""

    def __init__(self, *names: Any, help: Text, **more: Any):
        super().__init__(*names, **{**more, "help": str(help)})
        self.text = help

    def in_words(self, language: str) -> str:
        return wording(self.text, language)

    def get_short_help_str(self, limit: int = 200) -> str:
        ctx = click.get_current_context(silent=True)
        return self.in_words(spoken(ctx) if ctx else language_of_environment()).split("\n\n")[0]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = wording(_SHOW_HELP, spoken(ctx))
        return option

    def get_help(self, ctx: click.Context) -> str:
        ctx.formatter_class = type("Spoken", (Formatter,), {"language": spoken(ctx)})
        return super().get_help(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = self.in_words(spoken(ctx))
        super().format_help_text(ctx, formatter)


class Command(WordedCommand):
    pass


class Group(WordedCommand, click.Group):
    """A group that says in the caller's language that it has no such command.

    `lazy`: name of a command → ``module:attribute``, imported when the command is called or the group's help is shown, so
    that neither a sibling nor the help of the level above waits for what only one command needs.
    """

    def __init__(self, *names: Any, lazy: Mapping[str, str] | None = None, **more: Any):
        super().__init__(*names, **more)
        self._lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._lazy[cmd_name].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            import difflib  # only to answer a mistake

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1, cutoff=0.5)
            unknown = phrase("there is no command {name}", name=repr(args[0]))
            hint = phrase("{problem}, did you mean {name}?", problem=unknown, name=near[0]) if near else None
            ctx.fail(wording(hint or phrase("{problem}.", problem=unknown), spoken(ctx)))
        return super().resolve_command(ctx, args)


def command(name: str, *, help: Text, cls: type[Command] = Command, **more: Any) -> Any:
    """Like ``click.command``, with a text for its help; the function gets the `Terminal` first."""
    return lambda function: click.command(name, cls=cls, help=help, **more)(click.pass_obj(function))


def option(*names: str, help: Text, **more: Any) -> Any:
    """Like ``click.option``, with a text for its help."""
    return click.option(*names, cls=Option, help=help, **more)


def json_option() -> Any:
    """``--json``: one JSON document, or one a line, on standard output."""
    return option("--json", "as_json", is_flag=True, help=phrase("Print JSON, for other programs."))


def usage_error(error: click.UsageError, language: str) -> str:
    """What was wrong with the call, in words. What click has no class for stays as click says it."""
    if isinstance(error, click.MissingParameter):
        hint = error.param_hint or (error.param.get_error_hint(error.ctx) if error.param else None)
        name = hint or phrase("a parameter")
        return wording(phrase("{name} is missing", name=name), language)
    if isinstance(error, click.NoSuchOption):
        text = phrase("There is no option {name}", name=error.option_name)
        if error.possibilities:
            text = phrase("{problem}. Did you mean {names}?", problem=text, names=list(error.possibilities))
        return wording(text, language)
    if isinstance(error, click.BadParameter):
        name = error.param.get_error_hint(error.ctx) if error.param else phrase("a parameter")
        return wording(phrase("Invalid value for {name}: {problem}", name=name, problem=error.message), language)
    return error.message
