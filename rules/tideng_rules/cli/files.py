"""``tideng rules export`` and ``import``: rules out and in as files, byte for byte."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tideng.access.viewer import Viewer
from tideng.base.text import phrase
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, option
from tideng.store.database import reading, writing
from tideng_rules.lifecycle.import_export import export_in_force, export_rule, import_drafts
from tideng_rules.lifecycle.publishing import Ground


@command(
    "export",
    help=phrase(
        "Write a rule as YAML, or all rules in force as one file.\n\nWhat was imported comes out byte for byte while it still says the same."
    ),
)
@click.argument("rule", metavar="[RULE]", required=False)
@option("--version", "number", type=int, metavar="N", help=phrase("This version instead."))
def export(terminal: Terminal, rule: str | None, number: int | None) -> int:
    if rule is None and number is not None:
        raise click.UsageError(terminal.text(phrase("--version needs a RULE")))
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        viewer = Viewer.system()
        text = export_rule(connection, viewer, rule, number) if rule else export_in_force(connection, viewer)
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()
    return FINE


@command(
    "import",
    help=phrase(
        "Begin a draft of every rule in a file, all of them or none.\n\nWhat is wrong is said at once, with its lines. A rule that is there already gets a draft; what is in force stays."
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--note", default="", metavar="TEXT", help=phrase("What changes, and why."))
@option("--by", default="", metavar="NAME", help=phrase("Who does it, for the record."))
def import_(terminal: Terminal, file: Path, note: str, by: str) -> int:
    viewer = Viewer(by, "", Viewer.system().roles) if by else Viewer.system()
    with terminal.open() as deployment, writing(deployment.engine) as connection:
        ground, now = Ground.of(deployment, connection), deployment.clock.now()
        made = import_drafts(connection, viewer, file.read_bytes(), now, ground, note)
    for one in made:
        line = phrase("draft {id}: {rule}", id=one.id, rule=one.rule)
        based = phrase("{draft}, from version {n}", draft=line, n=one.based_on)
        terminal.say(based if one.based_on else line)
    return FINE
