"""Improvement items: one for each step that is to become better and whoever has it. What happens there while it is open is
added to it, so that a step at which ten customers were lost is looked at once, and not ten times."""

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
    """What shows that a step could be better. `person`: who had it; `known`: the item's fields, as far as they are known;
    `words`: the same in a sentence, in the client's language; `name`: the same for the same occasion."""

    name: str
    person: str
    known: Mapping[str, Any]
    words: str

    @property
    def of(self) -> tuple[str, str]:
        """Which step, and whose."""
        return self.person, str(self.known.get("step") or "")


def note(
    mover: Mover, connection: Connection, registry: Registry, occasions: Sequence[Occasion], now: datetime
) -> dict[str, str]:
    """Open an item for each occasion, or add it to the one that is open; occasion's name → the item's id. A fixed number of
    statements. Empty where the client has done away with the process."""
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
    """Those that are open about steps of `people`, by person and step."""
    row = CaseRow
    query = select(row.id).where(row.process == PROCESS, among(connection, row.person, people), row.node != "")
    runs = load_runs(connection, registry, connection.scalars(query))
    return {(run.person, str(run.data.get("step") or "")): run for run in runs}


def _begun(mover: Mover, published: Published, id: str, occasion: Occasion, now: datetime) -> Run:
    """What the first step would ask is known; the supervisor of whoever had the step has the next one."""
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
