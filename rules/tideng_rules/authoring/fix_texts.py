"""The words of the fixes: a title per kind of fix, and the texts with which an empty part of a document begins."""

from __future__ import annotations

from collections.abc import Mapping

from tideng.model.catalogue import Text

TITLES: Mapping[str, Text] = {
    "remove": {"zh": "去掉这一条", "en": "Take it out"},
    "change": {"zh": "改为“{to}”", "en": "Change it to “{to}”"},
    "any-of-them": {"zh": "改成“满足一个就行”", "en": "Let any of them do"},
    "without-until": {"zh": "去掉“直到”", "en": "Leave “until” out"},
    "turn-round": {"zh": "把比较反过来", "en": "Turn the comparison round"},
    "other-comparison": {"zh": "换一个合适的比较", "en": "Another comparison"},
    "without-factor": {"zh": "不用倍数", "en": "Without a factor"},
    "tell-hr": {"zh": "改为告诉人事", "en": "Tell HR"},
    "tell-person": {"zh": "改为告诉本人", "en": "Tell the person"},
    "tell-supervisor": {"zh": "改为告诉主管", "en": "Tell the supervisor"},
    "usual-channel": {"zh": "走平时的渠道", "en": "The usual channel"},
    "about-case": {"zh": "让规则说这件事", "en": "Let the rule be about a {about}"},
    "about-person": {"zh": "让规则说人", "en": "Let the rule be about a person"},
    "ready-words": {"zh": "先用一句现成的", "en": "Begin with ready words"},
    "copy-language": {"zh": "先抄另一种语言", "en": "Begin with the other language"},
    "put-in-order": {"zh": "按先后排好", "en": "Put them in order"},
    "one-example": {"zh": "照规则写一个例子", "en": "Make an example from the rule"},
    "two-examples": {"zh": "照规则写两个例子", "en": "Make two examples from the rule"},
    "add-speaking-example": {"zh": "加一个会说的例子", "en": "Add one that speaks"},
    "add-silent-example": {"zh": "加一个不说的例子", "en": "Add one that stays silent"},
    "expect-result": {"zh": "改成现在的结果", "en": "Expect what it gives now"},
    "out-of-example": {"zh": "从例子里去掉它", "en": "Leave it out of the example"},
    "begin-with-schedule": {"zh": "先用每个工作日 19:00", "en": "Begin with every workday at 19:00"},
    "begin-with-nudge": {"zh": "先写一句提醒", "en": "Begin with a nudge"},
    "begin-with-one": {"zh": "先补上一个", "en": "Begin with one"},
    "begin-with-day": {"zh": "先定一天", "en": "Begin with a day"},
}
"""Kind of fix → its title; ``{to}`` and ``{about}`` are filled from the fix."""

RULE_TEXTS: Mapping[str, Text] = {
    "title": {"zh": "新规则", "en": "A new rule"},
    "why": {"zh": "早一点知道，就能早一点帮上忙", "en": "Knowing sooner lets someone help sooner"},
}
"""What a rule's `title` and `why` begin with."""
MESSAGE: Text = {
    "zh": "{person.name}，有一件事还没好。有难处就回一声。",
    "en": "{person.name}, something is still open. Reply if something is in the way.",
}
"""What a nudge begins with."""
CAUSE: Text = {"zh": "可能是步骤还不熟", "en": "The steps may not be familiar yet"}
"""What the cause of an improvement begins with."""
DAYS: Text = {"zh": "{count} 天", "en": "{count} days"}
HOURS: Text = {"zh": "{count} 小时", "en": "{count} hours"}
TRUE: Text = {"zh": "是 / yes", "en": "是 / yes"}
FALSE: Text = {"zh": "否 / no", "en": "否 / no"}


def title(kind: str, values: Mapping[str, Text]) -> Text:
    """The title of a kind of fix in every language, with `values` (name → text per language) filled in."""
    return {
        locale: words.format_map({name: text.get(locale, text["en"]) for name, text in values.items()})
        for locale, words in TITLES[kind].items()
    }
