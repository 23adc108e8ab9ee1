"""Reading a document without stopping at the first mistake: every problem is noted with its place."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tideng.base.errors import Problem
from tideng.model.catalogue import Text

MAX_TEXT = 10_000
MAX_NUMBER = 2**53
LOCALE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,8})*")
MAX_STRANGERS = 50
"""Unknown keys of one mapping that are named; who sends thousands of them gains nothing from the rest."""
_UNSEEN = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_HAN = re.compile(r"[\u3400-\u9fff]")


def nearest(name: object, among: Iterable[str]) -> str:
    """``did you mean 'visits'?``, or '' when nothing is near."""
    found = difflib.get_close_matches(str(name)[:200], list(among), n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else ""


def join(at: str, key: str | int) -> str:
    """The place of a key or an item within the place `at`."""
    if isinstance(key, int):
        return f"{at}[{key}]"
    return f"{at}.{key}" if at else key


class Collector:
    """The problems of one document, in the order of reading."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, at: str, problem: str, hint: str = "", code: str = "shape") -> None:
        self.problems.append(Problem(at, problem, hint, code=code))

    def mapping(
        self, value: Any, at: str, allowed: Iterable[str] | None, required: Iterable[str] = ()
    ) -> Mapping[str, Any]:
        """`value` if it is a mapping (else an empty one); its unknown and missing keys are noted."""
        if not isinstance(value, Mapping):
            self.note(at, "mapping-needed", {"kind": kind_of(value)})
            return {}
        known = None if allowed is None else list(allowed)
        strangers = [key for key in value if not isinstance(key, str) or (known is not None and key not in known)]
        for key in strangers[:MAX_STRANGERS]:
            if not isinstance(key, str):
                self.note(join(at, show(key)), "key-not-a-word", {"kind": kind_of(key)})
            elif known is not None:
                hint = nearest(key, known) or "known: " + ", ".join(known)
                self.note(join(at, key[:100]), f"unknown key {show(key)}", hint, "unknown-key")
        if len(strangers) > MAX_STRANGERS:
            self.note(at, "further-unknown-keys", {"count": len(strangers) - MAX_STRANGERS})
        for key in required:
            if key not in value:
                self.note(at, "key-missing", {"name": key})
        return value

    def choice(self, value: Any, at: str, among: Iterable[str]) -> str | None:
        among = list(among)
        if isinstance(value, str) and value in among:
            return value
        self.note(at, f"{show(value)} is not possible here", nearest(value, among) or "one of " + ", ".join(among))
        return None

    def words(self, value: Any, at: str, what: str = "a text") -> str:
        """A non-empty text of at most 10,000 characters, without NUL; '' when it is none."""
        if not isinstance(value, str) or not value.strip():
            self.note(at, "words-needed", {"what": what, "value": show(value)})
        elif len(value) > MAX_TEXT:
            self.note(at, "text-over-limit", {"limit": MAX_TEXT})
        elif "\0" in value:
            self.note(at, "holds-nul-character")
        elif _UNSEEN.search(value):
            self.note(at, "holds-control-character")
        else:
            return value
        return ""

    def text(self, value: Any, at: str) -> Text:
        """A wording per locale. A bare text is taken as Chinese when it holds a Chinese character, else as English."""
        if isinstance(value, Mapping):
            found = {}
            for locale, wording in value.items():
                if isinstance(locale, str) and LOCALE.fullmatch(locale):
                    found[locale] = self.words(wording, join(at, locale))
                else:
                    self.note(join(at, str(locale)), "not-a-language", {"value": show(locale)})
            return found
        wording = self.words(value, at)
        return {"zh" if _HAN.search(wording) else "en": wording} if wording else {}

    def literal(self, value: Any, at: str) -> Any:
        """A text, a number or true/false, as it may be compared with a fact; None when it is none."""
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.words(value, at) if value else ""
        if isinstance(value, int | float):
            if math.isfinite(value) and abs(value) <= MAX_NUMBER:
                return value
            self.note(at, "number-too-large", {"value": _number(value)})
        else:
            hint = "use `exists: false` to ask for absence" if value is None else ""
            self.note(at, f"a text, a number or true/false is needed here, not {kind_of(value)}", hint)
        return None

    def items(self, value: Any, at: str, what: str) -> list[Any]:
        if isinstance(value, list | tuple):
            return list(value)
        self.note(at, "list-needed", {"what": what, "kind": kind_of(value)})
        return []


def _number(value: float) -> str:
    """A number for a message; one of thousands of digits by its length alone."""
    return f"{value:g}" if isinstance(value, float) or abs(value) < 10**30 else "a number of that many digits"


def kind_of(value: Any) -> str:
    """The kind of a value in a person's words."""
    if value is None:
        return "nothing"
    names = {
        bool: "true/false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        tuple: "a list",
        dict: "a mapping",
    }
    return names.get(type(value), type(value).__name__)


def show(value: Any) -> str:
    """The value itself, shortened, for a message."""
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"
