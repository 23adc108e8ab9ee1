"""The hooks of the organisation: the directory from the bundle, edits and events; facts, pages, and data held about people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideng.plugin import Clock, Directory, Event, Point, Problem, SystemClock, hookimpl, phrase, zone
from tideng_orgchart.declarations import EVENTS, FACTS, STATES
from tideng_orgchart.edit import overrides
from tideng_orgchart.organisation import store
from tideng_orgchart.organisation.employment_changes import Change, changes_in, fold
from tideng_orgchart.organisation.facts import gather
from tideng_orgchart.organisation.photos import photo_of
from tideng_orgchart.views.holdings import changes_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.plugin import Bundle, Catalogue, Deployment, Holding


class OrgchartPlugin:
    title = phrase("People and positions")

    def __init__(self) -> None:
        self._catalogue: Catalogue | None = None
        self._clock: Clock = SystemClock()
        self._organisation = store.Organisation()
        self._changes: list[Change] = []
        self._directory = Directory()
        self._revision = -1

    @hookimpl
    def declare(self) -> Iterable[object]:
        return [*EVENTS, *STATES, *FACTS]

    @hookimpl
    def start(self, deployment: Deployment) -> None:
        self._catalogue, self._clock = deployment.catalogue, deployment.clock

    @hookimpl
    def migrations(self) -> str | None:
        return str(Path(__file__).parent / "versions")

    # -- the bundle --------------------------------------------------------------------------------------------
    @hookimpl
    def check_bundle(self, bundle: Bundle) -> Iterable[Problem]:
        """Warn about duties without a metric; only a warning, because a rule of the client may declare the metric."""
        known = self._catalogue.metrics if self._catalogue else {}
        return [
            Problem(
                f"positions.csv, {id}, duties",
                "duty-without-metric",
                {"name": name, "near": self._catalogue.suggest(name, known) if self._catalogue else ""},
                "warning",
            )
            for id, name in dict.fromkeys((one.id, name) for one in bundle.positions for name in one.targets)
            if known and name not in known
        ]

    @hookimpl
    def plan_bundle(self, bundle: Bundle, connection: Connection) -> Iterable[str]:
        found = store.differences(connection, _organisation(bundle))
        return overrides.weigh(found, overrides.read(connection)).lines

    @hookimpl
    def apply_bundle(self, bundle: Bundle, connection: Connection | None, take: str) -> Iterable[str]:
        wanted = _organisation(bundle)
        if connection is None:
            self._organisation, self._changes = wanted, []
            return [
                f"{len({a.person for a in wanted.assignments})} people, {len({one.id for one in wanted.units})} units"
            ]
        store.hold(connection)
        changed_here = overrides.read(connection)
        weighed = overrides.weigh(store.differences(connection, wanted), changed_here, take)
        weighed.refuse_torn()
        store.write(connection, weighed.write, wanted.default_zone)
        overrides.settle(connection, weighed, changed_here, self._clock.now())
        return weighed.lines

    @hookimpl
    def recollect(self, connection: Connection, before: datetime) -> None:
        organisation, changes, _ = store.read(connection)
        self._organisation, self._changes = organisation, [change for change in changes if change.at < before]

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
            self._today(organisation.default_zone),
        )
        return self._directory

    @hookimpl
    def refresh(self, connection: Connection) -> bool:
        return store.revision(connection) != self._revision or self._has_turned()

    def _today(self, default_zone: str) -> date:
        return self._clock.now().astimezone(zone(default_zone)).date()

    def _has_turned(self) -> bool:
        """Whether a day has come on which a period of a unit or a post begins or ends."""
        turn = self._directory.next_turn
        return turn is not None and turn <= self._today(self._directory.default_zone)

    @hookimpl
    def on_stored(self, events: Sequence[Event], connection: Connection | None) -> None:
        changes = changes_in(events)
        if connection is None:
            self._changes.extend(changes)
        elif changes:
            store.note(connection, changes, self._directory.default_zone)

    # -- what is held on a person ------------------------------------------------------------------------------
    @hookimpl
    def held_on(self, person: str, connection: Connection) -> Iterable[Holding]:
        return [changes_of(connection, person), photo_of(connection, person)]

    # -- pages -------------------------------------------------------------------------------------------------
    @hookimpl
    def screens(self) -> Iterable[object]:
        from tideng_orgchart.screens.pages import SCREENS  # the core runs where no web is installed

        return SCREENS

    # -- facts -------------------------------------------------------------------------------------------------
    @hookimpl
    def gather_facts(self, points: Sequence[Point], names: frozenset[str]) -> Sequence[Mapping[str, Any]] | None:
        return gather(points, names, self._directory)


def _organisation(bundle: Bundle) -> store.Organisation:
    return store.Organisation(bundle.units, bundle.positions, bundle.assignments, bundle.roles, bundle.timezone)
