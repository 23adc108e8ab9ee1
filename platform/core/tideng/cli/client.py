"""``plan`` and ``apply``: from a client's files to the running deployment."""

from __future__ import annotations

from pathlib import Path

import click

from tideng.base.problems import stored
from tideng.base.text import SOURCE, Text, phrase, wording
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, json_option, option

_FOLDER = click.argument("client", metavar="CLIENT_DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))


@command(
    "plan",
    help=phrase(
        "Say what `apply` would change.\n\nReads the client bundle in CLIENT_DIR and compares it with the deployment; changes nothing."
    ),
)
@_FOLDER
@json_option()
def plan(terminal: Terminal, client: Path, as_json: bool) -> int:
    from tideng.client.bundle import read_bundle
    from tideng.runtime.apply import plan as changes

    bundle = read_bundle(client)
    with terminal.open() as deployment:
        lines = changes(deployment, bundle)
    _answer(terminal, as_json, "would change", lines, bundle.warnings, phrase("Nothing would change."))
    return FINE


@command(
    "apply",
    help=phrase(
        "Make the deployment as CLIENT_DIR says.\n\nEverything in one transaction, or nothing; workers take it up at once."
    ),
)
@_FOLDER
@option(
    "--take",
    type=click.Choice(("files", "deployment")),
    help=phrase(
        "Whose wording counts for a rule that was changed in the files and in the deployment; left out, such a rule is refused."
    ),
)
@json_option()
def apply(terminal: Terminal, client: Path, take: str | None, as_json: bool) -> int:
    from tideng.client.bundle import read_bundle
    from tideng.runtime.apply import apply as change

    bundle = read_bundle(client)
    with terminal.open() as deployment:
        lines = change(deployment, bundle, take or "")
        deployment.bell.ring()
    _answer(terminal, as_json, "changed", lines, bundle.warnings, phrase("Nothing had to change."))
    return FINE


def _answer(terminal: Terminal, as_json: bool, name: str, lines: list, warnings, nothing: Text) -> None:
    if as_json:
        said = list(map(stored, warnings))
        terminal.json({name: [wording(line, SOURCE) for line in lines], "warnings": said})
        return
    if warnings:
        terminal.problems(warnings)
    for line in lines:
        terminal.say(line)
    if not lines:
        terminal.say(nothing)
