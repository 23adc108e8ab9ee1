"""What a `Problem` says, in the reader's language.

Problems are made, logged and stored in English; whoever shows one to a person puts it into words here. A sentence is
recognised by its English template, exactly, so that a dead letter from last year can be said in Chinese as well. A sentence
that nobody has put into words stays English. The words stand here, not with the plugins, because they are needed where
no plugin is loaded: settings that cannot be read, a bundle before it is applied, a letter on a page.

A slot such as ``{name}`` takes any text. ``{name:kind}`` takes a kind of value, which is said in Chinese too;
``{name:n}`` a number; ``{name:word}`` no spaces; ``{name:name}`` what is quoted in any case; ``{name:names}`` a list, joined as Chinese joins it; ``{name:said}`` another sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any

from tideng.base.problems import Problem, Said, restored, say, say_place
from tideng.problem_words import (
    bundles,
    checks,
    deployments,
    events,
    kinds,
    organisation,
    papers,
    processes,
    reports,
    rules,
)

_SLOT = re.compile(r"\{([a-z_]\w*)(?::([a-z]+))?\}")
_SHAPES = {
    "": r".+?",
    "name": r".+?",
    "word": r"\S+",
    "n": r"[-+]?\d[\d.,e+-]*",
    "kind": "|".join(map(re.escape, sorted(kinds.CHINESE, key=len, reverse=True))),
    "names": r".+",
    "said": r".+",
}


def problem_in_words(problem: Problem, locale: str) -> Said:
    """The same problem with its place, its sentence and its hint in the language of `locale` (``zh``, ``zh_Hans``)."""
    said = say(problem, locale)
    told, hint = in_words(said.problem, locale), in_words(said.hint, locale)
    way_out = (f"（{hint}）" if _is_chinese(locale) else f" ({hint})") if hint else ""
    lead = (f"{said.at}：" if _is_chinese(locale) else f"{said.at}: ") if said.at else ""
    return replace(said, problem=told, hint=hint, line=f"{lead}{told}{way_out}")


def stored_in_words(stored: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """As `problem_in_words`, for a problem as dead letters and JSON hold it: ``at``, ``problem`` and ``hint``."""
    if not stored:
        return {}
    said = problem_in_words(restored(stored), locale)
    return {**stored, "at": said.at, "problem": said.problem, "hint": said.hint}


def line_in_words(problem: Problem, locale: str) -> str:
    """Place, sentence and hint on one line, as ``str(problem)`` has them in English."""
    return problem_in_words(problem, locale).line


def in_words(text: str, locale: str) -> str:
    """One English sentence in the language of `locale`; the sentence itself where there are no words for it."""
    return (_chinese(text) or text) if _is_chinese(locale) else text


def place_in_words(at: str, locale: str) -> str:
    return say_place(at, locale)


def _is_chinese(locale: str) -> bool:
    return re.split(r"[-_]", locale)[0] == "zh"


@dataclass(frozen=True, slots=True)
class _Sentence:
    shape: re.Pattern[str]
    chinese: str
    slots: Mapping[str, str]

    def say(self, text: str) -> str | None:
        found = self.shape.fullmatch(text)
        if found is None:
            return None
        values = {name: _SAID[kind](found[name]) for name, kind in self.slots.items()}
        return _SLOT.sub(lambda slot: values[slot[1]], self.chinese)


def _chinese(text: str) -> str | None:
    whole, sentences = _phrasebook()
    if text in whole:
        return whole[text]
    return next(filter(None, (sentence.say(text) for sentence in sentences)), None)


@cache
def _phrasebook() -> tuple[Mapping[str, str], tuple[_Sentence, ...]]:
    """The sentences without slots, and those with slots, the most particular first; made when first needed."""
    tables = (events, checks, rules, bundles, deployments, organisation, papers, processes, reports)
    pairs = list(chain.from_iterable(table.CHINESE.items() for table in tables))
    whole = {english: chinese for english, chinese in pairs if not _SLOT.search(english)}
    slotted = [(english, chinese) for english, chinese in pairs if english not in whole]
    slotted.sort(key=lambda pair: len(_SLOT.sub("", pair[0])), reverse=True)
    return whole, tuple(_sentence(english, chinese) for english, chinese in slotted)


def _sentence(english: str, chinese: str) -> _Sentence:
    shape, end = "", 0
    for slot in _SLOT.finditer(english):
        shape += re.escape(english[end : slot.start()]) + f"(?P<{slot[1]}>{_SHAPES[slot[2] or '']})"
        end = slot.end()
    slots = {slot[1]: slot[2] or "" for slot in _SLOT.finditer(english)}
    return _Sentence(re.compile(shape + re.escape(english[end:]), re.DOTALL), chinese, slots)


def _quoted(value: str) -> str:
    """Python's quotes around a value become those of a Chinese text."""
    bare = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return f"“{value[1:-1]}”" if bare else value


_SAID: Mapping[str, Callable[[str], str]] = {
    "": _quoted,
    "name": lambda value: f"“{value}”" if _quoted(value) == value else _quoted(value),
    "word": _quoted,
    "n": str,
    "kind": lambda value: kinds.CHINESE.get(value, value),
    "names": lambda value: "、".join(map(_quoted, value.split(", "))),
    "said": lambda value: _chinese(value) or value,
}
