"""Lists of cases: the newest that a viewer may see, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from tideng.plugin import PAGE_SIZE, Directory, Page, Text, Viewer, name_of
from tideng_processes.cases.case_choices import NamedCase, Reference, references
from tideng_processes.cases.run import OPEN
from tideng_processes.document.summaries import told
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import CaseRow, TaskRow
from tideng_processes.views.visible_cases import named_cases, newest_seen


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list. `owners`: names of its current owners; `due`: of the earliest open part; `node_title`: the end's title
    once the case has ended; `summary`: the case in a few words; `names`: the cases that it names."""

    id: str
    process: str
    title: Text
    icon: str
    person: str
    person_name: str
    node: str
    node_title: Text
    owners: tuple[str, ...]
    started_at: datetime
    ended_at: datetime | None
    due: datetime | None
    late: bool
    good: bool
    summary: Text = field(default_factory=dict)
    names: tuple[NamedCase, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Which cases: of a `process`, still open or not, about a `person`, at the step `node`, past a deadline, or `mine`: those of
    which the viewer had a step, and those about them. And which page of them: `before` is the cursor of the page before it,
    `size` the most cases on it."""

    process: str = ""
    open: bool | None = None
    person: str = ""
    node: str = ""
    late: bool = False
    mine: bool = False
    before: int | None = None
    size: int = PAGE_SIZE


def case_list(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    registry: Registry,
    query: CaseQuery = CaseQuery(),
) -> Page[CaseLine]:
    """One page of the cases that the viewer may see, newest first. Two statements, whatever the number, and two more where some
    of them name other cases."""
    size = query.size
    found = newest_seen(connection, viewer, directory, moment, _wanted(query, viewer), query.before, size + 1)
    shown = found[:size]
    tasks = _open_tasks(connection, [one.id for one in shown])
    wanted = _named_by(shown, registry)
    names = named_cases(connection, viewer, directory, moment, registry, set().union(*wanted.values()))
    lines = [
        _line(one, tasks.get(one.id, ()), [names[key] for key in sorted(wanted[one.id])], registry, directory, moment)
        for one in shown
    ]
    return Page(tuple(line for line in lines if line is not None), shown[-1].serial if len(found) > size else None)


def _wanted(query: CaseQuery, viewer: Viewer) -> list[ColumnElement[bool]]:
    row, task = CaseRow, TaskRow
    found: list[ColumnElement[bool]] = []
    if query.process:
        found.append(row.process == query.process)
    if query.open is not None:
        found.append((row.node != "") if query.open else (row.node == ""))
    if query.person:
        found.append(row.person == query.person)
    if query.node:
        found.append(row.node == query.node)
    if query.late:
        found.append(row.id.in_(select(task.case).where(task.state == OPEN, task.overdue_at.is_not(None))))
    if query.mine:
        had = select(task.case).where(task.owner == viewer.person)
        found.append(or_(row.person == viewer.person, row.id.in_(had)))
    return found


def _open_tasks(connection: Connection, ids: Sequence[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    query = select(TaskRow.__table__).where(TaskRow.case.in_(ids), TaskRow.state == OPEN).order_by(TaskRow.id)
    for row in connection.execute(query) if ids else ():
        found.setdefault(row.case, []).append(row)
    return found


def _named_by(rows: Iterable[Row], registry: Registry) -> dict[str, set[Reference]]:
    """Case id → the cases that its data names, sensitive fields left out."""
    versions = ((row, registry.version(row.process, row.version)) for row in rows)
    return {row.id: references(one.definition, row.data, few=False) if one else set() for row, one in versions}


def _line(
    row: Row,
    tasks: Sequence[Row],
    names: Sequence[NamedCase],
    registry: Registry,
    directory: Directory,
    moment: datetime,
) -> CaseLine | None:
    published = registry.version(row.process, row.version)
    if published is None:
        return None
    it = published.definition
    node, end = it.nodes.get(row.node), it.ends.get(row.end)
    dues = [one.due for one in tasks if one.due is not None]
    return CaseLine(
        id=row.id,
        process=row.process,
        title=it.title,
        icon=it.icon,
        person=row.person,
        person_name=name_of(directory, row.person, moment),
        node=row.node,
        node_title=node.title if node else end.title if end else {},
        owners=tuple(dict.fromkeys(name_of(directory, one.owner, moment) for one in tasks)),
        started_at=row.started_at,
        ended_at=row.ended_at,
        due=min(dues, default=None),
        late=any(one.overdue_at is not None for one in tasks),
        good=end.good if end else True,
        summary=told(it, row.data, directory.local_day(row.person, moment)),
        names=tuple(names),
    )
