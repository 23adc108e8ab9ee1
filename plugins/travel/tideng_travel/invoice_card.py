"""The card of a claim's invoices: what was read from each, and what a tax system says about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from tideng.plugin import (
    INVOICE_GENUINE,
    INVOICE_LATER,
    INVOICE_UNKNOWN,
    INVOICE_WRONG,
    LINE_ATTENTION,
    LINE_FINE,
    LINE_OPEN,
    Card,
    CardLine,
    Text,
    phrase,
)
from tideng_processes.forms.attachments import StoredFile, stored_files
from tideng_travel import invoices

TITLE: Text = phrase("Invoices")
_LOOKS: Mapping[str, tuple[Text, str]] = {
    "": (phrase("To be checked"), LINE_OPEN),
    INVOICE_GENUINE: (phrase("The tax system agrees"), LINE_FINE),
    INVOICE_UNKNOWN: (phrase("Not at the tax system yet"), LINE_OPEN),
    INVOICE_WRONG: (phrase("Differs at the tax system"), LINE_ATTENTION),
    INVOICE_LATER: (phrase("Tax system not reached; asked again"), LINE_OPEN),
}
_UNCONNECTED: Text = phrase("Not checked: no tax system connected.")


def of_claim(connection: Connection, case: str, connected: bool) -> list[Card]:
    """Make the card of a claim's invoices; [] for a claim without invoices. `connected`: whether a tax system is
    connected. Two statements."""
    rows = invoices.of_claims(connection, [case]).get(case, [])
    if not rows:
        return []
    papers = stored_files(connection, [row.paper for row in rows if row.paper is not None])
    unchecked = not connected and not any(row.verdict for row in rows)
    lines = tuple(_line(row, papers.get(row.paper), unchecked) for row in rows)
    return [Card(TITLE, lines, _UNCONNECTED if unchecked else {})]


def _line(row: Row, paper: StoredFile | None, unchecked: bool) -> CardLine:
    mark, look = _LOOKS.get(row.verdict, _LOOKS[""])
    words = " · ".join(filter(None, (_day(row), _amount(row), paper.name if paper else "")))
    typed = {} if paper else phrase(" · typed")
    said = {one: words + typed.get(one, "") for one in ("zh", "en")}
    return CardLine(row.number, said, {} if unchecked else mark, look, tuple(_notes(row, paper)))


def _notes(row: Row, paper: StoredFile | None) -> Iterator[Any]:
    """Yield where QR code and page differ, and the tax system's own words unless it confirmed the invoice."""
    if paper is not None and row.amount and paper.reading.fields.get("amount"):
        yield from paper.reading.notes
    if row.said and row.verdict != INVOICE_GENUINE:
        yield row.said


def _day(row: Row) -> str:
    return row.issued.isoformat() if row.issued else ""


def _amount(row: Row) -> str:
    return f"{row.amount} {row.currency}".strip() if row.amount else ""
