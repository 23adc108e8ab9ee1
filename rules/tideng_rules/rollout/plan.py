"""What `plan` and `apply` say about the rules, line by line and in both languages: packs and their parameters, then each
rule with what changes in it, what was kept, and where two changes met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from tideng.base.errors import NotFound, Refused
from tideng.model.catalogue import Catalogue
from tideng.model.templates import Worded, spoken
from tideng_rules.document.merge import ABSENT, Conflict, written
from tideng_rules.document.source import Source
from tideng_rules.lifecycle.tables import PUBLISHED, RuleVersionRow
from tideng_rules.packaging.parameters import Parameter, parameters_of
from tideng_rules.packaging.reader import Shelf
from tideng_rules.rollout.apply import AS_FILES_SAY, BUNDLE, Change
from tideng_rules.wording.differences import differences

_VERSIONS = cast(Table, RuleVersionRow.__table__)
_WHAT = {"new": "新规则", "changed": "有改动", "archived": "下架", "merged": "两边的改动合在一起"}
_UNITS = {"characters": "字", "hours": "小时", "days": "天"}


def lines(
    connection: Connection, changes: Iterable[Change], sources: Sequence[Source], shelf: Shelf, catalogue: Catalogue
) -> list[Worded]:
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


def _headline(change: Change) -> Worded:
    rule, by, since = change.rule, change.by, change.since
    if change.what == "kept":
        zh = f"规则 {rule}：{by} 在部署里改过（版本 {since} 之后），保留"
    elif change.what == "stays archived":
        zh = f"规则 {rule}：{by} 在部署里下架了，保持不变"
    elif change.what == "torn":
        zh = f"规则 {rule}：文件里改过，{by} 在部署里也改过（版本 {since} 之后）；请用 `tideng apply --take files` 或 `--take deployment`"
        return Worded(f"{change}; `tideng apply --take files` or `--take deployment`", zh)
    else:
        zh = f"规则 {rule}：{_WHAT[change.what]}，版本 {change.version}"
    return Worded(str(change), zh)


def _details(before: Mapping[str, Any], after: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Worded]:
    both = zip(differences(before, after, "en", catalogue), differences(before, after, "zh", catalogue), strict=True)
    for en, zh in both:
        yield Worded(f"  {en.sentence}", f"  {zh.sentence}")


def _conflict(conflict: Conflict, by: str) -> Worded:
    ours, theirs = (
        ("nothing", "空") if one is ABSENT else (written(one),) * 2 for one in (conflict.ours, conflict.theirs)
    )
    return Worded(
        f"  both changed {conflict.place}: {by} has {ours[0]}, which stays; otherwise it would be {theirs[0]}",
        f"  {conflict.place} 两边都改过：{by} 的是 {ours[1]}，保留；另一边是 {theirs[1]}",
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


def _packs(connection: Connection, sources: Sequence[Source], shelf: Shelf) -> Iterator[list[Worded]]:
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
            said.append(
                Worded(
                    f"pack {name}: version {old_version} → {version}", f"规则包 {name}：版本 {old_version} → {version}"
                )
            )
        said += _parameters(old, new, old_given, given)
        yield said


def _parameters(
    old: Mapping[str, Parameter], new: Mapping[str, Parameter], was: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[Worded]:
    for name, parameter in new.items():
        value = given.get(name, parameter.default)
        before = was.get(name, old[name].default if name in old else None)
        if name not in old:
            yield _worded(parameter, f"new, {_shown(parameter, value)}", f"新增，{_shown(parameter, value, 'zh')}")
        elif value != before:
            change = (f"{_bare(before, one)} → {_shown(parameter, value, one)}" for one in ("en", "zh"))
            yield _worded(parameter, *change)
        elif name in given:
            yield _worded(parameter, f"{_shown(parameter, value)} stays", f"{_shown(parameter, value, 'zh')}，保持不变")
    for name, parameter in old.items():
        if name not in new:
            yield _worded(parameter, "no longer there", "已经没有了")


def _worded(parameter: Parameter, en: str, zh: str) -> Worded:
    title = parameter.title
    return Worded(f"  {title.get('en', parameter.name)}: {en}", f"  {title.get('zh', parameter.name)}：{zh}")


def _shown(parameter: Parameter, value: Any, locale: str = "en") -> str:
    unit = _UNITS.get(parameter.unit, parameter.unit) if locale == "zh" else parameter.unit
    return f"{_bare(value, locale)} {unit}".strip()


def _bare(value: Any, locale: str) -> str:
    return spoken(value, locale)


def _used(sources: Sequence[Source]) -> dict[str, Mapping[str, Any]]:
    return {source.made_from["pack"]: source.made_from for source in sources if source.made_from}
