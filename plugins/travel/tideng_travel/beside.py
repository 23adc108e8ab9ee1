"""What stands beside a claim: its invoices, what was read from them, and what a tax system says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from tideng.model.catalogue import Text
from tideng.plugins.cards import (
    FINE,
    LOOK,
    OPEN,
    Aside,
    AsideLine,
)
from tideng.plugins.invoices import (
    GENUINE,
    LATER,
    UNKNOWN,
    WRONG,
)
from tideng_processes.forms.attachments import Kept, kept
from tideng_travel import invoices

TITLE: Text = {"zh": "发票", "en": "Invoices"}
_LOOKS: Mapping[str, tuple[Text, str]] = {
    "": ({"zh": "等待查验", "en": "To be checked"}, OPEN),
    GENUINE: ({"zh": "税务系统里一致", "en": "The tax system agrees"}, FINE),
    UNKNOWN: ({"zh": "税务系统里还没有", "en": "Not at the tax system yet"}, OPEN),
    WRONG: ({"zh": "和税务系统里的不同", "en": "Differs at the tax system"}, LOOK),
    LATER: ({"zh": "税务系统连不上，会再问", "en": "Tax system not reached; asked again"}, OPEN),
}
_UNCONNECTED: Text = {
    "zh": "没有连接税务系统，这些发票没有查验过。",
    "en": "Not checked: no tax system connected.",
}


def of_claim(connection: Connection, case: str, connected: bool) -> list[Aside]:
    """The invoices of a claim; [] where it has none. `connected`: whether a tax system is. Two statements."""
    rows = invoices.of_claims(connection, [case]).get(case, [])
    if not rows:
        return []
    papers = kept(connection, [row.paper for row in rows if row.paper is not None])
    unchecked = not connected and not any(row.verdict for row in rows)
    lines = tuple(_line(row, papers.get(row.paper), unchecked) for row in rows)
    return [Aside(TITLE, lines, _UNCONNECTED if unchecked else {})]


def _line(row: Row, paper: Kept | None, unchecked: bool) -> AsideLine:
    mark, look = _LOOKS.get(row.verdict, _LOOKS[""])
    words = " · ".join(filter(None, (_day(row), _amount(row), paper.name if paper else "")))
    typed = {} if paper else {"zh": " · 手填", "en": " · typed"}
    said = {one: words + typed.get(one, "") for one in ("zh", "en")}
    return AsideLine(row.number, said, {} if unchecked else mark, look, tuple(_notes(row, paper)))


def _notes(row: Row, paper: Kept | None) -> Iterator[Any]:
    """Where code and page disagree, and what the tax system said in its own words where that is more than yes."""
    if paper is not None and row.amount and paper.reading.fields.get("amount"):
        yield from paper.reading.notes
    if row.said and row.verdict != GENUINE:
        yield row.said


def _day(row: Row) -> str:
    return row.issued.isoformat() if row.issued else ""


def _amount(row: Row) -> str:
    return f"{row.amount} {row.currency}".strip() if row.amount else ""
