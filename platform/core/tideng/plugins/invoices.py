"""Invoices as a tax system knows them; the hook `check_invoice` asks whether one is genuine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tideng.model.catalogue import Text

INVOICE_GENUINE, INVOICE_UNKNOWN, INVOICE_WRONG, INVOICE_LATER = "genuine", "unknown", "wrong", "later"
"""Status of an `InvoiceVerdict`."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """What identifies an invoice to a tax system. `code`: '' on fully digital ones (数电票), whose `number` has 20
    digits. `amount`: the total with tax. `check_code`: the last six digits of the check code on paper ones.
    `seller`, `buyer`: tax ids (统一社会信用代码) or ''."""

    number: str
    code: str = ""
    issued: date | None = None
    amount: Decimal | None = None
    currency: str = "CNY"
    check_code: str = ""
    seller: str = ""
    buyer: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceVerdict:
    """A tax system's answer. `status`: INVOICE_GENUINE, INVOICE_UNKNOWN (it has no such invoice), INVOICE_WRONG (its
    figures differ), or INVOICE_LATER (it could not be asked now; the claim goes on, and the invoice is asked about
    again). `said`: its words for a person, in zh and en."""

    status: str
    said: Text
