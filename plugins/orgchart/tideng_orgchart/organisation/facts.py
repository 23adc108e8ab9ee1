"""Facts about people, positions and units, from the directory in memory: no query, whatever the number of points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tideng.plugin import Assignment, Directory, Point


def gather(points: Sequence[Point], names: frozenset[str], directory: Directory) -> Sequence[Mapping[str, Any]] | None:
    """The known facts among `names` at each point; None where none of the names is a fact of the organisation."""
    of_person = [(name, _PERSON[name]) for name in sorted(names & _PERSON.keys())]
    of_group = {kind: [(name, read[name]) for name in sorted(names & read.keys())] for kind, read in _GROUP.items()}
    if not of_person and not any(of_group.values()):
        return None
    standing = {at: directory.as_at(at) for at in {point.at for point in points}}
    found = []
    for point in points:
        facts, then = {}, standing[point.at]
        if point.assignment is not None:
            facts = {name: read(point.assignment, then) for name, read in of_person}
        if point.about in of_group:
            facts |= {name: read(point.thing, point.at, then) for name, read in of_group[point.about]}
        found.append({name: value for name, value in facts.items() if value not in (None, "")})
    return found


def _units(unit: str, directory: Directory) -> list[str] | None:
    """The unit and every unit above it, nearest first."""
    return directory.groups.line(unit) or None


def _level(level: int) -> Callable[[Assignment, Directory], str | None]:
    """The name of the unit that is `level` steps below the top one, on the person's line."""

    def name(assignment: Assignment, directory: Directory) -> str | None:
        line = directory.groups.line(assignment.unit)[::-1]
        return directory.units[line[level]].name if len(line) > level else None

    return name


def _name_in(shelf: str, field: str) -> Callable[[Assignment, Directory], str | None]:
    def name(assignment: Assignment, directory: Directory) -> str | None:
        return _named(getattr(directory, shelf), getattr(assignment, field), "name")

    return name


def _named(shelf: Mapping[str, Any], id_: str, field: str) -> Any:
    found = shelf.get(id_)
    return getattr(found, field) if found else None


_PERSON: Mapping[str, Callable[[Assignment, Directory], Any]] = {
    "person.id": lambda assignment, _: assignment.person,
    "person.name": lambda assignment, _: assignment.name,
    "person.unit": lambda assignment, _: assignment.unit,
    "person.unit_name": _name_in("units", "unit"),
    "person.units": lambda assignment, directory: _units(assignment.unit, directory),
    "person.department": _level(1),
    "person.region": _level(2),
    "person.position": lambda assignment, _: assignment.position,
    "person.position_name": _name_in("positions", "position"),
    "person.supervisor": lambda assignment, _: assignment.supervisor,
    "person.locale": lambda assignment, _: assignment.locale,
    "person.timezone": lambda assignment, _: assignment.timezone,
    "person.since": lambda assignment, _: assignment.since,
}
"""Read from the assignment that comes with the point."""


def _holders(position: str, at: datetime, directory: Directory) -> list[str]:
    return [one.person for one in directory.groups.people(("position", position), at)]


def _unit_of(position: str, directory: Directory) -> str:
    return _named(directory.positions, position, "unit") or ""


def _head_name(unit: str, at: datetime, directory: Directory) -> str | None:
    head = directory.groups.head(unit, at)
    assignment = directory.at(head, at) if head else None
    return assignment.name if assignment else None


_GROUP: Mapping[str, Mapping[str, Callable[[str, datetime, Directory], Any]]] = {
    "position": {
        "position.id": lambda position, at, directory: position,
        "position.title": lambda position, at, directory: _named(directory.positions, position, "name"),
        "position.unit": lambda position, at, directory: _unit_of(position, directory),
        "position.unit_name": lambda position, at, directory: _named(
            directory.units, _unit_of(position, directory), "name"
        ),
        "position.holders": lambda position, at, directory: len(_holders(position, at, directory)),
        "position.people": _holders,
        "position.vacant": lambda position, at, directory: not _holders(position, at, directory),
    },
    "unit": {
        "unit.id": lambda unit, at, directory: unit,
        "unit.name": lambda unit, at, directory: _named(directory.units, unit, "name"),
        "unit.parent": lambda unit, at, directory: _named(directory.units, unit, "parent"),
        "unit.units": lambda unit, at, directory: _units(unit, directory),
        "unit.people": lambda unit, at, directory: len(directory.groups.people(("unit", unit), at)),
        "unit.head": lambda unit, at, directory: directory.groups.head(unit, at),
        "unit.head_name": _head_name,
    },
}
"""Read as of the moment of the point."""
