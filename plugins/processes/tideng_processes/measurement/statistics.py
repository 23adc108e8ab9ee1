"""The figures of a process: cases that came in, steps that were in time, and what the late ones have in common.

Steps are counted, never people, and nobody is compared. A supervisor sees the figures of the team's cases. Every figure is
counted from stored steps; where there are too few of them, there is no figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, true, union

from tideng.plugin import Directory, Viewer, among, zone
from tideng_processes.document.model import Definition, Node
from tideng_processes.tables import CaseRow, StepRow, TaskRow

DAYS = 30
"""The period of the figures in days."""
FEW = 5
"""The fewest steps from which something is concluded."""
READ = 5000
"""The most steps that are read one by one: the newest ones."""
TEAM = 1000
"""The most people that are named in a database query."""
WEEKDAY, HANDED_OVER, AWAY, AGAIN = "weekday", "handed_over", "away", "again"
"""What late steps may have in common: they came in on the same day of the week, changed hands, were for an absent owner, or came
back because something was missing."""


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """The figures of one step in the last `DAYS` days. `due`: visits whose deadline passed, `on_time`: those done by then; `done`:
    visits that were done at all; `open`: visits that are open now, `open_late`: those of them past their deadline."""

    due: int = 0
    on_time: int = 0
    done: int = 0
    open: int = 0
    open_late: int = 0

    @property
    def late(self) -> int:
        return self.due - self.on_time

    @property
    def share(self) -> float | None:
        """The share that was in time, 0 to 1; None while no deadline passed."""
        return self.on_time / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """The figures of a process in the last `DAYS` days. `began`: cases that came in; `ended`: end → cases; `open`: cases that are
    open now."""

    began: int = 0
    open: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)
    nodes: Mapping[str, NodeFigures] = field(default_factory=dict)

    @property
    def due(self) -> int:
        return sum(one.due for one in self.nodes.values())

    @property
    def share(self) -> float | None:
        """The share of all deadlines that was met, 0 to 1; None while none passed."""
        return sum(one.on_time for one in self.nodes.values()) / self.due if self.due else None

    @property
    def slowest(self) -> str:
        """The step with the lowest share in time, among those with enough visits; '' where all were in time or there were too few."""
        known = [(one.share or 0, -one.late, name) for name, one in self.nodes.items() if one.due >= FEW and one.late]
        return min(known)[2] if known else ""


@dataclass(frozen=True, slots=True)
class Reason:
    """What `count` of the late steps have in common. `kind`: WEEKDAY (`weekday`: Monday 0), HANDED_OVER, AWAY or AGAIN."""

    kind: str
    count: int
    weekday: int = -1


@dataclass(frozen=True, slots=True)
class LateSteps:
    """Late visits to one step. One visit may have several reasons; `unexplained` visits have none."""

    late: int
    reasons: tuple[Reason, ...]
    unexplained: int
    cases: tuple[str, ...]


def figures(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, definitions: Iterable[Definition]
) -> dict[str, ProcessFigures]:
    """Process → its figures, as far as the viewer sees its cases. Two statements, however many there are."""
    known, since = {one.id: one for one in definitions}, moment - timedelta(days=DAYS)
    wanted = list(known)
    scope = viewer.scope(directory, moment)
    found = {name: ProcessFigures() for name in wanted}
    for name, rows in _by_process(_seen(connection, _cases(wanted, since, scope), scope)).items():
        found[name] = replace(
            found[name],
            began=sum(row.began for row in rows),
            open=sum(row.open for row in rows),
            ended=_ended(rows),
        )
    for name, rows in _by_process(_seen(connection, _tasks(wanted, since, moment, scope), scope)).items():
        nodes: dict[str, NodeFigures] = {}
        for row in rows:
            nodes[row.node] = _added(nodes.get(row.node, NodeFigures()), row)
        nodes = {node: _timed(figures, known[name].nodes.get(node)) for node, figures in nodes.items()}
        found[name] = replace(found[name], nodes=nodes)
    return found


def open_by_version(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, process: str
) -> dict[int, int]:
    """Version → its open cases, the newest version first. One statement."""
    scope = viewer.scope(directory, moment)
    groups = (CaseRow.version, *_each(scope))
    statement = select(*groups, func.count().label("n")).where(CaseRow.process == process, CaseRow.ended_at.is_(None))
    found: Counter[int] = Counter()
    for row in _seen(connection, statement.group_by(*groups), scope):
        found[row.version] += row.n
    return dict(sorted(found.items(), reverse=True))


def touched(connection: Connection, viewer: Viewer, process: str, below: int) -> int:
    """How many people are affected by a move of the open cases on versions before `below`: the persons of these cases, and the
    owners of their open steps. One statement. Raises `NotAllowed` for viewers who do not see every case."""
    viewer.require_all()
    meant = and_(CaseRow.process == process, CaseRow.version < below, CaseRow.ended_at.is_(None))
    owners = select(TaskRow.owner).join(CaseRow, CaseRow.id == TaskRow.case).where(meant, TaskRow.state == "open")
    people = union(select(CaseRow.person).where(meant), owners).subquery()
    return connection.scalar(select(func.count()).select_from(people)) or 0


def late_steps(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, process: str, node: str
) -> LateSteps:
    """What the late visits to `node` have in common, from the newest `READ` visits of the last `DAYS` days. Two statements."""
    rows = _steps(connection, viewer.scope(directory, moment), process, moment, TaskRow.node == node)
    late = [row for row in rows if _is_late(row, moment)]
    visits = Counter((row.case, row.part) for row in rows)
    handed = _handed_over(connection, process, node, moment) if late else set()
    day = _weekday(rows, late, directory)
    kinds = {row.id: _kinds(row, visits, handed, day, directory) for row in late}
    counted = Counter(kind for found in kinds.values() for kind in found)
    return LateSteps(
        late=len(late),
        reasons=tuple(
            Reason(kind, n, day if kind == WEEKDAY and day is not None else -1) for kind, n in counted.most_common()
        ),
        unexplained=sum(not found for found in kinds.values()),
        cases=tuple(dict.fromkeys(row.case for row in late)),
    )


# -- reading ---------------------------------------------------------------------------------------------------------
def _cases(processes: Sequence[str], since: datetime, scope: frozenset[str] | None) -> Select:
    row, now_open = CaseRow, CaseRow.ended_at.is_(None)
    groups = (row.process, row.end, *_each(scope))
    return (
        select(
            *groups,
            _count(row.started_at >= since).label("began"),
            _count(now_open).label("open"),
            _count(row.ended_at >= since).label("ended"),
        )
        .where(row.process.in_(processes), or_(row.started_at >= since, now_open, row.ended_at >= since))
        .group_by(*groups)
    )


def _tasks(processes: Sequence[str], since: datetime, moment: datetime, scope: frozenset[str] | None) -> Select:
    row = TaskRow
    groups = (row.process, row.node, *_each(scope))
    due = and_(row.due.between(since, moment), row.state.in_(("open", "done")))
    late = or_(row.late, row.state == "open")
    return (
        select(
            *groups,
            _count(due).label("due"),
            _count(and_(due, ~late)).label("on_time"),
            _count(and_(row.state == "done", row.done_at >= since)).label("done"),
            _count(row.state == "open").label("open"),
            _count(and_(row.state == "open", row.due < moment)).label("open_late"),
        )
        .join(CaseRow, CaseRow.id == row.case)
        .where(row.process.in_(processes), or_(row.state == "open", row.due >= since, row.done_at >= since))
        .group_by(*groups)
    )


def _each(scope: frozenset[str] | None) -> tuple[Any, ...]:
    """The person as a group, only where the viewer does not see everybody."""
    return () if scope is None else (CaseRow.person,)


def _count(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _seen(connection: Connection, statement: Select, scope: frozenset[str] | None) -> list[Any]:
    """The rows of people in `scope`. They are chosen here, because a team can be larger than a statement takes."""
    return [row for row in connection.execute(statement) if scope is None or row.person in scope]


def of_team(connection: Connection, scope: frozenset[str] | None) -> ColumnElement[bool]:
    """The cases to read where only the newest are read. A small team is named in the query, so that its cases are not lost among
    all others. A large one is chosen afterwards from the newest of all."""
    return true() if scope is None or len(scope) > TEAM else among(connection, CaseRow.person, scope)


def _steps(
    connection: Connection, scope: frozenset[str] | None, process: str, moment: datetime, which: Any
) -> list[Any]:
    row = TaskRow
    statement = (
        select(*row.__table__.columns, CaseRow.person)
        .join(CaseRow, CaseRow.id == row.case)
        .where(row.process == process, which, row.entered_at >= moment - timedelta(days=DAYS), row.state != "gone")
        .where(of_team(connection, scope))
        .order_by(row.id.desc())
        .limit(READ)
    )
    return _seen(connection, statement, scope)


def _handed_over(connection: Connection, process: str, node: str, moment: datetime) -> set[tuple[str, str]]:
    """The (case, part) of visits to `node` that somebody handed over."""
    step = StepRow
    statement = (
        select(step.case, step.part)
        .join(CaseRow, CaseRow.id == step.case)
        .where(
            CaseRow.process == process,
            step.node == node,
            step.kind == "handed_over",
            step.at >= moment - timedelta(days=DAYS),
        )
    )
    return {(row.case, row.part) for row in connection.execute(statement)}


def _ended(rows: Iterable[Any]) -> dict[str, int]:
    """End → cases that reached it in the period."""
    found: Counter[str] = Counter()
    for row in rows:
        if row.ended:
            found[row.end] += row.ended
    return dict(found)


def _by_process(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.process, []).append(row)
    return found


# -- concluding ------------------------------------------------------------------------------------------------------
def _added(to: NodeFigures, row: Any) -> NodeFigures:
    return NodeFigures(
        to.due + row.due,
        to.on_time + row.on_time,
        to.done + row.done,
        to.open + row.open,
        to.open_late + row.open_late,
    )


def _timed(figures: NodeFigures, node: Node | None) -> NodeFigures:
    """The figures without deadlines for a step that ends by itself: it only waits, and is neither late nor in time."""
    return replace(figures, due=0, on_time=0, open_late=0) if node is not None and node.at_due else figures


def _is_late(row: Any, moment: datetime) -> bool:
    return bool(row.due and row.due <= moment and (row.late or row.state == "open"))


def _kinds(row: Any, visits: Counter, handed: set, day: int | None, directory: Directory) -> list[str]:
    found = []
    if day is not None and _came_on(row, directory) == day:
        found.append(WEEKDAY)
    if (row.case, row.part) in handed:
        found.append(HANDED_OVER)
    if row.meant_for:
        found.append(AWAY)
    if visits[row.case, row.part] > 1:
        found.append(AGAIN)
    return found


def _weekday(rows: Sequence[Any], late: Sequence[Any], directory: Directory) -> int | None:
    """The day of the week (Monday 0) on which steps that came in were clearly more often late; None where none stands out.

    Clearly: at least three late ones, at least a third of all late ones, and a share of late ones at least 1.5 times the usual."""
    came, were_late = (Counter(_came_on(row, directory) for row in some) for some in (rows, late))
    usual = len(late) / len(rows) if rows else 0
    standing_out = [
        (n / came[day], day)
        for day, n in were_late.items()
        if n >= 3 and n * 3 >= len(late) and n / came[day] >= 1.5 * usual
    ]
    return max(standing_out)[1] if standing_out else None


def _came_on(row: Any, directory: Directory) -> int:
    """The day of the week on which it came in, in the client's zone."""
    return row.entered_at.astimezone(zone(directory.default_zone)).weekday()
