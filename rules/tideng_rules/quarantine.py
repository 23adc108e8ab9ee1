"""Rules that an engine cannot be trusted with, kept where every process sees them. Whoever finds one out puts it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, select

from tideng.database import insert
from tideng_rules.store import grow_revision
from tideng_rules.tables import RuleQuarantineRow

DURABLE, ALL = "durable", "all"
_TABLE = cast(Table, RuleQuarantineRow.__table__)


@dataclass(frozen=True, slots=True)
class SetAside:
    """One version of one rule that was set aside. engine: durable (closures go on judging it), all (nobody judges it)."""

    rule: str
    version: int
    engine: str
    why: str
    since: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


def put(connection: Connection, one: SetAside) -> bool:
    """Set a version aside; False when it already was, which then stays as it was. Call it in a transaction that writes."""
    values = {name: getattr(one, name) for name in one.__slots__}
    values["details"] = dict(one.details)
    statement = insert(connection)(_TABLE).values(values).on_conflict_do_nothing().returning(_TABLE.c.rule)
    new = connection.execute(statement).first() is not None
    if new:
        grow_revision(connection)
    return new


def get(connection: Connection) -> list[SetAside]:
    """Everything that is set aside, by rule, version and engine."""
    columns = [_TABLE.c[name] for name in SetAside.__slots__]
    rows = connection.execute(select(*columns).order_by(_TABLE.c.rule, _TABLE.c.version, _TABLE.c.engine))
    return [SetAside(*row) for row in rows]


def clear(connection: Connection, rule: str, version: int | None = None, engine: str | None = None) -> int:
    """Trust a rule again: all of it, or one version, or one engine with it; how many entries went."""
    where = [_TABLE.c.rule == rule]
    where += [_TABLE.c.version == version] if version is not None else []
    where += [_TABLE.c.engine == engine] if engine is not None else []
    gone = connection.execute(delete(_TABLE).where(*where)).rowcount
    if gone:
        grow_revision(connection)
    return gone
