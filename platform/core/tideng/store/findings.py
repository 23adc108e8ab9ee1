"""Read findings: what rules found about whom, when, and what became of it. Moments are UTC."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select

from tideng.store.tables import FindingRow

_table = FindingRow.__table__


def finding_with_key(connection: Connection, rule: str, subject_and_period: str, step: int, ordinal: int) -> int | None:
    """The id of the finding with this key; None where there is none.

    Subject and period are compared joined by ``/``, since both may hold slashes themselves.
    """
    joined = func.concat(FindingRow.subject, "/", FindingRow.period)
    key = (FindingRow.rule == rule, joined == subject_and_period)
    place = (FindingRow.step == step, FindingRow.ordinal == ordinal)
    return connection.scalar(select(FindingRow.id).where(*key, *place))


def findings_up_to(connection: Connection, rule: str, subject: str, at: datetime, judged: datetime) -> Sequence[Any]:
    """What a rule found about `subject` up to `at`, oldest first: `id`, `period`, `step`, `ordinal`, `at`, `state` and
    `withdrawn_because` of each. One statement.

    `judged`: when `at` was judged, later than `at` for an event that came in late. What was found by then counts too."""
    columns = ("id", "period", "step", "ordinal", "at", "state", "withdrawn_because")
    query = select(*(_table.c[name] for name in columns))
    query = query.where(_table.c.rule == rule, _table.c.subject == subject)
    query = query.where((_table.c.at <= at) | (_table.c.created_at <= judged))
    return connection.execute(query.order_by(_table.c.at, _table.c.ordinal)).all()


def findings_of_steps(connection: Connection, rule: str, subject: str, period: str) -> dict[int, int]:
    """Of each later step that spoke in one matter: the id of its first live finding. One statement."""
    row = FindingRow
    same = (row.rule == rule, row.subject == subject, row.period == period, row.step > 0, row.state == "live")
    query = select(row.step, row.id).where(*same).order_by(row.ordinal.desc())
    return {one.step: one.id for one in connection.execute(query)}


def nudges_since(connection: Connection, since: datetime) -> dict[str, int]:
    """Rule → how many findings with a message it has since then; rules without any are left out. One statement."""
    wanted = (_table.c.at >= since) & _table.c.message.is_not(None)
    query = select(_table.c.rule, func.count().label("number")).where(wanted).group_by(_table.c.rule)
    return {row.rule: row.number for row in connection.execute(query)}


def responses_since(connection: Connection, rule: str, since: datetime) -> list[tuple[datetime, str | None]]:
    """Of each finding of a rule with a message since then: when it was found, and the response to it. One statement."""
    wanted = (_table.c.rule == rule) & (_table.c.at >= since) & _table.c.message.is_not(None)
    query = select(_table.c.at, _table.c.response).where(wanted)
    return [(row.at, row.response) for row in connection.execute(query)]


def any_finding() -> ColumnElement[bool]:
    """Whether anything was ever found, as a column of a query."""
    return exists().where(FindingRow.id.is_not(None))


def last_finding(connection: Connection) -> int:
    """The id of the newest finding; 0 where there is none."""
    return connection.scalar(select(func.max(FindingRow.id))) or 0


def findings_after(connection: Connection, id: int) -> Sequence[Any]:
    """Every finding that is newer than the one with this id, with all columns."""
    return connection.execute(select(_table).where(FindingRow.id > id)).all()


def findings_with(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """These findings with all columns; no statement where none is asked for."""
    return connection.execute(select(_table).where(FindingRow.id.in_(ids))).all() if ids else ()


def withdrawn_ids(connection: Connection) -> set[int]:
    """The ids of all withdrawn findings."""
    return set(connection.scalars(select(FindingRow.id).where(FindingRow.state == "withdrawn")))
