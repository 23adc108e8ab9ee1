"""Message templates: ``{dotted.fact}`` placeholders, filled from facts in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tideng.base.text import DEFAULT, choose, comma, phrase, wording

__all__ = ["NO_DATA", "PLACEHOLDER", "choose", "placeholders", "render", "spoken"]


PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
NO_DATA = phrase("no data")


def render(template: str, facts: Mapping[str, Any], locale: str) -> str:
    """Fill the placeholders; a missing fact reads as "no data". Nothing in a fact is ever read as a template."""
    missing = wording(NO_DATA, locale)
    return PLACEHOLDER.sub(lambda found: spoken(facts.get(found.group(1)), locale, missing), template)


def spoken(value: Any, locale: str = DEFAULT, missing: str = "—") -> str:
    """A value as people write it: whole numbers plain, dates short, lists with the language's comma."""
    if value is None:
        return missing
    if isinstance(value, bool):
        return wording(phrase("yes") if value else phrase("no"), locale)
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
