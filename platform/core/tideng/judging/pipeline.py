"""The pipeline from an event, or a moment, to findings: one path for the live worker and for a replay.

Nothing here reads a clock or a database: a `World` comes in, changed, and what follows is left in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from tideng.facts.agenda import AgendaEntry
from tideng.facts.frequency import may_speak, period_of
from tideng.facts.gather import Peers, facts_at
from tideng.facts.names import EventFacts, Needs, Point
from tideng.facts.world import Spoken, World
from tideng.judging.deadlines import HELD, Deadlines
from tideng.judging.questions import (
    Ask,
    Utterance,
    subject_of,
    subjects_of,
)
from tideng.judging.records import Decision, put_on_record
from tideng.judging.watch_index import Interest, WatchList
from tideng.model.calendars import WorkCalendar, local_moment
from tideng.model.catalogue import Catalogue
from tideng.model.event import Event, occurrence_of
from tideng.model.judge_contract import (
    Finding,
    OnAbsence,
    OnSchedule,
    Reason,
    Situation,
    Step,
    Watch,
)
from tideng.model.metrics import Book
from tideng.model.money import in_client_money
from tideng.org.directory import LEFT, Assignment
from tideng.org.groups import GROUPS
from tideng.plugins.manager import Plugins

_when = attrgetter("time")
Recall = Callable[[World, Sequence[Utterance]], None]
"""Puts into a world what the rules that are about to speak have said before."""
Whom = tuple[str, str]
"""A subject: ``("position", id)``, ``("unit", id)``, or ``("", id)`` for a person or a case."""


class Flow:
    """Runs the events, deadlines and schedules of one deployment through its judges."""

    def __init__(
        self,
        plugins: Plugins,
        catalogue: Catalogue,
        calendar: WorkCalendar,
        watchlist: WatchList,
        locale: str = "zh",
        max_depth: int = 4,
    ):
        """`locale` is the client's; an event that lies more than `max_depth` rules away from the outside world is not
        emitted."""
        self.watchlist = watchlist
        self._plugins, self._catalogue, self._calendar = plugins, catalogue, calendar
        self._locale, self._max_depth = locale, max_depth
        self._deadlines = Deadlines(watchlist, calendar)
        self._starts: dict[str, list] = {}
        self._ends: dict[str, list] = {}
        for state in catalogue.states.values():
            self._starts.setdefault(state.starts, []).append(state)
            self._ends.setdefault(state.ends, []).append(state)

    # -- events ------------------------------------------------------------------------------------------------
    def hear(
        self,
        world: World,
        events: Iterable[Event],
        silent: Callable[[Event], bool] = lambda event: False,
        recall: Recall | None = None,
    ) -> None:
        """Take in events in their order: metrics, states, absences, and the rules they trigger.

        `silent` events are history: they count and open absences, but nobody is judged by them. `recall` loads what rules
        have said before, once it is known which of them speak; a replay needs none, since its world forgets nothing.
        """
        asks: list[Ask] = []
        started: dict[Whom, list[Watch]] = {}
        heard = [(in_client_money(event, self._catalogue, world.directory, world.unpriced), event) for event in events]
        history = {id(event) for event, as_it_came in heard if silent(as_it_came)}
        for _, together in groupby((event for event, _ in heard), key=_when):
            moment = list(together)
            # first count all events of the moment, then judge: each is judged with all the others known
            for event in moment:
                self._count(world, event)
                self._deadlines.follow(world, event)
                if event.type == LEFT:
                    for entry in world.agenda.ladder(event.subject):
                        if self._kind(entry) == "":
                            world.agenda.settle(entry, "cancelled", "the person has left")
            for event in moment:
                if id(event) not in history:
                    self._ask(world, event, asks, started)
        self._answer(world, asks, recall)

    def _ask(self, world: World, event: Event, asks: list[Ask], started: dict[Whom, list[Watch]]) -> None:
        """Add the questions of one event: whether an `until` holds now, and what the rules that it triggers find."""
        self._ask_untils(world, event, started, asks)
        for interest in self.watchlist.interests.get(event.type, ()):
            ask = self._ask_event(world, event, interest)
            if ask:
                asks.append(ask)
                started.setdefault(ask.group or ("", ask.subject), []).extend(interest.until)

    def _count(self, world: World, event: Event) -> None:
        series, momentary = self.watchlist.series.get(event.type), self.watchlist.momentary.get(event.type, ())
        if series or momentary:
            facts = EventFacts(event)
            for subject in subjects_of(event):
                day = world.directory.local_day(subject, event.time)
                for one in series or ():
                    world.book.add(subject, one, day, event.data, facts, event.time)
                for one in momentary:
                    world.book.note(subject, one, event.data, facts, event.time)
        if event.type in self.watchlist.case_types:
            world.note_case(event)
        for state in self._starts.get(event.type, ()):
            world.begin_state(state, event)
        for state in self._ends.get(event.type, ()):
            world.end_state(state, event)

    def _concerned(self, world: World, event: Event) -> Iterable[Whom]:
        """The subjects whose ladders the event may end: its subject and case, and the positions and units of its subject."""
        yield from (("", subject) for subject in subjects_of(event))
        if self.watchlist.groups:
            yield from world.directory.groups.of(event.subject, event.time)

    def _kind(self, entry: AgendaEntry) -> str:
        """``position`` or ``unit`` for an entry about one; '' for people and cases."""
        watch = self.watchlist.get(entry.rule, entry.version)
        return watch.about if watch and watch.about in GROUPS else ""

    def _ask_untils(self, world: World, event: Event, started: Mapping[Whom, list[Watch]], asks: list[Ask]) -> None:
        running: dict[tuple[str, str, int, str], tuple[str, Watch, AgendaEntry | None]] = {}
        for kind, subject in self._concerned(world, event):
            for entry in world.agenda.ladder(subject):
                watch = self.watchlist.get(entry.rule, entry.version)
                if watch and watch.until_needs is not None and kind == self._kind(entry):
                    running[subject, watch.rule, watch.version, entry.period] = (subject, watch, entry)
            for watch in started.get((kind, subject), ()):
                running.setdefault((subject, watch.rule, watch.version, ""), (subject, watch, None))
        for subject, watch, rung in running.values():
            if self.watchlist.until_may_turn(watch, event.type):
                at = max(event.time, rung.began) if rung else event.time
                facts = {} if rung is None else dict(rung.facts)
                person = _person_of(rung, watch) if rung else event.subject
                ask = Ask(f"until:{watch.rule}", subject, at, facts, person, watch=watch)
                ask.occurrence = rung.period if rung else ""
                self._learn(
                    world, ask, self.watchlist.needs(watch, "until"), EventFacts(event) if rung is None else None
                )
                asks.append(ask)

    def _ask_event(self, world: World, event: Event, interest: Interest) -> Ask | None:
        subject = subject_of(interest.about, event, world)
        directory = world.directory
        if not subject:
            return None  # a person without a position or unit has none to be judged
        if interest.about == "person" and directory.knows(subject) and not directory.at(subject, event.time):
            return None
        ask = Ask(
            f"event:{event.type}",
            subject,
            event.time,
            {},
            event.subject,
            event.data.get("owner"),
            event.depth,
            interest=interest,
            occurrence=occurrence_of(event),
        )
        self._learn(world, ask, interest.needs, EventFacts(event))
        return ask

    # -- moments -----------------------------------------------------------------------------------------------
    def come_due(
        self,
        world: World,
        entries: Iterable[AgendaEntry],
        at: Callable[[AgendaEntry], datetime],
        recall: Recall | None = None,
    ) -> None:
        """Judge deadlines and later steps whose moment has come, in their order; `at` is the moment each is judged as of.

        `recall` as in `hear`.
        """
        asks = []
        for entry in sorted(entries, key=lambda entry: entry.order):
            ask = self._ask_entry(world, entry, at(entry))
            if ask:
                asks.append(ask)
        self._answer(world, asks, recall)

    def _ask_entry(self, world: World, entry: AgendaEntry, at: datetime) -> Ask | None:
        watch = self.watchlist.get(entry.rule, entry.version)
        if watch is None or not self.watchlist.in_force(entry.rule):
            world.agenda.settle(entry, "cancelled", "the rule is paused or archived")
            return None
        person = _person_of(entry, watch)
        step = entry.kind == "step"
        end = None if step else self._deadlines.at_end(world, watch, entry)
        if end is None and not step:
            return None
        if watch.about == "person" and world.directory.knows(entry.subject):
            if not world.directory.at(entry.subject, at):
                world.agenda.settle(entry, "cancelled", "the person has left")
                return None
            if step and world.absent(entry.subject, at):
                world.agenda.settle(entry, "cancelled", "the person is away")
                return None
        known = end or entry
        ask = Ask(
            f"step:{entry.rule}" if step else f"rule:{entry.rule}",
            entry.subject,
            at,
            dict(known.facts),
            person,
            known.owner,
            known.depth,
            watch=watch,
            occurrence=entry.period,
            entry=entry,
            step=entry.step,
            waited=end.reason if end else _waited(watch, entry),
        )
        self._learn(world, ask, self.watchlist.needs(watch, "until" if step else "trigger"))
        return ask

    def population(
        self, world: World, watch: Watch, zone_name: str, at: datetime
    ) -> list[tuple[str, Assignment | None]]:
        """The subjects of a schedule in one time zone: everyone employed and not away. Positions and units belong to the
        client's own zone."""
        directory = world.directory
        if watch.about in ("position", "unit"):
            then = directory.as_at(at)
            shelf = then.positions if watch.about == "position" else then.units
            return [(name, None) for name in shelf] if zone_name == directory.default_zone else []
        return [
            (member.person, member)
            for member in directory.members(at)
            if member.timezone == zone_name and not world.absent(member.person, at)
        ]

    def schedule(
        self,
        world: World,
        watch: Watch,
        zone_name: str,
        day: date,
        at: datetime,
        recall: Recall | None = None,
    ) -> None:
        """Ask one rule about everyone in one zone, for one local `day`, as of `at`; `recall` as in `hear`."""
        needs = self.watchlist.needs(watch)
        peers: Peers = {}
        asks = []
        for subject, assignment in self.population(world, watch, zone_name, at):
            person = "" if watch.about in GROUPS else subject
            ask = Ask(f"rule:{watch.rule}", subject, at, {}, person, watch=watch, occurrence=day.isoformat())
            self._learn(world, ask, needs, assignment=assignment, peers=peers)
            asks.append(ask)
        self._answer(world, asks, recall)

    def reconsider(self, world: World, said: Sequence[tuple[Spoken, Book]]) -> None:
        """Take back those findings that would not be made any more, now that a late event is known.

        Each comes with a book that holds exactly the subject's events up to the moment of the finding.
        """
        asks = []
        for spoken, book in said:
            watch = self.watchlist.get(spoken.rule, spoken.version)
            if watch is None or (spoken.step == 0 and not isinstance(watch.trigger, OnSchedule)):
                continue
            if spoken.step and watch.until_needs is None:
                continue
            question = f"until:{spoken.rule}" if spoken.step else f"stands:{spoken.rule}"
            person = "" if watch.about in GROUPS else spoken.subject
            ask = Ask(question, spoken.subject, spoken.at, {}, person, watch=watch, spoken=spoken)
            then = replace(world, book=book)
            self._learn(then, ask, self.watchlist.needs(watch, "until" if spoken.step else "trigger"))
            asks.append(ask)
        self._judge(asks, world)
        for ask in asks:
            undone = bool(ask.answers) if ask.question.startswith("until:") else not ask.answers
            if undone and ask.spoken:
                world.withdrawn.append((ask.spoken, "a late report shows that it was done in time"))
                if ask.spoken.step == 0:
                    world.agenda.cancel_ladder(ask.spoken.rule, ask.spoken.subject, ask.spoken.period, "withdrawn")

    def settled(self, world: World, said: Iterable[Spoken], at: datetime) -> list[Spoken]:
        """Those of these findings about people that would not be made as of `at` any more: what they ask for is done, or their
        rule is not in force. A rule that only an event can trigger, and that has no `until`, is never among them, since
        there is nothing to ask it."""
        over, asks = [], []
        for spoken in said:
            watch = self.watchlist.get(spoken.rule, spoken.version)
            if watch is None or not self.watchlist.in_force(spoken.rule):
                over.append(spoken)
            elif watch.until_needs is not None or (spoken.step == 0 and isinstance(watch.trigger, OnSchedule)):
                question, part = ("until", "until") if watch.until_needs is not None else ("stands", "trigger")
                subject, name = spoken.subject, f"{question}:{spoken.rule}"
                ask = Ask(name, subject, at, {}, subject, watch=watch, spoken=spoken)
                self._learn(world, ask, self.watchlist.needs(watch, part))
                asks.append(ask)
        self._judge(asks, world)
        done = [ask.spoken for ask in asks if ask.spoken and bool(ask.answers) == ask.question.startswith("until:")]
        return over + done

    # -- facts -------------------------------------------------------------------------------------------------
    @staticmethod
    def _learn(
        world: World,
        ask: Ask,
        needs: Needs,
        event: Mapping[str, Any] | None = None,
        assignment: Assignment | None = None,
        peers: Peers | None = None,
    ) -> None:
        point = Point(ask.person, ask.at, assignment, ask.about, ask.subject)
        ask.facts.update(facts_at(world, needs, point, event, peers))
        ask.gathered = needs.gathered

    def _gather(self, world: World, asks: Sequence[Ask]) -> None:
        asking = [ask for ask in asks if ask.gathered]
        if not asking:
            return
        names = frozenset().union(*(ask.gathered for ask in asking))
        at = world.directory.at
        points = [Point(a.person, a.at, at(a.person, a.at), a.about, a.subject) for a in asking]
        for gathered in self._plugins.call("gather_facts", points=points, names=names):
            for ask, facts in zip(asking, gathered or (), strict=False):
                ask.facts.update((name, value) for name, value in facts.items() if value is not None)

    # -- answers -----------------------------------------------------------------------------------------------
    def _judge(self, asks: Sequence[Ask], world: World) -> None:
        if not asks:
            return
        self._gather(world, asks)
        situations = [
            Situation(a.question, a.subject, a.at, a.facts, a.watch.version if a.watch else None, a.step) for a in asks
        ]
        for findings in self._plugins.call("judge", situations=situations):
            for finding in findings:
                asks[finding.situation].answers.append(finding)
        for ask in asks:
            ask.answers.sort(key=lambda finding: (-finding.priority, finding.rule))

    def _answer(self, world: World, asks: Sequence[Ask], recall: Recall | None) -> None:
        self._judge(asks, world)
        if recall is not None and (speaking := self._speaking(world, asks)):
            recall(world, speaking)
        begun: list[Ask] = []
        for ask in asks:
            if ask.question.startswith("until:"):
                self._end_ladders(world, ask)
                continue
            if ask.entry is not None:
                if ask.entry.state != "open":
                    continue  # an earlier answer of this batch settled it
                self._settle_due(world, ask)
            for finding in ask.answers:
                begun += self._speak(world, ask, finding)
        if begun:  # `until` may hold from the beginning
            self._answer(world, begun, recall)

    @staticmethod
    def _end_ladders(world: World, ask: Ask) -> None:
        """Where `until` holds, cancel the ladder that was asked about, or all ladders of the rule that had begun by then."""
        if ask.answers and ask.watch:
            for entry in world.agenda.ladder(ask.subject):
                same = entry.rule == ask.watch.rule and entry.version == ask.watch.version
                if same and ask.occurrence in ("", entry.period) and entry.began <= ask.at:
                    world.agenda.settle(entry, "cancelled", "until holds")

    def _speaking(self, world: World, asks: Sequence[Ask]) -> list[Utterance]:
        """The findings that are about to be recorded, before any limit is checked."""
        speaking = []
        for ask in asks:
            for finding in ask.answers:
                watch = ask.watch or self.watchlist.get(finding.rule, finding.version)
                if watch and not ask.question.startswith("until:"):
                    day = world.directory.local_day(ask.home, ask.at)
                    period = ask.occurrence if ask.step else period_of(watch.limit, day, ask.occurrence, ask.facts)
                    speaking.append(Utterance(watch, ask.subject, period, ask.at))
        return speaking

    def _settle_due(self, world: World, ask: Ask) -> None:
        entry = ask.entry
        assert entry is not None
        world.agenda.settle(
            entry, "done" if ask.answers else "cancelled", None if ask.answers else "the conditions do not hold"
        )
        if entry.kind == "step" and not ask.answers:
            world.agenda.cancel_ladder(entry.rule, entry.subject, entry.period, "until holds")

    def _speak(self, world: World, ask: Ask, finding: Finding) -> list[Ask]:
        """Record a finding if its limit allows it; returns the questions about the ladder it begins."""
        watch = ask.watch or self.watchlist.get(finding.rule, finding.version)
        if watch is None or (ask.interest is not None and finding.rule not in ask.interest.rules):
            return []
        day = world.directory.local_day(ask.home, ask.at)
        if ask.step:
            period = ask.occurrence
            if (watch.rule, ask.subject, period, ask.step) in world.spoken_steps:
                return []
        else:
            period = period_of(watch.limit, day, ask.occurrence, ask.facts)
            if not may_speak(watch.limit, ask.at, day, period, world.spoken.get((watch.rule, ask.subject), ())):
                if ask.entry is not None:
                    ask.entry.note = HELD
                return []
        world.remember(watch.rule, ask.subject, period, ask.step, ask.at, day)
        put_on_record(world, Decision(ask, watch, finding, period, day), self._locale, self._max_depth)
        return [] if ask.step else self._begin_ladder(world, ask, watch, period, day)

    def _begin_ladder(self, world: World, ask: Ask, watch: Watch, period: str, day: date) -> list[Ask]:
        zone_ = world.directory.zone_of(ask.home, ask.at)
        kept = {
            k: v.isoformat() if isinstance(v, datetime | date) else v
            for k, v in ask.facts.items()
            if k.startswith("event.")
        }
        begun = False
        for number, step in enumerate(watch.steps, start=1):
            due = self._step_due(step, ask.at, day, zone_)
            if due is None or due <= ask.at:
                continue  # a step at 21:00 of a finding at 22:00 is dropped: it never moves to the next day
            entry = AgendaEntry(
                kind="step",
                rule=watch.rule,
                version=watch.version,
                subject=ask.subject,
                period=period,
                step=number,
                due=due,
                began=ask.at,
                facts=kept,
                person=ask.person,
                owner=ask.owner,
                depth=ask.depth,
                waited=ask.waited,
            )
            world.agenda.open(entry)
            begun = True
        if not begun or watch.until_needs is None:
            return []
        first = Ask(f"until:{watch.rule}", ask.subject, ask.at, dict(kept), ask.person, watch=watch, occurrence=period)
        self._learn(world, first, self.watchlist.needs(watch, "until"))
        return [first]

    def _step_due(self, step: Step, at: datetime, day: date, zone_) -> datetime | None:
        if step.at is not None:
            return local_moment(day, step.at, zone_)
        return self._calendar.deadline(at, step.after, zone_, working=False) if step.after else None


def _waited(watch: Watch, step: AgendaEntry) -> Reason | None:
    """What the trigger of a later step's ladder had waited for; None if it did not wait."""
    if step.since and isinstance(watch.trigger, OnAbsence):  # as the first versions stored it
        return Reason(watch.trigger.event_type, step.since, "without", list(watch.trigger.without), True, "when")
    return step.waited


def _person_of(entry: AgendaEntry, watch: Watch) -> str:
    """The person whose event began it; '' for a schedule about a position or a unit."""
    return entry.person or ("" if watch.about in GROUPS else entry.subject)
