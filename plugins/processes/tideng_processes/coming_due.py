"""What happens to cases by itself: reminders, deadlines, and steps whose owner has left or is away. Set-wise."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, exists, or_, select

from tideng.people import Directory
from tideng_processes import trials
from tideng_processes.loading import load_runs
from tideng_processes.moving import OPEN, Mover, Run, Task
from tideng_processes.registry import Registry
from tideng_processes.tables import TaskRow

if TYPE_CHECKING:
    from tideng.deployment import Deployment

AT_ONCE = 500


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether a reminder, a deadline, or the last day of a trial has come. One statement, a look into two indexes."""
    return bool(connection.scalar(select(or_(exists().where(TaskRow.wake <= now), trials.is_over(now)))))


def come_due(
    deployment: Deployment, connection: Connection, directory: Directory, registry: Registry, now: datetime
) -> int:
    """Do what has come due, at most `AT_ONCE` cases at once; returns how many tasks that were. Several workers may run it: a
    case that another one holds is left to it."""
    due = select(TaskRow.case).where(TaskRow.wake <= now).order_by(TaskRow.wake, TaskRow.id).limit(AT_ONCE)
    runs = load_runs(connection, registry, connection.scalars(due), skip_locked=True)
    mover, done = Mover(deployment, connection, directory, now), 0
    for run in runs:
        done += _wake(mover, run, now)
    mover.save()
    return done


def _wake(mover: Mover, run: Run, now: datetime) -> int:
    """Whatever of one case has come due, in its order; a step that ends by itself may lead to one that is due, too."""
    done = 0
    while task := next((one for one in run.tasks if one.state == OPEN and one.wake and one.wake <= now), None):
        if task.wake and task.due and task.due > now:
            mover.remind(run, task, task.wake)
        else:
            mover.come_due(run, task)
        done += 1
    return done


def replace_owners(
    deployment: Deployment,
    connection: Connection,
    directory: Directory,
    registry: Registry,
    now: datetime,
) -> int:
    """Give the open steps of those who have left or are away to whoever stands in; returns how many there were. Steps that only
    wait for their time stay where they are."""
    row = TaskRow
    mover = Mover(deployment, connection, directory, now)
    owners = connection.scalars(select(row.owner).where(row.state == OPEN).distinct())
    gone = [owner for owner in owners if not mover.staff.present(owner)]
    if not gone:
        return 0
    cases = select(row.case).where(row.state == OPEN, row.owner.in_(gone)).order_by(row.id).limit(AT_ONCE)
    moved, runs = 0, load_runs(connection, registry, connection.scalars(cases), skip_locked=True)
    mover.staff.weigh(connection, [part for run in runs if run.node for part in run.step.parts])
    for run in runs:
        for task in run.tasks if not run.step.at_due else ():
            if task.state == OPEN and task.owner in gone:
                moved += _replace(mover, run, task, now)
    mover.save()
    return moved


def _replace(mover: Mover, run: Run, task: Task, now: datetime) -> int:
    """A task whose owner is not there; their own form waits for them while they are only away."""
    if task.owner == run.person and mover.staff.is_employed(task.owner):
        return 0
    instead = _instead(mover, run, task, now)
    if instead == task.owner:
        return 0
    mover.hand_over(run, task, instead, task.meant_for or task.owner, "", "", now)
    return 1


def _instead(mover: Mover, run: Run, task: Task, now: datetime) -> str:
    """Whoever would have the step if it came now, such as another one of the same role; else who stands in for its owner."""
    part = run.step.part(task.part)
    chosen = mover.staff.owner(part, mover.judged(run, now), run.person, run.starter).person if part else task.owner
    return chosen if chosen != task.owner else mover.staff.instead_of(task.owner)
