"""A spoken note as its bytes tell: which of four containers it is, that there is sound in it and no picture, and how long it is.

What a browser says of its own file is not believed. Recorders write while they record, and leave lengths open: so the length
is that of the last piece of sound in the file, or what the head says where that is more. Nothing is decoded or run; whatever
does not add up is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tideng.base.errors import InvalidValue

WEBM, OGG, MP4, WAV = "audio/webm", "audio/ogg", "audio/mp4", "audio/wav"
KINDS = (WEBM, OGG, MP4, WAV)
ENDINGS = {WEBM: "webm", OGG: "ogg", MP4: "m4a", WAV: "wav"}
_MOST_PARTS = 200_000
"""So many parts no recording of some minutes has; a file made to keep us busy does."""


class NotSpoken(InvalidValue):
    """These bytes are no recording that we know."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was recognised: one of KINDS, and its length in seconds."""

    media_type: str
    seconds: float


def recognise(data: bytes) -> Recording:
    """What kind of recording these bytes are, and how long. Raises `NotSpoken`."""
    kinds: tuple[tuple[bool, str, Callable[[bytes], float]], ...] = (
        (data[:4] == b"\x1a\x45\xdf\xa3", WEBM, _webm),
        (data[:4] == b"OggS", OGG, _ogg),
        (data[4:8] == b"ftyp", MP4, _mp4),
        (data[:4] == b"RIFF" and data[8:12] == b"WAVE", WAV, _wav),
    )
    for fits, media_type, length_of in kinds:
        if fits:
            try:
                seconds = length_of(data)
            except (struct.error, IndexError, ZeroDivisionError, OverflowError):
                raise NotSpoken("recording-broken") from None
            if not 0 < seconds < float("inf"):
                raise NotSpoken("recording-without-sound")
            return Recording(media_type, round(seconds, 2))
    raise NotSpoken("recording-kind-unknown")


# -- WebM: a tree of elements, each with an id and a size that may be left open -----------------------------------------

_SEGMENT, _INFO, _SCALE, _DURATION = 0x18538067, 0x1549A966, 0x2AD7B1, 0x4489
_TRACKS, _TRACK, _TRACK_TYPE, _CODEC = 0x1654AE6B, 0xAE, 0x83, 0x86
_CLUSTER, _AT, _BLOCK, _GROUP, _GROUPED = 0x1F43B675, 0xE7, 0xA3, 0xA0, 0xA1
_PARENTS = frozenset({0x1A45DFA3, _SEGMENT, _INFO, _TRACKS, _TRACK, _CLUSTER, _GROUP})
_DOC_TYPE = 0x4282
_AUDIO = b"\x02"


def _webm(data: bytes) -> float:
    scale, length, began, last, codecs, doc_type = 1_000_000, 0.0, 0, 0, [], b""
    for id, value in _elements(data):
        if id == _DOC_TYPE:
            doc_type = value.rstrip(b"\x00")
        elif id == _SCALE:
            scale = int.from_bytes(value, "big")
        elif id == _DURATION:
            length = struct.unpack(">d" if len(value) == 8 else ">f", value)[0]
        elif id == _TRACK_TYPE and value != _AUDIO:
            raise NotSpoken("recording-with-picture")
        elif id == _CODEC:
            codecs.append(value.rstrip(b"\x00"))
        elif id == _AT:
            began = int.from_bytes(value, "big")
        elif id in (_BLOCK, _GROUPED):
            _track, size = _number(value, 0)
            last = max(last, began + struct.unpack_from(">h", value, size)[0])
    if doc_type != b"webm" or codecs != [b"A_OPUS"]:
        raise NotSpoken("recording-kind-unknown")
    return max(length, float(last)) * scale / 1e9


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every element that holds a value, in order. What holds others is walked into, whatever size it claims."""
    at = 0
    for _ in range(_MOST_PARTS):
        if at >= len(data):
            return
        width = _width(data[at])
        id = int.from_bytes(data[at : at + width], "big")
        size, length = _number(data, at + width)
        at += width + length
        if id in _PARENTS:
            continue
        if size is None or at + size > len(data):
            return  # cut off: what came before is all there is
        yield id, data[at : at + size]
        at += size
    raise NotSpoken("recording-broken")


def _width(first: int) -> int:
    if not first:
        raise NotSpoken("recording-broken")
    return 9 - first.bit_length()


def _number(data: bytes, at: int) -> tuple[int | None, int]:
    """A number of variable length, None where it is left open; and how many bytes it takes."""
    width = _width(data[at])
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), width


# -- Ogg: pages, each with the number of the last sample in it ----------------------------------------------------------

_OPUS_RATE = 48_000


def _ogg(data: bytes) -> float:
    at, last, skip = 0, 0, None
    while data[at : at + 4] == b"OggS":
        samples = struct.unpack_from("<q", data, at + 6)[0]
        segments = data[at + 26]
        body = at + 27 + segments
        if skip is None:
            if data[body : body + 8] != b"OpusHead":
                raise NotSpoken("recording-kind-unknown")
            skip = struct.unpack_from("<H", data, body + 10)[0]
        last = max(last, samples)
        at = body + sum(data[at + 27 : body])
    return (last - (skip or 0)) / _OPUS_RATE


# -- MP4: boxes in boxes; a recorder writes the sound in fragments ------------------------------------------------------

_BOXES = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"mvex"})


def _mp4(data: bytes) -> float:
    whole, rate, each, of_fragment, last, kinds, codecs = 0.0, 0, 0, 0, 0, [], []
    began = 0
    for kind, box in _boxes(data, 0, len(data), 0):
        if kind == b"mvhd":
            ticks, length = _clock(box)
            whole = length / ticks
        elif kind == b"mdhd":
            rate = _clock(box)[0]
        elif kind == b"hdlr":
            kinds.append(box[8:12])
        elif kind == b"stsd":
            codecs.append(box[12:16])
        elif kind == b"trex":
            each = struct.unpack_from(">I", box, 12)[0]
        elif kind == b"tfhd":
            of_fragment = _default(box) or each
        elif kind == b"tfdt":
            began = struct.unpack_from(">Q" if box[0] else ">I", box, 4)[0]
        elif kind == b"trun":
            began += _run(box, of_fragment)
            last = max(last, began)
    if kinds != [b"soun"] or codecs not in ([b"mp4a"], [b"Opus"]):
        raise NotSpoken("recording-with-picture" if b"vide" in kinds else "recording-without-sound")
    return max(whole, last / rate if rate else 0.0)


def _boxes(data: bytes, at: int, end: int, depth: int) -> Iterator[tuple[bytes, bytes]]:
    """Every box with a value, in order; boxes of boxes are walked into."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        size = size or end - at  # 0: up to the end
        if size < head or at + size > end:
            return
        if kind in _BOXES:
            if depth > len(_BOXES):
                raise NotSpoken("recording-broken")
            yield from _boxes(data, at + head, at + size, depth + 1)
        elif kind != b"mdat":
            yield kind, data[at + head : at + size]
        at += size


def _clock(box: bytes) -> tuple[int, int]:
    """Ticks a second, and how many there are."""
    rate, length = struct.unpack_from(">IQ", box, 20) if box[0] else struct.unpack_from(">II", box, 12)
    return rate, 0 if length in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else length


def _default(box: bytes) -> int:
    """How long each piece of a fragment is, where its head says so."""
    flags = int.from_bytes(box[1:4], "big")
    at = 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
    return struct.unpack_from(">I", box, at)[0] if flags & 8 else 0


def _run(box: bytes, each: int) -> int:
    """How long a run of pieces is, in ticks."""
    flags, count = int.from_bytes(box[1:4], "big"), struct.unpack_from(">I", box, 4)[0]
    if not flags & 0x100:
        return count * each
    at = 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    step = 4 * sum(bool(flags & one) for one in (0x100, 0x200, 0x400, 0x800))
    if count > _MOST_PARTS:
        raise NotSpoken("recording-broken")
    return sum(struct.unpack_from(">I", box, at + step * number)[0] for number in range(count))


# -- WAV: chunks -----------------------------------------------------------------------------------------------------------


def _wav(data: bytes) -> float:
    at, bytes_a_second = 12, 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"fmt ":
            bytes_a_second = struct.unpack_from("<I", data, at + 16)[0]
        elif kind == b"data":
            return min(size, len(data) - at - 8) / bytes_a_second
        at += 8 + size + size % 2
    return 0.0
