"""One case as a viewer may see it: its data, its tasks, its files and its whole history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from tideng.plugin import Directory, Text, Viewer, name_of
from tideng_processes.cases.access import ACTS_FOR_ALL, CaseAccess
from tideng_processes.cases.case_choices import NamedCase, Reference, references
from tideng_processes.cases.run import OPEN, Run
from tideng_processes.document.model import Definition, Node, Outcome
from tideng_processes.document.summaries import told
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import PaperRow, StepRow, TaskRow
from tideng_processes.views.visible_cases import named_cases


@dataclass(frozen=True, slots=True)
class TaskView:
    """One owner's part of a visit to a step. `mine`: the viewer may answer it now. Moments are UTC."""

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
    """A case as one viewer may see it; `data` leaves out the fields that are hidden from them. `may`: (step, part) → the outcomes
    that the viewer may choose now; `named`: the cases that its data names."""

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
        """The case in a few words; {} where its form has none."""
        return told(self.definition, self.data)

    @property
    def step(self) -> Node | None:
        return self.definition.nodes.get(self.node)

    @property
    def open_tasks(self) -> tuple[TaskView, ...]:
        return tuple(one for one in self.tasks if one.state == OPEN)


def case_view(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, registry: Registry, id: str
) -> CaseView:
    """One case with its history. Raises `NotFound` for viewers who may not see it. A fixed number of statements."""
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


def _hidden(run: Run, viewer: Viewer, tasks: Sequence[Row]) -> frozenset[str]:
    """The sensitive fields; none for the person of the case, its starter, HR, and those who had a step of it."""
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
