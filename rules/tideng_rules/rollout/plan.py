"""What `plan` and `apply` say about the rules, line by line: packs and their parameters, then each
rule with what changes in it, what was kept, and where two changes met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from tideng.base.errors import NotFound, Refused
from tideng.base.text import SOURCE, Each, Text, languages, phrase
from tideng.model.catalogue import Catalogue
from tideng.model.templates import spoken
from tideng_rules.document.merge import ABSENT, Conflict, written
from tideng_rules.document.source import Source
from tideng_rules.lifecycle.tables import PUBLISHED, RuleVersionRow
from tideng_rules.packaging.parameters import Parameter, parameters_of
from tideng_rules.packaging.reader import Shelf
from tideng_rules.rollout.apply import AS_FILES_SAY, BUNDLE, Change
from tideng_rules.wording.differences import differences

_VERSIONS = cast(Table, RuleVersionRow.__table__)
_WHAT = {
    "new": phrase("new", context="a rule"),
    "changed": phrase("changed", context="a rule"),
    "archived": phrase("archived", context="a rule"),
    "merged": phrase("merged", context="a rule"),
}
_UNITS = {"characters": phrase("characters"), "hours": phrase("hours"), "days": phrase("days")}


def lines(
    connection: Connection, changes: Iterable[Change], sources: Sequence[Source], shelf: Shelf, catalogue: Catalogue
) -> list[Text]:
    """Everything that applying changes about the rules, or leaves as people made it. Call it before they are applied."""
    said = [line for pack in _packs(connection, sources, shelf) for line in pack]
    conflicts = {source.rule.id: source for source in sources if source.conflicts}
    for change in changes:
        said.append(_headline(change))
        if change.before is not None and change.after is not None:
            kept = change.what == "kept"  # then it is told what people changed, else what would change
            ends = (change.after, change.before) if kept else (change.before, change.after)
            said += _details(*ends, catalogue)
        said += [_conflict(one, change.by) for one in change.conflicts]
        if change.rule in conflicts and change.writes:
            source = conflicts[change.rule]
            said += [_conflict(one, source.origin) for one in source.conflicts]
    return said


def _headline(change: Change) -> Text:
    values: dict[str, Any] = {"rule": change.rule, "by": change.by, "since": change.since}
    if change.what == "kept":
        return phrase("rule {rule}: {by} changed it in the deployment after version {since}; kept", **values)
    if change.what == "stays archived":
        return phrase("rule {rule}: {by} archived it in the deployment; it stays so", **values)
    if change.what == "torn":
        return phrase(
            "rule {rule}: changed in the files, and by {by} in the deployment after version {since}; "
            "`tideng apply --take files` or `--take deployment`",
            **values,
        )
    return phrase("rule {rule}: {what}, version {n}", rule=change.rule, what=_WHAT[change.what], n=change.version)


def _details(before: Mapping[str, Any], after: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Text]:
    told = {one: differences(before, after, one, catalogue) for one in languages()}
    for number in range(len(told[SOURCE])):
        yield {language: f"  {found[number].sentence}" for language, found in told.items()}


def _conflict(conflict: Conflict, by: str) -> Text:
    ours, theirs = (
        phrase("nothing", context="plan") if one is ABSENT else written(one) for one in (conflict.ours, conflict.theirs)
    )
    return phrase(
        "  both changed {place}: {by} has {ours}, which stays; otherwise it would be {theirs}",
        place=conflict.place,
        by=by,
        ours=ours,
        theirs=theirs,
    )


# -- packs ---------------------------------------------------------------------------------------------------------
def packs_in_force(connection: Connection) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The packs whose rules are in force: name → the version and the parameters the client set."""
    columns = (_VERSIONS.c.origin, _VERSIONS.c.author, _VERSIONS.c.published_at)
    rows = connection.execute(select(*columns).where(_VERSIONS.c.state == PUBLISHED).order_by(_VERSIONS.c.published_at))
    found = {}
    for origin, author, _ in rows:
        applied = author == BUNDLE or AS_FILES_SAY in (origin or {})  # what people filled in is of one rule alone
        if origin and "pack" in origin and applied:  # the rule published last says what was applied last
            found[origin["pack"]] = (str(origin["version"]), origin.get("parameters", {}))
    return found


def _packs(connection: Connection, sources: Sequence[Source], shelf: Shelf) -> Iterator[list[Text]]:
    before = packs_in_force(connection)
    for made_from in _used(sources).values():
        name, version, given = made_from["pack"], made_from["version"], made_from["parameters"]
        if name not in before or before[name] == (version, given):
            continue
        old_version, old_given = before[name]
        new = {one.name: one for one in parameters_of(shelf.read(name, version))}
        try:
            old = {one.name: one for one in parameters_of(shelf.read(name, old_version))}
        except (NotFound, Refused):  # no longer shipped: what was new in between cannot be told
            old = new
        said = []
        if old_version != version:
            said.append(phrase("pack {name}: version {before} → {after}", name=name, before=old_version, after=version))
        said += _parameters(old, new, old_given, given)
        yield said


def _parameters(
    old: Mapping[str, Parameter], new: Mapping[str, Parameter], was: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[Text]:
    for name, parameter in new.items():
        value = given.get(name, parameter.default)
        before = was.get(name, old[name].default if name in old else None)
        if name not in old:
            yield _worded(parameter, phrase("new, {value}", value=_shown(parameter, value)))
        elif value != before:
            yield _worded(parameter, phrase("{before} → {after}", before=_bare(before), after=_shown(parameter, value)))
        elif name in given:
            yield _worded(parameter, phrase("{value} stays", value=_shown(parameter, value)))
    for name, parameter in old.items():
        if name not in new:
            yield _worded(parameter, phrase("no longer there"))


def _worded(parameter: Parameter, what: Text) -> Text:
    return phrase("  {name}: {what}", name=parameter.title or parameter.name, what=what)


def _shown(parameter: Parameter, value: Any) -> Text:
    if not parameter.unit:
        return _bare(value)
    return phrase("{value} {unit}", value=_bare(value), unit=_UNITS.get(parameter.unit, parameter.unit))


def _bare(value: Any) -> Text:
    return Each(lambda language: spoken(value, language))


def _used(sources: Sequence[Source]) -> dict[str, Mapping[str, Any]]:
    return {source.made_from["pack"]: source.made_from for source in sources if source.made_from}
