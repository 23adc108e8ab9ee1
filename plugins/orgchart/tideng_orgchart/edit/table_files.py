"""Reads an uploaded table of people, posts or units from CSV or XLSX. The content tells which of the tables it is.

The file is read in a process of its own (`tideng.plugin.call_sandboxed`) with limited time and memory.
`tideng_orgchart.edit.workbooks` opens workbooks.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from tideng.plugin import (
    MOST_PROBLEMS,
    PERSON_COLUMNS,
    POSITION_COLUMNS,
    UNIT_COLUMNS,
    Problem,
    Problems,
    Refused,
    SandboxFailed,
    SandboxLimits,
    call_sandboxed,
    csv_records,
    restored_problem,
    stored_problem,
)
from tideng_orgchart.edit.workbooks import MEGABYTE, MOST_ROWS, sheets_in

LARGEST = 4 * MEGABYTE
LONGEST_CELL = 20_000
READING = SandboxLimits(seconds=20, megabytes=768)

TABLES: Mapping[str, tuple[str, ...]] = {
    "units": UNIT_COLUMNS,
    "positions": POSITION_COLUMNS,
    "people": PERSON_COLUMNS,
}
"""Table → its columns, as in a client's files."""
CHINESE: Mapping[str, Mapping[str, str]] = {
    "units": {"id": "编号", "name": "名称", "parent": "上级部门", "from": "开始日期", "until": "结束日期"},
    "positions": {
        "id": "编号",
        "name": "名称",
        "unit": "部门",
        "duties": "指标",
        "sheet": "职责说明书",
        "sheet_zh": "职责说明书（中文）",
        "sheet_en": "职责说明书（英文）",
        "seats": "编制人数",
        "head": "负责人岗位",
        "from": "开始日期",
        "until": "结束日期",
    },
    "people": {
        "id": "编号",
        "name": "姓名",
        "unit": "部门",
        "position": "岗位",
        "supervisor": "主管",
        "timezone": "时区",
        "locale": "语言",
        "phone": "电话",
        "email": "邮箱",
        "from": "开始日期",
        "until": "结束日期",
        "deputy": "代理人",
    },
}
"""Column → its Chinese name; both names are read."""
NAMES: Mapping[str, str] = {"units": "部门", "positions": "岗位", "people": "人员"}
_TELLING = {
    "people": {"supervisor", "position", "deputy", "timezone", "phone", "email"},
    "positions": {"duties", "seats", "head", "sheet"},
}
"""Columns that only one table has."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read: its columns, and (line, cells) of each row that is not empty. `place`: the file, and the sheet of a workbook,
    for the places of problems."""

    place: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_upload(name: str, content: bytes) -> dict[str, Table]:
    """The tables in an uploaded file, by kind. Raises `Refused` with every problem at once."""
    problem = _refused_unopened(name, content)
    if problem:
        raise Refused("import", [problem])
    try:
        packed = call_sandboxed("tideng_orgchart.edit.table_files:unfold", content, name, limits=READING)
    except SandboxFailed as error:
        raise Refused("import", [_unanswered(error, name)]) from error
    answer = orjson.loads(zlib.decompress(base64.b64decode(packed)))
    if answer["problems"]:
        raise Refused("import", map(restored_problem, answer["problems"]))
    return {kind: table_of(one) for kind, one in answer["tables"].items()}


def table_of(stored: Mapping[str, Any]) -> Table:
    """A table from its JSON form."""
    rows = tuple((line, tuple(cells)) for line, cells in stored["rows"])
    return Table(stored["place"], tuple(stored["columns"]), rows)


def _refused_unopened(name: str, content: bytes) -> Problem | None:
    ending = name.rpartition(".")[2].casefold()
    if not content:
        return Problem(name, "table-file-empty")
    if len(content) > LARGEST:
        return Problem(name, "table-file-too-large", {"most": LARGEST // MEGABYTE})
    if content.startswith(_OLE):
        return Problem(name, "table-file-locked")
    if ending not in ("csv", "xlsx"):
        return Problem(name, "table-file-of-other-kind")
    if ending == "xlsx" and not content.startswith(b"PK"):
        return Problem(name, "table-not-excel")
    if ending == "csv" and content.startswith(b"PK"):
        return Problem(name, "table-is-excel")
    return None


def _unanswered(error: SandboxFailed, name: str) -> Problem:
    if error.why == "died":
        return Problem(name, "table-file-damaged")
    return Problem(name, "table-too-costly")


# -- in the process ----------------------------------------------------------------------------------------------------
def unfold(content: bytes, name: str) -> str:
    """The answer for `read_upload`: problems and tables as compressed JSON."""
    problems = Problems()
    tables = (_xlsx if content.startswith(b"PK") else _csv)(content, name, problems)
    if not problems.errors and not tables:
        problems.add(name, "table-not-found")
    found = {kind: asdict(table) for kind, table in tables.items()}
    said = {"problems": list(map(stored_problem, problems.errors)), "tables": {} if problems.errors else found}
    return base64.b64encode(zlib.compress(orjson.dumps(said))).decode()


def _csv(content: bytes, name: str, problems: Problems) -> dict[str, Table]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")  # what a Chinese Excel writes as CSV
        except UnicodeDecodeError:
            problems.add(name, "table-not-utf8")
            return {}
    if "\0" in text:
        problems.add(name, "holds-nul")
        return {}
    found = _table(name, name.rpartition(".")[0], csv_records(name, text, problems), problems)
    return {found[0]: found[1]} if found else {}


def _xlsx(content: bytes, name: str, problems: Problems) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for sheet, lines in sheets_in(content, name, problems):
        found = _table(f"{name}, {sheet}", sheet, iter(lines), problems)
        if found and found[0] in tables:
            problems.add(f"{name}, {sheet}", "table-kind-twice", {"kind": found[0], "place": tables[found[0]].place})
        elif found:
            tables[found[0]] = found[1]
    return tables


def _table(
    place: str, called: str, lines: Iterator[tuple[int, list[str]]], problems: Problems
) -> tuple[str, Table] | None:
    """(kind, table); None for a table that is empty or of no known kind."""
    head = next(((line, cells) for line, cells in lines if any(map(str.strip, cells))), None)
    if head is None:
        return None
    line, names = head[0], [_plain(one) for one in head[1]]
    while names and not names[-1]:
        names.pop()
    kind = _kind(called, names)
    if kind is None:
        return None
    columns = [_column(kind, one) for one in names]
    at = f"{place} line {line}"
    known = ", ".join(TABLES[kind])
    for said, column in zip(names, columns, strict=True):
        if not column:
            problems.add(f"{at}, {said or '(no name)'}", "table-unknown-column", {"names": known})
        elif columns.count(column) > 1:
            problems.add(f"{at}, {said}", "is-twice")
    if "id" not in columns:
        problems.add(at, "table-without-id")
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in lines:
        row = [one.strip() for one in cells]
        if not any(row):
            continue
        if len(rows) >= MOST_ROWS:
            problems.add(place, "table-too-many-rows", {"most": MOST_ROWS})
            break
        rows.append((number, _fitted(row, names, f"{place} line {number}", problems)))
        if len(problems.found) >= MOST_PROBLEMS:
            break
    return kind, Table(place, tuple(columns), tuple(rows))


def _fitted(row: list[str], names: Sequence[str], at: str, problems: Problems) -> tuple[str, ...]:
    if any(row[len(names) :]):
        problems.add(at, "too-many-cells", {"cells": len(row), "columns": len(names)})
    for name, cell in zip(names, row, strict=False):
        if len(cell) > LONGEST_CELL:
            problems.add(f"{at}, {name}", "table-cell-too-long", {"most": LONGEST_CELL})
    return tuple((row + [""] * len(names))[: len(names)])


def _plain(name: str) -> str:
    return name.strip().lstrip("\ufeff").removesuffix("*").strip().casefold()


def _kind(called: str, names: Sequence[str]) -> str | None:
    """By what the sheet or the file is called, else by the columns that only one table has."""
    said = called.casefold()
    for kind, chinese in NAMES.items():
        if kind in said or chinese in said:
            return kind
    for kind, telling in _TELLING.items():
        if telling & {_column(kind, one) for one in names}:
            return kind
    return "units" if "parent" in {_column("units", one) for one in names} else None


def _column(kind: str, name: str) -> str:
    """The column that is meant; '' for none."""
    if name in TABLES[kind]:
        return name
    return next((column for column, chinese in CHINESE[kind].items() if chinese == name), "")
