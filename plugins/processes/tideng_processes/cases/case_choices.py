"""Fields that are a case of another process: what one chooses from, whether what was chosen may stand, and how it is told.

A field keeps a case by the name that events call it by: what another system calls it, where that began it, else its number. So
what a form says and what events say are the same, and a name that no case has is kept as it was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from tideng.model.catalogue import Text
from tideng.plugin import Problem
from tideng_processes.document.model import Definition, FieldSpec, Node
from tideng_processes.document.sentences import LANGUAGES, text
from tideng_processes.document.summaries import days_words, told
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import CaseRow

SINCE = timedelta(days=180)
"""So long ago an ended case may have begun that is offered; an open one always is."""
MOST = 60
_COLUMNS = ("id", "process", "version", "person", "node", "end", "data", "started_at", "reference")

Reference = tuple[str, str]
"""A process, and what one of its cases is called."""


@dataclass(frozen=True, slots=True)
class NamedCase:
    """A case that a field names, or may. `name`: what the field keeps; `id` '' where no case is called so; `words`: the case in a
    few words; `opens`: whether the one who reads them may open it."""

    name: str
    id: str
    person: str
    words: Text
    opens: bool = False


def case_fields(definition: Definition) -> list[FieldSpec]:
    return [one for one in definition.fields.values() if one.type == "case"]


def references(definition: Definition, data: Mapping[str, Any], few: bool = True) -> set[Reference]:
    """The cases that the data of a case names; with `few` also in fields that are shown to few."""
    found = ((one.process, data.get(one.name)) for one in case_fields(definition) if few or not one.sensitive)
    return {(process, name) for process, name in found if isinstance(name, str) and name}


# -- what one chooses from ---------------------------------------------------------------------------------------------
def choices(
    connection: Connection, registry: Registry, processes: Iterable[str], person: str, now: datetime, today: date
) -> dict[str, list[NamedCase]]:
    """The person's own cases of each of the `processes`, newest first: those that are open, and those of the last `SINCE`. One
    statement. `today`: the person's, by which the words leave out the year."""
    wanted, row = sorted(set(processes)), CaseRow
    lately = or_(row.node != "", row.started_at > now - SINCE)
    mine = (row.person == person, row.process.in_(wanted), lately)
    query = _select().where(*mine).order_by(row.serial.desc()).limit(MOST * len(wanted))
    found: dict[str, list[NamedCase]] = {process: [] for process in wanted}
    for one in connection.execute(query) if wanted and person else ():
        found[one.process].append(_named(one, registry, today))
    return {process: _told_apart(cases[:MOST]) for process, cases in found.items()}


def _told_apart(cases: Sequence[NamedCase]) -> list[NamedCase]:
    """Two that read alike are told apart by their numbers."""
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
    """The cases of these names; one that is not there is told by its name alone. One statement, where any is wanted."""
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
    """The fields of the form that name a case which is not one of the `person`'s, or of another process. What the case has
    `known` already may stand, and so may anything of a process that is not there. One statement, where there is a question."""
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
    """As the process says by now, or said when the case began; else its number and its first day. How it ended is said where it
    did not end as it was meant to."""
    latest, own = registry.latest(row.process), registry.version(row.process, row.version)
    ways = (one.definition for one in (latest, own) if one is not None)
    words = next(filter(None, (told(one, row.data, today) for one in ways)), {}) or _plain(row, today)
    end = own.definition.ends.get(row.end) if own else None
    if end is None or end.good:
        return words
    return {locale: f"{words[locale]} · {end.title.get(locale, row.end)}" for locale in LANGUAGES}


def _plain(row: Row, today: date | None) -> Text:
    day = row.started_at.date()
    return text(lambda locale: f"{row.id} · {days_words(day, day, locale, today)}")


def _unknown(name: str) -> NamedCase:
    words = {"zh": f"{name}（没有找到这个单号）", "en": f"{name} (no such number is known here)"}
    return NamedCase(name, "", "", words)
