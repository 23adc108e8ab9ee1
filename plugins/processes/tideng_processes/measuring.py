"""A version that is or was tried, beside the weeks before it: what share of the steps was in time, and whether that tells anything.

Each side is judged by its own deadlines. Of few steps a share says little, and that is said; where the difference may well be
chance, that is said as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt

from sqlalchemy import Connection, and_, case, func, or_, select

from tideng.people import Directory
from tideng.viewing import Viewer
from tideng_processes.figures import DAYS, FEW
from tideng_processes.model import Definition, Node
from tideng_processes.tables import CaseRow, TaskRow
from tideng_processes.trials import Trial

NORMAL_95 = 1.959964
"""The normal distribution has 95 % of itself within so many standard deviations."""
FEWER, MORE, UNCLEAR, TOO_FEW = "fewer", "more", "unclear", "too_few"
"""What can be said of two sides: fewer or more were in time, it may be chance, or there is too little to tell."""


@dataclass(frozen=True, slots=True)
class Side:
    """Steps of one side whose deadline has come, and how many of them were done by then."""

    due: int = 0
    on_time: int = 0

    @property
    def share(self) -> float | None:
        """0 to 1; None while no deadline came."""
        return self.on_time / self.due if self.due else None

    def __add__(self, other: Side) -> Side:
        return Side(self.due + other.due, self.on_time + other.on_time)


@dataclass(frozen=True, slots=True)
class Compared:
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

    def __add__(self, other: Compared) -> Compared:
        return Compared(self.before + other.before, self.tried + other.tried)


@dataclass(frozen=True, slots=True)
class Measured:
    """A trial measured: `nodes` that the version has otherwise than the one before it, and `all` steps that can be late."""

    nodes: Mapping[str, Compared]
    all: Compared


def measured(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    trial: Trial,
    before: Definition,
    tried: Definition,
) -> Measured:
    """The steps of the cases of the trial, beside those of other versions that came in during the `DAYS` days before it began,
    as far as the viewer sees them. One statement."""
    found: dict[str, Compared] = {}
    for row in _counted(connection, viewer, directory, moment, trial):
        side = Side(row.due, row.on_time)
        one = Compared(tried=side) if row.tried else Compared(before=side)
        found[row.node] = found.get(row.node, Compared()) + one
    counts = {id: found.get(id, Compared()) for id, node in tried.nodes.items() if _can_be_late(node)}
    others = {id: one for id, one in counts.items() if before.nodes.get(id) != tried.nodes[id]}
    return Measured(others, _sum(counts.values()))


def difference(before: Side, after: Side) -> tuple[float, float]:
    """Between which bounds the change of the share lies, with 95 %: from -1 to 1. Newcombe's method 10 (Statistics in Medicine
    17, 1998, p. 873), from Wilson's interval of each side, which holds for small numbers, too."""
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


def _sum(of: Iterable[Compared]) -> Compared:
    return sum(of, Compared())


def _can_be_late(node: Node) -> bool:
    return node.deadline is not None and not node.at_due


def _counted(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, trial: Trial) -> list:
    row, scope = TaskRow, viewer.scope(directory, moment)
    is_tried = CaseRow.version == trial.version
    since = trial.started_at - timedelta(days=DAYS)
    came = or_(
        and_(is_tried, row.entered_at >= trial.started_at),
        and_(~is_tried, row.entered_at >= since, row.entered_at < trial.started_at),
    )
    groups = (row.node, is_tried, *(() if scope is None else (CaseRow.person,)))
    on_time = case((or_(row.late, row.state == "open"), 0), else_=1)
    columns = (row.node, is_tried.label("tried"), func.count().label("due"), func.sum(on_time).label("on_time"))
    statement = (
        select(*columns, *groups[2:])
        .join(CaseRow, CaseRow.id == row.case)
        .where(row.process == trial.process, row.due <= moment, row.state.in_(("open", "done")), came)
        .group_by(*groups)
    )
    return [one for one in connection.execute(statement) if scope is None or one.person in scope]
