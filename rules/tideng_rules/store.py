"""Rules in the database: every version ever published stays, as it was; at most one of a rule is in force."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Connection,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tideng.catalogue import Catalogue
from tideng.errors import InvalidRule
from tideng.tables import NAMES, Moment
from tideng_rules.book import Published
from tideng_rules.parser import parse_rule

DRAFT, PUBLISHED, ARCHIVED = "draft", "published", "archived"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON}


class RuleVersionRow(Base):
    """One version of one rule. state: draft, published (in force), archived. Once published, `document` never changes.

    `since`: from when on the rule is asked with this trigger, so that a new or moved schedule does not look back."""

    __tablename__ = "rule_version"
    rule: Mapped[str] = mapped_column(String(120), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10))
    author: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    since: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("state IN ('draft', 'published', 'archived')", name="state"),)


Index(
    "ix_rule_version_in_force",
    RuleVersionRow.rule,
    unique=True,
    sqlite_where=RuleVersionRow.state == PUBLISHED,
    postgresql_where=RuleVersionRow.state == PUBLISHED,
)


class RuleRevisionRow(Base):
    """One row whose number grows with every change, so that "is anything new?" is one cheap query."""

    __tablename__ = "rule_revision"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer)


_VERSIONS = cast(Table, RuleVersionRow.__table__)
_REVISION = cast(Table, RuleRevisionRow.__table__)


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


def in_force(connection: Connection, catalogue: Catalogue | None = None) -> tuple[list[Published], dict[str, str]]:
    """Every published rule, parsed; and rule id → why, for those that this program can no longer read."""
    columns = (_VERSIONS.c.document, _VERSIONS.c.version, _VERSIONS.c.since)
    rows = connection.execute(select(*columns).where(_VERSIONS.c.state == PUBLISHED).order_by(_VERSIONS.c.rule))
    rules, unreadable = [], {}
    for document, version, since in rows:
        try:
            rules.append(Published(parse_rule(document, catalogue), version, since))
        except InvalidRule as error:
            unreadable[str(document.get("id"))] = str(error)
    return rules, unreadable


def load_version(
    connection: Connection, rule: str, version: int, catalogue: Catalogue | None = None
) -> Published | None:
    """One version that was published at some time; None when there is none."""
    wanted = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.version == version) & (_VERSIONS.c.state != DRAFT)
    row = connection.execute(select(_VERSIONS.c.document, _VERSIONS.c.since).where(wanted)).first()
    return Published(parse_rule(row.document, catalogue), version, row.since) if row else None


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
        _next_revision(connection)
    return found


def archive(connection: Connection, rule: str) -> bool:
    """Take a rule out of force; its running ladders end. False when it was not in force."""
    here = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.state == PUBLISHED)
    done = connection.execute(update(_VERSIONS).where(here).values(state=ARCHIVED)).rowcount > 0
    if done:
        _next_revision(connection)
    return done


def _retire(connection: Connection, rule: str, successor: Mapping[str, Any] | None, at: datetime) -> datetime:
    """Archive the version in force; return since when its successor is asked."""
    here = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.state == PUBLISHED)
    old = connection.execute(select(_VERSIONS.c.document, _VERSIONS.c.since).where(here)).one()
    connection.execute(update(_VERSIONS).where(here).values(state=ARCHIVED))
    same = successor is not None and _written(successor["when"]) == _written(old.document["when"])
    return old.since if same and old.since else at


def _next_revision(connection: Connection) -> None:
    grown = update(_REVISION).values(revision=_REVISION.c.revision + 1)
    if connection.execute(grown).rowcount == 0:
        connection.execute(insert(_REVISION).values(id=1, revision=1))


def _written(document: Any) -> str:
    """The document as one line that is the same however its keys are sorted."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
