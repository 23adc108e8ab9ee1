"""The world of a batch: everything known about some subjects, loaded before judging, changed in memory, stored after.

The live path fills a World from the database and writes its changes back in the same transaction; a replay keeps one
World for the whole run. Both put it through the same `Flow`, which is why they find the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from tideng.facts.agenda import Agenda
from tideng.facts.cases import CaseFile, case_of
from tideng.facts.frequency import Said
from tideng.facts.spans import Span, pair
from tideng.model.catalogue import Catalogue, State
from tideng.model.event import Event
from tideng.model.metrics import Book
from tideng.org.directory import Directory

_began = attrgetter("started")


@dataclass(frozen=True, slots=True)
class Record:
    """One action of one finding: the line that `replay` prints, and the row that the live path stores."""

    rule: str
    version: int
    kind: str
    about: str
    subject: str
    period: str
    step: int
    ordinal: int
    at: datetime
    day: date
    effect: str
    action: str
    recipient: str | None
    meant_for: str | None
    message: str | None
    locale: str | None
    detail: Mapping[str, Any]
    why: tuple[Mapping[str, Any], ...]
    channel: str | None = None

    @property
    def key(self) -> str:
        """Unique among all findings; it does not change when the rule is edited."""
        tail = f"/{self.step}.{self.ordinal}" if self.step or self.ordinal else ""
        return f"{self.rule}/{self.subject}/{self.period}{tail}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recorded finding that a late event might undo: step `step` of (rule, subject, period), made at `at`."""

    rule: str
    version: int
    subject: str
    period: str
    step: int
    at: datetime


@dataclass
class World:
    """See the module. The fields below `catalogue` hold values of the loaded subjects alone."""

    directory: Directory
    catalogue: Catalogue
    book: Book = field(default_factory=Book)
    spans: dict[tuple[str, str], list[Span]] = field(default_factory=dict)
    agenda: Agenda = field(default_factory=Agenda)
    spoken: dict[tuple[str, str], set[Said]] = field(default_factory=dict)
    spoken_steps: set[tuple[str, str, str, int]] = field(default_factory=set)
    cases: dict[str, CaseFile] = field(default_factory=dict)
    undoable: list[Spoken] = field(default_factory=list)
    # what changed, beside the agenda
    new_spans: list[tuple[str, str, Span]] = field(default_factory=list)
    changed_spans: list[Span] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    emitted: list[Event] = field(default_factory=list)
    unpriced: dict[tuple[str, date], int] = field(default_factory=dict)
    withdrawn: list[tuple[Spoken, str]] = field(default_factory=list)

    # -- states ------------------------------------------------------------------------------------------------
    def begin_state(self, state: State, event: Event) -> None:
        """Take in a start. One that is repeated with the same key belongs to the stretch that runs already."""
        self._note_boundary(state, event, begins=True)

    def end_state(self, state: State, event: Event) -> None:
        """Take in an end: it ends everything of its key that began before it, however often that was started."""
        self._note_boundary(state, event, begins=False)

    def _note_boundary(self, state: State, event: Event, begins: bool) -> None:
        key = str(event.data.get(state.key) or "") if state.key else ""
        spans = self.spans.setdefault((event.subject, state.name), [])
        ours = [span for span in spans if span.key == key]
        # the usual case, one start and then its end, needs no pairing
        if begins and not ours:
            self._add_span(event.subject, state.name, Span(key, event.time, None))
            return
        if not begins and len(ours) == 1 and ours[0].runs_at(event.time):
            ours[0].ended = event.time
            self.changed_spans.append(ours[0])
            return
        starts = {span.started for span in ours if span.started is not None}
        ends = {span.ended for span in ours if span.ended is not None}
        known = starts if begins else ends
        if event.time in known:
            return
        known.add(event.time)
        ended, idle = pair(starts, ends, keyed=bool(key))
        self._use_pairs(event.subject, state.name, key, ours, ended, idle)

    def _use_pairs(
        self,
        subject: str,
        state: str,
        key: str,
        ours: Sequence[Span],
        ended: dict[datetime, datetime | None],
        idle: set[datetime],
    ) -> None:
        """Make the spans of one key those of `ended` and `idle`, changing as few as possible, since each is a stored row."""
        for span in ours:
            if span.started is not None and span.ended != ended[span.started]:
                span.ended = ended[span.started]
                self.changed_spans.append(span)
        spare = [span for span in ours if span.started is None and span.ended not in idle]
        for started in ended.keys() - {span.started for span in ours}:
            if spare:  # the end was heard before its start
                span = spare.pop()
                span.started, span.ended = started, ended[started]
                self.changed_spans.append(span)
            else:
                self._add_span(subject, state, Span(key, started, ended[started]))
        for alone in idle - {span.ended for span in ours if span.started is None}:
            self._add_span(subject, state, Span(key, None, alone))

    def in_state(self, subject: str, state: str, moment: datetime, until_end: bool = False) -> Span | None:
        """The span that holds at `moment`, of several the one that began first; with `until_end`, where none does, the
        one that ends at that very moment."""
        spans = self.spans.get((subject, state))
        if not spans:
            return None
        held = [span for span in spans if span.covers(moment)]
        if until_end and not held:
            held = [span for span in spans if span.started and span.ended == moment]
        return min(held, key=_began) if held else None

    def of_case(self, case: str, name: str, moment: datetime) -> Any:
        """The last value of ``case.FIELD`` up to `moment`; None if there is none."""
        known = self.cases.get(case)
        return known.latest(name, moment) if known else None

    def note_case(self, event: Event) -> None:
        """Add an event to its case."""
        self.cases.setdefault(case_of(event), CaseFile()).add(event)

    def absent(self, person: str, moment: datetime) -> bool:
        """Whether the person is away from work (on leave) at `moment`."""
        return any(
            state.absent and self.in_state(person, name, moment) for name, state in self.catalogue.states.items()
        )

    def _add_span(self, subject: str, state: str, span: Span) -> None:
        self.spans[subject, state].append(span)
        self.new_spans.append((subject, state, span))

    # -- findings ----------------------------------------------------------------------------------------------
    def remember(self, rule: str, subject: str, period: str, step: int, at: datetime, day: date) -> None:
        self.spoken_steps.add((rule, subject, period, step))
        if step == 0:
            self.spoken.setdefault((rule, subject), set()).add(Said(at, day, period))
