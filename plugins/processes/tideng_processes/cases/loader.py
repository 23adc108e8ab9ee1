"""Loads stored cases to move them; locked, so that two moves of one case come one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from tideng.plugin import NotFound, dialect_insert, is_sqlite
from tideng_processes.cases.run import GONE, Run, Task
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import CaseRow, CounterRow, TaskRow

_TASK = ("id", "node", "part", "owner", "entered_at", "visit", "meant_for", "due", "wake", "overdue_at", "state", "late", "told",
         "done_at", "outcome", "by")  # fmt: skip


def next_id(connection: Connection, process: str) -> str:
    """The id of a new case, such as ``trip-000123``."""
    return next_ids(connection, process, 1)[0]


def next_ids(connection: Connection, process: str, count: int) -> list[str]:
    """The ids of `count` new cases. One statement."""
    statement = dialect_insert(connection)(CounterRow).values(process=process, last=count)
    grown = statement.on_conflict_do_update(index_elements=["process"], set_={"last": CounterRow.last + count})
    last = connection.execute(grown.returning(CounterRow.last)).scalar_one()
    return [f"{process.replace('_', '-')}-{number:06d}" for number in range(last - count + 1, last + 1)]


def load_run(connection: Connection, registry: Registry, id: str, lock: bool = True) -> Run:
    """One case with the tasks of its current step; `lock` it to move it. Raises `NotFound`."""
    runs = load_runs(connection, registry, [id], lock=lock)
    if not runs:
        raise NotFound("no-case", {"name": id})
    return runs[0]


def load_runs(
    connection: Connection, registry: Registry, ids: Iterable[str], skip_locked: bool = False, lock: bool = True
) -> list[Run]:
    """The cases of these ids that exist, locked until the transaction ends. `skip_locked`: without those that somebody else has
    locked. Two statements. A case whose process is gone is left out."""
    wanted = sorted(set(ids))
    query = select(CaseRow.__table__).where(CaseRow.id.in_(wanted)).order_by(CaseRow.id)
    if lock and not is_sqlite(connection):
        query = query.with_for_update(skip_locked=skip_locked)
    rows = connection.execute(query).all()
    standing = [row.id for row in rows if row.node]
    tasks: dict[str, list[Task]] = {}
    of_these = select(TaskRow.__table__).where(TaskRow.case.in_(standing), TaskRow.state != GONE).order_by(TaskRow.id)
    for row in connection.execute(of_these) if standing else ():
        tasks.setdefault(row.case, []).append(Task(**{name: getattr(row, name) for name in _TASK}))
    return [run for row in rows if (run := _run(row, registry, tasks.get(row.id, ()))) is not None]


def _run(row: Any, registry: Registry, tasks: Sequence[Task]) -> Run | None:
    published = registry.version(row.process, row.version)
    if published is None:
        return None
    return Run(
        id=row.id,
        definition=published.definition,
        version=row.version,
        person=row.person,
        starter=row.starter,
        node=row.node,
        data=dict(row.data),
        started_at=row.started_at,
        visits=row.visits,
        end=row.end,
        ended_at=row.ended_at,
        key=row.key,
        reference=row.reference,
        tasks=[one for one in tasks if one.visit == row.visits],
        had={(one.node, one.part): one.owner for one in tasks if one.visit != row.visits},
    )
