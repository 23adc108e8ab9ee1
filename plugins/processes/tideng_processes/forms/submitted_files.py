"""The files that a submission names: whether they may go with it, what events tell of them, and that they now belong to a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Row, select, update

from tideng.plugin import Viewer
from tideng_processes.tables import PaperRow

FilesByField = Mapping[str, Sequence[int]]
"""A field's name → ids of kept files."""


def fields_with_lost_files(connection: Connection, viewer: Viewer, files: FilesByField, case: str) -> list[str]:
    """The fields with a file that is gone, is another author's, or belongs to another case. `case` is '' for a new one. One
    statement, where there are files."""
    wanted = _ids(files)
    if not wanted:
        return []
    row = PaperRow
    query = select(row.id, row.case, row.field, row.author).where(row.id.in_(wanted))
    there = {one.id: one for one in connection.execute(query)}

    def fits(field: str, id: int) -> bool:
        return id in there and there[id].field == field and _is_own(there[id], viewer, case)

    return [field for field, ids in files.items() if not all(fits(field, int(id)) for id in ids)]


def _is_own(file: Row, viewer: Viewer, case: str) -> bool:
    """Whether it is the author's own and not handed in yet, or belongs to the same case."""
    return (file.case is None and file.author == viewer.login) or (case != "" and file.case == case)


def told_in_events(connection: Connection, files: FilesByField) -> dict[int, dict[str, str]]:
    """What events tell of the files: id → ``kind`` and, where one was read, ``number``. One statement, where there are files."""
    ids = _ids(files)
    row = PaperRow
    found = connection.execute(select(row.id, row.kind, row.reading).where(row.id.in_(ids))).all() if ids else ()
    numbers = {one.id: str(one.reading.get("fields", {}).get("number", "")) for one in found}
    return {one.id: {"kind": one.kind} | ({"number": numbers[one.id]} if numbers[one.id] else {}) for one in found}


def attach(connection: Connection, files: FilesByField, case: str) -> None:
    """Let the files belong to the case with whose form they were handed in."""
    if ids := _ids(files):
        connection.execute(update(PaperRow).where(PaperRow.id.in_(ids)).values(case=case))


def _ids(files: FilesByField) -> set[int]:
    return {int(id) for ids in files.values() for id in ids}
