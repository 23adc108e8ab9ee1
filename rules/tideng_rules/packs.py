"""Packs: rules that are shipped with parameters, and a client's whole set of rules, packs first, its own over them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideng.catalogue import Catalogue
from tideng.durations import Duration
from tideng.errors import InvalidBundle, InvalidRule, NotFound, Problem, Refused
from tideng_rules.collecting import Collector, join, kind_of, nearest, show
from tideng_rules.documents import read_documents
from tideng_rules.model import Rule
from tideng_rules.parser import parse_rule
from tideng_rules.triggers import CLOCK_TIME

if TYPE_CHECKING:
    from tideng.bundle import Bundle

PACK_KEYS = ("pack", "version", "title", "parameters", "rules")
PARAMETER_KEYS = ("type", "unit", "min", "max", "default", "title")
TYPES = ("integer", "number", "text", "boolean", "time", "duration")
_SLOT = re.compile(r"\$\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Source:
    """One rule with where it was written: a pack, or a file of the client."""

    rule: Rule
    origin: str


def packs_folder() -> Path:
    """Where the shipped packs are: beside the package in the repository, inside it once it is installed elsewhere."""
    here = Path(__file__).resolve().parent
    return next((f for f in (here.parent / "packs", here / "packs") if f.is_dir()), here / "packs")


def shipped_packs() -> dict[str, Path]:
    """Pack name → its file; a pack's name is its file's."""
    return {path.stem: path for path in sorted(packs_folder().glob("*.yaml"))}


def read_pack(name: str) -> Mapping[str, Any]:
    """The document of a shipped pack; raises `NotFound`, or `InvalidRule` when it cannot be read."""
    packs = shipped_packs()
    if name not in packs:
        hint = nearest(name, packs) or "shipped are: " + ", ".join(packs)
        raise NotFound(f"there is no pack {name!r} ({hint})")
    documents = read_documents(packs[name])
    if len(documents) != 1 or not isinstance(documents[0], Mapping) or documents[0].get("pack") != name:
        raise InvalidRule(f"pack {name}", [Problem("pack", f"the file must hold one pack named {name!r}")])
    return documents[0]


def fill_pack(pack: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pack's rule documents with ``${name}`` filled: from `parameters`, else from the defaults.

    A text that is nothing but ``${name}`` becomes the typed value. Raises `InvalidRule` with every problem at once.
    """
    notes = Collector()
    notes.mapping(pack, "", PACK_KEYS, ("pack", "rules"))
    declared = notes.mapping(pack.get("parameters", {}), "parameters", None)
    for name in parameters:
        if name not in declared:
            notes.note(f"parameters.{name}", "the pack has no such parameter", nearest(name, map(str, declared)))
    values = {name: _value(name, spec, parameters, notes) for name, spec in declared.items()}
    rules = notes.items(pack.get("rules", []), "rules", "rules")
    filled = [_fill(rule, values, f"rules[{n}]", notes) for n, rule in enumerate(rules)]
    for number, rule in enumerate(filled):
        if not isinstance(rule, Mapping):
            notes.note(f"rules[{number}]", f"a rule is a mapping, not {kind_of(rule)}")
    if notes.problems:
        raise InvalidRule(f"pack {show(pack.get('pack'))}", notes.problems)
    return filled


def _value(name: str, spec: Any, given: Mapping[str, Any], notes: Collector) -> Any:
    at = f"parameters.{name}"
    notes.mapping(spec, at, PARAMETER_KEYS, ("type",))
    if not isinstance(spec, Mapping):
        return None
    if name not in given and "default" not in spec:
        notes.note(at, "has no default and was not given")
        return None
    value, kind = given.get(name, spec.get("default")), notes.choice(spec.get("type"), f"{at}.type", TYPES)
    problem = _mismatch(kind, value) if kind else ""
    if not problem and isinstance(value, int | float):
        low, high = spec.get("min"), spec.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            unit = f" {spec['unit']}" if "unit" in spec else ""
            problem = f"{value} is not between {low} and {high}{unit}"
    if problem:
        notes.note(at, problem)
    return value


def _mismatch(kind: str, value: Any) -> str:
    fits = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "text": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "time": isinstance(value, str) and CLOCK_TIME.fullmatch(value) is not None,
        "duration": _is_duration(value),
    }
    names = {"integer": "a whole number", "number": "a number", "text": "a text", "boolean": "true or false"}
    names |= {"time": 'a time such as "19:00"', "duration": "a length of time such as 24 hours"}
    return "" if fits[kind] else f"{show(value)} is not {names[kind]}"


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
    for name in _SLOT.findall(value):
        if name not in values:
            notes.note(at, f"there is no parameter {name!r}", nearest(name, values))
    whole = _SLOT.fullmatch(value)
    if whole:
        return values.get(whole[1])
    return _SLOT.sub(lambda slot: str(values.get(slot[1], slot[0])), value)


def load_rules_of(bundle: Bundle, catalogue: Catalogue | None = None) -> list[Rule]:
    """Every rule of a client: its packs with its parameters, then its own; the same id overrides.

    Raises `InvalidBundle` with every problem of every file at once.
    """
    return [source.rule for source in sources_of(bundle, catalogue)]


def sources_of(bundle: Bundle, catalogue: Catalogue | None = None) -> list[Source]:
    """The same as `load_rules_of`, each with its origin: ``pack travel-sales`` or a file such as ``rules/own.yaml``."""
    sources, problems = read_sources(bundle, catalogue)
    if problems:
        raise InvalidBundle("rules", problems)
    return sources


def read_sources(bundle: Bundle, catalogue: Catalogue | None = None) -> tuple[list[Source], list[Problem]]:
    """The rules that can be read, and every problem of the others."""
    problems: list[Problem] = []
    packed = {s.rule.id: s for s in _from_packs(bundle, catalogue, problems)}
    own: dict[str, Source] = {}
    for source in _from_files(bundle, catalogue, problems):
        if source.rule.id in own:
            problems.append(Problem(source.origin, f"rule {source.rule.id!r} is also in {own[source.rule.id].origin}"))
        own[source.rule.id] = source
    return list({**packed, **own}.values()), problems


def _from_packs(bundle: Bundle, catalogue: Catalogue | None, problems: list[Problem]) -> Iterator[Source]:
    for number, use in enumerate(bundle.packs):
        place = f"client.yaml packs[{number}]"
        try:
            pack = read_pack(use.name)
            if use.version not in (None, str(pack.get("version"))):
                hint = f"shipped is version {pack.get('version')}"
                problems.append(Problem(f"{place}.version", f"{use.name} {use.version} is not there", hint))
            documents = fill_pack(pack, use.parameters)
        except NotFound as error:
            problems.append(Problem(place, str(error)))
        except InvalidRule as error:
            problems.extend(_under(place, error.problems))
        else:
            yield from _parsed(documents, f"pack {use.name}", catalogue, problems)


def _from_files(bundle: Bundle, catalogue: Catalogue | None, problems: list[Problem]) -> Iterator[Source]:
    from tideng_rules.documents import read_rules

    for path in bundle.rule_files:
        origin = str(path.relative_to(bundle.root)) if path.is_relative_to(bundle.root) else str(path)
        try:
            documents = read_rules(path)
        except InvalidRule as error:
            problems.extend(_under(origin, error.problems))
        else:
            yield from _parsed(documents, origin, catalogue, problems)


def _parsed(
    documents: list[Mapping[str, Any]], origin: str, catalogue: Catalogue | None, problems: list[Problem]
) -> Iterator[Source]:
    for number, document in enumerate(documents):
        try:
            yield Source(parse_rule(document, catalogue), origin)
        except InvalidRule as error:
            problems.extend(_under(f"{origin}, {document.get('id') or f'rule {number + 1}'}", error.problems))


def _under(place: str, problems: tuple[Problem, ...]) -> Iterator[Problem]:
    for problem in problems:
        at = f"{place}: {problem.at}" if problem.at else place
        yield Problem(at, problem.problem, problem.hint, problem.severity)
