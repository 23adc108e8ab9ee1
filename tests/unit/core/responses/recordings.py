"""Recordings as browsers write them, made byte by byte: silence of a wanted length in each container."""

from __future__ import annotations

import struct


def a_wav(seconds: float = 3.0) -> bytes:
    """Eight thousand bytes a second; the length is in the sizes alone."""
    sound = b"\x80" * int(seconds * 8000)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body


def an_ogg(seconds: float = 3.0, codec: bytes = b"OpusHead") -> bytes:
    """Two pages: the head, and one that says how many samples there were (312 of them are skipped)."""

    def page(samples: int, body: bytes) -> bytes:
        return struct.pack("<4sBBqIIIB", b"OggS", 0, 0, samples, 1, 0, 0, 1) + bytes([len(body)]) + body

    head = codec + struct.pack("<BBHIHB", 1, 1, 312, 48000, 0, 0)
    return page(0, head) + page(int(seconds * 48000) + 312, b"sound")


def _element(id: str, value: bytes, open_: bool = False) -> bytes:
    size = b"\x01\xff\xff\xff\xff\xff\xff\xff" if open_ else (len(value) | 1 << 56).to_bytes(8, "big")
    return bytes.fromhex(id) + size + value


def a_webm(seconds: float = 3.0, codec: bytes = b"A_OPUS", track: int = 2, doc_type: bytes = b"webm") -> bytes:
    """As a recorder writes it: sizes left open, no length in the head, a cluster every second."""
    head = _element("1a45dfa3", _element("4282", doc_type))
    entry = _element("83", bytes([track])) + _element("86", codec)
    parts = _element("1549a966", _element("2ad7b1", (1_000_000).to_bytes(3, "big")))
    parts += _element("1654ae6b", _element("ae", entry))
    for second in range(int(seconds) + 1):
        at = _element("e7", (second * 1000).to_bytes(4, "big"))
        last = int((seconds - second) * 1000) if second == int(seconds) else 940
        blocks = b"".join(_element("a3", b"\x81" + struct.pack(">hB", one, 0x80) + b"sound") for one in (0, last))
        parts += _element("1f43b675", at + blocks, open_=True)
    return head + _element("18538067", parts, open_=True)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def an_mp4(seconds: float = 3.0, handler: bytes = b"soun", fragments: bool = True, codec: bytes = b"mp4a") -> bytes:
    """Whole, with its length in the head; or in fragments of half a second, as a recorder writes it."""
    rate = 48_000
    clock = lambda length: struct.pack(">IIIII", 0, 0, 0, rate, length)  # noqa: E731
    stsd = struct.pack(">II", 0, 1) + _box(codec, b"\x00" * 28)
    media = _box(b"mdhd", clock(0)) + _box(b"hdlr", struct.pack(">II", 0, 0) + handler + b"\x00" * 13)
    media += _box(b"minf", _box(b"stbl", _box(b"stsd", stsd)))
    more = _box(b"mvex", _box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 480, 0, 0)))
    head = _box(b"mvhd", clock(0 if fragments else int(seconds * rate)))
    file = _box(b"ftyp", b"isom\x00\x00\x02\x00iso5")
    file += _box(b"moov", head + _box(b"trak", _box(b"mdia", media)) + (more if fragments else b""))
    at = 0
    while fragments and at < int(seconds * rate):
        length = min(rate // 2, int(seconds * rate) - at)
        traf = _box(b"tfhd", struct.pack(">II", 0, 1)) + _box(b"tfdt", struct.pack(">II", 0, at))
        traf += _box(b"trun", struct.pack(">II", 0, length // 480))
        file += _box(b"moof", _box(b"traf", traf)) + _box(b"mdat", b"sound")
        at += length
    return file


EACH = {"audio/wav": a_wav, "audio/ogg": an_ogg, "audio/webm": a_webm, "audio/mp4": an_mp4}
