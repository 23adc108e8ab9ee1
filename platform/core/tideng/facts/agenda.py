"""The agenda: deadlines, windows and later steps, and the events that they wait for.

`Agenda` owns every entry, the windows that entries stand for, and the moments of the events that deadlines wait for.
`tideng.judging.deadlines` decides when an entry opens and how it ends; only this module changes one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tideng.facts.windows import WindowGroup
from tideng.model.judge_contract import Reason


@dataclass(slots=True)
class AgendaEntry:
    """Something to judge later: a deadline (`kind` absence), the end of a window (wait, not_all), or a later step of a ladder
    (step).

    `facts` are the event facts to judge by. `person` is whose event began it ('' where a schedule asked about a position
    or a unit), `owner` the owner that event named, `depth` how many rules lie between it and the outside world. `waited`
    is what the trigger of a ladder had waited for; `since` the moment (ISO) of that event, as the first versions stored it.
    """

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
    person: str = ""
    owner: str | None = None
    depth: int = 0
    waited: Reason | None = None
    since: str = ""
    state: str = "open"
    note: str | None = None
    row: int | None = None

    @property
    def order(self) -> tuple:
        return self.due, self.rule, self.subject, self.period, self.step


@dataclass(slots=True)
class Agenda:
    """The entries of the subjects that were loaded. `opened` and `settled` are what changed since loading.

    `in_order`: events come in the order of their time, as in a replay, so that windows that are over can be forgotten.
    """

    in_order: bool = False
    opened: list[AgendaEntry] = field(default_factory=list)
    settled: list[AgendaEntry] = field(default_factory=list)
    _ladders: dict[str, list[AgendaEntry]] = field(default_factory=dict)
    _absences: dict[tuple[str, str], list[AgendaEntry]] = field(default_factory=dict)
    _windows: dict[tuple[str, str], WindowGroup] = field(default_factory=dict)
    _heard: dict[tuple[str, str, str], list[datetime]] = field(default_factory=dict)

    # -- entries -----------------------------------------------------------------------------------------------
    def ladder(self, subject: str) -> Sequence[AgendaEntry]:
        """The open later steps about a subject, of whatever rule."""
        return self._ladders.get(subject, ())

    def ladders(self) -> Iterator[AgendaEntry]:
        """The open later steps of everybody."""
        return (entry for entries in self._ladders.values() for entry in entries)

    def waiting(self, rule: str, value: str) -> Sequence[AgendaEntry]:
        """The deadlines of a rule that wait for an answer with this match value: open ones, and loaded ones that are done."""
        return self._absences.get((rule, value), ())

    def windows(self, rule: str, value: str) -> WindowGroup:
        """The windows of a rule and a match value, with the events that it heeds."""
        return self._windows.setdefault((rule, value), WindowGroup())

    def deadlines(self) -> Iterator[AgendaEntry]:
        """The entries that wait for events, in whatever state they were loaded."""
        for entries in (*self._absences.values(), *(group.entries for group in self._windows.values())):
            yield from entries

    def load(self, entry: AgendaEntry) -> None:
        """Put a stored entry in its place."""
        if entry.kind == "step":
            self._ladders.setdefault(entry.subject, []).append(entry)
        elif entry.kind == "absence":
            self._absences.setdefault((entry.rule, entry.match or ""), []).append(entry)
        else:
            self.windows(entry.rule, entry.match or "").entries.append(entry)

    def open(self, entry: AgendaEntry) -> None:
        """Add a new entry, and queue it for saving."""
        self.opened.append(entry)
        self.load(entry)

    def settle(self, entry: AgendaEntry, state: str, note: str | None = None) -> None:
        """End an open entry (done, cancelled, missed or complete); one that is settled already stays as it is."""
        if entry.state != "open":
            return
        self.change(entry, state, note)
        # a new list, because a caller may be iterating over the old one
        if entry.kind == "step":
            self._ladders[entry.subject] = [one for one in self.ladder(entry.subject) if one is not entry]
        elif entry.kind == "absence":
            key = entry.rule, entry.match or ""
            self._absences[key] = [one for one in self._absences.get(key, ()) if one is not entry]

    def change(self, entry: AgendaEntry, state: str, note: str | None = None) -> None:
        """Set an entry's state and note, and queue it for saving. A window may also open again."""
        entry.state, entry.note = state, note
        self.settled.append(entry)

    def cancel_ladder(self, rule: str, subject: str, period: str, note: str) -> None:
        """Cancel the open steps of one ladder."""
        for entry in self.ladder(subject):
            if entry.rule == rule and entry.period == period:
                self.settle(entry, "cancelled", note)

    def take_changes(self) -> tuple[list[AgendaEntry], list[AgendaEntry]]:
        """The entries opened and settled since the last call; both lists are emptied."""
        changes = self.opened, self.settled
        self.opened, self.settled = [], []
        return changes

    # -- what deadlines wait for -------------------------------------------------------------------------------
    def hear(self, event_type: str, match: str, value: str, moment: datetime) -> None:
        """Note the moment of an event that a deadline may wait for; `value` is that of its field `match`."""
        insort(self._heard.setdefault((event_type, match, value), []), moment)

    def heard_between(
        self, types: Iterable[str], match: str, value: str, first: datetime, last: datetime, repeated: str = ""
    ) -> bool:
        """Whether any of `types` with this value was heard from `first` to `last`, both inclusive; of the type
        `repeated` only after `first`, since an event is not its own repetition."""
        for event_type in types:
            times = self._heard.get((event_type, match, value))
            if times:
                place = (bisect_right if event_type == repeated else bisect_left)(times, first)
                if place < len(times) and times[place] <= last:
                    return True
        return False

    def forget_heard(self, before: datetime) -> None:
        """Forget the events that were heard before a moment."""
        for moments in self._heard.values():
            del moments[: bisect_left(moments, before)]
