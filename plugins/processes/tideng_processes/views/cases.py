"""Cases as people may see them: one with its whole history, lists, and what waits for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from tideng.access.paging import PAGE_SIZE, Page
from tideng.access.viewer import Viewer, name_of
from tideng.model.catalogue import Text
from tideng.org.directory import Directory
from tideng_processes.cases.access import ACTS_FOR_ALL, CaseAccess
from tideng_processes.cases.case_choices import (
    NamedCase,
    Reference,
    named,
    references,
)
from tideng_processes.cases.run import OPEN, Run
from tideng_processes.document.model import Definition, Node, Outcome
from tideng_processes.document.summaries import told
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import CaseRow, PaperRow, StepRow, TaskRow
from tideng_processes.views.visible_cases import is_seen, newest_seen


@dataclass(frozen=True, slots=True)
class TaskView:
    """One owner's part of a visit to a step. `mine`: the viewer may do it now. Moments are UTC."""

    id: int
    node: str
    part: str
    title: Text
    owner: str
    owner_name: str
    meant_for: str | None
    meant_for_name: str
    state: str
    entered_at: datetime
    due: datetime | None
    late: bool
    done_at: datetime | None
    outcome: str
    mine: bool = False


@dataclass(frozen=True, slots=True)
class StepView:
    """One line of a case's history. `kind`: entered, done, reminded, overdue, in_time, differing, handed_over, comment, moved,
    ended. `title` is the step's, `outcome_title` the outcome's or the end's; `by_name` '' for what happened by itself."""

    at: datetime
    kind: str
    node: str
    part: str
    title: Text
    by: str
    by_name: str
    outcome: str
    outcome_title: Text
    note: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PaperView:
    """A file of a case, without its content. `reading`: what was read from it."""

    id: int
    field: str
    kind: str
    name: str
    media_type: str
    size: int
    reading: Mapping[str, Any]
    author: str
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as one viewer may see it; `data` without what is not theirs to see. `may`: step and part → the outcomes that the
    viewer may choose now; `named`: the cases that its data names."""

    id: str
    definition: Definition
    version: int
    latest: int
    person: str
    person_name: str
    starter: str
    node: str
    end: str
    data: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime | None
    tasks: tuple[TaskView, ...]
    steps: tuple[StepView, ...]
    papers: tuple[PaperView, ...]
    may: Mapping[tuple[str, str], tuple[Outcome, ...]]
    may_hand_over: bool = False
    named: Mapping[Reference, NamedCase] = field(default_factory=dict)

    @property
    def summary(self) -> Text:
        """The case in a few words, {} where its form says none."""
        return told(self.definition, self.data)

    @property
    def step(self) -> Node | None:
        return self.definition.nodes.get(self.node)

    @property
    def open_tasks(self) -> tuple[TaskView, ...]:
        return tuple(one for one in self.tasks if one.state == OPEN)


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list. `owners`: names of who has it now; `due` of the earliest open part; `node_title` is the end's title once
    it has ended; `summary`: the case in a few words, where its form says some; `names`: the cases that it names."""

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
class CaseFilter:
    """Which cases: of a `process`, still open or not, about a `person`, standing at a `node`, over time, or `mine`: those that
    the viewer has a step of, or that are about them."""

    process: str = ""
    open: bool | None = None
    person: str = ""
    node: str = ""
    late: bool = False
    mine: bool = False


# -- one ---------------------------------------------------------------------------------------------------------------


def case(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, registry: Registry, id: str
) -> CaseView:
    """One case with its history. Raises `NotFound` for everybody whom it does not concern. A fixed number of statements."""
    run = CaseAccess(connection, registry, viewer, directory, moment).load(id, lock=False)
    task, step, paper = TaskRow, StepRow, PaperRow
    tasks = connection.execute(select(task.__table__).where(task.case == id).order_by(task.id)).all()
    steps = connection.execute(select(step.__table__).where(step.case == id).order_by(step.id)).all()
    columns = [column for column in paper.__table__.columns if column.name != "content"]
    papers = connection.execute(select(*columns).where(paper.case == id).order_by(paper.id)).all()
    hidden = _hidden(run, viewer, tasks)
    views = tuple(_task(run, row, viewer, directory, moment) for row in tasks)
    data = {name: value for name, value in run.data.items() if name not in hidden}
    wanted = references(run.definition, data)
    latest = registry.latest(run.definition.id)
    return CaseView(
        id=run.id,
        definition=run.definition,
        version=run.version,
        latest=latest.version if latest else run.version,
        person=run.person,
        person_name=name_of(directory, run.person, moment),
        starter=run.starter,
        node=run.node,
        end=run.end,
        data=data,
        started_at=run.started_at,
        ended_at=run.ended_at,
        tasks=views,
        steps=tuple(_step(run, row, directory, moment, hidden) for row in steps),
        papers=tuple(_paper(row) for row in papers if row.field not in hidden),
        may={(one.node, one.part): run.definition.nodes[one.node].outcomes for one in views if one.mine},
        may_hand_over=_may_hand_over(viewer, directory, moment, views),
        named=named_cases(connection, viewer, directory, moment, registry, wanted),
    )


def named_cases(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    registry: Registry,
    wanted: Collection[Reference],
) -> dict[Reference, NamedCase]:
    """Cases that other ones name, and which of them the viewer may open. Two statements, where any is wanted."""
    found = named(connection, registry, wanted, moment.date())
    ids = {one.id for one in found.values() if one.id}
    if not ids:
        return found
    own = select(CaseRow.id).where(CaseRow.id.in_(ids), is_seen(connection, viewer, directory, moment))
    opens = set(connection.scalars(own))
    return {key: replace(one, opens=one.id in opens) for key, one in found.items()}


def _hidden(run: Run, viewer: Viewer, tasks: Sequence[Row]) -> frozenset[str]:
    """The sensitive fields, for whoever is neither whom it is about, nor HR, nor had a step of it."""
    theirs = (
        viewer.person == run.person or viewer.login == run.starter or any(one.owner == viewer.person for one in tasks)
    )
    if theirs or viewer.roles & ACTS_FOR_ALL:
        return frozenset()
    return frozenset(one.name for one in run.definition.fields.values() if one.sensitive)


def _task(run: Run, row: Row, viewer: Viewer, directory: Directory, moment: datetime) -> TaskView:
    node = run.definition.nodes.get(row.node)
    part = node.part(row.part) if node else None
    own = row.owner == viewer.person != ""
    acts = bool(viewer.roles & ACTS_FOR_ALL) and viewer.person != run.person
    return TaskView(
        id=row.id,
        node=row.node,
        part=row.part,
        title=part.title if part and part.title else node.title if node else {},
        owner=row.owner,
        owner_name=name_of(directory, row.owner, moment),
        meant_for=row.meant_for,
        meant_for_name=name_of(directory, row.meant_for, moment) if row.meant_for else "",
        state=row.state,
        entered_at=row.entered_at,
        due=row.due,
        late=row.late
        or (row.state == OPEN and row.due is not None and row.due < moment and not (node and node.at_due)),
        done_at=row.done_at,
        outcome=row.outcome,
        mine=row.state == OPEN and row.node == run.node and (own or acts),
    )


def _step(run: Run, row: Row, directory: Directory, moment: datetime, hidden: frozenset[str]) -> StepView:
    node = run.definition.nodes.get(row.node)
    outcome = node.outcome(row.outcome) if node else None
    end = run.definition.ends.get(row.outcome)
    return StepView(
        at=row.at,
        kind=row.kind,
        node=row.node,
        part=row.part,
        title=node.title if node else {},
        by=row.by,
        by_name=name_of(directory, row.by, moment) if row.by else "",
        outcome=row.outcome,
        outcome_title=outcome.title if outcome else end.title if end else {},
        note=row.note,
        data={name: value for name, value in row.data.items() if name not in hidden},
    )


def _paper(row: Row) -> PaperView:
    return PaperView(
        row.id, row.field, row.kind, row.name, row.media_type, row.size, row.reading, row.author, row.kept_at
    )


def _may_hand_over(viewer: Viewer, directory: Directory, moment: datetime, tasks: Iterable[TaskView]) -> bool:
    scope = viewer.scope(directory, moment)
    owners = {one.owner for one in tasks if one.state == OPEN}
    leads = "supervisor" in viewer.roles and scope is not None and bool(owners & scope)
    return viewer.person in owners or leads or bool(owners and viewer.roles & ACTS_FOR_ALL)


# -- many --------------------------------------------------------------------------------------------------------------


def cases(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    registry: Registry,
    which: CaseFilter = CaseFilter(),
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[CaseLine]:
    """Cases that the viewer may see, newest first; `before` is the cursor of the page before.
    Two statements, whatever the number, and two more where some name other cases."""
    found = newest_seen(connection, viewer, directory, moment, _wanted(which, viewer, moment), before, size + 1)
    shown = found[:size]
    tasks = _open_tasks(connection, [one.id for one in shown])
    wanted = _named_by(shown, registry)
    names = named_cases(connection, viewer, directory, moment, registry, set().union(*wanted.values()))
    lines = [
        _line(one, tasks.get(one.id, ()), [names[key] for key in sorted(wanted[one.id])], registry, directory, moment)
        for one in shown
    ]
    return Page(tuple(line for line in lines if line is not None), shown[-1].serial if len(found) > size else None)


def _wanted(which: CaseFilter, viewer: Viewer, moment: datetime) -> list[ColumnElement[bool]]:
    row, task = CaseRow, TaskRow
    found: list[ColumnElement[bool]] = []
    if which.process:
        found.append(row.process == which.process)
    if which.open is not None:
        found.append((row.node != "") if which.open else (row.node == ""))
    if which.person:
        found.append(row.person == which.person)
    if which.node:
        found.append(row.node == which.node)
    if which.late:
        found.append(row.id.in_(select(task.case).where(task.state == OPEN, task.overdue_at.is_not(None))))
    if which.mine:
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
    """The cases that each of these names; not in a field that is shown to few."""
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


def open_counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """How many cases of each process are open, and how many of these have a step over time. One statement."""
    late = select(TaskRow.case).where(TaskRow.state == OPEN, TaskRow.overdue_at.is_not(None))
    query = select(CaseRow.process, func.count(), func.count().filter(CaseRow.id.in_(late))).where(CaseRow.node != "")
    return {row[0]: (row[1], row[2]) for row in connection.execute(query.group_by(CaseRow.process))}
