"""What is heard from elsewhere moves cases too: a CRM's event begins one, or answers a step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from tideng.events import Event
from tideng.people import DIRECTORY_EVENTS, Directory
from tideng_processes.emitting import SOURCE, heard
from tideng_processes.loading import load_runs, next_id
from tideng_processes.model import Definition
from tideng_processes.moving import OPEN, Mover, Run
from tideng_processes.registry import Published, Registry, store
from tideng_processes.tables import CaseRow

if TYPE_CHECKING:
    from tideng.deployment import Deployment


def hear(
    deployment: Deployment,
    connection: Connection,
    directory: Directory,
    registry: Registry,
    events: Sequence[Event],
    now: datetime,
    oldest: datetime,
) -> None:
    """Let events from elsewhere begin and move cases. What is older than `oldest` does nothing: it is history."""
    others = [event for event in events if event.source != SOURCE and event.time >= oldest]
    moving = [one for one in registry.all() if one.definition.listens]
    if moving and others:
        _Ear(deployment, connection, directory, registry, now).hear(moving, others)


def take_away(deployment: Deployment, events: Iterable[Event]) -> bool:
    """Whether one of `events` may take somebody away from their steps: they left, moved, or went on leave."""
    starts = {state.starts for state in deployment.catalogue.states.values() if state.absent} | DIRECTORY_EVENTS
    return any(event.type in starts for event in events)


class _Ear:
    def __init__(
        self, deployment: Deployment, connection: Connection, directory: Directory, registry: Registry, now: datetime
    ):
        self._connection, self._directory, self._registry, self._now = connection, directory, registry, now
        self._mover = Mover(deployment, connection, directory, now)

    def hear(self, processes: Sequence[Published], events: Sequence[Event]) -> None:
        keys = {
            (one.definition.id, str(event.data[one.definition.key])): one
            for one in processes
            for event in events
            if one.definition.key in event.data and self._is_heard(one.definition, event)
        }
        if not keys:
            return
        known = self._known(keys)
        for event in events:
            for one in processes:
                name = event.data.get(one.definition.key)
                if name is not None and self._is_heard(one.definition, event):
                    self._hear(one, event, str(name), known)
        self._mover.save()

    def _known(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Run]:
        """Cases that are there already, by process and by what elsewhere calls them: their id, or the name they began with."""
        names = sorted({name for _process, name in keys})
        began = select(CaseRow.id, CaseRow.process, CaseRow.reference).where(
            CaseRow.id.in_(names) | CaseRow.reference.in_(names)
        )
        rows = self._connection.execute(began).all()
        runs = {run.id: run for run in load_runs(self._connection, self._registry, [row.id for row in rows])}
        found = {}
        for row in rows:
            for name in (row.id, row.reference):
                if name in names and row.id in runs:
                    found[row.process, name] = runs[row.id]
        return found

    @staticmethod
    def _is_heard(definition: Definition, event: Event) -> bool:
        answers = {one.on for node in definition.nodes.values() for one in node.outcomes}
        return event.type == definition.start.event or event.type in answers

    def _hear(self, published: Published, event: Event, name: str, known: dict[tuple[str, str], Run]) -> None:
        run = known.get((published.definition.id, name))
        if run is None:
            if event.type == published.definition.start.event and self._directory.at(event.subject, event.time):
                known[published.definition.id, name] = self._begin(published, event, name)
            return
        task = next((one for one in run.tasks if one.state == OPEN), None)
        if not run.node or task is None or event.time < task.entered_at:
            return
        outcome = next((one for one in run.step.outcomes if one.on == event.type), None)
        if outcome is not None:
            for one in [one for one in run.tasks if one.state == OPEN and one.node == run.node]:
                if run.node and one.state == OPEN:  # each owner's part is answered by the one event
                    self._mover.take(
                        run, one, outcome, "", event.time, data=heard(run.definition, outcome, event), quiet=True
                    )

    def _begin(self, published: Published, event: Event, name: str) -> Run:
        """A case that elsewhere began: its first step is done by the event itself."""
        definition = published.definition
        store(
            self._connection, definition, published.version, published.origin, published.by, published.note, self._now
        )
        run = Run(
            id=next_id(self._connection, definition.id),
            definition=definition,
            version=published.version,
            person=event.subject,
            starter=event.subject,
            node=definition.first.id,
            data={},
            started_at=event.time,
            reference=name,
            fresh=True,
        )
        outcome = definition.first.outcomes[0]
        self._mover.begin(run)
        said = heard(definition, outcome, event)
        self._mover.take(run, run.tasks[0], outcome, "", event.time, data=said, quiet=True)
        return run
