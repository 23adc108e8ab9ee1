"""What travel keeps about a person, for that person: their invoices, and what a tax system said about them."""

from __future__ import annotations

from sqlalchemy import Connection

from tideng.plugin import COLUMN_TIME, HeldRows, Holding, holding_of_rows, phrase
from tideng_travel.tables import InvoiceRow

_COLUMNS = {
    "claimed_at": COLUMN_TIME,
    "case": phrase("Claim"),
    "number": phrase("Number", context="held"),
    "code": phrase("Code"),
    "issued": phrase("Date", context="held"),
    "amount": phrase("Amount"),
    "currency": phrase("Currency"),
    "seller": phrase("Seller’s tax id"),
    "buyer": phrase("Buyer’s tax id"),
    "verdict": phrase("At the tax system"),
    "asked_at": phrase("Asked", context="held"),
}


def invoices_of(connection: Connection, person: str) -> Holding:
    """Give every invoice of the person's claims. One statement, and one for each part that is read."""
    mine = HeldRows(InvoiceRow, InvoiceRow.person == person, InvoiceRow.claimed_at)
    title = phrase("Invoices you claimed")
    about = phrase("Kept so that none is claimed twice. You, whoever looks at the papers and HR can see it")
    return holding_of_rows(connection, "travel.invoices", title, about, _COLUMNS, mine, icon="yuan")
