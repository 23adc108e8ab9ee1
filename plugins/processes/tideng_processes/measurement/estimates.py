"""How long a step took, and how many past steps another deadline would have met.

An estimate only counts past steps: with another deadline people may plan in another way. Too few steps give no estimate, and the
number of steps is always told.
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
"""The periods to choose from, in days; estimates use the longer one."""
SAMPLE = 2000
"""The most steps at each node that are counted: the newest ones."""
MANY = 10
"""Fewer steps have no nine in ten: nine tenths of them, rounded up, are all of them."""


@dataclass(frozen=True, slots=True)
class PastSteps:
    """The visits to the step `node` that came in during the last `days` days."""

    definition: Definition
    node: str
    days: int = WINDOWS[0]


@dataclass(frozen=True, slots=True)
class StepTimes:
    """How long `n` visits took that came in during the last `days` days and are done; `open` more are not done yet.

    `half`, `most` (eight in ten), `nearly` (nine in ten): the time within which they were done, None for too few. `working`:
    measured in working time, as the deadline is; `given`: the deadline, where it is a length of time; `sampled`: there were more
    visits than are counted."""

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
        """Whether eight in ten took no time, as first steps do, which are handed in when a case begins."""
        return self.most is not None and not self.most


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many of `n` past steps were in time by the deadline in force (`before`, None where there is none), and would have been
    by the new one (`after`). `sampled`: there were more, the newest are counted; `owner`: the owner changes as well, which the
    figures do not show."""

    node: str
    n: int
    before: int | None
    after: int
    sampled: bool
    owner: bool

    @property
    def told(self) -> bool:
        """Whether there were enough steps for an estimate."""
        return self.n >= FEW


def step_times(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    calendar: WorkCalendar,
    which: PastSteps,
) -> StepTimes:
    """How long a step took, as far as the viewer sees its cases. One statement."""
    step, days = which.definition.nodes[which.node], which.days
    rows = _steps(connection, viewer.scope(directory, moment), moment, which.definition.id, [which.node], days)
    working, sampled = is_working(step), len(rows) >= SAMPLE
    times = sorted(_length(row, working, directory, calendar) for row in rows if row.done_at is not None)
    n = len(times)
    return StepTimes(
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
    """An estimate for each step whose deadline `draft` changes, from the steps of the last 90 days for which both deadlines have
    passed. One statement, none where no deadline is changed."""
    changed = [
        node
        for id, node in draft.nodes.items()
        if id in base.nodes and node.deadline is not None and _is_other(base.nodes[id], node)
    ]
    if not changed:
        return []
    judged = [(base.nodes[one.id], one) for one in changed]
    filled_in = any(node.deadline and node.deadline.on for pair in judged for node in pair)
    nodes, scope = [one.id for one in changed], viewer.scope(directory, moment)
    rows: dict[str, list[Any]] = {one: [] for one in nodes}
    for row in _steps(connection, scope, moment, draft.id, nodes, WINDOWS[-1], filled_in):
        rows[row.node].append(row)
    return [_estimate(was, now, rows[now.id], directory, moment, calendar) for was, now in judged]


def is_working(node: Node) -> bool:
    """Whether the deadline of a step does not count days off."""
    within = node.deadline.within if node.deadline else None
    return node.deadline is not None and within is not None and (node.deadline.working or within.unit == "workdays")


# -- reading ---------------------------------------------------------------------------------------------------------
def _steps(
    connection: Connection,
    scope: frozenset[str] | None,
    moment: datetime,
    process: str,
    nodes: Sequence[str],
    days: int,
    filled_in: bool = False,
) -> list[Any]:
    """The newest `SAMPLE` visits to each of `nodes` that came in during the last `days` days, of people in `scope` (None: all).
    `filled_in`: with the data of their cases, for deadlines that depend on it. One statement."""
    row = TaskRow
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
    """Whether the deadline differs, of a step that can be late: one that ends by itself when it is due cannot."""
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
        return None  # it has passed for none of them; counting a thousand workdays for each would only take time
    return due_of(node, row.entered_at, row.data or {}, directory.zone_of(row.person, row.entered_at), calendar)


def _in_time(row: Any, due: datetime | None) -> bool:
    return due is not None and row.done_at is not None and row.done_at <= due


def _length(row: Any, working: bool, directory: Directory, calendar: WorkCalendar) -> timedelta:
    if not working:
        return row.done_at - row.entered_at
    return worked(row.entered_at, row.done_at, directory.zone_of(row.person, row.entered_at), calendar)


def _within(times: Sequence[timedelta], share: float) -> timedelta:
    """The time within which `share` of them were done (nearest rank); `times` in ascending order."""
    return times[ceil(share * len(times)) - 1]
