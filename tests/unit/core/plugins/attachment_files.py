"""Real files for tests: invoices and tickets as PDF, OFD and pictures, and files that nobody should open."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence

import segno
from PIL import Image

NUMBER = "24312000000123456789"
DIGITAL_CODE = f"01,32,,{NUMBER},128.00,20240312,,74AE,"
PAPER_CODE = "01,04,1200153320,07041662,183.49,20151221,83623873463907646339,5080,"
INVOICE_LINES = (
    "电子发票（普通发票）",
    f"发票号码：{NUMBER}",
    "开票日期：2024年03月12日",
    "购买方信息 名称：明灯照明有限公司",
    "统一社会信用代码/纳税人识别号：91310000MA1FL5KE2X",
    "销售方信息 名称：上海某某酒店",
    "统一社会信用代码/纳税人识别号：91310000607218325K",
    "合 计 ¥120.75 ¥7.25",
    "价税合计（大写） 壹佰贰拾捌圆整 （小写）¥128.00",
)
RAIL_LINES = (
    "电子发票（铁路电子客票）",
    "发票号码：24319110000987654321",
    "开票日期：2024年03月15日",
    "上海虹桥站 G7321 杭州东站",
    "2024年03月12日 08:30开 06车12A号 二等座",
    "票价：￥73.00",
    "电子客票号：1910012345678901234567890 12306",
)
AIR_LINES = (
    "航空运输电子客票行程单 ITINERARY/RECEIPT OF E-TICKET FOR AIR TRANSPORT",
    "电子客票号码：7812345678901",
    "自：FROM 上海虹桥",
    "至：TO 北京首都",
    "MU5101 2024年03月12日 08:00",
    "CNY 1000.00 CNY 50.00 CNY 1050.00",
    "填开日期：2024年03月10日",
)
RIDE_LINES = ("某某出行 行程单", "申请日期：2024-03-13", "共1笔行程，合计 36.50 元", "上车时间 2024-03-12 18:40")


def a_pdf(lines: Sequence[str] = (), qr: str = "", pages: int = 1, encrypt: bytes = b"") -> bytes:
    """A PDF whose first page has `lines` of Chinese text and a QR code drawn as squares; `encrypt`: the password it needs."""
    drawn = _text(lines) + (_squares(qr) if qr else b"")
    font = 4 + 2 * pages
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(pages)))]  # fmt: skip
    objects.append(b"<</Producer(Tideng tests)>>")
    for number in range(pages):
        content = drawn if number == 0 else b""
        objects.append(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 400]/Contents %d 0 R/Resources<</Font<</F %d 0 R>>>>>>" % (5 + 2 * number, font))  # fmt: skip
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    objects.append(b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[%d 0 R]>>" % (font + 1))  # fmt: skip
    objects.append(b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/FontDescriptor %d 0 R>>" % (font + 2))  # fmt: skip
    objects.append(b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 900/Descent -200/CapHeight 700/StemV 80>>")  # fmt: skip
    trailer = b""
    if encrypt:
        objects.append(_standard_security(encrypt))
        trailer = b"/Encrypt %d 0 R/ID[<%s><%s>]" % (len(objects), _ID.hex().encode(), _ID.hex().encode())
    return _assembled(objects, trailer)


def _assembled(objects: Iterable[bytes], trailer: bytes) -> bytes:
    out, places = b"%PDF-1.6\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(places) + 1
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R/Info 3 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, table, size, trailer, len(out))  # fmt: skip


def _text(lines: Sequence[str]) -> bytes:
    said = [b"1 0 0 1 30 %d Tm <%s> Tj" % (370 - 22 * n, line.encode("utf-16-be").hex().encode()) for n, line in enumerate(lines)]  # fmt: skip
    return b"BT /F 10 Tf %s ET\n" % b"\n".join(said) if said else b""


def _squares(qr: str) -> bytes:
    matrix = segno.make_qr(qr, error="m").matrix
    found = [
        b"%d %d 3 3 re" % (420 + 3 * x, 360 - 3 * y) for y, row in enumerate(matrix) for x, on in enumerate(row) if on
    ]
    return b"0 g\n%s\nf\n" % b"\n".join(found)


# -- a password, by the standard security handler, revision 2 (PDF 32000-1, 7.6.3) ---------------------------------------
_ID = bytes(range(16))
_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def _standard_security(password: bytes) -> bytes:
    padded = (password + _PAD)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + struct.pack("<i", -4) + _ID).digest()[:5]
    user = _rc4(key, _PAD)
    return b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (owner.hex().encode(), user.hex().encode())


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    for one in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(one ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


# -- pictures ----------------------------------------------------------------------------------------------------------
def a_picture(qr: str = "", format: str = "JPEG", size: tuple[int, int] = (900, 600)) -> bytes:
    """A photograph of a paper on a table, as far as a scanner of QR codes is concerned."""
    image = Image.new("RGB", size, (203, 196, 180))
    if qr:
        held = io.BytesIO()
        segno.make_qr(qr, error="m").save(held, kind="png", scale=5, border=4)
        image.paste(Image.open(held).convert("RGB").rotate(7, expand=True, fillcolor=(203, 196, 180)), (120, 90))
    out = io.BytesIO()
    image.save(out, format=format, quality=80)
    return out.getvalue()


def a_huge_picture() -> bytes:
    """A PNG of 30,000 by 30,000 points in a few hundred bytes: the header alone."""
    header = struct.pack(">2I5B", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def a_heic() -> bytes:
    return struct.pack(">I", 24) + b"ftypheic" + b"\0\0\0\0mif1heic" + b"\0" * 200


# -- OFD (GB/T 33190) --------------------------------------------------------------------------------------------------
_OFD = '<?xml version="1.0" encoding="UTF-8"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>'  # fmt: skip
_DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?><ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 140</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages><ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>'  # fmt: skip
_PAGE = '<?xml version="1.0" encoding="UTF-8"?><ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Content><ofd:Layer>{objects}</ofd:Layer></ofd:Content></ofd:Page>'  # fmt: skip
_LINE = '<ofd:TextObject ID="{id}" Boundary="10 {y} 190 6" Font="1" Size="4"><ofd:TextCode X="0" Y="4">{text}</ofd:TextCode></ofd:TextObject>'  # fmt: skip
_ATTACHMENTS = '<?xml version="1.0" encoding="UTF-8"?><ofd:Attachments xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Attachment ID="1" Name="original_invoice" Format="xml"><ofd:FileLoc>original_invoice.xml</ofd:FileLoc></ofd:Attachment></ofd:Attachments>'  # fmt: skip
_ORIGINAL = '<?xml version="1.0" encoding="UTF-8"?><eInvoice><InvoiceNo>{number}</InvoiceNo><IssueDate>2024年03月12日</IssueDate><Buyer><BuyerTaxID>91310000MA1FL5KE2X</BuyerTaxID></Buyer><Seller><SellerTaxID>91310000607218325K</SellerTaxID></Seller><TaxExclusiveTotalAmount>120.75</TaxExclusiveTotalAmount><TaxTotalAmount>7.25</TaxTotalAmount><TaxInclusiveTotalAmount>{total}</TaxInclusiveTotalAmount></eInvoice>'  # fmt: skip


def an_ofd(
    lines: Sequence[str] = INVOICE_LINES, number: str = NUMBER, total: str = "128.00", qr: str = "", **more: bytes | str
) -> bytes:
    """An invoice as OFD; `more`: further members, ``__`` for ``/`` in their names, or others in place of the usual ones."""
    objects = "".join(_LINE.format(id=10 + n, y=10 + 8 * n, text=line) for n, line in enumerate(lines))
    members: dict[str, bytes | str] = {
        "OFD.xml": _OFD,
        "Doc_0/Document.xml": _DOCUMENT,
        "Doc_0/Pages/Page_0/Content.xml": _PAGE.format(objects=objects),
        "Doc_0/Attachs/Attachments.xml": _ATTACHMENTS,
        "Doc_0/Attachs/original_invoice.xml": _ORIGINAL.format(number=number, total=total),
    }
    if qr:
        held = io.BytesIO()
        segno.make_qr(qr).save(held, kind="png", scale=4, border=0)
        members["Doc_0/Res/image_1.png"] = held.getvalue()
    return a_zip({**members, **{name.replace("__", "/"): value for name, value in more.items()}})


def a_zip(members: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'
)


def locked(content: bytes) -> bytes:
    """The same ZIP with every member marked as encrypted."""
    marked = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = marked.find(signature)
        while place >= 0:
            marked[place + offset] |= 1
            place = marked.find(signature, place + 1)
    return bytes(marked)
