"""Read the agenda (deadlines, waits and later steps of rules) and the runs of schedules, and end what a rule has open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, or_, select, update

from tideng.store.tables import AgendaRow, ScheduleRunRow

_table = AgendaRow.__table__
_Window = tuple[datetime, datetime]


def agenda_entry(connection: Connection, rule: str, subject: str, period: str, kind: str) -> Any:
    """The first entry of a kind in one matter, with all columns; None where there is none."""
    ours = (_table.c.rule == rule, _table.c.subject == subject, _table.c.period == period, _table.c.kind == kind)
    return connection.execute(select(_table).where(*ours)).first()


def steps_of(connection: Connection, rule: str, subject: str, period: str) -> Sequence[Any]:
    """The later steps of one matter in order, with all columns."""
    ours = (_table.c.rule == rule, _table.c.subject == subject, _table.c.period == period, _table.c.kind == "step")
    return connection.execute(select(_table).where(*ours).order_by(_table.c.step)).all()


def windows_touching(connection: Connection, rule: str, subject: str, between: _Window) -> Sequence[Any]:
    """The waits and sets of a rule that began or fell due between two moments, with all columns; joined ones left out."""
    touching = or_(_table.c.due.between(*between), _table.c.began.between(*between))
    return connection.execute(
        select(_table).where(*_windows(rule, subject), touching, _table.c.state != "joined")
    ).all()


def windows_nearest(
    connection: Connection, rule: str, subject: str, between: _Window
) -> tuple[datetime | None, datetime | None]:
    """When the last wait or set before, and the first after, two moments fell due. Two statements."""
    first, last = between
    near = select(_table.c.due).where(*_windows(rule, subject))
    before = connection.scalar(near.where(_table.c.due < first).order_by(_table.c.due.desc()).limit(1))
    after = connection.scalar(near.where(_table.c.due > last).order_by(_table.c.due).limit(1))
    return before, after


def _windows(rule: str, subject: str) -> tuple[Any, ...]:
    return _table.c.rule == rule, _table.c.subject == subject, _table.c.kind.in_(("wait", "not_all"))


def end_open_entries(connection: Connection, rule: str, kinds: Collection[str], at: datetime, note: str) -> int:
    """Cancel what a rule has open on the agenda, by kind; returns how many entries."""
    here = (AgendaRow.rule == rule) & (AgendaRow.state == "open") & AgendaRow.kind.in_(kinds)
    values = {"state": "cancelled", "settled_at": at, "note": note}
    return connection.execute(update(AgendaRow).where(here).values(values)).rowcount


def cancelled_steps(connection: Connection) -> set[int]:
    """The ids of all later steps that were called off."""
    called_off = (AgendaRow.kind == "step", AgendaRow.state == "cancelled")
    return set(connection.scalars(select(AgendaRow.id).where(*called_off)))


def entries_with(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """These entries with all columns; no statement where none is asked for."""
    return connection.execute(select(_table).where(AgendaRow.id.in_(ids))).all() if ids else ()


def schedule_run(connection: Connection, rule: str, zone: str, day: date) -> Any:
    """The run of a rule's schedule for one local day in a zone, with all columns; None where it has not run."""
    row = ScheduleRunRow
    ours = (row.rule == rule, row.zone == zone, row.day == day)
    return connection.execute(select(row.__table__).where(*ours)).first()
