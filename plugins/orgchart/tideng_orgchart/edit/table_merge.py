"""Merges the rows of a table into the organisation. Fields and rows that the table does not have stay unchanged.

Nothing is written here. The result is the whole organisation, checked like a client's files, with each problem at its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from tideng.plugin import Assignment, Position, Problems, Row, Unit, duties_as_text, organisation_of, read_day
from tideng_orgchart.edit.table_files import Table
from tideng_orgchart.organisation.employment_changes import Change, fold
from tideng_orgchart.organisation.store import Organisation

DAY = timedelta(days=1)


class _StoredRow(Row):
    """A row of the stored organisation; the place of its problems is the id of its unit, post or person."""

    def at(self, column: str) -> str:
        return f"{self['id']}, {column}"


@dataclass(frozen=True, slots=True)
class Overlay:
    """Tables that are laid over the organisation.

    `day`: the first day of rows without one. `whole`: people who are employed on `day` and not in the table of people have left,
    with `day` as the last one. `mend`: a row without a day corrects the whole period in force."""

    tables: Mapping[str, Table]
    day: date
    whole: bool = False
    mend: bool = False


def merged(
    now: Organisation, changes: Sequence[Change], overlay: Overlay, locale: str, problems: Problems
) -> Organisation:
    """The organisation `now`, with the `changes` heard of since and the tables of `overlay` laid over it. A column that a table
    does not have stays as it was; an empty cell empties its field.

    A row whose day (`from`) is not known yet begins a period and ends the one before; a row with a known day changes that
    period. Without a day, a row of a unit or a post counts from the overlay's day on, and a row of a person changes the period
    in force.
    """
    tables, day, mend = overlay.tables, overlay.day, overlay.mend
    first = None if not (now.units or now.positions or now.assignments) else day
    units = _PeriodRows(
        {id: [unit_row(one) for one in mine] for id, mine in _by_id(now.units).items()}, day, first, mend
    )
    positions = _PeriodRows(
        {id: [position_row(one) for one in mine] for id, mine in _by_id(now.positions).items()}, day, first, mend
    )
    periods = _PeopleRows(now, changes, day)
    for kind, rows in (("units", units), ("positions", positions)):
        if kind in tables:
            rows.lay(tables[kind], problems)
    table = tables.get("people")
    if table:
        periods.lay(table, problems)
    if table and overlay.whole:
        periods.leave(set(_ids(table)))
    people = periods.rows()
    for row in (*units.rows, *positions.rows, *people):
        if not row["name"]:
            problems.add(row.at("name"), "is-empty")
    found = organisation_of(units.rows, positions.rows, people, now.default_zone, locale, problems)
    sheets = {one.id: one.sheet for one in now.positions}
    return replace(
        now,
        units=found.units,
        positions=tuple(_in_all_languages(one, sheets.get(one.id, {})) for one in found.positions),
        assignments=(*periods.untouched, *found.assignments[periods.others :]),
    )


def _ids(table: Table) -> list[str]:
    return [_cells(table, cells).get("id", "") for _, cells in table.rows]


def _cells(table: Table, cells: Sequence[str]) -> dict[str, str]:
    return dict(zip(table.columns, cells, strict=True))


def _said(table: Table, line: int, cells: Mapping[str, str]) -> Row:
    return Row(table.place, line, cells) if table.place else _StoredRow("", line, cells)


# -- units and posts ---------------------------------------------------------------------------------------------------
_T = TypeVar("_T", Unit, Position)


def _by_id(periods: Iterable[_T]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for one in sorted(periods, key=lambda one: one.since or date.min):
        found.setdefault(one.id, []).append(one)
    return {id: found[id] for id in dict.fromkeys(one.id for one in periods)}


def unit_row(unit: Unit) -> Row:
    return _StoredRow("", 0, {"id": unit.id, "name": unit.name, "parent": unit.parent, **_days(unit)})


def position_row(position: Position) -> Row:
    cells = {
        "id": position.id,
        "name": position.name,
        "unit": position.unit,
        "duties": duties_as_text(position.targets),
        **{f"sheet_{locale}": text for locale, text in position.sheet.items()},
        "seats": "" if position.seats is None else str(position.seats),
        "head": "yes" if position.head else "",
    }
    return _StoredRow("", 0, {**cells, **_days(position)})


def _days(one: Unit | Position | Assignment) -> dict[str, str]:
    return {
        "from": one.since.isoformat() if one.since else "",
        "until": one.until.isoformat() if one.until else "",
    }


def _in_all_languages(position: Position, sheet: Mapping[str, str]) -> Position:
    """The position with its duty sheet in the languages for which tables have no column."""
    others = {name: text for name, text in sheet.items() if name not in ("zh", "en")}
    return replace(position, sheet={**others, **position.sheet}) if others else position


class _PeriodRows:
    """The periods of all units, or of all posts, by id, the earliest first, with the rows of a table merged into them."""

    def __init__(self, known: dict[str, list[Row]], day: date, first: date | None, mend: bool):
        """`first`: the first day of a new unit or post whose row has no day; None for a period without one."""
        self._known, self._day, self._first, self._mend = known, day, first, mend
        self._twice: list[Row] = []

    @property
    def rows(self) -> list[Row]:
        return [*(row for mine in self._known.values() for row in mine), *self._twice]

    def lay(self, table: Table, problems: Problems) -> None:
        named: set[tuple[str, str]] = set()
        for line, values in table.rows:
            cells = _cells(table, values)
            row = _said(table, line, cells)
            key = (cells.get("id", ""), row["from"])
            if key in named:
                self._twice.append(row)  # kept, so that the check reports it
            elif key[0] in self._known:
                self._lay(self._known[key[0]], row, problems)
            else:
                since = row["from"] or (self._first.isoformat() if self._first else "")
                self._known[key[0]] = [type(row)(row.file, row.line, {**cells, "from": since})]
            named.add(key)

    def _lay(self, mine: list[Row], said: Row, problems: Problems) -> None:
        since = read_day(said, "from", Problems())
        if said["from"] and since is None:
            mine.append(said)  # the check reports the wrong day with all other problems
            return
        place = next((n for n, row in enumerate(mine) if since and _since(row) == since), None)
        if place is None:
            place = self._kept_in(mine, said, since)
        if place is not None:
            cells = {**mine[place].cells, **said.cells, "from": mine[place]["from"]}
            mine[place] = type(said)(said.file, said.line, cells)
        else:
            self._begin(mine, said, since or self._day)

    def _kept_in(self, mine: Sequence[Row], said: Row, since: date | None) -> int | None:
        """The index of the period that a row changes, None where it begins a new one. It changes a period where only its end is
        new, where a mistake is corrected, or where the period begins on the day itself or later."""
        day = since or self._day
        place = max((n for n, row in enumerate(mine) if _since(row) <= day), default=0)
        row = mine[place]
        if since is None and (self._mend or _since(row) >= day):
            return place
        new = {name for name, cell in said.cells.items() if row[name] != cell} - {"from", "until"}
        return place if _covers(row, day) and not new else None

    @staticmethod
    def _begin(mine: list[Row], said: Row, since: date) -> None:
        """Insert a new period in its place; fields that the row does not have are those of the period before."""
        place = sum(_since(row) < since for row in mine)
        model = mine[max(place - 1, 0)]
        until = said["until"] if "until" in said.cells else model["until"] if place == len(mine) else ""
        cells = {**model.cells, **said.cells, "from": since.isoformat(), "until": until}
        mine.insert(place, type(said)(said.file, said.line, cells))


# -- people ------------------------------------------------------------------------------------------------------------
_FIELDS = ("name", "unit", "position", "supervisor", "timezone", "locale", "phone", "email", "deputy")


class _PeopleRows:
    """The periods of all people with the changes received since, and those that the table changes."""

    def __init__(self, now: Organisation, changes: Sequence[Change], day: date):
        self._now, self._day = now, day
        self._periods: dict[str, list[Assignment]] = {}
        for one in fold(now.assignments, changes, now.default_zone):
            self._periods.setdefault(one.person, []).append(one)
        self._nobody = not self._periods
        self._laid: dict[str, list[Row]] = {}
        self.untouched: tuple[Assignment, ...] = ()
        self.others = 0
        """The number of leading `rows` that do not change; the others are checked against them."""

    def rows(self) -> list[Row]:
        """Every period as a row of people.csv: people without changes first, then the others."""
        self.untouched = tuple(one for one in self._now.assignments if one.person not in self._laid)
        known = [
            person_row(one) for person, periods in self._periods.items() if person not in self._laid for one in periods
        ]
        self.others = len(known)
        return [*known, *(row for rows in self._laid.values() for row in rows)]

    def lay(self, table: Table, problems: Problems) -> None:
        for line, values in table.rows:
            cells = _cells(table, values)
            row = _said(table, line, cells)
            if not cells["id"]:
                problems.add(row.at("id"), "is-empty")
                continue
            rows = self._laid.setdefault(cells["id"], [person_row(one) for one in self._periods.get(cells["id"], ())])
            self._lay(rows, row, problems)

    def _lay(self, rows: list[Row], said: Row, problems: Problems) -> None:
        since = read_day(
            said, "from", problems if rows else Problems()
        )  # the day of a new person is read, and reported, with the new row
        if not rows:
            first = "" if self._nobody else self._day.isoformat()
            rows.append(type(said)(said.file, said.line, {**said.cells, "from": said["from"] or first}))
            return
        place = next((n for n, row in enumerate(rows) if since and _since(row) == since), None)
        if since is None:
            place = self._in_force(rows)
        if place is not None:
            kept = {**rows[place].cells, **said.cells, "from": rows[place]["from"]}
            rows[place] = type(said)(said.file, said.line, kept)
        elif since:
            self._begin(rows, said, since)

    def _in_force(self, rows: Sequence[Row]) -> int:
        """The index of the period in force on the day, else of the last one."""
        return next((n for n, row in enumerate(rows) if _covers(row, self._day)), len(rows) - 1)

    @staticmethod
    def _begin(rows: list[Row], said: Row, since: date) -> None:
        """Begin a new period; the one that it falls into ends the day before, and passes on the fields that the row does not have."""
        into = next((n for n, row in enumerate(rows) if _covers(row, since)), None)
        model = rows[into] if into is not None else rows[-1]
        until = said["until"] or (rows[into]["until"] if into is not None else "")
        rows.append(type(said)(said.file, said.line, {**model.cells, **said.cells, "until": until}))
        if into is not None:
            before = {**rows[into].cells, "until": (since - DAY).isoformat()}
            rows[into] = type(rows[into])(rows[into].file, rows[into].line, before)

    def leave(self, named: set[str]) -> None:
        """End the employment of everybody who is employed on the day and not named, with the day as the last one."""
        for person, periods in self._periods.items():
            if person in named or not any(one.covers(self._day) for one in periods):
                continue
            stay = [one for one in periods if one.since is None or one.since <= self._day]
            self._laid[person] = [
                person_row(replace(one, until=self._day) if one.covers(self._day) else one) for one in stay
            ]


def person_row(one: Assignment) -> Row:
    cells: dict[str, Any] = {name: getattr(one, name) for name in _FIELDS}
    return _StoredRow("", 0, {"id": one.person, **cells, **_days(one)})


def _since(row: Row) -> date:
    return _day(row["from"]) or date.min


def _covers(row: Row, day: date) -> bool:
    return _since(row) <= day <= (_day(row["until"]) or date.max)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
