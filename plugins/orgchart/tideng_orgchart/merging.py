"""Laid over the organisation as it is: the rows of an uploaded table. What a table does not say stays as it was.

Nothing is written here. What comes out is the whole organisation as it would be, checked as a client's files are, and what is
wrong with it, each problem at the line that says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from tideng.bundle_files import Problems, Row, read_day
from tideng.bundle_org import duties_as_text, organisation_of
from tideng.people import Assignment, Position, Unit
from tideng_orgchart.changes import Change, fold
from tideng_orgchart.sheets import Table
from tideng_orgchart.store import Organisation

DAY = timedelta(days=1)


class _Known(Row):
    """A row that is not from the table; its problems are told by whose it is."""

    def at(self, column: str) -> str:
        return f"{self['id']}, {column}"


def merged(
    now: Organisation,
    changes: Sequence[Change],
    tables: Mapping[str, Table],
    day: date,
    whole: bool,
    locale: str,
    problems: Problems,
) -> Organisation:
    """The organisation `now` (and the `changes` heard of since) with `tables` laid over it, from `day` on. A column that a table
    does not have stays as it was; a cell that is empty empties its field.

    A row of people without a day changes the period in force on `day`; with one that is not known yet it begins a period, and
    the earlier one ends the day before. Changed targets count from `day` on. `whole`: whoever is employed on `day` and is not
    in the table of people has left, with `day` as the last one.
    """
    units = _overlaid({one.id: unit_cells(one) for one in now.units}, tables.get("units"))
    positions = _overlaid({one.id: position_cells(one, day) for one in now.positions}, tables.get("positions"))
    periods = _People(now, changes, day)
    table = tables.get("people")
    if table:
        periods.lay(table, problems)
    if table and whole:
        periods.leave(set(_ids(table)))
    people = periods.rows()
    for row in (*units, *positions, *people):
        if not row["name"]:
            problems.add(row.at("name"), "is empty")
    found = organisation_of(units, positions, people, now.default_zone, locale, problems)
    before = {one.id: one for one in now.positions}
    return replace(
        now,
        units=found.units,
        positions=tuple(_with_history(one, before.get(one.id), day) for one in found.positions),
        assignments=(*periods.untouched, *found.assignments[periods.others :]),
    )


def _ids(table: Table) -> list[str]:
    return [_cells(table, cells).get("id", "") for _, cells in table.rows]


def _cells(table: Table, cells: Sequence[str]) -> dict[str, str]:
    return dict(zip(table.columns, cells, strict=True))


def _overlaid(known: Mapping[str, Mapping[str, str]], table: Table | None) -> list[Row]:
    """Every row, those of the table in the place of what is known under their id."""
    rows: dict[str, Row] = {id: _Known("", 0, cells) for id, cells in known.items()}
    twice: list[Row] = []
    for line, values in table.rows if table else ():
        cells = _cells(table, values)  # type: ignore[arg-type]
        row = Row(table.place, line, {**known.get(cells["id"], {}), **cells})  # type: ignore[union-attr]
        if cells["id"] in rows and not isinstance(rows[cells["id"]], _Known):
            twice.append(row)  # kept, so that the check says so
        else:
            rows[cells["id"]] = row
    return [*rows.values(), *twice]


def unit_cells(unit: Unit) -> dict[str, str]:
    return {"id": unit.id, "name": unit.name, "parent": unit.parent}


def position_cells(position: Position, day: date) -> dict[str, str]:
    return {
        "id": position.id,
        "name": position.name,
        "unit": position.unit,
        "duties": duties_as_text(position.targets_on(day)),
        **{f"sheet_{locale}": text for locale, text in position.sheet.items()},
        "seats": "" if position.seats is None else str(position.seats),
        "head": "yes" if position.head else "",
    }


def _with_history(after: Position, before: Position | None, day: date) -> Position:
    """`after`, whose targets are those from `day` on: what was expected before stays."""
    if before is None:
        return after
    sheet = {**{name: text for name, text in before.sheet.items() if name not in ("zh", "en")}, **after.sheet}
    return replace(expecting(before, after.targets, day), name=after.name, unit=after.unit, sheet=sheet, seats=after.seats, head=after.head)  # fmt: skip


def expecting(position: Position, targets: Mapping[str, tuple[str, float]], day: date) -> Position:
    """The position with these targets from `day` on, until what was already said of a later day."""
    if dict(position.targets_on(day)) == dict(targets):
        return position
    later = {**dict(position.later), day: targets}
    return replace(position, later=tuple(sorted(later.items())))


# -- people ------------------------------------------------------------------------------------------------------------
_FIELDS = ("name", "unit", "position", "supervisor", "timezone", "locale", "phone", "email", "deputy")


class _People:
    """Everyone's periods as they are with what was heard since, and which of them the table changes."""

    def __init__(self, now: Organisation, changes: Sequence[Change], day: date):
        self._now, self._day = now, day
        self._periods: dict[str, list[Assignment]] = {}
        for one in fold(now.assignments, changes, now.default_zone):
            self._periods.setdefault(one.person, []).append(one)
        self._nobody = not self._periods
        self._laid: dict[str, list[Row]] = {}
        self.untouched: tuple[Assignment, ...] = ()
        self.others = 0
        """How many of `rows` are only there so that the others can be checked against them."""

    def rows(self) -> list[Row]:
        """Every period as a row of people.csv: first of those whom nothing changes, then of the others."""
        self.untouched = tuple(one for one in self._now.assignments if one.person not in self._laid)
        known = [
            person_row(one) for person, periods in self._periods.items() if person not in self._laid for one in periods
        ]
        self.others = len(known)
        return [*known, *(row for rows in self._laid.values() for row in rows)]

    def lay(self, table: Table, problems: Problems) -> None:
        for line, values in table.rows:
            cells = _cells(table, values)
            row = Row(table.place, line, cells)
            if not cells["id"]:
                problems.add(row.at("id"), "is empty")
                continue
            rows = self._laid.setdefault(cells["id"], [person_row(one) for one in self._periods.get(cells["id"], ())])
            self._lay(rows, row, problems)

    def _lay(self, rows: list[Row], said: Row, problems: Problems) -> None:
        since = read_day(said, "from", problems if rows else Problems())  # of somebody new it is read once more
        if not rows:
            first = "" if self._nobody else self._day.isoformat()
            rows.append(Row(said.file, said.line, {**said.cells, "from": said["from"] or first}))
            return
        place = next((n for n, row in enumerate(rows) if since and _since(row) == since), None)
        if since is None:
            place = self._in_force(rows)
        if place is not None:
            kept = {**rows[place].cells, **said.cells, "from": rows[place]["from"]}
            rows[place] = Row(said.file, said.line, kept)
        elif since:
            self._begin(rows, said, since)

    def _in_force(self, rows: Sequence[Row]) -> int:
        """The period on the day, else the last one."""
        return next((n for n, row in enumerate(rows) if _covers(row, self._day)), len(rows) - 1)

    @staticmethod
    def _begin(rows: list[Row], said: Row, since: date) -> None:
        """A new period; the one that it falls into ends the day before, and what the row does not say is as it was."""
        into = next((n for n, row in enumerate(rows) if _covers(row, since)), None)
        model = rows[into] if into is not None else rows[-1]
        until = said["until"] or (rows[into]["until"] if into is not None else "")
        rows.append(Row(said.file, said.line, {**model.cells, **said.cells, "until": until}))
        if into is not None:
            before = {**rows[into].cells, "until": (since - DAY).isoformat()}
            rows[into] = type(rows[into])(rows[into].file, rows[into].line, before)

    def leave(self, named: set[str]) -> None:
        """Whoever is employed on the day and is not named has it as their last one."""
        for person, periods in self._periods.items():
            if person in named or not any(one.covers(self._day) for one in periods):
                continue
            stay = [one for one in periods if one.since is None or one.since <= self._day]
            self._laid[person] = [
                person_row(replace(one, until=self._day) if one.covers(self._day) else one) for one in stay
            ]


def person_row(one: Assignment) -> Row:
    cells: dict[str, Any] = {name: getattr(one, name) for name in _FIELDS}
    days = {"from": one.since.isoformat() if one.since else "", "until": one.until.isoformat() if one.until else ""}
    return _Known("", 0, {"id": one.person, **cells, **days})


def _since(row: Row) -> date:
    return _day(row["from"]) or date.min


def _covers(row: Row, day: date) -> bool:
    return _since(row) <= day <= (_day(row["until"]) or date.max)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
