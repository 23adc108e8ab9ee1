"""``tideng processes``: lists processes, shows one in words, lists cases, checks files, and walks event logs.

Imports stand inside the commands: each command loads only what it needs, so that the command line starts fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tideng.plugin import EXIT_FINE, Group, NotFound, Terminal, command, json_option, option
from tideng_processes.cli import conform
from tideng_processes.cli.files import check, client_option, of_bundle

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.plugin import Deployment, Directory
    from tideng_processes.document.model import Definition, Node
    from tideng_processes.publication.registry import Published, Registry
    from tideng_processes.views.case_list import CaseLine, CaseQuery

ORIGINS = {
    "shipped": ("shipped", "自带"),
    "files": ("the client's files", "客户文件"),
    "people": ("people", "页面上改的"),
}
_PAGE = 200


@click.group("processes", cls=Group, en="Work with processes.", zh="流程相关的命令。")
def processes() -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Known:
    """The processes, and the directory of the people who own steps."""

    registry: Registry
    directory: Directory


@contextmanager
def _known(terminal: Terminal, client: Path | None) -> Iterator[_Known]:
    """The processes of the client's files alone, or of the deployment in this folder."""
    if client is not None:
        registry, directory = of_bundle(client)
        yield _Known(registry, directory)
        return
    from tideng.plugin import reading

    with terminal.open() as deployment, reading(deployment.engine) as connection:
        yield _Known(_stored(deployment, connection), _directory(deployment, connection))


def _stored(deployment: Deployment, connection: Connection) -> Registry:
    from tideng_processes.publication import registry

    return registry.Registry(registry.shipped_by(deployment), registry.stored(connection))


def _directory(deployment: Deployment, connection: Connection) -> Directory:
    from tideng.plugin import directory_of

    return directory_of(deployment, connection)


@command(
    "list",
    en="List the processes with their versions.\n\nThose of the deployment in this folder, or of the client given with --client.",
    zh="列出流程和版本。\n\n默认是当前目录里部署的流程；给了 --client 则是该客户的。",
)
@client_option()
@json_option()
def list_(terminal: Terminal, client: Path | None, as_json: bool) -> int:
    with _known(terminal, client) as known:
        found = known.registry.all()
    if as_json:
        for one in found:
            terminal.json(_published_json(one))
        return EXIT_FINE
    headings = (
        ("id", "编号"),
        ("title", "名称"),
        ("version", "版本"),
        ("steps", "步骤"),
        ("from", "来自"),
        ("since", "从"),
    )
    terminal.table(headings, [_published_row(terminal, one) for one in found])
    terminal.say(f"{len(found)} processes.", f"{len(found)} 个流程。")
    return EXIT_FINE


def _published_row(terminal: Terminal, one: Published) -> tuple[object, ...]:
    title = one.definition.title.get(terminal.language) or one.definition.id
    since = f"{one.at:%Y-%m-%d}" if one.origin == "people" else ""
    return one.definition.id, title, one.version, len(one.definition.nodes), terminal.text(*ORIGINS[one.origin]), since


def _published_json(one: Published) -> dict[str, Any]:
    return {
        "id": one.definition.id,
        "title": one.definition.title,
        "version": one.version,
        "steps": list(one.definition.nodes),
        "origin": one.origin,
        "by": one.by,
        "note": one.note,
    }


@command(
    "show",
    en="Show one process: its steps, who owns them, by when, and where each leads.\n\nWith --mermaid as a picture for mermaid, with "
    "--json as the document itself.",
    zh="查看一个流程：有哪些步骤、归谁、多久、通向哪里。\n\n加 --mermaid 输出流程图，加 --json 输出定义本身。",
)
@click.argument("process", metavar="PROCESS")
@option("--version", type=click.IntRange(min=1), metavar="N", en="That version; the latest by default.", zh="看哪个版本；默认最新。")  # fmt: skip
@option("--mermaid", is_flag=True, en="As the text of a mermaid picture.", zh="输出 mermaid 流程图。")
@client_option()
@json_option()
def show(
    terminal: Terminal, process: str, version: int | None, mermaid: bool, client: Path | None, as_json: bool
) -> int:
    with _known(terminal, client) as known:
        found = known.registry.version(process, version) if version else known.registry.latest(process)
        if found is None:
            if version:
                raise NotFound("no-process-version", {"version": version, "name": process})
            raise NotFound("no-process", {"name": process})
        if as_json:
            terminal.json(dict(found.definition.document))
        elif mermaid:
            from tideng_processes.document.diagram import mermaid as drawn

            click.echo(drawn(found.definition, terminal.language, known.directory), nl=False)
        else:
            _say(terminal, found, known.directory)
    return EXIT_FINE


def _say(terminal: Terminal, found: Published, directory: Directory) -> None:
    definition, language = found.definition, terminal.language
    title = definition.title.get(language) or definition.id
    origin = terminal.text(*ORIGINS[found.origin])
    terminal.say(f"{title}, version {found.version} ({origin})", f"{title}，第 {found.version} 版（{origin}）")
    if about := definition.about.get(language):
        terminal.say(about, about)
    rows = [row for node in definition.nodes.values() for row in _steps(definition, node, language, directory)]
    terminal.table(
        (("step", "步骤"), ("owner", "归谁"), ("by", "时限"), ("outcome", "结果"), ("leads to", "通向")), rows
    )


def _steps(definition: Definition, node: Node, language: str, directory: Directory) -> Iterable[tuple[str, ...]]:
    """One row for each way out; the step stands on the first of them."""
    from tideng_processes.document.diagram import ways
    from tideng_processes.document.sentences import deadline_words, owner_words, said

    first = (
        said(node.title, language, node.id),
        said(owner_words(node, directory, definition.fields), language),
        said(deadline_words(node.deadline, definition.fields), language),
    )
    for way in ways(node, definition, language):
        yield (*first, way.words, way.place)
        first = ("", "", "")


@command(
    "cases",
    en="List the cases, newest first: what each is about, where it stands, who has it, by when.",
    zh="列出各单，最新的在前：关于谁、走到哪一步、在谁手里、什么时候到期。",
)
@option("--process", metavar="ID", default="", en="Only of this process.", zh="只看这个流程的。")
@option("--person", metavar="ID", default="", en="Only about this person.", zh="只看关于此人的。")
@option("--open", "only_open", is_flag=True, en="Only those that have not ended.", zh="只看还没结束的。")
@option("--late", is_flag=True, en="Only those whose deadline has come.", zh="只看时限已到的。")
@option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=50, en="At most so many (50).", zh="最多多少条（50）。"
)
@json_option()
def cases(terminal: Terminal, process: str, person: str, only_open: bool, late: bool, limit: int, as_json: bool) -> int:
    from tideng.plugin import reading
    from tideng_processes.views.case_list import CaseQuery

    wanted = CaseQuery(process=process, person=person, open=True if only_open else None, late=late)
    with terminal.open() as deployment, reading(deployment.engine) as connection:
        found = list(_newest(deployment, connection, wanted, limit))
        directory = _directory(deployment, connection)
    if as_json:
        for one in found:
            terminal.json(_case_json(one))
    elif not found:
        terminal.say("There is no such case.", "没有这样的单。")
    else:
        headings = (("case", "单号"), ("process", "流程"), ("about", "关于"), ("at", "在哪一步"), ("with", "在谁手里"))
        rows = [_case_row(terminal, one, directory) for one in found]
        terminal.table((*headings, ("since", "开始"), ("due", "到期")), rows)
    return EXIT_FINE


def _newest(deployment: Deployment, connection: Connection, wanted: CaseQuery, limit: int) -> Iterator[CaseLine]:
    from tideng.plugin import Viewer
    from tideng_processes.views.case_list import case_list

    registry, directory = _stored(deployment, connection), _directory(deployment, connection)
    before: int | None = None
    now = deployment.clock.now()
    while limit > 0:
        size = min(limit, _PAGE)
        query = replace(wanted, before=before, size=size)
        page = case_list(connection, Viewer.system(), directory, now, registry, query)
        yield from page.items
        limit, before = limit - len(page.items), page.next
        if before is None:
            return


def _case_row(terminal: Terminal, one: CaseLine, directory: Directory) -> tuple[object, ...]:
    from tideng_processes.document.sentences import said

    def at(moment: datetime | None) -> str:
        zone = directory.zone_of(one.person, moment) if moment else UTC
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else ""

    language, comma = terminal.language, terminal.text(", ", "、")
    where, who = said(one.node_title, language, one.node), comma.join(one.owners)
    return one.id, said(one.title, language, one.process), one.person_name, where, who, at(one.started_at), at(one.due)


def _case_json(one: CaseLine) -> dict[str, Any]:
    """A case as other programs read it; moments are UTC."""
    moments = {"started_at": one.started_at, "ended_at": one.ended_at, "due": one.due}
    return {
        "id": one.id,
        "process": one.process,
        "person": one.person,
        "node": one.node,
        "owners": list(one.owners),
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
        "late": one.late,
    }


for one in (list_, show, cases, check, conform.conform):
    processes.add_command(one)
