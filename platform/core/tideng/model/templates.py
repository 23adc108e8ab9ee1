"""Message templates: ``{dotted.fact}`` placeholders, filled from facts in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tideng.base.text import comma, phrase
from tideng.model.catalogue import Text


class Worded(str):
    """A line of `plan` or `apply` in English that carries its Chinese wording for pages that show it."""

    zh: str

    def __new__(cls, en: str, zh: str) -> Worded:
        line = super().__new__(cls, en)
        line.zh = zh
        return line

    def __reduce__(self) -> tuple[type[Worded], tuple[str, str]]:
        return Worded, (str(self), self.zh)


PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
NO_DATA = phrase("no data")


def choose(text: Text, locale: str, fallback: str = "zh") -> tuple[str, str]:
    """The wording for `locale` (``zh_TW`` falls back to ``zh``), else for `fallback`, else any; and the locale it is in."""
    for wanted in (locale, locale.split("_")[0].split("-")[0], fallback, "en", *text):
        if wanted in text:
            return text[wanted], wanted
    return "", locale


def render(template: str, facts: Mapping[str, Any], locale: str) -> str:
    """Fill the placeholders; a missing fact reads as "no data". Nothing in a fact is ever read as a template."""
    missing = NO_DATA.get(locale.split("_")[0], NO_DATA["en"])
    return PLACEHOLDER.sub(lambda found: spoken(facts.get(found.group(1)), locale, missing), template)


def spoken(value: Any, locale: str = "zh", missing: str = "—") -> str:
    """A value as people write it: whole numbers plain, dates short, lists with the language's comma."""
    if value is None:
        return missing
    if isinstance(value, bool):
        return {"zh": ("否", "是")}.get(locale.split("_")[0], ("no", "yes"))[value]
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return (comma(locale)).join(spoken(item, locale) for item in value)
    return str(value)


def placeholders(template: str) -> set[str]:
    """The facts that a template names."""
    return set(PLACEHOLDER.findall(template))
