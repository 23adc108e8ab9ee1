"""What travel keeps about a person, for that person: their invoices, and what a tax system said about them."""

from __future__ import annotations

from sqlalchemy import Connection

from tideng.plugin import COLUMN_TIME, Holding, holding_of_rows
from tideng_travel.tables import InvoiceRow

_COLUMNS = {
    "claimed_at": COLUMN_TIME,
    "case": {"zh": "报销单号", "en": "Claim"},
    "number": {"zh": "发票号码", "en": "Number"},
    "code": {"zh": "发票代码", "en": "Code"},
    "issued": {"zh": "开票日期", "en": "Date"},
    "amount": {"zh": "金额", "en": "Amount"},
    "currency": {"zh": "币种", "en": "Currency"},
    "seller": {"zh": "销售方税号", "en": "Seller’s tax id"},
    "buyer": {"zh": "购买方税号", "en": "Buyer’s tax id"},
    "verdict": {"zh": "税务查验", "en": "At the tax system"},
    "asked_at": {"zh": "查验时间", "en": "Asked"},
}


def invoices_of(connection: Connection, person: str) -> Holding:
    """Give every invoice of the person's claims. One statement, and one for each part that is read."""
    row, mine = InvoiceRow, InvoiceRow.person == person
    title = {"zh": "报销过的发票", "en": "Invoices you claimed"}
    about = {
        "zh": "用来防止一张发票报两次。您、看单据的人和人事可看",
        "en": "Kept so that none is claimed twice. You, whoever looks at the papers and HR can see it",
    }
    return holding_of_rows(
        connection, "travel.invoices", title, about, _COLUMNS, row, mine, row.claimed_at, icon="yuan"
    )
