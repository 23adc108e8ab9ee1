"""What people do with processes: begin one, hand in a step, say a word, give a step to somebody else.

Every function authorises again, checks everything that was filled in, and does what it does in one transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from tideng.access.viewer import Viewer, below
from tideng.base.errors import (
    NotAllowed,
    NotFound,
    Problem,
    Refused,
)
from tideng.base.problems import Phrase
from tideng.org.directory import Directory
from tideng.plugins.forms import (
    MUST,
    Asked,
    Form,
    accept_form,
    check_form,
    fill_form,
)
from tideng.store.database import writing
from tideng_processes.cases.case_choices import not_to_be_chosen
from tideng_processes.cases.loader import load_run, next_id
from tideng_processes.cases.transitions import (
    OPEN,
    Mover,
    Run,
    Task,
)
from tideng_processes.document.model import Definition, Node, Outcome
from tideng_processes.forms.fields import read_form
from tideng_processes.publication.registry import (
    Published,
    Registry,
    registry_of,
    store,
)
from tideng_processes.tables import CaseRow, PaperRow, StepRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

OLDEST = timedelta(days=7)
"""So long ago a form may have been written without a network."""
AHEAD = timedelta(minutes=2)
"""So far a phone's clock may be ahead of ours."""
LONGEST_NOTE, LONGEST_KEY = 1000, 120
ACTS_FOR_ALL = frozenset({"hr", "admin"})
"""Who may do a step in place of its owner; the history says that they did."""


class NotYet(Refused):
    """Something is still open in a form. `asked` says what, in each language, MUST first."""

    def __init__(self, what: Phrase, asked: Iterable[Asked]):
        self.asked = tuple(asked)
        super().__init__(what, [one.problem() for one in self.asked])


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody hands in at a step: which `outcome`, what the form holds, ids of kept files by field, a few words.

    `at`: when it was written, where that was earlier and without a network (UTC); at most `OLDEST` ago. `key`: what the page
    calls it; the same author and key again is the same hand-in, and nothing happens twice."""

    outcome: str
    data: Mapping[str, Any] = field(default_factory=dict)
    papers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    note: str = ""
    at: datetime | None = None
    key: str = ""


# -- beginning ---------------------------------------------------------------------------------------------------------


def may_begin(viewer: Viewer, definition: Definition, directory: Directory, moment: datetime) -> bool:
    """Whether the viewer may begin such a case: who is employed, and of those whom the process names."""
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


def begin(
    deployment: Deployment, viewer: Viewer, directory: Directory, process: str, submission: Submission, person: str = ""
) -> str:
    """Begin a case and hand in its first step; returns the case's id. `person`: whom it is about, the viewer where it is left
    out. Raises `NotFound`, `NotAllowed`, `NotYet` with everything that is still open, `Refused`."""
    now = deployment.clock.now()
    published = registry_of(deployment).latest(process)
    if published is None:
        raise NotFound("no-process", {"name": process})
    about = _about(viewer, published.definition, directory, now, person)
    at = _moment(submission, now, None)
    with writing(deployment.engine) as connection:
        known = _begun_before(connection, viewer, submission.key)
        if known:
            return known
        keep_version(connection, published, now)
        node = published.definition.first
        outcome = _outcome(node, submission)
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
        data = _checked(deployment, connection, viewer, directory, run, node, outcome, submission, at, now)
        run.papers = _told_of(connection, submission)
        mover = Mover(deployment, connection, directory, now)
        mover.begin(run)
        _give_to_starter(run, viewer)
        mover.take(run, _task_of(run, viewer), outcome, viewer.login, at, submission.note.strip(), None, data)
        mover.save()
        _keep_papers(connection, run, submission)
        _accept(deployment, connection, viewer, directory, run, node, outcome, data, submission, at, now)
    deployment.bell.ring()
    return run.id


def _about(viewer: Viewer, definition: Definition, directory: Directory, now: datetime, person: str) -> str:
    if not may_begin(viewer, definition, directory, now):
        raise NotAllowed("viewer-may-not-begin", {"name": definition.id})
    if not definition.start.other or person in ("", viewer.person):
        if person not in ("", viewer.person):
            raise NotAllowed("begun-for-oneself")
        return viewer.person
    if directory.at(person, now) is None:
        raise Refused("process", [Problem("person", "nobody-here")])
    if not (viewer.roles & ACTS_FOR_ALL) and person not in below(directory, viewer.person, now):
        raise NotAllowed("viewer-leads-nobody")
    return person


def _give_to_starter(run: Run, viewer: Viewer) -> None:
    """Whoever begins a case fills in its first step, whoever would own it afterwards."""
    for task in run.tasks[:1]:
        task.owner, task.meant_for = viewer.person, None


def _begun_before(connection: Connection, viewer: Viewer, key: str) -> str | None:
    if not key:
        return None
    return connection.scalar(select(CaseRow.id).where(CaseRow.starter == viewer.login, CaseRow.key == key))


def keep_version(connection: Connection, published: Published, now: datetime) -> None:
    """Keep the version that a case runs on, where the plugin that ships it may bring another one tomorrow."""
    store(connection, published.definition, published.version, published.origin, published.by, published.note, now)


# -- handing in --------------------------------------------------------------------------------------------------------


def hand_in(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    case: str,
    node: str,
    submission: Submission,
    part: str = "",
) -> None:
    """Hand in the viewer's part of a step. Raises `NotFound`, `NotAllowed`, `NotYet`; `Refused` where the step is no longer open."""
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        run = load_run(connection, registry_of(deployment), case)
        if _handed_in_before(connection, viewer, submission.key):
            return
        task = _own_task(connection, viewer, directory, now, run, node, part)
        outcome = _outcome(run.step, submission)
        at = _moment(submission, now, task.entered_at)
        data = _checked(deployment, connection, viewer, directory, run, run.step, outcome, submission, at, now)
        run.papers = _told_of(connection, submission)
        mover, step = Mover(deployment, connection, directory, now), run.step
        mover.take(run, task, outcome, viewer.login, at, submission.note.strip(), submission.key or None, data)
        mover.save()
        _keep_papers(connection, run, submission)
        _accept(deployment, connection, viewer, directory, run, step, outcome, data, submission, at, now)
    deployment.bell.ring()


def preview(
    deployment: Deployment,
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    process: str,
    node: str,
    submission: Submission,
    person: str = "",
    case: str = "",
) -> list[Asked]:
    """Everything that would be asked of a form if it were handed in now; nothing is kept. An empty `outcome` stands for the
    step's first one. Raises `NotFound` and `NotAllowed` as handing in does."""
    now, registry = deployment.clock.now(), registry_of(deployment)
    published = registry.latest(process)
    if published is None:
        raise NotFound("no-process", {"name": process})
    definition, known, about = published.definition, {}, person or viewer.person
    if case:
        run = load_run(connection, registry, case)
        _own_task(connection, viewer, directory, now, run, node, "", any_part=True)
        definition, known, about = run.definition, run.data, run.person
    else:
        about = _about(viewer, definition, directory, now, person)
    step = definition.nodes.get(node)
    if step is None:
        raise NotFound("no-step", {"name": node})
    outcome = step.outcome(submission.outcome) or step.outcomes[0]
    asked, _data = _asked(
        deployment, connection, viewer, directory, definition, about, case, step, outcome, submission, known,
        submission.at or now, now,
    )  # fmt: skip
    return asked


def _own_task(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    now: datetime,
    run: Run,
    node: str,
    part: str,
    any_part: bool = False,
) -> Task:
    """The open task that the viewer may do."""
    tasks = [one for one in run.tasks if one.state == OPEN and one.node == node]
    mine = [one for one in tasks if one.owner == viewer.person != "" and (any_part or not part or one.part == part)]
    if not mine and viewer.roles & ACTS_FOR_ALL and viewer.person != run.person:
        mine = [one for one in tasks if any_part or one.part == part or (not part and len(tasks) == 1)]
    if mine:
        return mine[0]
    if not is_concerned(connection, viewer, directory, now, run):
        raise NotFound("no-case", {"name": run.id})
    if tasks:
        raise NotAllowed("step-of-somebody-else")
    raise Refused("step", [Problem("", "step-done")])


def is_concerned(connection: Connection, viewer: Viewer, directory: Directory, now: datetime, run: Run) -> bool:
    """Whether a case is the viewer's to see: theirs, of somebody they lead, or one of whose steps they had."""
    from tideng_processes.tables import TaskRow

    scope = viewer.scope(directory, now)
    if scope is None or run.person in scope or viewer.login == run.starter:
        return True
    had = select(TaskRow.id).where(TaskRow.case == run.id, TaskRow.owner == viewer.person).limit(1)
    return bool(viewer.person) and connection.execute(had).first() is not None


def _task_of(run: Run, viewer: Viewer) -> Task:
    return next((one for one in run.tasks if one.owner == viewer.person), run.tasks[0])


def _outcome(node: Node, submission: Submission) -> Outcome:
    found = node.outcome(submission.outcome)
    if found is None:
        raise Refused("step", [Problem("outcome", "no-way-out", {"name": submission.outcome, "names": (one.id for one in node.outcomes)})])  # fmt: skip
    return found


def _moment(submission: Submission, now: datetime, entered: datetime | None) -> datetime:
    """When a hand-in counts: when it was written. Not before the step was entered, and not ahead of now."""
    at = submission.at or now
    if at > now + AHEAD:
        raise Refused("moment", [Problem("at", "moment-ahead")])
    if at < now - OLDEST:
        raise Refused("moment", [Problem("at", "moment-too-far-back", {"days": OLDEST.days})])
    return max(min(at, now), entered or min(at, now))


def _handed_in_before(connection: Connection, viewer: Viewer, key: str) -> bool:
    if not key:
        return False
    known = select(StepRow.id).where(StepRow.by == viewer.login, StepRow.key == key)
    return connection.execute(known).first() is not None


# -- what a form is asked ----------------------------------------------------------------------------------------------


def _checked(
    deployment: Deployment, connection: Connection, viewer: Viewer, directory: Directory, run: Run, node: Node,
    outcome: Outcome, submission: Submission, at: datetime, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """The data of a form that may be accepted. Raises `NotYet` with everything that is still open."""
    case = "" if run.fresh else run.id
    asked, data = _asked(
        deployment, connection, viewer, directory, run.definition, run.person, case, node, outcome, submission, run.data,
        at, now,
    )  # fmt: skip
    if any(one.severity == MUST for one in asked):
        raise NotYet(Phrase("form-of-step", {"step": node.id}), asked)
    return data


def _asked(
    deployment: Deployment, connection: Connection, viewer: Viewer, directory: Directory, definition: Definition,
    person: str, case: str, node: Node, outcome: Outcome, submission: Submission, known: Mapping[str, Any], at: datetime,
    now: datetime,
) -> tuple[list[Asked], dict[str, Any]]:  # fmt: skip
    read = read_form(definition, node, submission.data, submission.papers, directory, at, known, complete=outcome.form)
    own = [Asked(one.at, one.message) for one in (*read.problems, *_about_the_rest(outcome, submission))]
    own += _lost_papers(connection, viewer, node, definition, submission, case)
    own += _others_cases(
        deployment, connection, directory, definition, node, person, viewer, case, read.data, known, at, now
    )
    form = _form(definition, node, outcome, person, viewer, at, {**known, **read.data}, case, submission)
    asked = check_form(deployment, connection, directory, form, now) if outcome.form else []
    said = {one.field for one in own}
    found = [*own, *(one for one in asked if one.field not in said or not one.field)]
    return sorted(found, key=lambda one: one.severity != MUST), dict(read.data)


def _others_cases(
    deployment: Deployment, connection: Connection, directory: Directory, definition: Definition, node: Node, person: str,
    viewer: Viewer, case: str, data: Mapping[str, Any], known: Mapping[str, Any], at: datetime, now: datetime,
) -> list[Asked]:  # fmt: skip
    """Fields that name a case which is not the person's. What is filled in beforehand may stand: a plugin may know of a trip that
    is another system's, and no case here."""
    wrong = list(not_to_be_chosen(connection, registry_of(deployment), definition, node, data, known, person))
    if not wrong:
        return []
    sure = {name: value for name, value in data.items() if name not in {one.at for one in wrong}}
    form = Form(f"{definition.id}.{node.id}", person, viewer.person, at, {**known, **sure}, case=case)
    filled = fill_form(deployment, connection, directory, form, now)
    own = {name for name, one in filled.items() if one.value == data.get(name)}
    return [Asked(one.at, one.message) for one in wrong if one.at not in own]


def _form(
    definition: Definition, node: Node, outcome: Outcome, person: str, viewer: Viewer, at: datetime,
    data: Mapping[str, Any], case: str, submission: Submission,
) -> Form:  # fmt: skip
    event_type = outcome.emit[0].type if outcome.emit else ""
    name = f"{definition.id}.{node.id}"
    return Form(name, person, viewer.person, at, data, outcome.id, case, submission.papers, event_type)


def _about_the_rest(outcome: Outcome, submission: Submission) -> list[Problem]:
    note = submission.note.strip()
    found = []
    if outcome.note and not note:
        found.append(Problem("note", "words-missing"))
    if len(note) > LONGEST_NOTE:
        found.append(Problem("note", "over-length", {"limit": LONGEST_NOTE}))
    if len(submission.key) > LONGEST_KEY:
        found.append(Problem("key", "over-length", {"limit": LONGEST_KEY}))
    return found


def _lost_papers(
    connection: Connection, viewer: Viewer, node: Node, definition: Definition, submission: Submission, case: str
) -> list[Asked]:
    """Files that are named and not there, or somebody else's, or of another case."""
    wanted = {int(id) for ids in submission.papers.values() for id in ids}
    if not wanted:
        return []
    row = PaperRow
    there = {
        one.id: one
        for one in connection.execute(select(row.id, row.case, row.field, row.author).where(row.id.in_(wanted)))
    }
    own = lambda one: (one.case is None and one.author == viewer.login) or (case != "" and one.case == case)  # noqa: E731
    return [
        Asked(name, Phrase("attachment-gone"))
        for name, ids in submission.papers.items()
        if not all(int(id) in there and own(there[int(id)]) and there[int(id)].field == name for id in ids)
    ]


def _told_of(connection: Connection, submission: Submission) -> dict[int, dict[str, str]]:
    """What events say of the files that come with a form. One statement, where there are any."""
    ids = [int(id) for ids in submission.papers.values() for id in ids]
    row = PaperRow
    found = connection.execute(select(row.id, row.kind, row.reading).where(row.id.in_(ids))).all() if ids else ()
    numbers = {one.id: str(one.reading.get("fields", {}).get("number", "")) for one in found}
    return {one.id: {"kind": one.kind} | ({"number": numbers[one.id]} if numbers[one.id] else {}) for one in found}


def _keep_papers(connection: Connection, run: Run, submission: Submission) -> None:
    ids = [int(id) for ids in submission.papers.values() for id in ids]
    if ids:
        connection.execute(update(PaperRow).where(PaperRow.id.in_(ids)).values(case=run.id))


def _accept(
    deployment: Deployment, connection: Connection, viewer: Viewer, directory: Directory, run: Run, node: Node,
    outcome: Outcome, data: Mapping[str, Any], submission: Submission, at: datetime, now: datetime,
) -> None:  # fmt: skip
    """Let plugins keep what is theirs. Raises `NotYet`, which undoes everything."""
    form = _form(run.definition, node, outcome, run.person, viewer, at, {**run.data, **data}, run.id, submission)
    asked = accept_form(deployment, connection, directory, form, now)
    if asked:
        raise NotYet(Phrase("form-of-step", {"step": node.id}), asked)


# -- words, and other hands --------------------------------------------------------------------------------------------


def say(deployment: Deployment, viewer: Viewer, directory: Directory, case: str, text: str) -> None:
    """Leave a few words in a case's history, for everyone concerned. Raises `NotFound`, `Refused`."""
    now, words = deployment.clock.now(), text.replace("\r\n", "\n").strip()
    if not words or len(words) > LONGEST_NOTE:
        code = "over-length" if words else "words-missing"
        raise Refused("comment", [Problem("text", code, {"limit": LONGEST_NOTE})])
    with writing(deployment.engine) as connection:
        run = _seen(connection, deployment, viewer, directory, now, case)
        mover = Mover(deployment, connection, directory, now)
        mover.jot(run, "comment", now, run.node, by=viewer.login, note=words)
        mover.save()


def hand_over(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    case: str,
    node: str,
    to: str,
    why: str = "",
    part: str = "",
) -> None:
    """Give an open step to somebody else: its owner may, whoever leads the owner, and HR. Raises `NotFound`, `NotAllowed`,
    `Refused` for whom does not work here."""
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        run = _seen(connection, deployment, viewer, directory, now, case)
        task = run.open_task(node, part)
        if task is None:
            raise Refused("step", [Problem("", "step-done")])
        leads = bool(viewer.person) and task.owner in below(directory, viewer.person, now)
        if task.owner != viewer.person and not leads and not viewer.roles & ACTS_FOR_ALL:
            raise NotAllowed("step-of-somebody-else")
        mover = Mover(deployment, connection, directory, now)
        if not mover.staff.present(to):
            raise Refused("step", [Problem("to", "owner-absent")])
        mover.hand_over(run, task, to, None, viewer.login, why.strip()[:LONGEST_NOTE], now)
        mover.save()
    deployment.bell.ring()


def _seen(
    connection: Connection, deployment: Deployment, viewer: Viewer, directory: Directory, now: datetime, case: str
) -> Run:
    run = load_run(connection, registry_of(deployment), case)
    if not is_concerned(connection, viewer, directory, now, run):
        raise NotFound("no-case", {"name": case})
    return run


def begun_of(registry: Registry, viewer: Viewer, directory: Directory, moment: datetime) -> list[Published]:
    """What the viewer may begin, by title."""
    return [one for one in registry.all() if may_begin(viewer, one.definition, directory, moment)]
