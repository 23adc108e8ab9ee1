"""``plugins``: which are on, and a switch for each; what the web's page of plugins does as well."""

from __future__ import annotations

import click

from tideng.base.problems import say_sentence
from tideng.base.text import phrase
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, json_option, option


@command(
    "plugins",
    help=phrase("Show the plugins and what became of each; switch one off or on, or try one again that failed."),
)
@option("--off", metavar="NAME", help=phrase("Switch this plugin off, in every process."))
@option("--on", metavar="NAME", help=phrase("Switch it on."))
@option("--again", metavar="NAME", help=phrase("Load it anew after it failed."))
@json_option()
def plugins(terminal: Terminal, off: str | None, on: str | None, again: str | None, as_json: bool) -> int:
    if sum(map(bool, (off, on, again))) > 1:
        raise click.UsageError(terminal.text(phrase("--off, --on or --again, not several")))
    from tideng.access.viewer import Viewer
    from tideng.runtime.plugin_switches import switch_off, switch_on, try_again
    from tideng.store.database import reading, writing
    from tideng.views.operations import plugins as noted

    viewer = Viewer.system()
    with terminal.open() as deployment:
        if off or on or again:
            with writing(deployment.engine) as connection:
                if off:
                    switch_off(connection, deployment, viewer, off)
                elif on:
                    switch_on(connection, deployment, viewer, on)
                else:
                    try_again(connection, deployment, viewer, again or "")
            deployment.bell.ring()
        with reading(deployment.engine) as connection:
            since = {one.name: one.since for one in noted(connection, viewer)}
        states = deployment.plugins.states
        if as_json:
            for one in states:
                terminal.json(
                    {"name": one.name, "version": one.version, "state": one.state, "error": one.error or None}
                )
        else:
            words = {"on": phrase("on"), "off": phrase("off"), "failed": phrase("failed")}
            rows = [
                (
                    one.name,
                    one.version,
                    terminal.text(words[one.state]),
                    f"{since[one.name]:%Y-%m-%d %H:%M}Z" if one.name in since else "—",
                    say_sentence(one.why, terminal.language) if one.why else "",
                )
                for one in states
            ]
            headings = (phrase("plugin"), phrase("version"), phrase("state"), phrase("since"), phrase("why"))
            terminal.table(headings, rows)
        wanted = on or again
        failed = wanted and next((one for one in states if one.name == wanted and one.state != "on"), None)
        return REFUSED if failed else FINE
