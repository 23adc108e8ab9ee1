"""The data that processes hold about a person, for that person to see and to export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, or_, select

from tideng.plugin import (
    COLUMN_BEGAN,
    COLUMN_CONTENT,
    COLUMN_ENDED,
    COLUMN_OUTCOME,
    COLUMN_TIME,
    HeldRecord,
    HeldRows,
    Holding,
    Text,
    holding_of_rows,
    phrase,
)
from tideng_processes.cases.case_choices import NamedCase, named, references
from tideng_processes.document.model import Definition
from tideng_processes.document.sentences import said, text
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import CaseRow, PaperRow, StepRow, TaskRow

_SEEN = phrase("You, the owners of its steps, your supervisors and HR can see it")
_TITLES = {
    "cases": phrase("Your cases"),
    "steps": phrase("What you did and said in cases"),
    "tasks": phrase("Steps that were yours"),
    "papers": phrase("Files you handed in"),
}
_CASE = phrase("Case", context="holdings")
_STEP = phrase("Step")
_CASES = {
    "id": _CASE,
    "process": phrase("Process"),
    "version": phrase("Version"),
    "node": phrase("Current step", context="holdings"),
    "end": phrase("How it ended"),
    "started_at": COLUMN_BEGAN,
    "ended_at": COLUMN_ENDED,
    "data": COLUMN_CONTENT,
    "names": phrase("Other cases it names"),
}
_STEPS = {
    "at": COLUMN_TIME,
    "case": _CASE,
    "kind": phrase("What happened", context="holdings"),
    "node": _STEP,
    "outcome": COLUMN_OUTCOME,
    "note": phrase("Note", context="holdings"),
}
_TASKS = {
    "case": _CASE,
    "node": _STEP,
    "entered_at": phrase("Came to you"),
    "due": phrase("Due"),
    "done_at": phrase("Done"),
    "outcome": COLUMN_OUTCOME,
}
_PAPERS = {
    "kept_at": COLUMN_TIME,
    "case": _CASE,
    "name": phrase("File"),
    "size": phrase("Size in bytes"),
    "reading": phrase("What was read from it"),
}


def cases_of(connection: Connection, person: str, registry: Registry) -> list[Holding]:
    """The person's cases, their history entries in any case, the steps they owned, the files they handed in. A statement each."""
    case, step, task, told = CaseRow, StepRow, TaskRow, _told(connection, registry)
    return [
        _held(connection, "cases", _CASES, HeldRows(case, case.person == person, case.started_at, told)),
        _held(connection, "steps", _STEPS, HeldRows(step, step.by == person, step.at)),
        _held(connection, "tasks", _TASKS, HeldRows(task, task.owner == person, task.entered_at)),
        _papers(connection, person),
    ]


def _held(connection: Connection, name: str, columns: Mapping[str, Text], rows: HeldRows) -> Holding:
    return holding_of_rows(connection, f"processes.{name}", _TITLES[name], _SEEN, columns, rows, "flow")


def _told(connection: Connection, registry: Registry) -> Any:
    """Cases with titles in place of the document's names, and with the cases that they name in words. One statement more, where
    they name any."""

    def records(rows: Sequence[Any]) -> list[HeldRecord]:
        known = {row.id: one.definition for row in rows if (one := registry.version(row.process, row.version))}
        wanted = {row.id: references(known[row.id], row.data) if row.id in known else set() for row in rows}
        names = named(connection, registry, set().union(*wanted.values()))
        return [_record(row, known.get(row.id), [names[key] for key in sorted(wanted[row.id])]) for row in rows]

    return records


def _record(row: Any, it: Definition | None, names: Sequence[NamedCase]) -> HeldRecord:
    if it is None:
        return dict(row._mapping)
    node, end = it.nodes.get(row.node), it.ends.get(row.end)
    titles = {"process": it.title, "node": node.title if node else "", "end": end.title if end else ""}
    others = text(lambda locale: "\n".join(said(one.words, locale) for one in names))
    return {**row._mapping, **titles, "names": others if names else ""}


def _papers(connection: Connection, person: str) -> Holding:
    row = PaperRow
    own = or_(row.author == person, row.case.in_(select(CaseRow.id).where(CaseRow.person == person)))
    found = _held(connection, "papers", _PAPERS, HeldRows(row, own, row.kept_at))

    def files() -> Iterator[tuple[str, bytes]]:
        for one in connection.execute(select(row.id, row.name).where(own)).all():  # one at a time: each may be large
            yield (
                f"papers/{one.id}-{one.name}",
                bytes(connection.scalar(select(row.content).where(row.id == one.id)) or b""),
            )

    return replace(found, files=files)
