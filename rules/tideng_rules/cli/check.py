"""``tideng rules check``: every problem of rules, before they are published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from tideng.base.clock import SystemClock
from tideng.base.errors import Problem
from tideng.base.problems import say, stored
from tideng.base.text import phrase
from tideng.cli.replay import rule_files
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.words import command, json_option, option
from tideng.client.bundle import Bundle, PackUse, read_bundle
from tideng.intake.event_files import declare_log_types
from tideng.model.catalogue import Catalogue
from tideng.runtime.deployment import Deployment
from tideng_rules.check.run import check_sources
from tideng_rules.document.source import Source
from tideng_rules.packaging.reader import read_sources, shipped_packs
from tideng_rules.plugin import with_client_types

_HEADINGS = (phrase("severity"), phrase("where"), phrase("what is wrong"), phrase("way out"))
_SEVERITIES = {"error": phrase("error"), "warning": phrase("warning")}


@command(
    "check",
    help=phrase(
        "Check rules and say everything that is wrong with them at once.\n\nThe rules in FILE… (files or folders), else all of the client given with --client, else the shipped packs. Exit status 1 if there is an error; warnings pass."
    ),
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help=phrase("The client whose people, event types and logs the rules are checked against."),
)
@option("--strict", is_flag=True, help=phrase("Also say which limits could move by one without an example noticing."))
@json_option()
def check(terminal: Terminal, files: tuple[Path, ...], client: Path | None, strict: bool, as_json: bool) -> int:
    sources, problems = find_problems(client, files, strict)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        terminal.json({"rules": len(sources), "problems": list(map(stored, problems))})
    elif problems:
        told = [say(problem, terminal.language) for problem in problems]
        rows = [(terminal.text(_SEVERITIES[p.severity]), p.at, p.problem, p.hint) for p in told]
        terminal.table(_HEADINGS, rows)
        warnings = len(problems) - len(errors)
        terminal.say(phrase("{n} errors, {warnings} warnings.", n=len(errors), warnings=warnings))
    else:
        terminal.say(phrase("{n} rules, nothing wrong.", n=len(sources)))
    return REFUSED if errors else FINE


def find_problems(
    client: Path | None, files: tuple[Path, ...], strict: bool = False
) -> tuple[list[Source], list[Problem]]:
    """The rules that were looked at, and every problem: of reading them, of checking them, of their examples.

    Raises `InvalidBundle` when the client itself cannot be read.
    """
    if client is not None:
        bundle = read_bundle(client)
    else:
        packs = () if files else tuple(PackUse(name) for name in shipped_packs())
        bundle = Bundle(root=Path.cwd(), client="check", packs=packs)
    if files:
        bundle = replace(bundle, rule_files=rule_files(files), packs=())
    catalogue = _catalogue(bundle, checked=client is not None)
    sources, problems = read_sources(bundle, catalogue)
    directory = bundle.directory() if bundle.positions or bundle.assignments else None
    return sources, problems + check_sources(sources, catalogue, directory, strict=strict)


def _catalogue(bundle: Bundle, checked: bool) -> Catalogue:
    """What can be spoken of: what the plugins declare, the client's own types, and those of its event logs."""
    deployment = Deployment.in_memory(replace(bundle, rule_files=(), packs=()), SystemClock(), checked=checked)
    logs = [path for path in bundle.event_files if path.name.removesuffix(".gz").endswith(".xes")]
    found = {one.name: one for one in declare_log_types(logs, deployment.plugins)}
    return with_client_types(deployment.catalogue, replace(bundle, event_types={**found, **bundle.event_types}))
