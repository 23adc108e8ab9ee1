"""How languages write: names, direction, lists and dates, from CLDR (Babel)."""

from __future__ import annotations

from datetime import date, datetime

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton

from tideng.base.catalogues import SOURCE, chain

BRITISH = Locale("en", "GB")
"""How the English of the texts writes its dates: the day first."""


def is_right_to_left(locale: str) -> bool:
    """Whether the language is written from right to left."""
    return cldr(locale).text_direction == "rtl"


def own_name(locale: str) -> str:
    """The language's name in itself: 中文, English."""
    return cldr(locale).get_display_name() or locale


def name_of(locale: str, reader: str) -> str:
    """The language's name in the reader's."""
    return cldr(locale).get_display_name(cldr(reader)) or locale


def tag(locale: str) -> str:
    """The locale as HTML writes it, with its script unless that is Latin, so that browsers choose the font: zh-Hans, en."""
    found = cldr(locale)
    script = found.script or (get_global("likely_subtags").get(found.language) or "_Latn_").split("_")[1]
    return "-".join(filter(None, (found.language, script if script != "Latn" else "", found.territory)))


def formatted(moment: date | datetime, skeleton: str, locale: str) -> str:
    """A day or a moment as the language writes it: ``long`` (1 October 2026), ``full`` (with its weekday), or by a CLDR
    skeleton such as ``MMMd``."""
    known = BRITISH if locale == SOURCE else cldr(locale)
    if skeleton in ("long", "full"):
        return format_date(moment, skeleton, locale=known)
    return format_skeleton(skeleton, moment, locale=known)


def cldr(locale: str) -> Locale:
    """What CLDR knows of a locale, or of the one that it falls back to."""
    for wanted in (*chain(locale), SOURCE):
        try:
            return Locale.parse(wanted)
        except (UnknownLocaleError, ValueError):
            continue
    raise UnknownLocaleError(locale)
