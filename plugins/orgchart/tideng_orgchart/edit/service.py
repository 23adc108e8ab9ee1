"""Changes that HR makes on pages: a unit, a post, its duties from a day on, a post filled.

Each change becomes a row of an import table, so that it is checked and stored in the same way as an imported file."""

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
from tideng_orgchart.edit.table_merge import Overlay, merged
from tideng_orgchart.organisation import store
from tideng_orgchart.organisation.rights import require_edit
from tideng_orgchart.views.chart import chart_at, noon

if TYPE_CHECKING:
    from tideng.plugin import Deployment


def write(
    connection: Connection, deployment: Deployment, viewer: Viewer, wanted: store.Organisation
) -> list[store.Difference]:
    """Write the organisation that is wanted, in this transaction, with its editor; returns the differences."""
    found = store.differences(connection, wanted)
    overrides.remember(connection, found, viewer.login, deployment.clock.now())
    store.write(connection, found, wanted.default_zone)
    return found


def today(directory: Directory, deployment: Deployment) -> date:
    """Today in the client's zone."""
    return deployment.clock.now().astimezone(zone(directory.default_zone)).date()


# -- units and posts -----------------------------------------------------------------------------------------------------


def keep_unit(
    deployment: Deployment, viewer: Viewer, directory: Directory, unit: str, said: Mapping[str, str], since: str
) -> str:
    """Change a unit to `said` (cells of units.csv) from the day `since` on (year-month-day; '' for today); returns its id.

    `unit` is '' for a new one: its id is the one in `said`, else the next free one. With ``mend`` in `said`, the whole period in
    force is corrected instead. Raises `NotAllowed`, `NotFound`, and `Refused` with every problem."""
    return _keep(deployment, viewer, directory, "units", unit, said, since)


def keep_post(
    deployment: Deployment, viewer: Viewer, directory: Directory, position: str, said: Mapping[str, str], since: str
) -> str:
    """As `keep_unit`, for a post and the cells of positions.csv. Targets without a metric are refused."""
    return _keep(deployment, viewer, directory, "positions", position, said, since)


def set_duties(
    deployment: Deployment, viewer: Viewer, directory: Directory, position: str, duties: str, since: str
) -> None:
    """Set the `duties` (``visits_this_month>=15;…``) of a post from the day `since` on (year-month-day; '' for today).

    Earlier periods stay. Raises `NotFound`, `NotAllowed`, and `Refused` with every problem at once."""
    if position not in directory.position_periods:
        require_edit(viewer)
        raise NotFound("no-position", {"id": position})
    keep_post(deployment, viewer, directory, position, {"duties": duties}, since)


def _measured(deployment: Deployment, duties: str, problems: Problems) -> None:
    """Check that each duty has a metric. The format of the text is checked with the rest of the row."""
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
    said: Mapping[str, str],
    since: str,
) -> str:
    known: Collection[str] = directory.unit_periods if kind == "units" else directory.position_periods
    if id and id not in known:
        raise NotFound("no-unit" if kind == "units" else "no-position", {"id": id})
    require_edit(viewer)
    problems, row = Problems(), {name: text.strip() for name, text in said.items() if name != "mend"}
    if kind == "positions":
        _measured(deployment, said.get("duties", ""), problems)
    asked = row.pop("id", "")
    if not id and asked in known:
        problems.add("id", "id-taken", {"id": asked})
    row["id"] = id or asked or _free(kind, known)
    if "duties" in row:
        row["duties"] = _one_line(row["duties"])
    day, mend = _read_day(since, today(directory, deployment), problems), bool(said.get("mend"))
    table = _table(row if mend else row | {"from": day.isoformat()})
    _lay(deployment, viewer, Overlay({kind: table}, day, mend=mend), problems)
    return row["id"]


def _free(kind: str, known: Collection[str]) -> str:
    """The first free id of its kind: ``unit-12``."""
    word = {"units": "unit", "positions": "post"}[kind]
    return next(f"{word}-{number}" for number in itertools.count(1) if f"{word}-{number}" not in known)


def _one_line(duties: str) -> str:
    return ";".join(filter(None, (one.strip() for one in duties.splitlines())))


def _table(row: Mapping[str, str]) -> Table:
    return Table("", tuple(row), ((0, tuple(row.values())),))


# -- people --------------------------------------------------------------------------------------------------------------
def fill(deployment: Deployment, viewer: Viewer, directory: Directory, position: str, person: str, since: str) -> str:
    """Give `person` (see `who_is`) the post from the day `since` on (year-month-day; '' for today); returns their name.

    They move to the post's unit, under its leader or the leader of the unit above. Raises `NotFound`, `NotAllowed`, `Refused`."""
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
    _lay(deployment, viewer, Overlay({"people": _table(row)}, day), problems)
    return own.name


def who_is(directory: Directory, said: str, day: date, problems: Problems) -> Assignment | None:
    """The person named by an id, by ``name (id)``, or by a name that only one has; else None, with the reason in `problems`."""
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
    """The leader of the unit on that day, or of the next unit above that has one; never `but`; '' for nobody."""
    chart = chart_at(directory, noon(directory, day, deployment.clock.now()))
    heads = (chart.heads.get(one, "") for one in chart.line(unit))
    return next((head for head in heads if head in chart.people and head != but), "")


def _lay(deployment: Deployment, viewer: Viewer, overlay: Overlay, problems: Problems) -> None:
    """Lay tables over the organisation as it is now, in one transaction. Raises `Refused` with `problems` and those found here."""
    with writing(deployment.engine) as connection:
        store.hold(connection)
        now, changes, _ = store.read(connection)
        found = merged(now, changes, overlay, deployment.profile.locale, problems)
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
