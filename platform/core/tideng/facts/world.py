"""What is known about some subjects while a batch is judged: loaded before, changed in memory, saved after.

The live path fills a World from the database and writes its changes back in the same transaction; a replay keeps one
World for the whole run. Both put it through the same `Flow`, which is why they find the same.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tideng.facts.cases import CaseFile, case_of
from tideng.facts.frequency import Said
from tideng.facts.windows import Shelf
from tideng.model.catalogue import Catalogue, State
from tideng.model.event import Event
from tideng.model.metrics import Book
from tideng.org.directory import Directory


@dataclass(slots=True)
class Span:
    """A stretch of time in which a state held: from `started` up to `ended`; either end may be unknown yet."""

    key: str
    started: datetime | None
    ended: datetime | None
    row: int | None = None

    def covers(self, moment: datetime) -> bool:
        return (self.started is not None and self.started <= moment) and (self.ended is None or moment < self.ended)


@dataclass(slots=True)
class Entry:
    """Something to look at later: a deadline (`kind` absence), the end of a window (wait, not_all), or a later step of a
    ladder (step)."""

    kind: str
    rule: str
    version: int
    subject: str
    period: str
    step: int
    due: datetime
    began: datetime
    match: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    state: str = "open"
    note: str | None = None
    row: int | None = None

    @property
    def order(self) -> tuple:
        return self.due, self.rule, self.subject, self.period, self.step


@dataclass(frozen=True, slots=True)
class Record:
    """One action of one finding, ready to be kept: the line `replay` prints and the row the live path writes."""

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
        """Unique among all findings, and the same when the rule is edited."""
        tail = f"/{self.step}.{self.ordinal}" if self.step or self.ordinal else ""
        return f"{self.rule}/{self.subject}/{self.period}{tail}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A finding group already on record that a late event might undo: step `step` of (rule, subject, period), said at `at`."""

    rule: str
    version: int
    subject: str
    period: str
    step: int
    at: datetime


@dataclass
class World:
    """See the module. Everything below `catalogue` is per subject, and only for the subjects that were loaded."""

    directory: Directory
    catalogue: Catalogue
    book: Book = field(default_factory=Book)
    spans: dict[tuple[str, str], list[Span]] = field(default_factory=dict)
    ladders: dict[str, list[Entry]] = field(default_factory=dict)
    absences: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)
    windows: dict[tuple[str, str], Shelf] = field(default_factory=dict)
    heard: dict[tuple[str, str, str], list[datetime]] = field(default_factory=dict)
    spoken: dict[tuple[str, str], set[Said]] = field(default_factory=dict)
    spoken_steps: set[tuple[str, str, str, int]] = field(default_factory=set)
    cases: dict[str, CaseFile] = field(default_factory=dict)
    undoable: list[Spoken] = field(default_factory=list)
    in_order: bool = False
    """Events come in the order of their time, as in a replay: windows that lie behind can be forgotten."""
    # what changed
    opened: list[Entry] = field(default_factory=list)
    settled: list[Entry] = field(default_factory=list)
    new_spans: list[tuple[str, str, Span]] = field(default_factory=list)
    changed_spans: list[Span] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    emitted: list[Event] = field(default_factory=list)
    unpriced: dict[tuple[str, date], int] = field(default_factory=dict)
    withdrawn: list[tuple[Spoken, str]] = field(default_factory=list)

    # -- states ------------------------------------------------------------------------------------------------
    def begin_state(self, state: State, event: Event) -> None:
        key = str(event.data.get(state.key) or "") if state.key else ""
        for span in self.spans.setdefault((event.subject, state.name), []):
            if span.key == key and span.started is None and event.time <= (span.ended or event.time):
                span.started = event.time  # its end was heard first
                self.changed_spans.append(span)
                return
            if span.key == key and span.started == event.time:
                return
        self._add_span(event.subject, state.name, Span(key, event.time, None))

    def end_state(self, state: State, event: Event) -> None:
        key = str(event.data.get(state.key) or "") if state.key else ""
        spans = self.spans.setdefault((event.subject, state.name), [])
        running = [s for s in spans if s.key == key and s.started and s.started <= event.time and s.ended is None]
        if running:
            last = max(running, key=lambda span: span.started)  # type: ignore[arg-type, return-value]
            last.ended = event.time
            self.changed_spans.append(last)
        elif not any(span.key == key and span.ended == event.time for span in spans):
            self._add_span(event.subject, state.name, Span(key, None, event.time))

    def in_state(self, subject: str, state: str, moment: datetime, until_end: bool = False) -> Span | None:
        """The span that holds at `moment`; with `until_end`, where none does, the one that ends at that very moment."""
        spans = self.spans.get((subject, state), ())
        found = next((span for span in spans if span.covers(moment)), None)
        if found or not until_end:
            return found
        return next((span for span in spans if span.started and span.ended == moment), None)

    def of_case(self, case: str, name: str, moment: datetime) -> Any:
        """The last value of ``case.FIELD`` up to `moment`; None where it has none."""
        known = self.cases.get(case)
        return known.latest(name, moment) if known else None

    def note_case(self, event: Event) -> None:
        """Put an event into the file of its case."""
        self.cases.setdefault(case_of(event), CaseFile()).add(event)

    def absent(self, person: str, moment: datetime) -> bool:
        """Whether the person is away from work (on leave) at `moment`."""
        return any(
            state.absent and self.in_state(person, name, moment) for name, state in self.catalogue.states.items()
        )

    def _add_span(self, subject: str, state: str, span: Span) -> None:
        self.spans[subject, state].append(span)
        self.new_spans.append((subject, state, span))

    # -- absences ----------------------------------------------------------------------------------------------
    def note_heard(self, event_type: str, match: str, value: str, moment: datetime) -> None:
        bisect.insort(self.heard.setdefault((event_type, match, value), []), moment)

    def heard_between(
        self, types: Iterable[str], match: str, value: str, first: datetime, last: datetime, repeated: str = ""
    ) -> bool:
        """Whether any of `types` with this value was heard from `first` to `last`, both inclusive; of the type
        `repeated` only after `first`, since nothing is its own repetition."""
        for event_type in types:
            times = self.heard.get((event_type, match, value))
            if times:
                place = (bisect.bisect_right if event_type == repeated else bisect.bisect_left)(times, first)
                if place < len(times) and times[place] <= last:
                    return True
        return False

    # -- agenda ------------------------------------------------------------------------------------------------
    def open_entry(self, entry: Entry) -> None:
        self.opened.append(entry)
        self.put_entry(entry)

    def put_entry(self, entry: Entry) -> None:
        if entry.kind == "step":
            self.ladders.setdefault(entry.subject, []).append(entry)
        elif entry.kind == "absence":
            self.absences.setdefault((entry.rule, entry.match or ""), []).append(entry)
        else:
            self.windows.setdefault((entry.rule, entry.match or ""), Shelf()).entries.append(entry)

    def settle(self, entry: Entry, state: str, note: str | None = None) -> None:
        """An entry is done, cancelled, missed or complete; it leaves the open ones."""
        if entry.state != "open":
            return
        self.turn(entry, state, note)
        shelf: list[Entry] | None = None
        if entry.kind == "step":
            shelf = self.ladders.get(entry.subject)
        elif entry.kind == "absence":
            shelf = self.absences.get((entry.rule, entry.match or ""))
        if shelf and entry in shelf:
            shelf.remove(entry)

    def turn(self, entry: Entry, state: str, note: str | None = None) -> None:
        """An entry stands differently now; a window may also open again."""
        entry.state, entry.note = state, note
        self.settled.append(entry)

    def settle_ladder(self, rule: str, subject: str, period: str, note: str) -> None:
        """Cancel what is left of one ladder."""
        for entry in [e for e in self.ladders.get(subject, ()) if e.rule == rule and e.period == period]:
            self.settle(entry, "cancelled", note)

    # -- findings ----------------------------------------------------------------------------------------------
    def remember(self, rule: str, subject: str, period: str, step: int, at: datetime, day: date) -> None:
        self.spoken_steps.add((rule, subject, period, step))
        if step == 0:
            self.spoken.setdefault((rule, subject), set()).add(Said(at, day, period))
