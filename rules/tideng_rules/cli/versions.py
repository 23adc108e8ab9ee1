"""``tideng rules history``, ``diff``, ``show`` and ``packs``: the versions of rules and packs, shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound
from tideng.base.text import phrase
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, json_option, option
from tideng.model.templates import choose, spoken
from tideng.store.database import reading
from tideng_rules.document.yaml_writer import to_yaml
from tideng_rules.lifecycle.versions import (
    Version,
    latest,
    version,
    versions,
)
from tideng_rules.packaging.parameters import Parameter, parameters_of
from tideng_rules.packaging.reader import Shelf, packs_folder
from tideng_rules.rollout.plan import packs_in_force
from tideng_rules.wording.differences import differences

STATES = {"published": phrase("in force", context="versions"), "archived": phrase("archived")}
_HISTORY = (
    phrase("version"), phrase("state"), phrase("published"), phrase("author"), phrase("approved by"), phrase("note", context="versions"),
)  # fmt: skip
_PACKS = (phrase("parameter"), phrase("meaning"), phrase("default"), phrase("from … to"), phrase("set to"))


@command("history", help=phrase("Show every version of a rule, the newest first."))
@click.argument("rule", metavar="RULE")
@json_option()
def history(terminal: Terminal, rule: str, as_json: bool) -> int:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = versions(connection, Viewer.system(), rule)
    if as_json:
        terminal.json([to_json(one) for one in found])
        return FINE
    rows = [
        (v.version, terminal.text(STATES[v.state]), minute(v.published_at), v.author, v.approved_by, v.note)
        for v in found
    ]
    terminal.table(_HISTORY, rows)
    return FINE


@command(
    "diff",
    help=phrase(
        "Say in words what changed between two versions of a rule.\n\nWithout numbers: the version in force and the one before it. With one: that version and the one in force."
    ),
)
@click.argument("rule", metavar="RULE")
@click.argument("first", metavar="[V1]", type=int, required=False)
@click.argument("second", metavar="[V2]", type=int, required=False)
@json_option()
def diff(terminal: Terminal, rule: str, first: int | None, second: int | None, as_json: bool) -> int:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        old, new = _two(connection, rule, first, second)
        found = differences(old.document, new.document, terminal.language, deployment.catalogue)
    if as_json:
        said = [{"place": one.place, "sentence": one.sentence} for one in found]
        terminal.json({"rule": rule, "from": old.version, "to": new.version, "differences": said})
        return FINE
    for one in found:
        terminal.say(one.sentence)
    if not found:
        terminal.say(phrase("Nothing differs."))
    return FINE


@command("show", help=phrase("Show a rule as it is in force, as YAML."))
@click.argument("rule", metavar="RULE")
@option("--version", "number", type=int, metavar="N", help=phrase("This version instead."))
@option("--yaml", "as_yaml", is_flag=True, help=phrase("As YAML, which is how it is shown anyway."))
@json_option()
def show(terminal: Terminal, rule: str, number: int | None, as_yaml: bool, as_json: bool) -> int:
    if as_yaml and as_json:
        raise click.UsageError(terminal.text(phrase("either --yaml or --json")))
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = _one(connection, rule, number)
    if as_json:
        terminal.json(to_json(found))
    else:
        click.echo(to_yaml(found.document), nl=False)  # for files and pipes: not wrapped, not coloured
    return FINE


@command(
    "packs",
    help=phrase(
        "List the packs with their versions and parameters.\n\nThe shipped ones, and those in the folder packs of --client; in a deployment also what the client set."
    ),
)
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help=phrase("A client's folder: its packs, and what it sets."),
)
@json_option()
def packs(terminal: Terminal, client: Path | None, as_json: bool) -> int:
    shelf = Shelf.of(packs_folder(), *([client / "packs"] if client else []))
    in_use = _in_use(terminal, client)
    found = {name: (shelf.read(name), list(shelf.packs[name])) for name in shelf.packs}
    if as_json:
        terminal.json([_pack_json(name, document, there, in_use) for name, (document, there) in found.items()])
        return FINE
    for name, (document, there) in found.items():
        title = choose(document.get("title", {}), terminal.language)[0]
        used = in_use.get(name)
        line = phrase("{name} ({title}), version {versions}", name=name, title=title, versions=there)
        terminal.say(phrase("{pack}; in use: {version}", pack=line, version=used[0]) if used else line)
        given = used[1] if used else {}
        terminal.table(_PACKS, [_row(terminal, one, given) for one in parameters_of(document)])
    return FINE


def _in_use(terminal: Terminal, client: Path | None) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """What a client sets: its files' word where they are named, else the deployment's; nothing where there is neither."""
    if client is not None:
        from tideng.client.bundle import read_bundle

        return {use.name: (use.version or "", use.parameters) for use in read_bundle(client).packs}
    from tideng.base.settings import default_folder

    try:
        default_folder()
    except NotFound:
        return {}
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        return packs_in_force(connection)


def _row(terminal: Terminal, one: Parameter, given: Mapping[str, Any]) -> tuple[object, ...]:
    bounds = "" if one.minimum is None and one.maximum is None else f"{one.minimum} … {one.maximum}"
    default = f"{spoken(one.default, terminal.language)} {one.unit}".strip()
    return one.name, choose(one.title, terminal.language)[0], default, bounds, given.get(one.name, "")


def _pack_json(name: str, document: Mapping[str, Any], there: list[str], in_use: Mapping[str, Any]) -> dict[str, Any]:
    used = in_use.get(name)
    parameters = [{key: getattr(one, key) for key in one.__slots__} for one in parameters_of(document)]
    said = {"pack": name, "title": document.get("title", {}), "versions": there, "parameters": parameters}
    return {**said, "in_use": used and used[0], "set": dict(used[1]) if used else {}}


def _one(connection: Connection, rule: str, number: int | None) -> Version:
    if number is not None:
        return version(connection, Viewer.system(), rule, number)
    found = latest(connection, rule)
    if found is None:
        raise NotFound("no-rule", {"rule": rule})
    return found


def _two(connection: Connection, rule: str, first: int | None, second: int | None) -> tuple[Version, Version]:
    new = _one(connection, rule, second)
    return _one(connection, rule, max(new.version - 1, 1) if first is None else first), new


def to_json(one: Version) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


def minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
