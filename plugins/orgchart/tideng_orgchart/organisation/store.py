"""Reads the organisation from the database as plain values, compares it with a wanted one, and writes the differences."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from tideng.plugin import Assignment, Position, Targets, Unit, dialect_insert
from tideng_orgchart.organisation.employment_changes import Change
from tideng_orgchart.tables import (
    BEGINNING,
    AssignmentRow,
    ChangeRow,
    PositionRow,
    RevisionRow,
    RoleRow,
    UnitRow,
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Units, positions, assignments and roles; the first three in periods."""

    units: tuple[Unit, ...] = ()
    positions: tuple[Position, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row to write. `before`, `after`: its columns, None where there is no row. `earlier`: for a new period of a unit or a post,
    the columns of the period before."""

    table: Table
    key: tuple
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    earlier: Mapping[str, Any] | None = None

    @property
    def what(self) -> str:
        """The row in words: ``person p003 from 2026-03-01``."""
        since = (self.after or self.before or {}).get("since")
        period = f" from {since}" if since and since != BEGINNING else ""
        return f"{_WORDS[self.table.name]} {self.key[0]}{period}"

    @property
    def changed(self) -> dict[str, tuple[Any, Any]]:
        """Column → (before, after) of the columns that differ; {} for rows that are added or deleted."""
        before, after = self.before or self.earlier or {}, self.after or {}
        names = after.keys() & before.keys() - ({"since"} if self.before is None else set())
        return {name: (before[name], after[name]) for name in after if name in names and before[name] != after[name]}

    def __str__(self) -> str:
        """One line for people, without phone numbers, addresses and long texts."""
        if self.before is None and not self.changed:
            return f"{self.what}: new"
        if self.after is None:
            return f"{self.what}: removed"
        return f"{self.what}: " + ", ".join(
            name if name in _PRIVATE else f"{name} {_shown(old)} → {_shown(new)}"
            for name, (old, new) in self.changed.items()
        )


_WORDS = {"org_unit": "unit", "org_position": "position", "org_assignment": "person", "org_role": "role"}
_PRIVATE = ("phone", "email", "sheet")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ";".join(f"{name}{operator}{number:g}" for name, (operator, number) in value.items()) or "(none)"
    return "(none)" if value in (None, "") else str(value)


def read(connection: Connection) -> tuple[Organisation, list[Change], int]:
    """The organisation as applied, the changes received since, and the revision of both."""
    revision = connection.execute(select(RevisionRow.revision, RevisionRow.default_zone)).first()
    roles: dict[str, tuple[str, ...]] = {}
    for role, person in connection.execute(select(RoleRow.role, RoleRow.person).order_by(RoleRow.role, RoleRow.rank)):
        roles[role] = (*roles.get(role, ()), person)
    organisation = Organisation(
        units=tuple(
            Unit(row.id, row.name, row.parent, _first(row.since), row.until)
            for row in connection.execute(select(UnitRow.__table__))
        ),
        positions=tuple(map(_position, connection.execute(select(PositionRow.__table__)))),
        assignments=tuple(_assignment(row) for row in connection.execute(select(AssignmentRow.__table__))),
        roles=roles,
        default_zone=revision.default_zone if revision else "Asia/Shanghai",
    )
    columns = [column for column in ChangeRow.__table__.columns if column.name != "id"]
    changes = [Change(**row._mapping) for row in connection.execute(select(*columns))]
    return organisation, changes, revision.revision if revision else 0


def revision(connection: Connection) -> int:
    """The revision, which grows with every change; 0 before the first."""
    return connection.scalar(select(RevisionRow.revision)) or 0


def hold(connection: Connection) -> int:
    """Lock the organisation until this transaction ends; returns its revision."""
    return connection.scalar(select(RevisionRow.revision).with_for_update()) or 0


def differences(connection: Connection, wanted: Organisation) -> list[Difference]:
    """The rows to write so that the database has what is `wanted`; units first, people last."""
    rows: dict[Any, dict[tuple, dict[str, Any]]] = {
        UnitRow: {(u.id, u.since or BEGINNING): _unit_row(u) for u in wanted.units},
        PositionRow: {(p.id, p.since or BEGINNING): _position_row(p) for p in wanted.positions},
        AssignmentRow: {(a.person, a.since or BEGINNING): _assignment_row(a) for a in wanted.assignments},
        RoleRow: {
            (role, rank): {"role": role, "rank": rank, "person": person}
            for role, people in wanted.roles.items()
            for rank, person in enumerate(people)
        },
    }
    found: list[Difference] = []
    for kind, after in rows.items():
        table, key = kind.__table__, _KEYS[kind.__tablename__]
        before: dict[tuple, dict[str, Any]] = {}
        for row in connection.execute(select(table)):
            values = {name: value for name, value in row._mapping.items() if name in key or name != "id"}
            before[tuple(values[name] for name in key)] = values
        earlier = _earlier(after) if kind in (UnitRow, PositionRow) else {}
        gone = [Difference(table, k, values, None) for k, values in before.items() if k not in after]
        new = [Difference(table, k, None, v, earlier.get(k)) for k, v in after.items() if k not in before]
        changed = [Difference(table, k, before[k], v) for k, v in after.items() if k in before and before[k] != v]
        found += gone + _in_order(new + changed, after)
    return found


def _in_order(found: Iterable[Difference], order: Iterable[tuple]) -> list[Difference]:
    places = {key: number for number, key in enumerate(order)}
    return sorted(found, key=lambda one: places[one.key])


def _earlier(rows: Mapping[tuple, Mapping[str, Any]]) -> dict[tuple, Mapping[str, Any]]:
    """The key of each period → the period before it."""
    return {two: rows[one] for one, two in itertools.pairwise(sorted(rows)) if one[0] == two[0]}


_KEYS = {
    "org_unit": ("id", "since"),
    "org_position": ("id", "since"),
    "org_assignment": ("person", "since"),
    "org_role": ("role", "rank"),
}


def write(connection: Connection, found: Sequence[Difference], default_zone: str) -> None:
    """Write differences, one statement per table and kind of change, and increase the revision for all workers."""
    for table in dict.fromkeys(difference.table for difference in found):
        key = _KEYS[table.name]
        mine = [difference for difference in found if difference.table is table]
        same = [table.c[name] == bindparam(f"_{name}") for name in key]
        keys = {id(d): {f"_{name}": value for name, value in zip(key, d.key, strict=True)} for d in mine}
        gone = [keys[id(d)] for d in mine if d.after is None]
        changed = [{**keys[id(d)], **d.after} for d in mine if d.before is not None and d.after is not None]
        new = [dict(d.after) for d in mine if d.before is None and d.after is not None]
        if gone:
            connection.execute(delete(table).where(*same), gone)
        if changed:
            connection.execute(update(table).where(*same), changed)
        if new:
            connection.execute(insert(table), new)
    if found or connection.scalar(select(RevisionRow.default_zone)) != default_zone:
        _grow(connection, default_zone)


def note(connection: Connection, changes: Iterable[Change], default_zone: str) -> None:
    """Store changes of people, each once."""
    rows = [{name: getattr(change, name) for name in Change.__slots__} for change in changes]
    if rows:
        statement = dialect_insert(connection)(ChangeRow)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["person", "at", "kind"]), rows)
        known = connection.scalar(select(RevisionRow.default_zone))
        _grow(connection, known or default_zone)


def _grow(connection: Connection, default_zone: str) -> None:
    statement = dialect_insert(connection)(RevisionRow).values(id=1, revision=1, default_zone=default_zone)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={"revision": RevisionRow.revision + 1, "default_zone": default_zone}
        )
    )


_COLUMNS = (
    "person",
    "name",
    "unit",
    "position",
    "supervisor",
    "timezone",
    "locale",
    "phone",
    "email",
    "until",
    "deputy",
)


def _first(since: date) -> date | None:
    return None if since == BEGINNING else since


def _unit_row(unit: Unit) -> dict[str, Any]:
    plain = {name: getattr(unit, name) for name in ("id", "name", "parent", "until")}
    return {**plain, "since": unit.since or BEGINNING}


def _assignment(row: Any) -> Assignment:
    return Assignment(since=_first(row.since), **{name: getattr(row, name) for name in _COLUMNS})


def _assignment_row(assignment: Assignment) -> dict[str, Any]:
    return {**{name: getattr(assignment, name) for name in _COLUMNS}, "since": assignment.since or BEGINNING}


def _position(row: Any) -> Position:
    plain = {name: getattr(row, name) for name in _PLAIN}
    return Position(**plain, targets=_targets(row.targets), sheet=row.sheet, since=_first(row.since))


def _targets(stored: Mapping[str, Any]) -> Targets:
    return {name: (operator, value) for name, (operator, value) in stored.items()}


_PLAIN = ("id", "name", "unit", "seats", "head", "until")


def _position_row(position: Position) -> dict[str, Any]:
    plain = {name: getattr(position, name) for name in _PLAIN}
    since = position.since or BEGINNING
    return {**plain, "targets": _stored(position.targets), "sheet": dict(position.sheet), "since": since}


def _stored(targets: Targets) -> dict[str, list[Any]]:
    return {name: [operator, value] for name, (operator, value) in targets.items()}
