"""A finding's reasons in words: the fact's title, the comparison, what was found, and whether it held."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from tideng.base.text import comma, pause
from tideng.model.catalogue import Catalogue
from tideng.model.templates import choose
from tideng_admin.display.filters import day, value
from tideng_admin.request.context import locale, web

OPERATORS: Mapping[str, Any] = {
    "is": _l("is"),
    "is_not": _l("is not"),
    "lt": _l("less than"),
    "lte": _l("at most"),
    "gt": _l("more than"),
    "gte": _l("at least"),
    "between": _l("between"),
    "in": _l("one of"),
    "not_in": _l("none of"),
    "contains": _l("contains"),
    "not_contains": _l("does not contain"),
    "starts_with": _l("starts with"),
    "matches": _l("matches"),
}
PARTS = {"when": _l("When"), "who": _l("Who"), "if": _l("If"), "until": _l("Until")}
_EVERY = {
    "day": _l("Every day"),
    "workday": _l("Workdays"),
    "week": _l("Every week"),
    "month": _l("Every month"),
}
_DAYS = {
    "monday": _l("Monday"),
    "tuesday": _l("Tuesday"),
    "wednesday": _l("Wednesday"),
    "thursday": _l("Thursday"),
    "friday": _l("Friday"),
    "saturday": _l("Saturday"),
    "sunday": _l("Sunday"),
    "last": _l("the last day"),
}
_UNITS = {
    "minutes": _l("%(n)s minutes"),
    "hours": _l("%(n)s hours"),
    "days": _l("%(n)s days"),
    "weeks": _l("%(n)s weeks"),
    "workdays": _l("%(n)s workdays"),
}


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One condition as people read it. `state`: yes, no, or unknown (there was no data)."""

    part: str
    sentence: str
    actual: str
    state: str


def reason_lines(why: Sequence[Mapping[str, Any]], event_type: str = "") -> list[ReasonLine]:
    """The reasons of a finding, in the order in which they were looked at."""
    return [_line(reason, event_type) for reason in why]


def _line(reason: Mapping[str, Any], event_type: str) -> ReasonLine:
    fact, op, operand = reason.get("fact", ""), reason.get("op", ""), reason.get("operand")
    if op == "without":
        others = _titles(operand or ())
        sentence = _("%(event)s came, and no %(others)s in time", event=event_title(fact), others=others)
        return ReasonLine(str(PARTS["when"]), sentence, value(reason.get("value")), "yes")
    if op == "wait":
        sentence = _("%(event)s came, %(n)s in all by the end of the wait", event=event_title(fact), n=operand)
        return ReasonLine(str(PARTS["when"]), sentence, value(reason.get("value")), "yes")
    if op == "not_all" and isinstance(operand, Mapping):
        came, open_ = (_titles(operand.get(part, ())) for part in ("came", "missing"))
        sentence = _("%(came)s came, and no %(missing)s in time", came=came, missing=open_)
        return ReasonLine(str(PARTS["when"]), sentence, value(reason.get("value")), "yes")
    title, actual = fact_title(fact, event_type), reason.get("value")
    if op == "exists":
        sentence = _("%(fact)s is known", fact=title) if operand else _("%(fact)s is not known", fact=title)
    elif isinstance(operand, bool) and op in ("is", "is_not"):
        sentence = title if operand == (op == "is") else _("not: %(fact)s", fact=title)
    elif op == "between" and isinstance(operand, list | tuple) and len(operand) == 2:
        low, high = map(value, operand)
        sentence = _("%(fact)s between %(low)s and %(high)s", fact=title, low=low, high=high)
    else:
        sentence = f"{title} {OPERATORS.get(op, op)} {value(operand)}"
    missing = actual is None and op != "exists"
    state = "unknown" if missing else "yes" if reason.get("holds") else "no"
    return ReasonLine(str(PARTS.get(reason.get("part", ""), "")), sentence, value(actual), state)


def fact_title(name: str, event_type: str = "") -> str:
    """What a fact is called: from the catalogue, else its bare name in words."""
    catalogue = web().deployment.catalogue
    if name.endswith(".length"):
        return _("length of %(what)s", what=fact_title(name.removesuffix(".length"), event_type))
    kind, _dot, rest = name.partition(".")
    if name in catalogue.states:
        return _title(catalogue.states[name].title, name)
    if name in catalogue.facts:
        return _title(catalogue.facts[name].title, name)
    if kind in ("metric", "target", "peers") and rest in catalogue.metrics:
        title = _title(catalogue.metrics[rest].title, rest)
        if kind == "metric":
            return title
        return _("target for %(what)s", what=title) if kind == "target" else _("%(what)s among peers", what=title)
    if kind == "event":
        return _field_title(catalogue, rest, event_type)
    return rest.replace("_", " ").replace(".", " ") or name


def _field_title(catalogue: Catalogue, field: str, event_type: str) -> str:
    known = catalogue.event_types
    places = [known[event_type]] if event_type in known else list(known.values())
    for place in places:
        found = place.field(field)
        if found:
            return _title(found.title, field)
    return field.replace("_", " ")


def _title(text: Mapping[str, str], fallback: str) -> str:
    return choose(text, locale())[0] or fallback


def event_title(name: str) -> str:
    known = web().deployment.catalogue.event_types.get(name)
    return _title(known.title, name) if known else name


def trigger_words(when: Mapping[str, Any]) -> str:
    """The trigger of a rule document in words: Workdays 19:00; needs raised, not followed within 24 hours."""
    if "every" in when:
        on = when.get("on")
        named = str(_DAYS.get(str(on), _("day %(n)s", n=on))) if on is not None else ""
        return " ".join(
            part for part in (str(_EVERY.get(when["every"], when["every"])), named, str(when.get("at", ""))) if part
        )
    if "not_all" in when:
        types = when["not_all"] if isinstance(when["not_all"], list) else [when["not_all"]]
        return _("Not all of %(events)s within %(time)s", events=_titles(types), time=_length(when.get("within")))
    event = event_title(str(when.get("event", "")))
    if "wait" in when:
        return _("%(time)s after the first of: %(event)s", event=event, time=_length(when["wait"]))
    if "without" not in when:
        return _("On: %(event)s", event=event)
    without = when["without"] if isinstance(when["without"], list) else [when["without"]]
    others = _titles(without)
    return _(
        "%(event)s, without %(others)s within %(time)s", event=event, others=others, time=_length(when.get("within"))
    )


def _titles(types: Iterable[Any]) -> str:
    return (comma(locale())).join(event_title(str(one)) for one in types)


def _length(within: Any) -> str:
    found = re.fullmatch(r"\s*(\d+)\s*([a-z]+?)s?\s*", str(within))
    unit = _UNITS.get(f"{found[2]}s") if found else None
    return str(unit) % {"n": found[1]} if unit and found else str(within)


def period_words(period: str) -> str:
    """The occurrence a finding belongs to, when it is a day; other periods are the machine's."""
    from datetime import date

    try:
        return day(date.fromisoformat(period))
    except ValueError:
        return ""


def limit_words(limit: Mapping[str, Any]) -> str:
    """How often a rule may speak to one person."""
    once, at_most = str(limit.get("once_per", "")), str(limit.get("at_most", ""))
    known = {
        "occurrence": _("once for each occurrence"),
        "day": _("at most once a day"),
        "week": _("at most once a week"),
        "month": _("at most once a month"),
    }
    parts = [known.get(once) or (_("at most once in %(time)s", time=_length(once)) if once else "")]
    number, _times, per = at_most.partition(" ")
    often = {
        "day": _("at most %(n)s times a day", n=number),
        "week": _("at most %(n)s times a week", n=number),
        "month": _("at most %(n)s times a month", n=number),
    }
    parts.append(often.get(per.rpartition(" ")[2], ""))
    text = (pause(locale())).join(filter(None, parts))
    if limit.get("by") and text:
        return _("%(limit)s, for each %(field)s", limit=text, field=fact_title(f"event.{limit['by']}"))
    return text
