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

from tideng.plugin import EXIT_FINE, Group, NotFound, Terminal, command, json_option, option, phrase
from tideng_processes.cli import conform
from tideng_processes.cli.files import check, client_option, of_bundle

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.plugin import Deployment, Directory
    from tideng_processes.document.model import Definition, Node
    from tideng_processes.publication.registry import Published, Registry
    from tideng_processes.views.case_list import CaseLine, CaseQuery

ORIGINS = {
    "shipped": phrase("shipped"),
    "files": phrase("the client's files"),
    "people": phrase("people", context="cli"),
}
_PAGE = 200


@click.group("processes", cls=Group, help=phrase("Work with processes."))
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
    help=phrase(
        "List the processes with their versions.\n\nThose of the deployment in this folder, or of the client given with --client."
    ),
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
        phrase("id"),
        phrase("title", context="cli"),
        phrase("version"),
        phrase("steps"),
        phrase("from", context="cli"),
        phrase("since", context="cli"),
    )
    terminal.table(headings, [_published_row(terminal, one) for one in found])
    terminal.say(phrase("{n} processes.", n=len(found)))
    return EXIT_FINE


def _published_row(terminal: Terminal, one: Published) -> tuple[object, ...]:
    title = one.definition.title.get(terminal.language) or one.definition.id
    since = f"{one.at:%Y-%m-%d}" if one.origin == "people" else ""
    return one.definition.id, title, one.version, len(one.definition.nodes), terminal.text(ORIGINS[one.origin]), since


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
    help=phrase(
        "Show one process: its steps, who owns them, by when, and where each leads.\n\nWith --mermaid as a picture for mermaid, with --json as the document itself."
    ),
)
@click.argument("process", metavar="PROCESS")
@option("--version", type=click.IntRange(min=1), metavar="N", help=phrase("That version; the latest by default."))  # fmt: skip
@option("--mermaid", is_flag=True, help=phrase("As the text of a mermaid picture."))
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
    origin = terminal.text(ORIGINS[found.origin])
    terminal.say(phrase("{title}, version {version} ({origin})", title=title, version=found.version, origin=origin))
    if about := definition.about.get(language):
        terminal.say(about)
    rows = [row for node in definition.nodes.values() for row in _steps(definition, node, language, directory)]
    terminal.table((phrase("step"), phrase("owner"), phrase("by"), phrase("outcome"), phrase("leads to")), rows)


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
    "cases", help=phrase("List the cases, newest first: what each is about, where it stands, who has it, by when.")
)
@option("--process", metavar="ID", default="", help=phrase("Only of this process."))
@option("--person", metavar="ID", default="", help=phrase("Only about this person."))
@option("--open", "only_open", is_flag=True, help=phrase("Only those that have not ended."))
@option("--late", is_flag=True, help=phrase("Only those whose deadline has come."))
@option("--limit", type=click.IntRange(min=1), metavar="N", default=50, help=phrase("At most so many (50)."))
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
        terminal.say(phrase("There is no such case."))
    else:
        headings = (phrase("case"), phrase("process"), phrase("about"), phrase("at", context="cli"), phrase("with"))
        rows = [_case_row(terminal, one, directory) for one in found]
        terminal.table((*headings, phrase("since", context="cli 2"), phrase("due")), rows)
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

    language, comma = terminal.language, terminal.text(phrase(", "))
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
