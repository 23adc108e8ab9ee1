"""Queries over stored events: answers to deadlines, contents of windows, moments for sliding metrics, exact books."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_, select, true

from tideng.facts.agenda import AgendaEntry
from tideng.facts.cases import case_of
from tideng.facts.names import EventFacts
from tideng.facts.world import Spoken
from tideng.judging.questions import subjects_of
from tideng.model.catalogue import Catalogue
from tideng.model.event import Event
from tideng.model.judge_contract import OnSchedule, Watch
from tideng.model.metrics import (
    Book,
    Metric,
    Series,
)
from tideng.model.money import in_client_money
from tideng.model.statuses import EventStatus
from tideng.org.directory import Directory
from tideng.org.groups import GROUPS
from tideng.store.events import event_from
from tideng.store.tables import EventKeyRow, EventRow

_MANY = 2000
"""Beyond this many values a filter by list costs more than reading on without it."""
_STATE_AT_MOST = timedelta(days=120)
"""So far back the days of a window that begins with a state are read."""


def among_few(column: Any, values: Collection[Any]) -> Any:
    """``column IN values``, or no filter for very many values; the caller must ignore rows it did not ask for."""
    return column.in_(list(values)) if len(values) <= _MANY else true()


class WantedValues:
    """The match values that a query looks for, by field, and the first and last moment."""

    def __init__(self) -> None:
        self.values: dict[str, set[str]] = {}
        self._began: list[datetime] = []
        self._due: list[datetime] = []

    def note(self, match: str, value: str | None) -> None:
        if value is not None:
            self.values.setdefault(match, set()).add(value)

    def add(self, match: str, entry: AgendaEntry) -> None:
        self.note(match, entry.match or "")
        self._began.append(entry.began)
        self._due.append(entry.due)

    @property
    def first(self) -> datetime:
        return min(self._began)

    @property
    def last(self) -> datetime:
        return max(self._due)


class PastEvents:
    """Reads the event table of one connection."""

    def __init__(self, connection: Connection, catalogue: Catalogue, directory: Directory):
        self._connection, self._catalogue, self._directory = connection, catalogue, directory

    def heard(
        self, wanted: Mapping[str, set[str]], types: Collection[str], since: datetime
    ) -> Iterable[tuple[str, str, str, datetime]]:
        """(type, match, value, moment) of the events of `types` whose field `match` has one of the `wanted` values."""
        for match, values in wanted.items():
            for row in self._connection.execute(self._heard_statement(match, values, types, since)):
                if row.value in values:
                    yield row.type, match, row.value, row.time

    @staticmethod
    def _heard_statement(match: str, values: set[str], types: Collection[str], since: datetime) -> Any:
        if match == "subject":
            statement = select(EventRow.type, EventRow.subject.label("value"), EventRow.time)
            return statement.where(
                among_few(EventRow.subject, values), EventRow.type.in_(types), EventRow.time >= since
            )
        statement = select(EventKeyRow.type, EventKeyRow.value, EventKeyRow.time)
        where = (EventKeyRow.field == match, among_few(EventKeyRow.value, values), EventKeyRow.type.in_(types))
        return statement.where(*where, EventKeyRow.time >= since)

    def matching(
        self,
        wanted: Mapping[str, set[str]],
        types: Collection[str],
        first: datetime,
        last: datetime | None = None,
        judged: bool = False,
    ) -> Iterable[tuple[str, str, Event]]:
        """(match, value, event), as `heard`, from `first` to `last`; with `judged` only what has been judged before."""
        table = EventRow.__table__
        for match, values in wanted.items():
            where = [table.c.type.in_(types), table.c.time >= first]
            if last is not None:
                where.append(table.c.time <= last)
            if judged:
                where.append(table.c.status == EventStatus.JUDGED)
            statement = select(table)
            if match == "subject":
                where.append(among_few(table.c.subject, values))
            else:
                statement = statement.join(EventKeyRow, EventKeyRow.event == table.c.id)
                where += [EventKeyRow.field == match, among_few(EventKeyRow.value, values)]
            for row in self._connection.execute(statement.where(*where).order_by(table.c.time)):
                event = self._event(row)
                value = event.match(match)
                if value in values:
                    yield match, str(value), event

    def of_cases(self, cases: set[str], types: Collection[str]) -> Iterable[Event]:
        """The judged events of `types` in these cases, in the order of time and of hearing."""
        if not (cases and types):
            return
        table = EventRow.__table__
        keyed = select(EventKeyRow.event).where(EventKeyRow.field == "case", among_few(EventKeyRow.value, cases))
        theirs = or_(among_few(table.c.subject, cases), table.c.id.in_(keyed.where(EventKeyRow.type.in_(types))))
        where = and_(table.c.type.in_(types), table.c.status == EventStatus.JUDGED, theirs)
        for row in self._connection.execute(select(table).where(where).order_by(table.c.time, table.c.id)):
            event = self._event(row)
            if case_of(event) in cases:
                yield event

    def note_moments(
        self, book: Book, whose: Mapping[frozenset[str], set[Metric]], first: datetime, last: datetime
    ) -> None:
        """Add to `book` the moments that sliding windows over these metrics see of these subjects (people or cases) when they
        end between `first` and `last`. Reads judged events, in one statement."""
        metrics = set().union(*whose.values())
        longest = max(metric.sliding for metric in metrics if metric.sliding)
        wanted: dict[str, set[str]] = {}
        for subjects, asked in whose.items():
            for metric in asked:
                wanted.setdefault(metric.series.key, set()).update(subjects)
        by_type: dict[str, dict[str, Series]] = {}
        for metric in metrics:
            by_type.setdefault(metric.series.event_type, {})[metric.series.key] = metric.series
        everyone = set().union(*whose)
        table = EventRow.__table__
        of_cases = select(EventKeyRow.event).where(EventKeyRow.field == "case", among_few(EventKeyRow.value, everyone))
        of_cases = of_cases.where(EventKeyRow.type.in_(by_type), EventKeyRow.time > first - longest)
        where = and_(
            table.c.type.in_(by_type),
            table.c.time > first - longest,
            table.c.time <= last,
            table.c.status == EventStatus.JUDGED,
        )
        theirs = or_(among_few(table.c.subject, everyone), table.c.id.in_(of_cases))
        for row in self._connection.execute(select(table).where(where, theirs).order_by(table.c.time)):
            event = self._event(row)
            facts = EventFacts(event)
            for subject in subjects_of(event):
                for key, series in by_type[event.type].items():
                    if subject in wanted[key]:
                        book.note(subject, series, event.data, facts, event.time)

    # -- books of what had happened --------------------------------------------------------------------------------
    def exact_books(self, said: Iterable[tuple[Spoken, Watch | None, set[str]]]) -> list[tuple[Spoken, Book]]:
        """For each finding, a book of exactly the events that its subject, and the peers it was compared with, had by its
        moment, whenever those arrived."""
        metrics: dict[tuple[str, int], set[Metric]] = {}
        behind: dict[Spoken, set[str]] = {}
        for spoken, watch, peers in said:
            if watch and (spoken.step or isinstance(watch.trigger, OnSchedule)):
                metrics[spoken.rule, spoken.version] = set(watch.metrics.values())
                behind[spoken] = self._behind(spoken, watch.about) | peers
        undoable = list(behind)
        if not undoable:
            return []
        asked = set().union(*metrics.values())
        floor = min((floor_of(m, s.at) for s in undoable for m in metrics[s.rule, s.version]), default=date.max)
        events = self._since(set().union(*behind.values()), {m.series.event_type for m in asked}, floor)
        of = {spoken: [event for who in people for event in events.get(who, ())] for spoken, people in behind.items()}
        return [(spoken, self._exact_book(spoken, of[spoken], asked)) for spoken in undoable]

    def _behind(self, spoken: Spoken, about: str) -> set[str]:
        """The people whose events a finding counted: its subject, or everyone who was in the position or unit."""
        return self._directory.groups.ever_in((about, spoken.subject)) if about in GROUPS else {spoken.subject}

    def _exact_book(self, spoken: Spoken, events: Sequence[Event], metrics: Collection[Metric]) -> Book:
        days = {metric.series for metric in metrics if metric.sliding is None}
        moments = {metric.series for metric in metrics if metric.sliding is not None}
        book = Book()
        book.keep_deltas = False
        for event in events:
            if event.time <= spoken.at:
                day, facts = self._directory.local_day(event.subject, event.time), EventFacts(event)
                for one in days:
                    if one.event_type == event.type:
                        book.add(event.subject, one, day, event.data, facts, event.time)
                for one in moments:
                    if one.event_type == event.type:
                        book.note(event.subject, one, event.data, facts, event.time)
        return book

    def _since(self, subjects: set[str], types: set[str], floor: date) -> dict[str, list[Event]]:
        if not types:
            return {}
        since = datetime.combine(floor, datetime.min.time(), UTC) - timedelta(days=2)
        where = and_(among_few(EventRow.subject, subjects), EventRow.type.in_(types), EventRow.time >= since)
        found: dict[str, list[Event]] = {}
        for row in self._connection.execute(select(EventRow.__table__).where(where).order_by(EventRow.time)):
            if row.subject not in subjects:
                continue
            found.setdefault(row.subject, []).append(self._event(row))
        return found

    def _event(self, row: Any) -> Event:
        """A stored event as it is judged and counted: its amounts in the client's currency."""
        return in_client_money(event_from(row), self._catalogue, self._directory)


def floor_of(metric: Metric, at: datetime) -> date:
    """The earliest local day that `metric` can see as of `at`, in any time zone."""
    if metric.sliding is not None:
        return (at - metric.sliding).date() - timedelta(days=1)
    day = at.date() - timedelta(days=1)
    if metric.since_state:
        return day - _STATE_AT_MOST
    window = metric.days(day)
    return window[0] if window else day
