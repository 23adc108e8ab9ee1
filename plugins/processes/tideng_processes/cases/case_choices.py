"""Fields that name a case of another process: the choices, whether a choice is allowed, and the case in words.

A field keeps a case by the name that events use: that of the system that began the case, else its number. So forms and events
name a case alike, and a name that no case has is kept as it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from tideng.plugin import Problem, Text, joined, phrase
from tideng_processes.document.model import Definition, FieldSpec, Node
from tideng_processes.document.sentences import text
from tideng_processes.document.summaries import days_words, told
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import CaseRow

SINCE = timedelta(days=180)
"""How long ago an ended case may have begun to be offered; an open one is always offered."""
MOST = 60
_COLUMNS = ("id", "process", "version", "person", "node", "end", "data", "started_at", "reference")

Reference = tuple[str, str]
"""A process, and what one of its cases is called."""


@dataclass(frozen=True, slots=True)
class NamedCase:
    """A case that a field names, or may name. `name`: the field's value; `id`: '' where no case has this name; `words`: the case
    in a few words; `opens`: whether the reader may open it."""

    name: str
    id: str
    person: str
    words: Text
    opens: bool = False


def case_fields(definition: Definition) -> list[FieldSpec]:
    return [one for one in definition.fields.values() if one.type == "case"]


def references(definition: Definition, data: Mapping[str, Any], few: bool = True) -> set[Reference]:
    """The cases that the data of a case names; `few`: also in sensitive fields, which are shown to few."""
    found = ((one.process, data.get(one.name)) for one in case_fields(definition) if few or not one.sensitive)
    return {(process, name) for process, name in found if isinstance(name, str) and name}


# -- what one chooses from ---------------------------------------------------------------------------------------------
def choices(
    connection: Connection, registry: Registry, processes: Iterable[str], person: str, now: datetime, today: date
) -> dict[str, list[NamedCase]]:
    """The person's own cases of each of the `processes`, newest first: the open ones, and those begun within the last `SINCE`.
    One statement. `today`: the person's local day; the words leave out its year."""
    wanted, row = sorted(set(processes)), CaseRow
    lately = or_(row.node != "", row.started_at > now - SINCE)
    mine = (row.person == person, row.process.in_(wanted), lately)
    query = _select().where(*mine).order_by(row.serial.desc()).limit(MOST * len(wanted))
    found: dict[str, list[NamedCase]] = {process: [] for process in wanted}
    for one in connection.execute(query) if wanted and person else ():
        found[one.process].append(_named(one, registry, today))
    return {process: _told_apart(cases[:MOST]) for process, cases in found.items()}


def _told_apart(cases: Sequence[NamedCase]) -> list[NamedCase]:
    """The cases, with the number added to words that occur more than once."""
    seen = [tuple(sorted(one.words.items())) for one in cases]
    return [
        replace(one, words={locale: f"{words} · {one.id}" for locale, words in one.words.items()})
        if seen.count(key) > 1
        else one
        for one, key in zip(cases, seen, strict=True)
    ]


# -- what was chosen ---------------------------------------------------------------------------------------------------
def named(
    connection: Connection, registry: Registry, wanted: Iterable[Reference], today: date | None = None
) -> dict[Reference, NamedCase]:
    """The cases of these names; an unknown one has its name alone. One statement, where any is wanted."""
    asked = set(wanted)
    if not asked:
        return {}
    names, row = sorted({name for _process, name in asked}), CaseRow
    query = _select().where(or_(row.id.in_(names), row.reference.in_(names)))
    found = {key: _unknown(key[1]) for key in asked}
    for one in connection.execute(query):
        for key in {(one.process, one.id), (one.process, one.reference)} & asked:
            found[key] = replace(_named(one, registry, today), name=key[1])
    return found


def not_to_be_chosen(
    connection: Connection, registry: Registry, definition: Definition, node: Node, data: Mapping[str, Any],
    known: Mapping[str, Any], person: str,
) -> Iterator[Problem]:  # fmt: skip
    """The fields of the form that name a case of somebody else than `person`, or of another process. A value that the case has
    `known` already is allowed, and so is any name for a process that does not exist here. One statement, where a field is new."""
    fresh = {
        one.field: (spec.process, data[one.field])
        for one in node.form
        if (spec := definition.fields[one.field]).type == "case"
        and data.get(one.field) not in (None, known.get(one.field))
        and registry.latest(spec.process) is not None
    }
    found = named(connection, registry, fresh.values())
    for name, key in fresh.items():
        if found[key].person != person:
            yield Problem(name, "case-not-choosable")


# -- in words ----------------------------------------------------------------------------------------------------------
def _select() -> Any:
    return select(*(getattr(CaseRow, name) for name in _COLUMNS))


def _named(row: Row, registry: Registry, today: date | None) -> NamedCase:
    return NamedCase(row.reference or row.id, row.id, row.person, _words(row, registry, today))


def _words(row: Row, registry: Registry, today: date | None) -> Text:
    """The case's summary by the latest version, else by its own version, else its number and first day; with its end, where that
    is not a good one."""
    latest, own = registry.latest(row.process), registry.version(row.process, row.version)
    ways = (one.definition for one in (latest, own) if one is not None)
    words = next(filter(None, (told(one, row.data, today) for one in ways)), {}) or _plain(row, today)
    end = own.definition.ends.get(row.end) if own else None
    if end is None or end.good:
        return words
    return joined((words, " · ", end.title or row.end))


def _plain(row: Row, today: date | None) -> Text:
    day = row.started_at.date()
    return text(lambda locale: f"{row.id} · {days_words(day, day, locale, today)}")


def _unknown(name: str) -> NamedCase:
    words = phrase("{name} (no such number is known here)", name=name)
    return NamedCase(name, "", "", words)
