"""A process, as plain values: steps with owners, deadlines and forms, and where each outcome leads. See docs/processes.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from tideng.plugin import Duration, Text

FIELD_TYPES = (
    "text", "number", "integer", "money", "currency", "boolean", "date", "time", "choice", "person", "case", "list", "table",
    "files",
)  # fmt: skip
PAPER_KINDS = ("paper", "invoice", "itinerary", "confirmation", "picture")
ACCEPTED = ("pdf", "ofd", "picture")
MOST_IDEAS = 8
LONGEST_IDEA = {"zh": 20, "en": 40}
"""In characters: an idea is shown on a small button of a phone."""
MOST_RECENT = 31
OPERATORS = ("is", "is_not", "lt", "lte", "gt", "gte", "in", "not_in", "exists")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a process's forms. `type` is one of FIELD_TYPES.

    `lines`: height of a text field in lines; `least`, `most`: length of a text in characters without white space at the ends, or
    the number of items, rows or files (0: no limit); `minimum`, `maximum`: of a number. `choices`: value → title. `columns`: of
    a table, each a field of a simple type. `accept`: the kinds of files (ACCEPTED), `kind`: what the files are (PAPER_KINDS).
    `not_before`: the date field that this one may not precede. `currency`: of money, the field with its currency. `process`: of
    a case field, the process to choose from. `ideas`: suggestions for a text. `recent`: a date is chosen among today and so many
    days before it (0: any date). `sensitive`: shown to the person, the owner of the step and HR only. `required`: of a column,
    whether each row needs it.
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
    """A condition on the form's data: `op` compares `field` with `operand`, or (all, any, none) joins `parts`."""

    op: str
    field: str = ""
    operand: Any = None
    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerChoice:
    """An owner of a step, valid where `when` holds (None: always). `kind`: person (of the case), starter, supervisor (of the
    person), hr, role, position, field (the person in a form field), head (of the person's unit); `name`: of the role, position
    or field."""

    kind: str
    name: str = ""
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One owner's part of a step; a step with several parts is a joint step. `title` says whose part it is, {} for a single one."""

    id: str
    owners: tuple[OwnerChoice, ...]
    title: Text = field(default_factory=dict)

    @property
    def held_by(self) -> frozenset[tuple[str, str]]:
        """The roles and positions among its owners, as (kind, name): those that several people may hold."""
        return frozenset((one.kind, one.name) for one in self.owners if one.kind in ("role", "hr", "position"))


@dataclass(frozen=True, slots=True)
class Deadline:
    """The deadline of a step. Either `within` a length of time after it was entered, elapsed or on the `working` clock; or `at` a
    local time of the same day (of the next day, where that time has passed); or on the day in the date field `on`, `at` a time
    (00:00 where it is None). In the zone of the person of the case. 24:00 is `at` None with `end_of_day`."""

    within: Duration | None = None
    working: bool = False
    at: time | None = None
    on: str = ""
    end_of_day: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where an outcome leads: to a step or an end. The first route whose `when` holds is taken."""

    to: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """An event that an outcome emits beside ``node.done``. Fields of the type with the name of a form field are filled from the
    form, the process's key with the name of the case; `data` gives others: a literal, or ``{field: NAME}``, ``{count: NAME}``
    (items of a list or table), ``{person: NAME}``, ``{papers: [NAME]}``, ``{note: true}``."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way to leave a step. `form`: the step's form is checked; `note`: a note is required; `alone`: in a joint step, one
    owner's answer is enough; `good`: it leads on (False: it sends back, or ends without success). `on`: the type of an event of
    another system that gives this answer, matched by the process's key."""

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
class FormField:
    """A field of a step's form."""

    field: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """A step. `at_due`: the outcome that is taken automatically at the deadline ('': the step is then overdue); a step with one
    only waits. `remind`: how long before the deadline its owner is reminded."""

    id: str
    title: Text
    parts: tuple[Part, ...]
    outcomes: tuple[Outcome, ...]
    help: Text = field(default_factory=dict)
    form: tuple[FormField, ...] = ()
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
    """An end of a case; `good`: it ended with success."""

    id: str
    title: Text
    good: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """How a case begins. `by`: who may begin it (anyone, supervisor, hr, role:NAME, position:ID); `other`: the case is about
    another person, whom the starter names. `event`: an event of this type from another system begins one, too."""

    by: tuple[str, ...] = ("anyone",)
    other: bool = False
    event: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A process.

    `key`: the event field that names one of its cases. `summary`: the template of a case in a few words (see
    `tideng_processes.document.summaries`), {} for none. `customer`: the field with the case's customer, '' for none. `nodes`: in
    the order of the page; every case begins at the first one. `document`: the data that the definition was parsed from."""

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
        """Whether events of other systems begin or move its cases."""
        return bool(self.start.event) or any(one.on for node in self.nodes.values() for one in node.outcomes)
