"""The table of travel: every invoice of every claim, each once in the whole company."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Integer, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tideng.plugin import NAMING_CONVENTION, Id, Moment


class TravelBase(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: Moment}


class InvoiceRow(TravelBase):
    """An invoice of a claim. `code` and `number` identify it (see `tideng_travel.invoices.Slip.key`). `paper`: its
    file, None when it was typed. Amounts are decimal texts.

    `verdict`: the tax system's answer ('' before it was asked, else INVOICE_GENUINE and its siblings). `said`: its
    words. `next_ask`: when to ask (again), None when nothing is left to ask. `tries`: counted before each attempt.
    """

    __tablename__ = "travel_invoice"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(80))
    number: Mapped[str] = mapped_column(String(60))
    case: Mapped[str] = mapped_column(String(60), index=True)
    person: Mapped[str] = mapped_column(String(120), index=True)
    paper: Mapped[int | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20), default="")
    issued: Mapped[date | None]
    amount: Mapped[str] = mapped_column(String(20), default="")
    currency: Mapped[str] = mapped_column(String(3), default="")
    seller: Mapped[str] = mapped_column(String(30), default="")
    buyer: Mapped[str] = mapped_column(String(30), default="")
    check_code: Mapped[str] = mapped_column(String(6), default="")
    claimed_at: Mapped[datetime]
    verdict: Mapped[str] = mapped_column(String(10), default="")
    said: Mapped[dict] = mapped_column(JSON)
    asked_at: Mapped[datetime | None]
    next_ask: Mapped[datetime | None] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    __table_args__ = (UniqueConstraint("code", "number"),)
