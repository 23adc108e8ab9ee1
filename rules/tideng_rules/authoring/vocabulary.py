"""The vocabulary of a deployment: everything a rule may name and say, for tools that help a person to write one.

Drawn from the catalogue alone, so that a plugin's facts, actions and channels are there the moment it is on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tideng.base.text import plain
from tideng.model.catalogue import Catalogue, EventType, Text
from tideng.model.metrics import FUNCTIONS, WINDOWS
from tideng.org.directory import Directory
from tideng_rules.check.comparisons import OPERATORS_OF
from tideng_rules.check.known_facts import ENVELOPE, FAMILIES
from tideng_rules.document.actions import (
    HELPED,
    RECIPIENTS,
    SEVERITIES,
    STEPS,
)
from tideng_rules.document.model import ABOUT, KINDS, OPERATORS
from tideng_rules.wording.titles import groups, titles


def vocabulary(
    catalogue: Catalogue, directory: Directory | None = None, moment: datetime | None = None
) -> dict[str, Any]:
    """Plain JSON values: event types with their fields, facts, metrics, targets, actions, recipients, channels, operators.

    Titles are given in every language (``{"zh": …, "en": …}``); `type` decides which of `operators` fit a fact. With
    `directory`, the roles of the client, the targets of its positions, and the values known by name (`choices`) are in it.
    `titles` names what the language itself offers (operators, units, windows, recipients …), `groups` the plugins.
    """
    roles = sorted(directory.roles) if directory else []
    return {
        "kinds": list(KINDS),
        "about": list(ABOUT),
        "families": list(FAMILIES),
        "operators": {kind: list(names) for kind, names in OPERATORS_OF.items()},
        "all_operators": list(OPERATORS),
        "events": [_event(one) for one in _by_name(catalogue.event_types)],
        "facts": [*_facts(catalogue), *_metrics(catalogue), *_targets(catalogue, directory)],
        "functions": list(FUNCTIONS),
        "windows": [*WINDOWS, *catalogue.windows, "last N days", "last N hours", "last N minutes"],
        "actions": [
            {"name": one.name, "effect": one.effect, "title": dict(one.title), "plugin": one.plugin}
            for one in catalogue.actions.values()
        ],
        "marks": [
            {"name": one.name, "title": dict(one.title), "plugin": one.plugin} for one in catalogue.marks.values()
        ],
        "recipients": [*RECIPIENTS, *(f"role:{role}" for role in roles)],
        "helped": list(HELPED),
        "severities": list(SEVERITIES),
        "steps": list(STEPS),
        "channels": [
            {"name": one.name, "title": dict(one.title), "plugin": one.plugin} for one in _by_name(catalogue.channels)
        ],
        "titles": {
            shelf: {name: plain(title) for name, title in titled.items()}
            for shelf, titled in titles(roles, catalogue.windows.values()).items()
        },
        "groups": groups(catalogue),
        "choices": _choices(directory),
    }


def _choices(directory: Directory | None) -> dict[str, list[dict[str, str]]]:
    """Values that are known by name, by the fact that has them: ``person.unit`` is one of the client's units."""
    if directory is None:
        return {}
    shelves: Mapping[str, Mapping[str, Any]] = {"person.unit": directory.units, "person.position": directory.positions}
    named = {name: [{"value": one.id, "title": one.name} for one in shelf.values()] for name, shelf in shelves.items()}
    return {name: values for name, values in named.items() if values}


def _event(declared: EventType) -> dict[str, Any]:
    fields = [_fact(one.name, one.type, one.title, one.unit, "") | {"key": one.key} for one in declared.fields]
    more = [
        {"name": f"{one.name}.length", "type": "integer", "unit": "characters" if one.type == "text" else "items"}
        for one in declared.fields
        if one.type in ("text", "list")
    ]
    envelope = [{"name": name, "type": kind} for name, kind in ENVELOPE.items()]
    return {
        "name": declared.name,
        "title": dict(declared.title),
        "plugin": declared.plugin,
        "open": declared.open,
        "fields": [*fields, *more, *envelope],
    }


def _facts(catalogue: Catalogue) -> Iterable[dict[str, Any]]:
    for fact in _by_name(catalogue.facts):
        yield _fact(fact.name, fact.type, fact.title, fact.unit, fact.plugin)
    for state in _by_name(catalogue.states):
        yield _fact(state.name, "boolean", state.title, "", state.plugin)


def _metrics(catalogue: Catalogue) -> Iterable[dict[str, Any]]:
    for metric in _by_name(catalogue.metrics):
        kind = "" if metric.function == "last" else "number"
        yield _fact(f"metric.{metric.name}", kind, metric.title, metric.unit, metric.plugin)


def _targets(catalogue: Catalogue, directory: Directory | None) -> Iterable[dict[str, Any]]:
    names = {name for position in directory.positions.values() for name in position.measured} if directory else set()
    for name in sorted(names):
        metric = catalogue.metrics.get(name)
        yield _fact(f"target.{name}", "number", metric.title if metric else {}, metric.unit if metric else "", "")


def _fact(name: str, kind: str, title: Text, unit: str, plugin: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "title": dict(title), "unit": unit, "plugin": plugin}


def _by_name(shelf: Mapping[str, Any]) -> list[Any]:
    return [shelf[name] for name in sorted(shelf)]
