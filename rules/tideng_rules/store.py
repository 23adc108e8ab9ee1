"""Rules in the database: every version ever published stays, as it was; at most one of a rule is in force."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, func, insert, select, update

from tideng.catalogue import Catalogue
from tideng.errors import InvalidRule
from tideng_rules.book import Published
from tideng_rules.parser import parse_rule
from tideng_rules.tables import ARCHIVED, PUBLISHED, RulePauseRow, RuleRevisionRow, RuleVersionRow

_VERSIONS = cast(Table, RuleVersionRow.__table__)
_REVISION = cast(Table, RuleRevisionRow.__table__)
_PAUSES = cast(Table, RulePauseRow.__table__)


@dataclass(frozen=True, slots=True)
class Change:
    """What publishing does to one rule: ``new``, ``changed`` or ``archived``; `version` is the one that results."""

    rule: str
    what: str
    version: int

    def __str__(self) -> str:
        return f"rule {self.rule}: {self.what}, version {self.version}"


def revision(connection: Connection) -> int:
    """The number of the latest change; 0 before the first."""
    return connection.scalar(select(_REVISION.c.revision)) or 0


def in_force(
    connection: Connection, catalogue: Catalogue | None = None, paused: bool = False
) -> tuple[list[Published], dict[str, str]]:
    """Every published rule, parsed; and rule id → why, for those that this program can no longer read.

    Rules that are paused are left out, unless `paused` asks for them too.
    """
    columns = (_VERSIONS.c.rule, _VERSIONS.c.document, _VERSIONS.c.version, _VERSIONS.c.since, _VERSIONS.c.expected)
    statement = select(*columns).where(_VERSIONS.c.state == PUBLISHED).order_by(_VERSIONS.c.rule)
    if not paused:
        statement = statement.where(_VERSIONS.c.rule.not_in(select(_PAUSES.c.rule)))
    rules, unreadable = [], {}
    for rule, document, version, since, expected in connection.execute(statement):
        try:
            rules.append(Published(parse_rule(document, catalogue), version, since, expected))
        except InvalidRule as error:
            unreadable[rule] = str(error)
    return rules, unreadable


def load_version(
    connection: Connection, rule: str, version: int, catalogue: Catalogue | None = None
) -> Published | None:
    """One version that was published at some time; None when there is none."""
    columns = (_VERSIONS.c.document, _VERSIONS.c.since, _VERSIONS.c.expected)
    wanted = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.version == version)
    row = connection.execute(select(*columns).where(wanted)).first()
    return Published(parse_rule(row.document, catalogue), version, row.since, row.expected) if row else None


def changes(connection: Connection, documents: Iterable[Mapping[str, Any]], all_by: str = "") -> list[Change]:
    """What `publish` would do, by rule id; [] when everything is as it should be.

    `all_by`: the documents are all that this author shall have published, so that others of theirs are archived.
    """
    wanted = {str(document["id"]): document for document in documents}
    rows = connection.execute(
        select(_VERSIONS.c.rule, _VERSIONS.c.version, _VERSIONS.c.document, _VERSIONS.c.author).where(
            _VERSIONS.c.state == PUBLISHED
        )
    )
    current = {row.rule: row for row in rows}
    latest = dict(
        connection.execute(select(_VERSIONS.c.rule, func.max(_VERSIONS.c.version)).group_by(_VERSIONS.c.rule)).all()
    )
    found = []
    for rule, document in wanted.items():
        if rule not in current:
            found.append(Change(rule, "new", latest.get(rule, 0) + 1))
        elif _written(current[rule].document) != _written(document):
            found.append(Change(rule, "changed", latest[rule] + 1))
    if all_by:
        gone = (row for rule, row in current.items() if rule not in wanted and row.author == all_by)
        found += [Change(row.rule, "archived", row.version) for row in gone]
    return sorted(found, key=lambda change: change.rule)


def publish(
    connection: Connection,
    documents: Iterable[Mapping[str, Any]],
    at: datetime,
    author: str,
    note: str = "",
    all_by: str = "",
) -> list[Change]:
    """Publish what differs from the version in force, each as a new version; say what changed.

    Call it inside a transaction that writes. The documents must be checked before.
    """
    wanted = {str(document["id"]): document for document in documents}
    found = changes(connection, wanted.values(), all_by)
    for change in found:
        since = at
        if change.what != "new":
            since = _retire(connection, change.rule, wanted.get(change.rule), at)
        if change.what != "archived":
            connection.execute(
                insert(_VERSIONS).values(
                    rule=change.rule,
                    version=change.version,
                    document=json.loads(_written(wanted[change.rule])),
                    state=PUBLISHED,
                    author=author,
                    note=note,
                    created_at=at,
                    published_at=at,
                    since=since,
                )
            )
    if found:
        grow_revision(connection)
    return found


def archive(connection: Connection, rule: str) -> bool:
    """Take a rule out of force; its running ladders end. False when it was not in force."""
    here = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.state == PUBLISHED)
    done = connection.execute(update(_VERSIONS).where(here).values(state=ARCHIVED)).rowcount > 0
    if done:
        grow_revision(connection)
    return done


def _retire(connection: Connection, rule: str, successor: Mapping[str, Any] | None, at: datetime) -> datetime:
    """Archive the version in force; return since when its successor is asked."""
    here = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.state == PUBLISHED)
    old = connection.execute(select(_VERSIONS.c.document, _VERSIONS.c.since).where(here)).one()
    connection.execute(update(_VERSIONS).where(here).values(state=ARCHIVED))
    same = successor is not None and _written(successor["when"]) == _written(old.document["when"])
    return old.since if same and old.since else at


def grow_revision(connection: Connection) -> None:
    """Say that something changed: every process takes it over at its next `refresh`."""
    grown = update(_REVISION).values(revision=_REVISION.c.revision + 1)
    if connection.execute(grown).rowcount == 0:
        connection.execute(insert(_REVISION).values(id=1, revision=1))


def _written(document: Any) -> str:
    """The document as one line that is the same however its keys are sorted."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
