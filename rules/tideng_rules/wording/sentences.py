"""Rules and reasons as sentences that a person reads: what a rule does, and why it spoke."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from tideng.base.durations import Duration
from tideng.base.locales import formatted
from tideng.base.text import SOURCE, Text, language_of, pause, phrase, semicolon, wording
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

OPERATORS = {'is': phrase("is", context="sentences"), 'is_not': phrase("is not", context="sentences"), 'lt': phrase("is less than"), 'lte': phrase("is at most"), 'gt': phrase("is more than"), 'gte': phrase("is at least"), 'between': phrase("is between"), 'in': phrase("is one of"), 'not_in': phrase("is none of"), 'contains': phrase("contains", context="sentences"), 'not_contains': phrase("does not contain", context="sentences"), 'starts_with': phrase("starts with"), 'matches': phrase("matches"),}  # fmt: skip
_WORDS = {'all': phrase(", and "), 'any': phrase(", or "), 'none': phrase("none of: {}"), 'and': phrase(" and ", context="sentences"), 'if': phrase("if {}, "), 'who': phrase("for those where {}, "), 'then': phrase("{}"), 'exists': phrase("there is data on {}"), 'absent': phrase("there is no data on {}"), 'yes': phrase("{}", context="sentences"), 'no': phrase("not {}"), 'missing': phrase("no data"), 'times': phrase("{1} times {0}"), 'length': phrase("the length of {}"), 'target': phrase("the target for {}"), 'peers': phrase("{} of peers"), 'holds': phrase("holds"), 'fails': phrase("does not hold"), 'stop': phrase("."), 'later': phrase("; {} still so: {}"), 'until': phrase(", until {}"), 'on': phrase("When “{}” comes, "), 'every': phrase("{} at {}, "), 'colon': phrase(": "), 'absence': phrase("When no “{2}” follows “{0}” within {1}, "), 'or': phrase(" or ", context="sentences"), 'found': phrase("the inference “{}”"), 'clock': phrase(" (working days only)"), 'wait': phrase("{1} after the first “{0}”, once for all that came meanwhile, "), 'not_all': phrase("When one of “{0}” comes and not all of them do within {1}, "), 'where': phrase("counting only those where {}, "), 'once': phrase("at most once in {}"), 'at_most': phrase("at most {} times a {}"), 'by': phrase("{1} for each {0}"), 'limit': phrase("; {}"), 'also': phrase(" and ", context="sentences 2"),}  # fmt: skip
_EVERY = {
    "day": phrase("Every day", context="sentences"),
    "workday": phrase("Every workday", context="sentences"),
    "week": phrase("Every {}"),
    "month": phrase("Every month on {}"),
}
_DAYS = (
    phrase("Monday", context="sentences"),
    phrase("Tuesday", context="sentences"),
    phrase("Wednesday", context="sentences"),
    phrase("Thursday", context="sentences"),
    phrase("Friday", context="sentences"),
    phrase("Saturday", context="sentences"),
    phrase("Sunday", context="sentences"),
)
RECIPIENTS_SAID = {
    "person": phrase("the person"),
    "supervisor": phrase("the supervisor"),
    "owner": phrase("the owner"),
    "hr": phrase("HR"),
    "process": phrase("the process"),
}
_DOES = {'nudge': phrase("nudge {to}"), 'ask': phrase("ask for more on {field}"), 'mark': phrase("mark as {status}"), 'infer': phrase("infer {found}"), 'emit': phrase("emit “{type}”"), 'improve': phrase("record an improvement item for {to}"), 'plan': phrase("make a plan for {to}"),}  # fmt: skip
_PERIODS = {'occurrence': phrase("once for each occurrence"), 'day': phrase("at most once a day"), 'week': phrase("at most once a week"), 'month': phrase("at most once a month"),}  # fmt: skip
_PER = {
    "day": phrase("day", context="sentences"),
    "week": phrase("week"),
    "month": phrase("month"),
}
_UNITS: Mapping[str, Callable[[int], Text]] = {
    "minutes": lambda n: phrase("{n} minute", "{n} minutes", n=n),
    "hours": lambda n: phrase("{n} hour", "{n} hours", n=n),
    "days": lambda n: phrase("{n} day", "{n} days", n=n),
    "weeks": lambda n: phrase("{n} week", "{n} weeks", n=n),
    "workdays": lambda n: phrase("{n} workday", "{n} workdays", n=n),
}


def sentence(rule: Rule, locale: str, catalogue: Catalogue) -> str:
    """What the rule does, as one sentence in the language of `locale`."""
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
    return (semicolon(speaker.language)).join(map(speaker.reason, reasons))


class Speaker:
    """Says conditions, triggers and actions in one language, by the titles of the catalogue. `words`: the small ones."""

    def __init__(self, locale: str, catalogue: Catalogue, trigger: Trigger):
        self.language = language_of(locale) or SOURCE
        self.words = {name: wording(text, self.language) for name, text in _WORDS.items()}
        self._catalogue, self._trigger = catalogue, trigger
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
        once: Text | str | None = _PERIODS.get(limit.once_per)
        if apart:
            once = self.words["once"].format(self.duration(Duration(int(apart[1]), f"{apart[2]}s")))
        parts = [wording(once or limit.once_per, self.language)]
        if limit.at_most is not None:
            parts.append(self.words["at_most"].format(limit.at_most, self._said(_PER[limit.per])))
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
            names = (wording(phrase("”, “"), self.language)).join(map(self.event, trigger.event_types))
            return words["wait" if isinstance(trigger, OnWait) else "not_all"].format(names, within)
        day = self._said(_EVERY[trigger.every]).format(self.day(trigger))
        return words["every"].format(day, f"{trigger.at:%H:%M}")

    def day(self, trigger: OnSchedule) -> str:
        if trigger.every == "week":
            return self._said(_DAYS[trigger.on or 0])
        if trigger.on == 31:
            return wording(phrase("its last day"), self.language)
        return wording(phrase("day {on}", on=trigger.on), self.language)

    def step(self, step: Step) -> str:
        if step.at is not None:
            return wording(phrase("at {at}", at=f"{step.at:%H:%M}"), self.language)
        after = self.duration(step.after) if step.after else ""
        return wording(phrase("after {after}", after=after), self.language)

    def duration(self, duration: Duration) -> str:
        return self._said(_UNITS[duration.unit](duration.amount))

    def _said(self, text: Text) -> str:
        return wording(text, self.language)

    def day_of(self, moment: datetime) -> str:
        """A day and its time, without the year: ``3月2日 10:00``, ``2 March at 10:00``."""
        day = formatted(moment, "MMMMd", self.language)
        return self._said(phrase("{day} at {clock}", day=day, clock=f"{moment:%H:%M}"))

    def deeds(self, deeds: Iterable[Deed], at: str = "", written: Any = None) -> str:
        """The deeds that stand at `at`; `written` as they stand there: one alone may stand without a list."""
        alone = isinstance(written, Mapping)
        places = (at if alone else f"{at}[{number}]" for number in count())
        return self.words["and"].join(
            self.piece(self.deed(deed), place) for deed, place in zip(deeds, places, strict=False)
        )

    def deed(self, deed: Deed) -> str:
        pattern = _DOES.get(deed.action)
        if pattern is None:
            action = self._catalogue.actions.get(deed.action)
            return choose(action.title, self.language)[0] if action else deed.action
        data = {**deed.data, "to": wording(RECIPIENTS_SAID.get(deed.to, deed.to.removeprefix("role:")), self.language)}
        if deed.action == "ask":
            data["field"] = self.fact(f"event.{deed.data['field']}")
        elif deed.action == "mark":
            data["status"] = self.mark(str(deed.data["status"]))
        elif deed.action == "emit":
            data["type"] = self.event(str(deed.data["type"]))
        return self._said(pattern).format(**data)

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
        return f"{name} {self._said(OPERATORS[leaf.op])} {self.operand(leaf.operand)}"

    def operand(self, operand: Any) -> str:
        if isinstance(operand, FactRef):
            name = self.fact(operand.fact)
            return name if operand.times == 1 else self.words["times"].format(name, spoken(operand.times))
        return spoken(operand, self.language, self.words["missing"])

    def waited(self, reason: Reason) -> str:
        """``2月3日 09:00 有了“客户提出需求”，7 天内没有等到“已回应客户需求”``"""
        moment = datetime.fromisoformat(str(reason.value))
        others = f"”{self.words['or']}“".join(map(self.event, reason.operand))
        values = {"event": self.event(reason.fact), "day": self.day_of(moment), "others": others}
        if self.within:
            text = phrase(
                "“{event}” came on {day}, and within {within} no “{others}” followed",
                within=self.duration(self.within),
                **values,
            )
        else:
            text = phrase("“{event}” came on {day}, and no “{others}” followed", **values)
        return self._said(text)

    def gathered(self, reason: Reason) -> str:
        """``3月2日 10:00 起 10 分钟内来了 3 次“完成拜访”``"""
        moment, times = datetime.fromisoformat(str(reason.value)), reason.operand
        values = {"event": self.event(reason.fact), "day": self.day_of(moment), "n": times}
        if self.within:
            text = phrase(
                "“{event}” came once within {within} from {day}",
                "“{event}” came {n} times within {within} from {day}",
                within=self.duration(self.within),
                **values,
            )
        else:
            text = phrase("“{event}” came once from {day}", "“{event}” came {n} times from {day}", **values)
        return self._said(text)

    def incomplete(self, reason: Reason) -> str:
        """``3月2日 10:00 起 2 小时内来了“客户提出需求”，没有等到“已回应客户需求”``"""
        moment = datetime.fromisoformat(str(reason.value))
        between = wording(phrase("”, “"), self.language)
        came = between.join(map(self.event, reason.operand["came"]))
        missing = between.join(map(self.event, reason.operand["missing"]))
        values = {"came": came, "day": self.day_of(moment), "missing": missing}
        if self.within:
            text = phrase(
                "“{came}” came from {day}, and within {within} no “{missing}” did",
                within=self.duration(self.within),
                **values,
            )
        else:
            text = phrase("“{came}” came from {day}, and in time no “{missing}” did", **values)
        return self._said(text)

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
            compared = f"{self._said(OPERATORS[reason.op])} {self.operand(reason.operand)}"
        failed = "" if reason.holds else f"{pause(self.language)}{self.words['fails']}"
        return text + (wording(phrase(" ({}{})"), self.language)).format(compared, failed)

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
        return self._said(phrase("{status}", context="a mark without a title", status=status))

    def title(self, title: Mapping[str, str]) -> str:
        text = choose(title, self.language)[0]
        plain = self.language == SOURCE and text[1:2].islower()
        return text[:1].lower() + text[1:] if plain else text


def _written(rule: Rule, number: int) -> Any:
    """What stands under `then` of a later step."""
    steps = rule.document.get("later") or ()
    step = steps[number] if number < len(steps) else None
    return step.get("then") if isinstance(step, Mapping) else None


def _always(condition: Condition) -> bool:
    return isinstance(condition, Group) and condition.kind == "all" and not condition.items
