"""Ask a tax system about invoices, through the hook `check_invoice`.

The worker asks between its batches, outside any transaction, because an answer may take seconds. The answer is kept
with the invoice. When the system cannot be reached, it is asked again with growing pauses; when it does not know an
invoice yet, it is asked again on the following days, because new invoices reach it late. The claim does not wait:
people decide with what is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, bindparam, select, update

from tideng.plugin import (
    INVOICE_GENUINE,
    INVOICE_LATER,
    INVOICE_UNKNOWN,
    INVOICE_WRONG,
    Event,
    Invoice,
    InvoiceVerdict,
    reading,
    store_events,
    writing,
)
from tideng_travel.tables import InvoiceRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

CHECKED = "invoice.checked"
SOURCE = "tideng/travel"
MOST_AT_ONCE = 10
"""Invoices per round, because the worker has other work."""
HELD = timedelta(minutes=10)
"""How long an invoice that is being asked about is reserved."""
UNCONNECTED = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=6)
NOT_THERE_YET = timedelta(hours=24)
LAST_TRY = 4
"""How many times to ask about an invoice that the tax system does not know, once a day."""
_FINAL = (INVOICE_GENUINE, INVOICE_WRONG)


def ask(deployment: Deployment) -> int | None:
    """Ask about the invoices that are due; returns how many. None when no tax system is connected, so that the
    caller can wait longer."""
    if not deployment.plugins.answers("check_invoice"):
        return None
    now = deployment.clock.now()
    with reading(deployment.engine) as connection:
        if connection.execute(_due(now).limit(1)).first() is None:
            return 0
    with writing(deployment.engine) as connection:
        rows = _take(connection, now)
    answers = [(row, deployment.plugins.first("check_invoice", invoice=invoice_of(row))) for row in rows]
    given = [(row, verdict) for row, verdict in answers if isinstance(verdict, InvoiceVerdict)]
    with writing(deployment.engine) as connection:
        _note(connection, deployment, given, deployment.clock.now())
        _put_back(connection, [row for row, verdict in answers if not isinstance(verdict, InvoiceVerdict)], now)
    return len(given) if given or not rows else None


def invoice_of(row: Row) -> Invoice:
    """A claim's invoice as tax systems know it."""
    digital = row.number.isdigit() and len(row.number) == 20
    return Invoice(
        number=row.number,
        code="" if digital else row.code,
        issued=row.issued,
        amount=Decimal(row.amount) if row.amount else None,
        currency=row.currency,
        check_code=row.check_code,
        seller=row.seller,
        buyer=row.buyer,
    )


def _due(now: datetime) -> Any:
    return select(InvoiceRow.id).where(InvoiceRow.next_ask <= now).order_by(InvoiceRow.next_ask)


def _take(connection: Connection, now: datetime) -> Sequence[Row]:
    """Reserve invoices that are due. The attempt is counted and the next one scheduled before asking, so that a
    crash cannot make it ask for ever."""
    table: Any = InvoiceRow.__table__
    chosen = _due(now).limit(MOST_AT_ONCE).with_for_update(skip_locked=True)
    taken = (
        update(table)
        .where(table.c.id.in_(chosen.scalar_subquery()), table.c.next_ask <= now)
        .values(tries=table.c.tries + 1, next_ask=now + HELD)
        .returning(table)
    )
    return connection.execute(taken).all()


def _note(
    connection: Connection, deployment: Deployment, given: Sequence[tuple[Row, InvoiceVerdict]], now: datetime
) -> None:
    """Keep the answer, and emit an event for every answer except “later”."""
    if not given:
        return
    table: Any = InvoiceRow.__table__
    columns = ("verdict", "said", "asked_at", "next_ask")
    statement = update(table).where(table.c.id == bindparam("_id")).values({name: bindparam(name) for name in columns})
    rows = [
        {
            "_id": row.id,
            "verdict": verdict.status,
            "said": dict(verdict.said),
            "asked_at": now,
            "next_ask": _next(row, verdict, now),
        }
        for row, verdict in given
    ]
    connection.execute(statement, rows)
    news = [_event(row, verdict, now) for row, verdict in given if verdict.status not in (INVOICE_LATER, row.verdict)]
    if news:
        store_events(connection, deployment.catalogue, news, now)


def _next(row: Row, verdict: InvoiceVerdict, now: datetime) -> datetime | None:
    if verdict.status in _FINAL:
        return None
    if verdict.status == INVOICE_UNKNOWN:
        return now + NOT_THERE_YET if row.tries < LAST_TRY else None
    pause = min(timedelta(minutes=2 ** min(row.tries, 10)), LONGEST_PAUSE)
    return now + pause


def _put_back(connection: Connection, rows: Sequence[Row], now: datetime) -> None:
    """Undo the attempt: a plugin implements the hook but is connected to nothing."""
    if rows:
        ids = [row.id for row in rows]
        values = {"tries": InvoiceRow.tries - 1, "next_ask": now}
        connection.execute(update(InvoiceRow).where(InvoiceRow.id.in_(ids)).values(values))


def _event(row: Row, verdict: InvoiceVerdict, now: datetime) -> Event:
    data = {"claim": row.case, "number": row.number, "verdict": verdict.status}
    return Event(f"invoice/{row.id}/{row.tries}", SOURCE, CHECKED, now, row.person, data)
