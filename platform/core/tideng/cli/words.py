"""Commands, options and help in Chinese and English: each text stands beside its translation, where it is used."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

LANGUAGES = ("zh", "en")
_HEADINGS = {"Options": "选项", "Commands": "命令"}
_SHOW_HELP = {"en": "Show this help.", "zh": "显示这段说明。"}


def language_of(environ: Mapping[str, str] = os.environ) -> str:
    """The language of the environment: zh where its locale is Chinese, else en."""
    said = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"


def spoken(ctx: click.Context) -> str:
    """The language of this call; that of the environment until ``--lang`` has been read."""
    return ctx.obj.language if ctx.obj is not None else language_of()


class Formatter(click.HelpFormatter):
    """click's help with Chinese headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(
            prog, args.replace("[OPTIONS]", "[选项]").replace("COMMAND [ARGS]", "命令 [参数]"), "用法："
        )

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        with super().section(_HEADINGS.get(name, name)):
            yield


class Option(click.Option):
    """An option with its help in both languages."""

    def __init__(self, names: Sequence[str], *, en: str = "", zh: str = "", **more: Any):
        super().__init__(names, **{**more, "help": en})
        self.wording = {"en": en, "zh": zh}

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].replace(self.wording["en"], self.wording[spoken(ctx)]))


class Bilingual(click.Command):
    """A command with its help in both languages: the first paragraph is its one line in lists."""

    def __init__(self, *names: Any, en: str = "", zh: str = "", **more: Any):
        super().__init__(*names, **more)
        self.wording = {"en": en, "zh": zh}

    def in_words(self, language: str) -> str:
        return self.wording[language]

    def get_short_help_str(self, limit: int = 200) -> str:
        return self._now().split("\n\n")[0]

    def _now(self) -> str:
        ctx = click.get_current_context(silent=True)
        return self.wording[spoken(ctx) if ctx else language_of()]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _SHOW_HELP[spoken(ctx)]
        return option

    def get_help(self, ctx: click.Context) -> str:
        ctx.formatter_class = Formatter if spoken(ctx) == "zh" else click.HelpFormatter
        return super().get_help(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = self.wording[spoken(ctx)]
        super().format_help_text(ctx, formatter)


class Command(Bilingual):
    pass


class Group(Bilingual, click.Group):
    """A group that says in both languages that it has no such command.

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
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1, cutoff=0.5)
            if spoken(ctx) == "zh":
                ctx.fail(f"没有命令 {args[0]!r}" + (f"，是不是 {near[0]}？" if near else "。"))
            ctx.fail(f"there is no command {args[0]!r}" + (f", did you mean {near[0]}?" if near else "."))
        return super().resolve_command(ctx, args)


def command(name: str, *, en: str, zh: str, cls: type[Command] = Command, **more: Any) -> Any:
    """Like ``click.command``, with the help in both languages; the function gets the `Terminal` first."""
    return lambda function: click.command(name, cls=cls, en=en, zh=zh, **more)(click.pass_obj(function))


def option(*names: str, en: str, zh: str, **more: Any) -> Any:
    """Like ``click.option``, with the help in both languages."""
    return click.option(*names, cls=Option, en=en, zh=zh, **more)


def json_option() -> Any:
    """``--json``: one JSON document, or one a line, on standard output."""
    return option(
        "--json", "as_json", is_flag=True, en="Print JSON, for other programs.", zh="输出 JSON，供其他程序读取。"
    )


def usage_error(error: click.UsageError, language: str) -> str:
    """What was wrong with the call, in words."""
    if language != "zh":
        return error.format_message()
    if isinstance(error, click.MissingParameter):
        return f"缺少 {error.param_hint or (error.param.get_error_hint(error.ctx) if error.param else '参数')}"
    if isinstance(error, click.NoSuchOption):
        near = f"，是不是 {'、'.join(error.possibilities)}？" if error.possibilities else ""
        return f"没有选项 {error.option_name}{near}"
    if isinstance(error, click.BadParameter):
        return f"{error.param.get_error_hint(error.ctx) if error.param else '参数'} 的值不对：{error.message}"
    return error.message
