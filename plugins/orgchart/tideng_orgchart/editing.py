"""What HR changes on the pages: a post filled, its duties from a day on, a table laid over everything. Nobody else may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tideng.bundle_files import Problems
from tideng.bundle_org import read_duties
from tideng.database import writing
from tideng.errors import NotAllowed, NotFound, Refused
from tideng.people import Directory, zone
from tideng.viewing import Viewer
from tideng_orgchart import edits, store
from tideng_orgchart.changes import Change
from tideng_orgchart.charting import chart_at, noon
from tideng_orgchart.merging import expecting, merged
from tideng_orgchart.sheets import Table

if TYPE_CHECKING:
    from tideng.deployment import Deployment

EDITS = frozenset({"hr", "admin"})


def may_edit(viewer: Viewer) -> bool:
    return bool(viewer.roles & EDITS)


def require_edit(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer may change the organisation."""
    if not may_edit(viewer):
        raise NotAllowed("only HR and administrators change the organisation")


def write(
    connection: Connection, deployment: Deployment, viewer: Viewer, wanted: store.Organisation
) -> list[store.Difference]:
    """Make the organisation so, in this transaction, and keep in mind who did; what was different."""
    found = store.differences(connection, wanted)
    edits.remember(connection, found, viewer.login, deployment.clock.now())
    store.write(connection, found, wanted.default_zone)
    return found


def today(directory: Directory, deployment: Deployment) -> date:
    """Today where the client is."""
    return deployment.clock.now().astimezone(zone(directory.default_zone)).date()


def set_duties(
    deployment: Deployment, viewer: Viewer, directory: Directory, position: str, duties: str, since: str
) -> None:
    """Expect these `duties` (``visits_this_month>=15;…``) of the post from the day `since` on (year-month-day; '' today).

    What was expected before stays. Raises `NotFound`, `NotAllowed`, and `Refused` with every problem at once."""
    require_edit(viewer)
    problems = Problems()
    day = _read_day(since, today(directory, deployment), problems)
    known = deployment.catalogue.metrics
    targets = read_duties(duties.replace("\n", ";"), lambda *said: problems.add("duties", *said))
    for name in targets:
        if name not in known:
            problems.add("duties", f"there is no figure {name!r}", deployment.catalogue.suggest(name, known))
    _refuse(problems)

    def change(now: store.Organisation, _changes: Sequence[Change]) -> store.Organisation:
        if position not in {one.id for one in now.positions}:
            raise NotFound(f"no position {position}")
        return replace(
            now, positions=tuple(expecting(one, targets, day) if one.id == position else one for one in now.positions)
        )

    _change(deployment, viewer, change)


def fill(deployment: Deployment, viewer: Viewer, directory: Directory, position: str, person: str, since: str) -> str:
    """Give `person` (an id) the post from the day `since` on (year-month-day; '' today); their name.

    They come to the post's unit, under whoever leads it or the one above. Raises `NotFound`, `NotAllowed`, `Refused`."""
    require_edit(viewer)
    it = directory.positions.get(position)
    if it is None:
        raise NotFound(f"no position {position}")
    problems = Problems()
    day = _read_day(since, today(directory, deployment), problems)
    own = directory.on(person, day)
    if own is None:
        problems.add("person", "nobody with this id is here on that day", "choose somebody from the list")
    elif own.position == position:
        problems.add("person", "has this post already", "choose somebody else")
    _refuse(problems)
    assert own is not None
    row = {"id": person, "from": day.isoformat(), "position": position}
    if it.unit in directory.units:
        row |= {"unit": it.unit, "supervisor": _leader(deployment, directory, it.unit, day, person) or own.supervisor}
    table = Table("", tuple(row), ((1, tuple(row.values())),))
    locale = deployment.profile.locale

    def change(now: store.Organisation, changes: Sequence[Change]) -> store.Organisation:
        found = merged(now, changes, {"people": table}, day, False, locale, problems)
        _refuse(problems)
        return found

    _change(deployment, viewer, change)
    return own.name


def _leader(deployment: Deployment, directory: Directory, unit: str, day: date, but: str) -> str:
    """Who leads the unit on that day, or the next one above, and is there; '' for nobody."""
    chart = chart_at(directory, noon(directory, day, deployment.clock.now()))
    heads = (chart.heads.get(one, "") for one in chart.line(unit))
    return next((head for head in heads if head in chart.people and head != but), "")


def _change(
    deployment: Deployment,
    viewer: Viewer,
    change: Callable[[store.Organisation, Sequence[Change]], store.Organisation],
) -> None:
    with writing(deployment.engine) as connection:
        store.hold(connection)
        now, changes, _ = store.read(connection)
        write(connection, deployment, viewer, change(now, changes))
    deployment.bell.ring()


def _read_day(text: str, otherwise: date, problems: Problems) -> date:
    try:
        day = date.fromisoformat(text) if text else otherwise
        if 1900 <= day.year <= 2200:
            return day
    except ValueError:
        pass
    problems.add("from", f"{text[:40]!r} is no date", "year-month-day, such as 2026-03-01")
    return otherwise


def _refuse(problems: Problems) -> None:
    if problems.errors:
        raise Refused("organisation", problems.errors)
