"""A question to the judges: about which subject, as of when, with which facts, and what its answer is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tideng.facts.agenda import AgendaEntry
from tideng.facts.world import Spoken, World
from tideng.judging.watch_index import Interest
from tideng.model.event import Event
from tideng.model.judge_contract import Finding, Reason, Watch
from tideng.org.groups import GROUPS, Group, home_of


@dataclass(slots=True)
class Ask:
    """One question, and what its answer is used for.

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
    entry: AgendaEntry | None = None
    spoken: Spoken | None = None
    step: int = 0
    waited: Reason | None = None
    gathered: frozenset[str] = frozenset()
    answers: list[Finding] = field(default_factory=list)

    @property
    def about(self) -> str:
        """The kind of subject: person, case, position or unit."""
        asking = self.watch or self.interest
        return asking.about if asking else "person"

    @property
    def group(self) -> Group | None:
        """The position or unit that is judged; None for a person or a case."""
        return (self.about, self.subject) if self.about in GROUPS else None

    @property
    def home(self) -> str:
        """The person or case whose time zone and local days count; '' for positions and units, which use the client's."""
        return home_of(self.about, self.subject)


class Utterance(NamedTuple):
    """A finding that is about to be recorded: the rule, its subject, the period it counts for, and the moment."""

    watch: Watch
    subject: str
    period: str
    at: datetime


def subject_of(about: str, event: Event, world: World) -> str:
    """The subject of an event for rules about a person, a case, a position or a unit; '' if the person is in none."""
    if about == "case":
        return str(event.data.get("case") or event.subject)
    if about in ("position", "unit"):
        assignment = world.directory.at(event.subject, event.time)
        return getattr(assignment, about, "")
    return event.subject


def subjects_of(event: Event) -> tuple[str, ...]:
    """The subjects for which an event counts and whose ladders it may end: its subject, and its case if that is another."""
    case = event.data.get("case")
    return (event.subject,) if case is None or case == event.subject else (event.subject, str(case))
