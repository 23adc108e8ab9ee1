"""Store what changed in a `World`: the days of metrics, the spans of states, the agenda. A fixed number of statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, or_, update

from tideng.facts.world import World
from tideng.judging.stored_entries import columns_of
from tideng.model.metrics import Book
from tideng.store.database import insert, is_sqlite
from tideng.store.tables import (
    AgendaRow,
    MetricDayRow,
    MetricValueRow,
    StateRow,
)


def save_days(connection: Connection, book: Book) -> None:
    """Add the counts of `book` to the stored days."""
    rows, values = [], []
    for (subject, series, day), delta in sorted(book.deltas.items(), key=lambda item: item[0]):
        low, high, last = delta.low, delta.high, delta.last
        rows.append(
            {
                "subject": subject,
                "series": series,
                "day": day,
                "n": delta.n,
                "total": delta.total,
                "low": low,
                "high": high,
                "last": last,
                "last_at": delta.last_at,
            }
        )
        values += [
            {"subject": subject, "series": series, "day": day, "value": value[:200]}
            for value in sorted(delta.values or ())
        ]
    if rows:
        connection.execute(_add_days(connection), rows)
    if values:
        connection.execute(insert(connection)(MetricValueRow).on_conflict_do_nothing(), values)
    book.deltas = {}


def _add_days(connection: Connection) -> Any:
    table = MetricDayRow.__table__
    statement = insert(connection)(table)
    new = statement.excluded
    least, most = (func.min, func.max) if is_sqlite(connection) else (func.least, func.greatest)
    newer = or_(table.c.last_at.is_(None), new.last_at >= table.c.last_at)
    return statement.on_conflict_do_update(
        index_elements=["subject", "series", "day"],
        set_={
            "n": table.c.n + new.n,
            "total": table.c.total + new.total,
            "low": least(func.coalesce(table.c.low, new.low), func.coalesce(new.low, table.c.low)),
            "high": most(func.coalesce(table.c.high, new.high), func.coalesce(new.high, table.c.high)),
            "last": case((newer, new.last), else_=table.c.last),
            "last_at": case((newer, new.last_at), else_=table.c.last_at),
        },
    )


def save_states(connection: Connection, world: World) -> None:
    """Insert new spans; update those whose start or end changed."""
    new = {id(span) for _, _, span in world.new_spans}
    rows = [
        {"subject": subject, "state": state, "key": span.key, "started_at": span.started, "ended_at": span.ended}
        for subject, state, span in world.new_spans
    ]
    if rows:
        connection.execute(insert(connection)(StateRow).on_conflict_do_nothing(), rows)
    changed = [
        {"row": span.row, "started": span.started, "ended": span.ended}
        for span in world.changed_spans
        if id(span) not in new
    ]
    if changed:
        statement = update(StateRow).where(StateRow.id == bindparam("row"))
        values: dict[str, Any] = {"started_at": bindparam("started"), "ended_at": bindparam("ended")}
        connection.execute(statement.values(**values), changed)


def save_agenda(connection: Connection, world: World, now: datetime) -> None:
    """Insert the entries that were opened; update the state and note of those that changed."""
    rows = [columns_of(entry, now) for entry in world.agenda.opened]
    if rows:
        connection.execute(insert(connection)(AgendaRow).on_conflict_do_nothing(), rows)
    settled = [
        {"row": entry.row, "new_state": entry.state, "new_note": (entry.note or "")[:200] or None}
        for entry in world.agenda.settled
        if entry.row is not None
    ]
    if settled:
        statement = update(AgendaRow).where(AgendaRow.id == bindparam("row"))
        values = {"state": bindparam("new_state"), "note": bindparam("new_note"), "settled_at": now}
        connection.execute(statement.values(**values), settled)
