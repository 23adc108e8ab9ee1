"""Tables of the web process, beside Flask-AppBuilder's: session versions and API keys. Nothing here points into the core."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_appbuilder.security.sqla.models import Role, User, assoc_user_role
from sqlalchemy import BigInteger, Connection, Integer, MetaData, String, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tideng.base.errors import NotFound
from tideng.store.columns import NAMES, Moment
from tideng.store.database import insert

PREFIX = "tdk_"
_SEEN_EVERY = timedelta(minutes=1)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Moment}


class SessionVersionRow(Base):
    """A cookie or token counts only while it carries this number; leaving and a new password raise it."""

    __tablename__ = "web_session_version"
    user: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)


class KeyRow(Base):
    """An API key of a connector's user. The key has 256 random bits, so a plain hash is enough to keep it secret."""

    __tablename__ = "web_key"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    user: Mapped[int] = mapped_column(Integer, index=True)
    name: Mapped[str] = mapped_column(String(120))
    hint: Mapped[str] = mapped_column(String(12))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


def session_version(connection: Connection, user: int) -> int:
    """The number a session of this user must carry; 0 before anything happened."""
    return connection.scalar(select(SessionVersionRow.version).where(SessionVersionRow.user == user)) or 0


def end_sessions(connection: Connection, user: int) -> None:
    """Make every cookie and token of this user worthless, on whatever device."""
    raised = {"version": SessionVersionRow.version + 1}
    statement = insert(connection)(SessionVersionRow).values(user=user, version=1)
    connection.execute(statement.on_conflict_do_update(index_elements=["user"], set_=raised))


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a key speaks for."""

    key: int
    user: int
    login: str
    roles: frozenset[str]
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyView:
    id: int
    login: str
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def make_key(connection: Connection, login: str, name: str, now: datetime) -> str:
    """Make a key for the user `login`; it is returned this once and cannot be read again. Raises `NotFound`."""
    user = connection.scalar(select(User.id).where(User.username == login))
    if user is None:
        raise NotFound("no-user", {"login": login})
    key = PREFIX + secrets.token_urlsafe(32)
    values = {"user": user, "name": name[:120], "hint": key[:8], "sha256": _digest(key), "created_at": now}
    connection.execute(insert(connection)(KeyRow).values(**values))
    return key


def revoke_key(connection: Connection, id: int, now: datetime) -> None:
    """The key opens nothing from now on. Raises `NotFound`."""
    wanted = update(KeyRow).where(KeyRow.id == id, KeyRow.revoked_at.is_(None))
    if not connection.execute(wanted.values(revoked_at=now)).rowcount:
        raise NotFound("no-key-in-use", {"id": id})


def keys(connection: Connection) -> tuple[KeyView, ...]:
    """Every key there ever was, newest first, without the keys themselves."""
    statement = select(
        KeyRow.id, User.username, KeyRow.name, KeyRow.hint, KeyRow.created_at, KeyRow.last_used_at, KeyRow.revoked_at
    ).join(User, User.id == KeyRow.user)
    return tuple(KeyView(*row) for row in connection.execute(statement.order_by(KeyRow.id.desc())))


def holder_of(connection: Connection, key: str) -> KeyHolder | None:
    """Whom `key` speaks for, with roles; None when it is unknown, revoked, or its user is not active. One statement."""
    if not key.startswith(PREFIX) or len(key) > 100:
        return None
    rows = connection.execute(
        select(KeyRow.id, KeyRow.user, User.username, Role.name, KeyRow.last_used_at)
        .join(User, User.id == KeyRow.user)
        .join(assoc_user_role, assoc_user_role.c.user_id == User.id, isouter=True)
        .join(Role, Role.id == assoc_user_role.c.role_id, isouter=True)
        .where(KeyRow.sha256 == _digest(key), KeyRow.revoked_at.is_(None), User.active.is_(True))
    ).all()
    if not rows:
        return None
    first = rows[0]
    return KeyHolder(first.id, first.user, first.username, frozenset(row[3] for row in rows if row[3]), first[4])


def note_use(connection: Connection, holder: KeyHolder, now: datetime) -> None:
    connection.execute(update(KeyRow).where(KeyRow.id == holder.key).values(last_used_at=now))


def use_is_stale(holder: KeyHolder, now: datetime) -> bool:
    """Whether the last use should be written again: once a minute is enough, and a write costs more than the read."""
    return holder.last_used_at is None or now - holder.last_used_at >= _SEEN_EVERY


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
