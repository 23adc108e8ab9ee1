"""Events of other systems move cases: a CRM's event begins one, or answers a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from tideng.plugin import DIRECTORY_EVENTS, Directory, Event
from tideng_processes.cases.events import SOURCE, heard
from tideng_processes.cases.loader import load_runs, next_ids
from tideng_processes.cases.owners import Staff
from tideng_processes.cases.run import OPEN, Run
from tideng_processes.cases.transitions import Answer, Mover
from tideng_processes.document.model import Definition, Outcome
from tideng_processes.publication.registry import Published, Registry, store
from tideng_processes.tables import CaseRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment


def hear(
    deployment: Deployment,
    connection: Connection,
    directory: Directory,
    registry: Registry,
    events: Sequence[Event],
    now: datetime,
    silent: Callable[[Event], bool],
) -> None:
    """Let events of other systems begin and move cases. For events that are `silent` (history), owners are those of that day, and
    no event tells of the moves. A few statements, whatever the number of events."""
    others = [event for event in events if event.source != SOURCE]
    moving = [one for one in registry.all() if one.definition.listens]
    if moving and others:
        _Listener(deployment, connection, directory, registry, now, silent).hear(moving, others)


def may_take_away(deployment: Deployment, events: Iterable[Event]) -> bool:
    """Whether one of `events` may make an owner absent: somebody left, moved, or went on leave."""
    starts = {state.starts for state in deployment.catalogue.states.values() if state.absent} | DIRECTORY_EVENTS
    return any(event.type in starts for event in events)


class _Listener:
    def __init__(
        self,
        deployment: Deployment,
        connection: Connection,
        directory: Directory,
        registry: Registry,
        now: datetime,
        silent: Callable[[Event], bool],
    ):
        self._connection, self._directory, self._registry = connection, directory, registry
        self._now, self._silent = now, silent
        self._mover = Mover(deployment, connection, directory, now)
        self._there = self._mover.staff
        self._known: dict[tuple[str, str], Run] = {}
        self._ids: dict[str, Iterator[str]] = {}

    def hear(self, processes: Sequence[Published], events: Sequence[Event]) -> None:
        heard_ = [
            (one, event, str(event.data[one.definition.key]))
            for event in events
            for one in processes
            if event.data.get(one.definition.key) is not None and _is_heard(one.definition, event)
        ]
        if not heard_:
            return
        self._known = self._cases({name for _one, _event, name in heard_})
        self._give_ids(heard_)
        for one, event, name in heard_:
            self._hear(one, event, name)
        self._mover.save()

    def _cases(self, names: set[str]) -> dict[tuple[str, str], Run]:
        """Existing cases, by process and by the name in the event: the case's id, or the reference that it began with."""
        row, wanted = CaseRow, sorted(names)
        there = select(row.id, row.process, row.reference).where(row.id.in_(wanted) | row.reference.in_(wanted))
        rows = self._connection.execute(there).all()
        runs = {run.id: run for run in load_runs(self._connection, self._registry, [one.id for one in rows])}
        return {
            (one.process, name): runs[one.id]
            for one in rows
            for name in (one.id, one.reference)
            if name in names and one.id in runs
        }

    def _give_ids(self, heard_: Sequence[tuple[Published, Event, str]]) -> None:
        """Store the versions on which cases begin, and reserve the ids of all these cases."""
        wanted: dict[str, set[str]] = {}
        for one, event, name in heard_:
            if event.type == one.definition.start.event and (one.definition.id, name) not in self._known:
                if one.definition.id not in wanted:
                    store(self._connection, one.definition, one.version, one.origin, one.by, one.note, self._now)
                wanted.setdefault(one.definition.id, set()).add(name)
        for process, names in wanted.items():
            self._ids[process] = iter(next_ids(self._connection, process, len(names)))

    def _hear(self, published: Published, event: Event, name: str) -> None:
        definition, key = published.definition, (published.definition.id, name)
        self._mover.quiet = quiet = self._silent(event)
        # history is given to the owners of that day; absences of that day are not known any more
        self._mover.staff = Staff(self._directory, event.time) if quiet else self._there
        run = self._known.get(key)
        if run is not None:
            self._answer(run, event)
        elif event.type == definition.start.event and self._directory.at(event.subject, event.time):
            self._known[key] = self._begin(published, event, name)

    def _answer(self, run: Run, event: Event) -> None:
        """Answer the current step as the event says; one event answers the parts of all owners."""
        open_ = [task for task in run.tasks if task.state == OPEN]
        outcome = _outcome(run.definition, run.node, event) if run.node else None
        if outcome is None or not open_ or event.time < open_[0].entered_at:
            return
        said = heard(run.definition, outcome, event)
        for task in open_:
            if task.state == OPEN:
                self._mover.answer(run, task, Answer(outcome, "", event.time, data=said, heard=event.type))

    def _begin(self, published: Published, event: Event, name: str) -> Run:
        """Begin a case by an event, which also answers the first step."""
        definition = published.definition
        run = Run(
            id=next(self._ids[definition.id]),
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
        self._mover.answer(run, run.tasks[0], Answer(outcome, "", event.time, data=said, heard=event.type))
        return run


def _is_heard(definition: Definition, event: Event) -> bool:
    answers = {one.on for node in definition.nodes.values() for one in node.outcomes}
    return event.type == definition.start.event or event.type in answers


def _outcome(definition: Definition, node: str, event: Event) -> Outcome | None:
    """The outcome that the event stands for; an event that begins cases also answers the first step again."""
    step = definition.nodes[node]
    found = next((one for one in step.outcomes if one.on == event.type), None)
    again = step is definition.first and event.type == definition.start.event
    return found or (step.outcomes[0] if again else None)
