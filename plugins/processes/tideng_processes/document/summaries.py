"""A case in a few words, by the `summary` of its process: for lists, choices and links.

A summary is a template with fields in braces. ``{amount}`` is the field's value in words, ``{from..until}`` the days from one date
to another, ``{itinerary.city}`` the distinct values of a column, and ``{customers#}`` the number of items. A part in square
brackets is left out where one of its fields is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_interval

from tideng.plugin import Text, comma, phrase, spoken, wording
from tideng_processes.document.model import Definition, FieldSpec
from tideng_processes.document.sentences import said, text

LONGEST = 40
"""The most characters of one field."""
MOST_NAMED = 3
_PART = re.compile(r"\{(?P<field>\w+)(?:\.(?P<column>\w+))?(?:\.\.(?P<until>\w+))?(?P<count>#)?\}")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class SummaryField:
    """A field of a summary: its value, the values of a `column`, or the `count` of its items."""

    field: str
    column: str = ""
    count: bool = False


def summary_fields(summary: Text) -> list[SummaryField]:
    """The fields that a summary names in any language, each once."""
    found = (one for words in summary.values() for match in _PART.finditer(words) for one in _named(match))
    return list(dict.fromkeys(found))


def _named(match: re.Match[str]) -> Iterator[SummaryField]:
    yield SummaryField(match["field"], match["column"] or "", bool(match["count"]))
    if match["until"]:
        yield SummaryField(match["until"])


def told(definition: Definition, data: Mapping[str, Any], today: date | None = None) -> Text:
    """A case in a few words by its data; {} where that gives none. The year of `today` is left out."""
    found = text(lambda locale: _told(definition, data, locale, today))
    return found if any(found.values()) else {}


def _told(definition: Definition, data: Mapping[str, Any], locale: str, today: date | None) -> str:
    def words(match: re.Match[str]) -> str:
        return _words(definition, data, match, locale, today)

    def bracket(match: re.Match[str]) -> str:
        inner = match[1]
        return _PART.sub(words, inner) if all(words(one) for one in _PART.finditer(inner)) else ""

    template = said(definition.summary, locale)
    return _PART.sub(words, _BRACKETS.sub(bracket, template)).strip()


def _words(
    definition: Definition, data: Mapping[str, Any], match: re.Match[str], locale: str, today: date | None
) -> str:
    spec, value = definition.fields.get(match["field"]), data.get(match["field"])
    if spec is None or value in (None, "", []):
        return ""
    if match["until"]:
        return days_words(value, data.get(match["until"]), locale, today)
    if match["column"]:
        rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
        value = list(dict.fromkeys(str(row[match["column"]]) for row in rows if row.get(match["column"])))
    if match["count"]:
        return str(len(value)) if isinstance(value, list) and value else ""
    return _short(value_words(spec, value, data, locale) if not isinstance(value, list) else _listed(value, locale))


def _listed(values: list[Any], locale: str) -> str:
    named = [str(one) for one in values if not isinstance(one, Mapping)]
    return (comma(locale)).join(named[:MOST_NAMED]) + ("…" if len(named) > MOST_NAMED else "")


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


def days_words(first: Any, last: Any, locale: str, today: date | None = None) -> str:
    """A span of days: 6月9日至12日, 9–12 Jun. Values that are no dates are shown as they are."""
    try:
        start, end = date.fromisoformat(str(first)), date.fromisoformat(str(last or first))
    except ValueError:
        return " – ".join(str(one) for one in (first, last) if one)
    usual = today is None or start.year == end.year == today.year
    return str(format_interval(start, end, "MMMd" if usual else "yMMMd", locale=wording(phrase("en_GB"), locale)))


def value_words(field: FieldSpec, value: Any, data: Mapping[str, Any], locale: str) -> str:
    """The value of a field in words: the title of a choice, money with the currency of the form."""
    if field.type == "choice" and value in field.choices:
        return said(field.choices[value], locale)
    if field.type == "money" and isinstance(value, int | float):
        return f"{value:,.2f} {data.get(field.currency) or ''}".rstrip()
    return spoken(value, locale)
