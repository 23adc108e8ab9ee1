"""A case moves: who has the next step, what is noted, which events follow. Decided for one case at a time, written for all at
once, so that an evening on which thousands of steps come due costs no statement for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, insert, update

from tideng.model.event import Event
from tideng.org.directory import Directory
from tideng.store.events import store_events
from tideng_processes.cases.customers import customer_key
from tideng_processes.cases.deadlines import due_of, wake_of
from tideng_processes.cases.events import (
    DONE,
    ENTERED,
    NEAR,
    OVERDUE,
    STUCK,
    Besides,
    Papers,
    emitted,
    node_event,
)
from tideng_processes.cases.owners import Staff
from tideng_processes.cases.state_machine import Machine
from tideng_processes.document.model import (
    Definition,
    Node,
    Outcome,
    Part,
)
from tideng_processes.tables import CaseRow, StepRow, TaskRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

OPEN, DONE_, GONE = "open", "done", "gone"


@dataclass
class Task:
    """One owner's part of the step at which a case stands; `id` None while it is not written yet."""

    node: str
    part: str
    owner: str
    entered_at: datetime
    visit: int
    id: int | None = None
    meant_for: str | None = None
    due: datetime | None = None
    wake: datetime | None = None
    overdue_at: datetime | None = None
    state: str = OPEN
    late: bool = False
    told: bool = True
    done_at: datetime | None = None
    outcome: str = ""
    by: str = ""
    changed: bool = False


@dataclass
class Run:
    """A case on its way: what is stored of it, its definition, and the tasks of the step at which it stands. `fresh`: it is in
    no table yet; `changed`: something about the case itself is to be written; `papers`: of the form that is handed in;
    `had`: who had which part of which step before, the latest visit last."""

    id: str
    definition: Definition
    version: int
    person: str
    starter: str
    node: str
    data: dict[str, Any]
    started_at: datetime
    visits: int = 0
    end: str = ""
    ended_at: datetime | None = None
    key: str | None = None
    reference: str = ""
    papers: Papers = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    had: dict[tuple[str, str], str] = field(default_factory=dict)
    fresh: bool = False
    changed: bool = False

    @property
    def name(self) -> str:
        """What events call the case: what the system calls it that began it, else its id."""
        return self.reference or self.id

    @property
    def step(self) -> Node:
        return self.definition.nodes[self.node]

    def open_task(self, node: str, part: str) -> Task | None:
        wanted = (one for one in self.tasks if one.state == OPEN and one.node == node and one.part == part)
        return next(wanted, None)

    def had_like(self, part: Part) -> str:
        """Who had a step of this case before that goes to the same role or position as `part`, '' for nobody."""
        for (node, name), owner in reversed(self.had.items()):
            before = self.definition.nodes[node].part(name) if node in self.definition.nodes else None
            if before is not None and before.held_by & part.held_by:
                return owner
        return ""


class Mover:
    """Moves cases within one transaction; nothing is written before `save`. `now` is the moment at which owners are looked for;
    each move has a moment `at` of its own, which may be earlier. While it is `quiet`, no event tells of what it does: that is history."""

    def __init__(self, deployment: Deployment, connection: Connection, directory: Directory, now: datetime):
        self.quiet = False
        self._deployment, self._connection, self._directory, self._now = deployment, connection, directory, now
        self.staff = Staff.of(connection, deployment.catalogue, directory, now)
        self._machines: dict[int, Machine] = {}
        self._runs: dict[str, Run] = {}
        self._left: list[tuple[Run, Task]] = []
        self._steps: list[dict[str, Any]] = []
        self.events: list[Event] = []

    # -- moves -------------------------------------------------------------------------------------------------
    def begin(self, run: Run) -> None:
        """A fresh case enters its first step."""
        self.enter(run, run.definition.first.id, run.started_at)

    def enter(self, run: Run, name: str, at: datetime, again: bool = False) -> None:
        """Give the step `name` to its owners, from `at` on; `again`: to those who have it already, while they are there."""
        had = {task.part: task.owner for task in run.tasks} if again else {}
        node = run.definition.nodes[name]
        run.node, run.changed, run.visits = name, True, run.visits + 1
        if not self.quiet:  # of history nobody knows how much people had then
            self.staff.weigh(self._connection, node.parts)
        zone = self._directory.zone_of(run.person, at)
        due = due_of(node, at, run.data, zone, self._deployment.calendar)
        waits = bool(node.at_due)
        judged = self.judged(run, at)
        self._put_away(run)
        for part in node.parts:
            others = [task.owner for task in run.tasks]
            before = run.had_like(part)
            owner = self.staff.owner(part, judged, run.person, run.starter, had.get(part.id, ""), others, before)
            wake = due if waits else wake_of(node, at, due)
            task = Task(name, part.id, owner.person, at, run.visits, None, owner.meant_for, due, wake)
            task.told = not (self.quiet and due is not None and due <= self._now)
            run.tasks.append(task)
            self.jot(run, "entered", at, node=name, part=part.id, data=_given(owner.person, owner.meant_for, due))
            self._tell(run, ENTERED, task, at)
        self._runs[run.id] = run

    def take(
        self, run: Run, task: Task, outcome: Outcome, by: str, at: datetime, note: str = "", key: str | None = None,
        data: Mapping[str, Any] | None = None, heard: str = "",
    ) -> None:  # fmt: skip
        """An owner's word at a step; the case leaves it when that is enough. `data` is what the form said, which the case
        knows from now on; `by` is a login, '' for what happens by itself. `heard`: the type of the
        event from elsewhere that said it, which is not emitted a second time."""
        run.data.update(data or {})
        run.changed = True
        task.state, task.done_at, task.outcome, task.by, task.wake, task.changed = DONE_, at, outcome.id, by, None, True
        self.staff.load[task.owner] -= 1
        task.late = task.due is not None and at > task.due and not run.step.at_due
        self.jot(run, "done", at, task.node, task.part, by, outcome.id, note, dict(data or {}), key)
        if task.overdue_at is not None and not task.late:  # written in time without a network, and heard of after it
            task.overdue_at = None
            self.jot(run, "in_time", at, task.node, task.part)
        self._tell(run, DONE, task, at, outcome.id)
        self._runs[run.id] = run
        if self._is_settled(run, outcome):
            self._leave(run, outcome, at, heard, note)

    def come_due(self, run: Run, task: Task) -> None:
        """The deadline of a task has run out: what is to happen by itself happens, otherwise it is noted and told, once."""
        assert task.due is not None
        step, self.quiet = run.step, not task.told
        by_itself = step.outcome(step.at_due) if step.at_due else None
        if by_itself is not None:
            self.take(run, task, by_itself, "", task.due)
            return
        task.overdue_at, task.late, task.wake, task.changed = task.due, True, None, True
        self.jot(run, "overdue", task.due, task.node, task.part)
        self._tell(run, OVERDUE, task, task.due)
        if self._directory.knows(task.owner):
            self._tell(run, STUCK, task, task.due)
        self._runs[run.id] = run

    def remind(self, run: Run, task: Task, at: datetime) -> None:
        """A deadline is near: the owner is told, and the worker looks again when it comes."""
        task.wake, task.changed, self.quiet = task.due, True, False
        self.jot(run, "reminded", at, task.node, task.part, data={"owner": task.owner})
        self._tell(run, NEAR, task, at)
        self._runs[run.id] = run

    def hand_over(self, run: Run, task: Task, to: str, meant_for: str | None, by: str, why: str, at: datetime) -> None:
        """Give an open task to somebody else; its deadline stays."""
        before, task.owner, task.meant_for, task.changed = task.owner, to, meant_for, True
        self.staff.load[before] -= 1
        self.jot(run, "handed_over", at, task.node, task.part, by, note=why, data={"from": before, "to": to})
        self._runs[run.id] = run

    def keep(self, run: Run) -> None:
        """Write what was changed about the case itself."""
        self._runs[run.id] = run

    def leave_open(self, run: Run, at: datetime) -> None:
        """Let go of what is open at the step, as when a case is moved to another version."""
        for task in run.tasks:
            if task.state == OPEN:
                task.state, task.done_at, task.wake, task.changed = GONE, at, None, True
                self.staff.load[task.owner] -= 1
        self._runs[run.id] = run

    def _put_away(self, run: Run) -> None:
        """Keep the tasks of the step that is left until they are written; those of the next one take their place."""
        self._left += [(run, task) for task in run.tasks]
        for task in run.tasks:
            run.had.pop((task.node, task.part), None)
            run.had[task.node, task.part] = task.owner
        run.tasks = []

    def _is_settled(self, run: Run, outcome: Outcome) -> bool:
        """Whether the step is left: its owners have all spoken, or this one's word is enough."""
        return outcome.alone or bool(run.step.at_due) or all(task.state != OPEN for task in run.tasks)

    def _leave(self, run: Run, outcome: Outcome, at: datetime, heard: str, note: str = "") -> None:
        said = {task.outcome for task in run.tasks if task.state == DONE_}
        if len(said) > 1 and not outcome.alone and not run.step.at_due:
            self.jot(run, "differing", at, run.node)  # not the same answer: they look at it together once more
            self.enter(run, run.node, at, again=True)
            return
        self.leave_open(run, at)
        follows = self.machine(run.definition).advance(run.node, outcome.id, self.judged(run, at))
        if not self.quiet:
            catalogue = self._deployment.catalogue
            zone = self._directory.zone_of(run.person, at)
            follow = emitted(
                outcome, run.definition, catalogue, run.id, run.name, run.person, run.visits, run.data, at, zone,
                Besides(run.papers, note),
            )  # fmt: skip
            self.events += [event for event in follow if event.type != heard]
        if follows in run.definition.nodes:
            self.enter(run, follows, at)
        else:
            self._put_away(run)
            run.node, run.end, run.ended_at = "", follows, at
            self.jot(run, "ended", at, outcome=follows)

    # -- what a move needs to know -----------------------------------------------------------------------------
    def machine(self, definition: Definition) -> Machine:
        if id(definition) not in self._machines:
            self._machines[id(definition)] = Machine(definition)
        return self._machines[id(definition)]

    def judged(self, run: Run, at: datetime) -> dict[str, Any]:
        """What conditions look at: the case's data, money in the client's currency at the rate of the day."""
        money, day = self._deployment.catalogue.money, self._directory.local_day(run.person, at)
        data = dict(run.data)
        for spec in run.definition.fields.values():
            if spec.type == "money" and isinstance(data.get(spec.name), int | float):
                currency = str(data.get(spec.currency) or money.currency)
                data[spec.name] = money.worth(data[spec.name], currency, day)
        return data

    # -- what is written ---------------------------------------------------------------------------------------
    def jot(
        self, run: Run, kind: str, at: datetime, node: str = "", part: str = "", by: str = "", outcome: str = "",
        note: str = "", data: Mapping[str, Any] | None = None, key: str | None = None,
    ) -> None:  # fmt: skip
        """Add a line to the case's history."""
        row = {"case": run.id, "at": at, "kind": kind, "node": node, "part": part, "by": by, "outcome": outcome}
        self._steps.append({**row, "note": note, "data": dict(data or {}), "key": key, "kept_at": self._now})

    def _tell(self, run: Run, kind: str, task: Task, at: datetime, outcome: str = "") -> None:
        if self.quiet:
            return
        self.events.append(
            node_event(
                kind,
                run.definition,
                run.id,
                run.person,
                task.node,
                task.visit,
                at,
                task.owner,
                task.due,
                task.part,
                outcome,
                str(run.data.get(run.definition.customer) or ""),
            )
        )

    def save(self) -> None:
        """Write everything that was decided: a statement a table and kind of change, however many cases."""
        runs = list(self._runs.values())
        tasks = [*self._left, *((run, task) for run in runs for task in run.tasks)]
        self._write(insert(CaseRow), [_case_row(run) for run in runs if run.fresh])
        changed = [_changes(_case_row(run), _CASE_CHANGES, run.id) for run in runs if run.changed and not run.fresh]
        self._write(_update_of(CaseRow), changed)
        self._write(insert(TaskRow), [_task_row(run, task) for run, task in tasks if task.id is None])
        known = [(run, task) for run, task in tasks if task.id is not None and task.changed]
        self._write(
            _update_of(TaskRow), [_changes(_task_row(run, task), _TASK_CHANGES, task.id) for run, task in known]
        )
        self._write(insert(StepRow), self._steps)
        if self.events:
            store_events(self._connection, self._deployment.catalogue, self.events, self._now)

    def _write(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)


_CASE_CHANGES = ("version", "node", "end", "data", "visits", "ended_at", "customer_key")
_TASK_CHANGES = ("owner", "meant_for", "state", "wake", "overdue_at", "late", "done_at", "outcome", "by")


def _given(owner: str, meant_for: str | None, due: datetime | None) -> dict[str, Any]:
    said = {"owner": owner, "meant_for": meant_for, "due": due.isoformat() if due else None}
    return {name: value for name, value in said.items() if value}


def _update_of(row: Any) -> Any:
    table = row.__table__
    return update(table).where(table.c.id == bindparam("_id"))


def _changes(row: Mapping[str, Any], columns: Iterable[str], id: Any) -> dict[str, Any]:
    return {"_id": id, **{name: row[name] for name in columns}}


def _case_row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "process": run.definition.id,
        "version": run.version,
        "person": run.person,
        "starter": run.starter,
        "node": run.node,
        "end": run.end,
        "data": run.data,
        "visits": run.visits,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "key": run.key,
        "reference": run.reference,
        "customer_key": customer_key(run.data.get(run.definition.customer)),
    }


def _task_row(run: Run, task: Task) -> dict[str, Any]:
    return {
        "case": run.id,
        "process": run.definition.id,
        "visit": task.visit,
        "node": task.node,
        "part": task.part,
        "owner": task.owner,
        "meant_for": task.meant_for,
        "state": task.state,
        "entered_at": task.entered_at,
        "due": task.due,
        "wake": task.wake,
        "overdue_at": task.overdue_at,
        "late": task.late,
        "told": task.told,
        "done_at": task.done_at,
        "outcome": task.outcome,
        "by": task.by,
    }
