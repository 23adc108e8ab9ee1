"""Read the files of a client bundle, so that every problem can name its file, line and column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tideng.base.errors import Problem
from tideng.base.numerals import read_number, read_whole
from tideng.base.parse_errors import of_csv, of_os, of_text, of_yaml

MOST_BYTES = 64 * 1024 * 1024
MOST_PROBLEMS = 200
"""Problems kept; after so many a reader has seen enough, because a spreadsheet saved wrongly is wrong on every line."""


@dataclass
class Problems:
    """Collect problems while reading goes on. `left_out`: how many were not kept."""

    found: list[Problem] = field(default_factory=list)
    left_out: int = 0

    def add(self, at: str, code: str, params: Mapping[str, Any] | None = None, severity: str = "error") -> None:
        if len(self.found) < MOST_PROBLEMS:
            self.found.append(Problem(at, code, params or {}, severity))
        else:
            self.left_out += severity == "error"

    @property
    def errors(self) -> tuple[Problem, ...]:
        more = (Problem("", "further-problems", {"count": self.left_out}),) if self.left_out else ()
        return tuple(p for p in self.found if p.severity == "error") + more

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.found if p.severity != "error")


def read_text(path: Path, problems: Problems) -> str | None:
    """Read a file's text without its byte order mark; None when it cannot be read, which is added to `problems`."""
    try:
        if path.stat().st_size > MOST_BYTES:
            problems.add(path.name, "bundle-file-too-large")
            return None
        raw = path.read_bytes()
    except OSError as error:
        problems.add(path.name, "unreadable", {"why": of_os(error)})
        return None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        problems.add(path.name, "is-utf16")
        return None
    try:
        text = raw.decode("utf-8-sig")  # Excel writes a byte order mark
    except UnicodeDecodeError as error:
        problems.add(f"{path.name} line {_line_at(raw, error.start)}", "is-gbk" if _is_gbk(raw) else "not-utf8-file")
        return None
    if "\0" in text:
        problems.add(f"{path.name} line {_line_at(raw, raw.index(0))}", "holds-nul")
        return None
    return text


def _is_gbk(raw: bytes) -> bool:
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _line_at(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1


@dataclass(frozen=True)
class Row:
    """One line of a table. A missing cell is ''."""

    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def at(self, column: str) -> str:
        return f"{self.file} line {self.line}, {column}"


def read_table(path: Path, required: tuple[str, ...], optional: tuple[str, ...], problems: Problems) -> list[Row]:
    """Read the rows of a CSV file whose first line names its columns. Cells are trimmed, empty lines skipped.

    Unknown or missing columns, lines with too many cells, and quotes that never close are problems.
    """
    text = read_text(path, problems) if path.exists() else None
    if text is None:
        return []
    lines = csv_records(path.name, text, problems)
    _, head = next(lines, (1, []))
    columns = [name.strip() for name in head]
    if not _columns_fit(path.name, columns, required, optional, problems):
        return []
    rows = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns):
            problems.add(f"{path.name} line {number}", "too-many-cells", {"cells": len(cells), "columns": len(columns)})
            continue
        row = Row(path.name, number, dict(zip(columns, (cell.strip() for cell in cells), strict=False)))
        for name in required:
            if not row[name]:
                problems.add(row.at(name), "is-empty")
        rows.append(row)
    return rows


def csv_records(name: str, text: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV text, each with the line it begins on; adds a problem and ends where the text is not CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(f"{name} line {line}", "not-csv", {"why": of_csv(error)})
            return


def _columns_fit(name: str, columns: list[str], required: tuple, optional: tuple, problems: Problems) -> bool:
    known = (*required, *optional)
    at = f"{name} line 1"
    before = len(problems.errors)
    other = next((mark for mark in ";\t" if len(columns) == 1 and mark in columns[0]), None)
    if other:
        problems.add(at, "wrong-separator", {"mark": other})
        return False
    for column in dict.fromkeys(columns):
        if column not in known:
            problems.add(f"{at}, {column or '(no name)'}", "unknown-column", {"names": known})
        elif columns.count(column) > 1:
            problems.add(f"{at}, {column}", "is-twice")
    for column in required:
        if column not in columns:
            problems.add(at, "column-missing", {"column": column})
    return len(problems.errors) == before


def read_day(row: Row, column: str, problems: Problems) -> date | None:
    """Read the date in a cell; None when it is empty or invalid; an invalid one is added to `problems`."""
    text = row[column]
    if not text:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        problems.add(row.at(column), "not-a-date", {"value": text[:40]})
        return None
    if not 1900 <= day.year <= 2200:
        problems.add(row.at(column), "year-out-of-range", {"value": text})
        return None
    return day


class _Loader(yaml.SafeLoader):
    """YAML as people read it: 22:00 is not a number, NO is Norway, 2026-03-02 stays text."""


def _plain(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_Loader.yaml_implicit_resolvers = {}
_plain("bool", r"^(?:true|True|false|False)$", "tTfF")
_plain("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789")
_plain("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789")
_plain("null", r"^(?:~|null|Null|)$", "~nN")
_Loader.yaml_implicit_resolvers.setdefault("", []).append(("tag:yaml.org,2002:null", re.compile(r"^$")))


@dataclass(frozen=True)
class Document:
    """The value of a YAML file, and the line of each place in it (``packs[0].name`` → 12)."""

    file: str
    value: Any
    lines: Mapping[str, int]

    def at(self, place: str) -> str:
        nearest = place
        while nearest and nearest not in self.lines:
            nearest = re.sub(r"(\.[^.\[]*|\[\d+\]|^[^.\[]*)$", "", nearest)
        return f"{self.file} line {self.lines.get(nearest, 1)}, {place}"


def read_yaml(path: Path, problems: Problems) -> Document | None:
    """Read the one document in a YAML file; None when it cannot be read. Repeated keys, aliases and tags are
    problems."""
    text = read_text(path, problems)
    return None if text is None else read_yaml_text(path.name, text, problems)


def read_yaml_text(name: str, text: str, problems: Problems) -> Document | None:
    """Like `read_yaml`, for a text; `name` stands for the file in places."""
    lines: dict[str, int] = {}
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.add(f"{name} line {line}", "not-yaml", {"why": of_yaml(error)})
        return None
    except (yaml.YAMLError, RecursionError) as error:
        problems.add(name, "not-yaml-at-all", {"why": of_text(error)})
        return None
    seen: set[int] = set()
    value = _value(node, "", name, lines, seen, problems) if node else None
    return Document(name, value, lines)


def _value(node: yaml.Node, place: str, file: str, lines: dict[str, int], seen: set[int], problems: Problems) -> Any:
    here = f"{file} line {node.start_mark.line + 1}"
    lines.setdefault(place, node.start_mark.line + 1)
    if id(node) in seen:  # an alias; walking one again is how a small file becomes an endless one
        problems.add(here, "alias-not-read")
        return None
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(n, f"{place}[{i}]", file, lines, seen, problems) for i, n in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            line = key_node.start_mark.line + 1
            if key is None:
                problems.add(f"{file} line {line}", "name-before-colon")
            elif key in mapping:
                problems.add(f"{file} line {line}, {key}", "is-twice")
            else:
                inner = f"{place}.{key}" if place else key
                lines[inner] = line
                mapping[key] = _value(value_node, inner, file, lines, seen, problems)
        return mapping
    return _scalar(node, here, problems)


def _scalar(node: yaml.Node, here: str, problems: Problems) -> Any:
    text, kind = node.value, node.tag.rpartition(":")[2]
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in ("int", "float"):  # also where a tag says so: !!int 1_000
        number = (read_whole if kind == "int" else read_number)(text.removeprefix("+").removesuffix("."))
        if number is not None:
            return number if kind == "int" else float(number)
    problems.add(here, "tag-not-read", {"tag": node.tag})
    return None
