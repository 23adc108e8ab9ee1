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
)
from tideng_processes.forms.attachments import Kept, kept
from tideng_travel import invoices

TITLE: Text = {"zh": "发票", "en": "Invoices"}
_LOOKS: Mapping[str, tuple[Text, str]] = {
    "": ({"zh": "等待查验", "en": "To be checked"}, LINE_OPEN),
    INVOICE_GENUINE: ({"zh": "税务系统里一致", "en": "The tax system agrees"}, LINE_FINE),
    INVOICE_UNKNOWN: ({"zh": "税务系统里还没有", "en": "Not at the tax system yet"}, LINE_OPEN),
    INVOICE_WRONG: ({"zh": "和税务系统里的不同", "en": "Differs at the tax system"}, LINE_ATTENTION),
    INVOICE_LATER: ({"zh": "税务系统连不上，会再问", "en": "Tax system not reached; asked again"}, LINE_OPEN),
}
_UNCONNECTED: Text = {
    "zh": "没有连接税务系统，这些发票没有查验过。",
    "en": "Not checked: no tax system connected.",
}


def of_claim(connection: Connection, case: str, connected: bool) -> list[Card]:
    """Make the card of a claim's invoices; [] for a claim without invoices. `connected`: whether a tax system is
    connected. Two statements."""
    rows = invoices.of_claims(connection, [case]).get(case, [])
    if not rows:
        return []
    papers = kept(connection, [row.paper for row in rows if row.paper is not None])
    unchecked = not connected and not any(row.verdict for row in rows)
    lines = tuple(_line(row, papers.get(row.paper), unchecked) for row in rows)
    return [Card(TITLE, lines, _UNCONNECTED if unchecked else {})]


def _line(row: Row, paper: Kept | None, unchecked: bool) -> CardLine:
    mark, look = _LOOKS.get(row.verdict, _LOOKS[""])
    words = " · ".join(filter(None, (_day(row), _amount(row), paper.name if paper else "")))
    typed = {} if paper else {"zh": " · 手填", "en": " · typed"}
    said = {one: words + typed.get(one, "") for one in ("zh", "en")}
    return CardLine(row.number, said, {} if unchecked else mark, look, tuple(_notes(row, paper)))


def _notes(row: Row, paper: Kept | None) -> Iterator[Any]:
    """Yield where QR code and page differ, and the tax system's own words unless it confirmed the invoice."""
    if paper is not None and row.amount and paper.reading.fields.get("amount"):
        yield from paper.reading.notes
    if row.said and row.verdict != INVOICE_GENUINE:
        yield row.said


def _day(row: Row) -> str:
    return row.issued.isoformat() if row.issued else ""


def _amount(row: Row) -> str:
    return f"{row.amount} {row.currency}".strip() if row.amount else ""
