"""Rules that are kept from an engine, stored where every process sees them. The process that finds the fault adds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, and_, delete, select

from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound
from tideng.store.database import insert
from tideng_rules.lifecycle.rights import require_reading, require_writing
from tideng_rules.lifecycle.store import grow_revision
from tideng_rules.lifecycle.tables import PUBLISHED, RuleQuarantineRow, RuleVersionRow

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


def of_those_in_force(connection: Connection) -> list[SetAside]:
    """What is set aside of the versions in force: what somebody has to do something about. One query."""
    columns = [_TABLE.c[name] for name in SetAside.__slots__]
    here = and_(
        RuleVersionRow.rule == _TABLE.c.rule,
        RuleVersionRow.version == _TABLE.c.version,
        RuleVersionRow.state == PUBLISHED,
    )
    statement = select(*columns).join(RuleVersionRow, here).order_by(_TABLE.c.rule, _TABLE.c.engine)
    return [SetAside(*row) for row in connection.execute(statement)]


def set_aside(connection: Connection, viewer: Viewer) -> list[SetAside]:
    """The same for whoever asks; raises `NotAllowed` unless `viewer` may read all rules."""
    require_reading(viewer)
    return of_those_in_force(connection)


def try_again(connection: Connection, viewer: Viewer, rule: str) -> int:
    """Give a rule back to the engines, as it is; returns how many entries went. It is set aside again if it fails again.

    Call it in a transaction that writes. Raises `NotAllowed` unless `viewer` may change rules, `NotFound` when the rule
    is not set aside."""
    require_writing(viewer)
    gone = clear(connection, rule)
    if not gone:
        raise NotFound("rule-not-quarantined", {"rule": rule})
    return gone
