"""A customer's name as a key, so that a case is found again by whatever another system calls the same customer.

Two names are taken for the same where they differ only in what nobody means by it: width and form of characters, case, spaces,
punctuation, and what kind of company it is. That is a way of finding, never a proof: "A Co." and "A GmbH" share a key.
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
"""What says which kind of company it is, at the end of its name. In Latin letters it is a word of its own: Zinc is no Inc."""
_HAN = "\u2e80-\u9fff\uf900-\ufaff"
_WITHIN_A_WORD = re.compile(r"['’.]")
"""G.m.b.H. is one word, as GmbH is."""
_BESIDE_HAN = re.compile(rf"(?<=[{_HAN}]) | (?=[{_HAN}])")
_ENDING = re.compile(rf"(?:{'|'.join(ENDINGS)}|(?<![^ {_HAN}])(?:{'|'.join(LATIN_ENDINGS)})) *$")


def customer_key(name: Any) -> str | None:
    """The key of a customer's name, at most `LONGEST_KEY` characters; None for what is no text or names nobody, which matches
    nothing. The key of a key is the key itself."""
    found = name if isinstance(name, str) else ""
    while (shorter := _without_endings(_words(found)).replace(" ", "")[:LONGEST_KEY]) != found:
        found = shorter  # what was an end of a word may have become one: "C. O." is "CO" is "Co."
    return found or None


def spelled(name: str) -> str:
    """A name without what is only its writing: one spelling of a customer, whichever kind of company it says it is."""
    return _words(name).replace(" ", "")


def _words(name: str) -> str:
    """Letters, marks and digits of a name in their plainest form and lower case, a space wherever anything else stood."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kept = (one if unicodedata.category(one)[0] in "LMN" else " " for one in _WITHIN_A_WORD.sub("", plain))
    return _BESIDE_HAN.sub("", " ".join("".join(kept).split()))


def _without_endings(words: str) -> str:
    while (shorter := _ENDING.sub("", words)) != words:
        words = shorter
    return words
