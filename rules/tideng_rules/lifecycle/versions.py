"""Every version of a rule: its author and approver, and from when to when it was in force."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Table, exists, or_, select

from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound
from tideng_rules.lifecycle.rights import require_reading
from tideng_rules.lifecycle.tables import PUBLISHED, RuleVersionRow

_VERSIONS = cast(Table, RuleVersionRow.__table__)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one rule, see `RuleVersionRow`. `archived_by`: who ended it, by publishing another or by archiving."""

    rule: str
    version: int
    document: Mapping[str, Any]
    state: str
    author: str
    approved_by: str | None
    note: str
    origin: Mapping[str, Any] | None
    expected: int | None
    preview: Mapping[str, Any] | None
    created_at: datetime
    published_at: datetime | None
    since: datetime | None
    archived_at: datetime | None
    archived_by: str | None
    source: str | None = None


_COLUMNS = [_VERSIONS.c[name] for name in Version.__slots__]


def versions(connection: Connection, viewer: Viewer, rule: str) -> list[Version]:
    """Every version of one rule, newest first; raises `NotFound` for a rule that never was."""
    require_reading(viewer)
    rows = connection.execute(select(*_COLUMNS).where(_VERSIONS.c.rule == rule).order_by(_VERSIONS.c.version.desc()))
    found = [Version(*row) for row in rows]
    if not found:
        raise NotFound("no-rule", {"rule": rule})
    return found


def version(connection: Connection, viewer: Viewer, rule: str, number: int) -> Version:
    """One version of one rule; raises `NotFound`."""
    require_reading(viewer)
    row = connection.execute(select(*_COLUMNS).where(_VERSIONS.c.rule == rule, _VERSIONS.c.version == number)).first()
    if row is None:
        raise NotFound("no-rule-version", {"version": number, "rule": rule})
    return Version(*row)


def latest(connection: Connection, rule: str) -> Version | None:
    """The version in force, else the newest; None for a rule that never was. For whoever has been authorised already."""
    newest = (_VERSIONS.c.state.desc(), _VERSIONS.c.version.desc())  # published sorts after archived
    row = connection.execute(select(*_COLUMNS).where(_VERSIONS.c.rule == rule).order_by(*newest).limit(1)).first()
    return Version(*row) if row else None


def newest(connection: Connection, viewer: Viewer, rules: Collection[str]) -> dict[str, Version]:
    """Rule → its version in force, else its newest, of those of `rules` that ever were. One statement."""
    require_reading(viewer)
    order = (_VERSIONS.c.state, _VERSIONS.c.version)  # published sorts last and is what stays
    rows = connection.execute(select(*_COLUMNS).where(_VERSIONS.c.rule.in_(sorted(rules))).order_by(*order))
    return {row.rule: Version(*row) for row in rows}


# -- for callers that have been authorised already ----------------------------------------------------------------------


class StoredVersion(NamedTuple):
    """What a page shows of a version; `state`: published (in force) or archived."""

    rule: str
    version: int
    state: str
    document: Mapping[str, Any]
    published_at: datetime | None
    note: str
    author: str
    source: str | None


_SHOWN = [_VERSIONS.c[name] for name in StoredVersion._fields]


def stored_versions(
    connection: Connection, *, state: str | None = None, rule: str | None = None, number: int | None = None
) -> list[StoredVersion]:
    """The versions in a state, of a rule, or with a number, by rule and newest first; None leaves it open. One statement."""
    query = select(*_SHOWN).order_by(_VERSIONS.c.rule, _VERSIONS.c.version.desc())
    for column, value in ((_VERSIONS.c.state, state), (_VERSIONS.c.rule, rule), (_VERSIONS.c.version, number)):
        query = query if value is None else query.where(column == value)
    return [StoredVersion(*row) for row in connection.execute(query)]


def documents_of_rules(connection: Connection, rules: Collection[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Every version of these rules as (rule, document), oldest version first. One statement."""
    query = select(_VERSIONS.c.rule, _VERSIONS.c.document).where(_VERSIONS.c.rule.in_(sorted(rules)))
    return [(row.rule, row.document) for row in connection.execute(query.order_by(_VERSIONS.c.version))]


def documents_of_versions(
    connection: Connection, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], Mapping[str, Any]]:
    """The rule documents of these (rule, version). One statement; none where nothing is wanted."""
    numbers: dict[str, list[int]] = {}
    for rule, number in sorted(set(wanted)):
        numbers.setdefault(rule, []).append(number)
    if not numbers:
        return {}
    these = or_(*((_VERSIONS.c.rule == rule) & _VERSIONS.c.version.in_(of) for rule, of in numbers.items()))
    found = connection.execute(select(_VERSIONS.c.rule, _VERSIONS.c.version, _VERSIONS.c.document).where(these))
    return {(one.rule, one.version): one.document for one in found}


def any_in_force() -> ColumnElement[bool]:
    """Whether any rule is in force, as a column of a query."""
    return exists().where(_VERSIONS.c.state == PUBLISHED)
