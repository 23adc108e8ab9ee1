"""Read numbers as files and people write them, and no others.

Python's `int` and `float` also take ``1_000``, full-width digits, ``nan``, ``inf``, spaces and a leading plus, so that a
slip of the pen would be stored as a number.
"""

from __future__ import annotations

import math
import re
import unicodedata

MAX_DIGITS = 400  # characters of a number as text
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def read_whole(text: str) -> int | None:
    """A whole number as JSON writes it, leading zeros allowed; None for all else that Python's `int` would take."""
    return int(text) if len(text) <= MAX_DIGITS and _WHOLE.fullmatch(text) else None


def read_number(text: str) -> int | float | None:
    """A number as JSON writes it, leading zeros and ``.5`` allowed; None for all else that Python's `float` would take
    (``1_000``, full-width digits, ``nan``, ``+5``), and for one beyond every float."""
    whole = read_whole(text)
    if whole is not None or len(text) > MAX_DIGITS or not _NUMBER.fullmatch(text):
        return whole
    number = float(text)
    return number if math.isfinite(number) else None


def as_plain_number(text: str) -> str:
    """Write a number that a person can read (``1_000``, ``１０００``, ``1,000``) as `read_number` reads it; '' where
    it is not clear."""
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("+")
    if re.fullmatch(r"-?\d{1,3}(?:[_, ]\d{3})+(?:\.\d+)?", plain, re.ASCII):
        plain = re.sub("[_, ]", "", plain)
    return plain if read_number(plain) is not None else ""
