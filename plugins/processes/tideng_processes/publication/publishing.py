"""People change a process: a new version, checked as a whole; running cases finish on theirs, or are moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, Problem, Refused
from tideng.org.directory import Directory, zone
from tideng.store.database import writing
from tideng_processes.cases.loader import load_runs
from tideng_processes.cases.transitions import Mover, Run
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
from tideng_processes.tables import CaseRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

PUBLISHES = frozenset({"hr", "implementer", "admin"})
LONGEST_NOTE = 500


class Stale(Refused):
    """Somebody else published meanwhile."""


def require_publishing(viewer: Viewer) -> None:
    """Raise `NotAllowed` for whoever may not change processes."""
    if not viewer.roles & PUBLISHES:
        raise NotAllowed("viewer-may-not-change-processes")


def checked(
    deployment: Deployment, directory: Directory, document: Mapping[str, Any]
) -> tuple[Definition | None, list[Problem]]:
    """The process that a document says, None where it says none, and everything that is wrong with it, warnings among it."""
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
    """Publish `document` as the next version of its process; returns the version. `base` is the one that it was made from, 0 for a
    new process; `days`: it is tried for so long only, see trials.py. Raises `NotAllowed`, `InvalidProcess` with every problem,
    `Stale`."""
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
    """Raise `Refused` where there is nothing to try, nothing to go back to, or another trial runs."""
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
    """A shipped version that nobody needed yet is kept before another one follows it."""
    if latest is not None:
        store(connection, latest.definition, latest.version, latest.origin, latest.by, latest.note, latest.at)


def keep_trial(deployment: Deployment, viewer: Viewer, process: str) -> Trial:
    """Leave the version that is tried in force for new cases. Raises `NotAllowed`, `Refused` where none is tried any more."""
    require_publishing(viewer)
    with writing(deployment.engine) as connection:
        return trials.keep(connection, process, viewer.login, deployment.clock.now())


def end_trial(deployment: Deployment, viewer: Viewer, process: str) -> Trial:
    """Let the version before the one that is tried be for new cases again, now. Raises as `keep_trial`."""
    require_publishing(viewer)
    with writing(deployment.engine) as connection:
        registry = registry_in(deployment, connection)
        return trials.end(connection, registry, process, viewer.login, deployment.clock.now())


def running(connection: Connection, process: str, below: int) -> dict[str, list[str]]:
    """The open cases of a process that run on versions before `below`: step → ids. One statement."""
    row = CaseRow
    found: dict[str, list[str]] = {}
    query = select(row.id, row.node).where(row.process == process, row.node != "", row.version < below).order_by(row.id)
    for id, node in connection.execute(query):
        found.setdefault(node, []).append(id)
    return found


def move(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    cases: Iterable[str],
    version: int,
    nodes: Mapping[str, str],
) -> int:
    """Let open cases go on by another `version`; returns how many. `nodes` says where those stand then whose step that version
    has not. A step that is there goes on with its owners and its deadline. Raises `NotAllowed`, `Refused` naming the steps
    for which nothing is said."""
    require_publishing(viewer)
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        registry = registry_in(deployment, connection)
        runs = [run for run in load_runs(connection, registry, cases) if run.node and run.version != version]
        targets = {run.id: registry.version(run.definition.id, version) for run in runs}
        _fits(runs, targets, nodes)
        mover = Mover(deployment, connection, directory, now)
        for run in runs:
            target = targets[run.id]
            assert target is not None
            _move(mover, run, target, nodes, viewer, now)
        mover.save()
    deployment.bell.ring()
    return len(runs)


def _fits(runs: Iterable[Run], targets: Mapping[str, Published | None], nodes: Mapping[str, str]) -> None:
    problems = {}
    for run in runs:
        target = targets[run.id]
        if target is None:
            problems["version"] = Problem("version", "no-version")
        elif nodes.get(run.node, run.node) not in target.definition.nodes:
            known = ", ".join(target.definition.nodes)
            problems[run.node] = Problem(f"nodes.{run.node}", "no-step-in-version", {"names": known})
    if problems:
        raise Refused("move", problems.values())


def _move(mover: Mover, run: Run, target: Published, nodes: Mapping[str, str], viewer: Viewer, now: Any) -> None:
    stands, before = nodes.get(run.node, run.node), run.definition.nodes[run.node]
    run.definition, run.version, run.changed = target.definition, target.version, True
    mover.jot(run, "moved", now, stands, by=viewer.login, data={"version": target.version, "from": before.id})
    after = target.definition.nodes[stands]
    if stands != before.id or {one.id for one in after.parts} != {one.id for one in before.parts}:
        mover.leave_open(run, now)
        mover.enter(run, stands, now)
    else:
        mover.keep(run)
