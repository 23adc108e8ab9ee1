"""Read an invoice or a ticket: its QR code, its text, and where the two differ.

`read` runs in a process of its own (`call_sandboxed`) and returns plain data; `reading_of` calls it and turns the
result into notes for a person. Whether an invoice is genuine is not decided here; a tax system decides it (hook
`check_invoice`).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from tideng.plugin import (
    OFD,
    PDF,
    Attachment,
    AttachmentReading,
    SandboxFailed,
    SandboxLimits,
    Text,
    call_sandboxed,
    phrase,
)
from tideng_travel.page_text import LONGEST, PageText, read_text
from tideng_travel.qr_code import (
    QrInvoice,
    amount,
    day_of,
    read_qr_text,
)

READING = SandboxLimits(seconds=10, megabytes=1024)
# pypdfium2, pillow, ofdkit and zxing are imported by the functions that use them: the plugin is loaded by every process, while
# only the sandbox opens files, one format at a time
KINDS = ("invoice", "itinerary")
"""The kinds of attachments that are read. People look at confirmations that a customer signed."""
_MOST_PAGES = 3
_MOST_POINTS = 8_000_000
_NUMBER = re.compile(r"[0-9]{6,30}", re.ASCII)
_TAX_ID = re.compile(r"[0-9A-Z]{15,20}", re.ASCII)
_SCALE = 200 / 72  # dots an inch, over a PDF's points


def reading_of(paper: Attachment) -> AttachmentReading:
    """Read `paper`, with notes on what a person has to type or check."""
    try:
        fields = call_sandboxed("tideng_travel.paper_reading:read", paper.content, paper.sort, limits=READING)
    except SandboxFailed:
        return AttachmentReading({}, (_UNREAD,))
    notes = tuple(_disagreement(*one) for one in fields.pop("differs", []))
    return AttachmentReading(fields, notes + tuple(_missing(fields, paper.kind)))


# -- in words --------------------------------------------------------------------------------------------------------
_UNREAD: Text = phrase("Nothing could be read from this file. Please type its number, date and amount below.")
_FIELDS: dict[str, Text] = {
    "number": phrase("number"),
    "issued": phrase("date"),
    "amount": phrase("amount"),
}


def _missing(fields: dict[str, Any], kind: str) -> Iterator[Text]:
    wanted = _FIELDS if kind == "invoice" else {}
    lacking = [title for name, title in wanted.items() if not fields.get(name)]
    if len(lacking) == len(wanted) and wanted:
        yield _UNREAD
    elif lacking:
        zh, en = "、".join(one["zh"] for one in lacking), " and ".join(one["en"] for one in lacking)
        yield {"zh": f"没读出{zh}，请在下面填一下。", "en": f"The {en} could not be read. Please type it below."}


def _disagreement(field: str, code: str, page: str) -> Text:
    title = {**_FIELDS, "net": phrase("amount without tax")}[field]
    return phrase(
        "The QR code says {code} for the {title}, the page {page}. Which one is right?",
        code=code,
        title=title,
        page=page,
    )


# -- in the process --------------------------------------------------------------------------------------------------
def read(content: bytes, sort: str) -> dict[str, Any]:
    """Read the fields of a file of `sort` (PDF, OFD, PICTURE); unknown fields are left out. ``differs`` lists
    (field, value in the QR code, value on the page)."""
    said, pictures = {PDF: _pdf, OFD: _ofd}.get(sort, _picture)(content)
    code = next(filter(None, map(read_qr_text, _codes(pictures))), None)
    return merged(code, said)


def merged(code: QrInvoice | None, said: PageText) -> dict[str, Any]:
    """Combine both sources. The QR code wins, since it is made for machines; the page gives what the code lacks."""
    code = code or QrInvoice("")
    total = code.total if code.total is not None else said.total
    found = {
        "number": code.number or said.number,
        "code": code.code or ("" if code.number else said.code),
        "kind": code.kind if code.number else said.kind,
        "issued": _day(code.issued or said.issued),
        "amount": _text(total),
        "net": _text(code.net if code.net is not None else said.net),
        "currency": said.currency or ("CNY" if code.number else ""),
        "check_code": code.check_code[-6:],
        "seller": code.seller or said.seller,
        "buyer": said.buyer,
        "day": _day(said.day),
        "from": said.start,
        "to": said.end,
        "source": "qr" if code.number else "page",
    }
    differs = list(_differences(code, said))
    known = {name: value for name, value in found.items() if value}
    if known.keys() <= {"source"}:
        return {}
    return {**known, **({"differs": differs} if differs else {})}


def _differences(code: QrInvoice, said: PageText) -> Iterator[tuple[str, str, str]]:
    if not code.number:
        return
    if said.number and said.number != code.number:
        yield "number", code.number, said.number
    if said.issued and code.issued and said.issued != code.issued:
        yield "issued", code.issued.isoformat(), said.issued.isoformat()
    if code.total is not None and said.total is not None and code.total != said.total:
        yield "amount", _text(code.total), _text(said.total)
    if code.net is not None and said.net is not None and code.net not in said.amounts:
        yield "net", _text(code.net), _text(said.net)


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _pdf(content: bytes) -> tuple[PageText, Iterable[Any]]:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    pages = [document[number] for number in range(min(len(document), _MOST_PAGES))]
    return read_text("\n".join(map(_text_of, pages))), map(_rendered, pages)


def _text_of(page: Any) -> str:
    text = page.get_textpage()
    return text.get_text_range(0, min(text.count_chars(), LONGEST))


def _rendered(page: Any) -> Any:
    width, height = page.get_size()
    scale = min(_SCALE, (_MOST_POINTS / max(1.0, width * height)) ** 0.5)
    return page.render(scale=scale, grayscale=True).to_pil()


def _picture(content: bytes) -> tuple[PageText, Iterable[Any]]:
    from PIL import Image

    image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG")).convert("L")
    return PageText(), [image]


def _ofd(content: bytes) -> tuple[PageText, Iterable[Any]]:
    import ofdkit

    with ofdkit.open(content) as document:
        invoice = document.invoice()
        said = read_text(document.text())
        pictures = list(_pictures_in(content))
    return (_of_ofd(invoice, said) if invoice else said), pictures


def _of_ofd(invoice: Any, page: PageText) -> PageText:
    """Read the data that an OFD carries about itself, and its text for the rest."""
    total, net = amount(invoice.total_amount or ""), amount(invoice.amount_without_tax or "")
    return PageText(
        number=_shaped(_NUMBER, invoice.invoice_number) or page.number,
        code=_shaped(_NUMBER, invoice.invoice_code) or page.code,
        kind=page.kind or "vat",
        issued=day_of(invoice.issue_date or "") or page.issued,
        total=total if total is not None else page.total,
        net=net if net is not None else page.net,
        amounts=(*page.amounts, *filter(None, (total, net))),
        currency="CNY",
        seller=_shaped(_TAX_ID, invoice.seller.tax_id) or page.seller,
        buyer=_shaped(_TAX_ID, invoice.buyer.tax_id) or page.buyer,
        day=page.day,
        start=page.start,
        end=page.end,
    )


def _shaped(shape: re.Pattern[str], value: str | None) -> str:
    """Return the value if it has the expected shape; a file may say anything."""
    return value if value and shape.fullmatch(value) else ""


def _pictures_in(content: bytes) -> Iterator[Any]:
    """Yield the pictures inside an OFD, small ones first; the QR code is usually among them."""
    from PIL import Image, UnidentifiedImageError

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        named = [one for one in archive.infolist() if one.filename.lower().endswith((".png", ".jpg", ".jpeg"))]
        for one in sorted(named, key=lambda member: member.file_size)[:10]:
            try:
                image = Image.open(io.BytesIO(archive.read(one)), formats=("JPEG", "PNG"))
                if image.width * image.height <= _MOST_POINTS:
                    yield image.convert("L")
            except (UnidentifiedImageError, OSError, ValueError):
                continue


def _codes(pictures: Iterable[Any]) -> Iterator[str]:
    """Yield the texts of all QR codes in `pictures`. A white border is added, for codes at the very edge."""
    import zxingcpp
    from PIL import ImageOps

    wanted: Any = zxingcpp.BarcodeFormat.QRCode  # its stubs name the set of formats only
    for picture in pictures:
        for one in zxingcpp.read_barcodes(ImageOps.expand(picture, 20, 255), formats=wanted):
            yield one.text
