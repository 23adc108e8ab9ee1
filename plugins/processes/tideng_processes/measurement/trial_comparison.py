"""Compares a trial with the weeks before it: the share of steps in time, and whether the difference is more than chance.

Each side is judged by its own deadlines. Too few steps give no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, union_all

from tideng.plugin import Directory, Viewer
from tideng_processes.document.model import Definition, Node
from tideng_processes.measurement.estimates import SAMPLE
from tideng_processes.measurement.statistics import DAYS, FEW, of_team
from tideng_processes.publication.trials import Trial
from tideng_processes.tables import CaseRow, TaskRow

NORMAL_95 = 1.959964
"""The normal distribution has 95 % of its values within so many standard deviations."""
FEWER, MORE, UNCLEAR, TOO_FEW = "fewer", "more", "unclear", "too_few"
"""The verdict on two sides: fewer or more steps were in time, the difference may be chance, or there are too few steps."""


@dataclass(frozen=True, slots=True)
class Side:
    """Steps of one side whose deadline has passed, and how many of them were done by then."""

    due: int = 0
    on_time: int = 0

    @property
    def share(self) -> float | None:
        """The share in time, 0 to 1; None while no deadline passed."""
        return self.on_time / self.due if self.due else None

    def __add__(self, other: Side) -> Side:
        return Side(self.due + other.due, self.on_time + other.on_time)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A step `before` the trial and in it (`tried`)."""

    before: Side = field(default_factory=Side)
    tried: Side = field(default_factory=Side)

    @property
    def says(self) -> str:
        """MORE, FEWER, UNCLEAR or TOO_FEW."""
        if min(self.before.due, self.tried.due) < FEW:
            return TOO_FEW
        least, most = difference(self.before, self.tried)
        return MORE if least > 0 else FEWER if most < 0 else UNCLEAR

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(self.before + other.before, self.tried + other.tried)


@dataclass(frozen=True, slots=True)
class TrialComparison:
    """A trial compared: `nodes` that differ from the version before, and `all` steps that can be late."""

    nodes: Mapping[str, Comparison]
    all: Comparison


def compare_trial(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    trial: Trial,
    before: Definition,
    tried: Definition,
) -> TrialComparison:
    """Compare the steps of the trial's cases with those of other versions that came in during the `DAYS` days before it, as far
    as the viewer sees them; of each side the newest `SAMPLE` at each step. One statement."""
    nodes, found = [id for id, node in tried.nodes.items() if _can_be_late(node)], dict[str, Comparison]()
    for row in _counted(connection, viewer, directory, moment, trial, nodes):
        side = Side(row.due, row.on_time)
        one = Comparison(tried=side) if row.tried else Comparison(before=side)
        found[row.node] = found.get(row.node, Comparison()) + one
    counts = {id: found.get(id, Comparison()) for id in nodes}
    others = {id: one for id, one in counts.items() if before.nodes.get(id) != tried.nodes[id]}
    return TrialComparison(others, _sum(counts.values()))


def difference(before: Side, after: Side) -> tuple[float, float]:
    """The 95 % interval of the change of the share, from -1 to 1. Newcombe's method 10 (Statistics in Medicine 17, 1998, p. 873),
    from Wilson's interval of each side, which is valid for small numbers, too."""
    p, q = before.share or 0.0, after.share or 0.0
    (p_least, p_most), (q_least, q_most) = _wilson(before), _wilson(after)
    least = (q - p) - sqrt((q - q_least) ** 2 + (p_most - p) ** 2)
    most = (q - p) + sqrt((q_most - q) ** 2 + (p - p_least) ** 2)
    return least, most


def _wilson(of: Side) -> tuple[float, float]:
    n, share, squared = of.due, of.share or 0.0, NORMAL_95**2
    middle = share + squared / (2 * n)
    spread = NORMAL_95 * sqrt(share * (1 - share) / n + squared / (4 * n * n))
    return (middle - spread) / (1 + squared / n), (middle + spread) / (1 + squared / n)


def _sum(of: Iterable[Comparison]) -> Comparison:
    return sum(of, Comparison())


def _can_be_late(node: Node) -> bool:
    return node.deadline is not None and not node.at_due


def _counted(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, trial: Trial, nodes: Iterable[str]
) -> list[Any]:
    scope = viewer.scope(directory, moment)
    theirs = of_team(connection, scope)
    sides = [_side(trial, node, moment, tried, theirs) for node in nodes for tried in (0, 1)]
    if not sides:
        return []
    steps = union_all(*(select(one) for one in sides)).subquery()
    columns = steps.c
    groups = (columns.node, columns.tried, *(() if scope is None else (columns.person,)))
    on_time = case((or_(columns.late, columns.state == "open"), 0), else_=1)
    counts = (func.count().label("due"), func.sum(on_time).label("on_time"))
    found = connection.execute(select(*groups, *counts).group_by(*groups))
    return [one for one in found if scope is None or one.person in scope]


def _side(trial: Trial, node: str, moment: datetime, tried: int, theirs: ColumnElement[bool]) -> Any:
    """The newest `SAMPLE` visits to `node` of one side whose deadline has passed."""
    row, since = TaskRow, trial.started_at - timedelta(days=DAYS)
    if tried:
        came = and_(CaseRow.version == trial.version, row.entered_at >= trial.started_at)
    else:
        came = and_(CaseRow.version != trial.version, row.entered_at >= since, row.entered_at < trial.started_at)
    return (
        select(row.node, row.state, row.late, CaseRow.person, literal(tried).label("tried"))
        .join(CaseRow, CaseRow.id == row.case)
        .where(row.process == trial.process, row.node == node, came, theirs)
        .where(row.due <= moment, row.state.in_(("open", "done")))
        .order_by(row.entered_at.desc())
        .limit(SAMPLE)
        .subquery()
    )
