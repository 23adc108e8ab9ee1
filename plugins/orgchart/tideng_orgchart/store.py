"""The organisation in the database: read as plain values, and brought to what a bundle says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from tideng import database
from tideng.people import Assignment, Position, Unit
from tideng_orgchart.changes import Change
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
    """What a bundle says about units, positions, people and roles."""

    units: tuple[Unit, ...] = ()
    positions: tuple[Position, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row to write: `before` and `after` are its columns, None where there is no such row."""

    table: Table
    key: tuple
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    def __str__(self) -> str:
        """One line for a person to read, without phone numbers and addresses."""
        shown = self.after or self.before or {}
        what = f"{_WORDS[self.table.name]} {self.key[0]}"
        if "since" in shown and shown["since"] != BEGINNING:
            what += f" from {shown['since']}"
        if self.before is None:
            return f"{what}: new"
        if self.after is None:
            return f"{what}: removed"
        return f"{what}: " + ", ".join(
            name if name in _PRIVATE else f"{name} {_shown(self.before[name])} → {_shown(value)}"
            for name, value in self.after.items()
            if self.before[name] != value
        )


_WORDS = {"org_unit": "unit", "org_position": "position", "org_assignment": "person", "org_role": "role"}
_PRIVATE = ("phone", "email")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ";".join(f"{name}{operator}{number:g}" for name, (operator, number) in value.items()) or "(none)"
    return "(none)" if value in (None, "") else str(value)


def read(connection: Connection) -> tuple[Organisation, list[Change], int]:
    """The organisation as applied, the changes heard of since, and the revision of both."""
    revision = connection.execute(select(RevisionRow.revision, RevisionRow.default_zone)).first()
    roles: dict[str, tuple[str, ...]] = {}
    for role, person in connection.execute(select(RoleRow.role, RoleRow.person).order_by(RoleRow.role, RoleRow.rank)):
        roles[role] = (*roles.get(role, ()), person)
    organisation = Organisation(
        units=tuple(Unit(r.id, r.name, r.parent) for r in connection.execute(select(UnitRow.__table__))),
        positions=tuple(
            Position(r.id, r.name, r.unit, {name: (op, value) for name, (op, value) in r.targets.items()})
            for r in connection.execute(select(PositionRow.__table__))
        ),
        assignments=tuple(_assignment(row) for row in connection.execute(select(AssignmentRow.__table__))),
        roles=roles,
        default_zone=revision.default_zone if revision else "Asia/Shanghai",
    )
    columns = [column for column in ChangeRow.__table__.columns if column.name != "id"]
    changes = [Change(**row._mapping) for row in connection.execute(select(*columns))]
    return organisation, changes, revision.revision if revision else 0


def revision(connection: Connection) -> int:
    """Grows with every change; 0 before the first."""
    return connection.scalar(select(RevisionRow.revision)) or 0


def differences(connection: Connection, wanted: Organisation) -> list[Difference]:
    """What has to be written so that the database says what `wanted` says; units first, people last."""
    rows: dict[Any, dict[tuple, dict[str, Any]]] = {
        UnitRow: ({(u.id,): {"id": u.id, "name": u.name, "parent": u.parent} for u in wanted.units}),
        PositionRow: ({(p.id,): _position_row(p) for p in wanted.positions}),
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
        gone = [Difference(table, k, values, None) for k, values in before.items() if k not in after]
        changed = [Difference(table, k, before.get(k), v) for k, v in after.items() if before.get(k) != v]
        found += gone + changed
    return found


_KEYS = {
    "org_unit": ("id",),
    "org_position": ("id",),
    "org_assignment": ("person", "since"),
    "org_role": ("role", "rank"),
}


def write(connection: Connection, found: Sequence[Difference], default_zone: str) -> None:
    """Write `found`, one statement per table and kind of change, and let every worker know."""
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
    """Keep what was heard of people, each once."""
    rows = [{name: getattr(change, name) for name in Change.__slots__} for change in changes]
    if rows:
        statement = database.insert(connection)(ChangeRow)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["person", "at", "kind"]), rows)
        known = connection.scalar(select(RevisionRow.default_zone))
        _grow(connection, known or default_zone)


def _grow(connection: Connection, default_zone: str) -> None:
    statement = database.insert(connection)(RevisionRow).values(id=1, revision=1, default_zone=default_zone)
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


def _assignment(row: Any) -> Assignment:
    since: date | None = None if row.since == BEGINNING else row.since
    return Assignment(since=since, **{name: getattr(row, name) for name in _COLUMNS})


def _assignment_row(assignment: Assignment) -> dict[str, Any]:
    return {**{name: getattr(assignment, name) for name in _COLUMNS}, "since": assignment.since or BEGINNING}


def _position_row(position: Position) -> dict[str, Any]:
    targets = {name: [operator, value] for name, (operator, value) in position.targets.items()}
    return {"id": position.id, "name": position.name, "unit": position.unit, "targets": targets}
