"""A process in words: the owner of a step, its deadline, a condition. Each in every language, as a `Text`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tideng.plugin import Directory, Duration, Text
from tideng_processes.document.model import (
    Condition,
    Deadline,
    FieldSpec,
    Node,
    OwnerChoice,
    Part,
)

LANGUAGES = ("zh", "en")
_OWNERS: Mapping[str, Text] = {
    "person": {"zh": "本人", "en": "The person"},
    "starter": {"zh": "发起人", "en": "The starter"},
    "supervisor": {"zh": "直属主管", "en": "Direct supervisor"},
    "head": {"zh": "部门负责人", "en": "Head of the unit"},
    "hr": {"zh": "人事", "en": "HR"},
}
_ROLES: Mapping[str, Text] = {
    "hr": {"zh": "人事", "en": "HR"},
    "finance": {"zh": "财务", "en": "Finance"},
    "admin": {"zh": "行政", "en": "Administration"},
    "it": {"zh": "信息技术", "en": "IT"},
    "legal": {"zh": "法务", "en": "Legal"},
    "management": {"zh": "管理层", "en": "Management"},
    "payroll": {"zh": "薪酬", "en": "Payroll"},
    "product": {"zh": "产品", "en": "Product"},
    "quality": {"zh": "质量", "en": "Quality"},
    "reception": {"zh": "前台", "en": "Reception"},
    "service": {"zh": "售后", "en": "Service"},
    "training": {"zh": "培训", "en": "Training"},
    "travel_administration": {"zh": "差旅办公室", "en": "Travel administration"},
    "works_council": {"zh": "工会", "en": "Works council"},
}
"""Titles of the usual roles; any other role is shown by its name."""
_UNITS: Mapping[str, tuple[str, str, str]] = {
    "minutes": ("分钟", "minute", "minutes"),
    "hours": ("小时", "hour", "hours"),
    "days": ("天", "day", "days"),
    "weeks": ("周", "week", "weeks"),
    "workdays": ("个工作日", "workday", "workdays"),
}
_OPERATORS: Mapping[str, Text] = {
    "is": {"zh": "是", "en": "is"},
    "is_not": {"zh": "不是", "en": "is not"},
    "lt": {"zh": "少于", "en": "less than"},
    "lte": {"zh": "最多", "en": "at most"},
    "gt": {"zh": "多于", "en": "more than"},
    "gte": {"zh": "至少", "en": "at least"},
    "in": {"zh": "是其中之一：", "en": "one of"},
    "not_in": {"zh": "都不是：", "en": "none of"},
}
_JOINED: Mapping[str, Text] = {"all": {"zh": "，且", "en": " and "}, "any": {"zh": "，或", "en": " or "}}
Fields = Mapping[str, FieldSpec]


def text(make: Callable[[str], str]) -> dict[str, str]:
    """A text with the result of `make` for each language."""
    return {locale: make(locale) for locale in LANGUAGES}


def said(of: Text, locale: str, fallback: str = "") -> str:
    return of.get(locale) or of.get("en") or next(iter(of.values()), fallback)


def plain(name: str) -> str:
    """A name as people read it: ``works_council`` becomes ``works council``."""
    return name.replace("_", " ")


# -- owners ----------------------------------------------------------------------------------------------------------
def owner_words(of: OwnerChoice | Part | Node, directory: Directory, fields: Fields | None = None) -> Text:
    """The owner of a step, or of a part of it: 直属主管; several choices each with its condition, several parts each with its name.
    `fields`: of the process, for their titles; without them the names are shown."""
    known = fields or {}
    if isinstance(of, Node):
        return text(lambda locale: _list([_part(one, directory, known, locale, of.joint) for one in of.parts], locale))
    if isinstance(of, Part):
        return text(lambda locale: _part(of, directory, known, locale))
    return text(lambda locale: _owner(of, directory, known, locale))


def role_words(name: str) -> Text:
    """The title of a role; its name, where it has no title."""
    return _ROLES.get(name) or text(lambda _locale: plain(name))


def _part(part: Part, directory: Directory, fields: Fields, locale: str, among: bool = False) -> str:
    """The usual owner first, then the others with their conditions. `among`: the words stand in a list with other parts."""
    usual = [one for one in part.owners if one.when is None]
    special = [one for one in part.owners if one.when is not None]
    first = "".join(_owner(one, directory, fields, locale) for one in usual[:1])
    if first and len(special) == 1 and _is_whom_it_names(special[0]):
        return _named_or(_owner(special[0], directory, fields, locale), first, locale, among)
    others = [
        f"{said(condition_words(one.when, fields), locale)}{_colon(locale)}{_owner(one, directory, fields, locale)}"
        for one in special
    ]
    return _semicolon(locale).join(filter(None, (first, *others)))


def _is_whom_it_names(choice: OwnerChoice) -> bool:
    """Whether the choice is the person in a field, on the condition that the field is filled: the condition need not be told."""
    when = choice.when
    return when is not None and choice.kind == "field" and (when.op, when.field, when.operand) == ("exists", choice.name, True)  # fmt: skip


def _named_or(named: str, otherwise: str, locale: str, among: bool) -> str:
    """“答复人”里写的人；没写就是产品."""
    if locale == "zh":
        return f"{named}（没写就是{otherwise}）" if among else f"{named}；没写就是{otherwise}"
    return f"{named} ({otherwise} if nobody is)" if among else f"{named}; {otherwise} if nobody is"


def _owner(choice: OwnerChoice, directory: Directory, fields: Fields, locale: str) -> str:
    if choice.kind == "position":
        known = directory.positions.get(choice.name)
        return known.name if known else plain(choice.name)
    if choice.kind == "role":
        return said(role_words(choice.name), locale)
    if choice.kind == "field":
        quoted = _quote(_title(choice.name, fields, locale))
        return f"{quoted}里写的人" if locale == "zh" else f"The person named in {quoted}"
    return said(_OWNERS.get(choice.kind, {}), locale, choice.kind)


# -- time ------------------------------------------------------------------------------------------------------------
def duration_words(of: Duration) -> Text:
    """24 小时, 24 hours."""
    chinese, one, many = _UNITS[of.unit]
    return {"zh": f"{of.amount} {chinese}", "en": f"{of.amount} {one if of.amount == 1 else many}"}


def deadline_words(of: Deadline | None, fields: Fields | None = None) -> Text:
    """A deadline: 24 小时, 2 个工作日, 当天 21:00, “从”当天; {} where there is none."""
    if of is None:
        return {}
    if of.within is not None:
        return _within(of.within, of.working and of.within.unit != "workdays")
    if of.on:
        known = fields or {}
        return text(lambda locale: _on_day(of, _quote(_title(of.on, known, locale)), locale))
    if of.end_of_day or of.at is None:
        return {"zh": "当天结束前", "en": "End of the day"}
    return {"zh": f"当天 {of.at:%H:%M}", "en": f"{of.at:%H:%M} the same day"}


def _within(of: Duration, working: bool) -> Text:
    said = duration_words(of)
    return {"zh": f"{said['zh']}工作时间", "en": f"{said['en']} of working time"} if working else said


def _on_day(of: Deadline, day: str, locale: str) -> str:
    if of.end_of_day:
        return f"{day}当天结束前" if locale == "zh" else f"End of the day {day}"
    clock = f" {of.at:%H:%M}" if of.at else ""
    return f"{day}当天{clock}" if locale == "zh" else f"On the day {day}{clock and ',' + clock}"


def remind_words(of: Duration | None) -> Text:
    """A reminder: 提前 4 小时提醒; {} where there is none."""
    if of is None:
        return {}
    length = duration_words(of)
    return {"zh": f"提前 {length['zh']}提醒", "en": f"Reminder {length['en']} before"}


def span_words(of: timedelta, working: bool = False) -> Text:
    """A length of time in the unit that people use for it: 35 分钟, 31 小时, 4 天; on the `working` clock, without days off:
    31 小时工作时间, 4 个工作日."""
    minutes = max(0, round(of.total_seconds() / 60))
    hours = round(minutes / 60)
    if hours >= 72:
        return duration_words(Duration(round(hours / 24), "workdays" if working else "days"))
    return _within(Duration(minutes, "minutes") if minutes < 90 else Duration(hours, "hours"), working)


# -- conditions ------------------------------------------------------------------------------------------------------
def condition_words(of: Condition | None, fields: Fields | None = None) -> Text:
    """A condition: 天数多于 5, Days more than 5; {} where there is none."""
    if of is None:
        return {}
    known = fields or {}
    return text(lambda locale: _condition(of, known, locale))


def _condition(of: Condition, fields: Fields, locale: str) -> str:
    if of.parts:
        inner = [_condition(one, fields, locale) for one in of.parts]
        joined = said(_JOINED["all" if of.op == "all" else "any"], locale).join(inner)
        if of.op == "none":
            return f"都不是（{joined}）" if locale == "zh" else f"none of ({joined})"
        return joined
    title = _title(of.field, fields, locale)
    if of.op == "exists":
        yes, no = ("填了", "没填") if locale == "zh" else ("is given", "is not given")
        return f"{title}{' ' if locale != 'zh' else ''}{yes if of.operand else no}"
    if isinstance(of.operand, bool):
        return f"{title}{_colon(locale)}{_value(of.operand == (of.op == 'is'), None, locale)}"
    gap = "" if locale == "zh" else " "
    value = _value(of.operand, fields.get(of.field), locale)
    lead = " " if locale == "zh" and value[:1].isascii() else gap
    return f"{title}{gap}{said(_OPERATORS.get(of.op, {}), locale, of.op)}{lead}{value}"


def _value(operand: Any, field: FieldSpec | None, locale: str) -> str:
    if isinstance(operand, Sequence) and not isinstance(operand, str):
        return _list([_value(one, field, locale) for one in operand], locale)
    if isinstance(operand, bool):
        return {"zh": ("否", "是"), "en": ("no", "yes")}[locale][operand]
    if field is not None and operand in field.choices:
        return said(field.choices[operand], locale)
    return f"{operand:g}" if isinstance(operand, float) else str(operand)


def _title(name: str, fields: Fields, locale: str) -> str:
    return said(fields[name].title, locale, plain(name)) if name in fields else plain(name)


def _quote(name: str) -> str:
    return f"“{name}”"


def _list(parts: Sequence[str], locale: str) -> str:
    return ("、" if locale == "zh" else ", ").join(parts)


def _colon(locale: str) -> str:
    return "：" if locale == "zh" else ": "


def _semicolon(locale: str) -> str:
    return "；" if locale == "zh" else "; "
