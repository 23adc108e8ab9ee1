"""The check of a rule's texts and actions: every text in every language its readers have, kindly, with facts that exist; every
field, event type, channel, status and recipient there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tideng.base.errors import Problem
from tideng.base.suggestions import nearest, nearest_or_known
from tideng.model.catalogue import Catalogue, Text
from tideng.model.judge_contract import Deed, OnEvent
from tideng.model.templates import PLACEHOLDER
from tideng_rules.check.emitted_events import problems_of_emitted
from tideng_rules.check.known_facts import KnownFacts
from tideng_rules.check.recipients import Reach
from tideng_rules.check.tone import problems_of, punishment_in
from tideng_rules.document.model import Rule


class Saying:
    """The texts and deeds of one rule. `locales`: the languages in which each text is to be there."""

    def __init__(self, rule: Rule, known: KnownFacts, catalogue: Catalogue, reach: Reach, locales: Sequence[str]):
        self.rule, self.known, self.catalogue, self.reach = rule, known, catalogue, reach
        self.locales = tuple(dict.fromkeys(map(_language, locales)))

    def problems(self) -> Iterator[Problem]:
        rule = self.rule
        yield from self._deeds(rule.then, "then")
        for number, later in enumerate(rule.later):
            yield from self._deeds(later.deeds, f"later[{number}].then")
        for name in ("title", "why"):
            yield from self._text(getattr(rule, name), name, speaks=False)

    def _deeds(self, deeds: Sequence[Deed], at: str) -> Iterator[Problem]:
        for number, deed in enumerate(deeds):
            place = f"{at}[{number}]"
            yield from self._text(deed.message, f"{place}.message") if deed.message else ()
            for name in ("because", "cause"):
                if deed.data.get(name):
                    yield from self._text(deed.data[name], f"{place}.{name}")
            yield from self._deed(deed, place)
            yield from self.reach.problems(self.rule, deed, place)

    def _deed(self, deed: Deed, at: str) -> Iterator[Problem]:
        if deed.action == "ask":
            yield from self._asked(str(deed.data["field"]), f"{at}.ask")
        elif deed.action == "mark":
            yield from _status(str(deed.data["status"]), f"{at}.mark")
        elif deed.action == "emit":
            name = str(deed.data["type"])
            if name not in self.catalogue.event_types:
                way_out = nearest(name, self.catalogue.event_types)
                yield Problem(f"{at}.emit", "unknown-event-type", {"name": name, "way_out": way_out})
            else:
                declared = self.catalogue.event_types[name]
                yield from problems_of_emitted(declared, deed.data.get("data") or {}, self.known, at)
        elif deed.action == "nudge" and "channel" in deed.data:
            channels = self.catalogue.channels
            if deed.data["channel"] not in channels:
                way_out = nearest_or_known(deed.data["channel"], channels)
                yield Problem(f"{at}.channel", "unknown-channel", {"name": deed.data["channel"], "way_out": way_out})
        elif deed.action == "plan":
            for number, step in enumerate(deed.data["steps"]):
                yield from self._step(step, f"{at}.plan[{number}]")

    def _step(self, step: Mapping, at: str) -> Iterator[Problem]:
        if "review" in step and step["review"] not in self.known.metric_names:
            yield Problem(
                f"{at}.review",
                "unknown-metric",
                {"name": step["review"], "near": nearest(step["review"], self.known.metric_names)},
            )
        if isinstance(step.get("title"), Mapping):
            yield from self._text(step["title"], f"{at}.title", speaks=False)
        for name, said in step.items():
            if isinstance(said, str) and name not in ("review", "after"):
                yield from _status(said, f"{at}.{name}")

    def _asked(self, field: str, at: str) -> Iterator[Problem]:
        if not isinstance(self.rule.trigger, OnEvent):
            yield Problem(at, "ask-without-a-form")
            return
        declared = self.catalogue.event_types.get(self.rule.trigger.event_type)
        if declared and not declared.open and declared.field(field) is None:
            yield Problem(
                at,
                "unknown-event-field",
                {"type": declared.name, "name": field, "near": nearest(field, (one.name for one in declared.fields))},
            )

    def _text(self, text: Text, at: str, speaks: bool = True) -> Iterator[Problem]:
        there = set(map(_language, text)) | set(text)
        missing = [locale for locale in self.locales if locale not in there]
        if missing:
            yield Problem(at, "missing-translation", {"names": missing}, "warning")
        for locale, wording in text.items():
            if speaks:
                yield from self._placeholders(wording, f"{at}.{locale}")
            for problem in problems_of(wording, locale, f"{at}.{locale}"):
                if speaks or problem.severity == "error":
                    yield problem

    def _placeholders(self, wording: str, at: str) -> Iterator[Problem]:
        for name in PLACEHOLDER.findall(wording):
            _, problem = self.known.look_up(name)
            if problem and problem.severity == "error":
                yield Problem(at, "placeholder-wrong", {"name": name, "why": problem.message})
        rest = PLACEHOLDER.sub("", wording)
        if "{" in rest or "}" in rest:
            yield Problem(at, "brace")


def _status(said: str, at: str) -> Iterator[Problem]:
    """A word that is kept and shown, such as a status or the name of a course."""
    words = re.sub(r"[_-]+", " ", said)
    punishment = punishment_in(words) or ("fine" if "fine" in words.lower().split() else "")
    if punishment:
        yield Problem(at, "punishes", {"words": punishment})


def _language(locale: str) -> str:
    """``zh`` for ``zh_TW`` and ``zh-Hant``: who reads the one is given the other."""
    return re.split(r"[-_]", locale)[0]
