"""People as those may see them who look after them: a list by the page, and one person with what is known of their work."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from tideng.access.paging import PAGE_SIZE, clamped
from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotFound
from tideng.facts.gather import facts_at
from tideng.facts.names import Needs, Point
from tideng.judging.watch_index import WatchList
from tideng.judging.world_loader import WorkingSet
from tideng.model.metrics import metric_of
from tideng.org.directory import Assignment, Directory
from tideng.store.tables import AgendaRow
from tideng.views.day_board import LAMPS, LIT, lamps_of

if TYPE_CHECKING:
    from tideng.model.catalogue import Catalogue, Text

MOST_PEERS = 2000
"""With more people in one position than this no mean is added up while somebody waits for a page."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the list. `unit`, `position` and `supervisor` are names; `status` is one of `tideng.views.day_board.LAMPS`."""

    id: str
    name: str
    unit: str
    position: str
    supervisor: str
    since: date | None
    status: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people. `next`: the cursor of the following page, '' on the last; `found`: how many there are in all."""

    items: tuple[PersonRow, ...]
    next: str
    found: int


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which people to list; an empty field leaves its dimension open.

    `words` are looked for in name, id, position and unit; `unit` is a unit's id and takes in the units below it; `status` is
    one of `tideng.views.day_board.LAMPS`."""

    words: str = ""
    unit: str = ""
    status: str = ""


def people_list(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    wanted: PeopleFilter | None = None,
    after: str = "",
    size: int = PAGE_SIZE,
) -> PeoplePage:
    """List the people the viewer may see, by unit and name, with today's lamp.

    `after` is a cursor from `PeoplePage.next`. At most two statements, however many people there are.
    """
    roster = directory.rosters.at(now)
    scope = viewer.scope(directory, now)
    wanted = wanted or PeopleFilter()
    status = wanted.status
    units = roster.units_under(wanted.unit) if wanted.unit else None
    statuses: Mapping[str, str] | None = None
    size = clamped(size)
    if status in LAMPS:
        statuses = lamps_of(connection, viewer, directory, now)
        if status != LIT:
            dim = frozenset(one for one, lamp in statuses.items() if lamp == status)
            scope = dim if scope is None else scope & dim
    found = roster.find(wanted.words, units, scope)
    if status == LIT and statuses is not None:
        found = (one for one in found if one.person not in statuses)
    if wanted.words or units is not None or scope is not None or status:
        matching = list(found)
        total = len(matching)
        place = roster.place.get(after, -1)
        rest: Sequence[Assignment] = [one for one in matching if roster.place[one.person] > place][: size + 1]
    else:
        total, rest = len(roster), list(islice(roster.find(after=after), size + 1))
    shown = rest[:size]
    lamps = statuses or lamps_of(connection, viewer, directory, now, [one.person for one in shown])
    rows = tuple(_row(directory, now, one, lamps.get(one.person, LIT)) for one in shown)
    return PeoplePage(rows, shown[-1].person if len(rest) > size else "", total)


def _row(directory: Directory, now: datetime, one: Assignment, status: str) -> PersonRow:
    unit, position = directory.units.get(one.unit), directory.positions.get(one.position)
    return PersonRow(
        one.person,
        one.name,
        unit.name if unit else one.unit,
        position.name if position else one.position,
        name_of(directory, one.supervisor, now) if one.supervisor else "",
        one.since,
        status,
    )


# -- one person ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonCard:
    """One person. `units`: names from their own unit upwards; `supervisor`, `deputy`: (id, name) or None; `reports`: how
    many people are directly below; `employed`: whether they are today, else it shows what they last were."""

    id: str
    name: str
    position: str
    units: tuple[str, ...]
    unit: str
    supervisor: tuple[str, str] | None
    deputy: tuple[str, str] | None
    reports: int
    timezone: str
    locale: str
    since: date | None
    until: date | None
    employed: bool


def person_card(viewer: Viewer, directory: Directory, now: datetime, person: str) -> PersonCard:
    """Who somebody is. Raises `NotFound` also for whom the viewer may not see, which would say that they exist."""
    scope = viewer.scope(directory, now)
    if not directory.knows(person) or (scope is not None and person not in scope):
        raise NotFound("no-such-person", {"id": person})
    here = directory.at(person, now)
    one = here or directory.periods(person)[-1]
    then = directory.as_of(one.until) if one.until and not here else directory
    position = then.positions.get(one.position)
    units = [then.units[unit].name for unit in then.groups.line(one.unit)]
    pair = lambda id: (id, name_of(directory, id, now)) if id else None  # noqa: E731
    return PersonCard(
        person,
        one.name,
        position.name if position else one.position,
        tuple(units) or ((one.unit,) if one.unit else ()),
        one.unit,
        pair(one.supervisor),
        pair(one.deputy),
        len(directory.rosters.at(now).reports.get(person, ())),
        one.timezone,
        one.locale,
        one.since,
        one.until,
        here is not None,
    )


@dataclass(frozen=True, slots=True)
class Awaited:
    """Something that a rule waits for: it will look again at `due` (UTC), as step `step` where it spoke already (0: not yet)."""

    rule: str
    version: int
    period: str
    step: int
    due: datetime


def awaited(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, person: str
) -> tuple[Awaited, ...]:
    """What rules wait for from this person, the soonest first. One statement; raises `NotFound` as `person_card` does."""
    person_card(viewer, directory, now, person)
    row = AgendaRow
    statement = select(row.rule, row.version, row.period, row.step, row.due).where(
        row.subject == person, row.state == "open", row.due > now
    )
    return tuple(Awaited(*found) for found in connection.execute(statement.order_by(row.due, row.id).limit(50)))


@dataclass(frozen=True, slots=True)
class MetricShown:
    """One figure. `value` None: no data; `target`: (operator, value) of the position; `peers`: the mean of the others in the
    same position, None where they are fewer than three or too many to add up here. `window` and `unit` as the catalogue says."""

    name: str
    title: Text
    value: Any
    unit: str
    window: str
    target: tuple[str, float] | None
    peers: float | None


def metrics_of(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, catalogue: Catalogue, person: str
) -> tuple[MetricShown, ...]:
    """The person's figures: those with a target first, then the others that are known. A few statements, whoever many the
    peers are; raises `NotFound` as `person_card` does."""
    person_card(viewer, directory, now, person)
    own = directory.at(person, now)
    position = directory.positions.get(own.position) if own else None
    targets = position.targets_on(directory.local_day(person, now)) if position else {}
    names = list(catalogue.metrics)
    if own is None or not names:
        return ()
    metrics = {name: metric_of(spec) for name, spec in catalogue.metrics.items()}
    peers = [one.person for one in directory.rosters.at(now).members if one.position and one.position == own.position]
    kinds: Collection[str] = ("metric", "peers") if len(peers) <= MOST_PEERS else ("metric",)
    needs = Needs.of(frozenset(f"{kind}.{name}" for kind in kinds for name in names), metrics, catalogue)
    # a mean walks through the whole directory for every figure: nobody but the peers need be in it
    known = {person, *peers} if len(peers) <= MOST_PEERS else {person}
    periods = [period for one in sorted(known) for period in directory.periods(one)]
    near = Directory(periods, directory.units.values(), directory.positions.values(), directory.default_zone)
    watch_list = WatchList((), catalogue, lambda rule, version: None)
    world = WorkingSet(connection, catalogue, near, watch_list).for_people({person}, [needs], now)
    facts = facts_at(world, needs, Point(person, now, own))
    shown = []
    for name in sorted(names, key=lambda one: (one not in targets, names.index(one))):
        spec = catalogue.metrics[name]
        value = facts.get(f"metric.{name}")
        if name in targets or (value is not None and value != 0):
            mean = facts.get(f"peers.{name}")
            shown.append(MetricShown(name, spec.title, value, spec.unit, spec.window, targets.get(name), mean))
    return tuple(shown)
