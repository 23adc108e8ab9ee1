"""Which cases a viewer may see, at a cost that does not grow with the team that they lead or with the number of cases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, false, or_, select, true, union

from tideng.plugin import Directory, Viewer, among
from tideng_processes.cases.case_choices import NamedCase, Reference, named
from tideng_processes.publication.registry import Registry
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
    """The newest `most` cases that the viewer may see and that are `wanted`; `before`: only those with a smaller serial.

    One statement: it takes the newest cases of each reason to see one, then the newest of these. Each reason has an index of its
    own; in one common condition, none of the indexes could be used."""
    case, reasons = CaseRow, _reasons(connection, viewer, directory, moment)
    those = [*wanted, *([case.serial < before] if before is not None else [])]
    if reasons is not None:
        if not reasons:
            return []
        newest = (select(case.serial).where(one, *those).order_by(case.serial.desc()).limit(most) for one in reasons)
        those = [case.serial.in_(union(*(select(one.subquery().c.serial) for one in newest)))]
    return connection.execute(select(case.__table__).where(*those).order_by(case.serial.desc()).limit(most)).all()


def is_seen(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime) -> ColumnElement[bool]:
    """A condition: whether the viewer may see a case. For queries that already name a few cases."""
    reasons = _reasons(connection, viewer, directory, moment)
    return true() if reasons is None else or_(false(), *reasons)


def named_cases(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    registry: Registry,
    wanted: Collection[Reference],
) -> dict[Reference, NamedCase]:
    """The cases that other ones name, each with whether the viewer may open it. Two statements, where any is wanted."""
    found = named(connection, registry, wanted, moment.date())
    ids = {one.id for one in found.values() if one.id}
    if not ids:
        return found
    own = select(CaseRow.id).where(CaseRow.id.in_(ids), is_seen(connection, viewer, directory, moment))
    opens = set(connection.scalars(own))
    return {key: replace(one, opens=one.id in opens) for key, one in found.items()}


def _reasons(
    connection: Connection, viewer: Viewer, directory: Directory, moment: datetime
) -> list[ColumnElement[bool]] | None:
    """One condition for each reason to see a case: its person is in the viewer's scope, the viewer began it, or had a step of it.
    None for viewers who see every case."""
    scope = viewer.scope(directory, moment)
    if scope is None:
        return None
    if not viewer.person:
        return []
    had = select(TaskRow.case).where(TaskRow.owner == viewer.person)
    return [among(connection, CaseRow.person, scope), CaseRow.starter == viewer.login, CaseRow.id.in_(had)]
