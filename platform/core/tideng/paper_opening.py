"""Opens a file that somebody handed in, to see whether that is safe. Runs in a process of its own: see `tideng.supervised`."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tideng.errors import Problem
from tideng.papers import MEGABYTE, MOST_PAGES, MOST_PIXELS

MOST_MEMBERS = 2000
LARGEST_MEMBER = 40 * MEGABYTE
LARGEST_WHOLE = 100 * MEGABYTE
LARGEST_RATIO = 200
_SMALL = MEGABYTE
"""What unpacks to less than this may be as regular as it likes."""
_DIRECTORY_ROOM = 512 * 1024
_END = struct.Struct("<4s4H2LH")
_DECLARES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MARKS = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_OFFICE = ("xl/workbook.xml", "xl/workbook.bin", "word/document.xml", "ppt/presentation.xml")
_TAIL = 2048


def look(content: bytes, found: str) -> list[dict[str, Any]]:
    """What is wrong with a file of the format `found` (``pdf``, ``ofd``, ``jpeg``, ``png``): problems, as data."""
    reader = {"pdf": _pdf, "ofd": _archive}.get(found, _picture)
    return [asdict(problem) for problem in reader(content)]


# -- PDF -------------------------------------------------------------------------------------------------------------
def _pdf(content: bytes) -> Iterator[Problem]:
    import pypdfium2

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
    if not _directory_is_small(content):
        yield _packed_too_tight() if _end_of(content) else _cut_off("file")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            problem = _not_ofd(members) or _unsafe(members) or _declaring(archive, members)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error):
        problem = Problem("", "the file is damaged", "ask for it once more, or take a picture of it")
    if problem:
        yield problem


def _end_of(content: bytes) -> tuple | None:
    """The record at the end of a ZIP; None where it is missing."""
    place = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    return _END.unpack_from(content, place) if 0 <= place <= len(content) - _END.size else None


def _directory_is_small(content: bytes) -> bool:
    """Told by the end record alone: the standard library reads a directory of any size before one can ask it anything."""
    end = _end_of(content)
    return bool(end) and end[4] <= MOST_MEMBERS and end[5] <= _DIRECTORY_ROOM  # type: ignore[index]


def _not_ofd(members: list[zipfile.ZipInfo]) -> Problem | None:
    names = {one.filename.replace("\\", "/").lstrip("/").lower() for one in members}
    if "ofd.xml" in names:
        return None
    if names.intersection(_OFFICE):
        return Problem("", "this is an Office file", "save it as PDF")
    return Problem("", "this is a packed file, not a paper", "unpack it, and choose the PDF, OFD or picture in it")


def _unsafe(members: list[zipfile.ZipInfo]) -> Problem | None:
    if any(one.flag_bits & 1 for one in members):
        return Problem("", "the OFD is locked with a password", "save it without one, or take a picture of it")
    if any(_leads_out(one.filename) for one in members):
        return Problem("", "the OFD names files outside itself", "ask for it once more, or take a picture of it")
    whole = sum(one.file_size for one in members)
    swelling = any(one.file_size > max(_SMALL, LARGEST_RATIO * one.compress_size) for one in members)
    if swelling or whole > LARGEST_WHOLE or any(one.file_size > LARGEST_MEMBER for one in members):
        return _packed_too_tight()
    return None


def _packed_too_tight() -> Problem:
    return Problem(
        "", "the OFD unpacks to far more than an invoice needs", "ask for it once more, or take a picture of it"
    )


def _leads_out(name: str) -> bool:
    """An absolute name of the archive's own root is usual in OFD; a drive, or a step above it, is not."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or ":" in parts[0] or "\0" in name


def _declaring(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Problem | None:
    """XML that declares entities, which can swell without end or fetch from elsewhere. UTF-16 has a zero beside each letter."""
    for one in members:
        bare = archive.read(one).replace(b"\0", b"")
        if bare.lstrip(_MARKS).startswith(b"<") and _DECLARES.search(bare):
            return Problem(
                "", "the OFD holds instructions that no invoice needs", "ask for it once more, or take a picture of it"
            )
    return None
