"""Everything held on a person as one file to take away: a page to read, and each kind as JSON and as a table.

The file is written while it is sent; what is more than text, such as a spoken note, lies beside it. A table's cells are defused: a spreadsheet takes what begins with ``=``, ``+``, ``-`` or
``@`` for a formula, and what somebody else wrote into an event must not compute on the reader's machine (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from tideng.base.text import phrase
from tideng.model.catalogue import Text
from tideng.model.templates import choose
from tideng.privacy.holdings import Holding

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WORDS: Mapping[str, Text] = {
    "title": phrase("My data"),
    "lead": phrase("{name}, this is everything held on you, taken on {at}."),
    "files": phrase("Each kind comes as two files: a table for a spreadsheet, and JSON for programs."),
    "kind": phrase("Kind", context="export"),
    "count": phrase("Records"),
    "between": phrase("Between"),
    "about": phrase("Source, and who can see it"),
    "keep": phrase("How long it is kept"),
    "kept": phrase("No limit is set; only administrators delete it"),
    "never": phrase("We never note when you open a message, and there is no column for fines or deductions."),
}


class _Pipe(io.RawIOBase):
    """What is written is handed on; a zip file that cannot be sought in is written from front to back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def takeout(holdings: Sequence[Holding], name: str, locale: str, zone: ZoneInfo, now: datetime) -> Iterator[bytes]:
    """The zip file, part by part; `name` is how the person is called, `zone` that of all times in tables and page."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("index.html", page(holdings, name, locale, zone, now))
        yield pipe.taken()
        for holding in holdings:
            for ending, write in (("csv", _table), ("json", _json)):
                with file.open(f"{_file(holding)}.{ending}", "w") as entry:
                    for part in write(holding, locale, zone):
                        entry.write(part)
                        yield pipe.taken()
                yield pipe.taken()
            for name, content in holding.files() if holding.files else ():
                file.writestr(name, content)
                yield pipe.taken()
    yield pipe.taken()


def page(holdings: Sequence[Holding], name: str, locale: str, zone: ZoneInfo, now: datetime) -> str:
    """The page to begin with, which needs nothing else to be read."""
    say = lambda key: choose(_WORDS[key], locale)[0]  # noqa: E731
    rows = []
    for one in holdings:
        between = "–".join(dict.fromkeys(f"{at.astimezone(zone):%Y-%m-%d}" for at in (one.first, one.last) if at))
        links = " ".join(f'<a href="{_file(one)}.{ending}">{ending.upper()}</a>' for ending in ("csv", "json"))
        cells = (choose(one.title, locale)[0], str(one.count), between, choose(one.about, locale)[0])
        rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}<td>{links}</td></tr>")
    heads = "".join(f"<th>{escape(say(key))}</th>" for key in ("kind", "count", "between", "about"))
    lead = say("lead").format(name=name, at=f"{now.astimezone(zone):%Y-%m-%d %H:%M}")
    return (
        f'<!DOCTYPE html><html lang="{escape(locale)}"><meta charset="utf-8"><title>{escape(say("title"))}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body{font:16px/1.6 system-ui,sans-serif;max-width:860px;margin:2em auto;padding:0 16px;color:#1C2830}"
        "table{border-collapse:collapse;width:100%}td,th{text-align:start;padding:8px;border-bottom:1px solid #DFE3E3}</style>"
        f"<h1>{escape(say('title'))}</h1><p>{escape(lead)}</p><p>{escape(say('files'))}</p>"
        f"<table><tr>{heads}<th></th></tr>{''.join(rows)}</table>"
        f"<p>{escape(say('keep'))}: {escape(say('kept'))}</p><p>{escape(say('never'))}</p></html>"
    )


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; plain numbers stay numbers."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def _table(holding: Holding, locale: str, zone: ZoneInfo) -> Iterator[bytes]:
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow([defused(choose(title, locale)[0]) for title in holding.columns.values()])
    yield b"\xef\xbb\xbf"  # so that a spreadsheet takes it for UTF-8
    for record in holding.all():
        writer.writerow([defused(_cell(record.get(column), locale, zone)) for column in holding.columns])
        yield _taken(lines)
    yield _taken(lines)


def _taken(lines: io.StringIO) -> bytes:
    text = lines.getvalue()
    lines.seek(0)
    lines.truncate()
    return text.encode()


def _cell(value: Any, locale: str, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if _is_text(value):
        return choose(value, locale)[0]
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"zh", "en"}


def _json(holding: Holding, locale: str, zone: ZoneInfo) -> Iterator[bytes]:
    head = {"name": holding.name, "title": dict(holding.title), "about": dict(holding.about)}
    yield (json.dumps(head, ensure_ascii=False)[:-1] + ', "records": [').encode()
    before = "\n"
    for record in holding.all():
        yield (before + json.dumps(dict(record), ensure_ascii=False, default=_plain)).encode()
        before = ",\n"
    yield b"\n]}\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, Iterable) else str(value)


def _file(holding: Holding) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", holding.name.lower())
