"""The sentence of a rule in pieces, each with the place of the document it speaks of: an editor highlights it and jumps there."""

from __future__ import annotations

import re
from typing import NamedTuple

from tideng.model.catalogue import Catalogue
from tideng_rules.document.model import Rule
from tideng_rules.wording.sentences import Speaker

_BEGIN, _MIDDLE, _END = "\x01", "\x02", "\x03"
"""No document can hold these signs, so that they cannot be mistaken for what it says."""
_MARK = re.compile(f"{_BEGIN}([^{_MIDDLE}]*){_MIDDLE}|({_END})")
_EDGE = re.compile(r"^([\s，,；;]*)(.*?)([\s，,；;]*)$", re.DOTALL)


class Part(NamedTuple):
    """One piece; `place` such as ``if.all[1]``, '' for the words between."""

    text: str
    place: str = ""


def sentence_parts(rule: Rule, locale: str, catalogue: Catalogue) -> tuple[Part, ...]:
    """The pieces of `sentences.sentence`; joined they are that sentence, character for character."""
    return tuple(_parts(_Marking(locale, catalogue, rule.trigger).rule(rule)))


class _Marking(Speaker):
    """Says the same, with marks around what speaks of a place."""

    def piece(self, text: str, place: str) -> str:
        return f"{_BEGIN}{place}{_MIDDLE}{text}{_END}" if place else text


def _parts(marked: str) -> list[Part]:
    parts: list[Part] = []
    within: list[str] = []
    end = 0
    for mark in _MARK.finditer(marked):
        _add(parts, marked[end : mark.start()], within[-1] if within else "")
        end = mark.end()
        if mark[2]:
            within.pop()
        else:
            within.append(mark[1])
    _add(parts, marked[end:], "")
    return parts


def _add(parts: list[Part], text: str, place: str) -> None:
    """A comma at the edge of a piece belongs to the words between."""
    before, inner, after = _EDGE.match(text).groups() if place else ("", "", text)  # type: ignore[union-attr]
    for piece in (Part(before), Part(inner, place), Part(after)):
        if not piece.text:
            continue
        if parts and not parts[-1].place and not piece.place:
            parts[-1] = Part(parts[-1].text + piece.text)
        else:
            parts.append(piece)
