"""Applies the processes in a client's files, beside those that plugins ship and those that people edited in the deployment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tideng.plugin import Catalogue, Directory, InvalidBundle, Problem
from tideng_processes.document.check import check_process
from tideng_processes.document.model import Definition
from tideng_processes.publication import trials
from tideng_processes.publication.registry import (
    FILES,
    PEOPLE,
    SHIPPED,
    Published,
    Registry,
    digest_of,
    read_definitions,
    store,
    stored,
)
from tideng_processes.publication.trials import Trial

if TYPE_CHECKING:
    from tideng.plugin import Bundle

FOLDER = "processes"


def check(bundle: Bundle, catalogue: Catalogue, shipped: Sequence[Definition] = ()) -> list[Problem]:
    """Every problem in the bundle's processes, each with its file. `shipped`: the processes of plugins, which they may name."""
    definitions, problems = read_definitions(bundle.root / FOLDER)
    directory = Directory(bundle.assignments, bundle.units, bundle.positions, bundle.timezone, bundle.roles)
    known = {one.id for one in (*definitions, *shipped)}
    seen: set[str] = set()
    for one in definitions:
        if one.id in seen:
            problems.append(Problem(f"{FOLDER}, {one.id}", "is-twice"))
        seen.add(one.id)
        problems += [
            found.moved(f"{FOLDER}, {one.id}, {found.at}") for found in check_process(one, catalogue, directory, known)
        ]
    return problems


def plan(bundle: Bundle, connection: Connection, shipped: Sequence[Definition]) -> list[str]:
    """The changes that `apply` would make, one line each."""
    return [_line(wanted, latest) for wanted, _origin, latest in _changes(bundle, connection, shipped)]


def apply(bundle: Bundle, connection: Connection, shipped: Sequence[Definition], take: str, now: datetime) -> list[str]:
    """Publish the processes whose files changed; running cases finish on their version. Versions that people edited stay, unless
    `take` is ``files``. Raises `InvalidBundle` where both changed and `take` is ''. Returns a line for each change."""
    changes = list(_changes(bundle, connection, shipped))
    edited = [one for one in changes if one[2] is not None and one[2].origin == PEOPLE]
    if edited and not take:
        tried = trials.running(connection)
        raise InvalidBundle("processes", [_both_changed(one.id, tried.get(one.id)) for one, _origin, _latest in edited])
    told, published = [], []
    for wanted, origin, latest in changes:
        if latest is not None and latest.origin == PEOPLE and take != "files":
            continue
        store(connection, wanted, latest.version + 1 if latest else 1, origin, "", "", now)
        told.append(_line(wanted, latest))
        published.append(wanted.id)
    if published:
        trials.overtake(connection, published, "", now)
    return told


def _both_changed(process: str, trial: Trial | None) -> Problem:
    at = f"{FOLDER}, {process}"
    if trial is None:
        return Problem(at, "process-conflict")
    return Problem(at, "trial-conflict", {"version": trial.version})


def _changes(
    bundle: Bundle, connection: Connection, shipped: Sequence[Definition]
) -> Iterator[tuple[Definition, str, Published | None]]:
    """(definition, origin, latest version) of each process whose file differs from the latest version in the database."""
    own, _problems = read_definitions(bundle.root / FOLDER)
    wanted = {one.id: (one, SHIPPED) for one in shipped} | {one.id: (one, FILES) for one in own}
    known = stored(connection)
    registry = Registry((), known)
    for id, (definition, origin) in sorted(wanted.items()):
        latest = registry.latest(id)
        digest = digest_of(definition.document)
        if latest is None or (latest.digest != digest and not _said_before(known, id, digest, latest)):
            yield definition, origin, latest


def _said_before(known: Iterable[Published], process: str, digest: str, latest: Published) -> bool:
    """Whether people edited the process after the files had this document: then the files have not changed since."""
    return latest.origin == PEOPLE and any(
        one.definition.id == process and one.origin != PEOPLE and one.digest == digest for one in known
    )


def _line(wanted: Definition, latest: Published | None) -> str:
    return f"process {wanted.id}: " + (f"version {latest.version + 1}" if latest else "new")
