"""Load from the database what a batch needs into a `World`, and write back what changed.

The number of statements never depends on the number of people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from tideng.facts.agenda import AgendaEntry
from tideng.facts.cases import case_of
from tideng.facts.names import Needs
from tideng.facts.spans import Span
from tideng.facts.windows import heeds
from tideng.facts.world import Spoken, World
from tideng.judging.event_queries import (
    PastEvents,
    WantedValues,
    among_few,
    floor_of,
)
from tideng.judging.questions import Utterance, subjects_of
from tideng.judging.spoken_queries import what_was_said
from tideng.judging.stored_entries import entry_from
from tideng.judging.watch_index import WatchList
from tideng.judging.world_writer import save_agenda, save_days, save_states
from tideng.model.catalogue import Catalogue
from tideng.model.event import Event
from tideng.model.judge_contract import OnAbsence, Watch, Windowed
from tideng.model.metrics import Book, Day, Metric
from tideng.org.directory import Directory
from tideng.org.groups import GROUPS, Group
from tideng.store.database import is_sqlite
from tideng.store.tables import (
    AgendaRow,
    FindingRow,
    MetricDayRow,
    MetricValueRow,
    StateRow,
)

_GROUPS_LOCK = 7_203_114
"""The advisory lock of PostgreSQL under which positions and units are judged: the events of their people are judged in
different lanes."""
_WINDOWS_LOCK = 7_203_113
"""The advisory lock of PostgreSQL under which windows that several subjects share are changed."""


Wanted = Sequence[tuple[Needs, Collection[str]]]
"""Pairs of facts and the subjects for which they are needed."""


class WorkingSet:
    """Loads worlds and saves them, on one connection, in its transaction."""

    def __init__(self, connection: Connection, catalogue: Catalogue, directory: Directory, watchlist: WatchList):
        self._connection, self._catalogue = connection, catalogue
        self._directory, self._watchlist = directory, watchlist
        self._past = PastEvents(connection, catalogue, directory)

    # -- loading -----------------------------------------------------------------------------------------------
    def for_events(self, events: Sequence[Event], now: datetime) -> World:
        """A world with everything that judging `events` needs."""
        world = World(self._directory, self._catalogue)
        subjects = {event.subject for event in events}
        cases = {str(event.data["case"]) for event in events if event.data.get("case") is not None}
        first, last = min(event.time for event in events), max(event.time for event in events)
        groups = self._groups_of(events)
        self._load_absences(world, events, first)
        self._load_answers(world, events, first)
        self._load_windows(world, events, first)
        if any(watch.steps for watch in self._watchlist.watches) or self._open_ladders():
            ids = {name for _, name in groups}
            self._load_ladders(world, subjects | cases | ids | self._judged_already(world))
        wanted: list[tuple[Needs, Collection[str]]] = [
            (interest.needs, self._people_of(interest.about, of_type, groups))
            for event_type, of_type in _subjects_by_type(events).items()
            for interest in self._watchlist.interests.get(event_type, ())
        ]
        for watch in self._until_watches(world):
            whose = self._people_of(watch.about, subjects | cases, groups)
            wanted.append((self._watchlist.needs(watch, "until"), whose))
        self._load_states(world, subjects, min(first, now), wanted, last)
        self.load_metrics(world, wanted, first, last)
        self._load_cases(world, {case_of(event) for event in events})
        self._load_undoable(world, events, first, now, groups)
        return world

    def for_people(self, people: Collection[str], needs: Sequence[Needs], at: datetime) -> World:
        """A world with everything that questions about `people` (or cases) as of `at` need."""
        world = World(self._directory, self._catalogue)
        wanted: Wanted = [(one, people) for one in needs]
        self._load_states(world, people, at, wanted, at)
        self.load_metrics(world, wanted, at, at)
        if any(one.cases for one in needs):
            self._load_cases(world, set(people))
        return world

    def people_behind(self, watch: Watch, subjects: Collection[str]) -> set[str]:
        """The subjects themselves, and everyone who was ever in one of them if they are positions or units."""
        groups = {(watch.about, subject) for subject in subjects}
        return set(subjects) | set(self._people_of(watch.about, (), groups))

    def wait_for_groups(self) -> None:
        """Wait until no other worker judges positions and units, and keep the others waiting until the transaction ends, so
        that each sees what the one before stored."""
        if not is_sqlite(self._connection):
            self._connection.execute(select(func.pg_advisory_xact_lock(_GROUPS_LOCK)))

    def _groups_of(self, events: Sequence[Event]) -> set[Group]:
        """The positions and units about which these events may trigger a rule; usually no rule is about one."""
        watched = self._watchlist.group_types
        if not self._watchlist.groups:
            return set()
        if watched is None or any(event.type in watched for event in events):
            self.wait_for_groups()
        of = self._directory.groups.of
        return {group for event in events for group in of(event.subject, event.time)}

    def _people_of(self, about: str, subjects: Collection[str], groups: Collection[Group]) -> Collection[str]:
        """The people whose days are read to judge these subjects: the subjects, or everyone who was in one of the groups."""
        if about not in GROUPS:
            return subjects
        ever_in = self._directory.groups.ever_in
        return set().union(*(ever_in(group) for group in groups if group[0] == about))

    def _load_cases(self, world: World, cases: set[str]) -> None:
        """Load the events of these cases that rules read; only judged ones, since the others are in the batch itself."""
        for event in self._past.of_cases(cases, self._watchlist.case_types):
            world.note_case(event)

    def load_siblings(self, world: World, entries: Collection[AgendaEntry]) -> None:
        """Load the other open steps of the ladders to which `entries` belong, so that they can be settled together."""
        have = {entry.row for entry in entries}
        subjects = {entry.subject for entry in entries if entry.kind == "step"}
        if subjects:
            for row in self._agenda(AgendaRow.kind == "step", among_few(AgendaRow.subject, subjects)):
                if row.id not in have and row.subject in subjects:
                    world.agenda.load(entry_from(row))

    def load_heard_for(self, world: World, entries: Collection[AgendaEntry]) -> None:
        """Load the events that deadlines wait for: checked once more before anybody is told."""
        answers, types = WantedValues(), set()
        windows, gathered = WantedValues(), set()
        for entry in entries:
            watch = self._watchlist.get(entry.rule, entry.version)
            trigger = watch.trigger if watch else None
            if entry.kind == "absence" and isinstance(trigger, OnAbsence):
                answers.add(trigger.match, entry)
                types |= set(trigger.without)
            elif entry.kind != "step" and isinstance(trigger, Windowed):
                windows.add(trigger.match, entry)
                gathered |= set(trigger.event_types)
        if answers.values:
            self._load_heard(world, answers.values, types, answers.first)
        if windows.values:
            if self._wait_for_others(windows.values):
                self._look_again(entries)
            found = self._past.matching(windows.values, gathered, windows.first, windows.last)
            self._shelve(world, found, {(entry.rule, entry.version) for entry in entries})

    def load_metrics(
        self, world: World, wanted: Iterable[tuple[Needs, Collection[str]]], first: datetime, last: datetime
    ) -> None:
        """Load the days of every wanted metric for its subjects and, where peers are compared, for their colleagues."""
        whose: dict[frozenset[str], set[Metric]] = {}
        for needs, subjects in wanted:
            if needs.all_metrics:
                everyone = frozenset(subjects) | (self._colleagues(subjects, last) if needs.peers else set())
                whose.setdefault(everyone, set()).update(needs.all_metrics)
        metrics = set().union(*whose.values())
        if not metrics:
            return
        moments = {who: {m for m in asked if m.sliding is not None} for who, asked in whose.items()}
        days = {who: asked - moments[who] for who, asked in whose.items()}
        if any(moments.values()):
            self._past.note_moments(world.book, {who: asked for who, asked in moments.items() if asked}, first, last)
        if any(days.values()):
            days = {who: asked for who, asked in days.items() if asked}
            floor = min(floor_of(metric, first) for asked in days.values() for metric in asked)
            distinct = {m.series.key for asked in days.values() for m in asked if m.series.distinct}
            self._load_days(world.book, days, floor)
            self._load_values(world.book, distinct, set().union(*days), floor)

    def _load_days(self, book: Book, whose: Mapping[frozenset[str], set[Metric]], floor: date) -> None:
        table = MetricDayRow.__table__
        columns = [table.c.subject, table.c.series, table.c.day, table.c.n, table.c.total, table.c.low, table.c.high]
        if any(metric.function == "last" for metrics in whose.values() for metric in metrics):
            columns += [table.c.last, table.c.last_at]  # expensive columns; only `last` metrics use them
        # one statement for all, but only the pairs of subject and series that a rule reads
        pairs = [
            and_(table.c.series.in_({metric.series.key for metric in metrics}), among_few(table.c.subject, subjects))
            for subjects, metrics in whose.items()
        ]
        everyone = frozenset().union(*whose)
        where = and_(table.c.day >= floor, or_(*pairs))
        for subject, series, day, *gathered in self._connection.execute(select(*columns).where(where)):
            if subject in everyone:
                book.put(subject, series, day, Day(*gathered))

    def _load_values(self, book: Book, keys: set[str], subjects: set[str], floor: date) -> None:
        if not keys:
            return
        table = MetricValueRow.__table__
        where = and_(table.c.series.in_(keys), table.c.day >= floor, among_few(table.c.subject, subjects))
        for row in self._connection.execute(select(table).where(where)):
            if row.subject in subjects:
                book.put_value(row.subject, row.series, row.day, row.value)

    def _colleagues(self, subjects: Collection[str], at: datetime) -> set[str]:
        positions = {a.position for a in (self._directory.at(subject, at) for subject in subjects) if a}
        return {member.person for member in self._directory.members(at) if member.position in positions}

    def _open_ladders(self) -> bool:
        """Whether any ladder is open: those of rules that have no later step any more still run to their end."""
        return (
            self._connection.execute(
                select(AgendaRow.id).where(AgendaRow.kind == "step", AgendaRow.state == "open").limit(1)
            ).first()
            is not None
        )

    def _load_ladders(self, world: World, subjects: Collection[str]) -> None:
        for row in self._agenda(AgendaRow.kind == "step", among_few(AgendaRow.subject, subjects)):
            if row.subject in subjects:
                world.agenda.load(entry_from(row))

    @staticmethod
    def _judged_already(world: World) -> set[str]:
        """The subjects whose deadlines led to a finding: a late answer takes back the finding with its ladder."""
        return {entry.subject for entry in world.agenda.deadlines() if entry.state == "done"}

    def _agenda(self, *where: Any) -> Iterable[Any]:
        table = AgendaRow.__table__
        return self._connection.execute(select(table).where(AgendaRow.state == "open", *where).order_by(table.c.due))

    def _until_watches(self, world: World) -> list[Watch]:
        running = {(e.rule, e.version) for e in world.agenda.ladders()}
        watches = [self._watchlist.get(rule, version) for rule, version in running]
        return [w for w in (*watches, *self._watchlist.with_until) if w is not None and w.until_needs is not None]

    def _load_states(
        self,
        world: World,
        subjects: Collection[str],
        since: datetime,
        wanted: Wanted = (),
        last: datetime | None = None,
    ) -> None:
        """Load the spans of the subjects that reach past `since`, and everybody's absences, since a recipient may be away.

        Where days in a state are counted, the spans of the whole window are loaded, and those of peers.
        """
        if not self._catalogue.states:
            return
        subjects = set(subjects)
        for needs, asked in wanted:
            for metric in needs.state_metrics:
                since = min(since, datetime.combine(floor_of(metric, since), time(), UTC) - timedelta(days=1))
                subjects |= self._colleagues(asked, last or since) if needs.peers else set()
        table = StateRow.__table__
        away = [name for name, state in self._catalogue.states.items() if state.absent]
        reaching = or_(table.c.ended_at.is_(None), table.c.ended_at >= since)
        whose = or_(among_few(table.c.subject, subjects), table.c.state.in_(away))
        for row in self._connection.execute(select(table).where(reaching, whose)):
            span = Span(row.key, row.started_at, row.ended_at, row.id)
            world.spans.setdefault((row.subject, row.state), []).append(span)

    def _load_absences(self, world: World, events: Sequence[Event], first: datetime) -> None:
        rules, values = set(), set()
        for event in events:
            for watch in self._watchlist.closes.get(event.type, ()):
                rules.add(watch.rule)
                values.add(event.match(watch.trigger.match))  # type: ignore[union-attr]
        if not rules:
            return
        table = AgendaRow.__table__
        alive = or_(table.c.state == "open", and_(table.c.state == "done", table.c.due >= first))
        where = and_(table.c.kind == "absence", table.c.rule.in_(rules), among_few(table.c.match, values), alive)
        for row in self._connection.execute(select(table).where(where).order_by(table.c.due)):
            if row.match in values:
                world.agenda.load(entry_from(row))

    def _load_answers(self, world: World, events: Sequence[Event], first: datetime) -> None:
        """Load the answers that arrived before the events they answer."""
        wanted, types = WantedValues(), set()
        for event in events:
            for watch in self._watchlist.opens.get(event.type, ()):
                trigger: OnAbsence = watch.trigger  # type: ignore[assignment]
                wanted.note(trigger.match, event.match(trigger.match))
                types |= set(trigger.without)
        if wanted.values:
            self._load_heard(world, wanted.values, types, first)

    def _load_heard(self, world: World, wanted: dict[str, set[str]], types: set[str], since: datetime) -> None:
        for event_type, match, value, moment in self._past.heard(wanted, types, since):
            world.agenda.hear(event_type, match, value, moment)

    def _load_windows(self, world: World, events: Sequence[Event], first: datetime) -> None:
        """Load the windows that these events may fall into or change, with the other events in them."""
        rules: set[tuple[str, int]] = set()
        wanted, types = WantedValues(), set()
        for event in events:
            for watch in self._watchlist.followed.get(event.type, ()):
                trigger: Windowed = watch.trigger  # type: ignore[assignment]
                wanted.note(trigger.match, event.match(trigger.match))
                rules.add((watch.rule, watch.version))
                types |= set(trigger.event_types)
        if not wanted.values:
            return
        self._wait_for_others(wanted.values)
        table, values = AgendaRow.__table__, set().union(*wanted.values.values())
        where = and_(table.c.kind.in_(("wait", "not_all")), table.c.rule.in_({rule for rule, _ in rules}))
        where = and_(where, among_few(table.c.match, values), table.c.due >= first)
        since = first
        for row in self._connection.execute(select(table).where(where).order_by(table.c.due)):
            if row.match in values:
                world.agenda.load(entry_from(row))
                since = min(since, row.began)
        self._shelve(world, self._past.matching(wanted.values, types, since, judged=True), rules)

    def _shelve(self, world: World, found: Iterable[tuple[str, str, Event]], rules: Iterable[tuple[str, int]]) -> None:
        """Add each event to the windows of those of these rules whose trigger heeds it."""
        watches = [watch for rule, version in sorted(rules) if (watch := self._watchlist.get(rule, version))]
        following = [(watch.rule, watch.trigger) for watch in watches if isinstance(watch.trigger, Windowed)]
        for match, value, event in found:
            for rule, trigger in following:
                if trigger.match == match and event.type in trigger.event_types and heeds(trigger, event):
                    world.agenda.windows(rule, value).add(event)

    def _wait_for_others(self, wanted: Iterable[str]) -> bool:
        """Wait until no other worker changes windows that several people share, whose events are judged in different lanes.

        Returns whether another worker may have changed one meanwhile.
        """
        shared = not is_sqlite(self._connection) and any(match != "subject" for match in wanted)
        if shared:
            self._connection.execute(select(func.pg_advisory_xact_lock(_WINDOWS_LOCK)))
        return shared

    def _look_again(self, entries: Iterable[AgendaEntry]) -> None:
        """Read the states of windows again: another worker may have settled one, or joined it to an earlier window."""
        table = AgendaRow.__table__
        rows = {entry.row: entry for entry in entries if entry.kind in ("wait", "not_all")}
        for row in self._connection.execute(select(table.c.id, table.c.state).where(table.c.id.in_(rows))):
            rows[row.id].state = row.state

    # -- what a late event may undo ----------------------------------------------------------------------------
    def _load_undoable(
        self, world: World, events: Sequence[Event], first: datetime, now: datetime, groups: Collection[Group] = ()
    ) -> None:
        late: dict[Group, datetime] = {}
        for event in events:
            of_event = self._directory.groups.of(event.subject, event.time) if groups else ()
            for whom in (*(("", subject) for subject in subjects_of(event)), *of_event):
                late[whom] = min(event.time, late.get(whom, event.time))
        table = FindingRow.__table__
        columns = (table.c.rule, table.c.version, table.c.subject, table.c.period, table.c.step, table.c.at)
        where = and_(
            table.c.at >= first, table.c.state == "live", among_few(table.c.subject, {name for _, name in late})
        )
        for row in self._connection.execute(select(*columns, table.c.about).where(where).distinct()):
            whom = (row.about if row.about in GROUPS else "", row.subject)
            if whom in late and late[whom] <= row.at <= now:
                world.undoable.append(Spoken(row.rule, row.version, row.subject, row.period, row.step, row.at))

    def exact_books(self, undoable: Sequence[Spoken]) -> list[tuple[Spoken, Book]]:
        """For each finding, a book of exactly the events of its subject and their peers up to its moment."""
        watches = ((spoken, self._watchlist.get(spoken.rule, spoken.version)) for spoken in undoable)
        return self._past.exact_books((spoken, watch, self._compared(spoken, watch)) for spoken, watch in watches)

    def _compared(self, spoken: Spoken, watch: Watch | None) -> set[str]:
        """The people with whom a finding compared its subject."""
        if watch is None or (spoken.step and watch.until_needs is None):
            return set()
        needs = self._watchlist.needs(watch, "until" if spoken.step else "trigger")
        return self._colleagues({spoken.subject}, spoken.at) if needs.peers else set()

    def recall(self, world: World, speaking: Sequence[Utterance]) -> None:
        """Load the earlier findings of the rules that are about to make one (see `Flow.hear`)."""
        for said in what_was_said(self._connection, speaking):
            day = self._directory.local_day(said.home, said.at)
            world.remember(said.rule, said.subject, said.period, said.step, said.at, day)

    # -- saving ------------------------------------------------------------------------------------------------
    def save(self, world: World, now: datetime) -> None:
        """Store metrics, states and agenda. Findings, messages and emitted events are stored by the outbox and the store."""
        save_days(self._connection, world.book)
        save_states(self._connection, world)
        save_agenda(self._connection, world, now)


def _subjects_by_type(events: Iterable[Event]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for event in events:
        found.setdefault(event.type, set()).update(subjects_of(event))
    return found
