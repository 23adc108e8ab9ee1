"""``tideng rules quarantine`` and ``tideng rules try-again``: rules that are kept from an engine."""

from __future__ import annotations

import click

from tideng.access.viewer import Viewer
from tideng.base.text import phrase
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, json_option
from tideng.store.database import reading, writing
from tideng_rules.engine.faults import Trouble
from tideng_rules.lifecycle import quarantine
from tideng_rules.lifecycle.quarantine import DURABLE

_HEADINGS = (
    phrase("rule"),
    phrase("version"),
    phrase("since (UTC)"),
    phrase("why"),
    phrase("judged meanwhile by"),
)


@command(
    "quarantine",
    help=phrase(
        "Show the rules that were set aside, since when and why.\n\nExit status 1 if there are any. Edit and publish such a rule, or give it back with `tideng rules try-again RULE`."
    ),
)
@json_option()
def show(terminal: Terminal, as_json: bool) -> int:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = quarantine.set_aside(connection, Viewer.system())
    rows = []
    for one in found:
        why = Trouble.of(one.details, one.why).words(terminal.language)
        judge = terminal.text(phrase("closures")) if one.engine == DURABLE else terminal.text(phrase("nobody"))
        if as_json:
            since = one.since.isoformat()
            told = {"rule": one.rule, "version": one.version, "since": since, "engine": one.engine, "why": why}
            terminal.json({**told, **one.details})
        rows.append((one.rule, one.version, f"{one.since:%Y-%m-%d %H:%M}", why, judge))
    if as_json:
        return REFUSED if rows else FINE
    if not rows:
        terminal.say(phrase("No rule is set aside."))
        return FINE
    terminal.table(_HEADINGS, rows)
    return REFUSED


@command(
    "try-again",
    help=phrase(
        "Give a rule that was set aside back to the engines, as it is.\n\nIt is set aside again if it fails again."
    ),
)
@click.argument("rule", metavar="RULE")
def release(terminal: Terminal, rule: str) -> int:
    with terminal.open() as deployment:
        with writing(deployment.engine) as connection:
            quarantine.try_again(connection, Viewer.system(), rule)
        deployment.bell.ring()
    terminal.say(phrase("Rule {rule} is tried again.", rule=rule))
    return FINE
