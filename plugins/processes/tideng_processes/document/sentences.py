"""A process in words: the owner of a step, its deadline, a condition. Each in every language, as a `Text`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tideng.plugin import Directory, Duration, Each, Text, colon, comma, phrase, plain_text, semicolon, space, wording
from tideng.plugin import choose_text as choose
from tideng_processes.document.model import (
    Condition,
    Deadline,
    FieldSpec,
    Node,
    OwnerChoice,
    Part,
)

_OWNERS: Mapping[str, Text] = {
    "person": phrase("The person", context="sentences"),
    "starter": phrase("The starter"),
    "supervisor": phrase("Direct supervisor"),
    "head": phrase("Head of the unit"),
    "hr": phrase("HR"),
}
_ROLES: Mapping[str, Text] = {
    "hr": phrase("HR"),
    "finance": phrase("Finance"),
    "admin": phrase("Administration"),
    "it": phrase("IT"),
    "legal": phrase("Legal"),
    "management": phrase("Management"),
    "payroll": phrase("Payroll"),
    "product": phrase("Product"),
    "quality": phrase("Quality"),
    "reception": phrase("Reception"),
    "service": phrase("Service"),
    "training": phrase("Training"),
    "travel_administration": phrase("Travel administration"),
    "works_council": phrase("Works council"),
}
"""What roles are called that clients usually have; another one is called by its name."""
_UNITS: Mapping[str, Callable[[int], Text]] = {
    "minutes": lambda n: phrase("{n} minute", "{n} minutes", n=n),
    "hours": lambda n: phrase("{n} hour", "{n} hours", n=n),
    "days": lambda n: phrase("{n} day", "{n} days", n=n),
    "weeks": lambda n: phrase("{n} week", "{n} weeks", n=n),
    "workdays": lambda n: phrase("{n} workday", "{n} workdays", n=n),
}
_OPERATORS: Mapping[str, Text] = {
    "is": phrase("is", context="sentences"),
    "is_not": phrase("is not", context="sentences"),
    "lt": phrase("less than", context="sentences"),
    "lte": phrase("at most", context="sentences"),
    "gt": phrase("more than", context="sentences"),
    "gte": phrase("at least"),
    "in": phrase("one of", context="sentences"),
    "not_in": phrase("none of", context="sentences"),
}
_JOINED: Mapping[str, Text] = {"all": phrase(" and "), "any": phrase(" or ")}
Fields = Mapping[str, FieldSpec]


def text(make: Callable[[str], str]) -> dict[str, str]:
    """A text of what `make` says in each language."""
    return plain_text(Each(make))


def said(of: Text, locale: str, fallback: str = "") -> str:
    return choose(of, locale)[0] or fallback


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
    values = {"named": named, "otherwise": otherwise}
    if among:
        return wording(phrase("{named} ({otherwise} if nobody is)", **values), locale)
    return wording(phrase("{named}; {otherwise} if nobody is", **values), locale)


def _owner(choice: OwnerChoice, directory: Directory, fields: Fields, locale: str) -> str:
    if choice.kind == "position":
        known = directory.positions.get(choice.name)
        return known.name if known else plain(choice.name)
    if choice.kind == "role":
        return said(role_words(choice.name), locale)
    if choice.kind == "field":
        quoted = _quote(_title(choice.name, fields, locale))
        return wording(phrase("The person named in {quoted}", quoted=quoted), locale)
    return said(_OWNERS.get(choice.kind, {}), locale, choice.kind)


# -- time ------------------------------------------------------------------------------------------------------------
def duration_words(of: Duration) -> Text:
    """24 小时, 24 hours."""
    return _UNITS[of.unit](of.amount)


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
        return phrase("End of the day")
    return phrase("{at} the same day", at=f"{of.at:%H:%M}")


def _within(of: Duration, working: bool) -> Text:
    said = duration_words(of)
    return phrase("{said} of working time", said=said) if working else said


def _on_day(of: Deadline, day: str, locale: str) -> str:
    if of.end_of_day:
        return wording(phrase("End of the day {day}", day=day), locale)
    if of.at is None:
        return wording(phrase("On the day {day}", day=day), locale)
    return wording(phrase("On the day {day}, {clock}", day=day, clock=f"{of.at:%H:%M}"), locale)


def remind_words(of: Duration | None) -> Text:
    """A reminder: 提前 4 小时提醒; {} where there is none."""
    if of is None:
        return {}
    length = duration_words(of)
    return phrase("Reminder {length} before", length=length)


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
            return wording(phrase("none of ({joined})", joined=joined), locale)
        return joined
    title = _title(of.field, fields, locale)
    if of.op == "exists":
        given = phrase("{field} is given", field=title) if of.operand else phrase("{field} is not given", field=title)
        return wording(given, locale)
    if isinstance(of.operand, bool):
        return f"{title}{_colon(locale)}{_value(of.operand == (of.op == 'is'), None, locale)}"
    gap = space(locale)
    value = _value(of.operand, fields.get(of.field), locale)
    lead = " " if value[:1].isascii() else gap  # a Latin word or number stands apart from Chinese characters
    return f"{title}{gap}{said(_OPERATORS.get(of.op, {}), locale, of.op)}{lead}{value}"


def _value(operand: Any, field: FieldSpec | None, locale: str) -> str:
    if isinstance(operand, Sequence) and not isinstance(operand, str):
        return _list([_value(one, field, locale) for one in operand], locale)
    if isinstance(operand, bool):
        return wording(phrase("yes") if operand else phrase("no"), locale)
    if field is not None and operand in field.choices:
        return said(field.choices[operand], locale)
    return f"{operand:g}" if isinstance(operand, float) else str(operand)


def _title(name: str, fields: Fields, locale: str) -> str:
    return said(fields[name].title, locale, plain(name)) if name in fields else plain(name)


def _quote(name: str) -> str:
    return f"“{name}”"


def _list(parts: Sequence[str], locale: str) -> str:
    return (comma(locale)).join(parts)


def _colon(locale: str) -> str:
    return colon(locale)


def _semicolon(locale: str) -> str:
    return semicolon(locale)
