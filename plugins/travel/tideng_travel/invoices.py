"""The invoices of a claim: combined from files and typed lines, and kept so that no invoice is paid twice.

An invoice is identified by its number, with its code where it has one. Numbers of 20 digits (fully digital invoices)
and of 13 digits (flight receipts) are unique by themselves. Other numbers, such as a foreign hotel's, are combined with
day and amount, because two hotels may both issue a number 17.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from tideng.plugin import Event, Form, dialect_insert
from tideng_processes.forms.attachments import StoredFile
from tideng_travel.qr_code import amount as amount_of
from tideng_travel.qr_code import day_of
from tideng_travel.tables import InvoiceRow

FILES, TYPED, SLIPS, CONFIRMATION = "invoices", "typed", "slips", "confirmation"
_ALONE = (13, 20)
_CODES = (10, 12)
_ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+|\d+E\+\d+", re.ASCII)
_KEPT = ("kind", "issued", "currency", "seller", "buyer", "check_code", "paper")


@dataclass(frozen=True, slots=True)
class Slip:
    """An invoice or a ticket in a claim. `place`: its field, ``invoices`` or ``typed[2]``. `amount` includes tax.
    `day`, `start`, `end`: of travel, for a ticket. `paper`: the id of its file. `name`: the file's name."""

    place: str
    number: str = ""
    code: str = ""
    kind: str = ""
    issued: date | None = None
    amount: Decimal | None = None
    currency: str = ""
    seller: str = ""
    buyer: str = ""
    check_code: str = ""
    day: date | None = None
    start: str = ""
    end: str = ""
    paper: int | None = None
    name: str = ""

    @property
    def key(self) -> tuple[str, str] | None:
        """(code, number), unique in the company; None without a number."""
        if not self.number:
            return None
        if self.number.isdigit() and len(self.number) in _ALONE:
            return "", self.number
        if self.code.isdigit() and len(self.code) in _CODES:
            return self.code, self.number
        told_apart = f"{self.code}/{self.issued or ''}/{'' if self.amount is None else self.amount}"
        return told_apart[:80], self.number

    @property
    def whole(self) -> bool:
        """Whether everything that a claim needs is known."""
        return bool(self.number) and self.amount is not None


def slips_of(form: Form, papers: Mapping[int, StoredFile], own: str) -> list[Slip]:
    """Give every invoice and ticket of a claim's form. A typed line with the number of a file completes what was
    read from that file. `own`: currency of typed amounts, which is the claim's."""
    read = [_of_paper(name, papers[id]) for name in (FILES, SLIPS) for id in form.papers.get(name, ()) if id in papers]
    typed = [_of_line(n, row, own) for n, row in enumerate(_rows(form.data.get(TYPED)))]
    numbers = {one.number: one for one in typed if one.number}
    completed = [_completed(one, numbers.get(one.number)) for one in read]
    known = {one.number for one in read if one.number}
    return [*completed, *(one for one in typed if one.number not in known)]


def distinct(slips: Iterable[Slip]) -> list[Slip]:
    """Give each invoice once: a train ticket may be in both fields. Invoices without a number are all kept."""
    found: dict[Any, Slip] = {}
    for number, one in enumerate(slips):
        found.setdefault(one.key or number, one)
    return list(found.values())


def tidy_number(said: object) -> str:
    """The number or code of an invoice without spaces and hyphens, in plain digits and capitals: ``２５９９ ０`` is
    ``25990``. '' for a number that a spreadsheet rounded (``2.599E+19``): its last digits are lost."""
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", str(said or ""))).upper()
    return "" if _ROUNDED.fullmatch(plain) else plain


def rounded_numbers(form: Form) -> list[tuple[str, str]]:
    """Find the typed numbers whose last digits a spreadsheet dropped: (place of the line, what was typed)."""
    typed = [(f"{TYPED}[{n}]", str(row.get("number") or "")) for n, row in enumerate(_rows(form.data.get(TYPED)))]
    return [(place, said) for place, said in typed if said.strip(" -") and not tidy_number(said)]


def _rows(said: Any) -> list[Mapping[str, Any]]:
    return (
        [row for row in said if isinstance(row, Mapping)]
        if isinstance(said, Sequence) and not isinstance(said, str)
        else []
    )


def _of_paper(place: str, paper: StoredFile) -> Slip:
    said = paper.reading.fields
    text = lambda name: str(said.get(name, ""))  # noqa: E731
    return Slip(
        place=place,
        number=text("number"),
        code=text("code"),
        kind=text("kind"),
        issued=day_of(text("issued")),
        amount=amount_of(text("amount")),
        currency=text("currency"),
        seller=text("seller"),
        buyer=text("buyer"),
        check_code=text("check_code"),
        day=day_of(text("day")),
        start=text("from"),
        end=text("to"),
        paper=paper.id,
        name=paper.name,
    )


def _of_line(number: int, row: Mapping[str, Any], own: str) -> Slip:
    tidy = lambda name: tidy_number(row.get(name))  # noqa: E731
    amount = row.get("amount")
    return Slip(
        place=f"{TYPED}[{number}]",
        number=tidy("number")[:60],
        code=tidy("code")[:40],
        issued=day_of(str(row.get("issued") or "")),
        amount=None if amount is None else Decimal(str(amount)).quantize(Decimal("0.01")),
        currency=own,
    )


def _completed(read: Slip, typed: Slip | None) -> Slip:
    if typed is None:
        return read
    return replace(
        read,
        code=read.code or typed.code,
        issued=read.issued or typed.issued,
        amount=typed.amount if read.amount is None else read.amount,
        currency=read.currency or typed.currency,
    )


# -- in the database ---------------------------------------------------------------------------------------------------
def claimed_before(connection: Connection, slips: Iterable[Slip], case: str) -> list[tuple[Slip, Row]]:
    """Find the `slips` that another claim has, each with its row. One statement."""
    keys = {one.key: one for one in slips if one.key}
    if not keys:
        return []
    numbers = sorted({number for _, number in keys})
    rows = connection.execute(_select().where(InvoiceRow.number.in_(numbers), InvoiceRow.case != case)).all()
    return [(keys[row.code, row.number], row) for row in rows if (row.code, row.number) in keys]


def keep(
    connection: Connection, slips: Iterable[Slip], case: str, person: str, now: datetime
) -> list[tuple[Slip, Row]]:
    """Keep the invoices of a claim, in place of those it had. Returns the slips that another claim has.

    The caller has already looked, but another claim may be accepted at the same moment: the unique constraint lets one
    of the two in. A claim may submit the same invoices again as often as it likes.
    """
    wanted = {one.key: one for one in slips if one.key}
    mine = InvoiceRow.case == case
    others = [row.id for row in connection.execute(_select().where(mine)) if (row.code, row.number) not in wanted]
    if others:
        connection.execute(delete(InvoiceRow).where(InvoiceRow.id.in_(others)))
    if not wanted:
        return []
    rows = [_row(key, one, case, person, now) for key, one in sorted(wanted.items())]
    statement = dialect_insert(connection)(InvoiceRow).on_conflict_do_nothing(index_elements=["code", "number"])
    connection.execute(statement, rows)
    return claimed_before(connection, wanted.values(), case)


def release(connection: Connection, case: str) -> None:
    """Delete the invoices of a claim that its author withdrew, so that another claim may have them."""
    connection.execute(delete(InvoiceRow).where(InvoiceRow.case == case))


def complete(connection: Connection, slips: Iterable[Slip], case: str) -> None:
    """Take over corrections of invoices that the claim already had. A tax system's answer about other figures
    becomes void."""
    wanted = {one.key: _text(one.amount) for one in slips if one.key}
    changed = [
        {"_id": row.id, "amount": wanted[row.code, row.number], "next_ask": row.claimed_at}
        for row in connection.execute(_select().where(InvoiceRow.case == case))
        if wanted.get((row.code, row.number), row.amount) != row.amount
    ]
    if changed:
        table: Any = InvoiceRow.__table__
        anew = {"amount": bindparam("amount"), "next_ask": bindparam("next_ask"), "verdict": "", "said": {}, "tries": 0}
        connection.execute(update(table).where(table.c.id == bindparam("_id")).values(anew), changed)


def of_claims(connection: Connection, cases: Iterable[str]) -> Mapping[str, list[Row]]:
    """Claim → its invoices, in the order in which they came. One statement. The caller checks who may see those
    claims."""
    found: dict[str, list[Row]] = {}
    for row in connection.execute(_select().where(InvoiceRow.case.in_(sorted(set(cases)))).order_by(InvoiceRow.id)):
        found.setdefault(row.case, []).append(row)
    return found


def _select() -> Any:
    return select(InvoiceRow.__table__)


def _row(key: tuple[str, str], one: Slip, case: str, person: str, now: datetime) -> dict[str, Any]:
    code, number = key
    found = {name: getattr(one, name) for name in _KEPT}
    fixed = {"code": code, "number": number, "case": case, "person": person, "amount": _text(one.amount)}
    return {**found, **fixed, "claimed_at": now, "said": {}, "next_ask": now, "verdict": "", "tries": 0}


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


# -- claims of another system ------------------------------------------------------------------------------------------
def hear(connection: Connection, events: Iterable[Event]) -> None:
    """Keep the invoices of claims that came as events from other systems, so that nobody claims them here again. One
    statement. An invoice whose number is not unique by itself needs a ``code`` and is skipped without one."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        for one in _of_event(event):
            if one.key and (one.code or one.key[0] == ""):
                row = _row(one.key, one, str(event.data.get("claim") or "")[:60], event.subject, event.time)
                rows.setdefault(one.key, {**row, "next_ask": None})
    if rows:
        statement = dialect_insert(connection)(InvoiceRow).on_conflict_do_nothing(index_elements=["code", "number"])
        connection.execute(statement, list(rows.values()))


def _of_event(event: Event) -> list[Slip]:
    said = event.data.get("attachments")
    papers = [one for one in said if isinstance(one, Mapping)] if isinstance(said, Sequence) else []
    # a rounded number names no invoice; the claim that came with it stays as it was sent
    tidy = lambda value: re.sub(r"[^0-9A-Za-z]", "", tidy_number(value))  # noqa: E731
    return [
        Slip("", tidy(one.get("number"))[:60], tidy(one.get("code"))[:40])
        for one in papers
        if one.get("kind") == "invoice"
    ]
