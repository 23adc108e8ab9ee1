"""Read JSON Lines: one CloudEvent a line, in UTF-8. A bad line is reported and skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from tideng.plugin import ReadOptions, Unreadable
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
        if error.msg.startswith("Invalid control character"):
            problem = f"holds a control character at column {error.colno}"
            return Unreadable(line.place, problem, "write it as \\n, \\t or leave it out", raw=line.text)
        hint = "one JSON object a line"
        return Unreadable(line.place, f"is not JSON at column {error.colno}: {error.msg}", hint, raw=line.text)
    except RecursionError:
        return Unreadable(line.place, "too many levels of lists and objects", "fewer levels", raw=line.text)
    except ValueError as error:
        return Unreadable(line.place, str(error), "leave the field out where there is no value", raw=line.text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
