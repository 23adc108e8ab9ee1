"""Files that people hand in: each good kind is taken, and each bad one is refused in words, at once, and without harm. Real files."""

from __future__ import annotations

import io
import re
import time
import zipfile
from contextlib import suppress

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_layout import ROOT
from tests.unit.core.plugins import attachment_files as files
from tideng.base.errors import Refused
from tideng.base.problems import say
from tideng.base.sandbox import SandboxFailed, SandboxLimits, call_sandboxed
from tideng.plugins import attachment_check
from tideng.plugins.attachments import (
    LARGEST_ATTACHMENT,
    MEDIA_TYPES,
    OFD,
    PDF,
    PICTURE,
    Attachment,
    inspect_attachment,
    tidy,
)

HAN = re.compile(r"[\u4e00-\u9fff]")
AN_XLSX = files.a_zip({"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": '<f>HYPERLINK("http://x")</f>'})
BAD = {
    "nothing in it": (b"", "a.pdf", "the file is empty"),
    "a picture of 50 MB": (b"\xff\xd8\xff" + b"0" * (50 << 20), "a.jpg", "the file has 51 MB; at most 10 MB are taken"),
    "a PDF of 11 MB": (b"%PDF-1.7" + b"0" * (11 << 20), "a.pdf", "the file has 12 MB; at most 10 MB are taken"),
    "a PDF with a password": (files.a_pdf(encrypt=b"geheim"), "a.pdf", "the PDF is locked with a password"),
    "half a PDF": (files.a_pdf(files.INVOICE_LINES)[:900], "a.pdf", "the PDF stops in the middle"),
    "a PDF without its last lines": (files.a_pdf(files.INVOICE_LINES)[:-40], "a.pdf", "the PDF stops in the middle"),
    "a PDF of rubbish": (b"%PDF-1.7\n" + b"rubbish " * 50 + b"\n%%EOF\n", "a.pdf", "the PDF is damaged"),
    "a PDF of 51 pages": (files.a_pdf(pages=51), "a.pdf", "the PDF has 51 pages; at most 50 are taken"),
    "half a picture": (files.a_picture()[:-2000], "a.jpg", "the picture stops in the middle"),
    "a picture of 900 million points": (files.a_huge_picture(), "a.png", "the picture has 900 million points; at most 40 are taken"),
    "a HEIC": (files.a_heic(), "IMG_0001.HEIC", "this is a HEIC picture, which cannot be read here"),
    "a GIF": (b"GIF89a" + b"\0" * 50, "a.gif", "this kind of picture cannot be read here"),
    "an OFD with a DTD bomb": (files.an_ofd(Doc_0__Tags__Tag=files.BILLION_LAUGHS), "a.ofd", "the OFD holds instructions that no invoice needs"),
    "the same in UTF-16": (files.an_ofd(x=files.BILLION_LAUGHS.encode("utf-16")), "a.ofd", "the OFD holds instructions that no invoice needs"),
    "a zip bomb": (files.an_ofd(zeros=b"0" * 30_000_000), "a.ofd", "the OFD unpacks to far more than an invoice needs"),
    "many small bombs": (files.an_ofd(**{f"z{n}": b"0" * 1_000_000 for n in range(110)}), "a.ofd", "the OFD unpacks to far more than an invoice needs"),
    "an OFD of 3000 members": (files.an_ofd(**{f"m{n}": b"" for n in range(3000)}), "a.ofd", "the OFD unpacks to far more than an invoice needs"),
    "an OFD that leads out": (files.an_ofd(**{"..__..__etc__passwd": "x"}), "a.ofd", "the OFD names files outside itself"),
    "a locked OFD": (files.locked(files.an_ofd()), "a.ofd", "the OFD is locked with a password"),
    "half an OFD": (files.an_ofd()[:-200], "a.ofd", "the file stops in the middle"),
    "an OFD with a byte changed": (files.an_ofd().replace(b"Doc_0/Document.xml", b"Doc_0/Document.xmm", 1), "a.ofd", "the file is damaged"),
    "a spreadsheet with formulas": (AN_XLSX, "a.xlsx", "this is an Office file"),
    "a spreadsheet named OFD": (AN_XLSX, "a.ofd", "this is an Office file"),
    "an old spreadsheet": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.xls", "this is an Office file"),
    "a packed folder": (files.a_zip({"invoice.pdf": "x"}), "a.zip", "this is a packed file, not a paper"),
    "a CSV": (b"number,amount\n1,=1+1\n", "a.csv", "this is not a file that can be read here"),
    "a program": (b"MZ\x90\0" + b"\0" * 100, "invoice.pdf", "this is not a file that can be read here"),
    "a page of the web": (b"<html><script>alert(1)</script>", "a.pdf", "this is not a file that can be read here"),
    "a picture named PDF": (files.a_picture(), "a.pdf", "this is a picture, but its name ends in .pdf"),
    "a PDF named as a program": (files.a_pdf(), "invoice.pdf.exe", "this is a PDF, but its name ends in .exe"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_in_words_of_both_languages_with_a_way_out(what):
    content, name, said = BAD[what]
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        inspect_attachment(name, content)
    assert time.monotonic() - began < 5
    assert [one.problem for one in refused.value.problems] == [said]
    for one in refused.value.problems:
        told = say(one, "zh")
        assert HAN.search(told.problem), one.problem
        assert one.hint
        assert HAN.search(told.hint), one.hint
        assert not re.search(r"[!！]|must|必须|违规|失败", told.problem + told.hint + one.problem + one.hint)


GOOD = {
    "a PDF": (files.a_pdf(files.INVOICE_LINES, files.DIGITAL_CODE), "发票.pdf", PDF, "pdf"),
    "a PDF of 50 pages": (files.a_pdf(pages=50), "a.PDF", PDF, "pdf"),
    "an OFD": (files.an_ofd(qr=files.DIGITAL_CODE), "a.ofd", OFD, "ofd"),
    "a photo": (files.a_picture(), "IMG_20250612.JPG", PICTURE, "jpeg"),
    "a photo without an ending": (files.a_picture(), "image", PICTURE, "jpeg"),
    "a screenshot": (files.a_picture(format="PNG"), "a.png", PICTURE, "png"),
    "a screenshot that is called a photo": (files.a_picture(format="PNG"), "a.jpg", PICTURE, "png"),
}


@pytest.mark.parametrize("what", GOOD)
def test_a_good_file_is_taken_as_what_its_content_says(what):
    content, name, sort, found = GOOD[what]
    paper = inspect_attachment(name, content, kind="invoice")
    assert (paper.name, paper.sort, paper.media_type, paper.kind) == (name, sort, MEDIA_TYPES[found], "invoice")
    assert paper.content == content


def test_only_the_kinds_that_a_field_takes_are_taken():
    with pytest.raises(Refused) as refused:
        inspect_attachment("a.ofd", files.an_ofd(), accept=(PDF, PICTURE))
    assert str(refused.value) == "file: this is an OFD, which is not taken here (taken are PDF, JPEG, PNG)"


def test_a_locked_pdf_is_a_real_one_that_opens_with_its_password():
    assert len(pypdfium2.PdfDocument(files.a_pdf(encrypt=b"geheim"), password="geheim")) == 1


def test_a_file_of_ten_megabytes_is_still_looked_at():
    content = files.a_pdf()
    padded = content[:9] + b"%" + b"0" * (LARGEST_ATTACHMENT - len(content) - 2) + b"\n" + content[9:]
    assert len(padded) == LARGEST_ATTACHMENT
    assert inspect_attachment("a.pdf", padded).sort == PDF


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\zhang\\发票.pdf", "发票.pdf"),
        ("a\u202egpj.exe\u202c.pdf", "agpj.exe.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("", "file"),
        ("..", "file"),
        ("x" * 300 + ".pdf", "x" * 192 + ".pdf"),
    ],
)
def test_a_name_is_kept_without_folders_and_without_what_hides_its_ending(name, kept):
    assert tidy(name) == kept


@given(
    st.binary(max_size=3000),
    st.sampled_from([b"", b"%PDF-1.7\n", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]),
)
@settings(max_examples=60, deadline=None)
def test_no_bytes_do_anything_but_being_taken_or_refused(tail, head):
    for found in ("pdf", "ofd", "jpeg", "png"):
        assert all(one["problem"] and one["hint"] for one in attachment_check.look(head + tail, found))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_an_ofd_with_any_byte_changed_is_taken_or_refused(data):
    content = bytearray(files.an_ofd())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refused):
        assert isinstance(inspect_attachment("a.ofd", bytes(content)), Attachment)


def test_a_member_that_says_it_is_small_and_is_not_is_read_no_further():
    """The size in the directory is what is counted, and the library reads no more than that."""
    content = files.an_ofd(zeros=b"0" * 30_000_000)
    lying = content.replace((30_000_000).to_bytes(4, "little"), (900_000).to_bytes(4, "little"))
    assert lying != content
    assert zipfile.ZipFile(io.BytesIO(lying)).getinfo("zeros").file_size == 900_000
    with pytest.raises(Refused, match="the file is damaged"):
        inspect_attachment("a.ofd", lying)


# -- the process that opens them ---------------------------------------------------------------------------------------
HERE = "tests.unit.core.base.hostile"


@pytest.fixture(autouse=True)
def _tests_can_be_imported(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_function_that_never_ends_is_ended():
    began = time.monotonic()
    with pytest.raises(SandboxFailed) as unanswered:
        call_sandboxed(f"{HERE}:turn_for_ever", b"", limits=SandboxLimits(seconds=1))
    assert unanswered.value.why == "time"
    assert time.monotonic() - began < 4


def test_a_function_that_sleeps_is_ended_too():
    with pytest.raises(SandboxFailed) as unanswered:
        call_sandboxed(f"{HERE}:sleep", b"", limits=SandboxLimits(seconds=1))
    assert unanswered.value.why == "time"


def test_a_function_that_swells_is_ended():
    with pytest.raises(SandboxFailed) as unanswered:
        call_sandboxed(f"{HERE}:swell", b"", limits=SandboxLimits(megabytes=300))
    assert unanswered.value.why == "memory"


@pytest.mark.parametrize(
    ("how", "said"), [("crash", "status -11"), ("raise_something", "raised ValueError"), ("say_too_much", "status 0")]
)
def test_a_function_that_dies_is_said_to_have_died_and_nothing_of_what_it_read(how, said):
    with pytest.raises(SandboxFailed) as unanswered:
        call_sandboxed(f"{HERE}:{how}", b"\xe5\xbc\xa0")
    assert unanswered.value.why == "died"
    assert str(unanswered.value).endswith(said)


def test_it_writes_no_file_knows_no_secret_and_what_a_library_prints_is_no_answer(monkeypatch):
    monkeypatch.setenv("TIDENG_SECRET_KEY", "secret")
    said = call_sandboxed(f"{HERE}:look_around", b"content", "more")
    assert said == {"content": "content", "more": ["more"], "wrote": False, "secret": None}


def test_a_file_that_takes_too_long_to_open_is_refused_in_words(monkeypatch):
    monkeypatch.setattr("tideng.plugins.attachments.OPENING", SandboxLimits(seconds=0, megabytes=768))
    with pytest.raises(Refused, match=r"opening the file takes too long|cannot be opened"):
        inspect_attachment("a.pdf", files.a_pdf())
