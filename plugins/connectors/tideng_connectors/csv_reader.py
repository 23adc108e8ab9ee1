"""Read CSV as spreadsheets save it: a header line, then one event a line; comma, semicolon or tab; with or without a
byte order mark."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from tideng.plugin import (
    MAX_KEPT,
    MAX_KEY,
    MAX_TEXT,
    EventType,
    ReadOptions,
    Unreadable,
    read_json,
    read_number,
    read_whole,
    why_not_csv,
)
from tideng_connectors.file_lines import Line, numbered_lines

ENVELOPE = ("id", "source", "type", "time", "subject")
OPTIONAL = ("specversion",)
MAX_LINES = 200  # lines that one quoted text may span


def recognises(name: str, head: bytes) -> bool:
    header = head.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").split(b"\n")[0].lower()
    names = {cell.strip(b' "\r') for cell in header.replace(b";", b",").replace(b"\t", b",").split(b",")}
    return {b"id", b"type"} <= names or name.endswith((".csv", ".tsv"))


def read_csv(stream: BinaryIO, options: ReadOptions) -> Iterator[tuple[str, Any]]:
    """Yield (``line 12``, the payload) or what is wrong with the line.

    Columns: id, source, type, time, subject; the others, named ``data.NAME`` or just ``NAME``, are data. An empty cell
    is a missing field; numbers and true/false are read by the field's type; a list or object is written as JSON. Lines
    end with LF, CR LF or, as some programs still save, CR alone.
    """
    records = _RecordSplitter(numbered_lines(stream, cr_ends=True))
    header = records.header()
    if isinstance(header, Unreadable):
        yield header.at, header
        return
    for line, cells in records:
        if isinstance(cells, Unreadable):
            yield cells.at, cells
        elif any(cells):
            unnamed = next((cell for name, cell in zip(header, cells, strict=True) if not name and cell.strip()), None)
            if unnamed is not None:
                params = {"value": unnamed[:40]}
                yield line.place, Unreadable(line.place, "csv-column-unnamed", params, raw=line.text[:MAX_KEPT])
            else:
                yield line.place, _payload(header, cells, options)


class _RecordSplitter:
    """Split lines into records. A broken record costs only its first line; the lines that it swallowed are read
    again."""

    def __init__(self, lines: Iterator[Line]):
        self._lines, self._again = lines, deque[Line]()
        self._delimiter, self._width = ",", 0

    def header(self) -> list[str] | Unreadable:
        first = next(self._lines, Line(1, ""))
        if first.problem:
            return first.problem
        self._delimiter = max(",;\t", key=first.text.count)
        try:
            cells = next(csv.reader([first.text], delimiter=self._delimiter, strict=True), [])
        except csv.Error as error:
            too_long = why_not_csv(error).code == "csv-cell-too-long"
            code = "csv-name-unreadable" if too_long else "csv-names-unreadable"
            return Unreadable("line 1", code, {"limit": MAX_KEY}, raw=first.text[:MAX_KEPT])
        names = [cell.strip() for cell in cells]
        self._width = len(names)
        long = next((number for number, name in enumerate(names, 1) if len(name) > MAX_KEY), None)
        if long is not None:
            params = {"column": long, "length": len(names[long - 1]), "limit": MAX_KEY}
            return Unreadable("line 1", "csv-name-too-long", params, raw=first.text[:MAX_KEPT])
        missing = [name for name in ENVELOPE if name not in names]
        fields = [
            name if name in (*ENVELOPE, *OPTIONAL) else f"data.{name.removeprefix('data.')}" for name in names if name
        ]
        double = sorted({name for name in fields if fields.count(name) > 1})
        if missing or double:
            code, names = ("csv-columns-missing", missing) if missing else ("csv-columns-twice", double)
            found: dict[str, Any] = {"names": names, "envelope": ENVELOPE}
            return Unreadable("line 1", code, found, raw=first.text[:MAX_KEPT])
        return names

    def __iter__(self) -> Iterator[tuple[Line, list[str] | Unreadable]]:
        while line := self._next():
            yield line, line.problem or self._record(line)

    def _next(self) -> Line | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _record(self, first: Line) -> list[str] | Unreadable:
        used = [first]
        while True:
            try:
                cells = self._split(used)
            except csv.Error as error:
                if why_not_csv(error).code == "csv-cell-too-long":
                    return self._give_up(used, "csv-text-too-long", {"limit": MAX_TEXT})
                return self._give_up(used, "csv-after-quote")
            if cells is not None:
                break
            further = self._next() if len(used) < MAX_LINES else None
            if further is None or further.problem:
                if further:
                    self._again.appendleft(further)
                return self._give_up(used, "csv-quote-open")
            used.append(further)
        if cells and len(cells) != self._width:
            return self._give_up(used, "csv-cells", {"cells": len(cells), "columns": self._width})
        return cells

    def _split(self, lines: list[Line]) -> list[str] | None:
        """Split a record into cells; None while a quoted text is still open. Leaves in `lines` those of the record."""
        text = lines[0].text
        if not text.startswith('"') and f'{self._delimiter}"' not in text:  # a quote within a text is only a character
            return text.split(self._delimiter) if text else []
        if sum(line.text.count('"') for line in lines) % 2:  # an open quote, without asking the parser
            return None
        parser = csv.reader([line.text + "\n" for line in lines], delimiter=self._delimiter, strict=True)
        cells = next(parser, [])
        self._again.extendleft(reversed(lines[parser.line_num :]))  # quotes inside texts joined lines that are records
        del lines[parser.line_num :]
        return cells

    def _give_up(self, used: list[Line], code: str, params: Mapping[str, Any] | None = None) -> Unreadable:
        self._again.extendleft(reversed(used[1:]))
        return Unreadable(used[0].place, code, params or {}, raw=used[0].text[:MAX_KEPT])


def _payload(header: list[str], cells: list[str], options: ReadOptions) -> dict[str, Any]:
    row = {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}
    payload: dict[str, Any] = {name: row.pop(name).strip() for name in (*ENVELOPE, *OPTIONAL) if name in row}
    event_type = options.catalogue.event_types.get(payload.get("type", ""))
    payload["data"] = {
        name.removeprefix("data."): _value(name.removeprefix("data."), cell, event_type)
        for name, cell in row.items()
        if name
    }
    return payload


def _value(name: str, cell: str, event_type: EventType | None) -> Any:
    """Convert a cell by its field's type. What does not fit stays text, so that intake reports it."""
    field = event_type.field(name) if event_type else None
    kind = field.type if field else "text"
    try:
        if kind in ("integer", "number"):
            found = read_whole(cell.strip()) if kind == "integer" else read_number(cell.strip())
            return cell if found is None else found
        if kind in ("list", "object"):
            return read_json(cell)
    except (ValueError, RecursionError):
        return cell
    if kind == "boolean":
        return {"true": True, "false": False}.get(cell.strip().lower(), cell)
    return cell if kind == "text" else cell.strip()
