"""Hands forms in: the first one of a case begins it, every other one answers an open step.

Every function authorises again, checks the whole form, and does everything in one transaction or nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from tideng.plugin import Asked, Directory, NotFound, Problem, Refused, Viewer, writing
from tideng_processes.cases.access import CaseAccess, subject_of
from tideng_processes.cases.loader import load_run, next_id
from tideng_processes.cases.run import Run, Task
from tideng_processes.cases.transitions import Answer, Mover
from tideng_processes.document.model import Node, Outcome
from tideng_processes.forms.fields import Submission
from tideng_processes.forms.form_check import FormContext, accept, asked_of, checked
from tideng_processes.forms.submitted_files import attach, told_in_events
from tideng_processes.publication.registry import keep_version, registry_of
from tideng_processes.tables import CaseRow, StepRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

OLDEST = timedelta(days=7)
"""The age up to which a form that was written without a network is accepted."""
AHEAD = timedelta(minutes=2)
"""How far a phone's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class FormAddress:
    """Which form: that of the step `node`, in a new case of `process` about `person` ('' for the viewer), or in an existing
    `case`."""

    process: str
    node: str
    case: str = ""
    person: str = ""


def begin(
    deployment: Deployment, viewer: Viewer, directory: Directory, process: str, submission: Submission, person: str = ""
) -> str:
    """Begin a case and hand in its first step; returns the case's id. `person`: whom it is about, '' for the viewer. Raises
    `NotFound`, `NotAllowed`, `IncompleteForm` with everything that is missing, `Refused`."""
    now = deployment.clock.now()
    published = registry_of(deployment).latest(process)
    if published is None:
        raise NotFound("no-process", {"name": process})
    about = subject_of(viewer, published.definition, directory, now, person)
    at = _moment(submission, now, None)
    with writing(deployment.engine) as connection:
        known = _begun_before(connection, viewer, submission.key)
        if known:
            return known
        keep_version(connection, published, now)
        node = published.definition.first
        run = Run(
            id=next_id(connection, process),
            definition=published.definition,
            version=published.version,
            person=about,
            starter=viewer.login,
            node=node.id,
            data={},
            started_at=at,
            key=submission.key or None,
            fresh=True,
        )
        context = FormContext(
            deployment=deployment,
            connection=connection,
            viewer=viewer,
            directory=directory,
            now=now,
            definition=run.definition,
            node=node,
            outcome=_outcome(node, submission),
            submission=submission,
            at=at,
            person=about,
        )
        data = checked(context)
        mover = Mover(deployment, connection, directory, now)
        mover.begin(run)
        _give_to_starter(run, viewer)
        # the case keeps the key of its first hand-in; the history entry needs none
        _hand_in(context, mover, run, _task_of(run, viewer), data, None)
    deployment.bell.ring()
    return run.id


def hand_in(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    case: str,
    node: str,
    submission: Submission,
    part: str = "",
) -> None:
    """Hand in the viewer's part of a step. Raises `NotFound`, `NotAllowed`, `IncompleteForm`; `Refused` where the step is no
    longer open."""
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        access = CaseAccess(connection, registry_of(deployment), viewer, directory, now)
        run = load_run(connection, access.registry, case)
        if _handed_in_before(connection, viewer, submission.key):
            return
        task = access.task(run, node, part)
        context = FormContext(
            deployment=deployment,
            connection=connection,
            viewer=viewer,
            directory=directory,
            now=now,
            definition=run.definition,
            node=run.step,
            outcome=_outcome(run.step, submission),
            submission=submission,
            at=_moment(submission, now, task.entered_at),
            person=run.person,
            known=dict(run.data),
            case=run.id,
        )
        data = checked(context)
        mover = Mover(deployment, connection, directory, now)
        _hand_in(context, mover, run, task, data, submission.key or None)
    deployment.bell.ring()


def preview(
    deployment: Deployment,
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    form: FormAddress,
    submission: Submission,
) -> list[Asked]:
    """Everything that would be asked of a form if it were handed in now; nothing is kept. An empty `outcome` stands for the
    step's first one. Raises `NotFound` and `NotAllowed` as handing in does."""
    now, registry = deployment.clock.now(), registry_of(deployment)
    published = registry.latest(form.process)
    if published is None:
        raise NotFound("no-process", {"name": form.process})
    definition, known = published.definition, dict[str, Any]()
    if form.case:
        access = CaseAccess(connection, registry, viewer, directory, now)
        run = load_run(connection, registry, form.case)
        access.task(run, form.node, any_part=True)
        definition, known, person = run.definition, run.data, run.person
    else:
        person = subject_of(viewer, definition, directory, now, form.person)
    step = definition.nodes.get(form.node)
    if step is None:
        raise NotFound("no-step", {"name": form.node})
    context = FormContext(
        deployment=deployment,
        connection=connection,
        viewer=viewer,
        directory=directory,
        now=now,
        definition=definition,
        node=step,
        outcome=step.outcome(submission.outcome) or step.outcomes[0],
        submission=submission,
        at=submission.at or now,
        person=person,
        known=known,
        case=form.case,
    )
    return asked_of(context)[0]


def _hand_in(
    context: FormContext, mover: Mover, run: Run, task: Task, data: Mapping[str, Any], key: str | None
) -> None:
    """Answer the task with a form that was checked, in the order that its parts need."""
    submission, connection = context.submission, context.connection
    # 1. before the case moves: the events of the move tell of the files
    run.papers = told_in_events(connection, submission.papers)
    # 2. the case has to be in its table before files and plugins refer to it
    note, login = submission.note.strip(), context.viewer.login
    mover.answer(run, task, Answer(context.outcome, login, context.at, note, key, data))
    mover.save()
    # 3. plugins look at a case with its files
    attach(connection, submission.papers, run.id)
    accept(replace(context, case=run.id), data)


def _give_to_starter(run: Run, viewer: Viewer) -> None:
    """The starter fills in the first step, even where it would go to somebody else when the case comes back to it."""
    for task in run.tasks[:1]:
        task.owner, task.meant_for = viewer.person, None


def _task_of(run: Run, viewer: Viewer) -> Task:
    return next((one for one in run.tasks if one.owner == viewer.person), run.tasks[0])


def _outcome(node: Node, submission: Submission) -> Outcome:
    found = node.outcome(submission.outcome)
    if found is None:
        raise Refused("step", [Problem("outcome", "no-way-out", {"name": submission.outcome, "names": (one.id for one in node.outcomes)})])  # fmt: skip
    return found


def _moment(submission: Submission, now: datetime, entered: datetime | None) -> datetime:
    """The moment at which a hand-in counts: when it was written, but not before the step was entered, nor later than now."""
    at = submission.at or now
    if at > now + AHEAD:
        raise Refused("moment", [Problem("at", "moment-ahead")])
    if at < now - OLDEST:
        raise Refused("moment", [Problem("at", "moment-too-far-back", {"days": OLDEST.days})])
    return max(min(at, now), entered or min(at, now))


# -- the same hand-in once more ----------------------------------------------------------------------------------------
def _begun_before(connection: Connection, viewer: Viewer, key: str) -> str | None:
    """The case that the viewer began with this key, where they did."""
    if not key:
        return None
    return connection.scalar(select(CaseRow.id).where(CaseRow.starter == viewer.login, CaseRow.key == key))


def _handed_in_before(connection: Connection, viewer: Viewer, key: str) -> bool:
    if not key:
        return False
    known = select(StepRow.id).where(StepRow.by == viewer.login, StepRow.key == key)
    return connection.execute(known).first() is not None
