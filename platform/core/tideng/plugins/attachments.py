"""Files that people upload: tell their format from the content, and check that opening them is safe.

Accepted are PDF, OFD (GB/T 33190), and pictures as JPEG or PNG. The file name must agree with the content. Sizes are
checked before anything is opened; a process of its own (`tideng.base.sandbox`) opens the file, with limits on time and memory.
An `Attachment` from `inspect_attachment` is safe to open; a file that is not safe raises `Refused` with every problem.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from tideng.base.errors import Problem, Refused
from tideng.base.problems import restored
from tideng.base.sandbox import SandboxFailed, SandboxLimits, call_sandboxed
from tideng.model.catalogue import Text

PDF, OFD, PICTURE = "pdf", "ofd", "picture"
SORTS = (PDF, OFD, PICTURE)
MEGABYTE = 1024 * 1024
LARGEST_ATTACHMENT = 10 * MEGABYTE
LONGEST_NAME = 200
MOST_PAGES = 50
MOST_PIXELS = 40_000_000
OPENING = SandboxLimits(seconds=8, megabytes=768)

MEDIA_TYPES: Mapping[str, str] = {
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "jpeg": "image/jpeg",
    "png": "image/png",
}
_SORT_OF = {"pdf": PDF, "ofd": OFD, "jpeg": PICTURE, "png": PICTURE}
_KINDS = {"pdf": "a-pdf", "ofd": "an-ofd", "jpeg": "a-picture", "png": "a-picture"}
_ENDINGS = {"pdf": ("pdf",), "ofd": ("ofd",), "jpeg": ("jpg", "jpeg", "jfif", "png"), "png": ("png", "jpg", "jpeg")}
_ENDING = re.compile(r"\.([A-Za-z][A-Za-z0-9]{1,4})$")
_HEIF = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevx", b"mif1", b"msf1", b"avif")
_OTHER_PICTURES = (b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_HEAD = 1024
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Unicode categories that are removed from file names, because they make one name look like another."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that was checked. `media_type`: told from its content. `kind`: what it is for (invoice, itinerary, …)."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    kind: str = "paper"

    @property
    def sort(self) -> str:
        """PDF, OFD or PICTURE."""
        return next(_SORT_OF[name] for name, type_ in MEDIA_TYPES.items() if type_ == self.media_type)


@dataclass(frozen=True, slots=True)
class AttachmentReading:
    """What was read in a file. `fields`: name → plain value (amounts as texts, days as ISO). `notes`: what could not
    be read, or where two places of the file differ."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Text, ...] = ()


def inspect_attachment(name: str, content: bytes, accept: Sequence[str] = SORTS, kind: str = "paper") -> Attachment:
    """Check a file and return it as an `Attachment`, which is safe to open. `accept`: which of SORTS are allowed here.

    Raises `Refused` with every problem. Takes up to `OPENING.seconds`, so do not call it inside a transaction."""
    name = tidy(name)
    problems = _too_large(content)
    if problems:
        raise Refused("file", problems)
    found = format_of(content)
    if found is None or _SORT_OF[found] not in accept:
        raise Refused("file", [_not_taken(content, accept)])
    problems = [*_misnamed(name, found), *_opened(content, found)]
    if problems:
        raise Refused("file", problems)
    return Attachment(name, MEDIA_TYPES[found], content, kind)


def tidy(name: str) -> str:
    """Clean a file name for display and storage: no folders, and no characters that hide or reverse others."""
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    clean = "".join(one for one in last if unicodedata.category(one) not in _HIDDEN).strip(" .")
    stem, dot, ending = clean.rpartition(".")
    if len(clean) <= LONGEST_NAME:
        return clean or "file"
    return f"{stem[: LONGEST_NAME - 8]}.{ending[:7]}" if dot else clean[:LONGEST_NAME]


def format_of(content: bytes) -> str | None:
    """Tell the format: ``pdf``, ``ofd`` (any ZIP; opening it tells more), ``jpeg``, ``png``; None for anything else."""
    if b"%PDF-" in content[:_HEAD]:
        return "pdf"
    for start, found in ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"PK\x03\x04", "ofd")):
        if content.startswith(start):
            return found
    return None


def _too_large(content: bytes) -> list[Problem]:
    if not content:
        return [Problem("", "attachment-empty")]
    if len(content) > LARGEST_ATTACHMENT:
        size = -(-len(content) // MEGABYTE)
        return [Problem("", "attachment-too-large", {"size": size, "most": LARGEST_ATTACHMENT // MEGABYTE})]
    return []


def _not_taken(content: bytes, accept: Sequence[str]) -> Problem:
    """Say as precisely as the content allows why a file is not accepted here."""
    wanted = [{PDF: "PDF", OFD: "OFD", PICTURE: "JPEG, PNG"}[one] for one in accept]
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF:
        return Problem("", "picture-is-heic")  # fmt: skip
    if content.startswith(_OTHER_PICTURES) or content[8:12] == b"WEBP":
        return Problem("", "picture-kind-unreadable")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return Problem("", "file-is-office")
    if format_of(content):
        return Problem("", "file-kind-refused", {"what": _KINDS[format_of(content) or ""], "kinds": wanted})
    return Problem("", "file-not-readable", {"kinds": wanted})


def _misnamed(name: str, found: str) -> list[Problem]:
    """Report a name that disagrees with the content: the wrong file may have been chosen."""
    ending = _ENDING.search(name)
    if ending is None or ending[1].lower() in _ENDINGS[found]:
        return []
    if found == "ofd":
        return []  # any ZIP: whether it is an OFD at all, the opening tells in better words
    return [Problem("", "file-misnamed", {"what": _KINDS[found], "ending": ending[1], "right": _ENDINGS[found][0]})]


def _opened(content: bytes, found: str) -> list[Problem]:
    """Open the file in a process of its own and return its problems."""
    try:
        said = call_sandboxed("tideng.plugins.attachment_check:look", content, found, limits=OPENING)
    except SandboxFailed as unanswered:
        if unanswered.why == "died":
            return [Problem("", "file-cannot-be-opened")]
        return [Problem("", "file-slow-to-open")]
    return [restored(one) for one in said]
