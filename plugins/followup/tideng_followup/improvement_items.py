"""Improvement items: one for each step that could be better and the person who had it.

A further occasion is added to the item that is open, so that a step at which ten customers were lost is reviewed once
and not ten times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tideng.plugin import among
from tideng_processes.cases.case_writer import HistoryEntry
from tideng_processes.cases.loader import load_runs, next_ids
from tideng_processes.cases.run import Run
from tideng_processes.cases.transitions import Mover
from tideng_processes.publication.registry import Published, Registry, keep_version
from tideng_processes.tables import CaseRow

PROCESS = "improvement"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What shows that a step could be better. `person`: who had the step. `known`: the item's fields, as far as they
    are known. `words`: the same as a sentence in the client's language. `name`: equal for the same occasion."""

    name: str
    person: str
    known: Mapping[str, Any]
    words: str

    @property
    def of(self) -> tuple[str, str]:
        """The step and the person."""
        return self.person, str(self.known.get("step") or "")


def note(
    mover: Mover, connection: Connection, registry: Registry, occasions: Sequence[Occasion], now: datetime
) -> dict[str, str]:
    """Open an item for each occasion, or add the occasion to the open item. Returns occasion's name → the item's id;
    {} when the client removed the process. A fixed number of statements."""
    published = registry.latest(PROCESS)
    if published is None or not occasions:
        return {}
    keep_version(connection, published, now)
    items = _open_items(connection, registry, {one.person for one in occasions})
    ids = iter(next_ids(connection, PROCESS, len({one.of for one in occasions} - items.keys())))
    found = {}
    for one in occasions:
        if one.of in items:
            mover.record(items[one.of], HistoryEntry("comment", now, items[one.of].node, note=one.words))
        else:
            items[one.of] = _begun(mover, published, next(ids), one, now)
        found[one.name] = items[one.of].id
    return found


def _open_items(connection: Connection, registry: Registry, people: set[str]) -> dict[tuple[str, str], Run]:
    """Find the open items about steps of `people`, by person and step."""
    row = CaseRow
    query = select(row.id).where(row.process == PROCESS, among(connection, row.person, people), row.node != "")
    runs = load_runs(connection, registry, connection.scalars(query))
    return {(run.person, str(run.data.get("step") or "")): run for run in runs}


def _begun(mover: Mover, published: Published, id: str, occasion: Occasion, now: datetime) -> Run:
    """Begin an item. What its first step asks is already known; the next step belongs to the supervisor of the
    person who had the step."""
    definition = published.definition
    first = definition.first
    run = Run(
        id=id,
        definition=definition,
        version=published.version,
        person=occasion.person,
        starter="",
        node=first.id,
        data={name: value for name, value in occasion.known.items() if name in definition.fields},
        started_at=now,
        key=occasion.name,
        fresh=True,
    )
    follows = mover.machine(definition).advance(first.id, first.outcomes[0].id, run.data)
    mover.enter(run, follows if follows in definition.nodes else first.id, now)
    return run
