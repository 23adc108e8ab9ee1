"""Which cases somebody may see, newest first, however many people they lead and however many cases there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, false, or_, select, true, union

from tideng.plugin import Directory, Viewer, among
from tideng_processes.tables import CaseRow, TaskRow


def newest_seen(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    wanted: Sequence[ColumnElement[bool]],
    before: int | None,
    most: int,
) -> Sequence[Row]:
    """The newest `most` cases that the viewer may see and that are `wanted`; `before`: only those with a smaller serial. One
    statement: the newest of each reason to see one, and of these the newest. Every reason has an index of its own, which none
    of them could use if they stood in one condition."""
    case, reasons = CaseRow, _reasons(connection, viewer, directory, moment)
    those = [*wanted, *([case.serial < before] if before is not None else [])]
    if reasons is not None:
        if not reasons:
            return []
        newest = (select(case.serial).where(one, *those).order_by(case.serial.desc()).limit(most) for one in reasons)
        those = [case.serial.in_(union(*(select(one.subquery().c.serial) for one in newest)))]
    return connection.execute(select(case.__table__).where(*those).order_by(case.serial.desc()).limit(most)).all()


def is_seen(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime) -> ColumnElement[bool]:
    """Whether the viewer may see a case: a condition, for where it is known which few cases are asked for."""
    reasons = _reasons(connection, viewer, directory, moment)
    return true() if reasons is None else or_(false(), *reasons)


def _reasons(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime
) -> list[ColumnElement[bool]] | None:
    """It is about somebody whom the viewer sees, they began it, or had a step of it; None for whoever sees every case."""
    scope = viewer.scope(directory, moment)
    if scope is None:
        return None
    if not viewer.person:
        return []
    had = select(TaskRow.case).where(TaskRow.owner == viewer.person)
    return [among(connection, CaseRow.person, scope), CaseRow.starter == viewer.login, CaseRow.id.in_(had)]
