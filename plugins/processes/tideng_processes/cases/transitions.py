"""Moves cases from step to step: who gets the next step, what the history says, which events follow.

Each move is decided for one case in memory, and all moves are written together, so that an evening on which thousands of steps
come due costs a fixed number of statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection

from tideng.plugin import Directory, Event, store_events
from tideng_processes.cases.case_writer import HistoryEntry, write_history, write_runs
from tideng_processes.cases.deadlines import due_of, wake_of
from tideng_processes.cases.events import DONE, ENTERED, NEAR, OVERDUE, STUCK, emitted, node_event
from tideng_processes.cases.owners import Staff
from tideng_processes.cases.run import ANSWERED, GONE, OPEN, Run, Task
from tideng_processes.cases.state_machine import Machine
from tideng_processes.document.model import Definition, Outcome

if TYPE_CHECKING:
    from tideng.plugin import Deployment


class Answer(NamedTuple):
    """An owner's answer at a step. `by`: a login, '' for what happens by itself; `data`: what the form said, known to the case
    from now on; `key`: the page's name for the hand-in; `heard`: the type of the event from another system that gave the answer,
    which is not emitted a second time."""

    outcome: Outcome
    by: str
    at: datetime
    note: str = ""
    key: str | None = None
    data: Mapping[str, Any] = {}
    heard: str = ""


class Mover:
    """Moves cases within one transaction; nothing is written before `save`.

    `now` is the moment for which owners are chosen; each move has a moment `at` of its own, which may be earlier. While the
    mover is `quiet`, as for history, no event tells of its moves."""

    def __init__(self, deployment: Deployment, connection: Connection, directory: Directory, now: datetime):
        self.quiet = False
        self._deployment, self._connection, self._directory, self._now = deployment, connection, directory, now
        self.staff = Staff.of(connection, deployment.catalogue, directory, now)
        self._machines: dict[int, Machine] = {}
        self._runs: dict[str, Run] = {}
        self._left: list[tuple[Run, Task]] = []
        self._history: list[tuple[str, HistoryEntry]] = []
        self.events: list[Event] = []

    # -- moves -------------------------------------------------------------------------------------------------
    def begin(self, run: Run) -> None:
        """Let a fresh case enter its first step."""
        self.enter(run, run.definition.first.id, run.started_at)

    def enter(self, run: Run, name: str, at: datetime, again: bool = False) -> None:
        """Give the step `name` to its owners, from `at` on. `again`: those who have it already keep it while they are present."""
        had = {task.part: task.owner for task in run.tasks} if again else {}
        node = run.definition.nodes[name]
        run.node, run.changed, run.visits = name, True, run.visits + 1
        if not self.quiet:  # today's load says nothing about how much people had to do at a moment of history
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
            # a deadline of history that has passed already is noted, but tells nobody
            task.told = not (self.quiet and due is not None and due <= self._now)
            run.tasks.append(task)
            given = _given(owner.person, owner.meant_for, due)
            self.record(run, HistoryEntry("entered", at, name, part.id, data=given))
            self._announce(run, ENTERED, task, at)
        self.keep(run)

    def answer(self, run: Run, task: Task, answer: Answer) -> None:
        """Take an owner's answer at a step; the case leaves the step when that is enough."""
        outcome, at = answer.outcome, answer.at
        run.data.update(answer.data)
        run.changed = True
        task.state, task.done_at, task.outcome, task.by = ANSWERED, at, outcome.id, answer.by
        task.wake, task.changed = None, True
        self.staff.load[task.owner] -= 1
        task.late = task.due is not None and at > task.due and not run.step.at_due
        entry = HistoryEntry(
            "done", at, task.node, task.part, answer.by, outcome.id, answer.note, answer.data, answer.key
        )
        self.record(run, entry)
        if (
            task.overdue_at is not None and not task.late
        ):  # written in time without a network, and received after the deadline
            task.overdue_at = None
            self.record(run, HistoryEntry("in_time", at, task.node, task.part))
        self._announce(run, DONE, task, at, outcome.id)
        self.keep(run)
        if self._is_settled(run, outcome):
            self._leave(run, answer)

    def come_due(self, run: Run, task: Task) -> None:
        """Handle a deadline that has passed: take the step's automatic outcome, or note it and announce it, once."""
        assert task.due is not None
        step, self.quiet = run.step, not task.told
        automatic = step.outcome(step.at_due) if step.at_due else None
        if automatic is not None:
            self.answer(run, task, Answer(automatic, "", task.due))
            return
        task.overdue_at, task.late, task.wake, task.changed = task.due, True, None, True
        self.record(run, HistoryEntry("overdue", task.due, task.node, task.part))
        self._announce(run, OVERDUE, task, task.due)
        if self._directory.knows(task.owner):
            self._announce(run, STUCK, task, task.due)
        self.keep(run)

    def remind(self, run: Run, task: Task, at: datetime) -> None:
        """Announce a near deadline to the owner, and let the worker look again when it comes."""
        task.wake, task.changed, self.quiet = task.due, True, False
        self.record(run, HistoryEntry("reminded", at, task.node, task.part, data={"owner": task.owner}))
        self._announce(run, NEAR, task, at)
        self.keep(run)

    def hand_over(self, run: Run, task: Task, to: str, meant_for: str | None, by: str, why: str, at: datetime) -> None:
        """Give an open task to somebody else; its deadline stays."""
        before, task.owner, task.meant_for, task.changed = task.owner, to, meant_for, True
        self.staff.load[before] -= 1
        people = {"from": before, "to": to}
        self.record(run, HistoryEntry("handed_over", at, task.node, task.part, by, note=why, data=people))
        self.keep(run)

    def keep(self, run: Run) -> None:
        """Write this case, too, when the mover is saved."""
        self._runs[run.id] = run

    def leave_open(self, run: Run, at: datetime) -> None:
        """Close the open tasks of the step without an answer, as when a case moves to another version."""
        for task in run.tasks:
            if task.state == OPEN:
                task.state, task.done_at, task.wake, task.changed = GONE, at, None, True
                self.staff.load[task.owner] -= 1
        self.keep(run)

    def _put_away(self, run: Run) -> None:
        """Keep the tasks of the step that is left until they are written, to make room for those of the next one."""
        self._left += [(run, task) for task in run.tasks]
        for task in run.tasks:
            run.had.pop((task.node, task.part), None)  # inserted again below, so that the latest visit stands last
            run.had[task.node, task.part] = task.owner
        run.tasks = []

    def _is_settled(self, run: Run, outcome: Outcome) -> bool:
        """Whether the case leaves the step: all owners have answered, or this answer alone is enough."""
        return outcome.alone or bool(run.step.at_due) or all(task.state != OPEN for task in run.tasks)

    def _leave(self, run: Run, answer: Answer) -> None:
        outcome, at = answer.outcome, answer.at
        answers = {task.outcome for task in run.tasks if task.state == ANSWERED}
        if len(answers) > 1 and not outcome.alone and not run.step.at_due:
            self.record(run, HistoryEntry("differing", at, run.node))
            self.enter(run, run.node, at, again=True)  # the owners disagree: they look at the step together once more
            return
        self.leave_open(run, at)
        follows = self.machine(run.definition).advance(run.node, outcome.id, self.judged(run, at))
        if not self.quiet:
            zone = self._directory.zone_of(run.person, at)
            found = emitted(outcome, run, self._deployment.catalogue, at, zone, answer.note)
            self.events += [event for event in found if event.type != answer.heard]
        if follows in run.definition.nodes:
            self.enter(run, follows, at)
        else:
            self._put_away(run)
            run.node, run.end, run.ended_at = "", follows, at
            self.record(run, HistoryEntry("ended", at, outcome=follows))

    # -- what a move needs to know -----------------------------------------------------------------------------
    def machine(self, definition: Definition) -> Machine:
        """The state machine of a definition, made once for each mover."""
        if id(definition) not in self._machines:
            self._machines[id(definition)] = Machine(definition)
        return self._machines[id(definition)]

    def judged(self, run: Run, at: datetime) -> dict[str, Any]:
        """The data that conditions look at: that of the case, with money in the client's currency at the rate of the day."""
        money, day = self._deployment.catalogue.money, self._directory.local_day(run.person, at)
        data = dict(run.data)
        for spec in run.definition.fields.values():
            if spec.type == "money" and isinstance(data.get(spec.name), int | float):
                currency = str(data.get(spec.currency) or money.currency)
                data[spec.name] = money.worth(data[spec.name], currency, day)
        return data

    # -- what is written ---------------------------------------------------------------------------------------
    def record(self, run: Run, entry: HistoryEntry) -> None:
        """Add an entry to the case's history."""
        self._history.append((run.id, entry))

    def _announce(self, run: Run, kind: str, task: Task, at: datetime, outcome: str = "") -> None:
        if not self.quiet:
            self.events.append(node_event(kind, run, task, at, outcome))

    def save(self) -> None:
        """Write everything that was decided, and store the events that tell of it."""
        write_runs(self._connection, list(self._runs.values()), self._left)
        write_history(self._connection, self._history, self._now)
        if self.events:
            store_events(self._connection, self._deployment.catalogue, self.events, self._now)


def _given(owner: str, meant_for: str | None, due: datetime | None) -> dict[str, Any]:
    values = {"owner": owner, "meant_for": meant_for, "due": due.isoformat() if due else None}
    return {name: value for name, value in values.items() if value}
