"""What changed between two documents of a rule, in words: ``客户需求的长度 少于 100 → 120 字``.

The documents themselves are compared, place by place, so that nothing that changed goes unsaid; words are put to it where
the document can be read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tideng.base.errors import InvalidRule
from tideng.base.locales import name_of as language_name
from tideng.base.text import SOURCE, Text, colon, language_of, phrase, wording
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import OnEvent
from tideng.model.templates import choose, spoken
from tideng_rules.document.actions import parse_deeds
from tideng_rules.document.conditions import GROUPS, parse_condition
from tideng_rules.document.merge import ABSENT, same
from tideng_rules.document.model import LaterStep
from tideng_rules.document.parser import parse_rule
from tideng_rules.document.problems import Collector, join
from tideng_rules.document.shapes import (
    action_of,
    fact_of,
    group_of,
    holds,
    keys,
    name_of,
    operator_of,
    paired,
    step_of,
)
from tideng_rules.wording.sentences import OPERATORS as COMPARED
from tideng_rules.wording.sentences import RECIPIENTS_SAID, Speaker
from tideng_rules.wording.titles import titles

_LABELS = {
    "about": phrase("about", context="differences"), "at": phrase("at"), "at_most": phrase("at most", context="differences"), "because": phrase("because"),
    "cause": phrase("cause"), "channel": phrase("channel"), "examples": phrase("examples"),
    "expect": phrase("expected"), "facts": phrase("facts"), "if": phrase("if"), "kind": phrase("kind"),
    "later": phrase("later"), "limit": phrase("limit"), "mark": phrase("mark", context="differences"), "message": phrase("message"), "metrics": phrase("metrics"),
    "name": phrase("name", context="differences"), "nudge": phrase("whom to nudge"), "once_per": phrase("once per"),
    "priority": phrase("priority"), "severity": phrase("severity"), "then": phrase("then"), "title": phrase("title"),
    "until": phrase("until", context="differences"), "when": phrase("when"), "where": phrase("where", context="differences"), "who": phrase("who"),
    "why": phrase("why", context="differences"), "window": phrase("window"), "after": phrase("after"),
}  # fmt: skip
_UNITS = {
    "characters": phrase("characters"),
    "items": phrase("items", context="titles"),
    "days": phrase("days"),
    "hours": phrase("hours"),
    "minutes": phrase("minutes"),
    "reports": phrase("reports", context="titles"),
    "visits": phrase("visits", context="titles"),
}
_PERIODS = {
    "occurrence": phrase("occurrence"),
    "day": phrase("day", context="differences"),
    "week": phrase("week", context="differences"),
    "month": phrase("month", context="differences"),
}
_CONDITIONS = ("who", "if", "until", "where")
_ORDER = ("id", "kind", "title", "why", "about", "when", "who", "if", "then", "later", "until", "limit", "metrics")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed. `before` and `after` are what stands at `place` (ABSENT: nothing), `sentence` says it in words.

    `place` is counted in the new document; in the old one where an item of a list was taken away.
    """

    place: str
    before: Any
    after: Any
    sentence: str


def differences(old: Mapping[str, Any], new: Mapping[str, Any], locale: str, catalogue: Catalogue) -> list[Difference]:
    """What changed from `old` to `new`, in the order in which the new one is written; [] exactly when they say the same.

    Documents that cannot be read are compared as well as they can be.
    """
    return list(_Differ(old, new, locale, catalogue).document(old, new))


class _Differ:
    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any], locale: str, catalogue: Catalogue):
        self._catalogue = catalogue
        self._locale = language_of(locale) or SOURCE
        self._speaker = Speaker(self._locale, catalogue, _trigger_of(new) or _trigger_of(old) or OnEvent(""))

    # -- the document ------------------------------------------------------------------------------------------
    def document(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
        for key in keys(old, new):
            yield from self._part(key, old.get(key, ABSENT), new.get(key, ABSENT), key)

    def _part(self, place: str, before: Any, after: Any, key: str) -> Iterator[Difference]:
        """One key of the document, of an action or of a step: each is said in its own way."""
        if same(before, after):
            return
        if key == "when":
            yield from self._whole(place, before, after, self._when)
        elif key in _CONDITIONS:
            yield from self._condition(place, before, after)
        elif key == "then":
            yield from self._then(place, before, after)
        elif key == "later":
            yield from self._list(place, *_beside_none(before, after), self._mapping, step_of, self._step_in_words)
        elif key == "examples":
            yield from self._list(place, *_beside_none(before, after), self._mapping, name_of, self._example_in_words)
        else:
            yield from self._value(place, before, after)

    def _mapping(self, place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
        for key in keys(before, after):
            yield from self._part(join(place, key), before.get(key, ABSENT), after.get(key, ABSENT), key)

    # -- conditions --------------------------------------------------------------------------------------------
    def _condition(self, place: str, before: Any, after: Any) -> Iterator[Difference]:
        if same(before, after):
            return
        one, other = operator_of(before), operator_of(after)
        kind, items = group_of(before)
        other_kind, other_items = group_of(after)
        if one and one == other and before["fact"] == after["fact"]:
            yield self._operand(join(place, one), before, after, one)
        elif kind and kind == other_kind and isinstance(before, list) == isinstance(after, list):
            inner = place if isinstance(before, list) else join(place, kind)
            yield from self._list(inner, items, other_items, self._condition, fact_of, self._in_words)
        elif one and other_kind == "all" and holds(other_items, before):
            inner = place if isinstance(after, list) else join(place, "all")
            yield from self._beside(inner, before, other_items, lambda at, item: (at, ABSENT, item))
        elif other and kind == "all" and holds(items, after):
            inner = place if isinstance(before, list) else join(place, "all")
            yield from self._beside(inner, after, items, lambda at, item: (at, item, ABSENT))
        else:
            yield from self._whole(place, before, after, self._in_words)

    def _beside(
        self, place: str, known: Any, items: list[Any], put: Callable[[str, Any], tuple[str, Any, Any]]
    ) -> Iterator[Difference]:
        """What stands in a list beside a condition that stood alone, or will."""
        kept = next(number for number, item in enumerate(items) if same(item, known))
        for number, item in enumerate(items):
            if number != kept:
                yield from self._whole(*put(join(place, number), item), self._in_words)

    def _operand(self, place: str, before: Mapping[str, Any], after: Mapping[str, Any], op: str) -> Difference:
        """``客户需求的长度 少于 100 → 120 字``"""
        name = self._speaker.fact(before["fact"])
        old, new = self._compared(before, op), self._compared(after, op)
        if old == new or None in (old, new):
            return next(self._whole(place, before[op], after[op], self._raw))
        if isinstance(before[op], bool) or isinstance(after[op], bool):
            said = f"{self._in_words(before)} → {self._in_words(after)}"
            return Difference(place, before[op], after[op], self._labelled(place.rpartition(".")[0], said))
        unit = self._unit(before["fact"]) if isinstance(after[op], int | float) and after[op] is not True else ""
        sentence = f"{name} {wording(COMPARED.get(op, op), self._locale)} {old} → {new}{unit}"
        return Difference(place, before[op], after[op], sentence)

    def _compared(self, leaf: Mapping[str, Any], op: str) -> str | None:
        notes = Collector()
        read = parse_condition(leaf, "", notes)
        return None if notes.problems else self._speaker.operand(getattr(read, "operand", None))

    def _in_words(self, condition: Any) -> str:
        notes = Collector()
        read = parse_condition(condition, "", notes)
        said = "" if notes.problems else self._speaker.condition(read)
        return said or self._raw(condition)

    def _unit(self, fact: str) -> str:
        family, _, name = fact.partition(".")
        catalogue = self._catalogue
        unit = ""
        if fact.endswith(".length"):
            fields = [f for t in catalogue.event_types.values() if (f := t.field(name.removesuffix(".length")))]
            unit = "items" if fields and fields[0].type == "list" else "characters"
        elif family in ("metric", "target", "peers") and name in catalogue.metrics:
            unit = catalogue.metrics[name].unit
        elif fact in catalogue.facts:
            unit = catalogue.facts[fact].unit
        elif family == "event":
            unit = next((f.unit for t in catalogue.event_types.values() if (f := t.field(name)) and f.unit), "")
        if not unit or unit == "money":
            return ""
        return f" {wording(_UNITS.get(unit, unit), self._locale)}"

    # -- actions -----------------------------------------------------------------------------------------------
    def _then(self, place: str, before: Any, after: Any) -> Iterator[Difference]:
        """A list of actions, or one alone."""
        if isinstance(before, list) and isinstance(after, list):
            yield from self._list(place, before, after, self._deed, action_of, self._deed_in_words)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self._deed(place, before, after)
        else:
            yield from self._whole(place, before, after, self._deeds_in_words)

    def _deeds_in_words(self, deeds: Any) -> str:
        if isinstance(deeds, list):
            return self._text(phrase(" and ", context="actions")).join(map(self._deed_in_words, deeds))
        return self._deed_in_words(deeds)

    def _deed(self, place: str, before: Any, after: Any) -> Iterator[Difference]:
        if not isinstance(before, Mapping) or not isinstance(after, Mapping) or action_of(before) != action_of(after):
            yield from self._whole(place, before, after, self._deed_in_words)
        else:
            yield from self._mapping(place, before, after)

    def _deed_in_words(self, deed: Any) -> str:
        notes = Collector()
        read = parse_deeds([deed], "", notes, self._catalogue)
        return self._raw(deed) if notes.problems or not read else self._speaker.deed(read[0])

    def _step_in_words(self, step: Any) -> str:
        """``21:00 请主管看看``"""
        read = _step_read(step, self._catalogue)
        if read is None:
            return self._raw(step)
        said = [self._speaker.step(read.step).strip(), self._speaker.deeds(read.deeds)]
        return self._text(phrase("{step}, {actions}", step=said[0], actions=said[1]))

    def _example_in_words(self, example: Any) -> str:
        name = example.get("name") if isinstance(example, Mapping) else None
        return f"“{name}”" if isinstance(name, str) else self._raw(example)

    # -- anything ----------------------------------------------------------------------------------------------
    def _value(self, place: str, before: Any, after: Any) -> Iterator[Difference]:
        if same(before, after):
            return
        if before is ABSENT and isinstance(after, Mapping) and after:
            before = {}
        elif after is ABSENT and isinstance(before, Mapping) and before:
            after = {}
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            for key in keys(before, after):
                inner = join(place, str(key))
                yield from self._part(
                    inner, before.get(key, ABSENT), after.get(key, ABSENT), "where" if key == "where" else ""
                )
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._list(place, before, after, self._value, lambda item: None, self._raw)
        else:
            names = _names_of(place.rpartition(".")[2], self._locale, self._catalogue)
            yield from self._whole(place, before, after, lambda value: names.get(str(value), self._raw(value)))

    def _list(
        self,
        place: str,
        before: Any,
        after: Any,
        differ: Callable[[str, Any, Any], Iterator[Difference]],
        identity: Callable[[Any], Any],
        say: Callable[[Any], str],
    ) -> Iterator[Difference]:
        """Two lists item by item: items are the same one when they stand side by side, or have the same identity."""
        if not isinstance(before, list) or not isinstance(after, list):
            yield from self._whole(place, before, after, self._raw)
            return
        for old, new in paired(before, after, identity):
            if old is None or new is None:
                at = join(place, new if new is not None else old)  # type: ignore[arg-type]
                item = ABSENT if old is None else before[old]
                yield from self._whole(at, item, ABSENT if new is None else after[new], say)
            elif same(before[old], after[new]):
                moved = self._text(phrase("moved: {what}", what=say(after[new])))
                yield Difference(join(place, new), before[old], after[new], self._labelled(place, moved))
            elif isinstance(before[old], Mapping) and isinstance(after[new], Mapping):
                yield from differ(join(place, new), before[old], after[new])
            else:
                yield from self._value(join(place, new), before[old], after[new])

    def _whole(self, place: str, before: Any, after: Any, say: Callable[[Any], str]) -> Iterator[Difference]:
        """One value in another's place, or where none was, or none where one was."""
        if before is ABSENT:
            yield Difference(
                place, before, after, self._labelled(place, self._text(phrase("added: {what}", what=say(after))))
            )
        elif after is ABSENT:
            yield Difference(
                place, before, after, self._labelled(place, self._text(phrase("taken out: {what}", what=say(before))))
            )
        elif say(before) == say(after) and say != self._raw:
            yield self._rewritten(place, before, after)
        else:
            yield Difference(place, before, after, self._labelled(place, f"{say(before)} → {say(after)}"))

    def _rewritten(self, place: str, before: Any, after: Any) -> Difference:
        said = phrase("written another way: {before} → {after}", before=self._raw(before), after=self._raw(after))
        return Difference(place, before, after, self._labelled(place, self._text(said)))

    def _when(self, when: Any) -> str:
        trigger = _trigger_of({"when": when})
        if trigger is None:
            return self._raw(when)
        return Speaker(self._locale, self._catalogue, trigger).trigger().strip(" ，,")

    def _raw(self, value: Any) -> str:
        if isinstance(value, str):
            return f"“{value}”" if " " in value or not value.isascii() else value or "“”"
        if isinstance(value, bool):
            return spoken(value, self._locale)
        return json.dumps(value, ensure_ascii=False, default=str)

    def _labelled(self, place: str, said: str) -> str:
        """``message in English: A → B``; a place without a name of its own is named as it is written."""
        names = [part.partition("[")[0] for part in place.split(".")]
        while len(names) > 1 and names[-1] in GROUPS:  # one of several conditions is called by the part it stands in
            names.pop()
        last = names[-1]
        if language_of(last) and len(names) > 1:
            language = language_name(last, self._locale)
            label = self._text(phrase("{part} in {language}", part=self._label(names[-2]), language=language))
        else:
            label = self._label(last) if last in _LABELS else place
        return f"{label}{colon(self._locale)}{said}"

    def _label(self, name: str) -> str:
        return wording(_LABELS.get(name, name), self._locale)

    def _text(self, text: Text) -> str:
        return wording(text, self._locale)


def _beside_none(before: Any, after: Any) -> tuple[Any, Any]:
    """A list that was not there, or is not any more, item by item."""
    if before is ABSENT and isinstance(after, list) and after:
        return [], after
    if after is ABSENT and isinstance(before, list) and before:
        return before, []
    return before, after


def _names_of(key: str, locale: str, catalogue: Catalogue) -> Mapping[str, str]:
    """What the values of a key are called, where they have names."""
    if key in ("nudge", "improve"):
        return {name: wording(title, locale) for name, title in RECIPIENTS_SAID.items()}
    shelves: Mapping[str, Mapping[str, Any]] = {"mark": catalogue.marks, "channel": catalogue.channels}
    if key in shelves:
        return {one.name: f"“{choose(one.title, locale)[0]}”" for one in shelves[key].values()}
    if key in ("kind", "about", "severity"):
        of = titles()[{"kind": "kinds", "severity": "severities"}.get(key, key)]
        return {name: f"“{wording(title, locale)}”" for name, title in of.items()}
    return {name: wording(text, locale) for name, text in _PERIODS.items()} if key == "once_per" else {}


def _trigger_of(document: Mapping[str, Any]) -> Any:
    if "when" not in document:
        return None
    whole = {"id": "x", "kind": "reminder", "then": [{"mark": "x"}], "when": document["when"]}
    try:
        return parse_rule(whole).trigger
    except InvalidRule:
        return None


def _step_read(step: Any, catalogue: Catalogue) -> LaterStep | None:
    whole = {"id": "x", "kind": "reminder", "when": {"every": "day", "at": "00:00"}, "then": [{"mark": "x"}]}
    try:
        return parse_rule({**whole, "later": [step], "until": {"fact": "x.y", "is": 1}}, catalogue).later[0]
    except InvalidRule:
        return None


def said(found: Iterable[Difference]) -> list[str]:
    """Only the sentences."""
    return [one.sentence for one in found]
