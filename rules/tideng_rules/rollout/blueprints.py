"""Blueprints: the rules of packs, to be filled in. Each becomes a draft that knows which pack it came from, so that a later
version of the pack shows what changes and keeps what people changed themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound, Problem, Refused
from tideng.base.problems import Sentence
from tideng.base.text import same
from tideng.model.catalogue import Text
from tideng.store.deployment_notes import read_note, write_note
from tideng_rules.document.merge import Merged, merge
from tideng_rules.lifecycle.drafts import Draft, create_draft
from tideng_rules.lifecycle.rights import require_reading, require_writing
from tideng_rules.lifecycle.store import Provenance
from tideng_rules.lifecycle.versions import Version, latest
from tideng_rules.packaging.parameters import Parameter, fill_pack, parameters_of
from tideng_rules.packaging.reader import Shelf, packs_folder
from tideng_rules.packaging.topics import SLOT

CLIENT_PACKS = "rules.packs"
"""The note that holds the packs of the client's folder as they were applied: pack → version → document, newest first."""


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One rule of a pack's newest version. `parameters` are those it uses; `sentence` may hold ``${name}`` of them.

    `elsewhere`: what was measured with it and where, in both languages; empty where nothing was. `source`: its address.
    """

    pack: str
    version: str
    rule: str
    title: Text
    why: Text
    topic: str
    sentence: Text
    elsewhere: Text
    source: str
    parameters: tuple[Parameter, ...]


def blueprints(shelf: Shelf) -> list[Blueprint]:
    """Every rule of the newest version of every pack, in the order of the packs."""
    return [one for name in shelf.packs for one in _of_pack(shelf.read(name))]


def blueprint(shelf: Shelf, pack: str, rule: str) -> Blueprint:
    """One of them; raises `NotFound`."""
    found = next((one for one in _of_pack(shelf.read(pack)) if one.rule == rule), None)
    if found is None:
        raise NotFound("no-rule", {"rule": rule})
    return found


def _of_pack(pack: Mapping[str, Any]) -> Iterator[Blueprint]:
    declared, told = parameters_of(pack), pack.get("blueprints", {})
    for rule in pack["rules"]:
        said = told.get(rule["id"], {})
        elsewhere = said.get("elsewhere", {})
        used = _slots(rule)
        yield Blueprint(
            pack=pack["pack"],
            version=str(pack.get("version", "")),
            rule=rule["id"],
            title=_text(rule.get("title")),
            why=_text(rule.get("why")),
            topic=said.get("topic", "other"),
            sentence=_text(said.get("sentence")),
            elsewhere={key: words for key, words in elsewhere.items() if key != "source"},
            source=elsewhere.get("source", ""),
            parameters=tuple(one for one in declared if one.name in used),
        )


def _slots(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*map(_slots, value.values()))
    if isinstance(value, list):
        return set().union(*map(_slots, value))
    return set(SLOT.findall(value)) if isinstance(value, str) else set()


def _text(value: Any) -> Text:
    return value if isinstance(value, Mapping) else same(value) if isinstance(value, str) else {}


# -- the packs of this deployment ----------------------------------------------------------------------------------
def keep_packs(connection: Connection, shelf: Shelf, now: datetime) -> None:
    """Keep the client's own packs with the deployment, which goes on without the client's folder."""
    packs = {
        name: [[version, shelf.read(name, version)] for version, path in versions.items()]
        for name, versions in shelf.packs.items()
        if any(path.parent != packs_folder() for path in versions.values())
    }
    write_note(connection, CLIENT_PACKS, packs, now)


def shelf_in_use(connection: Connection) -> Shelf:
    """The shipped packs, and those the client brought when it was applied last."""
    kept = read_note(connection, CLIENT_PACKS)
    return Shelf.of(packs_folder()).beside({name: dict(versions) for name, versions in kept.items()})


# -- filled in -----------------------------------------------------------------------------------------------------
def fill_in(
    connection: Connection,
    viewer: Viewer,
    shelf: Shelf,
    pack: str,
    rule: str,
    values: Mapping[str, Any],
    now: datetime,
) -> Draft:
    """Begin a draft from a blueprint with these parameters; where the rule is there already, a draft of that rule which
    keeps what people changed in it. Raises `NotFound`, or `InvalidRule` with every parameter that does not fit."""
    require_writing(viewer)
    blueprint(shelf, pack, rule)
    held = latest(connection, rule)
    if held is not None and held.origin and held.origin.get("pack") == pack:
        return refill(connection, viewer, shelf, rule, values, now)[0]
    document = _filled(shelf, pack, None, rule, values)
    origin = {"pack": pack, "version": shelf.newest(pack), "parameters": dict(values)}
    return create_draft(connection, viewer, document, now, rule=rule if held else "", provenance=Provenance(origin))


def refill(
    connection: Connection,
    viewer: Viewer,
    shelf: Shelf,
    rule: str,
    values: Mapping[str, Any],
    now: datetime,
) -> tuple[Draft, Merged]:
    """A draft of a rule made from a pack, from the pack's newest version with other parameters. What people changed in
    the rule stays; where the pack changed the same thing, theirs stands and the place is among the conflicts."""
    require_writing(viewer)
    held = latest(connection, rule)
    if held is None or not held.origin or "pack" not in held.origin:
        raise Refused(Sentence("rule-called", {"id": rule}), [Problem("", "rule-not-from-pack")])
    merged, origin = refilled(shelf, held, values)
    return create_draft(connection, viewer, merged.document, now, rule=rule, provenance=Provenance(origin)), merged


def refilled(shelf: Shelf, held: Version, values: Mapping[str, Any]) -> tuple[Merged, Mapping[str, Any]]:
    """What a rule in force becomes with these parameters and the pack's newest version, and its origin then."""
    assert held.origin is not None  # asked before
    pack, before = held.origin["pack"], held.origin.get("parameters", {})
    known = {one.name for one in parameters_of(shelf.read(pack))}
    given = {name: value for name, value in before.items() if name in known} | dict(values)
    theirs = _filled(shelf, pack, None, held.rule, given)
    try:
        base = _filled(shelf, pack, str(held.origin["version"]), held.rule, before)
    except (NotFound, Refused):  # that version is shipped no more: every difference counts as people's own
        base = _filled(shelf, pack, None, held.rule, {n: v for n, v in before.items() if n in known})
    origin = {"pack": pack, "version": shelf.newest(pack), "parameters": given}
    return merge(base, held.document, theirs), origin


@dataclass(frozen=True, slots=True)
class InUse:
    """A rule made from a pack: `version` it has, `newest` there is, its `values` by parameter."""

    blueprint: Blueprint
    version: str
    values: Mapping[str, Any]
    upgrade: Merged | None


def in_use(connection: Connection, viewer: Viewer, shelf: Shelf, rule: str) -> InUse | None:
    """The blueprint of a rule with the values it has, and what the pack's newest version would make of it; None for a
    rule that came from no pack, or from one that is there no more."""
    require_reading(viewer)
    held = latest(connection, rule)
    if held is None or not held.origin or "pack" not in held.origin:
        return None
    try:
        one = blueprint(shelf, held.origin["pack"], rule)
        newer = one.version != str(held.origin["version"])
        upgrade = refilled(shelf, held, {})[0] if newer else None
    except (NotFound, Refused):
        return None
    given = held.origin.get("parameters", {})
    values = {p.name: given.get(p.name, p.default) for p in one.parameters}
    return InUse(one, str(held.origin["version"]), values, upgrade)


def _filled(shelf: Shelf, pack: str, version: str | None, rule: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = {str(one.get("id")): one for one in fill_pack(shelf.read(pack, version), values)}
    if rule not in found:
        raise NotFound("no-rule", {"rule": rule})
    return found[rule]
