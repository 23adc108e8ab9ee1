"""What HR changes on the pages: a unit, a post, its duties from a day on, a post filled, a table laid over everything. Nobody
else may. Each change is a row of one of the tables that are imported, so that it is checked and kept as these are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tideng.plugin import (
    Assignment,
    Directory,
    NotAllowed,
    NotFound,
    Problems,
    Refused,
    Viewer,
    read_duties,
    writing,
    zone,
)
from tideng_orgchart.edit import overrides
from tideng_orgchart.edit.table_files import Table
from tideng_orgchart.edit.table_merge import merged
from tideng_orgchart.organisation import store
from tideng_orgchart.views.chart import chart_at, noon

if TYPE_CHECKING:
    from tideng.plugin import Deployment

EDITS = frozenset({"hr", "admin"})


def may_edit(viewer: Viewer) -> bool:
    return bool(viewer.roles & EDITS)


def require_edit(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer may change the organisation."""
    if not may_edit(viewer):
        raise NotAllowed("viewer-may-not-change-organisation")


def write(
    connection: Connection, deployment: Deployment, viewer: Viewer, wanted: store.Organisation
) -> list[store.Difference]:
    """Make the organisation so, in this transaction, and keep in mind who did; what was different."""
    found = store.differences(connection, wanted)
    overrides.remember(connection, found, viewer.login, deployment.clock.now())
    store.write(connection, found, wanted.default_zone)
    return found


def today(directory: Directory, deployment: Deployment) -> date:
    """Today where the client is."""
    return deployment.clock.now().astimezone(zone(directory.default_zone)).date()


# -- units and posts -----------------------------------------------------------------------------------------------------
def keep_unit(
    deployment: Deployment, viewer: Viewer, directory: Directory, unit: str, said: Mapping[str, str], since: str
) -> str:
    """Let the unit be as `said` (cells of units.csv) from the day `since` on (year-month-day; '' today); its id.

    `unit` '' for a new one: its id is the one said, else the next that is free. With ``mend`` in `said` the period in force is
    put right instead, as if it had never been otherwise. Raises `NotAllowed`, `NotFound` and `Refused` with every problem."""
    known = directory.unit_periods
    if unit and unit not in known:
        raise NotFound("no-unit", {"id": unit})
    return _keep(deployment, viewer, directory, "units", unit, known, said, since)


def keep_post(
    deployment: Deployment, viewer: Viewer, directory: Directory, position: str, said: Mapping[str, str], since: str
) -> str:
    """As `keep_unit`, for a post and the cells of positions.csv. Targets of figures that nothing measures are refused."""
    known = directory.position_periods
    if position and position not in known:
        raise NotFound("no-position", {"id": position})
    problems = Problems()
    _measured(deployment, said.get("duties", ""), problems)
    return _keep(deployment, viewer, directory, "positions", position, known, said, since, problems)


def set_duties(
    deployment: Deployment, viewer: Viewer, directory: Directory, position: str, duties: str, since: str
) -> None:
    """Expect these `duties` (``visits_this_month>=15;…``) of the post from the day `since` on (year-month-day; '' today).

    What was expected before stays. Raises `NotFound`, `NotAllowed`, and `Refused` with every problem at once."""
    if position not in directory.position_periods:
        require_edit(viewer)
        raise NotFound("no-position", {"id": position})
    keep_post(deployment, viewer, directory, position, {"duties": duties}, since)


def _measured(deployment: Deployment, duties: str, problems: Problems) -> None:
    """What is expected has to be some figure; how the text is written is checked with the rest of the row."""
    known = deployment.catalogue.metrics
    for name in read_duties(_one_line(duties), lambda *said: None):
        if name not in known:
            problems.add("duties", "unknown-figure", {"name": name, "near": deployment.catalogue.suggest(name, known)})


def _keep(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    kind: str,
    id: str,
    known: Collection[str],
    said: Mapping[str, str],
    since: str,
    problems: Problems | None = None,
) -> str:
    require_edit(viewer)
    problems, row = problems or Problems(), {name: text.strip() for name, text in said.items() if name != "mend"}
    asked = row.pop("id", "")
    if not id and asked in known:
        problems.add("id", "id-taken", {"id": asked})
    row["id"] = id or asked or _free(kind, known)
    if "duties" in row:
        row["duties"] = _one_line(row["duties"])
    day, mend = _read_day(since, today(directory, deployment), problems), bool(said.get("mend"))
    table = _table(row if mend else row | {"from": day.isoformat()})
    _lay(deployment, viewer, {kind: table}, day, problems, mend)
    return row["id"]


def _free(kind: str, known: Collection[str]) -> str:
    """The first id of its kind that nothing has: ``unit-12``."""
    word = {"units": "unit", "positions": "post"}[kind]
    return next(f"{word}-{number}" for number in itertools.count(1) if f"{word}-{number}" not in known)


def _one_line(duties: str) -> str:
    return ";".join(filter(None, (one.strip() for one in duties.splitlines())))


def _table(row: Mapping[str, str]) -> Table:
    return Table("", tuple(row), ((0, tuple(row.values())),))


# -- people --------------------------------------------------------------------------------------------------------------
def fill(deployment: Deployment, viewer: Viewer, directory: Directory, position: str, person: str, since: str) -> str:
    """Give `person` (see `who_is`) the post from the day `since` on (year-month-day; '' today); their name.

    They come to the post's unit, under whoever leads it or the one above. Raises `NotFound`, `NotAllowed`, `Refused`."""
    require_edit(viewer)
    problems = Problems()
    day = _read_day(since, today(directory, deployment), problems)
    then = directory.as_of(day)
    it = then.positions.get(position)
    if it is None:
        raise NotFound("no-position", {"id": position})
    own = who_is(directory, person, day, problems)
    if own is not None and own.position == position:
        problems.add("person", "holds-post-already")
    if own is None or problems.errors:
        raise Refused("organisation", problems.errors)
    row = {"id": own.person, "from": day.isoformat(), "position": position}
    if it.unit in then.units:
        row |= {"unit": it.unit, "supervisor": _leader(deployment, then, it.unit, day, own.person) or own.supervisor}
    _lay(deployment, viewer, {"people": _table(row)}, day, problems)
    return own.name


def who_is(directory: Directory, said: str, day: date, problems: Problems) -> Assignment | None:
    """Who is meant by an id, by ``name (id)``, or by a name that one person has; None, with the reason among `problems`."""
    said = said.strip()
    meant = re.fullmatch(r".*\((\S+)\)", said)
    found = directory.on(said, day) or (directory.on(meant[1], day) if meant else None)
    if found is not None:
        return found
    here = (directory.on(person, day) for person in directory.people())
    called = [one for one in here if one is not None and one.name == said]
    if len(called) > 1:
        ids = ", ".join(one.person for one in called[:5])
        problems.add("person", "name-ambiguous", {"number": len(called), "name": said, "ids": ids})
    elif not called:
        problems.add("person", "nobody-on-that-day")
    return called[0] if len(called) == 1 else None


def _leader(deployment: Deployment, directory: Directory, unit: str, day: date, but: str) -> str:
    """Who leads the unit on that day, or the next one above, and is there; '' for nobody."""
    chart = chart_at(directory, noon(directory, day, deployment.clock.now()))
    heads = (chart.heads.get(one, "") for one in chart.line(unit))
    return next((head for head in heads if head in chart.people and head != but), "")


def _lay(
    deployment: Deployment,
    viewer: Viewer,
    tables: Mapping[str, Table],
    day: date,
    problems: Problems,
    mend: bool = False,
) -> None:
    """Lay `tables` over the organisation as it is now, in one transaction; raises `Refused` with `problems` and what comes to them."""
    with writing(deployment.engine) as connection:
        store.hold(connection)
        now, changes, _ = store.read(connection)
        found = merged(now, changes, tables, day, False, deployment.profile.locale, problems, mend)
        _refuse(problems)
        write(connection, deployment, viewer, found)
    deployment.bell.ring()


def _read_day(text: str, otherwise: date, problems: Problems) -> date:
    try:
        day = date.fromisoformat(text) if text else otherwise
        if 1900 <= day.year <= 2200:
            return day
    except ValueError:
        pass
    problems.add("from", "not-a-date", {"value": text[:40]})
    return otherwise


def _refuse(problems: Problems) -> None:
    if problems.errors:
        raise Refused("organisation", problems.errors)
