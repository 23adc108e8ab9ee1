"""What people do with a case beside its forms: leave a comment, and hand an open step over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tideng.plugin import Directory, NotAllowed, Problem, Refused, Viewer, below, writing
from tideng_processes.cases.access import ACTS_FOR_ALL, CaseAccess, step_is_done
from tideng_processes.cases.case_writer import HistoryEntry
from tideng_processes.cases.transitions import Mover
from tideng_processes.publication.registry import registry_of

if TYPE_CHECKING:
    from tideng.plugin import Deployment

LONGEST_NOTE = 1000
"""In characters."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """A step that is handed over: `part` of the step `node` goes to the person `to`; `why` stands in the history."""

    node: str
    to: str
    why: str = ""
    part: str = ""


def comment(deployment: Deployment, viewer: Viewer, directory: Directory, case: str, text: str) -> None:
    """Leave a comment in a case's history, for everyone who may see the case. Raises `NotFound`, `Refused`."""
    now, words = deployment.clock.now(), text.replace("\r\n", "\n").strip()
    if not words or len(words) > LONGEST_NOTE:
        code = "over-length" if words else "words-missing"
        raise Refused("comment", [Problem("text", code, {"limit": LONGEST_NOTE})])
    with writing(deployment.engine) as connection:
        run = CaseAccess(connection, registry_of(deployment), viewer, directory, now).load(case)
        mover = Mover(deployment, connection, directory, now)
        mover.record(run, HistoryEntry("comment", now, run.node, by=viewer.login, note=words))
        mover.save()


def hand_over(deployment: Deployment, viewer: Viewer, directory: Directory, case: str, wanted: HandOver) -> None:
    """Give an open step to somebody else. Its owner may, those who lead the owner, and HR. Raises `NotFound`, `NotAllowed`, and
    `Refused` where the step is done or the other person is absent."""
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        run = CaseAccess(connection, registry_of(deployment), viewer, directory, now).load(case)
        task = run.open_task(wanted.node, wanted.part)
        if task is None:
            raise step_is_done()
        leads = bool(viewer.person) and task.owner in below(directory, viewer.person, now)
        if task.owner != viewer.person and not leads and not viewer.roles & ACTS_FOR_ALL:
            raise NotAllowed("step-of-somebody-else")
        mover = Mover(deployment, connection, directory, now)
        if not mover.staff.present(wanted.to):
            raise Refused("step", [Problem("to", "owner-absent")])
        mover.hand_over(run, task, wanted.to, None, viewer.login, wanted.why.strip()[:LONGEST_NOTE], now)
        mover.save()
    deployment.bell.ring()
