"""Who may do what with a case: begin one, see one, answer its open step. Asked again by every function that changes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tideng.plugin import Directory, NotAllowed, NotFound, Problem, Refused, Viewer, below
from tideng_processes.cases.loader import load_run
from tideng_processes.cases.run import OPEN, Run, Task
from tideng_processes.document.model import Definition
from tideng_processes.publication.registry import Published, Registry
from tideng_processes.tables import TaskRow

ACTS_FOR_ALL = frozenset({"hr", "admin"})
"""The roles that may do a step in place of its owner; the history says that they did."""


# -- beginning ---------------------------------------------------------------------------------------------------------
def may_begin(viewer: Viewer, definition: Definition, directory: Directory, moment: datetime) -> bool:
    """Whether the viewer is employed and among those whom the process lets begin a case."""
    member = directory.at(viewer.person, moment) if viewer.person else None
    if member is None:
        return False
    return any(_is_meant(one, viewer, member.position, directory) for one in definition.start.by)


def _is_meant(by: str, viewer: Viewer, position: str, directory: Directory) -> bool:
    kind, _, name = by.partition(":")
    if kind == "role":
        return viewer.person in directory.roles.get(name, ())
    if kind == "position":
        return position == name
    return kind == "anyone" or kind in viewer.roles or (kind == "hr" and "admin" in viewer.roles)


def startable(registry: Registry, viewer: Viewer, directory: Directory, moment: datetime) -> list[Published]:
    """The processes of which the viewer may begin a case, by id."""
    return [one for one in registry.all() if may_begin(viewer, one.definition, directory, moment)]


def subject_of(viewer: Viewer, definition: Definition, directory: Directory, now: datetime, person: str) -> str:
    """The person whom a new case is about: `person`, or the viewer where that is ''. Raises `NotAllowed`, `Refused`."""
    if not may_begin(viewer, definition, directory, now):
        raise NotAllowed("viewer-may-not-begin", {"name": definition.id})
    if person in ("", viewer.person):
        return viewer.person
    if not definition.start.other:
        raise NotAllowed("begun-for-oneself")
    if directory.at(person, now) is None:
        raise Refused("process", [Problem("person", "nobody-here")])
    if not (viewer.roles & ACTS_FOR_ALL) and person not in below(directory, viewer.person, now):
        raise NotAllowed("viewer-leads-nobody")
    return person


# -- cases that run ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CaseAccess:
    """A viewer's access to cases, as of `now`, within one transaction."""

    connection: Connection
    registry: Registry
    viewer: Viewer
    directory: Directory
    now: datetime

    def load(self, case: str, lock: bool = True) -> Run:
        """A case that the viewer may see; `lock` it to move it. Raises `NotFound`."""
        run = load_run(self.connection, self.registry, case, lock=lock)
        if not self.sees(run):
            raise NotFound("no-case", {"name": case})
        return run

    def sees(self, run: Run) -> bool:
        """Whether the viewer may see a case: it is about them or somebody they lead, they began it, or they had a step of it."""
        scope = self.viewer.scope(self.directory, self.now)
        if scope is None or run.person in scope or self.viewer.login == run.starter:
            return True
        return self.had_a_step(run)

    def had_a_step(self, run: Run) -> bool:
        """Whether the viewer has or had a step of the case. One statement."""
        had = select(TaskRow.id).where(TaskRow.case == run.id, TaskRow.owner == self.viewer.person).limit(1)
        return bool(self.viewer.person) and self.connection.execute(had).first() is not None

    def task(self, run: Run, node: str, part: str = "", any_part: bool = False) -> Task:
        """The open task at `node` that the viewer may answer: their own, or another one where their role acts for all. An empty
        `part` is any part of their own. Raises `NotFound`, `NotAllowed`; `Refused` where the step is no longer open."""
        viewer = self.viewer
        tasks = [one for one in run.tasks if one.state == OPEN and one.node == node]
        mine = [one for one in tasks if one.owner == viewer.person != "" and (any_part or not part or one.part == part)]
        if not mine and viewer.roles & ACTS_FOR_ALL and viewer.person != run.person:
            mine = [one for one in tasks if any_part or one.part == part or (not part and len(tasks) == 1)]
        if mine:
            return mine[0]
        if not self.sees(run):
            raise NotFound("no-case", {"name": run.id})
        if tasks:
            raise NotAllowed("step-of-somebody-else")
        raise step_is_done()


def step_is_done() -> Refused:
    """The refusal of an answer that comes too late."""
    return Refused("step", [Problem("", "step-done")])
