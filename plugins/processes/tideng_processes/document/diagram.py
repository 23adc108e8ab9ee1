"""A process as a flowchart: the text that mermaid draws, and the same in sentences for readers who cannot see it.

The same definition always gives the same text. Titles are written by people, so they are escaped: mermaid reads no mark in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tideng.plugin import Directory, Text, comma, pause, phrase, wording
from tideng_processes.document.model import (
    Definition,
    End,
    Node,
    Outcome,
    Route,
)
from tideng_processes.document.sentences import (
    condition_words,
    deadline_words,
    owner_words,
    plain,
    said,
)

KEPT = " ，。、；：（）“”·"
"""Marks without a meaning for mermaid; every other mark is written by its number."""
_STARTERS: Mapping[str, Text] = {
    "anyone": phrase("Anyone"),
    "supervisor": phrase("A supervisor"),
    "hr": phrase("HR"),
}
_EVENT: Text = phrase("An event from another system")
_BY_ITSELF: Text = phrase("at the deadline")


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a step: `words` is the outcome with its condition, `to` the id of the step or end, `place` its title.
    `back`: it sends back, or ends without success."""

    words: str
    to: str
    place: str
    back: bool


def mermaid(definition: Definition, locale: str, directory: Directory, here: str = "", first: str = "") -> str:
    """The flowchart of a process in the language of `locale`. `here`: the step where a case stands or the end that it
    came to, `first`: the step to look at first; each gets a class of that name, which the style sheet paints."""
    lines = ["flowchart TD", f'  begin(["{escaped(begun_by(definition, locale))}"]):::begin']
    lines += [_node(one, definition, locale, directory) for one in definition.nodes.values()]
    lines += [_end(one, locale) for one in definition.ends.values()]
    lines.append(f"  begin --> n_{definition.first.id}")
    for node in definition.nodes.values():
        lines += _edges(node, definition, locale)
    known = {*definition.nodes, *definition.ends}
    lines += [f"  class {_id(id, definition)} {look}" for id, look in ((here, "here"), (first, "first")) if id in known]
    return "\n".join(lines) + "\n"


def ways(node: Node, definition: Definition, locale: str) -> list[Way]:
    """The ways out of a step, in the order of the document."""
    return [
        Way(
            _way_words(node, outcome, route, definition, locale),
            route.to,
            place(route.to, definition, locale),
            not outcome.good,
        )
        for outcome in node.outcomes
        for route in outcome.routes
    ]


def place(id: str, definition: Definition, locale: str) -> str:
    """The title of a step or an end."""
    known = definition.nodes.get(id) or definition.ends.get(id)
    return said(known.title, locale, id) if known else id


def begun_by(definition: Definition, locale: str) -> str:
    """Who or what begins a case: 任何人, or 其他系统的事件."""
    found = [_starter(one, locale) for one in definition.start.by]
    found += [said(_EVENT, locale)] if definition.start.event else []
    return comma(locale).join(found)


def escaped(text: str) -> str:
    """A text inside mermaid's quotes: letters, digits and harmless marks as they are, everything else by its number."""
    return "".join(one if one.isalnum() or one in KEPT else f"#{ord(one)};" for one in " ".join(text.split()))


def _starter(by: str, locale: str) -> str:
    kind, _, name = by.partition(":")
    return said(_STARTERS.get(by, {}), locale, plain(name or kind))


def _node(node: Node, definition: Definition, locale: str, directory: Directory) -> str:
    """A step: a rectangle, with a double frame where it has several owners, a hexagon where it ends by itself."""
    deadline = said(deadline_words(node.deadline, definition.fields), locale)
    lines = [said(node.title, locale, node.id), said(owner_words(node, directory, definition.fields), locale), deadline]
    label = "<br/>".join(escaped(one) for one in lines if one)
    opens, closes = ("{{", "}}") if node.at_due else ("[[", "]]") if node.joint else ("[", "]")
    return f'  n_{node.id}{opens}"{label}"{closes}'


def _end(end: End, locale: str) -> str:
    """An end. Its id has a letter before it, because ``end`` is a keyword of mermaid."""
    look = "good" if end.good else "other"
    return f'  e_{end.id}(["{escaped(said(end.title, locale, end.id))}"]):::{look}'


def _edges(node: Node, definition: Definition, locale: str) -> Iterator[str]:
    """One arrow for all ways to the same place, dashed where it leads back or to an end without success."""
    found: dict[tuple[str, bool], list[str]] = {}
    for way in ways(node, definition, locale):
        found.setdefault((way.to, way.back), []).append(way.words)
    for (to, back), words in found.items():
        label = "<br/>".join(map(escaped, words))
        yield f'  n_{node.id} {"-.->" if back else "-->"}|"{label}"| {_id(to, definition)}'


def _id(place: str, definition: Definition) -> str:
    return f"n_{place}" if place in definition.nodes else f"e_{place}"


def _way_words(node: Node, outcome: Outcome, route: Route, definition: Definition, locale: str) -> str:
    words = said(outcome.title, locale, outcome.id)
    more = [said(_BY_ITSELF, locale)] if node.at_due == outcome.id else []
    more += [said(condition_words(route.when, definition.fields), locale)] if route.when else []
    if not more:
        return words
    return wording(phrase("{way} ({conditions})", way=words, conditions=pause(locale).join(more)), locale)
