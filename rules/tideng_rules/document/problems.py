"""Read a document without stopping at the first mistake: every problem is collected with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tideng.base.errors import Problem
from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest_or_known, nearest_or_one_of
from tideng.model.catalogue import Text

MAX_TEXT = 10_000
MAX_NUMBER = 2**53
LOCALE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,8})*")
MAX_STRANGERS = 50
"""Unknown keys of one mapping that are named; who sends thousands of them gains nothing from the rest."""
_UNSEEN = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_HAN = re.compile(r"[\u3400-\u9fff]")


def join(at: str, key: str | int) -> str:
    """The place of a key or an item within the place `at`."""
    if isinstance(key, int):
        return f"{at}[{key}]"
    return f"{at}.{key}" if at else key


class Collector:
    """The problems of one document, in the order of reading."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, at: str, code: str, params: Mapping[str, Any] | None = None) -> None:
        self.problems.append(Problem(at, code, params or {}))

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
                params = {"name": shown(key), "way_out": nearest_or_known(key, known)}
                self.note(join(at, key[:100]), "unknown-key", params)
        if len(strangers) > MAX_STRANGERS:
            self.note(at, "further-unknown-keys", {"count": len(strangers) - MAX_STRANGERS})
        for key in required:
            if key not in value:
                self.note(at, "missing-key", {"name": key})
        return value

    def choice(self, value: Any, at: str, among: Iterable[str]) -> str | None:
        among = list(among)
        if isinstance(value, str) and value in among:
            return value
        self.note(at, "not-possible-here", {"value": shown(value), "way_out": nearest_or_one_of(value, among)})
        return None

    def words(self, value: Any, at: str, what: str = "text") -> str:
        """A non-empty text of at most 10,000 characters, without NUL; '' when it is none. `what` is a kind of value."""
        if not isinstance(value, str) or not value.strip():
            self.note(at, "words-needed", {"what": what, "value": shown(value)})
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
                    self.note(join(at, str(locale)), "not-a-language", {"value": shown(locale)})
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
            way_out = Sentence("ask-for-absence") if value is None else None
            self.note(at, "literal-needed", {"kind": kind_of(value), "way_out": way_out})
        return None

    def items(self, value: Any, at: str, what: str) -> list[Any]:
        if isinstance(value, list | tuple):
            return list(value)
        self.note(at, "list-needed", {"what": what, "kind": kind_of(value)})
        return []


def _number(value: float) -> str | Sentence:
    """A number for a message; one of thousands of digits by its length alone."""
    return f"{value:g}" if isinstance(value, float) or abs(value) < 10**30 else Sentence("number-of-many-digits")


def kind_of(value: Any) -> str:
    """The kind of a value, by its name in the catalogues of problems."""
    if value is None:
        return "nothing"
    names = {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "text",
        list: "list",
        tuple: "list",
        dict: "mapping",
    }
    return names.get(type(value), type(value).__name__)


def show(value: Any) -> str:
    """The value as Python writes it, shortened."""
    written = repr(value)
    return written if len(written) <= 60 else written[:57] + "…"


def shown(value: Any) -> Any:
    """The value itself, shortened, as a parameter of a problem."""
    if isinstance(value, str):
        return value if len(value) <= 58 else value[:56] + "…"
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**30):
        return value
    return Sentence("verbatim", {"words": show(value)})
