"""How long a step took, and what another deadline would have meant: steps of the past, judged once more.

An estimate says what the record says, and no more: with another deadline people may plan their days in another way. Of too
few steps nothing is concluded, and how many there were is always told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import Connection, null, select, union_all

from tideng.plugin import Directory, Viewer, WorkCalendar
from tideng_processes.cases.deadlines import due_of, worked
from tideng_processes.document.model import Definition, Node
from tideng_processes.measurement.statistics import FEW, of_team
from tideng_processes.tables import CaseRow, TaskRow

WINDOWS = (30, 90)
"""The past that may be looked at, in days; estimates look at the longer one."""
SAMPLE = 2000
"""So many steps at each node, the newest, are judged."""
MANY = 10
"""Of fewer steps, nine in ten are all of them: then it is not told."""


@dataclass(frozen=True, slots=True)
class Took:
    """How long a step took, of `n` that were done in the last `days` days; `open` more are not done yet and not in it.
    `half`, `most` (eight in ten) and `nearly` (nine in ten) were done within so long, None while there are too few.
    `working`: measured on the clock of working days, as its deadline is; `given`: that deadline, where it is a length of time."""

    days: int
    n: int = 0
    open: int = 0
    half: timedelta | None = None
    most: timedelta | None = None
    nearly: timedelta | None = None
    working: bool = False
    given: timedelta | None = None
    sampled: bool = False

    @property
    def at_once(self) -> bool:
        """Whether eight in ten took no time at all: who begins a case hands in its first step with it."""
        return self.most is not None and not self.most


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many of `n` past steps would have been in time by the `after` deadline, and by the one in force `before` (None
    where there was none). `sampled`: there were more, the newest of them were judged; `owner`: it is somebody else's from
    now on, of which the record says nothing."""

    node: str
    n: int
    before: int | None
    after: int
    sampled: bool
    owner: bool

    @property
    def told(self) -> bool:
        """Whether there were enough of them to say anything."""
        return self.n >= FEW


def took(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    calendar: WorkCalendar,
    definition: Definition,
    node: str,
    days: int = WINDOWS[0],
) -> Took:
    """How long the step `node` took, of those that came in during the last `days` days. One statement."""
    step = definition.nodes[node]
    rows = _steps(connection, viewer, directory, moment, definition.id, [node], days)
    working, sampled = is_working(step), len(rows) >= SAMPLE
    times = sorted(_length(row, working, directory, calendar) for row in rows if row.done_at is not None)
    n = len(times)
    return Took(
        days=days,
        n=n,
        open=len(rows) - n,
        half=_within(times, 0.5) if n >= FEW else None,
        most=_within(times, 0.8) if n >= FEW else None,
        nearly=_within(times, 0.9) if n >= MANY else None,
        working=working,
        given=step.deadline.within.elapsed if step.deadline and step.deadline.within else None,
        sampled=sampled,
    )


def estimates(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    calendar: WorkCalendar,
    base: Definition,
    draft: Definition,
) -> list[Estimate]:
    """For each step whose deadline `draft` changes: how the steps of the last 90 days would have gone by it. Judged are those
    for which both deadlines have come. One statement, none where no deadline is changed."""
    changed = [
        node
        for id, node in draft.nodes.items()
        if id in base.nodes and node.deadline is not None and _is_other(base.nodes[id], node)
    ]
    if not changed:
        return []
    judged = [(base.nodes[one.id], one) for one in changed]
    filled_in = any(node.deadline and node.deadline.on for pair in judged for node in pair)
    nodes = [one.id for one in changed]
    rows: dict[str, list[Any]] = {one: [] for one in nodes}
    for row in _steps(connection, viewer, directory, moment, draft.id, nodes, WINDOWS[-1], filled_in):
        rows[row.node].append(row)
    return [_estimate(was, now, rows[now.id], directory, moment, calendar) for was, now in judged]


def is_working(node: Node) -> bool:
    """Whether its deadline stands still on days off."""
    within = node.deadline.within if node.deadline else None
    return node.deadline is not None and within is not None and (node.deadline.working or within.unit == "workdays")


# -- reading ---------------------------------------------------------------------------------------------------------
def _steps(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    process: str,
    nodes: Sequence[str],
    days: int,
    filled_in: bool = False,
) -> list[Any]:
    """The newest `SAMPLE` steps at each of `nodes` that came in during the last `days` days, as far as the viewer sees them;
    with what their cases were `filled_in` with, where a deadline hangs on it. One statement."""
    row, scope = TaskRow, viewer.scope(directory, moment)
    data = CaseRow.data if filled_in else null().label("data")
    columns = (row.node, row.state, row.entered_at, row.done_at, CaseRow.person, data)
    each = [
        select(*columns)
        .join(CaseRow, CaseRow.id == row.case)
        .where(row.process == process, row.node == node, row.state.in_(("open", "done")))
        .where(row.entered_at.between(moment - timedelta(days=days), moment), of_team(connection, scope))
        .order_by(row.entered_at.desc())
        .limit(SAMPLE)
        .subquery()
        for node in nodes
    ]
    found = connection.execute(union_all(*(select(one) for one in each)))
    return [one for one in found if scope is None or one.person in scope]


# -- judging ---------------------------------------------------------------------------------------------------------
def _is_other(was: Node, now: Node) -> bool:
    """Whether another deadline may make a difference: a step that goes on by itself when it is due cannot be late."""
    return was.deadline != now.deadline and not was.at_due and not now.at_due


def _estimate(
    was: Node, now: Node, rows: Sequence[Any], directory: Directory, moment: datetime, calendar: WorkCalendar
) -> Estimate:
    olds = [_due(was, row, directory, calendar) for row in rows]
    news = [_due(now, row, directory, calendar) for row in rows]
    judged = [
        (row, old, new)
        for row, old, new in zip(rows, olds, news, strict=True)
        if new is not None and new <= moment and (was.deadline is None or (old is not None and old <= moment))
    ]
    before = sum(_in_time(row, old) for row, old, _new in judged)
    return Estimate(
        node=now.id,
        n=len(judged),
        before=None if was.deadline is None else before,
        after=sum(_in_time(row, new) for row, _old, new in judged),
        sampled=len(rows) >= SAMPLE,
        owner=was.parts != now.parts,
    )


def _due(node: Node, row: Any, directory: Directory, calendar: WorkCalendar) -> datetime | None:
    within = node.deadline.within if node.deadline else None
    if within is not None and within.elapsed > timedelta(days=WINDOWS[-1]):
        return None  # it has come for none of them; a thousand workdays need not be counted to know that
    return due_of(node, row.entered_at, row.data or {}, directory.zone_of(row.person, row.entered_at), calendar)


def _in_time(row: Any, due: datetime | None) -> bool:
    return due is not None and row.done_at is not None and row.done_at <= due


def _length(row: Any, working: bool, directory: Directory, calendar: WorkCalendar) -> timedelta:
    if not working:
        return row.done_at - row.entered_at
    return worked(row.entered_at, row.done_at, directory.zone_of(row.person, row.entered_at), calendar)


def _within(times: Sequence[timedelta], share: float) -> timedelta:
    """The time within which `share` of them were done, the nearest rank; `times` in ascending order."""
    return times[ceil(share * len(times)) - 1]
