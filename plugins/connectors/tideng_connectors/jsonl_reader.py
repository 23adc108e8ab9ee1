"""Read JSON Lines: one CloudEvent a line, in UTF-8. A bad line is reported and skipped."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from tideng.plugin import ReadOptions, Unreadable, read_json, why_not_json
from tideng_connectors.file_lines import MAX_LINE, Line, numbered_lines

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]]')


def recognises(name: str, head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") or name.endswith((".jsonl", ".ndjson"))


def read_jsonl(stream: BinaryIO, options: ReadOptions) -> Iterator[tuple[str, Any]]:
    """Yield (``line 12``, the object) or the problem of the line; empty lines are skipped.

    An object that is written over several lines, each further one indented or beginning with a closing bracket, is one
    event at the line where it begins.
    """
    lines = _Lines(numbered_lines(stream))
    while line := lines.next():
        if line.problem:
            yield line.place, line.problem
        elif line.text.strip():
            yield line.place, _object(lines.whole(line))


class _Lines:
    """Lines, of which those that a person or a program broke for reading are put together again."""

    def __init__(self, lines: Iterator[Line]):
        self._lines = lines
        self._ahead: Line | None = None

    def next(self) -> Line | None:
        line, self._ahead = self._ahead or next(self._lines, None), None
        return line

    def whole(self, first: Line) -> Line:
        """Give `first` with the lines that go on with its object, where it leaves one open."""
        text = first.text.strip()
        if not text.startswith(("{", "[")) or (text[0] == "{" and text[-1] == "}"):
            return first  # nearly every line: the next one is not even looked at, as it may not have arrived
        depth = _depth(text)
        texts, size = [first.text], len(first.text)
        while depth > 0 and size < MAX_LINE and (further := self.next()):
            if further.problem or further.text[:1] not in ("", " ", "\t", "}", "]"):
                self._ahead = further
                break
            texts.append(further.text)
            depth, size = depth + _depth(further.text), size + len(further.text)
        return Line(first.number, "\n".join(texts))


def _depth(text: str) -> int:
    """How many brackets a piece of JSON opens and does not close."""
    marks = [mark for mark in _TOKEN.findall(text) if mark in "{[}]"]
    return sum(1 if mark in "{[" else -1 for mark in marks)


def _object(line: Line) -> Any:
    try:
        return read_json(line.text, _refuse_constant)
    except json.JSONDecodeError as error:
        why = why_not_json(error)
        params = {"column": error.colno, "why": why, "line": line.number + error.lineno - 1}
        if why.code == "json-control-character":
            return Unreadable(line.place, "line-holds-control-character", params, raw=line.text)
        if error.lineno > 1:
            return Unreadable(line.place, "lines-not-json", params, raw=line.text)
        return Unreadable(line.place, "line-not-json", params, raw=line.text)
    except RecursionError:
        return Unreadable(line.place, "line-nested-too-deeply", raw=line.text)
    except _NotANumber as error:
        return Unreadable(line.place, "line-constant-refused", {"name": str(error)}, raw=line.text)
    except ValueError:  # the one that is left: more digits than Python turns into a number
        return Unreadable(line.place, "line-number-too-long", {"limit": sys.get_int_max_str_digits()}, raw=line.text)


class _NotANumber(ValueError):
    """NaN or Infinity, which Python's parser would take."""


def _refuse_constant(name: str) -> None:
    raise _NotANumber(name)
