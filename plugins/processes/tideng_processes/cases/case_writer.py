"""Writes what was decided about cases: a fixed number of statements, however many cases were moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, update

from tideng_processes.cases.run import Run, Task
from tideng_processes.customer_keys import customer_key
from tideng_processes.tables import CaseRow, StepRow, TaskRow

_CASE_CHANGES = ("version", "node", "end", "data", "visits", "ended_at", "customer_key")
_TASK_CHANGES = ("owner", "meant_for", "state", "wake", "overdue_at", "late", "done_at", "outcome", "by")


class HistoryEntry(NamedTuple):
    """One line of a case's history. `kind` as in `StepRow`; `by`: a login, '' for what happened by itself; `key`: the page's
    name for the hand-in."""

    kind: str
    at: datetime
    node: str = ""
    part: str = ""
    by: str = ""
    outcome: str = ""
    note: str = ""
    data: Mapping[str, Any] = {}
    key: str | None = None


def write_runs(connection: Connection, runs: Sequence[Run], left: Iterable[tuple[Run, Task]]) -> None:
    """Insert or update cases and tasks. `left`: tasks of steps that a case has left since it was loaded."""
    tasks = [*left, *((run, task) for run in runs for task in run.tasks)]
    _execute(connection, insert(CaseRow), [_case_row(run) for run in runs if run.fresh])
    changed = [_changes(_case_row(run), _CASE_CHANGES, run.id) for run in runs if run.changed and not run.fresh]
    _execute(connection, _update_of(CaseRow), changed)
    _execute(connection, insert(TaskRow), [_task_row(run, task) for run, task in tasks if task.id is None])
    known = [(run, task) for run, task in tasks if task.id is not None and task.changed]
    rows = [_changes(_task_row(run, task), _TASK_CHANGES, task.id) for run, task in known]
    _execute(connection, _update_of(TaskRow), rows)


def write_history(connection: Connection, entries: Iterable[tuple[str, HistoryEntry]], now: datetime) -> None:
    """Append history entries, each with the id of its case; `now` is when they are stored."""
    rows = [{**one._asdict(), "data": dict(one.data), "case": case, "kept_at": now} for case, one in entries]
    _execute(connection, insert(StepRow), rows)


def _execute(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)


def _update_of(row: Any) -> Any:
    table = row.__table__
    return update(table).where(table.c.id == bindparam("_id"))


def _changes(row: Mapping[str, Any], columns: Iterable[str], id: Any) -> dict[str, Any]:
    return {"_id": id, **{name: row[name] for name in columns}}


def _case_row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "process": run.definition.id,
        "version": run.version,
        "person": run.person,
        "starter": run.starter,
        "node": run.node,
        "end": run.end,
        "data": run.data,
        "visits": run.visits,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "key": run.key,
        "reference": run.reference,
        "customer_key": customer_key(run.data.get(run.definition.customer)),
    }


def _task_row(run: Run, task: Task) -> dict[str, Any]:
    return {
        "case": run.id,
        "process": run.definition.id,
        "visit": task.visit,
        "node": task.node,
        "part": task.part,
        "owner": task.owner,
        "meant_for": task.meant_for,
        "state": task.state,
        "entered_at": task.entered_at,
        "due": task.due,
        "wake": task.wake,
        "overdue_at": task.overdue_at,
        "late": task.late,
        "told": task.told,
        "done_at": task.done_at,
        "outcome": task.outcome,
        "by": task.by,
    }
