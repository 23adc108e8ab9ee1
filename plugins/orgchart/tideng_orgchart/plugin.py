"""The organisation: who is where, under whom, on every day; from the bundle, kept up by what happens to people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideng.errors import Problem
from tideng.events import Event
from tideng.facts import Point
from tideng.hookspecs import hookimpl
from tideng.people import Assignment, Directory
from tideng_orgchart import store
from tideng_orgchart.changes import Change, changes_in, fold
from tideng_orgchart.declared import EVENTS, FACTS, STATES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.bundle import Bundle
    from tideng.catalogue import Catalogue
    from tideng.deployment import Deployment


class OrgchartPlugin:
    def __init__(self) -> None:
        self._catalogue: Catalogue | None = None
        self._organisation = store.Organisation()
        self._changes: list[Change] = []
        self._directory = Directory()
        self._revision = -1

    @hookimpl
    def declare(self) -> Iterable[object]:
        return [*EVENTS, *STATES, *FACTS]

    @hookimpl
    def start(self, deployment: Deployment) -> None:
        self._catalogue = deployment.catalogue

    @hookimpl
    def migrations(self) -> str | None:
        return str(Path(__file__).parent / "versions")

    # -- the bundle --------------------------------------------------------------------------------------------
    @hookimpl
    def check_bundle(self, bundle: Bundle) -> Iterable[Problem]:
        """Duties that nothing measures: a rule of the client may yet, so they only deserve a word."""
        known = self._catalogue.metrics if self._catalogue else {}
        return [
            Problem(
                f"positions.csv, {position.id}, duties",
                f"{name} is no standard metric; unless a rule declares it, nothing measures it",
                self._catalogue.suggest(name, known) if self._catalogue else "",
                severity="warning",
            )
            for position in bundle.positions
            for name in position.targets
            if known and name not in known
        ]

    @hookimpl
    def plan_bundle(self, bundle: Bundle, connection: Connection) -> Iterable[str]:
        return [str(difference) for difference in store.differences(connection, _organisation(bundle))]

    @hookimpl
    def apply_bundle(self, bundle: Bundle, connection: Connection | None) -> Iterable[str]:
        wanted = _organisation(bundle)
        if connection is None:
            self._organisation, self._changes = wanted, []
            return [f"{len({a.person for a in wanted.assignments})} people, {len(wanted.units)} units"]
        found = store.differences(connection, wanted)
        store.write(connection, found, wanted.default_zone)
        return [str(difference) for difference in found]

    # -- the directory -----------------------------------------------------------------------------------------
    @hookimpl
    def directory(self, connection: Connection | None) -> Directory | None:
        organisation, changes = self._organisation, self._changes
        if connection is not None:
            organisation, changes, self._revision = store.read(connection)
        self._directory = Directory(
            fold(organisation.assignments, changes, organisation.default_zone),
            organisation.units,
            organisation.positions,
            organisation.default_zone,
            organisation.roles,
        )
        return self._directory

    @hookimpl
    def refresh(self, connection: Connection) -> bool:
        return store.revision(connection) != self._revision

    @hookimpl
    def on_stored(self, events: Sequence[Event], connection: Connection | None) -> None:
        changes = changes_in(events)
        if connection is None:
            self._changes.extend(changes)
        elif changes:
            store.note(connection, changes, self._directory.default_zone)

    # -- facts -------------------------------------------------------------------------------------------------
    @hookimpl
    def gather_facts(self, points: Sequence[Point], names: frozenset[str]) -> Sequence[Mapping[str, Any]] | None:
        wanted = [(name, _FACTS[name]) for name in sorted(names & _FACTS.keys())]
        if not wanted:
            return None
        return [
            {
                name: value
                for name, read in wanted
                if point.assignment is not None and (value := read(point.assignment, self._directory)) not in (None, "")
            }
            for point in points
        ]


def _organisation(bundle: Bundle) -> store.Organisation:
    return store.Organisation(bundle.units, bundle.positions, bundle.assignments, bundle.roles, bundle.timezone)


def _units(assignment: Assignment, directory: Directory) -> list[str]:
    """The person's unit and every unit above it, nearest first."""
    found: list[str] = []
    current = directory.units.get(assignment.unit)
    while current and current.id not in found:
        found.append(current.id)
        current = directory.units.get(current.parent)
    return found


def _level(level: int) -> Callable[[Assignment, Directory], str | None]:
    """The name of the unit that is `level` steps below the top one, on the person's line."""

    def name(assignment: Assignment, directory: Directory) -> str | None:
        line = _units(assignment, directory)[::-1]
        return directory.units[line[level]].name if len(line) > level else None

    return name


def _name_in(shelf: str, field: str) -> Callable[[Assignment, Directory], str | None]:
    def name(assignment: Assignment, directory: Directory) -> str | None:
        found = getattr(directory, shelf).get(getattr(assignment, field))
        return found.name if found else None

    return name


_FACTS: Mapping[str, Callable[[Assignment, Directory], Any]] = {
    "person.id": lambda assignment, _: assignment.person,
    "person.name": lambda assignment, _: assignment.name,
    "person.unit": lambda assignment, _: assignment.unit,
    "person.unit_name": _name_in("units", "unit"),
    "person.units": lambda assignment, directory: _units(assignment, directory) or None,
    "person.department": _level(1),
    "person.region": _level(2),
    "person.position": lambda assignment, _: assignment.position,
    "person.position_name": _name_in("positions", "position"),
    "person.supervisor": lambda assignment, _: assignment.supervisor,
    "person.locale": lambda assignment, _: assignment.locale,
    "person.timezone": lambda assignment, _: assignment.timezone,
    "person.since": lambda assignment, _: assignment.since,
}
"""Read from the assignment that comes with the point: no query, however many points there are."""
