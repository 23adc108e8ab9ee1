"""Wording to offer in place of one that is harsh, threatens or is too long. See docs/rule-language.md."""

from __future__ import annotations

import re

from tideng_rules.check.tone import HARSH, LONGEST, punishment_in

_SOFTER = (
    (r"请尽快", "方便时请"), (r"必须", "请"), (r"涉嫌违规|违规", "和约定不一样"), (r"未达标|不合格", "还差一点"), (r"已?逾期", "过了约好的时间"),
    (r"警告", "提醒"), (r"再次", ""), (r"您未|未按时", "还没"),
    (r"\bhave failed to\b|\bhas failed to\b|\bfailed to\b", "have yet to"), (r"\bfailed\b", "is still open"), (r"\bmust\b", "can"),
    (r"\bviolations?\b", "difference"), (r"\boverdue\b", "still open"), (r"\bwarnings?\b", "note"), (r"\s*\bagain\b", ""),
)  # fmt: skip
_SENTENCE = re.compile(r"[^。．.？?！!；;]*[。．.？?！!；;]”?\s*|[^。．.？?！!；;]+$")
_HELP = {"zh": "有难处就回一声。", "en": "Reply if something is in the way."}


def softened(text: str, locale: str) -> str:
    """The same, without exclamation marks, emoji and the words that TONE tells to avoid."""
    for harsh, softer in _SOFTER:
        text = re.sub(harsh, softer, text, flags=re.I)
    text = re.sub(r"！+", "。", re.sub(r"!+", "。" if _chinese(text) else ".", text))
    text = re.sub(r"\s*—+\s*", "，" if _chinese(text) else ", ", text)
    for pattern, hint in HARSH:
        if hint == "no emoji":
            text = pattern.sub("", text)
    text = re.sub(r"([。，.])\1+", r"\1", text).strip()
    return text[:1].upper() + text[1:]


def instead_of_punishing(text: str, locale: str) -> str:
    """The sentences that threaten nothing, and the offer to help."""
    kept = "".join(one for one in _SENTENCE.findall(text) if not punishment_in(one)).strip()
    language = "zh" if _chinese(text) else "en"
    if kept and kept[-1] not in "。.？?":
        kept = kept.rstrip("，,；;！!") + ("。" if language == "zh" else ".")
    space = " " if kept and language == "en" else ""
    return kept + space + _HELP[language] if _HELP[language] not in kept else kept


def shortened(text: str, locale: str) -> str:
    """Its first sentences, as many as fit one message; '' where the first one alone is too long."""
    longest = LONGEST["zh" if locale.startswith(("zh", "ja", "ko")) else "en"]
    kept = ""
    for one in _SENTENCE.findall(text):
        if len((kept + one).strip()) > longest:
            break
        kept += one
    return kept.strip()


def _chinese(text: str) -> bool:
    return bool(re.search(r"[\u3400-\u9fff]", text))
