"""A rule's messages as their reader would see them: the same templates as in earnest, filled with what an example knows or
with values that such facts have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tideng.base.text import phrase, wording
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import Deed, OnSchedule
from tideng.model.templates import choose, placeholders, render
from tideng_rules.document.model import Rule

_PEOPLE = {'name': phrase("Zhang San"), 'unit': phrase("North"), 'position': phrase("sales"),}  # fmt: skip
_OF_TYPE: Mapping[str, Any] = {
    "integer": 3, "number": 3, "boolean": True, "date": "2026-03-02", "time": "2026-03-02T19:00+08:00", "list": ["A", "B"],
}  # fmt: skip
_TEXT = phrase("Hengliang")
_GSM = re.compile(r"[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\\[~\]|€]*")
_GSM_TWICE = re.compile(r"[\^{}\\\[~\]|€]")


@dataclass(frozen=True, slots=True)
class SampleText:
    """One wording: `text` as it would be read, `length` in characters, `sms` how many short messages it takes."""

    text: str
    length: int
    sms: int


@dataclass(frozen=True, slots=True)
class SampledMessage:
    """What one deed says. `place` as in the document, ``later[0].then[0]``; `texts`: language → wording."""

    place: str
    action: str
    recipient: str
    texts: Mapping[str, SampleText]


def sample_messages(rule: Rule, catalogue: Catalogue, locales: Sequence[str]) -> tuple[SampledMessage, ...]:
    """Each text that a rule says, step by step, in every language that it has and in those of `locales`."""
    found = []
    for place, deed in spoken_deeds(rule):
        languages = dict.fromkeys((*locales, *deed.message))
        texts = {
            one: sampled(deed.message[one], rule, catalogue, one) for one in languages if deed.message.get(one)
        }  # fmt: skip
        found.append(SampledMessage(place, deed.action, deed.to, texts))
    return tuple(found)


def spoken_deeds(rule: Rule) -> Iterator[tuple[str, Deed]]:
    """Each deed that says something, with its place in the document."""
    document = rule.document if isinstance(rule.document, Mapping) else {}
    steps = document.get("later") or ()
    parts = [("then", document.get("then"), rule.then)]
    for number, later in enumerate(rule.later):
        written = steps[number].get("then") if number < len(steps) and isinstance(steps[number], Mapping) else None
        parts.append((f"later[{number}].then", written, later.deeds))
    for at, written, deeds in parts:
        for number, deed in enumerate(deeds):
            if deed.message:
                yield at if isinstance(written, Mapping) else f"{at}[{number}]", deed


def sampled(template: str, rule: Rule, catalogue: Catalogue, locale: str) -> SampleText:
    """One wording, filled in and measured."""
    text = render(template, sample_facts(rule, catalogue, locale, placeholders(template)), locale)
    return SampleText(text, len(text), segments(text))


def sample_facts(rule: Rule, catalogue: Catalogue, locale: str, names: set[str]) -> dict[str, Any]:
    """A value for each name: from the first example that speaks, else one that such a fact may have."""
    example = next((one for one in rule.examples if one.expect), None)
    known = dict(example.facts) if example else {}
    return {name: known[name] if name in known else _value(name, rule, catalogue, locale) for name in names}


def _value(name: str, rule: Rule, catalogue: Catalogue, locale: str) -> Any:
    family, _, rest = name.partition(".")
    if family == "person" and rest in _PEOPLE:
        return wording(_PEOPLE[rest], locale)
    if rest.endswith(".length") or family in ("metric", "target", "peers"):
        return 3
    if name in catalogue.states or family == "found":
        return True
    declared: Any = catalogue.facts.get(name)
    if declared is None and family in ("event", "case"):
        own = "" if isinstance(rule.trigger, OnSchedule) else rule.trigger.event_type
        types = sorted(catalogue.event_types.values(), key=lambda one: one.name != own)
        declared = next(filter(None, (one.field(rest) for one in types)), None)
    kind = getattr(declared, "type", "text")
    if kind in _OF_TYPE:
        return _OF_TYPE[kind]
    return (
        wording(_TEXT, locale)
        if family in ("event", "case")
        else choose(getattr(declared, "title", {}), locale)[0] or rest
    )


def segments(text: str) -> int:
    """How many short messages a text takes: 160 characters of the GSM alphabet in one and 153 in each of several, 70 and 67
    where one sign is outside it (3GPP TS 23.038)."""
    if _GSM.fullmatch(text):
        length, one, several = len(text) + len(_GSM_TWICE.findall(text)), 160, 153
    else:
        length, one, several = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= one else -(-length // several)
