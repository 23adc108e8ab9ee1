"""A question on its way to the judges: about whom, as of when, with which facts, and what its answer is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tideng.facts.agenda import Entry
from tideng.facts.world import Spoken, World
from tideng.judging.watch_index import Interest
from tideng.model.event import Event
from tideng.model.judge_contract import Finding, Reason, Watch
from tideng.org.groups import GROUPS, Group, home_of


@dataclass(slots=True)
class Ask:
    """One question, and what is to be done with the answer.

    `watch`: the one rule that is asked; `interest`: all that an event triggers. `occurrence` names what caused the
    question; `entry` is the deadline or later step that came due, `spoken` the finding that is reconsidered; `waited` says
    what was waited for. `gathered`: the facts that plugins still have to give.
    """

    question: str
    subject: str
    at: datetime
    facts: dict[str, Any]
    person: str
    owner: str | None = None
    depth: int = 0
    watch: Watch | None = None
    interest: Interest | None = None
    occurrence: str = ""
    entry: Entry | None = None
    spoken: Spoken | None = None
    step: int = 0
    waited: Reason | None = None
    gathered: frozenset[str] = frozenset()
    answers: list[Finding] = field(default_factory=list)

    @property
    def about(self) -> str:
        """What is judged: person, case, position or unit."""
        asking = self.watch or self.interest
        return asking.about if asking else "person"

    @property
    def group(self) -> Group | None:
        """The position or unit that is judged; None where it is a person or a case."""
        return (self.about, self.subject) if self.about in GROUPS else None

    @property
    def home(self) -> str:
        """Whose zone and days count: the subject's; '' for positions and units, which have the client's."""
        return home_of(self.about, self.subject)


class Utterance(NamedTuple):
    """Who is about to speak: a rule, to a subject, for a period, at a moment."""

    watch: Watch
    subject: str
    period: str
    at: datetime


def subject_of(about: str, event: Event, world: World) -> str:
    """Whom an event is about for rules about a person, a case, a position or a unit; '' where its subject is in none."""
    if about == "case":
        return str(event.data.get("case") or event.subject)
    if about in ("position", "unit"):
        assignment = world.directory.at(event.subject, event.time)
        return getattr(assignment, about, "")
    return event.subject


def subjects_of(event: Event) -> tuple[str, ...]:
    """Whose metrics an event counts in and whose ladders it may end: its subject's, and its case's where that is another."""
    case = event.data.get("case")
    return (event.subject,) if case is None or case == event.subject else (event.subject, str(case))
