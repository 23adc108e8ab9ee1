"""Laid over the organisation as it is: the rows of an uploaded table. What a table does not say stays as it was.

Nothing is written here. What comes out is the whole organisation as it would be, checked as a client's files are, and what is
wrong with it, each problem at the line that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

from tideng.plugin import Assignment, Position, Problems, Row, Unit, duties_as_text, organisation_of, read_day
from tideng_orgchart.edit.table_files import Table
from tideng_orgchart.organisation.employment_changes import Change, fold
from tideng_orgchart.organisation.store import Organisation

DAY = timedelta(days=1)


class _Known(Row):
    """A row that is not from a table; its problems are told by whose it is."""

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
    mend: bool = False,
) -> Organisation:
    """The organisation `now` (and the `changes` heard of since) with `tables` laid over it, from `day` on. A column that a table
    does not have stays as it was; a cell that is empty empties its field.

    A row with a day (`from`) that is not known yet begins a period, and the one before ends; with one that is known it changes
    that period. Without a day, what a row says of a unit or a post counts from `day` on, or, to `mend` a mistake, for the whole
    period in force; what it says of a person changes the period in force. `whole`: whoever is employed on `day` and is not in
    the table of people has left, with `day` as the last one.
    """
    first = None if not (now.units or now.positions or now.assignments) else day
    units = _Dated({id: [unit_row(one) for one in mine] for id, mine in _by_id(now.units).items()}, day, first, mend)
    positions = _Dated(
        {id: [position_row(one) for one in mine] for id, mine in _by_id(now.positions).items()}, day, first, mend
    )
    periods = _People(now, changes, day)
    for kind, rows in (("units", units), ("positions", positions)):
        if kind in tables:
            rows.lay(tables[kind], problems)
    table = tables.get("people")
    if table:
        periods.lay(table, problems)
    if table and whole:
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
    return Row(table.place, line, cells) if table.place else _Known("", line, cells)


# -- units and posts ---------------------------------------------------------------------------------------------------
_T = TypeVar("_T", Unit, Position)


def _by_id(periods: Iterable[_T]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for one in sorted(periods, key=lambda one: one.since or date.min):
        found.setdefault(one.id, []).append(one)
    return {id: found[id] for id in dict.fromkeys(one.id for one in periods)}


def unit_row(unit: Unit) -> Row:
    return _Known("", 0, {"id": unit.id, "name": unit.name, "parent": unit.parent, **_days(unit)})


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
    return _Known("", 0, {**cells, **_days(position)})


def _days(one: Unit | Position | Assignment) -> dict[str, str]:
    return {
        "from": one.since.isoformat() if one.since else "",
        "until": one.until.isoformat() if one.until else "",
    }


def _in_all_languages(position: Position, sheet: Mapping[str, str]) -> Position:
    """With the duty sheet in those languages that no table has a column for."""
    others = {name: text for name, text in sheet.items() if name not in ("zh", "en")}
    return replace(position, sheet={**others, **position.sheet}) if others else position


class _Dated:
    """The periods of all units, or of all posts, by id and each the earliest first, with the rows of a table laid over them."""

    def __init__(self, known: dict[str, list[Row]], day: date, first: date | None, mend: bool):
        """`first`: the day on which what is new begins, where its row does not say one; None: it was always there."""
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
                self._twice.append(row)  # kept, so that the check says so
            elif key[0] in self._known:
                self._lay(self._known[key[0]], row, problems)
            else:
                since = row["from"] or (self._first.isoformat() if self._first else "")
                self._known[key[0]] = [type(row)(row.file, row.line, {**cells, "from": since})]
            named.add(key)

    def _lay(self, mine: list[Row], said: Row, problems: Problems) -> None:
        since = read_day(said, "from", Problems())
        if said["from"] and since is None:
            mine.append(said)  # what is no day is told with everything else
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
        """The period that what is said belongs to, where it begins none: nothing but its end is new, or it is mended, or it has
        not begun before the day itself."""
        day = since or self._day
        place = max((n for n, row in enumerate(mine) if _since(row) <= day), default=0)
        row = mine[place]
        if since is None and (self._mend or _since(row) >= day):
            return place
        new = {name for name, cell in said.cells.items() if row[name] != cell} - {"from", "until"}
        return place if _covers(row, day) and not new else None

    @staticmethod
    def _begin(mine: list[Row], said: Row, since: date) -> None:
        """A new period, in its place; what the row does not say is as it was in the one before."""
        place = sum(_since(row) < since for row in mine)
        model = mine[max(place - 1, 0)]
        until = said["until"] if "until" in said.cells else model["until"] if place == len(mine) else ""
        cells = {**model.cells, **said.cells, "from": since.isoformat(), "until": until}
        mine.insert(place, type(said)(said.file, said.line, cells))


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
            row = _said(table, line, cells)
            if not cells["id"]:
                problems.add(row.at("id"), "is-empty")
                continue
            rows = self._laid.setdefault(cells["id"], [person_row(one) for one in self._periods.get(cells["id"], ())])
            self._lay(rows, row, problems)

    def _lay(self, rows: list[Row], said: Row, problems: Problems) -> None:
        since = read_day(said, "from", problems if rows else Problems())  # of somebody new it is read once more
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
        """The period on the day, else the last one."""
        return next((n for n, row in enumerate(rows) if _covers(row, self._day)), len(rows) - 1)

    @staticmethod
    def _begin(rows: list[Row], said: Row, since: date) -> None:
        """A new period; the one that it falls into ends the day before, and what the row does not say is as it was."""
        into = next((n for n, row in enumerate(rows) if _covers(row, since)), None)
        model = rows[into] if into is not None else rows[-1]
        until = said["until"] or (rows[into]["until"] if into is not None else "")
        rows.append(type(said)(said.file, said.line, {**model.cells, **said.cells, "until": until}))
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
    return _Known("", 0, {"id": one.person, **cells, **_days(one)})


def _since(row: Row) -> date:
    return _day(row["from"]) or date.min


def _covers(row: Row, day: date) -> bool:
    return _since(row) <= day <= (_day(row["until"]) or date.max)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
