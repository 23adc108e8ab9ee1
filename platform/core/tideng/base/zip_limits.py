"""Inspect an uploaded ZIP by its directory alone; nothing is unpacked here.

A few kilobytes can unpack to more than a machine holds, and a name in an archive can lead out of the folder that it is
unpacked into. OFD and XLSX are ZIPs; inspect them here before opening them in a process of their own
(`tideng.base.sandbox`).
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

ZIP_CUT_OFF, ZIP_DAMAGED, ZIP_TOO_LARGE, ZIP_LOCKED, ZIP_LEADS_OUT = (
    "cut off",
    "damaged",
    "too much",
    "locked",
    "leads out",
)
ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error)
"""What the standard library raises at an archive that is none, or that is not as its directory says."""
_SMALL = 1024 * 1024
"""What unpacks to less than this may be as regular as it likes."""
_END = struct.Struct("<4s4H2LH")
_FARTHEST_END = 65_557
"""A comment of at most 65,535 bytes may follow the record of 22 that ends a ZIP."""


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """How large an archive may be: `members`, bytes of all members and of the largest one when unpacked, the ratio
    of unpacked to packed size, and bytes of the `directory` itself."""

    members: int
    whole: int
    ratio: int
    largest: int
    directory: int = 512 * 1024


@dataclass(frozen=True, slots=True)
class ZipContents:
    """Result of an inspection: the `names` of the members, and `why` the archive must not be opened; '' when it is
    safe."""

    names: Sequence[str] = ()
    why: str = ""


def inspect_zip(content: bytes, bounds: ZipLimits) -> ZipContents:
    """What is in the ZIP `content`, and whether it is safe to open within `bounds`.

    `ZipContents.why` is ``cut off`` where its end is missing, ``damaged`` where its directory cannot be read, ``locked`` where a
    member wants a password, ``leads out`` where one is called as if it lay elsewhere, ``too much`` where it goes beyond
    `bounds`. The names are known wherever the directory could be read. A directory may lie about sizes: reading a member then
    ends at what it said, and raises one of `ZIP_ERRORS`. Never raises itself."""
    end = _end_of(content)
    if end is None:
        return ZipContents(why=ZIP_CUT_OFF)
    if end[4] > bounds.members or end[5] > bounds.directory:
        return ZipContents(
            why=ZIP_TOO_LARGE
        )  # the standard library reads a directory of any size before one can ask it anything
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except ZIP_ERRORS:
        return ZipContents(why=ZIP_DAMAGED)
    return ZipContents([one.filename for one in members], _why_not(members, bounds))


def _end_of(content: bytes) -> tuple[int, ...] | None:
    """The record at the end of a ZIP; None where it is missing."""
    place = content.rfind(b"PK\x05\x06", max(0, len(content) - _FARTHEST_END))
    return _END.unpack_from(content, place) if 0 <= place <= len(content) - _END.size else None


def _why_not(members: Sequence[zipfile.ZipInfo], bounds: ZipLimits) -> str:
    if any(one.flag_bits & 1 for one in members):
        return ZIP_LOCKED
    if any(leads_out(one.filename) for one in members):
        return ZIP_LEADS_OUT
    swelling = any(one.file_size > max(_SMALL, bounds.ratio * one.compress_size) for one in members)
    large = any(one.file_size > bounds.largest for one in members)
    whole = sum(one.file_size for one in members)
    return ZIP_TOO_LARGE if swelling or large or whole > bounds.whole or len(members) > bounds.members else ""


def leads_out(name: str) -> bool:
    """An absolute name of the archive's own root is usual in OFD; a drive, or a step above it, is not."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or ":" in parts[0] or "\0" in name
