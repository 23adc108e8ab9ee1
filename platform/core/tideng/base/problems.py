"""A problem is a code with parameters; its words in any language come from the catalogues (tideng.base.words).

Parameters are plain values, so that a problem can be stored and sent: texts, numbers, true/false, lists of them, a text
in several languages, and another message. How one is said depends on the type of its slot in the sentence:

====================  ================================================================================
``{name}``            as it is
``{name:quoted}``     a value that somebody wrote: a text in the quotes of the language, a number bare
``{name:number}``     a number as it is
``{name:count}``      a number with its thousands marked
``{name:kind}``       a kind of value or thing, by its name in the catalogue's ``kinds``
``{name:list}``       names, joined as the language joins them
``{name:quotes}``     names in quotes, joined
``{name:either}``     names, the last one joined by "or"
``{name:sentence}``   another phrase, said in the same language; nothing where it is None
``{name:hint}``       the way out of another message
``{name:text}``       a text in several languages
====================  ================================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from tideng.base.text import Each, Text
from tideng.base.words import ENGLISH, Language, Slot, Template, Wording, languages

OLD_FORM = "as-written"
"""The code of a problem that was stored before problems had codes: its parameters are its English sentences."""


class Params(dict[str, Any]):
    """The parameters of one message: a mapping that does not change and can be hashed."""

    def _frozen(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("the parameters of a problem do not change")

    __setitem__ = __delitem__ = update = setdefault = pop = popitem = clear = _frozen

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return Params, (dict(self),)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as its code and parameters, e.g. ``Sentence("did-you-mean", {"name": "visits"})``."""

    code: str
    params: Mapping[str, Any] = field(default_factory=Params)

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", _params(self.params))

    def __str__(self) -> str:
        return say_sentence(self, ENGLISH)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at one place.

    `at` is a path such as ``if[0].fact`` or ``line 12, data.needs``; `code` names the kind of problem, and `params` fill
    its sentences. A ``warning`` never blocks. `problem` and `hint` are its English sentence and way out.
    """

    at: str
    code: str
    params: Mapping[str, Any] = field(default_factory=Params)
    severity: str = "error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", _params(self.params))

    @property
    def message(self) -> Sentence:
        """The same without its place."""
        return Sentence(self.code, self.params)

    @property
    def problem(self) -> str:
        return say(self, ENGLISH).problem

    @property
    def hint(self) -> str:
        return say(self, ENGLISH).hint

    def moved(self, at: str) -> Problem:
        """The same problem at another place."""
        return replace(self, at=at)

    def __str__(self) -> str:
        return say(self, ENGLISH).line


@dataclass(frozen=True, slots=True)
class ProblemText:
    """A problem in one language: its place, its sentence, the way out ('' where there is none), and all on one `line`."""

    at: str
    problem: str
    hint: str
    line: str
    code: str = ""
    severity: str = "error"


def say(problem: Problem, locale: str) -> ProblemText:
    """The problem in the language of `locale` (``zh``, ``zh_Hans``); in English where that language lacks its code."""
    language, entry = _found(problem.code, problem.params, languages(locale))
    sentence, hint = (_filled(template, problem.params, language) for template in (entry.says, entry.hint))
    at = say_place(problem.at, locale)
    marks = _marks(languages(locale))
    lead = marks["at"].replace("{at}", at) if at else ""
    way_out = marks["hint"].replace("{hint}", hint) if hint else ""
    return ProblemText(at, sentence, hint, f"{lead}{sentence}{way_out}", problem.code, problem.severity)


def say_sentence(message: Sentence, locale: str) -> str:
    """The sentence of a message in the language of `locale`."""
    language, entry = _found(message.code, message.params, languages(locale))
    return _filled(entry.says, message.params, language)


def say_place(at: str, locale: str) -> str:
    """A place in the language of `locale`: ``line 3, data.customer`` → ``第 3 行，data.customer``.

    A place is a path, with `line N`, `document N`, `pack NAME` and `standard input` as its only words, joined by ", "
    and ": ".
    """
    words = next((one.places for one in languages(locale) if one.places), None)
    if not at or words is None or not words["joint"]:
        return at
    lead, line, rest = at.partition("line ")
    numbered = re.match(r"(\d+)(?=, |: |$)", rest) if line and (not lead or lead.endswith(" ")) else None
    if numbered:
        at = f"{lead}{words['line'].replace('{number}', numbered[1])}{rest[numbered.end() :]}"
    at = re.sub(r"\bdocument (\d+)(?=, |: |$)", lambda found: words["document"].replace("{number}", found[1]), at)
    at = re.sub(r"^pack ([\w-]+)(?=, |: |$)", lambda found: words["pack"].replace("{name}", found[1]), at)
    at = re.sub(r"^standard input(?=, |$)", words["standard-input"], at)
    return at.replace(", ", words["joint"]).replace(": ", words["lead"])


def in_each_language(sentence: Sentence) -> Text:
    """The sentence as a text that has a wording in every language, to stand within another text."""
    return Each(lambda locale: say_sentence(sentence, locale))


# -- stored problems -------------------------------------------------------------------------------------------------


def stored(problem: Problem) -> dict[str, Any]:
    """A problem as JSON holds it: ``at``, ``code``, ``params``, ``severity``, and in English ``problem`` and ``hint``."""
    said = say(problem, ENGLISH)
    return {
        "at": problem.at,
        "problem": said.problem,
        "hint": said.hint,
        "severity": problem.severity,
        "code": problem.code,
        "params": _plain(problem.params),
    }


def restored(row: Mapping[str, Any]) -> Problem:
    """The problem that `stored` made. Rows from before there were codes keep their English sentences."""
    at, severity = str(row.get("at") or ""), str(row.get("severity") or "error")
    if "params" not in row:
        says = {"says": row.get("problem") or "", "hint": row.get("hint") or ""}
        return Problem(at, OLD_FORM, says, severity)
    return Problem(at, str(row.get("code") or OLD_FORM), _lively(row["params"]), severity)


def sentence_as_text(message: Sentence) -> str:
    """A message as one JSON text, for a column of a table that holds text."""
    return json.dumps(_plain(message), ensure_ascii=False)


def sentence_of_text(text: str | None) -> Sentence | None:
    """The message that `sentence_as_text` made; a text from before there were codes is kept as it is."""
    if not text:
        return None
    if text.startswith('{"code": '):
        return _lively(json.loads(text))
    return Sentence(OLD_FORM, {"says": text})


def in_json(problem: Problem, locale: str) -> dict[str, Any]:
    """As `stored`, with the place, the sentence and the hint in the language of `locale`."""
    said = say(problem, locale)
    return {**stored(problem), "at": said.at, "problem": said.problem, "hint": said.hint}


def _plain(value: Any) -> Any:
    if isinstance(value, Sentence):
        return {"code": value.code, "params": _plain(value.params)}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _lively(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.keys() == {"code", "params"}:
            return Sentence(value["code"], _lively(value["params"]))
        return {key: _lively(one) for key, one in value.items()}
    return [_lively(one) for one in value] if isinstance(value, list) else value


# -- parameters and slots --------------------------------------------------------------------------------------------


def _params(given: Mapping[str, Any]) -> Params:
    return given if isinstance(given, Params) else Params({str(name): _param(value) for name, value in given.items()})


def _param(value: Any) -> Any:
    """A value that can be stored as JSON and does not change."""
    if isinstance(value, Problem):
        return value.message
    if value is None or isinstance(value, (str, int, float, bool, Sentence)):
        return value
    if isinstance(value, Mapping):
        return _params(value)
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return tuple(map(_param, value))
    return str(value)


def _found(code: str, params: Mapping[str, Any], tried: tuple[Language, ...]) -> tuple[Language, Wording]:
    """The words of a code in the first language that has them; code and parameters where none has: its package is gone."""
    for language in tried:
        if code in language.entries:
            return language, language.entries[code]
    slots = [part for name in params for part in (f", {name}: ", Slot(name, "sentence"))]
    return tried[0], Wording(Template((code, *slots)))


def _marks(tried: tuple[Language, ...]) -> Mapping[str, str]:
    return next(one.marks for one in tried if one.marks)


def _filled(template: Template, params: Mapping[str, Any], language: Language) -> str:
    return "".join(
        part if isinstance(part, str) else _SAID[part.type](params.get(part.name), language) for part in template.parts
    )


def _quoted(value: Any, language: Language) -> str:
    if isinstance(value, Sentence):
        return say_sentence(value, language.tag)
    if not isinstance(value, str):
        return repr(_plain(value))
    mark = language.marks.get("quote")
    return mark.replace("{}", repr(value)[1:-1]) if mark else repr(value)


def _verbatim(value: Any, language: Language) -> str:
    return "" if value is None else str(value)


def _names(value: Any, language: Language) -> list[str]:
    """The items of a list: names, texts in several languages, or messages."""
    items = [value] if isinstance(value, str) else value or ()
    return [_text(one, language) if isinstance(one, Mapping) else _sentence(one, language) for one in items]


def _either(value: Any, language: Language) -> str:
    *most, last = _names(value, language) or [""]
    return language.marks["or"].join([language.marks["list"].join(most), last]) if most else last


def _sentence(value: Any, language: Language) -> str:
    return say_sentence(value, language.tag) if isinstance(value, Sentence) else _verbatim(value, language)


def _hint(value: Any, language: Language) -> str:
    return say(Problem("", value.code, value.params), language.tag).hint if isinstance(value, Sentence) else ""


def _text(value: Any, language: Language) -> str:
    if not isinstance(value, Mapping):
        return _verbatim(value, language)
    tags = (*(one.tag for one in languages(language.tag)), *value)
    return next((value[tag] for tag in tags if value.get(tag)), "")


_SAID: Mapping[str, Callable[[Any, Language], str]] = {
    "": _verbatim,
    "quoted": _quoted,
    "number": _verbatim,
    "count": lambda value, language: f"{value:,}" if isinstance(value, int) else _verbatim(value, language),
    "kind": lambda value, language: language.kinds.get(value, _verbatim(value, language)),
    "list": lambda value, language: language.marks["list"].join(_names(value, language)),
    "quotes": lambda value, language: language.marks["list"].join(
        _quoted(one, language) for one in _names(value, language)
    ),
    "either": _either,
    "sentence": _sentence,
    "hint": _hint,
    "text": _text,
}
SLOT_TYPES = frozenset(_SAID)
