"""Split a file of any content into decoded, numbered lines of bounded length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tideng.plugin import MAX_KEPT, Unreadable

MAX_LINE = 16_000_000  # bytes; far more than an event may hold, so that a text that is too long is refused by its field


CHUNK = 1 << 16
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. When `problem` is set, `text` is empty."""

    number: int
    text: str
    problem: Unreadable | None = None

    @property
    def place(self) -> str:
        return f"line {self.number}"


def numbered_lines(stream: BinaryIO, *, cr_ends: bool = False) -> Iterator[Line]:
    """Yield every line, counted from 1, holding at most MAX_LINE bytes.

    Lines end with LF or CR LF. A file without any LF, or (with `cr_ends`) with a CR alone in its first line, has lines
    that end with CR.
    """
    first = stream.readline(MAX_LINE + 1)
    if b"\r" in first.rstrip(b"\r\n") and (cr_ends or not first.endswith(b"\n")):
        raw_lines = _at_each_cr(first, stream)
    else:
        raw_lines = _at_each_lf(first, stream)
    for number, (raw, length) in enumerate(raw_lines, 1):
        yield _line(number, raw, length)


def _line(number: int, raw: bytes, length: int) -> Line:
    """Decode one line. `raw`: its beginning, or all of it; `length`: of the whole line."""
    if length > MAX_LINE:
        return Line(number, "", _too_long(number, length, raw))
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        params = {"byte": error.start + 1}
        return Line(number, "", Unreadable(f"line {number}", "line-not-utf8", params, raw=raw[:MAX_KEPT]))
    if "\0" in text:
        params = {"column": text.index("\0") + 1}
        return Line(number, "", Unreadable(f"line {number}", "line-holds-nul", params, raw=text[:MAX_KEPT]))
    return Line(number, text.rstrip("\r\n"))


def _at_each_lf(first: bytes, stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield (a line or its beginning, its whole length), as soon as a line is complete."""
    raw = first
    while raw:
        length = len(raw)
        if length > MAX_LINE and not raw.endswith(b"\n"):
            length += _skip_line(stream)
        yield raw, length
        raw = stream.readline(MAX_LINE + 1)


def _at_each_cr(first: bytes, stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield (a line or its beginning, its whole length) of a file in which CR, LF and CR LF all end a line."""
    waiting, skipped = first, 0
    while True:
        more = stream.read(CHUNK)
        if waiting.endswith(b"\r") and more.startswith(b"\n"):
            waiting, more = waiting + more[:1], more[1:]
        *whole, waiting = _LINE_END.split(waiting)
        for raw in whole:
            yield raw, len(raw) + skipped
            skipped = 0
        if len(waiting) > MAX_LINE + 1:
            skipped += len(waiting) - MAX_LINE - 1
            waiting = waiting[: MAX_LINE + 1]
        if not more:
            break
        waiting += more
    if waiting:
        yield waiting, len(waiting) + skipped


def _too_long(number: int, length: int, raw: bytes) -> Unreadable:
    return Unreadable(f"line {number}", "line-too-long", {"size": length, "limit": MAX_LINE}, raw=raw[:MAX_KEPT])


def _skip_line(stream: BinaryIO) -> int:
    skipped = 0
    while piece := stream.readline(MAX_LINE):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped
