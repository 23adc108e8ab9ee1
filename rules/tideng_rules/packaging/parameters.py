"""The parameters of a pack: what a client may set, in which bounds, and the rules with the values filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tideng.base.durations import Duration
from tideng.base.errors import InvalidRule, Refused
from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest
from tideng.base.text import same
from tideng.model.catalogue import Text
from tideng_rules.document.problems import (
    Collector,
    join,
    kind_of,
    shown,
)
from tideng_rules.document.triggers import CLOCK_TIME
from tideng_rules.packaging.topics import SLOT, check_blueprints

PACK_KEYS = ("pack", "version", "title", "parameters", "blueprints", "rules")
PARAMETER_KEYS = ("type", "unit", "min", "max", "default", "title")
TYPES = ("integer", "number", "text", "boolean", "time", "duration")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing a client may set. `default` None: it must be given. `minimum` and `maximum` are in `unit`."""

    name: str
    type: str
    title: Text
    unit: str = ""
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None


def parameters_of(pack: Mapping[str, Any]) -> list[Parameter]:
    """The parameters a pack declares, in the order in which it does; the pack must be in order."""
    found = []
    for name, spec in pack.get("parameters", {}).items():
        title = spec.get("title", {})
        title = title if isinstance(title, Mapping) else same(title)
        bounds = (spec.get("min"), spec.get("max"))
        found.append(Parameter(name, spec["type"], title, spec.get("unit", ""), spec.get("default"), *bounds))
    return found


def fill_pack(pack: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pack's rule documents with ``${name}`` filled: from `parameters`, else from the defaults.

    A text that is nothing but ``${name}`` becomes the typed value. Raises `InvalidRule` with every problem at once.
    """
    notes = Collector()
    notes.mapping(pack, "", PACK_KEYS, ("pack", "rules"))
    declared = notes.mapping(pack.get("parameters", {}), "parameters", None)
    for name in parameters:
        if name not in declared:
            notes.note(f"parameters.{name}", "unknown-parameter", {"near": nearest(name, map(str, declared))})
    values = {name: _value(name, spec, parameters, notes) for name, spec in declared.items()}
    rules = notes.items(pack.get("rules", []), "rules", "rules")
    filled = [_fill(rule, values, f"rules[{n}]", notes) for n, rule in enumerate(rules)]
    for number, rule in enumerate(filled):
        if not isinstance(rule, Mapping):
            notes.note(f"rules[{number}]", "rule-not-a-mapping", {"kind": kind_of(rule)})
    ids = [str(rule["id"]) for rule in rules if isinstance(rule, Mapping) and "id" in rule]
    check_blueprints(pack.get("blueprints", {}), ids, declared, notes)
    if notes.problems:
        raise InvalidRule(Sentence("pack-called", {"name": shown(pack.get("pack"))}), notes.problems)
    return filled


def _value(name: str, spec: Any, given: Mapping[str, Any], notes: Collector) -> Any:
    at = f"parameters.{name}"
    notes.mapping(spec, at, PARAMETER_KEYS, ("type",))
    if not isinstance(spec, Mapping):
        return None
    if name not in given and "default" not in spec:
        notes.note(at, "parameter-missing")
        return None
    value, kind = given.get(name, spec.get("default")), notes.choice(spec.get("type"), f"{at}.type", TYPES)
    wrong = _mismatch(kind, value) if kind else None
    if wrong is None and isinstance(value, int | float):
        low, high = spec.get("min"), spec.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            unit = f" {spec['unit']}" if "unit" in spec else ""
            wrong = Sentence("parameter-out-of-range", {"value": value, "low": low, "high": high, "unit": unit})
    if wrong:
        notes.note(at, wrong.code, wrong.params)
    return value


def _mismatch(kind: str, value: Any) -> Sentence | None:
    fits = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "text": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "time": isinstance(value, str) and CLOCK_TIME.fullmatch(value) is not None,
        "duration": _is_duration(value),
    }
    kinds = {"time": "clock-time", "duration": "duration"}
    return (
        None
        if fits[kind]
        else Sentence("parameter-of-other-type", {"value": shown(value), "kind": kinds.get(kind, kind)})
    )


def _is_duration(value: Any) -> bool:
    try:
        Duration.parse(value)
    except Refused:
        return False
    return True


def _fill(value: Any, values: Mapping[str, Any], at: str, notes: Collector) -> Any:
    if isinstance(value, Mapping):
        return {key: _fill(item, values, join(at, str(key)), notes) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, values, join(at, number), notes) for number, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    for name in SLOT.findall(value):
        if name not in values:
            notes.note(at, "parameter-unknown-here", {"name": name, "near": nearest(name, values)})
    whole = SLOT.fullmatch(value)
    if whole:
        return values.get(whole[1])
    return SLOT.sub(lambda slot: str(values.get(slot[1], slot[0])), value)
