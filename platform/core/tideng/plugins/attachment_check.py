"""Open an uploaded file to check that opening it is safe. Runs in a process of its own: see `tideng.base.sandbox`."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from tideng.base.errors import Problem
from tideng.base.problems import stored
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
    return [stored(problem) for problem in reader(content)]


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
        yield Problem("", "pdf-too-long", {"pages": pages, "most": MOST_PAGES})
    if not pages or not _ends(content):
        yield _cut_off("pdf")


def _shut(error: Exception, content: bytes) -> Problem:
    password, security = 4, 5  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
    if getattr(error, "err_code", 0) in (password, security):
        return Problem("", "pdf-locked")
    return _cut_off("pdf") if not _ends(content) else Problem("", "pdf-damaged")  # fmt: skip


def _ends(content: bytes) -> bool:
    return b"%%EOF" in content[-_TAIL:]


def _cut_off(what: str) -> Problem:
    return Problem("", "file-cut-off", {"what": what})


# -- pictures --------------------------------------------------------------------------------------------------------
def _picture(content: bytes) -> Iterator[Problem]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the header is looked at here, with words of our own
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                millions = -(-width * height // 1_000_000)
                yield Problem("", "picture-too-large", {"points": millions, "most": MOST_PIXELS // 1000000})  # fmt: skip
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
        problem = Problem("", _CODES[found.why])
    if problem is None:
        problem = _declaring(content)
    if problem:
        yield problem


_CODES = {
    ZIP_CUT_OFF: "ofd-cut-off",
    ZIP_DAMAGED: "file-damaged",
    ZIP_TOO_LARGE: "ofd-unpacks-too-large",
    ZIP_LOCKED: "ofd-locked",
    ZIP_LEADS_OUT: "ofd-leads-out",
}


def _not_ofd(members: Sequence[str]) -> Problem | None:
    names = {one.replace("\\", "/").lstrip("/").lower() for one in members}
    if "ofd.xml" in names:
        return None
    if names.intersection(_OFFICE):
        return Problem("", "file-is-office")
    return Problem("", "file-is-archive")


def _declaring(content: bytes) -> Problem | None:
    """Find XML that declares entities, which can expand without end or fetch files. Zero bytes are removed first,
    for UTF-16."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for one in archive.infolist():
                bare = archive.read(one).replace(b"\0", b"")
                if bare.lstrip(_MARKS).startswith(b"<") and _DECLARES.search(bare):
                    return Problem("", "ofd-holds-instructions")
    except ZIP_ERRORS:
        return Problem("", "file-damaged")
    return None
