"""One way to say a thing in a language: a `Text` holds a wording per language, and a `Phrase` is a text of ours.

English is written in the code, where it is used: ``phrase("{n} rules", n=3)``; every other language comes from the
catalogues (`tideng.base.catalogues`). Clients' own texts are mappings from YAML; where they lack the reader's language,
`choose` looks their English wording up in the same catalogues. docs/adr/0027-one-way-to-say-a-thing.md says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tideng.base.catalogues import DEFAULT, SOURCE, chain, language_of, languages, lookup

Text = Mapping[str, str]
"""A text in several languages: locale → wording."""

_SLOT = re.compile(r"\{([a-z_]\w*)\}")


class Phrase(Mapping[str, str]):
    """A text of ours with its values; it is worded when somebody asks for a language, with the catalogues of that moment.

    A value is put into words by its type: a text in the same language, a list joined as the language joins it, a number and
    everything else as `str` gives it.
    """

    __slots__ = ("context", "many", "message", "slots")

    def __init__(self, message: str, many: str = "", context: str = "", values: Mapping[str, Any] | None = None):
        self.message, self.many, self.context = message, many, context
        self.slots: Mapping[str, Any] = values or {}

    def __getitem__(self, locale: str) -> str:
        if not isinstance(locale, str):
            raise KeyError(locale)
        template = self._template(locale)
        if template is None:
            raise KeyError(locale)
        return fill(template, self.slots, locale) if self.slots else template

    def _template(self, locale: str) -> str | None:
        number = self.slots.get("n") if self.many else None
        number = None if number is None else int(number)
        found = lookup(locale, self.message, context=self.context, many=self.many, number=number)
        if found is None and locale == SOURCE:
            return self.many if number is not None and number != 1 else self.message
        return found

    def __iter__(self) -> Iterator[str]:
        return (one for one in languages() if self._template(one) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __str__(self) -> str:
        return self[SOURCE]

    def __repr__(self) -> str:
        return f"Phrase({self.message!r}, {dict(self.slots)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Phrase, (self.message, self.many, self.context, dict(self.slots))


def phrase(message: str, many: str = "", /, *, context: str = "", **values: Any) -> Text:
    """`message` in English with slots ``{name}`` for the `values`; `many` is its plural, chosen by the value ``n``.

    `context` tells two uses of the same English words apart.
    """
    return Phrase(message, many, context, values)


class Each(Mapping[str, str]):
    """A text that a function makes for each language; for what no template can say."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[str], str]):
        self.make = make

    def __getitem__(self, locale: str) -> str:
        if not isinstance(locale, str) or not language_of(locale):
            raise KeyError(locale)
        return self.make(locale)

    def __iter__(self) -> Iterator[str]:
        return iter(languages())

    def __len__(self) -> int:
        return len(languages())


def joined(texts: Iterable[Text | str], between: Text | str = "") -> Text:
    """The texts one after the other, with `between` in the gaps."""
    kept = tuple(texts)
    return plain(Each(lambda locale: wording(between, locale).join(wording(one, locale) for one in kept)))


def same(text: str) -> Text:
    """One wording for every language: a name, a number, what somebody wrote."""
    return dict.fromkeys(languages(), text)


def plain(text: Text) -> dict[str, str]:
    """The text as a dictionary with the languages that are installed, for JSON and the database."""
    return dict(text.items())


def wording(text: Text | str, locale: str) -> str:
    """The text in the language of `locale`; a bare string is the same in every language."""
    return text if isinstance(text, str) else choose(text, locale)[0]


def choose(text: Text, locale: str, fallback: str = DEFAULT) -> tuple[str, str]:
    """The wording for `locale` and the locale it is in: ``zh_TW``, else ``zh``, else the catalogue's wording of the English
    text, else `fallback`, else English, else any. A text of ours falls back to English."""
    own = chain(locale)
    for wanted in own:
        if wanted in text:
            return text[wanted], wanted
    if isinstance(text, Phrase):
        return text[SOURCE], SOURCE
    if english := text.get(SOURCE):
        for wanted in own:
            if (found := lookup(wanted, english)) is not None:
                return found, wanted
    for wanted in (fallback, SOURCE, *text):
        if wanted in text:
            return text[wanted], wanted
    return "", locale


def fill(template: str, values: Mapping[str, Any], locale: str) -> str:
    """Fill the slots of a template; nothing in a value is read as a template."""
    return _SLOT.sub(lambda slot: _value(values[slot[1]], locale) if slot[1] in values else slot[0], template)


def _value(value: Any, locale: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return choose(value, locale)[0]
    if isinstance(value, list | tuple):
        return comma(locale).join(_value(one, locale) for one in value)
    return str(value)


def comma(locale: str) -> str:
    """What stands between the items of a list."""
    return wording(phrase(", ", context="list"), locale)


def colon(locale: str) -> str:
    """What stands between a name and what is said of it."""
    return wording(phrase(": ", context="punctuation"), locale)


def semicolon(locale: str) -> str:
    """What stands between two parts of a sentence."""
    return wording(phrase("; ", context="punctuation"), locale)


def pause(locale: str) -> str:
    """The comma within a sentence."""
    return wording(phrase(", ", context="punctuation"), locale)


def space(locale: str) -> str:
    """What stands between two sentences or words that are put side by side."""
    return wording(phrase("{first} {second}", context="two sentences", first="", second=""), locale)
