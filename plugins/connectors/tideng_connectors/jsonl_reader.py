"""Read JSON Lines: one CloudEvent a line, in UTF-8. A bad line is reported and skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from tideng.plugin import ReadOptions, Unreadable, why_not_json
from tideng_connectors.file_lines import Line, numbered_lines


def recognises(name: str, head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") or name.endswith((".jsonl", ".ndjson"))


def read_jsonl(stream: BinaryIO, options: ReadOptions) -> Iterator[tuple[str, Any]]:
    """Yield (``line 12``, the object) or the problem of the line; empty lines are skipped."""
    for line in numbered_lines(stream):
        if line.problem:
            yield line.place, line.problem
        elif line.text.strip():
            yield line.place, _object(line)


def _object(line: Line) -> Any:
    try:
        return json.loads(line.text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        why = why_not_json(error)
        params = {"column": error.colno, "why": why}
        if why.code == "json-control-character":
            return Unreadable(line.place, "line-holds-control-character", params, raw=line.text)
        return Unreadable(line.place, "line-not-json", params, raw=line.text)
    except RecursionError:
        return Unreadable(line.place, "line-nested-too-deeply", raw=line.text)
    except _NotANumber as error:
        return Unreadable(line.place, "line-constant-refused", {"name": str(error)}, raw=line.text)


class _NotANumber(ValueError):
    """NaN or Infinity, which Python's parser would take."""


def _refuse_constant(name: str) -> None:
    raise _NotANumber(name)
