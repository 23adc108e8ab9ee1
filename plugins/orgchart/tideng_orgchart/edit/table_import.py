"""Imports a table of people, posts or units: uploaded, previewed, then applied in one transaction.

The rows wait in the database with the revision of the organisation that the preview was made for. Where the organisation has
changed since, nothing is applied, because the result would differ from the preview.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select

from tideng.plugin import (
    Directory,
    NotFound,
    Problem,
    Problems,
    Refused,
    Viewer,
    duties_as_text,
    in_force,
    reading,
    writing,
)
from tideng_orgchart.edit import table_files, table_merge
from tideng_orgchart.edit.service import today, write
from tideng_orgchart.organisation import store
from tideng_orgchart.organisation.rights import require_edit
from tideng_orgchart.organisation.store import Difference
from tideng_orgchart.tables import BEGINNING, ImportRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

KEPT = timedelta(days=2)
"""How long an uploaded file waits to be applied."""
MOST_SHOWN = 500
_KINDS = {"org_unit": "unit", "org_position": "position", "org_assignment": "person"}


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One change of a preview. `kind`: unit, position or person; `what`: new, changed, left or removed; `since`: its first day, None
    for a period without one; `fields`: column → (before, after) as texts."""

    kind: str
    what: str
    id: str
    name: str
    since: date | None
    fields: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Preview:
    """The changes that applying a file would make. `counts`: (kind, what) → number of changes; `lines`: the first changes, `more`: the
    number of the others; `stale`: the organisation has changed since the upload, and the file has to be uploaded again."""

    id: int
    file: str
    day: date
    whole: bool
    rows: int
    counts: Mapping[tuple[str, str], int]
    lines: tuple[PreviewLine, ...]
    more: int
    stale: bool

    @property
    def changes(self) -> int:
        return sum(self.counts.values())


def upload(
    deployment: Deployment, viewer: Viewer, directory: Directory, name: str, content: bytes, whole: bool = False
) -> int:
    """Read a file, check it against the organisation and store it for its preview; returns its number. `whole`: people who are
    missing from it have left today. Raises `NotAllowed`, and `Refused` with every problem at once."""
    require_edit(viewer)
    name = name.replace("\\", "/").rpartition("/")[2][-120:] or "file"
    tables = table_files.read_upload(name, content)
    now, day = deployment.clock.now(), today(directory, deployment)
    if whole and "people" not in tables:
        raise Refused("import", [Problem(name, "import-without-people")])
    with reading(deployment.engine) as connection:
        revision = store.revision(connection)
        _wanted(connection, deployment, tables, day, whole)
    with writing(deployment.engine) as connection:
        connection.execute(delete(ImportRow).where(ImportRow.at < now - KEPT))
        stored = {kind: asdict(table) for kind, table in tables.items()}
        values = {"by": viewer.login, "at": now, "day": day, "revision": revision, "file": name}
        statement = insert(ImportRow).values(**values, tables=stored, whole=whole).returning(ImportRow.id)
        return connection.execute(statement).scalar_one()


def preview(deployment: Deployment, viewer: Viewer, number: int) -> Preview:
    """Every change that a file would make, field by field. Raises `NotFound` for a file of another person, and for one that is gone."""
    require_edit(viewer)
    with reading(deployment.engine) as connection:
        row = _waiting(connection, viewer, number)
        tables = _tables(row)
        stale = store.revision(connection) != row.revision
        found = (
            [] if stale else store.differences(connection, _wanted(connection, deployment, tables, row.day, row.whole))
        )
    lines = [_line(one, row.day) for one in found]
    counts: dict[tuple[str, str], int] = {}
    for one in lines:
        counts[one.kind, one.what] = counts.get((one.kind, one.what), 0) + 1
    rows = sum(len(table.rows) for table in tables.values())
    return Preview(
        number, row.file, row.day, row.whole, rows, counts, tuple(lines[:MOST_SHOWN]), len(lines[MOST_SHOWN:]), stale
    )


def apply(deployment: Deployment, viewer: Viewer, number: int) -> int:
    """Apply the changes of a preview, all or none; returns how many there were.

    Raises `NotFound`, `NotAllowed`, and `Refused` where the organisation changed since the preview was made."""
    require_edit(viewer)
    with writing(deployment.engine) as connection:
        revision = store.hold(connection)
        row = _waiting(connection, viewer, number)
        if revision != row.revision:
            raise Refused("import", [Problem(row.file, "import-outdated")])
        found = write(connection, deployment, viewer, _wanted(connection, deployment, _tables(row), row.day, row.whole))
        connection.execute(delete(ImportRow).where(ImportRow.id == number))
    deployment.bell.ring()
    return len(found)


def discard(deployment: Deployment, viewer: Viewer, number: int) -> None:
    """Delete a file that waits. Raises `NotFound`."""
    require_edit(viewer)
    with writing(deployment.engine) as connection:
        _waiting(connection, viewer, number)
        connection.execute(delete(ImportRow).where(ImportRow.id == number))


def _waiting(connection: Connection, viewer: Viewer, number: int) -> Any:
    row = ImportRow
    mine = select(row.__table__).where(row.id == number, row.by == viewer.login)
    found = connection.execute(mine).first() if 0 < number < 2**63 else None
    if found is None:
        raise NotFound("no-import", {"id": number})
    return found


def _tables(row: Any) -> dict[str, table_files.Table]:
    return {kind: table_files.table_of(stored) for kind, stored in row.tables.items()}


def _wanted(
    connection: Connection, deployment: Deployment, tables: Mapping[str, table_files.Table], day: date, whole: bool
) -> store.Organisation:
    """The organisation with the tables applied. Raises `Refused` with every problem."""
    now, changes, _ = store.read(connection)
    problems = Problems()
    overlay = table_merge.Overlay(tables, day, whole)
    found = table_merge.merged(now, changes, overlay, deployment.profile.locale, problems)
    if problems.errors:
        raise Refused("import", problems.errors)
    return found


# -- the preview in words ----------------------------------------------------------------------------------------------
def _line(one: Difference, day: date) -> PreviewLine:
    shown = one.after or one.before or {}
    since = shown.get("since")
    return PreviewLine(
        _KINDS[one.table.name],
        _what(one, day),
        str(one.key[0]),
        str(shown.get("name", "")),
        since if since and since != BEGINNING else None,
        {name: (_shown(name, old), _shown(name, new)) for name, (old, new) in _fields(one).items()},
    )


def _what(one: Difference, day: date) -> str:
    if one.before is None:
        return "changed" if one.changed else "new"
    if one.after is None:
        return "removed"
    ends = one.table.name == "org_assignment" and set(one.changed) == {"until"} and one.after["until"] == day
    return "left" if ends else "changed"


def _fields(one: Difference) -> Mapping[str, tuple[Any, Any]]:
    if one.before is not None:
        return one.changed
    if one.earlier is not None and one.changed:
        return one.changed
    hidden = ("id", "person", "name", "since")
    return {name: (None, value) for name, value in (one.after or {}).items() if value and name not in hidden}


def _shown(name: str, value: Any) -> str:
    if value in (None, "", {}, [], False):
        return ""
    if name == "targets":
        return duties_as_text({metric: (sign, goal) for metric, (sign, goal) in value.items()})
    if name == "sheet":
        return next(iter(value.values()))[:80]
    return "yes" if value is True else str(value)


# -- a template --------------------------------------------------------------------------------------------------------
def template(directory: Directory, chinese: bool, filled: bool, day: date) -> bytes:
    """A workbook with a sheet for each table, empty or with the organisation of `day`. It has no formulas: a text that begins like
    one is written as text."""
    import xlsxwriter  # loaded only where a template is written

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        head, text = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
        for kind, columns in table_files.TABLES.items():
            sheet = book.add_worksheet(table_files.NAMES[kind] if chinese else kind)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(columns) - 1, 18, text)
            names = [table_files.CHINESE[kind][one] if chinese else one for one in columns]
            for row, cells in enumerate([names, *(_filled(directory, kind, day) if filled else [])]):
                for column, cell in enumerate(cells):
                    sheet.write_string(row, column, cell, head if row == 0 else text)
    return out.getvalue()


def _filled(directory: Directory, kind: str, day: date) -> Sequence[Sequence[str]]:
    rows: list[Mapping[str, str]]
    if kind == "units":
        rows = [table_merge.unit_row(one).cells for one in _standing(directory.unit_periods, day)]
    elif kind == "positions":
        rows = [table_merge.position_row(one).cells for one in _standing(directory.position_periods, day)]
    else:
        held = (directory.on(person, day) for person in directory.people())
        rows = [table_merge.person_row(one).cells for one in held if one is not None]
    return [[_harmless(row.get(column, "")) for column in table_files.TABLES[kind]] for row in rows]


def _standing(periods: Mapping[str, Sequence[Any]], day: date) -> Sequence[Any]:
    return [one for one in (in_force(mine, day) for mine in periods.values()) if one is not None]


def _harmless(text: str) -> str:
    """A spreadsheet that is saved as CSV and opened again would compute what begins so."""
    return (
        f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not text[1:].replace(" ", "").isdigit() else text
    )
