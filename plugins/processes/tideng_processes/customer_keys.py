"""A customer's name as a key, so that a case is found although another system spells the customer in another way.

Two names have the same key where they differ only in the width and form of characters, case, spaces, punctuation and the legal
form of the company. The key helps to find, and proves nothing: "A Co." and "A GmbH" share a key.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

LONGEST_KEY = 200
ENDINGS = ("有限责任公司", "有限責任公司", "股份有限公司", "有限公司", "公司")
LATIN_ENDINGS = (
    "co",
    "coltd",
    "company",
    "corp",
    "corporation",
    "gmbh",
    "inc",
    "incorporated",
    "limited",
    "llc",
    "ltd",
    "plc",
)
"""Legal forms at the end of a name. In Latin letters only a whole word counts: Zinc does not end in Inc."""
_HAN = "\u2e80-\u9fff\uf900-\ufaff"
_WITHIN_A_WORD = re.compile(r"['’.]")
"""G.m.b.H. is one word, as GmbH is."""
_BESIDE_HAN = re.compile(rf"(?<=[{_HAN}]) | (?=[{_HAN}])")
_ENDING = re.compile(rf"(?:{'|'.join(ENDINGS)}|(?<![^ {_HAN}])(?:{'|'.join(LATIN_ENDINGS)})) *$")


def customer_key(name: Any) -> str | None:
    """The key of a customer's name, at most `LONGEST_KEY` characters; None for a value that is no text or has no letters, which
    matches nothing. The key of a key is the key itself."""
    found = name if isinstance(name, str) else ""
    while (shorter := _without_endings(_words(found)).replace(" ", "")[:LONGEST_KEY]) != found:
        found = shorter  # joined letters may form another ending: "C. O." becomes "CO", which is "Co."
    return found or None


def spelled(name: str) -> str:
    """A name in one spelling; unlike the key it keeps the legal form."""
    return _words(name).replace(" ", "")


def _words(name: str) -> str:
    """Letters, marks and digits of a name, normalised and in lower case; a space for every other character."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kept = (one if unicodedata.category(one)[0] in "LMN" else " " for one in _WITHIN_A_WORD.sub("", plain))
    return _BESIDE_HAN.sub("", " ".join("".join(kept).split()))


def _without_endings(words: str) -> str:
    while (shorter := _ENDING.sub("", words)) != words:
        words = shorter
    return words
