"""What the rule language's own words are called, for whoever offers them to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tideng.base.text import Text, phrase, plain, same
from tideng.model.catalogue import Catalogue, StateWindow
from tideng_rules.wording.sentences import OPERATORS, RECIPIENTS_SAID

Titles = Mapping[str, Text]


_KINDS = {
    "reminder": phrase("Reminder"), "validation": phrase("Validation"), "escalation": phrase("Escalation"), "diagnosis": phrase("Diagnosis")
}  # fmt: skip
_ABOUT = {
    "person": phrase("A person"),
    "case": phrase("A case"),
    "position": phrase("A position"),
    "unit": phrase("A unit"),
}
_FAMILIES = {
    "event": phrase("This event"), "case": phrase("The case"), "person": phrase("The person"), "position": phrase("The position"),
    "unit": phrase("The unit"), "metric": phrase("Figures", context="titles"), "target": phrase("Targets"), "peers": phrase("Peers"), "found": phrase("Inferences"),
}  # fmt: skip
_UNITS = {
    "characters": phrase("characters"), "days": phrase("days"), "hours": phrase("hours"), "minutes": phrase("minutes"), "items": phrase("items", context="titles"),
    "people": phrase("people"), "points": phrase("points"), "reports": phrase("reports", context="titles"), "visits": phrase("visits", context="titles"), "share": phrase("share"),
    "ratio": phrase("ratio"), "percent": same("%"), "money": phrase("money"),
}  # fmt: skip
_TYPES = {
    "text": phrase("Text", context="titles"), "number": phrase("Number"), "integer": phrase("Whole number"), "boolean": phrase("Yes or no"), "date": phrase("Date"),
    "time": phrase("Moment"), "list": phrase("List"), "object": phrase("Group of values"),
}  # fmt: skip
_FUNCTIONS = {
    "count": phrase("How many"), "sum": phrase("Total"), "average": phrase("Average"), "min": phrase("Lowest"), "max": phrase("Highest"),
    "last": phrase("Latest"), "distinct": phrase("How many different"),
}  # fmt: skip
_TRIGGERS = {
    "every": phrase("At a time"), "event": phrase("When something comes"), "without": phrase("When something does not come"),
    "wait": phrase("After waiting a while"), "not_all": phrase("When not all of them come"),
}  # fmt: skip
_EVERY = {
    "day": phrase("Every day"),
    "workday": phrase("Every workday"),
    "week": phrase("Every week"),
    "month": phrase("Every month"),
}
_DAYS = {
    "monday": phrase("Monday"), "tuesday": phrase("Tuesday"), "wednesday": phrase("Wednesday"), "thursday": phrase("Thursday"),
    "friday": phrase("Friday"), "saturday": phrase("Saturday"), "sunday": phrase("Sunday"), "last": phrase("The last day"),
}  # fmt: skip
_DURATIONS = {
    "minutes": phrase("minutes"),
    "hours": phrase("hours"),
    "days": phrase("days"),
    "weeks": phrase("weeks"),
    "workdays": phrase("workdays"),
}
_LIMITS = {
    "occurrence": phrase("Once for each occurrence"), "day": phrase("At most once a day"), "week": phrase("At most once a week"),
    "month": phrase("At most once a month"),
}  # fmt: skip
_STEPS = {
    "course": phrase("A course"), "mentor": phrase("A mentor"), "practice": phrase("Practice"), "change_process": phrase("Change the process"),
    "review": phrase("Look at a figure again"),
}  # fmt: skip
_SEVERITIES = {"must": phrase("Needed"), "should": phrase("Would help")}
_WINDOWS = {
    "today": phrase("Today"),
    "this week": phrase("This week"),
    "this month": phrase("This month"),
    "last N days": phrase("Last N days"),
    "last N hours": phrase("Last N hours"),
    "last N minutes": phrase("Last N minutes"),
}
_CARDS = {
    "when": phrase("When", context="titles"), "who": phrase("Who"), "then": phrase("Then"), "later": phrase("Later", context="titles"),
    "until": phrase("Until"), "limit": phrase("Limit"), "examples": phrase("Examples"), "title": phrase("Title"), "why": phrase("Why"),
} | {"if": phrase("If")}  # fmt: skip
_GROUPS = {
    "all": phrase("All of these"),
    "any": phrase("Any of these"),
    "none": phrase("None of these", context="titles"),
}


def titles(roles: Iterable[str] = (), windows: Iterable[StateWindow] = ()) -> dict[str, Titles]:
    """Every list of the vocabulary → its names → their titles."""
    named = {f"role:{role}": phrase("the role “{role}”", role=role) for role in roles}
    return {
        "kinds": _KINDS,
        "about": _ABOUT,
        "families": _FAMILIES,
        "types": _TYPES,
        "operators": _operators(),
        "operators_of_dates": _operators(dates=True),
        "groups": _GROUPS,
        "units": _UNITS,
        "functions": _FUNCTIONS,
        "windows": _WINDOWS | {one.name: one.title for one in windows},
        "triggers": _TRIGGERS,
        "every": _EVERY,
        "days": _DAYS,
        "durations": _DURATIONS,
        "limits": _LIMITS,
        "recipients": {**RECIPIENTS_SAID, **named},
        "severities": _SEVERITIES,
        "steps": _STEPS,
        "cards": _CARDS,
    }


def _operators(dates: bool = False) -> Titles:
    found: dict[str, Text] = {**OPERATORS, "exists": phrase("has data")}
    if dates:  # nobody says that Monday is more than Sunday
        found |= {
            "lt": phrase("is before"),
            "lte": phrase("is no later than"),
            "gt": phrase("is after"),
            "gte": phrase("is no earlier than"),
        }
    return found


def groups(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The plugins that something of the catalogue comes from, with the titles under which an editor groups it."""
    shelves: tuple[Mapping[str, Any], ...] = (
        catalogue.event_types, catalogue.facts, catalogue.states, catalogue.metrics, catalogue.actions, catalogue.marks
    )  # fmt: skip
    names = sorted({one.plugin for shelf in shelves for one in shelf.values()})
    return [{"name": name, "title": plain(catalogue.title_of(name))} for name in names]
