"""What travel keeps of a person's claims, for that person: the invoices, and what a tax system said of them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from tideng.holdings import Holding, Record
from tideng_travel.tables import InvoiceRow

_COLUMNS = {
    "claimed_at": {"zh": "时间", "en": "Time"},
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
    """Every invoice of the person's claims. One statement, and one for each part read."""
    row = InvoiceRow
    mine = row.person == person
    when = row.claimed_at
    count, first, last = connection.execute(select(func.count(), func.min(when), func.max(when)).where(mine)).one()
    wanted = select(*(getattr(row, name) for name in _COLUMNS)).where(mine).order_by(when.desc(), row.id.desc())

    def records(start: int, most: int) -> Iterable[Record]:
        return [dict(one._mapping) for one in connection.execute(wanted.offset(start).limit(most))]

    title = {"zh": "报销过的发票", "en": "Invoices you claimed"}
    about = {
        "zh": "用来防止一张发票报两次。您、看单据的人和人事可看",
        "en": "Kept so that none is claimed twice. You, whoever looks at the papers and HR can see it",
    }
    return Holding("travel.invoices", title, about, _COLUMNS, count, records, first, last, "yuan")
