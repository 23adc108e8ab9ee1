"""Open an uploaded file to check that opening it is safe. Runs in a process of its own: see `tideng.base.sandbox`."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tideng.base.errors import Problem
from tideng.base.zip_limits import (
    ZIP_CUT_OFF,
    ZIP_DAMAGED,
    ZIP_ERRORS,
    ZIP_LEADS_OUT,
    ZIP_LOCKED,
    ZIP_TOO_LARGE,
    ZipLimits,
    inspect_zip,
)
from tideng.plugins.attachments import MEGABYTE, MOST_PAGES, MOST_PIXELS

BOUNDS = ZipLimits(members=2000, whole=100 * MEGABYTE, ratio=200, largest=40 * MEGABYTE)
"""Limits of an OFD."""
_DECLARES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MARKS = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_OFFICE = ("xl/workbook.xml", "xl/workbook.bin", "word/document.xml", "ppt/presentation.xml")
_TAIL = 2048


def look(content: bytes, found: str) -> list[dict[str, Any]]:
    """Check a file of the format `found` (``pdf``, ``ofd``, ``jpeg``, ``png``); returns its problems as plain data."""
    reader = {"pdf": _pdf, "ofd": _archive}.get(found, _picture)
    return [asdict(problem) for problem in reader(content)]


# -- PDF -------------------------------------------------------------------------------------------------------------
def _pdf(content: bytes) -> Iterator[Problem]:
    import pypdfium2  # here, because each file needs only the library of its own format

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        yield _shut(error, content)
        return
    pages = len(document)
    if pages > MOST_PAGES:
        yield Problem(
            "", f"the PDF has {pages} pages; at most {MOST_PAGES} are taken", "save only the pages that belong here"
        )
    if not pages or not _ends(content):
        yield _cut_off("PDF")


def _shut(error: Exception, content: bytes) -> Problem:
    password, security = 4, 5  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
    if getattr(error, "err_code", 0) in (password, security):
        return Problem("", "the PDF is locked with a password", "open it, and print it into a new PDF without one")
    return _cut_off("PDF") if not _ends(content) else Problem("", "the PDF is damaged", "ask for it once more, or take a picture of it")  # fmt: skip


def _ends(content: bytes) -> bool:
    return b"%%EOF" in content[-_TAIL:]


def _cut_off(what: str) -> Problem:
    return Problem("", f"the {what} stops in the middle", "send it once more; it may not have been saved to its end")


# -- pictures --------------------------------------------------------------------------------------------------------
def _picture(content: bytes) -> Iterator[Problem]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the header is looked at here, with words of our own
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                millions = -(-width * height // 1_000_000)
                yield Problem("", f"the picture has {millions} million points; at most {MOST_PIXELS // 1_000_000} are taken", "take it smaller")  # fmt: skip
                return
            image.load()
    except MemoryError:
        raise
    except (OSError, ValueError, SyntaxError, IndexError, struct.error, zlib.error):
        yield _cut_off("picture")


# -- OFD, and what else is a ZIP -------------------------------------------------------------------------------------
def _archive(content: bytes) -> Iterator[Problem]:
    found = inspect_zip(content, BOUNDS)
    problem = _not_ofd(found.names) if found.names or not found.why else None
    if problem is None and found.why:
        problem = Problem("", *_SAID[found.why])
    if problem is None:
        problem = _declaring(content)
    if problem:
        yield problem


_ANOTHER = "ask for it once more, or take a picture of it"
_SAID = {
    ZIP_CUT_OFF: ("the file stops in the middle", "send it once more; it may not have been saved to its end"),
    ZIP_DAMAGED: ("the file is damaged", _ANOTHER),
    ZIP_TOO_LARGE: ("the OFD unpacks to far more than an invoice needs", _ANOTHER),
    ZIP_LOCKED: ("the OFD is locked with a password", "save it without one, or take a picture of it"),
    ZIP_LEADS_OUT: ("the OFD names files outside itself", _ANOTHER),
}


def _not_ofd(members: Sequence[str]) -> Problem | None:
    names = {one.replace("\\", "/").lstrip("/").lower() for one in members}
    if "ofd.xml" in names:
        return None
    if names.intersection(_OFFICE):
        return Problem("", "this is an Office file", "save it as PDF")
    return Problem("", "this is a packed file, not a paper", "unpack it, and choose the PDF, OFD or picture in it")


def _declaring(content: bytes) -> Problem | None:
    """Find XML that declares entities, which can expand without end or fetch files. Zero bytes are removed first,
    for UTF-16."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for one in archive.infolist():
                bare = archive.read(one).replace(b"\0", b"")
                if bare.lstrip(_MARKS).startswith(b"<") and _DECLARES.search(bare):
                    return Problem("", "the OFD holds instructions that no invoice needs", _ANOTHER)
    except ZIP_ERRORS:
        return Problem("", *_SAID[ZIP_DAMAGED])
    return None
