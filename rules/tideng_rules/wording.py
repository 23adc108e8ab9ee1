"""How a message may sound: never a punishment, and in the tone of someone who helps. See docs: tone of voice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tideng.errors import Problem
from tideng.messages import PLACEHOLDER

PUNISHING = (
    re.compile(
        r"[处惩]?罚[款钱金]?|扣[款钱薪分除发减]|扣[^，。；：\s]{0,4}(?:工资|奖金|绩效)|(?:工资|奖金|绩效)[^，。；：\s]{0,4}扣"
    ),
    re.compile(
        r"\b(?:fine[sd]?|fining|deduct\w*|penal(?:ty|ties|i[sz]e\w*)|punish\w*|dock(?:ed|ing)? (?:your |their |the )?pay)\b",
        re.I,
    ),
)
HARSH = (
    (
        re.compile(r"请尽快|必须|违规|未达标|不合格|逾期|警告|再次|您未|未按时"),
        "say what is left, and the smallest next step",
    ),
    (
        re.compile(r"\b(?:must|failed|violations?|overdue|warnings?|again)\b", re.I),
        "say what is left, and the smallest next step",
    ),
    (re.compile(r"[!！]"), "no exclamation marks"),
    (re.compile(r"[\U0001F300-\U0001FAFF\u2600-\u27BF]"), "no emoji"),
    (re.compile(r"—"), "a full stop or a comma instead of a dash"),
)
LONGEST = {"zh": 70, "en": 160}
"""One SMS."""


def problems_of(text: str, locale: str, at: str) -> Iterator[Problem]:
    """What is wrong with a message's wording: an error for a punishment, warnings for a harsh tone or too many words."""
    words = PLACEHOLDER.sub("", text)
    for pattern in PUNISHING:
        found = pattern.search(words)
        if found:
            yield Problem(at, f"{found[0]!r} speaks of a punishment; Tideng has none", "say what would help")
    for pattern, hint in HARSH:
        found = pattern.search(words)
        if found:
            yield Problem(at, f"{found[0]!r} sounds harsh", hint, "warning")
    longest = LONGEST["zh" if locale.startswith(("zh", "ja", "ko")) else "en"]
    if len(words) > longest:
        yield Problem(at, f"{len(words)} characters", f"at most {longest}, so that it fits one message", "warning")
