"""Moves that time brings: reminders, deadlines, and new owners for steps whose owner has left or is absent. Set-wise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, exists, or_, select

from tideng.plugin import Directory, among
from tideng_processes.cases.loader import load_runs
from tideng_processes.cases.run import OPEN, Run, Task
from tideng_processes.cases.transitions import Mover
from tideng_processes.publication import trials
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import TaskRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

AT_ONCE = 500
"""The most cases that one transaction moves, so that it stays short."""


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether a reminder, a deadline, or the last day of a trial has come. One statement, a look into two indexes."""
    return bool(connection.scalar(select(or_(exists().where(TaskRow.wake <= now), trials.is_over(now)))))


def come_due(
    deployment: Deployment, connection: Connection, directory: Directory, registry: Registry, now: datetime
) -> int:
    """Handle reminders and deadlines that have come, of at most `AT_ONCE` cases; returns the number of tasks. Several workers may
    run it at the same time: a case that another worker has locked is left to it."""
    due = select(TaskRow.case).where(TaskRow.wake <= now).order_by(TaskRow.wake, TaskRow.id).limit(AT_ONCE)
    runs = load_runs(connection, registry, connection.scalars(due), skip_locked=True)
    mover, done = Mover(deployment, connection, directory, now), 0
    for run in runs:
        done += _wake(mover, run, now)
    mover.save()
    return done


def _wake(mover: Mover, run: Run, now: datetime) -> int:
    """Handle everything of one case that has come due, in order: a step that ends by itself may lead to one that is due, too."""
    done = 0
    while task := next((one for one in run.tasks if one.state == OPEN and one.wake and one.wake <= now), None):
        if task.wake and task.due and task.due > now:
            mover.remind(run, task, task.wake)
        else:
            mover.come_due(run, task)
        done += 1
    return done


@dataclass(frozen=True, slots=True)
class Presence:
    """Who was present at a moment. While it is unchanged, no owner of a step can have become absent."""

    directory: Directory
    days: tuple[date, ...]
    absent: frozenset[str]


def replace_owners(
    deployment: Deployment,
    connection: Connection,
    directory: Directory,
    registry: Registry,
    now: datetime,
    known: Presence | None = None,
) -> tuple[int, Presence | None]:
    """Give the open steps of people who have left or are absent to their stand-ins. Returns how many there were, and the presence,
    None where something may be left to do. Steps that only wait for their time keep their owner. One statement while the
    presence is as `known`, which an earlier call returned."""
    mover = Mover(deployment, connection, directory, now)
    presence = Presence(directory, directory.days_at(now), mover.staff.absent)
    if presence == known:
        return 0, known
    owners = connection.scalars(select(TaskRow.owner).where(TaskRow.state == OPEN).distinct())
    gone = frozenset(owner for owner in owners if not mover.staff.present(owner))
    moved, held = 0, False
    for cases in _of_owners(connection, gone):
        runs = load_runs(connection, registry, cases, skip_locked=True)
        held = held or len(runs) < len(cases)
        mover.staff.weigh(connection, [part for run in runs if run.node for part in run.step.parts])
        moved += sum(_replace(mover, run, task, now) for run in runs for task in _given_to(run, gone))
        if moved >= AT_ONCE:
            break
    mover.save()
    return moved, None if held or moved else presence


def _of_owners(connection: Connection, owners: frozenset[str]) -> Iterator[set[str]]:
    """The cases in which one of `owners` has an open step, in portions, the oldest first: many of them may have no better owner."""
    row, last = TaskRow, 0
    those = select(row.id, row.case).where(row.state == OPEN, among(connection, row.owner, owners)).order_by(row.id)
    while owners and (rows := connection.execute(those.where(row.id > last).limit(AT_ONCE)).all()):
        last = rows[-1].id
        yield {one.case for one in rows}


def _given_to(run: Run, owners: frozenset[str]) -> list[Task]:
    """The open tasks of `owners`, none where the step only waits for its time."""
    waits = not run.node or run.step.at_due
    return [] if waits else [task for task in run.tasks if task.state == OPEN and task.owner in owners]


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
    """The person who would get the step if it came now, such as another holder of the role; else the owner's stand-in."""
    part = run.step.part(task.part)
    chosen = mover.staff.owner(part, mover.judged(run, now), run.person, run.starter).person if part else task.owner
    return chosen if chosen != task.owner else mover.staff.instead_of(task.owner)
