"""Publishes a version that people wrote: checked as a whole, for good or for a trial. Running cases finish on their version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from tideng.plugin import Directory, NotAllowed, Problem, Refused, Viewer, writing, zone
from tideng_processes.document.check import check_process
from tideng_processes.document.model import Definition
from tideng_processes.document.parser import InvalidProcess, parse_process
from tideng_processes.publication import trials
from tideng_processes.publication.registry import (
    PEOPLE,
    Published,
    digest_of,
    registry_in,
    registry_of,
    store,
)
from tideng_processes.publication.trials import Trial

if TYPE_CHECKING:
    from tideng.plugin import Deployment

PUBLISHES = frozenset({"hr", "implementer", "admin"})
LONGEST_NOTE = 500


class Stale(Refused):
    """Somebody else published another version meanwhile."""


def require_publishing(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer may change processes."""
    if not viewer.roles & PUBLISHES:
        raise NotAllowed("viewer-may-not-change-processes")


def checked(
    deployment: Deployment, directory: Directory, document: Mapping[str, Any]
) -> tuple[Definition | None, list[Problem]]:
    """The process in a document, None where it cannot be parsed, and every problem, with warnings."""
    try:
        definition = parse_process(document)
    except InvalidProcess as refused:
        return None, list(refused.problems)
    known = {one.definition.id for one in registry_of(deployment).all()}
    return definition, check_process(definition, deployment.catalogue, directory, known)


def publish(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    document: Mapping[str, Any],
    note: str,
    base: int,
    days: int = 0,
) -> int:
    """Publish `document` as the next version of its process; returns the version. `base`: the version that it was made from, 0 for
    a new process. `days`: the length of its trial, 0 for none (see `trials`). Raises `NotAllowed`, `InvalidProcess` with every
    problem, `Stale`."""
    require_publishing(viewer)
    definition, problems = checked(deployment, directory, document)
    errors = [one for one in problems if one.severity == "error"]
    if len(note.strip()) > LONGEST_NOTE:
        errors.append(Problem("note", "over-length", {"limit": LONGEST_NOTE}))
    if definition is None or errors:
        raise InvalidProcess("process", errors)
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        latest = registry_in(deployment, connection).latest(definition.id)
        _keep(connection, latest)
        if (latest.version if latest else 0) != base:
            raise _overtaken()
        unchanged = latest is not None and latest.digest == digest_of(document)
        if days:
            _may_be_tried(connection, definition.id, base, unchanged)
        elif unchanged:
            return base
        version = base + 1
        if not store(connection, definition, version, PEOPLE, viewer.login, note.strip(), now):
            raise _overtaken()
        if days:
            until = trials.end_of(now, zone(directory.default_zone), days)
            trials.begin(connection, definition.id, version, viewer.login, now, until)
        else:
            trials.overtake(connection, [definition.id], viewer.login, now)
    return version


def _overtaken() -> Stale:
    return Stale("process", [Problem("", "process-published-meanwhile")])


def _may_be_tried(connection: Connection, process: str, base: int, unchanged: bool) -> None:
    """Raise `Refused` where the document is unchanged, there is no version to go back to, or another trial runs."""
    problems = [
        (not base, Problem("", "process-new")),
        (unchanged, Problem("", "process-unchanged")),
        (
            process in trials.running(connection),
            Problem("", "trial-running"),
        ),
    ]
    if found := [problem for holds, problem in problems if holds]:
        raise Refused("process", found)


def _keep(connection: Connection, latest: Published | None) -> None:
    """Store the latest version before another one follows it: a shipped one may not be in the database yet."""
    if latest is not None:
        store(connection, latest.definition, latest.version, latest.origin, latest.by, latest.note, latest.at)


def keep_trial(deployment: Deployment, viewer: Viewer, process: str) -> Trial:
    """Keep the version on trial for new cases. Raises `NotAllowed`, `Refused` where no trial runs any more."""
    require_publishing(viewer)
    with writing(deployment.engine) as connection:
        return trials.keep(connection, process, viewer.login, deployment.clock.now())


def end_trial(deployment: Deployment, viewer: Viewer, process: str) -> Trial:
    """End the trial now: new cases use the version before it. Raises as `keep_trial`."""
    require_publishing(viewer)
    with writing(deployment.engine) as connection:
        registry = registry_in(deployment, connection)
        return trials.end(connection, registry, process, viewer.login, deployment.clock.now())
