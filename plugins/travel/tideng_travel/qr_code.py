"""Read the QR code of a Chinese invoice. Three forms are known:

1. The tax system's, with commas: ``01,KIND,CODE,NUMBER,AMOUNT,YYYYMMDD,CHECK,CRC,``. On kinds with a code the amount is
without tax; on fully digital invoices (数电票), whose code is empty and whose number has 20 digits, it is the total.

2. Shenzhen's blockchain invoice: the same with the seller's tax id before the amount.

3. The address of the invoice's page, with the amount in fen:
``https://bcfp.shenzhen.chinatax.gov.cn/verify/scan?hash=…&bill_num=…&total_amount=…``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

KINDS: Mapping[str, str] = {
    "01": "vat_special",
    "04": "vat",
    "08": "vat_special",
    "10": "vat",
    "11": "vat",
    "14": "toll",
    "31": "vat_special",
    "32": "vat",
    "51": "rail",
    "61": "air",
}
"""The tax system's number of a kind → our name. Any other number is an invoice without a particular kind."""
DIGITAL_NUMBER = 20
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?", re.ASCII)
_TAX_ID = re.compile(r"[0-9A-HJ-NPQRTUWXY]{15,20}", re.ASCII)
_SHENZHEN = "bcfp.shenzhen.chinatax.gov.cn"


@dataclass(frozen=True, slots=True)
class QrInvoice:
    """An invoice as its QR code describes it. `total`: the amount with tax, `net`: without; at most one of them is
    known. `check_code`: 20 digits on paper invoices, else ''."""

    number: str
    code: str = ""
    kind: str = "invoice"
    issued: date | None = None
    total: Decimal | None = None
    net: Decimal | None = None
    check_code: str = ""
    seller: str = ""


def read_qr_text(text: str) -> QrInvoice | None:
    """Read the text of a QR code; None when it is not an invoice's."""
    text = text.strip()
    if len(text) > 1000:
        return None
    if text.startswith(("http://", "https://")):
        return _of_address(text)
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 4 or parts[0] != "01":
        return None
    kind, code, number, rest = parts[1], parts[2], parts[3], parts[4:]
    if not _DIGITS.fullmatch(kind) or not _is_number(number, code):
        return None
    seller = ""
    if rest and _TAX_ID.fullmatch(rest[0]) and len(rest[0]) >= 15:
        seller, *rest = rest
    said, day, check, *_ = [*rest, "", "", ""]
    value = amount(said)
    digital = not code
    return QrInvoice(
        number=number,
        code=code,
        kind=KINDS.get(kind, "invoice"),
        issued=day_of(day),
        total=value if digital or seller else None,
        net=None if digital or seller else value,
        check_code=check if re.fullmatch(r"[0-9]{20}", check, re.ASCII) else "",
        seller=seller,
    )


def _is_number(number: str, code: str) -> bool:
    if not _DIGITS.fullmatch(number):
        return False
    if not code:
        return len(number) == DIGITAL_NUMBER
    return _DIGITS.fullmatch(code) is not None and len(code) in (10, 12) and len(number) == 8


def _of_address(text: str) -> QrInvoice | None:
    try:
        address = urlsplit(text)
        asked = parse_qs(address.query, max_num_fields=20)
    except ValueError:
        return None
    number = next(iter(asked.get("bill_num", [])), "")
    if address.hostname != _SHENZHEN or not re.fullmatch(r"[0-9]{8}", number, re.ASCII):
        return None
    fen = next(iter(asked.get("total_amount", [])), "")
    total = Decimal(fen) / 100 if re.fullmatch(r"[0-9]{1,14}", fen, re.ASCII) else None
    return QrInvoice(number=number, kind="vat", total=total)


def amount(text: str) -> Decimal | None:
    """Read an amount as codes and pages write it: ``128``, ``1,280.50``; None when it is not an amount."""
    bare = re.sub(r"[¥￥\s]|,(?=[0-9]{3})", "", text)
    return Decimal(bare) if _AMOUNT.fullmatch(bare) else None


def day_of(text: str) -> date | None:
    """Read ``20240312``, ``2024年03月12日`` or ``2024-3-12``; None when it is not a day."""
    found = re.fullmatch(r"([0-9]{4})[年./-]?([0-9]{1,2})[月./-]?([0-9]{1,2})日?", re.sub(r"\s", "", text), re.ASCII)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
