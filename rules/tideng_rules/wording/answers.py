"""How the answer to "why?" and "why not?" is said: one clause for each thing that was looked at, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tideng.model.catalogue import Catalogue, Text
from tideng.model.judge_contract import OnEvent, Trigger
from tideng.model.statuses import HELD_TITLES
from tideng.model.templates import choose, spoken
from tideng_rules.engine.verdict_tree import Node
from tideng_rules.wording.sentences import OPERATORS, Speaker

LANGUAGES = ("zh", "en")
_MOST = 3
"""So many conditions are named in one sentence; the tree shows all."""
_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip
_GROUPS = {
    "zh": {"all": "都要满足", "any": "满足一个就行", "none": "一个都不能有"},
    "en": {"all": "All of these", "any": "Any of these", "none": "None of these"},
}
_CAME = re.compile(r"(?P<type>\S+) came in time")
_NOTES_ZH = {
    "until holds": "“直到”的条件已经满足",
    "it came in time": "等的事按时来了",
    "all came in time": "等的事都按时来了",
    "withdrawn": "前面那条已撤回",
    "the person has left": "这个人已经离职",
    "the person is away": "这个人不在岗",
    "the rule is paused or archived": "规则已暂停或停用",
    "the conditions do not hold": "到时条件不满足",
    "held by its limit": "已经说过，频率不允许再说",
    "heard of too late to speak": "得知时已经太晚",
    "part of an earlier window": "并入了更早的一段等待",
    "the worker was down for too long": "系统停得太久",
    "the worker was down until after that day": "系统停到了那天以后",
    "the worker was down until the quiet hours": "系统停到了静默时段",
    "before the replayed period": "在重放的时段之前",
    "a late report shows that it was done in time": "迟到的记录说明那时已经做了",
    "budget": "消息已经够多",
}
_NOTES_EN = {
    "until holds": "what it waited for had come (until)",
}


def both(zh: str, en: str) -> Text:
    return {"zh": zh, "en": en}


CONDITIONS_HELD = both("条件都满足", "The conditions held")
KNOWN_THEN = both("那时就已经知道这些", "All of this was known then")
NOT_REACHED = both("没有用到", "Not come to")
NOTHING_ON_RECORD = both(
    "条件都满足，但没有留下记录说明为什么没有说", "all of it held, and nothing on record says why nothing was said"
)


def known_otherwise(clause: Text) -> Text:
    """That a condition did not hold with what was known at the time; `clause` names it."""
    return both(
        f"那时知道的还不一样：{clause['zh']}，后来才收到的记录改变了结果",
        f"what was known then was different: {clause['en']}; what came in later changed it",
    )


def answer_sentence(title: Text, name: str, to_them: bool, spoke_at: Text | None, clause: Text | None) -> Text:
    """The answer to "why not?" in one sentence: ``没有提醒张伟，因为…。``

    `title`: the rule's. `name`: the subject's; `to_them`: the rule sends its message to the subject. `spoke_at`: the moment
    at which the rule spoke, None if it did not. `clause`: what stopped the rule or, if it spoke, what holds its message.
    """
    if spoke_at is not None:
        did = both(f"“{title['zh']}”针对{name}有了结果", f"“{title['en']}” spoke about {name}")
        if to_them:
            did = both(f"提醒了{name}", f"{name} was reminded")
        held = both(f"；{clause['zh']}", f"; {clause['en']}") if clause else both("", "")
        return both(f"{did['zh']}：{spoke_at['zh']}{held['zh']}。", f"{did['en']}: {spoke_at['en']}{held['en']}.")
    did_not = both(f"“{title['zh']}”没有针对{name}说什么", f"“{title['en']}” said nothing about {name}")
    if to_them:
        did_not = both(f"没有提醒{name}", f"{name} was not reminded")
    because = clause or NOTHING_ON_RECORD
    return both(f"{did_not['zh']}，因为{because['zh']}。", f"{did_not['en']}, because {because['en']}.")


def when(moment: datetime, zone: ZoneInfo) -> Text:
    """A moment where the person lives: ``2026年10月1日 周四 19:00`` / ``Thursday 1 October 2026, 19:00``."""
    local = moment.astimezone(zone)
    clock = f"{local:%H:%M}" if not local.second else f"{local:%H:%M:%S}"
    day = local.weekday()
    return both(
        f"{local.year}年{local.month}月{local.day}日 {_WEEKDAYS['zh'][day]} {clock}",
        f"{_WEEKDAYS['en'][day]} {local.day} {_MONTHS[local.month - 1]} {local.year}, {clock}",
    )


class Teller:
    """Says nodes and notes by the titles of one catalogue; `trigger` is that of the rule, which names the event's fields."""

    def __init__(self, catalogue: Catalogue, trigger: Trigger | None = None):
        self._catalogue = catalogue
        self._speakers = {name: Speaker(name, catalogue, trigger or OnEvent("")) for name in LANGUAGES}

    def fact(self, name: str) -> Text:
        """The fact's title; where nobody gave it one, its name as words."""
        return {language: _words(speaker.fact(name), name) for language, speaker in self._speakers.items()}

    def event(self, name: str) -> Text:
        return {language: speaker.event(name) for language, speaker in self._speakers.items()}

    def trigger(self) -> Text:
        """When the rule asks, without the comma with which its sentence goes on."""
        return {language: speaker.trigger().rstrip("， ,") for language, speaker in self._speakers.items()}

    def events(self, names: Any) -> Text:
        found = [self.event(name) for name in names]
        return both("”或“".join(one["zh"] for one in found), "” or “".join(one["en"] for one in found))

    # -- nodes -------------------------------------------------------------------------------------------------
    def node(self, node: Node) -> Text:
        """What a node asks for: ``本周拜访 不少于 0.8 × 目标 5 = 4``; of a group ``都要满足``."""
        if node.kind != "fact":
            return {language: _GROUPS[language][node.kind] for language in LANGUAGES}
        title = self.fact(node.fact)
        if node.op == "exists":
            return both(
                f"{'有' if node.operand else '没有'}{title['zh']}的数据",
                f"There is {'' if node.operand else 'no '}data on {title['en']}",
            )
        if isinstance(node.operand, bool) and node.op in ("is", "is_not"):
            wanted = node.operand is (node.op == "is")
            return both(
                title["zh"] if wanted else f"不是“{title['zh']}”",
                _first(title["en"] if wanted else f"not {title['en']}"),
            )
        return both(
            f"{title['zh']} {OPERATORS['zh'][node.op]} {self._operand(node, 'zh')}",
            _first(f"{title['en']} {OPERATORS['en'][node.op]} {self._operand(node, 'en')}"),
        )

    def value(self, node: Node) -> Text:
        """What was found: ``3``, ``是``, ``没有数据``; '' for a group."""
        if node.kind != "fact":
            return both("", "")
        return both(spoken(node.value, "zh", "没有数据"), spoken(node.value, "en", "no data"))

    def clause(self, node: Node, wanted: bool = True) -> Text:
        """A leaf that decided: ``“出差中”是否（需要：是）``; `wanted`: whether it was to hold."""
        title, needed = self.fact(node.fact), self._needed(node, wanted)
        if node.value is None:
            zh, en = f"没有“{title['zh']}”的数据", f"there was no data on {title['en']}"
        elif isinstance(node.value, bool):
            zh = f"“{title['zh']}”为{'是' if node.value else '否'}"
            en = f"“{title['en']}” was {'yes' if node.value else 'no'}"
        else:
            zh = f"“{title['zh']}”是 {spoken(node.value, 'zh')}"
            en = f"“{title['en']}” was {spoken(node.value, 'en')}"
        return both(f"{zh}（需要：{needed['zh']}）", f"{en} (needed: {needed['en']})")

    def decided(self, node: Node) -> Text:
        """The leaves on which a `node` that does not hold hangs, in one clause."""
        found = [self.clause(leaf, wanted) for leaf, wanted in _deciding(node)]
        first, rest = found[:_MOST], len(found) - _MOST
        zh, en = "；".join(one["zh"] for one in first), "; ".join(one["en"] for one in first)
        if rest > 0:
            zh, en = f"{zh}；另外还有 {rest} 项", f"{en}; and {rest} more"
        return both(zh, en)

    def _needed(self, node: Node, wanted: bool) -> Text:
        if node.op == "exists":
            asked = bool(node.operand) is wanted
            return both("有数据" if asked else "没有数据", "data" if asked else "no data")
        if isinstance(node.operand, bool) and node.op in ("is", "is_not"):
            yes = node.operand is ((node.op == "is") is wanted)
            return both("是" if yes else "否", "yes" if yes else "no")
        said = {}
        for language in LANGUAGES:
            operator = "" if node.op == "is" else OPERATORS[language][node.op].removeprefix("is ") + " "
            said[language] = operator + self._operand(node, language)
        return (
            said
            if wanted
            else both(f"不能{said['zh'] if node.op != 'is' else '是 ' + said['zh']}", f"not {said['en']}")
        )

    def _operand(self, node: Node, language: str) -> str:
        missing = "没有数据" if language == "zh" else "no data"
        resolved = spoken(node.operand, language, missing)
        if node.op == "between" and isinstance(node.operand, list | tuple) and len(node.operand) == 2:
            low, high = (spoken(one, language) for one in node.operand)
            return f"{low} 和 {high} 之间" if language == "zh" else f"{low} and {high}"
        if not node.other:
            return resolved
        named = f"{self.fact(node.other)[language]} {spoken(node.other_value, language, missing)}"
        if node.other_value is None:
            factor = "" if node.times == 1 else f"{spoken(node.times)} × "
            return f"{factor}{self.fact(node.other)[language]}" + (
                f"（{missing}）" if language == "zh" else f" ({missing})"
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
            return both(f"“{title['zh']}”按时来了", f"“{title['en']}” came in time")
        if note in HELD_TITLES:
            return HELD_TITLES[note]
        return both(_NOTES_ZH.get(note, note), _NOTES_EN.get(note, note))


def _deciding(node: Node, wanted: bool = True) -> list[tuple[Node, bool]]:
    """The leaves on which it hangs that `node` is not as `wanted`, each with what it should have been."""
    if node.kind == "fact":
        return [(node, wanted)] if node.holds is not wanted else []
    inner = wanted if node.kind != "none" else not wanted
    return [found for item in node.items if item.decided for found in _deciding(item, inner)]


def _words(title: str, name: str) -> str:
    """A title; of a bare name only the part that reads as words."""
    return title.rpartition(".")[2].replace("_", " ") if title in (name, name.partition(".")[2]) else title


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def chosen(text: Mapping[str, str], locale: str) -> str:
    """The wording in `locale`; English for a language that is not spoken here."""
    return choose(text, "zh" if locale.startswith("zh") else "en")[0]
