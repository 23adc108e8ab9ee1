"""The organisation's tables: the data of the bundle, changes of people since, edits on pages, waiting imports and photos."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tideng.plugin import NAMING_CONVENTION, Id, Moment

BEGINNING = date(1, 1, 1)
"""The first day of a period without one. A real date keeps (person, since) unique: to a database, two NULLs differ."""


class OrgBase(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: Moment}


class UnitRow(OrgBase):
    """One period of a unit. It lasts until the next one of the same unit begins, or until the end of the day `until`."""

    __tablename__ = "org_unit"
    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    since: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[date | None]
    name: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str] = mapped_column(String(120), default="")


class PositionRow(OrgBase):
    """One period of a post, with days as in `UnitRow`. `targets`: metric → [operator, value]; `sheet`: the duty sheet per locale;
    `seats`: how many people should hold it, NULL for any number; `head`: the leader of a unit holds it."""

    __tablename__ = "org_position"
    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    since: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[date | None]
    name: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(120), default="")
    targets: Mapped[dict] = mapped_column(JSON)
    sheet: Mapped[dict] = mapped_column(JSON, server_default="{}")
    seats: Mapped[int | None]
    head: Mapped[bool] = mapped_column(server_default=false())


class AssignmentRow(OrgBase):
    """One period of one person's employment, from the bundle. `since` and `until` are local days, both inclusive."""

    __tablename__ = "org_assignment"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(String(120))
    since: Mapped[date]
    until: Mapped[date | None]
    name: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(120))
    position: Mapped[str] = mapped_column(String(120))
    supervisor: Mapped[str] = mapped_column(String(120))
    timezone: Mapped[str] = mapped_column(String(60))
    locale: Mapped[str] = mapped_column(String(20))
    phone: Mapped[str] = mapped_column(String(60))
    email: Mapped[str] = mapped_column(String(200))
    deputy: Mapped[str] = mapped_column(String(120))
    __table_args__ = (UniqueConstraint("person", "since"),)


class RoleRow(OrgBase):
    """A holder of a role; `rank` 0 comes first."""

    __tablename__ = "org_role"
    role: Mapped[str] = mapped_column(String(120), primary_key=True)
    rank: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    person: Mapped[str] = mapped_column(String(120))


class ChangeRow(OrgBase):
    """A person joined, moved or left, by an event. An empty value means no change."""

    __tablename__ = "org_change"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(120))
    position: Mapped[str] = mapped_column(String(120))
    supervisor: Mapped[str] = mapped_column(String(120))
    __table_args__ = (UniqueConstraint("person", "at", "kind"),)


class RevisionRow(OrgBase):
    """A single row. `revision` grows with every change, so that a worker sees with one query whether its directory is stale."""

    __tablename__ = "org_revision"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)
    default_zone: Mapped[str] = mapped_column(String(60))


class EditRow(OrgBase):
    """A row that somebody edited in the deployment. `kind`: its table; `name`: the id of the unit, position or person; `key`: the
    rest of its key; `base`: the row in the files when they were last applied, NULL where they never had it."""

    __tablename__ = "org_edit"
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    base: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class ImportRow(OrgBase):
    """An uploaded file that waits to be applied: its rows, and the revision that its preview was made for. `day`: the day from which
    it counts; `whole`: people who are missing from it have left."""

    __tablename__ = "org_import"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    day: Mapped[date]
    revision: Mapped[int] = mapped_column(BigInteger)
    file: Mapped[str] = mapped_column(String(200))
    tables: Mapped[dict] = mapped_column(JSON)
    whole: Mapped[bool]


class PhotoRow(OrgBase):
    """A person's photo: a JPEG of 160 × 160 points without metadata. `mark` is a digest, which changes with the photo."""

    __tablename__ = "org_photo"
    person: Mapped[str] = mapped_column(String(120), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    mark: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
