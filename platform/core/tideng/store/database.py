"""The database engine: SQLite made safe for several processes, and PostgreSQL, with one way to use both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, String, any_, create_engine, event, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

from tideng.base.errors import CommandFailed

SAFE_SQLITE = (3, 51, 3)
"""SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when it is reset (sqlite.org/wal.html)."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000", "foreign_keys=ON", "temp_store=MEMORY")


def open_engine(url: str) -> Engine:
    """Open `url` (``sqlite:///file`` or ``postgresql+psycopg://…``); raises `TidengError` for an unsafe SQLite."""
    if make_url(url).get_backend_name() != "sqlite":
        url = url.replace("postgresql://", "postgresql+psycopg://")
        return create_engine(url, pool_size=8, pool_pre_ping=True, **_COMMON)
    import pysqlite3

    if pysqlite3.sqlite_version_info < SAFE_SQLITE:
        raise CommandFailed("sqlite-too-old", {"version": pysqlite3.sqlite_version})
    connect_args = {"timeout": 15, "check_same_thread": False}
    engine = create_engine(url, module=pysqlite3, connect_args=connect_args, **_COMMON)

    @event.listens_for(engine, "connect")
    def _connect(connection, _record) -> None:
        connection.isolation_level = None  # the driver must never begin on its own
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # a reader that becomes a writer fails at once in WAL mode: say at the start which one it is
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def to_json(value: Any) -> str:
    """JSON for a column: by orjson, which is five times as fast; by the standard library what orjson refuses."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def from_json(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


_COMMON: dict[str, Any] = {"hide_parameters": True, "json_serializer": to_json, "json_deserializer": from_json}


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write; committed at the end of the block."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads, and never waits for a writer."""
    with engine.connect().execution_options(reading=True) as connection, connection.begin():
        yield connection


def insert(connection: Connection):
    """The dialect's own INSERT, which has ``on_conflict_do_nothing`` and ``…_do_update``."""
    return sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert


def among(connection: Connection, column: Any, texts: Iterable[str]) -> ColumnElement[bool]:
    """Whether `column` holds one of `texts`, which are one parameter together: a company can have more people than a statement
    has places (32,766 in SQLite, 65,535 in PostgreSQL)."""
    if is_sqlite(connection):
        given = func.json_each(to_json(list(texts))).table_valued("value")
        return column.in_(select(given.c.value))
    return column == any_(literal(list(texts), postgresql.ARRAY(String)))


def is_sqlite(connection: Connection | Engine) -> bool:
    """Tell whether the database is SQLite; the other one that is supported is PostgreSQL."""
    return connection.dialect.name == "sqlite"
