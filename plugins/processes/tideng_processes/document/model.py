"""A process, as plain values: steps with owners, deadlines and forms, and where each outcome leads. See docs/processes.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from tideng.base.durations import Duration
from tideng.model.catalogue import Text

FIELD_TYPES = (
    "text", "number", "integer", "money", "currency", "boolean", "date", "time", "choice", "person", "case", "list", "table",
    "files",
)  # fmt: skip
PAPER_KINDS = ("paper", "invoice", "itinerary", "confirmation", "picture")
ACCEPTED = ("pdf", "ofd", "picture")
MOST_IDEAS = 8
LONGEST_IDEA = {"zh": 20, "en": 40}
"""In characters: an idea stands on a small button of a phone."""
MOST_RECENT = 31
OPERATORS = ("is", "is_not", "lt", "lte", "gt", "gte", "in", "not_in", "exists")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a process's forms. `type` is one of FIELD_TYPES.

    `lines`: how high a text stands (1: one line); `least`, `most`: length of a text in characters, white space at the ends
    trimmed, or how many items, rows or files; `minimum`, `maximum`: of a number. `choices`: value → title. `columns`: of a
    table, each a field of a simple type. `accept`: which kinds of files (ACCEPTED), `kind`: what the files are (PAPER_KINDS).
    `not_before`: the date field that this one does not lie before. `currency`: of money, the field that names its currency.
    `process`: the one whose cases a field of type case chooses from. `ideas`: what one may write about in a text. `recent`: a date is chosen among today and so many days before, 0: freely.
    `sensitive`: shown to the person, the owner of the step and HR only. `required`: of a column, whether each row has it.
    """

    name: str
    type: str
    title: Text
    help: Text = field(default_factory=dict)
    lines: int = 1
    least: int = 0
    most: int = 0
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, Text] = field(default_factory=dict)
    columns: tuple[FieldSpec, ...] = ()
    accept: tuple[str, ...] = ACCEPTED
    kind: str = "paper"
    not_before: str = ""
    currency: str = ""
    process: str = ""
    ideas: tuple[Text, ...] = ()
    recent: int = 0
    sensitive: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """A question to the form's data: `op` on `field` against `operand`, or a group (`op` all, any, none) of `parts`."""

    op: str
    field: str = ""
    operand: Any = None
    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerChoice:
    """Who owns a step where `when` holds (None: always). `kind`: person (whom the case is about), starter, supervisor (of the
    person), hr, role, position, field (the person that a form field names), head (who leads the person's unit); `name`: of
    the role, position or field."""

    kind: str
    name: str = ""
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One owner's part of a step; a step with several is a joint one. `title` says whose part it is, {} where it is alone."""

    id: str
    owners: tuple[OwnerChoice, ...]
    title: Text = field(default_factory=dict)

    @property
    def held_by(self) -> frozenset[tuple[str, str]]:
        """The roles and positions that it may go to, as (kind, name): what several people may hold."""
        return frozenset((one.kind, one.name) for one in self.owners if one.kind in ("role", "hr", "position"))


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when a step is to be done, from when it was entered: `within` a length of time, elapsed or on the `working` clock;
    or `at` a local time of the same day (of the next one, where it has passed); or on the day that the date field `on` names,
    `at` that time (00:00). All in the zone of whom the case is about. 24:00 is `at` None with `end_of_day`."""

    within: Duration | None = None
    working: bool = False
    at: time | None = None
    on: str = ""
    end_of_day: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where an outcome leads: a step, or an end; the first whose `when` holds."""

    to: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """The event that an outcome emits beside ``node.done``: fields of the type that are named like form fields are filled from
    the form, the process's key with the case's id; `data` says others: a literal, or ``{field: NAME}``, ``{count: NAME}``
    (items of a list or table), ``{person: NAME}``."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way to leave a step. `form`: what the step asks for is checked and needed; `note`: a few words are needed; `alone`:
    in a joint step, one owner's word is enough; `good`: it leads on (False: it sends back or ends without success). `on`: an
    event from elsewhere that says the same, matched by the process's key."""

    id: str
    title: Text
    routes: tuple[Route, ...]
    form: bool = True
    note: bool = False
    alone: bool = False
    good: bool = True
    emit: tuple[Emit, ...] = ()
    on: str = ""


@dataclass(frozen=True, slots=True)
class Asks:
    """A field that a step's form has."""

    field: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """A step. `at_due`: the outcome that happens by itself when the deadline comes ('' : the step is then overdue); a step with
    it and without a form is one that only waits. `remind`: so long before the deadline its owner is told."""

    id: str
    title: Text
    parts: tuple[Part, ...]
    outcomes: tuple[Outcome, ...]
    help: Text = field(default_factory=dict)
    form: tuple[Asks, ...] = ()
    deadline: Deadline | None = None
    remind: Duration | None = None
    at_due: str = ""

    def outcome(self, name: str) -> Outcome | None:
        return next((one for one in self.outcomes if one.id == name), None)

    def part(self, name: str) -> Part | None:
        return next((one for one in self.parts if one.id == name), None)

    @property
    def joint(self) -> bool:
        return len(self.parts) > 1


@dataclass(frozen=True, slots=True)
class End:
    """How a case can end; `good`: as it was meant."""

    id: str
    title: Text
    good: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """Who may begin a case: `by` holds anyone, supervisor, hr, role:NAME or position:ID; `other`: it is about somebody else,
    whom the one who begins it names. `event`: an event of this type from elsewhere begins one, too."""

    by: tuple[str, ...] = ("anyone",)
    other: bool = False
    event: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A process. `key`: the field by which events name one of its cases; `summary`: what tells one case from another, as
    `tideng_processes.document.summaries` reads it, {} where nothing does; `customer`: the field that says which customer it is about, '' for none; `nodes` in the order of the page,
    the first one is where every case begins. `document`: what it was read from, as data."""

    id: str
    title: Text
    start: Start
    fields: Mapping[str, FieldSpec]
    nodes: Mapping[str, Node]
    ends: Mapping[str, End]
    about: Text = field(default_factory=dict)
    icon: str = "flow"
    key: str = ""
    summary: Text = field(default_factory=dict)
    customer: str = ""
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def first(self) -> Node:
        return next(iter(self.nodes.values()))

    @property
    def listens(self) -> bool:
        """Whether events from elsewhere begin or move its cases."""
        return bool(self.start.event) or any(one.on for node in self.nodes.values() for one in node.outcomes)
