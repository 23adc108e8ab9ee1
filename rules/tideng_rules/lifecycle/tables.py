"""The tables of the rules: versions, drafts, pauses, quarantine, and one number that grows with every change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, Integer, MetaData, SmallInteger, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tideng.store.columns import NAMES, Id, Moment

PUBLISHED, ARCHIVED = "published", "archived"
OPEN, ASKED, APPROVED, DISCARDED = "open", "asked", "approved", "discarded"
NULLABLE_JSON = JSON(none_as_null=True)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON, dict[str, Any] | None: NULLABLE_JSON}


class RuleVersionRow(Base):
    """One version of one rule, as it was published. state: published (in force), archived. `document` never changes.

    `archived_by`: who published its successor, or archived the rule. `since`: from when on the rule is asked with this trigger, so that a new or moved schedule does not look back.
    `origin`: null, or the pack it was made from, as {"pack", "version", "parameters"}. `source`: the text it was imported as,
    with its comments; null where it was written here. `preview`: the figures of the
    preview it was published with; `expected`: the most people a day to whom it spoke there."""

    __tablename__ = "rule_version"
    rule: Mapped[str] = mapped_column(String(120), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10))
    author: Mapped[str] = mapped_column(String(120), default="")
    approved_by: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[dict[str, Any] | None]
    expected: Mapped[int | None] = mapped_column(Integer)
    preview: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    since: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    archived_by: Mapped[str | None] = mapped_column(String(120))
    source: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (CheckConstraint("state IN ('published', 'archived')", name="state"),)


Index(
    "ix_rule_version_in_force",
    RuleVersionRow.rule,
    unique=True,
    sqlite_where=RuleVersionRow.state == PUBLISHED,
    postgresql_where=RuleVersionRow.state == PUBLISHED,
)


class RuleDraftRow(Base):
    """What somebody is writing: it may still be wrong. state: open, asked (for approval), approved, published, discarded.

    `rule` is the rule it edits or will create, `based_on` the version it started from (null: it is new). `edition` grows
    with every save; who saves an older one is told, so that two people never write over each other. `origin` and `source`
    as in `RuleVersionRow`; a save that changes the document drops the source. `publish_at`, `publish_by`: when it is to be
    published by itself, and who decided that; `held_up`: what kept it from that, as problems, until it is changed."""

    __tablename__ = "rule_draft"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    rule: Mapped[str] = mapped_column(String(120), index=True)
    based_on: Mapped[int | None] = mapped_column(Integer)
    document: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default=OPEN)
    author: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(Text, default="")
    edition: Mapped[int] = mapped_column(Integer, default=1)
    asked_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(120))
    preview: Mapped[dict[str, Any] | None]
    origin: Mapped[dict[str, Any] | None]
    source: Mapped[str | None] = mapped_column(Text)
    publish_at: Mapped[datetime | None]
    publish_by: Mapped[str | None] = mapped_column(String(120))
    held_up: Mapped[list[Any] | None] = mapped_column(NULLABLE_JSON)
    __table_args__ = (
        CheckConstraint("state IN ('open', 'asked', 'approved', 'published', 'discarded')", name="state"),
    )


class RulePauseRow(Base):
    """A rule that is silent until somebody resumes it. `by` is a login, or what paused it by itself."""

    __tablename__ = "rule_pause"
    rule: Mapped[str] = mapped_column(String(120), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(120))
    why: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]


class RuleQuarantineRow(Base):
    """One version of one rule that an engine cannot be trusted with. engine: durable (closures judge it), all (nobody does)."""

    __tablename__ = "rule_quarantine"
    rule: Mapped[str] = mapped_column(String(120), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    engine: Mapped[str] = mapped_column(String(10), primary_key=True)
    why: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime]
    details: Mapped[dict[str, Any]]
    __table_args__ = (CheckConstraint("engine IN ('durable', 'all')", name="engine"),)


class RuleRevisionRow(Base):
    """One row whose number grows with every change, so that "is anything new?" is one cheap query."""

    __tablename__ = "rule_revision"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer)
