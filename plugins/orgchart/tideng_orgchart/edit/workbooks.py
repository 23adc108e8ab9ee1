"""An Excel workbook that somebody uploaded: whether it is safe to open, and its rows as texts.

How much it unpacks to is looked at before anything is unpacked, each sheet is walked through before it is opened. A cell that is
computed is refused: what it shows is whatever was computed last, on somebody else's machine. Runs in a process of its own.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from xml.parsers import expat

from tideng.plugin import (
    ZIP_CUT_OFF,
    ZIP_DAMAGED,
    ZIP_ERRORS,
    ZIP_LEADS_OUT,
    ZIP_LOCKED,
    ZIP_TOO_LARGE,
    Problems,
    ZipLimits,
    inspect_zip,
)

MEGABYTE = 1024 * 1024
MOST_ROWS = 20_000
"""The most rows of a table; a larger company is applied from files."""
MOST_COLUMNS = 60
BOUNDS = ZipLimits(members=300, whole=48 * MEGABYTE, ratio=150, largest=48 * MEGABYTE)
Lines = Iterable[tuple[int, list[str]]]
"""(number, cells) of each row."""
_MANY = 20
"""The most computed cells that are reported one by one."""
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_CODES = {
    ZIP_CUT_OFF: "workbook-cut-off",
    ZIP_DAMAGED: "workbook-damaged",
    ZIP_TOO_LARGE: "workbook-unpacks-too-large",
    ZIP_LOCKED: "workbook-locked",
    ZIP_LEADS_OUT: "table-file-damaged",
}


def sheets_in(content: bytes, name: str, problems: Problems) -> list[tuple[str, Lines]]:
    """(name, rows) of each sheet of a workbook; [] with the reason in `problems`. `name`: of the file, for the places of problems."""
    from python_calamine import CalamineError, CalamineWorkbook  # loaded only where a workbook is read

    found = inspect_zip(content, BOUNDS)
    if found.why:
        problems.add(name, _CODES[found.why])
    elif "xl/workbook.xml" not in found.names:
        problems.add(name, "table-not-excel")
    else:
        _walk_safely(content, name, problems)
    if problems.errors:
        return []
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            return [
                (one, list(_lines(workbook.get_sheet_by_name(one).to_python(skip_empty_area=False))))
                for one in workbook.sheet_names
            ]
    except CalamineError:
        problems.add(name, "table-file-damaged")
        return []


def _lines(rows: Iterable[list[Any]]) -> Iterator[tuple[int, list[str]]]:
    return ((number, [_text(cell) for cell in row]) for number, row in enumerate(rows, 1))


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


# -- walked through before it is laid out ------------------------------------------------------------------------------
def _walk_safely(content: bytes, name: str, problems: Problems) -> None:
    try:
        _walk(content, name, problems)
    except ZIP_ERRORS:
        problems.add(name, "workbook-damaged")
    except expat.ExpatError:
        problems.add(name, "table-file-damaged")


def _walk(content: bytes, name: str, problems: Problems) -> None:
    """Read every part once, at most to the size in its directory, and walk each sheet's cells, before the library builds anything."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            if member.startswith("xl/worksheets/") and member.endswith(".xml"):
                _Cells(f"{name}, {member.rpartition('/')[2].removesuffix('.xml')}", problems).read(archive, member)
            else:
                _drain(archive, member)


def _drain(archive: zipfile.ZipFile, member: str) -> None:
    """Unpack a part to its end: a size that differs from the directory is an error of the archive."""
    with archive.open(member) as stream:
        while stream.read(MEGABYTE):
            pass


class _Cells:
    """Walks through the XML of one sheet; finds out how many rows and columns it has, and which cells are computed."""

    def __init__(self, place: str, problems: Problems):
        self._place, self._problems = place, problems
        self._here, self._rows, self._across, self._computed = "", 0, 0, 0
        self._stopped = False

    def read(self, archive: zipfile.ZipFile, member: str) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = self._declares
        with archive.open(member) as stream:
            while not self._stopped and (part := stream.read(64 * 1024)):
                parser.Parse(part, False)
        if not self._stopped:
            parser.Parse(b"", True)
        if self._computed > _MANY:
            self._problems.add(self._place, "cells-computed", {"count": self._computed})

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "row":
            self._rows, self._across = self._rows + 1, 0
            if self._rows > 2 * MOST_ROWS:
                self._stop("table-too-many-rows", {"most": MOST_ROWS})
        elif tag == "c":
            self._cell(attributes.get("r", ""))
        elif tag == "f":
            self._computed += 1
            if self._computed <= _MANY:
                self._problems.add(f"{self._place}, {self._here}", "cell-computed")

    def _cell(self, where: str) -> None:
        self._here, self._across = where, self._across + 1
        found = _CELL.fullmatch(where)
        across = _number(found[1]) if found else self._across
        if across > MOST_COLUMNS or (found and int(found[2]) > 2 * MOST_ROWS):
            self._stop("sheet-too-large", {"cell": where, "rows": MOST_ROWS, "columns": MOST_COLUMNS})

    def _declares(self, *_: Any) -> None:
        self._stop("sheet-holds-instructions")

    def _stop(self, code: str, params: Mapping[str, Any] | None = None) -> None:
        if not self._stopped:
            self._problems.add(self._place, code, params)
        self._stopped = True


def _number(letters: str) -> int:
    """``A`` → 1, ``AA`` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
