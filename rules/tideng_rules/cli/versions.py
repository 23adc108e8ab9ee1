"""``tideng rules history``, ``diff``, ``show`` and ``packs``: what rules were and are, for whoever looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound
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

STATES = {"published": ("in force", "生效中"), "archived": ("archived", "已归档")}
_HISTORY = (
    ("version", "版本"), ("state", "状态"), ("published", "发布于"), ("author", "作者"), ("approved by", "批准人"), ("note", "说明"),
)  # fmt: skip
_PACKS = (("parameter", "参数"), ("meaning", "含义"), ("default", "默认"), ("from … to", "范围"), ("set to", "已设为"))


@command(
    "history",
    en="Show every version of a rule, the newest first.",
    zh="查看一条规则的所有版本，最新的在前。",
)
@click.argument("rule", metavar="RULE")
@json_option()
def history(terminal: Terminal, rule: str, as_json: bool) -> int:
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = versions(connection, Viewer.system(), rule)
    if as_json:
        terminal.json([to_json(one) for one in found])
        return FINE
    rows = [
        (v.version, terminal.text(*STATES[v.state]), minute(v.published_at), v.author, v.approved_by, v.note)
        for v in found
    ]
    terminal.table(_HISTORY, rows)
    return FINE


@command(
    "diff",
    en="Say in words what changed between two versions of a rule.\n\nWithout numbers: the version in force and the one before "
    "it. With one: that version and the one in force.",
    zh="用文字说明一条规则两个版本之间的改动。\n\n不写版本号：比较生效版本和它的上一版；只写一个：比较该版本和生效版本。",
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
        terminal.say(one.sentence, one.sentence)
    if not found:
        terminal.say("Nothing differs.", "没有不同。")
    return FINE


@command(
    "show",
    en="Show a rule as it is in force, as YAML.",
    zh="以 YAML 显示生效中的规则。",
)
@click.argument("rule", metavar="RULE")
@option("--version", "number", type=int, metavar="N", en="This version instead.", zh="改看这个版本。")
@option("--yaml", "as_yaml", is_flag=True, en="As YAML, which is how it is shown anyway.", zh="输出 YAML，默认就是。")
@json_option()
def show(terminal: Terminal, rule: str, number: int | None, as_yaml: bool, as_json: bool) -> int:
    if as_yaml and as_json:
        raise click.UsageError(terminal.text("either --yaml or --json", "--yaml 和 --json 只能选一个"))
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = _one(connection, rule, number)
    if as_json:
        terminal.json(to_json(found))
    else:
        click.echo(to_yaml(found.document), nl=False)  # for files and pipes: not wrapped, not coloured
    return FINE


@command(
    "packs",
    en="List the packs with their versions and parameters.\n\nThe shipped ones, and those in the folder packs of --client; in a "
    "deployment also what the client set.",
    zh="列出规则包及其版本和参数。\n\n包括自带的，以及 --client 目录下 packs 里的；在部署里运行时也显示客户设的值。",
)
@option(
    "--client",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    en="A client's folder: its packs, and what it sets.",
    zh="客户目录：它的规则包和它设的值。",
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
        zh = f"{name}（{title}），版本 {'、'.join(there)}" + (f"；在用 {used[0]}" if used else "")
        terminal.say(f"{name} ({title}), version {', '.join(there)}" + (f"; in use: {used[0]}" if used else ""), zh)
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
