"""What rules wait for after an event: an answer that may not come, the end of a window, or the rest of a set.

Each is an entry on the agenda. Events open, answer and complete them here; when one comes due, `at_end` says what is to be
asked, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tideng.facts.agenda import AgendaEntry
from tideng.facts.frequency import period_of
from tideng.facts.names import EventFacts
from tideng.facts.windows import (
    COMPLETE,
    JOINED,
    OVER,
    Shape,
    WindowGroup,
    completed_by,
    derive,
    heeds,
    is_complete,
)
from tideng.facts.world import Spoken, World
from tideng.judging.questions import subject_of
from tideng.judging.watch_index import WatchList
from tideng.model.calendars import WorkCalendar
from tideng.model.event import Event, occurrence_of
from tideng.model.judge_contract import (
    OnAbsence,
    OnNotAll,
    OnWait,
    Reason,
    Watch,
    Windowed,
)
from tideng.org.groups import home_of

HELD = "held by its limit"
"""The note of a deadline whose finding the rule's limit did not allow."""
_ALL_CAME = "all came in time"


@dataclass(frozen=True, slots=True)
class End:
    """What an entry is judged by when it comes due: the event facts, the owner they name, how many rules lie between the
    events and the outside world, and the first reason of a finding."""

    facts: Mapping[str, Any]
    owner: str | None
    depth: int
    reason: Reason


class Deadlines:
    """Decides when deadlines and windows open, and how they end. Stateless: the entries are in the world's agenda."""

    def __init__(self, watchlist: WatchList, calendar: WorkCalendar):
        self._watchlist, self._calendar = watchlist, calendar

    def follow(self, world: World, event: Event) -> None:
        """Open, answer and complete what rules wait for, by one event."""
        for watch in self._watchlist.closes.get(event.type, ()):
            self._answer(world, watch, event)
        for watch in self._watchlist.opens.get(event.type, ()):
            self._open_absence(world, watch, event)
        for watch in self._watchlist.followed.get(event.type, ()):
            self._follow_window(world, watch, event)

    def at_end(self, world: World, watch: Watch, entry: AgendaEntry) -> End | None:
        """What an entry that has come due is judged by; None if there is nothing to judge, in which case it is settled."""
        trigger = watch.trigger
        if isinstance(trigger, OnAbsence):
            value = entry.match or ""
            repeated = trigger.event_type
            if world.agenda.heard_between(
                trigger.without, trigger.match, value, entry.began, entry.due, repeated=repeated
            ):
                world.agenda.settle(entry, "cancelled", "it came in time")
                return None
            operand: Any = list(trigger.without)
            return _end(entry, _waited(world, entry, trigger.event_type, "without", operand))
        assert isinstance(trigger, OnWait | OnNotAll)
        return self._end_of_window(world, watch, trigger, entry)

    def kept(self, watch: Watch, event: Event) -> dict[str, Any]:
        """The facts of an event that the deadline it opens needs later: those the rule reads, as JSON values."""
        facts = EventFacts(event)
        names = {*self._watchlist.needs(watch).event, *self._watchlist.needs(watch, "until").event}
        kept = {name: facts[name] for name in sorted(names) if name in facts}
        return {
            name: value.isoformat() if isinstance(value, datetime | date) else value for name, value in kept.items()
        }

    # -- absences ----------------------------------------------------------------------------------------------
    def _answer(self, world: World, watch: Watch, event: Event) -> None:
        trigger: OnAbsence = watch.trigger  # type: ignore[assignment]
        value = event.match(trigger.match)
        if value is None:
            return
        world.agenda.hear(event.type, trigger.match, value, event.time)
        for entry in world.agenda.waiting(watch.rule, value):
            if not entry.began <= event.time <= entry.due:
                continue
            if event.type == trigger.event_type and event.time == entry.began:
                continue  # an event is not its own repetition
            if entry.state == "open":
                world.agenda.settle(entry, "cancelled", f"{event.type} came in time")
            elif entry.state == "done":  # it happened in time, but arrived after the deadline had led to a finding
                self._take_back(world, entry, f"{event.type} came in time")

    def _open_absence(self, world: World, watch: Watch, event: Event) -> None:
        trigger: OnAbsence = watch.trigger  # type: ignore[assignment]
        value = event.match(trigger.match)
        if value is None or not heeds(trigger, event) or not subject_of(watch.about, event, world):
            return
        due = self._due(world, trigger, event)
        if not world.agenda.heard_between(trigger.without, trigger.match, value, event.time, due, repeated=event.type):
            self._open(world, "absence", watch, event, value, due)

    # -- windows -----------------------------------------------------------------------------------------------
    def _follow_window(self, world: World, watch: Watch, event: Event) -> None:
        trigger: Windowed = watch.trigger  # type: ignore[assignment]
        value = event.match(trigger.match)
        if value is None or not heeds(trigger, event) or not subject_of(watch.about, event, world):
            return
        group = world.agenda.windows(watch.rule, value)
        if world.agenda.in_order:
            group.forget(event.time)
        kind = _kind(trigger)
        alive = [e for e in group.entries if e.kind == kind and e.due >= event.time and e.state != JOINED]
        if not group.add(event) or any(entry.state in OVER for entry in alive):
            self._sort_out(world, watch, value, group, alive, event)
            return
        running = next((entry for entry in alive if entry.state == "open" and entry.began <= event.time), None)
        if running is None:
            self._open(world, kind, watch, event, value, self._due(world, trigger, event))
        elif self._has_all(running, group):
            world.agenda.settle(running, COMPLETE, _ALL_CAME)

    def _sort_out(
        self, world: World, watch: Watch, value: str, group: WindowGroup, alive: list[AgendaEntry], event: Event
    ) -> None:
        """Derive the windows anew after an event that arrived late, or together with others of its moment.

        1. Take back what was said of windows that turn out to be complete. 2. Join windows that turn out to be part of an
        earlier one. 3. Open the windows that are missing, and set the state of all others.
        """
        events = group.since(alive, event.time)
        known = {entry.period: entry for entry in group.entries if entry.kind == _kind(watch.trigger)}

        def shape_of(opener: Event) -> Shape:
            entry = known.get(occurrence_of(opener))
            trigger: Windowed = watch.trigger  # type: ignore[assignment]
            if entry is None:
                return Shape(self._due(world, trigger, opener), completed_by(trigger))
            return Shape(entry.due, self._completed_by(entry))

        for window in derive(events, shape_of):
            for entry in alive if window.complete else ():
                if entry.state == "done" and entry.period in map(occurrence_of, window.members):
                    self._take_back(world, entry, _ALL_CAME)
                    world.agenda.change(entry, COMPLETE, _ALL_CAME)
        real = {
            occurrence_of(window.opener): window
            for window in derive(events, shape_of, [entry for entry in alive if entry.state in OVER])
        }
        for entry in alive:
            if entry.state not in OVER and entry.period not in real:
                world.agenda.change(entry, JOINED, "part of an earlier window")
        for name, window in real.items():
            entry = known.get(name) or self._open(
                world, _kind(watch.trigger), watch, window.opener, value, window.shape.due
            )
            state = COMPLETE if window.complete else "open"
            if entry.state != state:
                world.agenda.change(entry, state, _ALL_CAME if window.complete else None)

    def _end_of_window(self, world: World, watch: Watch, trigger: Windowed, entry: AgendaEntry) -> End | None:
        group = world.agenda.windows(entry.rule, entry.match or "")
        members = [event for event in group.taken(entry) if event.type in trigger.event_types and heeds(trigger, event)]
        if isinstance(trigger, OnWait):
            reason = _waited(world, entry, trigger.event_type, "wait", max(len(members), 1))
            if not members:
                return End(entry.facts, entry.owner, 0, reason)
            last, depth = members[-1], max(event.depth for event in members)
            return End(self.kept(watch, last), last.data.get("owner"), depth, reason)
        if is_complete(trigger.event_types, members):
            world.agenda.settle(entry, COMPLETE, _ALL_CAME)
            return None
        zone = world.directory.zone_of(_person(entry), entry.began)
        came: dict[str, str] = {}
        for event in members:
            came.setdefault(event.type, event.time.astimezone(zone).isoformat())
        missing = [name for name in trigger.event_types if name not in came]
        opener = next(iter(came), trigger.event_type)
        return _end(entry, _waited(world, entry, opener, "not_all", {"came": came, "missing": missing}))

    def _has_all(self, entry: AgendaEntry, group: WindowGroup) -> bool:
        wanted = self._completed_by(entry)
        return bool(wanted) and is_complete(wanted, group.taken(entry))

    def _completed_by(self, entry: AgendaEntry) -> frozenset[str]:
        watch = self._watchlist.get(entry.rule, entry.version)
        known = watch is not None and isinstance(watch.trigger, OnWait | OnNotAll)
        return completed_by(watch.trigger) if known else frozenset()  # type: ignore[union-attr, arg-type]

    # -- the agenda --------------------------------------------------------------------------------------------
    def _open(self, world: World, kind: str, watch: Watch, event: Event, value: str, due: datetime) -> AgendaEntry:
        entry = AgendaEntry(
            kind=kind,
            rule=watch.rule,
            version=watch.version,
            subject=subject_of(watch.about, event, world),
            period=occurrence_of(event),
            step=0,
            due=due,
            began=event.time,
            match=value,
            facts=self.kept(watch, event),
            person=event.subject,
            owner=event.data.get("owner"),
            depth=event.depth,
        )
        world.agenda.open(entry)
        return entry

    def _due(self, world: World, trigger: OnAbsence | Windowed, event: Event) -> datetime:
        zone = world.directory.zone_of(event.subject, event.time)
        return self._calendar.deadline(event.time, trigger.within, zone, trigger.working)

    def _take_back(self, world: World, entry: AgendaEntry, why: str) -> None:
        """Withdraw the finding of a deadline and cancel its ladder; nothing to do if its limit had held it back."""
        watch = self._watchlist.get(entry.rule, entry.version)
        if watch is None or entry.note == HELD:
            return
        day = world.directory.local_day(home_of(watch.about, entry.subject), entry.due)
        period = period_of(watch.limit, day, entry.period, entry.facts)
        world.withdrawn.append((Spoken(entry.rule, entry.version, entry.subject, period, 0, entry.due), why))
        world.agenda.cancel_ladder(entry.rule, entry.subject, period, "withdrawn")


def _kind(trigger: Any) -> str:
    return "wait" if isinstance(trigger, OnWait) else "not_all"


def _person(entry: AgendaEntry) -> str:
    return entry.person or entry.subject


def _end(entry: AgendaEntry, reason: Reason) -> End:
    return End(entry.facts, entry.owner, entry.depth, reason)


def _waited(world: World, entry: AgendaEntry, event_type: str, op: str, operand: Any) -> Reason:
    """The first reason of every finding of an entry: the event that opened it, and when, in the person's time zone."""
    since = entry.began.astimezone(world.directory.zone_of(_person(entry), entry.began)).isoformat()
    return Reason(event_type, since, op, operand, True, "when")
