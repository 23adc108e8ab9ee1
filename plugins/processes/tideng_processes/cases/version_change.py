"""Moves open cases from one version of their process to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from tideng.plugin import Directory, Problem, Refused, Viewer, writing
from tideng_processes.cases.case_writer import HistoryEntry
from tideng_processes.cases.loader import load_runs
from tideng_processes.cases.run import Run
from tideng_processes.cases.transitions import Mover
from tideng_processes.publication.publishing import require_publishing
from tideng_processes.publication.registry import Published, registry_in
from tideng_processes.tables import CaseRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment


def older_cases(connection: Connection, process: str, below: int) -> dict[str, list[str]]:
    """The open cases of a process that run on versions before `below`: step → ids. One statement."""
    row = CaseRow
    found: dict[str, list[str]] = {}
    query = select(row.id, row.node).where(row.process == process, row.node != "", row.version < below).order_by(row.id)
    for id, node in connection.execute(query):
        found.setdefault(node, []).append(id)
    return found


def move_cases(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    cases: Iterable[str],
    version: int,
    nodes: Mapping[str, str],
) -> int:
    """Continue open cases on another `version`; returns how many. `nodes`: step → step of that version, for steps that it does
    not have. A step that it has goes on with its owners and its deadline. Raises `NotAllowed`, and `Refused` naming each step
    for which `nodes` says nothing."""
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


def _move(mover: Mover, run: Run, target: Published, nodes: Mapping[str, str], viewer: Viewer, now: datetime) -> None:
    stands, before = nodes.get(run.node, run.node), run.definition.nodes[run.node]
    run.definition, run.version, run.changed = target.definition, target.version, True
    where = {"version": target.version, "from": before.id}
    mover.record(run, HistoryEntry("moved", now, stands, by=viewer.login, data=where))
    after = target.definition.nodes[stands]
    if stands != before.id or {one.id for one in after.parts} != {one.id for one in before.parts}:
        mover.leave_open(run, now)
        mover.enter(run, stands, now)
    else:
        mover.keep(run)
