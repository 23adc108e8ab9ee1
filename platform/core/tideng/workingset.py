"""Between rows and a `World`: load what a batch needs, set-wise, and write back what changed. Never a query per person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    update,
)

from tideng.asking import subjects_of
from tideng.catalogue import Catalogue
from tideng.database import insert, is_sqlite
from tideng.events import Event
from tideng.facts import EventFacts, Needs
from tideng.judging import OnAbsence, OnSchedule, Watch
from tideng.limits import looks_back
from tideng.metrics import Book, Day, Metric, Series, window_days
from tideng.people import Directory
from tideng.repository import event_from, lane_of
from tideng.tables import (
    AgendaRow,
    EventKeyRow,
    EventRow,
    FindingRow,
    MetricDayRow,
    MetricValueRow,
    StateRow,
)
from tideng.watchlist import WatchList
from tideng.world import Entry, Span, Spoken, World

_MANY = 2000
"""Beyond this many values a filter by list costs more than reading on without it."""
_TRIP_AT_MOST = timedelta(days=120)


def among(column: Any, values: Collection[Any]) -> Any:
    """``column IN values``, or no filter at all where there are very many: the caller ignores what it did not ask for."""
    return column.in_(list(values)) if len(values) <= _MANY else true()


class WorkingSet:
    """Loads worlds and saves them, on one connection, in its transaction."""

    def __init__(self, connection: Connection, catalogue: Catalogue, directory: Directory, watchlist: WatchList):
        self._connection, self._catalogue = connection, catalogue
        self._directory, self._watchlist = directory, watchlist

    # -- loading -----------------------------------------------------------------------------------------------
    def for_events(self, events: Sequence[Event], now: datetime) -> World:
        """What hearing `events` needs to know."""
        world = World(self._directory, self._catalogue)
        subjects = {event.subject for event in events}
        cases = {str(event.data["case"]) for event in events if event.data.get("case") is not None}
        first, last = min(event.time for event in events), max(event.time for event in events)
        if any(watch.steps for watch in self._watchlist.watches) or self._open_ladders():
            self._load_ladders(world, subjects | cases)
        self._load_states(world, subjects, min(first, now))
        self._load_absences(world, events, first)
        self._load_heard(world, events, first)
        wanted = [
            (interest.needs, of_type)
            for event_type, of_type in _subjects_by_type(events).items()
            for interest in self._watchlist.interests.get(event_type, ())
        ]
        wanted += [(self._watchlist.needs(watch, "until"), subjects | cases) for watch in self._until_watches(world)]
        self.load_metrics(world, wanted, first, last)
        self._load_undoable(world, events, first, now)
        return world

    def for_people(self, people: Collection[str], needs: Sequence[Needs], at: datetime) -> World:
        """What asking about `people` as of `at` needs to know."""
        world = World(self._directory, self._catalogue)
        self._load_states(world, people, at)
        self.load_metrics(world, [(one, people) for one in needs], at, at)
        return world

    def load_entries(self, world: World, rows: Iterable[Any]) -> list[Entry]:
        """Open agenda rows as entries of this world."""
        entries = [_entry(row) for row in rows]
        for entry in entries:
            world.put_entry(entry)
        return entries

    def load_siblings(self, world: World, entries: Collection[Entry]) -> None:
        """The other open steps of the ladders to which `entries` belong, so that they can be settled together."""
        have = {entry.row for entry in entries}
        subjects = {entry.subject for entry in entries if entry.kind == "step"}
        if subjects:
            for row in self._agenda(AgendaRow.kind == "step", among(AgendaRow.subject, subjects)):
                if row.id not in have and row.subject in subjects:
                    world.put_entry(_entry(row))

    def load_heard_for(self, world: World, entries: Collection[Entry]) -> None:
        """What has been heard of the events that absences wait for: asked once more before anybody is told."""
        absences = [entry for entry in entries if entry.kind == "absence"]
        watches = {(e.rule, e.version): self._watchlist.get(e.rule, e.version) for e in absences}
        wanted: dict[str, set[str]] = {}
        types: set[str] = set()
        for entry in absences:
            watch = watches[entry.rule, entry.version]
            if watch and isinstance(watch.trigger, OnAbsence):
                wanted.setdefault(watch.trigger.match, set()).add(entry.match or "")
                types |= set(watch.trigger.without)
        if absences:
            self._load_keys(world, wanted, types, min(entry.began for entry in absences))

    def load_metrics(
        self, world: World, wanted: Iterable[tuple[Needs, Collection[str]]], first: datetime, last: datetime
    ) -> None:
        """The days of every metric that is wanted, for those subjects and, where peers are compared, their colleagues."""
        whose: dict[frozenset[str], set[Metric]] = {}
        for needs, subjects in wanted:
            if needs.all_metrics:
                everyone = frozenset(subjects) | (self._colleagues(subjects, last) if needs.peers else set())
                whose.setdefault(everyone, set()).update(needs.all_metrics)
        metrics = set().union(*whose.values())
        if not metrics:
            return
        floor = min(_floor(metric, first) for metric in metrics)
        distinct = {metric.series.key for metric in metrics if metric.series.distinct}
        self._load_days(world.book, whose, floor)
        self._load_values(world.book, distinct, set().union(*whose), floor)

    def _load_days(self, book: Book, whose: Mapping[frozenset[str], set[Metric]], floor: date) -> None:
        table = MetricDayRow.__table__
        columns = [table.c.subject, table.c.series, table.c.day, table.c.n, table.c.total, table.c.low, table.c.high]
        if any(metric.function == "last" for metrics in whose.values() for metric in metrics):
            columns += [table.c.last, table.c.last_at]  # dear to read, and nothing else looks at them
        # who is asked about reports needs no counts of visits: one statement, but only the pairs that are looked at
        pairs = [
            and_(table.c.series.in_({metric.series.key for metric in metrics}), among(table.c.subject, subjects))
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
        where = and_(table.c.series.in_(keys), table.c.day >= floor, among(table.c.subject, subjects))
        for row in self._connection.execute(select(table).where(where)):
            if row.subject in subjects:
                book.put_value(row.subject, row.series, row.day, row.value)

    def _colleagues(self, subjects: Collection[str], at: datetime) -> set[str]:
        positions = {a.position for a in (self._directory.at(subject, at) for subject in subjects) if a}
        return {member.person for member in self._directory.members(at) if member.position in positions}

    def _open_ladders(self) -> bool:
        """Ladders of rules that have no later step any more still run to their end."""
        return (
            self._connection.execute(
                select(AgendaRow.id).where(AgendaRow.kind == "step", AgendaRow.state == "open").limit(1)
            ).first()
            is not None
        )

    def _load_ladders(self, world: World, subjects: Collection[str]) -> None:
        for row in self._agenda(AgendaRow.kind == "step", among(AgendaRow.subject, subjects)):
            if row.subject in subjects:
                world.put_entry(_entry(row))

    def _agenda(self, *where: Any) -> Iterable[Any]:
        table = AgendaRow.__table__
        return self._connection.execute(select(table).where(AgendaRow.state == "open", *where).order_by(table.c.due))

    def _until_watches(self, world: World) -> list[Watch]:
        running = {(e.rule, e.version) for entries in world.ladders.values() for e in entries}
        watches = [self._watchlist.get(rule, version) for rule, version in running]
        return [w for w in (*watches, *self._watchlist.with_until) if w is not None and w.until_needs is not None]

    def _load_states(self, world: World, subjects: Collection[str], since: datetime) -> None:
        """The spans of the subjects that reach past `since`, and everybody's absences: a recipient may be away."""
        if not self._catalogue.states:
            return
        table = StateRow.__table__
        away = [name for name, state in self._catalogue.states.items() if state.absent]
        reaching = or_(table.c.ended_at.is_(None), table.c.ended_at >= since)
        whose = or_(among(table.c.subject, subjects), table.c.state.in_(away))
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
        where = and_(table.c.kind == "absence", table.c.rule.in_(rules), among(table.c.match, values), alive)
        for row in self._connection.execute(select(table).where(where).order_by(table.c.due)):
            if row.match in values:
                world.put_entry(_entry(row))

    def _load_heard(self, world: World, events: Sequence[Event], first: datetime) -> None:
        wanted: dict[str, set[str]] = {}
        types: set[str] = set()
        for event in events:
            for watch in self._watchlist.opens.get(event.type, ()):
                value = event.match(watch.trigger.match)  # type: ignore[union-attr]
                if value is not None:
                    wanted.setdefault(watch.trigger.match, set()).add(value)  # type: ignore[union-attr]
                    types |= set(watch.trigger.without)  # type: ignore[union-attr]
        self._load_keys(world, wanted, types, first)

    def _load_keys(self, world: World, wanted: dict[str, set[str]], types: set[str], since: datetime) -> None:
        for match, values in wanted.items():
            for row in self._connection.execute(self._keys_statement(match, values, types, since)):
                if row.value in values:
                    world.note_heard(row.type, match, row.value, row.time)

    @staticmethod
    def _keys_statement(match: str, values: set[str], types: set[str], since: datetime) -> Any:
        if match == "subject":
            statement = select(EventRow.type, EventRow.subject.label("value"), EventRow.time)
            return statement.where(among(EventRow.subject, values), EventRow.type.in_(types), EventRow.time >= since)
        statement = select(EventKeyRow.type, EventKeyRow.value, EventKeyRow.time)
        where = (EventKeyRow.field == match, among(EventKeyRow.value, values), EventKeyRow.type.in_(types))
        return statement.where(*where, EventKeyRow.time >= since)

    # -- what a late event may undo ----------------------------------------------------------------------------
    def _load_undoable(self, world: World, events: Sequence[Event], first: datetime, now: datetime) -> None:
        late: dict[str, datetime] = {}
        for event in events:
            late[event.subject] = min(event.time, late.get(event.subject, event.time))
        table = FindingRow.__table__
        columns = (table.c.rule, table.c.version, table.c.subject, table.c.period, table.c.step, table.c.at)
        where = and_(table.c.at >= first, table.c.state == "live", among(table.c.subject, late))
        for row in self._connection.execute(select(*columns).where(where).distinct()):
            if row.subject in late and late[row.subject] <= row.at <= now:
                world.undoable.append(Spoken(row.rule, row.version, row.subject, row.period, row.step, row.at))

    def exact_books(self, undoable: Sequence[Spoken]) -> list[tuple[Spoken, Book]]:
        """For each finding a book of exactly what its subject had done when it was said, whenever that was heard."""
        metrics: dict[tuple[str, int], set[Metric]] = {}
        for spoken in undoable:
            watch = self._watchlist.get(spoken.rule, spoken.version)
            if watch and (spoken.step or isinstance(watch.trigger, OnSchedule)):
                metrics[spoken.rule, spoken.version] = set(watch.metrics.values())
        undoable = [spoken for spoken in undoable if (spoken.rule, spoken.version) in metrics]
        if not undoable:
            return []
        series = {metric.series for found in metrics.values() for metric in found}
        floor = min((_floor(m, s.at) for s in undoable for m in metrics[s.rule, s.version]), default=date.max)
        events = self._events_since({spoken.subject for spoken in undoable}, series, floor)
        books = []
        for spoken in undoable:
            book = Book()
            book.keep_deltas = False
            for event in events.get(spoken.subject, ()):
                if event.time <= spoken.at:
                    day = self._directory.local_day(event.subject, event.time)
                    for one in series:
                        if one.event_type == event.type:
                            book.add(event.subject, one, day, event.data, EventFacts(event), event.time)
            books.append((spoken, book))
        return books

    def _events_since(self, subjects: set[str], series: set[Series], floor: date) -> dict[str, list[Event]]:
        if not series:
            return {}
        since = datetime.combine(floor, datetime.min.time()).astimezone() - timedelta(days=2)
        types = {one.event_type for one in series}
        where = and_(EventRow.subject.in_(subjects), EventRow.type.in_(types), EventRow.time >= since)
        found: dict[str, list[Event]] = {}
        for row in self._connection.execute(select(EventRow.__table__).where(where).order_by(EventRow.time)):
            found.setdefault(row.subject, []).append(event_from(row))
        return found

    def recall(self, world: World, speaking: list[tuple[Watch, str, str]]) -> None:
        """Put into the world what the rules that are about to speak have said before (see `Flow`)."""
        rules = {watch.rule for watch, _, _ in speaking}
        subjects = {subject for _, subject, _ in speaking}
        periods = {period for _, _, period in speaking}
        back = max(looks_back(watch.limit) for watch, _, _ in speaking)
        table = FindingRow.__table__
        wanted = among(table.c.period, periods)
        if back:
            newest = self._connection.execute(select(func.max(table.c.at)).where(table.c.rule.in_(rules))).scalar()
            if newest is not None:
                wanted = or_(wanted, table.c.at >= newest - timedelta(days=back + 2))
        columns = (table.c.rule, table.c.subject, table.c.period, table.c.step, table.c.at)
        where = and_(table.c.rule.in_(rules), among(table.c.subject, subjects), wanted)
        for row in self._connection.execute(select(*columns).where(where).distinct()):
            world.remember(row.rule, row.subject, row.period, row.step, self._directory.local_day(row.subject, row.at))

    # -- saving ------------------------------------------------------------------------------------------------
    def save(self, world: World, now: datetime) -> None:
        """Write back metrics, states and agenda. Findings, messages and emitted events have homes of their own."""
        self._save_metrics(world.book)
        self._save_states(world)
        self._save_agenda(world, now)

    def _save_metrics(self, book: Book) -> None:
        rows, values = [], []
        for (subject, series, day), delta in sorted(book.deltas.items(), key=lambda item: item[0]):
            low, high, last = delta.low, delta.high, delta.last
            rows.append(
                {
                    "subject": subject,
                    "series": series,
                    "day": day,
                    "n": delta.n,
                    "total": delta.total,
                    "low": low,
                    "high": high,
                    "last": last,
                    "last_at": delta.last_at,
                }
            )
            values += [
                {"subject": subject, "series": series, "day": day, "value": value[:200]}
                for value in sorted(delta.values or ())
            ]
        if rows:
            self._connection.execute(self._add_days(), rows)
        if values:
            self._connection.execute(insert(self._connection)(MetricValueRow).on_conflict_do_nothing(), values)
        book.deltas = {}

    def _add_days(self) -> Any:
        table = MetricDayRow.__table__
        statement = insert(self._connection)(table)
        new = statement.excluded
        least, most = (func.min, func.max) if is_sqlite(self._connection) else (func.least, func.greatest)
        newer = or_(table.c.last_at.is_(None), new.last_at >= table.c.last_at)
        return statement.on_conflict_do_update(
            index_elements=["subject", "series", "day"],
            set_={
                "n": table.c.n + new.n,
                "total": table.c.total + new.total,
                "low": least(func.coalesce(table.c.low, new.low), func.coalesce(new.low, table.c.low)),
                "high": most(func.coalesce(table.c.high, new.high), func.coalesce(new.high, table.c.high)),
                "last": case((newer, new.last), else_=table.c.last),
                "last_at": case((newer, new.last_at), else_=table.c.last_at),
            },
        )

    def _save_states(self, world: World) -> None:
        new = {id(span) for _, _, span in world.new_spans}
        rows = [
            {"subject": subject, "state": state, "key": span.key, "started_at": span.started, "ended_at": span.ended}
            for subject, state, span in world.new_spans
        ]
        if rows:
            self._connection.execute(insert(self._connection)(StateRow).on_conflict_do_nothing(), rows)
        changed = [
            {"row": span.row, "started": span.started, "ended": span.ended}
            for span in world.changed_spans
            if id(span) not in new
        ]
        if changed:
            statement = update(StateRow).where(StateRow.id == bindparam("row"))
            values: dict[str, Any] = {"started_at": bindparam("started"), "ended_at": bindparam("ended")}
            self._connection.execute(statement.values(**values), changed)

    def _save_agenda(self, world: World, now: datetime) -> None:
        rows = [
            {
                "kind": entry.kind,
                "rule": entry.rule,
                "version": entry.version,
                "subject": entry.subject,
                "lane": lane_of(entry.subject),
                "period": entry.period,
                "step": entry.step,
                "due": entry.due,
                "began": entry.began,
                "match": entry.match,
                "facts": dict(entry.facts),
                "state": entry.state,
                "settled_at": None if entry.state == "open" else now,
                "note": entry.note,
            }
            for entry in world.opened
        ]
        if rows:
            self._connection.execute(insert(self._connection)(AgendaRow).on_conflict_do_nothing(), rows)
        settled = [
            {"row": entry.row, "new_state": entry.state, "new_note": (entry.note or "")[:200] or None}
            for entry in world.settled
            if entry.row is not None
        ]
        if settled:
            statement = update(AgendaRow).where(AgendaRow.id == bindparam("row"))
            values = {"state": bindparam("new_state"), "note": bindparam("new_note"), "settled_at": now}
            self._connection.execute(statement.values(**values), settled)


def _subjects_by_type(events: Iterable[Event]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for event in events:
        found.setdefault(event.type, set()).update(subjects_of(event))
    return found


def backfill(connection: Connection, directory: Directory, series: Collection[Series]) -> None:
    """Fill new series from the events that were judged before anybody asked for them."""
    by_type: dict[str, list[Series]] = {}
    for one in series:
        by_type.setdefault(one.event_type, []).append(one)
    where = and_(EventRow.type.in_(by_type), EventRow.status == 1)
    rows = connection.execution_options(yield_per=2000).execute(select(EventRow.__table__).where(where))
    book = Book()
    for row in rows:
        event = event_from(row)
        facts = EventFacts(event)
        for subject in subjects_of(event):
            day = directory.local_day(subject, event.time)
            for one in by_type[event.type]:
                book.add(subject, one, day, event.data, facts, event.time)
    WorkingSet(connection, Catalogue(), directory, None)._save_metrics(book)  # type: ignore[arg-type]


def _entry(row: Any) -> Entry:
    return Entry(
        kind=row.kind,
        rule=row.rule,
        version=row.version,
        subject=row.subject,
        period=row.period,
        step=row.step,
        due=row.due,
        began=row.began,
        match=row.match,
        facts=row.facts,
        state=row.state,
        note=row.note,
        row=row.id,
    )


def _floor(metric: Metric, at: datetime) -> date:
    """The earliest local day that `metric` can look at as of `at`, in whatever zone."""
    day = at.date() - timedelta(days=1)
    if metric.window == "this trip":
        return day - _TRIP_AT_MOST
    window = window_days(metric.window, day)
    return window[0] if window else day
