"""Rules and reasons as sentences that a person reads: what a rule does, and why it spoke. In Chinese and in English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from tideng.base.durations import Duration
from tideng.facts.frequency import SLIDING
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import (
    Deed,
    Limit,
    OnAbsence,
    OnEvent,
    OnNotAll,
    OnSchedule,
    OnWait,
    Reason,
    Step,
    Trigger,
)
from tideng.model.templates import choose, spoken
from tideng_rules.document.conditions import parse_condition
from tideng_rules.document.model import (
    Condition,
    FactRef,
    Group,
    Leaf,
    Rule,
)
from tideng_rules.document.problems import Collector
from tideng_rules.document.triggers import ONCE_PER

OPERATORS = {
    "zh": {
        "is": "是", "is_not": "不是", "lt": "少于", "lte": "不超过", "gt": "多于", "gte": "不少于", "between": "介于",
        "in": "属于", "not_in": "不属于", "contains": "含有", "not_contains": "不含", "starts_with": "开头是", "matches": "符合",
    },
    "en": {
        "is": "is", "is_not": "is not", "lt": "is less than", "lte": "is at most", "gt": "is more than", "gte": "is at least",
        "between": "is between", "in": "is one of", "not_in": "is none of", "contains": "contains",
        "not_contains": "does not contain", "starts_with": "starts with", "matches": "matches",
    },
}  # fmt: skip
_WORDS = {
    "zh": {
        "all": "，并且", "any": "，或者", "none": "都不成立：{}", "and": "、", "if": "如果{}，", "who": "对{}的人，", "then": "就{}",
        "exists": "有{}的数据", "absent": "没有{}的数据", "yes": "{}", "no": "没有{}", "missing": "没有数据", "times": "{}的 {} 倍",
        "length": "{}的长度", "target": "{}的目标", "peers": "同岗位同事的{}", "holds": "成立", "fails": "不成立", "stop": "。",
        "later": "；{}还是这样，{}", "until": "，直到{}", "on": "收到“{}”时，", "every": "{}{}，", "colon": "：",
        "absence": "“{}”之后 {} 内没有“{}”时，", "or": "或", "found": "推断“{}”", "clock": "（只算工作日）",
        "wait": "第一次“{0}”之后 {1}，连同其间来的一起，", "not_all": "“{0}”来了一个、{1} 内没有来齐时，", "where": "只看{}的，",
        "once": "最多每 {}一次", "at_most": "每{1}最多 {0} 次", "by": "{1}（不同的{0}分开算）", "limit": "；{}", "also": "，",
    },
    "en": {
        "all": ", and ", "any": ", or ", "none": "none of: {}", "and": " and ", "if": "if {}, ", "who": "for those where {}, ",
        "then": "{}", "exists": "there is data on {}", "absent": "there is no data on {}", "yes": "{}", "no": "not {}",
        "missing": "no data", "times": "{1} times {0}", "length": "the length of {}", "target": "the target for {}",
        "peers": "{} of peers", "holds": "holds", "fails": "does not hold", "stop": ".", "later": "; {} still so: {}",
        "until": ", until {}", "on": "When “{}” comes, ", "every": "{} at {}, ", "colon": ": ",
        "absence": "When no “{2}” follows “{0}” within {1}, ", "or": " or ", "found": "the inference “{}”",
        "clock": " (working days only)", "wait": "{1} after the first “{0}”, once for all that came meanwhile, ",
        "not_all": "When one of “{0}” comes and not all of them do within {1}, ", "where": "counting only those where {}, ",
        "once": "at most once in {}", "at_most": "at most {} times a {}", "by": "{1} for each {0}", "limit": "; {}",
        "also": " and ",
    },
}  # fmt: skip
_EVERY = {
    "zh": {"day": "每天 ", "workday": "每个工作日 ", "week": "每周{} ", "month": "每月{} "},
    "en": {"day": "Every day", "workday": "Every workday", "week": "Every {}", "month": "Every month on {}"},
}
_DAYS = {
    "zh": ("一", "二", "三", "四", "五", "六", "日"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
RECIPIENTS_SAID = {
    "zh": {"person": "本人", "supervisor": "主管", "owner": "负责人", "hr": "人事", "process": "流程"},
    "en": {
        "person": "the person",
        "supervisor": "the supervisor",
        "owner": "the owner",
        "hr": "HR",
        "process": "the process",
    },
}
_DOES = {
    "zh": {
        "nudge": "提醒{to}", "ask": "请补充“{field}”", "mark": "标记为{status}", "infer": "推断 {found}", "emit": "发出“{type}”",
        "improve": "给{to}记一条改进项", "plan": "给{to}安排改进计划",
    },
    "en": {
        "nudge": "nudge {to}", "ask": "ask for more on {field}", "mark": "mark as {status}", "infer": "infer {found}",
        "emit": "emit “{type}”", "improve": "record an improvement item for {to}", "plan": "make a plan for {to}",
    },
}  # fmt: skip
_PERIODS = {
    "zh": {"occurrence": "每件事一次", "day": "每天最多一次", "week": "每周最多一次", "month": "每月最多一次"},
    "en": {
        "occurrence": "once for each occurrence", "day": "at most once a day", "week": "at most once a week",
        "month": "at most once a month",
    },
}  # fmt: skip
_PER = {"zh": {"day": "天", "week": "周", "month": "月"}, "en": {"day": "day", "week": "week", "month": "month"}}
_UNITS = {"minutes": "分钟", "hours": "小时", "days": "天", "weeks": "周", "workdays": "个工作日"}


def sentence(rule: Rule, locale: str, catalogue: Catalogue) -> str:
    """What the rule does, as one sentence in `locale` (zh or en; others read English)."""
    return Speaker(locale, catalogue, rule.trigger).rule(rule)


def reasons_sentence(
    reasons: Iterable[Reason],
    locale: str,
    catalogue: Catalogue,
    event_type: str = "",
    within: Duration | None = None,
) -> str:
    """Why a rule spoke: each fact with its value and what it was compared with, e.g. ``Visits this week: 3 (is less than 4)``.

    `event_type` is the one that triggered the rule, where known: its fields have better names then. `within` is how long
    was waited, where known.
    """
    speaker = Speaker(locale, catalogue, OnEvent(event_type))
    speaker.within = within
    return ("；" if speaker.language == "zh" else "; ").join(map(speaker.reason, reasons))


class Speaker:
    """Says conditions, triggers and actions in one language, by the titles of the catalogue. `words`: the small ones."""

    def __init__(self, locale: str, catalogue: Catalogue, trigger: Trigger):
        self.language = "zh" if locale.startswith("zh") else "en"
        self.words, self._catalogue, self._trigger = _WORDS[self.language], catalogue, trigger
        self.within: Duration | None = None
        self._event_type = "" if isinstance(trigger, OnSchedule) else trigger.event_type

    def rule(self, rule: Rule) -> str:
        words = self.words
        text = self.piece(self.trigger(), "when") + self.heeded(rule)
        if not _always(rule.who):
            text += words["who"].format(self.condition(rule.who))
        if not _always(rule.if_):
            text += words["if"].format(self.condition(rule.if_))
        text += words["then"].format(self.deeds(rule.then, "then", rule.document.get("then")))
        for number, later in enumerate(rule.later):
            at = f"later[{number}]"
            step, deeds = (
                self.piece(self.step(later.step), at),
                self.deeds(later.deeds, f"{at}.then", _written(rule, number)),
            )
            text += words["later"].format(step, deeds)
        if rule.until is not None:
            text += words["until"].format(self.condition(rule.until))
        if rule.limit != Limit(ONCE_PER[rule.kind]):
            text += words["limit"].format(self.piece(self.limit(rule.limit), "limit"))
        return text + words["stop"]

    def piece(self, text: str, place: str) -> str:
        """The text for one place of the document. `sentence_places` overrides this to learn which part of a sentence has which place."""
        return text

    def heeded(self, rule: Rule) -> str:
        """Which events the trigger heeds, where it does not heed all of them."""
        if getattr(self._trigger, "where", None) is None:
            return ""
        where = parse_condition(rule.document["when"]["where"], "when.where", Collector())
        return self.words["where"].format(self.condition(where))

    def limit(self, limit: Limit) -> str:
        """How often a rule speaks to one subject: ``at most once in 60 minutes for each customer``."""
        apart = SLIDING.fullmatch(limit.once_per)
        once = _PERIODS[self.language].get(limit.once_per)
        if apart:
            once = self.words["once"].format(self.duration(Duration(int(apart[1]), f"{apart[2]}s")))
        parts = [once or limit.once_per]
        if limit.at_most is not None:
            parts.append(self.words["at_most"].format(limit.at_most, _PER[self.language][limit.per]))
            if limit.once_per == "occurrence":  # the weaker of the two says nothing
                del parts[0]
        text = self.words["also"].join(parts)
        return self.words["by"].format(self.fact(f"event.{limit.by}"), text) if limit.by else text

    def trigger(self) -> str:
        trigger, words = self._trigger, self.words
        if isinstance(trigger, OnEvent):
            return words["on"].format(self.event(trigger.event_type))
        if isinstance(trigger, OnAbsence):
            others = f"”{words['or']}“".join(map(self.event, trigger.without))
            within = self.duration(trigger.within) + (words["clock"] if trigger.working else "")
            return words["absence"].format(self.event(trigger.event_type), within, others)
        if isinstance(trigger, OnWait | OnNotAll):
            within = self.duration(trigger.within) + (words["clock"] if trigger.working else "")
            names = ("”、“" if self.language == "zh" else "”, “").join(map(self.event, trigger.event_types))
            return words["wait" if isinstance(trigger, OnWait) else "not_all"].format(names, within)
        day = _EVERY[self.language][trigger.every].format(self.day(trigger))
        return words["every"].format(day, f"{trigger.at:%H:%M}")

    def day(self, trigger: OnSchedule) -> str:
        if trigger.every == "week":
            return _DAYS[self.language][trigger.on or 0]
        if trigger.on == 31:
            return "最后一天" if self.language == "zh" else "its last day"
        return f"{trigger.on} 日" if self.language == "zh" else f"day {trigger.on}"

    def step(self, step: Step) -> str:
        if step.at is not None:
            return f"{step.at:%H:%M} " if self.language == "zh" else f"at {step.at:%H:%M}"
        after = self.duration(step.after) if step.after else ""
        return f"{after}后" if self.language == "zh" else f"after {after}"

    def duration(self, duration: Duration) -> str:
        return f"{duration.amount} {_UNITS[duration.unit]}" if self.language == "zh" else str(duration)

    def deeds(self, deeds: Iterable[Deed], at: str = "", written: Any = None) -> str:
        """The deeds that stand at `at`; `written` as they stand there: one alone may stand without a list."""
        alone = isinstance(written, Mapping)
        places = (at if alone else f"{at}[{number}]" for number in count())
        return self.words["and"].join(
            self.piece(self.deed(deed), place) for deed, place in zip(deeds, places, strict=False)
        )

    def deed(self, deed: Deed) -> str:
        pattern = _DOES[self.language].get(deed.action)
        if pattern is None:
            action = self._catalogue.actions.get(deed.action)
            return choose(action.title, self.language)[0] if action else deed.action
        data = {**deed.data, "to": RECIPIENTS_SAID[self.language].get(deed.to, deed.to.removeprefix("role:"))}
        if deed.action == "ask":
            data["field"] = self.fact(f"event.{deed.data['field']}")
        elif deed.action == "mark":
            data["status"] = self.mark(str(deed.data["status"]))
        elif deed.action == "emit":
            data["type"] = self.event(str(deed.data["type"]))
        return pattern.format(**data)

    def condition(self, condition: Condition) -> str:
        if isinstance(condition, Leaf):
            return self.leaf(condition)
        joined = self.words["any" if condition.kind == "none" else condition.kind].join(
            f"({self.condition(item)})" if isinstance(item, Group) and len(item.items) > 1 else self.condition(item)
            for item in condition.items
        )
        return self.words["none"].format(joined) if condition.kind == "none" else joined

    def leaf(self, leaf: Leaf) -> str:
        return self.piece(self._leaf(leaf), leaf.place)

    def _leaf(self, leaf: Leaf) -> str:
        name = self.fact(leaf.fact)
        if leaf.op == "exists":
            return self.words["exists" if leaf.operand else "absent"].format(name)
        if leaf.op == "is" and isinstance(leaf.operand, bool):
            return self.words["yes" if leaf.operand else "no"].format(name)
        return f"{name} {OPERATORS[self.language][leaf.op]} {self.operand(leaf.operand)}"

    def operand(self, operand: Any) -> str:
        if isinstance(operand, FactRef):
            name = self.fact(operand.fact)
            return name if operand.times == 1 else self.words["times"].format(name, spoken(operand.times))
        return spoken(operand, self.language, self.words["missing"])

    def waited(self, reason: Reason) -> str:
        """``2月3日 09:00 有了“客户提出需求”，7 天内没有等到“已回应客户需求”``"""
        moment = datetime.fromisoformat(str(reason.value))
        others = f"”{self.words['or']}“".join(map(self.event, reason.operand))
        if self.language == "zh":
            waited = f"{self.duration(self.within)}内没有等到" if self.within else "之后没有等到"
            return f"{moment.month}月{moment.day}日 {moment:%H:%M} 有了“{self.event(reason.fact)}”，{waited}“{others}”"
        waited = f"within {self.within} no" if self.within else "no"
        day = f"{moment:%B} {moment.day} at {moment:%H:%M}"
        return f"“{self.event(reason.fact)}” came on {day}, and {waited} “{others}” followed"

    def gathered(self, reason: Reason) -> str:
        """``3月2日 10:00 起 10 分钟内来了 3 次“完成拜访”``"""
        moment, times = datetime.fromisoformat(str(reason.value)), reason.operand
        if self.language == "zh":
            within = f"{self.duration(self.within)}内" if self.within else ""
            since = f"{moment.month}月{moment.day}日 {moment:%H:%M} 起"
            return f"{since}{' ' if within else ''}{within}来了 {times} 次“{self.event(reason.fact)}”"
        came = "came once" if times == 1 else f"came {times} times"
        within = f" within {self.within}" if self.within else ""
        return f"“{self.event(reason.fact)}” {came}{within} from {moment:%B} {moment.day} at {moment:%H:%M}"

    def incomplete(self, reason: Reason) -> str:
        """``3月2日 10:00 起 2 小时内来了“客户提出需求”，没有等到“已回应客户需求”``"""
        moment = datetime.fromisoformat(str(reason.value))
        between = "”、“" if self.language == "zh" else "”, “"
        came = between.join(map(self.event, reason.operand["came"]))
        missing = between.join(map(self.event, reason.operand["missing"]))
        if self.language == "zh":
            within = f" {self.duration(self.within)}内" if self.within else ""
            return f"{moment.month}月{moment.day}日 {moment:%H:%M} 起{within}来了“{came}”，没有等到“{missing}”"
        within = f"within {self.within} " if self.within else "in time "
        return f"“{came}” came from {moment:%B} {moment.day} at {moment:%H:%M}, and {within}no “{missing}” did"

    def reason(self, reason: Reason) -> str:
        said = {"without": self.waited, "wait": self.gathered, "not_all": self.incomplete}.get(reason.op)
        if said:
            return said(reason)
        value = spoken(reason.value, self.language, self.words["missing"])
        name = self.fact(reason.fact)
        text = (name[:1].upper() + name[1:]) + self.words["colon"] + value
        if reason.op == "is" and reason.holds:
            return text  # "0 (is 0)" says nothing more
        if reason.op == "exists":
            compared = self.words["exists" if reason.operand else "absent"].format(name)
        else:
            compared = f"{OPERATORS[self.language][reason.op]} {self.operand(reason.operand)}"
        failed = "" if reason.holds else f"{'，' if self.language == 'zh' else ', '}{self.words['fails']}"
        return text + ("（{}{}）" if self.language == "zh" else " ({}{})").format(compared, failed)

    # -- names -------------------------------------------------------------------------------------------------
    def fact(self, name: str) -> str:
        """The fact's title; its dotted name where it has none."""
        family, _, rest = name.partition(".")
        declared = self._catalogue.facts.get(name) or self._catalogue.states.get(name)
        if declared:
            return self.title(declared.title)
        if family in ("metric", "target", "peers"):
            metric = self._catalogue.metrics.get(rest)
            title = self.title(metric.title) if metric else rest
            return title if family == "metric" else self.words[family].format(title)
        if family == "found":
            return self.words["found"].format(rest)
        return self.field(rest) or name

    def field(self, name: str) -> str:
        types = self._catalogue.event_types
        chosen = [types[self._event_type]] if self._event_type in types else types.values()
        for base in (name, name.removesuffix(".length")):
            field = next((found for declared in chosen if (found := declared.field(base))), None)
            if field:
                title = self.title(field.title)
                return title if base == name else self.words["length"].format(title)
        return ""

    def event(self, name: str) -> str:
        declared = self._catalogue.event_types.get(name)
        return choose(declared.title, self.language)[0] if declared else name

    def mark(self, status: str) -> str:
        """``“未完成”``, ``“not done”``; one that its author made up stands as it was written."""
        declared = self._catalogue.marks.get(status)
        if declared:
            return f"“{self.title(declared.title)}”"
        return status if self.language == "en" else f" {status}"

    def title(self, title: Mapping[str, str]) -> str:
        text = choose(title, self.language)[0]
        plain = self.language == "en" and text[1:2].islower()
        return text[:1].lower() + text[1:] if plain else text


def _written(rule: Rule, number: int) -> Any:
    """What stands under `then` of a later step."""
    steps = rule.document.get("later") or ()
    step = steps[number] if number < len(steps) else None
    return step.get("then") if isinstance(step, Mapping) else None


def _always(condition: Condition) -> bool:
    return isinstance(condition, Group) and condition.kind == "all" and not condition.items
