"""Split a file of any content into decoded, numbered lines of bounded length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tideng.plugin import MAX_KEPT, Unreadable

MAX_LINE = 16_000_000  # bytes; far more than an event may hold, so that a text that is too long is refused by its field


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. When `problem` is set, `text` is empty."""

    number: int
    text: str
    problem: Unreadable | None = None

    @property
    def place(self) -> str:
        return f"line {self.number}"


def numbered_lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield every line, counted from 1, holding at most MAX_LINE bytes."""
    number = 0
    while raw := stream.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            length = len(raw) + (_skip_line(stream) if not raw.endswith(b"\n") else 0)
            yield Line(number, "", _too_long(number, length, raw))
            continue
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            params = {"byte": error.start + 1}
            yield Line(number, "", Unreadable(f"line {number}", "line-not-utf8", params, raw=raw[:MAX_KEPT]))
            continue
        if "\0" in text:
            params = {"column": text.index("\0") + 1}
            yield Line(number, "", Unreadable(f"line {number}", "line-holds-nul", params, raw=text[:MAX_KEPT]))
            continue
        yield Line(number, text.rstrip("\r\n"))


def _too_long(number: int, length: int, raw: bytes) -> Unreadable:
    return Unreadable(f"line {number}", "line-too-long", {"size": length, "limit": MAX_LINE}, raw=raw[:MAX_KEPT])


def _skip_line(stream: BinaryIO) -> int:
    skipped = 0
    while piece := stream.readline(MAX_LINE):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped
