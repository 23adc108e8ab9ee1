"""The contract between the core, which knows when to judge, and the judges, which know what follows.

The core collects `Watch`es ("tell me of every report", "ask me at 19:00"), gathers facts, and asks with
`Situation`s. A judge answers with `Finding`s and never acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from tideng.base.durations import Duration
from tideng.model.catalogue import Text
from tideng.model.metrics import Metric

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OnEvent:
    """Judge the subject of each event of this type."""

    event_type: str


@dataclass(frozen=True, slots=True)
class OnSchedule:
    """Judge everyone at `at` local time: every day, workday, week (`on` 0–6, Monday 0) or month (`on` 1–31; 31 is the last day)."""

    every: str
    at: time
    on: int | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """The condition on events of a trigger: `holds` is called with the event's own facts. `id` names the condition, so that
    two with the same text are equal."""

    id: str
    holds: Callable[[Mapping[str, Any]], bool] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OnAbsence:
    """Judge when `event_type` happened (and `where` held for it) and none of `without` with the same `match` value came
    within `within`."""

    event_type: str
    without: tuple[str, ...]
    within: Duration
    match: str
    working: bool = False
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class OnWait:
    """Judge once, `within` after the first of these events with one `match` value (for which `where` holds); those that
    come meanwhile belong to it."""

    event_type: str
    within: Duration
    match: str = "subject"
    working: bool = False
    where: Where | None = None

    @property
    def event_types(self) -> tuple[str, ...]:
        return (self.event_type,)


@dataclass(frozen=True, slots=True)
class OnNotAll:
    """Judge when the first of `event_types` with one `match` value (for which `where` holds) was not followed by all the
    others `within` that time."""

    event_types: tuple[str, ...]
    within: Duration
    match: str
    working: bool = False
    where: Where | None = None

    @property
    def event_type(self) -> str:
        """The type that stands first; what opens the window may be any of them."""
        return self.event_types[0] if self.event_types else ""


Windowed = OnWait | OnNotAll
"""The triggers that gather events in a window which the first of them opens."""
Trigger = OnEvent | OnSchedule | OnAbsence | OnWait | OnNotAll


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a rule may make a finding about one subject: once per `once_per` (occurrence, day, week, month, "N days", "N hours",
    "N minutes"); and at most `at_most` times a `per` (day, week, month) when given. `by`: a field of the event; the limit
    then holds for each of its values apart."""

    once_per: str
    at_most: int | None = None
    per: str = "week"
    by: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """When a later step is due: at a local time of the same local day, or after a length of time."""

    at: time | None = None
    after: Duration | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What one version of a rule is asked about, and which facts it reads to answer.

    `about`: person, case, position or unit. `needs`: facts read by who/if, messages and inferences at the
    trigger; `until_needs`: facts read by `until` (None: there is no `until`) and by the later steps.
    `metrics`: every ``metric.NAME`` among the needs, resolved. `since`: the rule is not asked about moments before this.
    `title` and `why` go with its messages: what it is called, and what it is good for. `expected`: the most people a day
    to whom it spoke in its preview; None where there was none. `emits`: it may make events of its own.
    """

    rule: str
    version: int
    kind: str
    about: str
    trigger: Trigger
    limit: Limit
    needs: frozenset[str]
    until_needs: frozenset[str] | None = None
    steps: tuple[Step, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    since: datetime = LONG_AGO
    title: Text = field(default_factory=dict)
    why: Text = field(default_factory=dict)
    expected: int | None = None
    emits: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """One question to the judges.

    `question` is ``event:TYPE`` (every rule triggered by that type answers), or about one rule:
    ``rule:ID`` (its schedule, or the end of its absence or window, came due), ``step:ID`` (later step number `step`, 1-based, is due; answered
    by a Finding unless `until` holds), ``until:ID`` (does `until` hold now? answered by a Finding without actions),
    ``stands:ID`` (would the trigger still speak, with these facts? answered like ``rule:ID``).
    `facts`: dotted name → value (text, number, bool, date, list of those); a missing fact is left out.
    """

    question: str
    subject: str
    at: datetime
    facts: Mapping[str, Any]
    version: int | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Deed:
    """One action a finding asks for. `to`: person, supervisor, owner, hr, role:NAME for nudge/ask/improve/plan, else ''.

    `message` is a template per locale with {dotted.fact} placeholders. `data` holds what else the action says:
    nudge {channel}, ask {field, severity}, mark {status}, infer {found, because}, emit {type}, improve {cause},
    plan {steps}.
    """

    action: str
    effect: str
    to: str = ""
    message: Text = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact that was compared: its value (None: no data), the comparison, and whether it held.

    `part`: who, if, until. `operand` is the value compared with (already resolved when it was another fact).
    `part` when: `fact` is the type of the event that opened an absence or a window at `value` (ISO, local). `op` is
    ``without`` and `operand` the types of which none followed in time; ``wait`` and how many came in the window; or
    ``not_all`` and ``{"came": {type: first moment}, "missing": [types]}``."""

    fact: str
    value: Any
    op: str
    operand: Any
    holds: bool
    part: str = "if"

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("part", "fact", "value", "op", "operand", "holds")}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's answer to situation number `situation` of the batch it was asked with."""

    situation: int
    rule: str
    version: int
    deeds: tuple[Deed, ...] = ()
    why: tuple[Reason, ...] = ()
    priority: int = 0


@dataclass(frozen=True, slots=True)
class EngineState:
    """Which engine judges. `asked`: the one that the settings name; `judging`: the one at work, as far as any process has
    reported; `cause`: a code of why they differ, "" where they do not. `why` and `way_out` say it in zh and en, without
    personal values; `detail` is the machine's own words (a linker's, a signal's name) for who mends it."""

    asked: str
    judging: str
    cause: str = ""
    why: Text = field(default_factory=dict)
    way_out: Text = field(default_factory=dict)
    detail: str = ""

    @property
    def as_asked(self) -> bool:
        return self.asked == self.judging
