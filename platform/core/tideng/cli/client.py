"""``plan`` and ``apply``: from a client's files to the running deployment."""

from __future__ import annotations

from pathlib import Path

import click

from tideng.base.problems import stored
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, json_option, option

_FOLDER = click.argument("client", metavar="CLIENT_DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))


@command(
    "plan",
    en="Say what `apply` would change.\n\nReads the client bundle in CLIENT_DIR and compares it with the deployment; changes nothing.",
    zh="列出 `apply` 会改动什么。\n\n读取 CLIENT_DIR 里的客户配置，与当前部署比较；不做任何改动。",
)
@_FOLDER
@json_option()
def plan(terminal: Terminal, client: Path, as_json: bool) -> int:
    from tideng.client.bundle import read_bundle
    from tideng.runtime.apply import plan as changes

    bundle = read_bundle(client)
    with terminal.open() as deployment:
        lines = changes(deployment, bundle)
    _answer(terminal, as_json, "would change", lines, bundle.warnings, ("Nothing would change.", "没有要改动的。"))
    return FINE


@command(
    "apply",
    en="Make the deployment as CLIENT_DIR says.\n\nEverything in one transaction, or nothing; workers take it up at once.",
    zh="让部署与 CLIENT_DIR 一致。\n\n全部一次生效，或者什么都不改；运行中的 worker 立即采用。",
)
@_FOLDER
@option(
    "--take",
    type=click.Choice(("files", "deployment")),
    en="Whose wording counts for a rule that was changed in the files and in the deployment; left out, such a rule is refused.",
    zh="规则在文件和部署里都改过时以谁为准；不写则遇到这样的规则就不应用。",
)
@json_option()
def apply(terminal: Terminal, client: Path, take: str | None, as_json: bool) -> int:
    from tideng.client.bundle import read_bundle
    from tideng.runtime.apply import apply as change

    bundle = read_bundle(client)
    with terminal.open() as deployment:
        lines = change(deployment, bundle, take or "")
        deployment.bell.ring()
    _answer(terminal, as_json, "changed", lines, bundle.warnings, ("Nothing had to change.", "没有需要改动的。"))
    return FINE


def _answer(terminal: Terminal, as_json: bool, name: str, lines: list, warnings, nothing: tuple[str, str]) -> None:
    if as_json:
        said = list(map(stored, warnings))
        terminal.json({name: lines, "warnings": said})
        return
    if warnings:
        terminal.problems(warnings)
    for line in lines:
        terminal.say(str(line), getattr(line, "zh", str(line)))
    if not lines:
        terminal.say(*nothing)
