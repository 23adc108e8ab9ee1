"""What is read from invoices and tickets: the QR code, the page, and where the two disagree. Real PDF, OFD and pictures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.plugins import attachment_files as files
from tideng.base.sandbox import SandboxLimits
from tideng.plugins.attachments import inspect_attachment
from tideng_travel import paper_reading
from tideng_travel.page_text import read_text
from tideng_travel.paper_reading import merged, reading_of
from tideng_travel.qr_code import (
    QrInvoice,
    amount,
    day_of,
    read_qr_text,
)


def read(content: bytes, name: str = "", kind: str = "invoice"):
    name = name or {b"%P": "a.pdf", b"PK": "a.ofd"}.get(content[:2], "a.jpg")
    return reading_of(inspect_attachment(name, content, kind=kind))


# -- QR codes ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (files.DIGITAL_CODE, QrInvoice(files.NUMBER, "", "vat", date(2024, 3, 12), Decimal("128.00"))),
        ("01,32,,23442000000014209621,112,20230215,,74AE", QrInvoice("23442000000014209621", "", "vat", date(2023, 2, 15), Decimal("112"))),
        (
            "01,10,011001605111,80100798,64.9,20161018,85342965681116380258",
            QrInvoice("80100798", "011001605111", "vat", date(2016, 10, 18), None, Decimal("64.9"), "85342965681116380258"),
        ),
        (
            "01,01,1200154130,03630024,94339.62,20160621,,9335,",
            QrInvoice("03630024", "1200154130", "vat_special", date(2016, 6, 21), None, Decimal("94339.62")),
        ),
        (
            "01,10,144031909110,01034285,91440300708437873H,5.45,20190320,0053e0982be37e97",
            QrInvoice("01034285", "144031909110", "vat", date(2019, 3, 20), Decimal("5.45"), None, "", "91440300708437873H"),
        ),
        (
            "https://bcfp.shenzhen.chinatax.gov.cn/verify/scan?hash=007547b3&bill_num=05830164&total_amount=500",
            QrInvoice("05830164", "", "vat", None, Decimal("5")),
        ),
        ("01,11,1200154130,03630024", QrInvoice("03630024", "1200154130", "vat")),
        ("01,99,,23442000000014209621,112,20230215", QrInvoice("23442000000014209621", "", "invoice", date(2023, 2, 15), Decimal("112"))),
        ("01,32,,23442000000014209621,-112.00,20231315", QrInvoice("23442000000014209621", "", "vat", None, Decimal("-112.00"))),
    ],
)  # fmt: skip
def test_the_code_of_an_invoice_is_read(text, code):
    assert read_qr_text(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.com/?bill_num=05830164",
        "https://u.wechat.com/abc",
        "https://[",
        "02,32,,23442000000014209621,1,20230215",
        "01,32,,2344,1,20230215",
        "01,xx,1200154130,03630024,1,20230215",
        "01,04,12001541,03630024,1,20230215",
        "01,32,,２３４４２０００００００１４２０９６２１,1,20230215",
        "01,04,1200154130,0363002X,1,20230215",
        "01," * 400,
    ],
)
def test_a_code_of_anything_else_is_none(text):
    assert read_qr_text(text) is None


money = st.decimals(min_value=0, max_value=10**9, places=2)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(st.from_regex(r"[0-9]{20}", fullmatch=True), money, days)
def test_whatever_a_digital_code_says_is_read_back(number, total, day):
    code = read_qr_text(f"01,32,,{number},{total},{day:%Y%m%d},,74AE,")
    assert (code.number, code.total, code.net, code.issued) == (number, total, None, day)


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.from_regex(r"[0-9]{8}", fullmatch=True), money, days)
def test_whatever_a_paper_code_says_is_read_back_as_an_amount_without_tax(code, number, net, day):
    found = read_qr_text(f"01,04,{code},{number},{net},{day:%Y%m%d},12345678901234567890,5080,")
    assert (found.code, found.number, found.net, found.total, found.issued) == (code, number, net, None, day)


@given(st.text(max_size=300))
def test_no_text_of_a_code_does_any_harm(text):
    for one in (text, "01," + text, "https://bcfp.shenzhen.chinatax.gov.cn/?" + text):
        assert read_qr_text(one) is None or isinstance(read_qr_text(one), QrInvoice)


@given(money)
def test_an_amount_is_read_as_it_is_written_on_pages(value):
    assert amount(f"¥{value:,}") == amount(f"￥ {value}") == amount(str(value)) == value


@pytest.mark.parametrize("text", ["", "1,2", "12.345", "1e9", "NaN", "-", "一百", "1.2.3", "٣"])
def test_what_is_no_amount_is_none(text):
    assert amount(text) is None


@given(days)
def test_a_day_is_read_in_every_way_in_which_it_is_written(day):
    written = [
        f"{day:%Y%m%d}",
        f"{day:%Y年%m月%d日}",
        f"{day.year}-{day.month}-{day.day}",
        f"{day:%Y/%m/%d}",
        f"{day:%Y 年 %m 月 %d 日}",
    ]
    assert {day_of(one) for one in written} == {day}


# -- pages -------------------------------------------------------------------------------------------------------------
def test_an_invoice_as_pdf_is_read_whole():
    found = read(files.a_pdf(files.INVOICE_LINES, files.DIGITAL_CODE))
    assert found.notes == ()
    assert found.fields == {
        "number": files.NUMBER,
        "kind": "vat",
        "issued": "2024-03-12",
        "amount": "128.00",
        "net": "120.75",
        "currency": "CNY",
        "seller": "91310000607218325K",
        "buyer": "91310000MA1FL5KE2X",
        "source": "qr",
    }


def test_without_a_code_the_page_alone_says_the_same():
    with_code, without = (read(files.a_pdf(files.INVOICE_LINES, qr)).fields for qr in (files.DIGITAL_CODE, ""))
    assert without == {**with_code, "source": "page"}


def test_without_text_the_code_alone_is_enough():
    found = read(files.a_pdf((), files.DIGITAL_CODE))
    assert (found.fields["number"], found.fields["amount"], found.fields["issued"]) == (
        files.NUMBER,
        "128.00",
        "2024-03-12",
    )
    assert found.notes == ()


def test_an_invoice_as_ofd_is_read_from_its_own_data():
    found = read(files.an_ofd())
    assert (found.fields["number"], found.fields["amount"], found.fields["net"]) == (files.NUMBER, "128.00", "120.75")
    assert (found.fields["seller"], found.fields["buyer"]) == ("91310000607218325K", "91310000MA1FL5KE2X")
    assert found.notes == ()


def test_an_ofd_may_say_anything_of_itself_and_only_what_has_the_shape_is_believed():
    found = read(files.an_ofd(lines=(), number="x" * 5000, total="1e99"))
    assert "number" not in found.fields
    assert "amount" not in found.fields


def test_a_photo_of_a_paper_invoice_gives_what_its_code_has_and_asks_for_the_rest():
    found = read(files.a_picture(files.PAPER_CODE))
    assert (found.fields["code"], found.fields["number"], found.fields["net"]) == ("1200153320", "07041662", "183.49")
    assert found.fields["check_code"] == "646339"
    assert [note["zh"] for note in found.notes] == ["没读出金额，请在下面填一下。"]
    assert [note["en"] for note in found.notes] == ["The amount could not be read. Please type it below."]


def test_a_photo_without_a_code_is_typed():
    for content in (files.a_picture(), files.a_pdf()):
        found = read(content)
        assert found.fields == {}
        assert [note["zh"] for note in found.notes] == ["这个文件读不出来，号码、日期和金额请在下面填一下。"]


@pytest.mark.parametrize(
    ("make", "page"),
    [(lambda qr: files.a_pdf(files.INVOICE_LINES, qr), "128.00"), (lambda qr: files.an_ofd(qr=qr), "128.00")],
)
def test_where_code_and_page_disagree_both_are_said(make, page):
    found = read(make(files.DIGITAL_CODE.replace("128.00", "182.00")))
    assert found.fields["amount"] == "182.00"
    assert [note["zh"] for note in found.notes] == [f"二维码上的金额是 182.00，票面上是 {page}，请看一眼哪个对。"]
    assert [note["en"] for note in found.notes] == [
        f"The QR code says 182.00 for the amount, the page {page}. Which one is right?"
    ]


def test_a_code_of_another_number_is_said_too():
    found = read(files.a_pdf(files.INVOICE_LINES, files.DIGITAL_CODE.replace(files.NUMBER, files.NUMBER[::-1])))
    assert any(files.NUMBER in note["zh"] for note in found.notes)


def test_a_train_ticket_says_from_where_to_where_and_when():
    fields = read(files.a_pdf(files.RAIL_LINES)).fields
    assert (fields["kind"], fields["from"], fields["to"], fields["day"], fields["amount"]) == (
        "rail", "上海虹桥", "杭州东", "2024-03-12", "73.00",
    )  # fmt: skip
    assert (fields["number"], fields["issued"]) == ("24319110000987654321", "2024-03-15")


def test_a_flight_receipt_says_from_where_to_where_and_when():
    fields = read(files.a_pdf(files.AIR_LINES), kind="itinerary").fields
    assert (fields["kind"], fields["from"], fields["to"], fields["day"], fields["amount"], fields["number"]) == (
        "air", "上海虹桥", "北京首都", "2024-03-12", "1050.00", "7812345678901",
    )  # fmt: skip


def test_a_summary_of_rides_says_its_sum_and_is_asked_for_nothing_more():
    found = read(files.a_pdf(files.RIDE_LINES), kind="itinerary")
    assert (found.fields["amount"], found.fields["day"], found.notes) == ("36.50", "2024-03-12", ())


def test_labels_far_from_their_values_give_what_only_one_value_can_be():
    text = "发票号码：\n开票日期：\n购买方信息\n24312000000123456789\n2024 年 03 月 12 日\n合 计\n（小写）\n¥ 120.75\n¥ 7.25\n¥ 128.00"
    said = read_text(text)
    assert (said.number, said.issued, said.total) == (files.NUMBER, date(2024, 3, 12), Decimal("128.00"))


def test_what_stays_in_doubt_is_left_out():
    said = read_text("24312000000123456789 24312000000123456780 2024-03-12 2024-03-13 ¥1.00 ¥2.00 ¥5.00")
    assert (said.number, said.issued, said.total) == ("", None, None)


@given(st.text(max_size=400))
def test_no_text_of_a_page_does_any_harm(text):
    said = read_text("电子发票 发票号码：" + text + "（小写）" + text + "自：" + text)
    assert merged(None, said) is not None


def test_a_file_that_cannot_be_read_in_time_is_typed(monkeypatch):
    monkeypatch.setattr(paper_reading, "READING", SandboxLimits(seconds=0, megabytes=512))
    found = read(files.a_pdf(files.INVOICE_LINES))
    assert (found.fields, [note["zh"] for note in found.notes]) == (
        {},
        ["这个文件读不出来，号码、日期和金额请在下面填一下。"],
    )
