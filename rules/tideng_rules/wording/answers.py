"""How the answer to "why?" and "why not?" is said: one clause for each thing that was looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tideng.base.locales import formatted
from tideng.base.text import Each, Text, joined, languages, phrase, same, semicolon, wording
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import OnEvent, Trigger
from tideng.model.statuses import HELD_TITLES
from tideng.model.templates import choose, spoken
from tideng_rules.engine.verdict_tree import Node
from tideng_rules.wording.sentences import OPERATORS, Speaker

_MOST = 3
"""So many conditions are named in one sentence; the tree shows all."""
_WEEKDAYS = (
    phrase("Monday"),
    phrase("Tuesday"),
    phrase("Wednesday"),
    phrase("Thursday"),
    phrase("Friday"),
    phrase("Saturday"),
    phrase("Sunday"),
)
_GROUPS = {
    "all": phrase("All of these"),
    "any": phrase("Any of these"),
    "none": phrase("None of these", context="answers"),
}
_CAME = re.compile(r"(?P<type>\S+) came in time")
_NOTES = {
    "until holds": phrase("what it waited for had come (until)", context="why a step ended"),
    "it came in time": phrase("it came in time", context="why a step ended"),
    "all came in time": phrase("all came in time", context="why a step ended"),
    "withdrawn": phrase("withdrawn", context="why a step ended"),
    "the person has left": phrase("the person has left", context="why a step ended"),
    "the person is away": phrase("the person is away", context="why a step ended"),
    "the rule is paused or archived": phrase("the rule is paused or archived", context="why a step ended"),
    "the conditions do not hold": phrase("the conditions do not hold", context="why a step ended"),
    "held by its limit": phrase("held by its limit", context="why a step ended"),
    "heard of too late to speak": phrase("heard of too late to speak", context="why a step ended"),
    "part of an earlier window": phrase("part of an earlier window", context="why a step ended"),
    "the worker was down for too long": phrase("the worker was down for too long", context="why a step ended"),
    "the worker was down until after that day": phrase(
        "the worker was down until after that day", context="why a step ended"
    ),
    "the worker was down until the quiet hours": phrase(
        "the worker was down until the quiet hours", context="why a step ended"
    ),
    "before the replayed period": phrase("before the replayed period", context="why a step ended"),
    "a late report shows that it was done in time": phrase(
        "a late report shows that it was done in time", context="why a step ended"
    ),
    "budget": phrase("budget", context="why a step ended"),
}


CONDITIONS_HELD = phrase("The conditions held")
KNOWN_THEN = phrase("All of this was known then")
NOT_REACHED = phrase("Not come to")
NOTHING_ON_RECORD = phrase("all of it held, and nothing on record says why nothing was said")


def known_otherwise(clause: Text) -> Text:
    """That a condition did not hold with what was known at the time; `clause` names it."""
    return phrase("what was known then was different: {clause}; what came in later changed it", clause=clause)


def answer_sentence(title: Text, name: str, to_them: bool, spoke_at: Text | None, clause: Text | None) -> Text:
    """The answer to "why not?" in one sentence: ``没有提醒张伟，因为…。``

    `title`: the rule's. `name`: the subject's; `to_them`: the rule sends its message to the subject. `spoke_at`: the moment
    at which the rule spoke, None if it did not. `clause`: what stopped the rule or, if it spoke, what holds its message.
    """
    if spoke_at is not None:
        did = phrase("“{title}” spoke about {name}", title=title, name=name)
        if to_them:
            did = phrase("{name} was reminded", name=name)
        held = phrase("; {clause}", clause=clause) if clause else same("")
        return phrase("{did}: {spoke_at}{held}.", did=did, spoke_at=spoke_at, held=held)
    did_not = phrase("“{title}” said nothing about {name}", title=title, name=name)
    if to_them:
        did_not = phrase("{name} was not reminded", name=name)
    because = clause or NOTHING_ON_RECORD
    return phrase("{did_not}, because {because}.", did_not=did_not, because=because)


def when(moment: datetime, zone: ZoneInfo) -> Text:
    """A moment where the person lives: ``2026年10月1日 周四 19:00`` / ``Thursday 1 October 2026, 19:00``."""
    local = moment.astimezone(zone)
    clock = f"{local:%H:%M}" if not local.second else f"{local:%H:%M:%S}"
    return phrase("{weekday} {date}, {clock}", weekday=_WEEKDAYS[local.weekday()], date=_date(local), clock=clock)


def day_words(day: date) -> Text:
    """A day in a sentence: ``2026年10月1日`` / ``Thursday 1 October 2026``."""
    return phrase("{weekday} {date}", weekday=_WEEKDAYS[day.weekday()], date=_date(day))


def _date(day: date) -> Text:
    return Each(lambda language: formatted(day, "long", language))


class Teller:
    """Says nodes and notes by the titles of one catalogue; `trigger` is that of the rule, which names the event's fields."""

    def __init__(self, catalogue: Catalogue, trigger: Trigger | None = None):
        self._catalogue = catalogue
        self._speakers = {name: Speaker(name, catalogue, trigger or OnEvent("")) for name in languages()}

    def fact(self, name: str) -> Text:
        """The fact's title; where nobody gave it one, its name as words."""
        return {language: _words(speaker.fact(name), name) for language, speaker in self._speakers.items()}

    def event(self, name: str) -> Text:
        return {language: speaker.event(name) for language, speaker in self._speakers.items()}

    def trigger(self) -> Text:
        """When the rule asks, without the comma with which its sentence goes on."""
        return {language: speaker.trigger().rstrip("， ,") for language, speaker in self._speakers.items()}

    def events(self, names: Any) -> Text:
        return joined([self.event(name) for name in names], phrase("” or “"))

    # -- nodes -------------------------------------------------------------------------------------------------
    def node(self, node: Node) -> Text:
        """What a node asks for: ``本周拜访 不少于 0.8 × 目标 5 = 4``; of a group ``都要满足``."""
        if node.kind != "fact":
            return _GROUPS[node.kind]
        title = self.fact(node.fact)
        if node.op == "exists":
            return (
                phrase("There is data on {title}", title=title)
                if node.operand
                else phrase("There is no data on {title}", title=title)
            )
        if isinstance(node.operand, bool) and node.op in ("is", "is_not"):
            wanted = node.operand is (node.op == "is")
            return _first(title if wanted else phrase("not {title}", context="not a state", title=title))
        operand = Each(lambda language: self._operand(node, language))
        return _first(phrase("{fact} {operator} {operand}", fact=title, operator=OPERATORS[node.op], operand=operand))

    def value(self, node: Node) -> Text:
        """What was found: ``3``, ``是``, ``没有数据``; '' for a group."""
        if node.kind != "fact":
            return same("")
        return _spoken(node.value)

    def clause(self, node: Node, wanted: bool = True) -> Text:
        """A leaf that decided: ``“出差中”是否（需要：是）``; `wanted`: whether it was to hold."""
        title, needed = self.fact(node.fact), self._needed(node, wanted)
        if node.value is None:
            found = phrase("there was no data on {title}", title=title)
        elif isinstance(node.value, bool):
            found = phrase("“{title}” was {answer}", title=title, answer=_yes(node.value))
        else:
            found = was(title, _spoken(node.value))
        return phrase("{found} (needed: {needed})", found=found, needed=needed)

    def decided(self, node: Node) -> Text:
        """The leaves on which a `node` that does not hold hangs, in one clause."""
        found = [self.clause(leaf, wanted) for leaf, wanted in _deciding(node)]
        first, rest = joined(found[:_MOST], Each(semicolon)), len(found) - _MOST
        return phrase("{clauses}; and {n} more", clauses=first, n=rest) if rest > 0 else first

    def _needed(self, node: Node, wanted: bool) -> Text:
        if node.op == "exists":
            asked = bool(node.operand) is wanted
            return phrase("data") if asked else phrase("no data")
        if isinstance(node.operand, bool) and node.op in ("is", "is_not"):
            yes = node.operand is ((node.op == "is") is wanted)
            return _yes(yes)
        operand = Each(lambda language: self._operand(node, language))
        if node.op == "is":
            return operand if wanted else phrase("not {operand}", context="not a value", operand=operand)
        operator = Each(lambda language: wording(OPERATORS[node.op], language).removeprefix("is "))
        needed = phrase("{operator} {operand}", operator=operator, operand=operand)
        return needed if wanted else phrase("not {needed}", context="not compared so", needed=needed)

    def _operand(self, node: Node, language: str) -> str:
        missing = wording(phrase("no data"), language)
        resolved = spoken(node.operand, language, missing)
        if node.op == "between" and isinstance(node.operand, list | tuple) and len(node.operand) == 2:
            low, high = (spoken(one, language) for one in node.operand)
            return wording(phrase("{low} and {high}", low=low, high=high), language)
        if not node.other:
            return resolved
        named = f"{self.fact(node.other)[language]} {spoken(node.other_value, language, missing)}"
        if node.other_value is None:
            factor = "" if node.times == 1 else f"{spoken(node.times)} × "
            return f"{factor}{self.fact(node.other)[language]}" + (
                wording(phrase(" ({missing})", missing=missing), language)
            )
        if node.times == 1:
            return named
        return f"{spoken(node.times)} × {named} = {resolved}"

    # -- notes -------------------------------------------------------------------------------------------------
    def note(self, note: str | None) -> Text:
        """What the line wrote down for itself, in words."""
        note = (note or "").strip()
        came = _CAME.fullmatch(note)
        if came:
            title = self.event(came["type"])
            return phrase("“{title}” came in time", title=title)
        if note in HELD_TITLES:
            return HELD_TITLES[note]
        return _NOTES.get(note) or same(note)


def _deciding(node: Node, wanted: bool = True) -> list[tuple[Node, bool]]:
    """The leaves on which it hangs that `node` is not as `wanted`, each with what it should have been."""
    if node.kind == "fact":
        return [(node, wanted)] if node.holds is not wanted else []
    inner = wanted if node.kind != "none" else not wanted
    return [found for item in node.items if item.decided for found in _deciding(item, inner)]


def _words(title: str, name: str) -> str:
    """A title; of a bare name only the part that reads as words."""
    return title.rpartition(".")[2].replace("_", " ") if title in (name, name.partition(".")[2]) else title


def was(title: Text, value: Text) -> Text:
    """What was found: ``“本周拜访”是 3``."""
    return phrase("“{title}” was {value}", context="a value", title=title, value=value)


def _spoken(value: Any) -> Text:
    return Each(lambda language: spoken(value, language, wording(phrase("no data"), language)))


def _yes(yes: bool) -> Text:
    return phrase("yes") if yes else phrase("no")


def _first(text: Text) -> Text:
    """The text with a capital at its beginning, where the language has any."""

    def capital(language: str) -> str:
        of = wording(text, language)
        return of[:1].upper() + of[1:]

    return Each(capital)


def chosen(text: Mapping[str, str], locale: str) -> str:
    """The wording in `locale`."""
    return choose(text, locale)[0]
