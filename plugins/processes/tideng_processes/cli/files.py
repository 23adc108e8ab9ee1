"""Reads a client's processes from its files alone, without a database, for `check`, `conform` and ``--client``.

Imports stand inside the commands: each command loads only what it needs, so that the command line starts fast.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tideng.plugin import (
    EXIT_FINE,
    EXIT_REFUSED,
    Problem,
    Refused,
    Terminal,
    command,
    json_option,
    option,
    phrase,
    say_problem,
    stored_problem,
)

if TYPE_CHECKING:
    from tideng.plugin import Bundle, Catalogue, Deployment, Directory
    from tideng_processes.document.model import Definition
    from tideng_processes.publication.registry import Registry

_SEVERITIES = {"error": phrase("error"), "warning": phrase("warning")}
_HEADINGS = (phrase("severity"), phrase("where"), phrase("what is wrong"), phrase("way out"))


def client_option() -> Any:
    return option(
        "--client",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help=phrase("A client's files, in place of a deployment."),
    )


def in_memory(bundle: Bundle) -> Deployment:
    """A deployment of the client without its rules: they may need event types that only a log declares."""
    from tideng.plugin import Deployment, SystemClock

    return Deployment.in_memory(replace(bundle, rule_files=(), packs=()), SystemClock())


def own_processes(root: Path) -> list[Definition]:
    """The processes in the client's own files. Raises `InvalidProcess` with every problem."""
    from tideng_processes.document.parser import InvalidProcess
    from tideng_processes.publication.bundle import FOLDER
    from tideng_processes.publication.registry import read_definitions

    found, problems = read_definitions(root / FOLDER)
    if problems:
        raise InvalidProcess("process", problems)
    return found


def of_bundle(root: Path, shipped_only: bool = False) -> tuple[Registry, Directory]:
    """The processes of a client, its own in place of shipped ones of the same id, and its directory of people."""
    from tideng.plugin import read_bundle

    bundle = read_bundle(root)
    return registry_of(in_memory(bundle), root, shipped_only), bundle.directory()


def registry_of(deployment: Deployment, root: Path, shipped_only: bool = False) -> Registry:
    from tideng_processes.publication.registry import (
        FILES,
        FIRST,
        Published,
        Registry,
        shipped_by,
    )

    shipped = shipped_by(deployment)
    known = {one.id for one in shipped}
    own = [] if shipped_only else own_processes(root)
    return Registry(shipped, [Published(one, 2 if one.id in known else 1, FILES, "", "", FIRST) for one in own])


@command(
    "check",
    help=phrase(
        "Check process files and say everything that is wrong with them at once.\n\nFILE… are files, or folders of them. With --client its people and event types are looked at as well. Exit status 1 if there is an error; warnings pass."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@client_option()
@json_option()
def check(terminal: Terminal, files: tuple[Path, ...], client: Path | None, as_json: bool) -> int:
    from tideng.plugin import Bundle, read_bundle

    bundle = read_bundle(client) if client else Bundle(root=Path.cwd(), client="check")
    paths = [path for one in files for path in (sorted(one.glob("*.yaml")) if one.is_dir() else [one])]
    directory = bundle.directory() if client else None
    # the catalogue is made without the client's own processes: a wrong one would stop the command before it is reported
    deployment = in_memory(replace(bundle, root=bundle.root / "no processes here"))
    problems = find_problems(paths, deployment.catalogue, directory, _others(deployment, client))
    errors = [one for one in problems if one.severity == "error"]
    if as_json:
        terminal.json({"processes": len(paths), "problems": list(map(stored_problem, problems))})
    elif problems:
        told = [say_problem(one, terminal.language) for one in problems]
        terminal.table(_HEADINGS, [(terminal.text(_SEVERITIES[p.severity]), p.at, p.problem, p.hint) for p in told])
        warnings = len(problems) - len(errors)
        terminal.say(phrase("{n} errors, {warnings} warnings.", n=len(errors), warnings=warnings))
    else:
        terminal.say(phrase("{n} processes, nothing wrong.", n=len(paths)))
    return EXIT_REFUSED if errors else EXIT_FINE


def _others(deployment: Deployment, client: Path | None) -> set[str]:
    """The ids of other processes: shipped ones, and the client's own as far as they can be read."""
    from tideng_processes.publication.bundle import FOLDER
    from tideng_processes.publication.registry import read_definitions, shipped_by

    own = read_definitions(client / FOLDER)[0] if client else []
    return {one.id for one in (*shipped_by(deployment), *own)}


def find_problems(
    paths: list[Path], catalogue: Catalogue, directory: Directory | None, others: Collection[str] = ()
) -> list[Problem]:
    """Every problem of the files, each with file and line: of reading them, of their shape, and of parts that do not fit.
    `others`: the ids of other processes that they may name."""
    from tideng.plugin import Problems, read_yaml
    from tideng_processes.document.check import check_process
    from tideng_processes.document.parser import parse_process

    found: list[Problem] = []
    read = []
    for path in paths:
        complaints = Problems()
        document = read_yaml(path, complaints)
        found += complaints.errors
        if document is None or complaints.errors:
            continue
        try:
            read.append((document, parse_process(document.value)))
        except Refused as refused:
            found += [replace(one, at=document.at(one.at)) for one in refused.problems]
    known = {*others, *(one.id for _document, one in read)}
    for document, definition in read:
        problems = check_process(definition, catalogue, directory, known)
        found += [replace(one, at=document.at(one.at)) for one in problems]
    return found
