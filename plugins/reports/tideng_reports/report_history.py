"""A person's reports, newest first, with their comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from tideng.plugin import Directory, NotFound, Page, Viewer, name_of
from tideng_processes.tables import CaseRow, StepRow, TaskRow
from tideng_reports.completeness import day_of
from tideng_reports.prefill import DAILY, NEEDS

PAGE_SIZE = 10
LOOKED_THROUGH = 40
"""Reports searched for the one about a given day: more than a month has working days."""
ASKED, SAID, READ = "ask", "comment", "read"


@dataclass(frozen=True, slots=True)
class ReportComment:
    """A comment on a report. `asks`: it is a question."""

    by: str
    by_name: str
    at: datetime
    text: str
    asks: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `process`: DAILY or NEEDS. `day`: the day it is about. `node`: its current step, '' after it was
    read. `mine`: the viewer may read it now, or add to it. `late`: it came after its deadline."""

    case: str
    process: str
    person: str
    person_name: str
    day: date
    written_at: datetime
    data: Mapping[str, Any]
    node: str
    owner_name: str
    words: tuple[ReportComment, ...]
    mine: bool
    late: bool


def reports(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    person: str = "",
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[Report]:
    """Give the reports of `person`; without a person those that wait for the viewer. Three statements, however many
    there are.

    Raises `NotFound` when the viewer may not see the person.
    """
    row = CaseRow
    scope = viewer.scope(directory, moment)
    if person and scope is not None and person not in scope:
        raise NotFound("nobody-of-that-name")
    query = select(row.__table__).where(row.process.in_((DAILY, NEEDS)))
    query = query.where(row.person == person) if person else query.where(row.id.in_(_waiting(viewer)))
    if before is not None:
        query = query.where(row.serial < before)
    found = connection.execute(query.order_by(row.serial.desc()).limit(size + 1)).all()
    shown = found[:size]
    ids = [one.id for one in shown]
    words, tasks = _words(connection, directory, moment, ids), _tasks(connection, ids)
    items = tuple(
        _report(one, words.get(one.id, ()), tasks.get(one.id, ()), viewer, directory, moment) for one in shown
    )
    return Page(items, shown[-1].serial if len(found) > size else None)


def _waiting(viewer: Viewer) -> Any:
    open_ = (TaskRow.owner == viewer.person, TaskRow.state == "open", TaskRow.node == READ)
    return select(TaskRow.case).where(*open_)


def waiting_for(connection: Connection, viewer: Viewer, person: str = "") -> int:
    """Count the reports, of `person` or of everybody, that wait for the viewer to read them."""
    row = CaseRow
    query = select(func.count()).select_from(row).where(row.process.in_((DAILY, NEEDS)), row.id.in_(_waiting(viewer)))
    return connection.scalar(query.where(row.person == person) if person else query) or 0


def _words(
    connection: Connection, directory: Directory, moment: datetime, ids: Sequence[str]
) -> dict[str, list[ReportComment]]:
    found: dict[str, list[ReportComment]] = {}
    said = select(StepRow.__table__).where(StepRow.case.in_(ids), StepRow.note != "").order_by(StepRow.id)
    for one in connection.execute(said) if ids else ():
        word = ReportComment(one.by, name_of(directory, one.by, moment), one.at, one.note, one.outcome == ASKED)
        found.setdefault(one.case, []).append(word)
    return found


def _tasks(connection: Connection, ids: Sequence[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    row = TaskRow
    columns = (row.case, row.node, row.owner, row.state, row.late)
    for one in connection.execute(select(*columns).where(row.case.in_(ids)).order_by(row.id)) if ids else ():
        found.setdefault(one.case, []).append(one)
    return found


def _report(
    row: Any,
    words: Sequence[ReportComment],
    tasks: Sequence[Any],
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
) -> Report:
    open_ = next((one for one in tasks if one.state == "open"), None)
    return Report(
        case=row.id,
        process=row.process,
        person=row.person,
        person_name=name_of(directory, row.person, moment),
        day=day_of(row.data.get("date")) or directory.local_day(row.person, row.started_at),
        written_at=row.started_at,
        data=row.data,
        node=row.node,
        owner_name=name_of(directory, open_.owner, moment) if open_ else "",
        words=tuple(words),
        mine=open_ is not None and open_.owner == viewer.person != "",
        late=any(one.node == "write" and one.late for one in tasks),
    )


def written_on(
    connection: Connection, person: str, directory: Directory, now: datetime, day: date | None = None
) -> str:
    """Find the case of the daily report about `day` (default: today); '' when it is not among the latest."""
    row, day = CaseRow, day or directory.local_day(person, now)
    mine = select(row.id, row.data, row.started_at).where(row.person == person, row.process == DAILY)
    for one in connection.execute(mine.order_by(row.serial.desc()).limit(LOOKED_THROUGH)):
        if (day_of(one.data.get("date")) or directory.local_day(person, one.started_at)) == day:
            return one.id
    return ""
