"""A claim in the browser: papers that are sent, read and shown; who may open them; what stands beside the claim. In both languages."""

from __future__ import annotations

import html
import io
import re

import pytest

from tests.plugins.travel.travel_story import an_invoice
from tests.unit.core.plugins.attachment_files import DIGITAL_CODE, INVOICE_LINES, NUMBER, a_pdf, a_picture

CLAIM = {"outcome": "submit", "f-from": "2025-06-10", "f-until": "2025-06-12", "f-amount": "128", "f-currency": "CNY"}
KEEP = "/me/forms/papers/claim/invoices"


def send(browser, content: bytes, name: str, language: str = "zh"):
    browser.get(f"/language/{language}")
    said = {"file": (io.BytesIO(content), name), "case": "", "csrf_token": browser.token()}
    return browser.client.post(KEEP, data=said, content_type="multipart/form-data")


def a_claim(browser, *papers: int, **more: str) -> str:
    """Hand in a claim; its id."""
    said = {**CLAIM, "p-invoices": [str(one) for one in papers], **more, "csrf_token": browser.token()}
    answer = browser.client.post("/me/do/claim", data=said)
    assert answer.status_code == 302, words(answer)
    return re.search(r"claim-\d+", browser.get("/cases/").text)[0]


def words(answer) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


def test_an_invoice_is_read_as_soon_as_it_is_chosen(story):
    kept = send(story.as_("zhang"), an_invoice(), "住宿.pdf").json
    assert kept["name"] == "住宿.pdf"
    assert NUMBER in kept["read"]
    assert "128.00" in kept["read"]


@pytest.mark.parametrize(
    ("content", "name", "zh", "en"),
    [
        (a_pdf(encrypt=b"x"), "a.pdf", "这个 PDF 有密码", "the PDF is locked with a password"),
        (a_pdf()[:200], "a.pdf", "这个 PDF 只有一半", "the PDF stops in the middle"),
        (a_picture(), "a.pdf", "内容是图片，名字却以 .pdf 结尾", "this is a picture, but its name ends in .pdf"),
        (b"number,amount\n", "a.csv", "这里打不开这种文件", "this is not a file that can be read here"),
    ],
)
def test_a_bad_file_is_refused_in_the_readers_language(story, content, name, zh, en):
    zhang = story.as_("zhang")
    for language, said in (("zh", zh), ("en", en)):
        answer = send(zhang, content, name, language)
        assert answer.status_code == 400
        assert said in answer.json["problems"][0]


def test_a_claim_shows_its_invoices_and_that_nothing_checked_them(story):
    zhang = story.as_("zhang")
    odd = a_pdf(INVOICE_LINES, DIGITAL_CODE.replace("128.00", "182.00"))
    case = a_claim(zhang, send(zhang, odd, "住宿.pdf").json["id"], **{"f-amount": "182"})
    page = words(zhang.get(f"/cases/{case}"))
    assert NUMBER in page
    assert "没有连接税务系统，这些发票没有查验过。" in page
    assert "二维码上的金额是 182.00，票面上是 128.00，请看一眼哪个对。" in page
    lead = story.as_("lead", language="en")
    page = words(lead.get(f"/me/cases/{case}/check"))
    assert "Not checked: no tax system connected." in page
    assert "The QR code says 182.00 for the amount, the page 128.00. Which one is right?" in page


def test_an_invoice_that_was_claimed_before_keeps_a_claim_back_and_nothing_typed_is_lost(story):
    zhang, li = story.as_("zhang"), story.as_("li")
    case = a_claim(zhang, send(zhang, an_invoice(), "a.pdf").json["id"])
    id = send(li, an_invoice(), "a.pdf").json["id"]
    answer = li.client.post(
        "/me/do/claim", data={**CLAIM, "p-invoices": str(id), "f-remark": "加急", "csrf_token": li.token()}
    )
    assert answer.status_code != 302
    assert f"单号 {case}。是不是放错了？" in words(answer)
    assert "张三" not in words(answer)
    assert "加急" in answer.text
    assert f'value="{id}"' in answer.text


def test_a_file_is_opened_by_those_whom_the_claim_concerns(story):
    zhang = story.as_("zhang")
    content = an_invoice()
    id = send(zhang, content, "住宿.pdf").json["id"]
    case = a_claim(zhang, id)
    for who in ("zhang", "lead", "boss", "hr"):
        answer = story.as_(who).get(f"/cases/{case}/papers/{id}")
        assert answer.data == content
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert story.as_("li").get(f"/cases/{case}/papers/{id}").status_code == 404
    assert story.visitor().get(f"/cases/{case}/papers/{id}").status_code in (302, 401)
