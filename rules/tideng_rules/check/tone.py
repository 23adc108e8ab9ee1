"""How a message may sound: never a punishment, and in the tone of someone who helps. See docs/rule-language.md."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from tideng.base.errors import Problem
from tideng.model.templates import PLACEHOLDER

_PAY = r"(?:工资|薪水|薪资|奖金|绩效|提成|补贴|津贴|分红|年终奖|年假|薪)"
_NOT_A_CLAUSE = r"[^，。；：、？,.;:?\s]"
_ALREADY_TWO_WORDS = r"(?<![折纽卡锁搭皮衣回带脚袖暗])"  # 折扣, 纽扣, 卡扣 …: discounts, buttons, buckles
PUNISHING = (
    re.compile(
        r"[处惩受挨被体责判]罚|罚[款钱金站抄没薪单跪]|罚(?=[你您他她它]|\s*[\d一二两三四五六七八九十百千半])"
        rf"|{_ALREADY_TWO_WORDS}扣(?:[款钱薪分除发减罚]|(?=\s*\d))|克扣|倒扣(?!的)"
        rf"|{_ALREADY_TWO_WORDS}扣{_NOT_A_CLAUSE}{{0,4}}{_PAY}|{_PAY}{_NOT_A_CLAUSE}{{0,4}}{_ALREADY_TWO_WORDS}扣(?!人心弦)"
        rf"|[降减停]薪|取消{_NOT_A_CLAUSE}{{0,4}}{_PAY}|没收"
    ),
    re.compile(
        r"\b(?:fined|fines|fining|deduct(?:s|ed|ing|ions?|ible)?|penal(?:ty|ties|i[sz]\w+)|punish\w*"
        r"|dock(?:s|ed|ing)?\s+(?:(?:your|their|his|her|the)\s+)?(?:pay|wages?|salary)"
        r"|(?:cut|reduce|withhold|forfeit|lose|losing)\w*\s+(?:(?:your|their|his|her|the)\s+)?(?:pay|salary|wages?|bonus(?:es)?|commission|allowance)"
        r"|(?:pay|salary|wage|bonus)\s+(?:cuts?|reduction))\b",
        re.I,
    ),
    # “fine” as in “all is fine”, “a fine day”, “fine print” is no punishment
    re.compile(
        r"(?<!\bis )(?<!\bare )(?<!\bbe )(?<!\bwas )(?<!\bit )(?<!\ball )(?<!\bjust )(?<!’s )(?<!'s )(?<!\blooks )(?<!\bwork )(?<!\bworks )"
        r"(?<!\bsounds )(?<!\bfeels )(?<!\bthat )(?<!\bwere )(?<!\bvery )\bfine\b"
        r"(?![-‑ ]?(?:tun|print|detail|art\b|weather|day|dining|line|grain|with\b|by\b|work|thread|adjust|lamp|light|mesh))",
        re.I,
    ),
    re.compile(r"\bfine\s*(?:of\b|:|=|[¥￥$€£]|\d)", re.I),
)
_SPELLED_OUT = re.compile(r"(?<![a-zA-Z])(?:[a-zA-Z][\s.\-_*·•|/]+){3,}[a-zA-Z](?![a-zA-Z])")
_BETWEEN_LETTERS = re.compile(r"[\s.\-_*·•|/]+")
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff])[\s\-_*·•|./]+(?=[\u3400-\u9fff])")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_TRADITIONAL = str.maketrans("罰薪獎績補貼處懲減錢發沒單", "罚薪奖绩补贴处惩减钱发没单")
HARSH = (
    (
        re.compile(r"请尽快|必须|违规|未达标|不合格|逾期|警告|再次|您未|未按时"),
        "harsh",
    ),
    (
        re.compile(r"\b(?:must|failed|violations?|overdue|warnings?|again)\b", re.I),
        "harsh",
    ),
    (re.compile(r"[!！]"), "exclamation-mark"),
    (re.compile(r"[\U0001F300-\U0001FAFF\u2600-\u27BF]"), "emoji"),
    (re.compile(r"—"), "dash"),
)
LONGEST = {"zh": 70, "en": 160}
"""One SMS."""


def problems_of(text: str, locale: str, at: str) -> Iterator[Problem]:
    """What is wrong with a message's wording: an error for a punishment, warnings for a harsh tone or too many words."""
    words = PLACEHOLDER.sub("", text)
    punishment = punishment_in(words)
    if punishment:
        yield Problem(at, "punishes", {"words": punishment})
    for pattern, code in HARSH:
        found = pattern.search(words)
        if found:
            yield Problem(at, code, {"words": found[0]}, "warning")
    longest = LONGEST["zh" if locale.startswith(("zh", "ja", "ko")) else "en"]
    if len(words) > longest:
        yield Problem(at, "long", {"length": len(words), "limit": longest}, "warning")


def punishment_in(text: str) -> str:
    """The words that speak of a punishment, '' where none do: also in full width, in traditional signs, and spelled out
    (``f i n e``, ``罚 款``)."""
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).translate(_TRADITIONAL)
    joined = _SPELLED_OUT.sub(lambda letters: f" {_BETWEEN_LETTERS.sub('', letters[0])} ", _BETWEEN_HAN.sub("", plain))
    for version in dict.fromkeys((plain, joined)):
        for pattern in PUNISHING:
            found = pattern.search(version)
            if found:
                return found[0].strip()
    return ""
