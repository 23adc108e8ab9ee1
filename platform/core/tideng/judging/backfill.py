"""Fill stored figures from the stored events: a new metric once, and amounts again after exchange rates changed.

Called while every lane is held, so that no worker adds to what is being counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, and_, delete, select

from tideng.facts.names import EventFacts
from tideng.judging.questions import subjects_of
from tideng.judging.world_writer import save_days
from tideng.model.catalogue import Catalogue
from tideng.model.metrics import Book, Series
from tideng.model.money import in_client_money
from tideng.model.statuses import EventStatus
from tideng.org.directory import Directory
from tideng.store.database import insert
from tideng.store.events import event_from
from tideng.store.rates import RECOUNT
from tideng.store.tables import (
    EventRow,
    MetricDayRow,
    MetricValueRow,
    NoteRow,
    SeriesRow,
)


def bring_up_to_date(
    connection: Connection, catalogue: Catalogue, directory: Directory, wanted: Mapping[str, Series], now: datetime
) -> None:
    """Make the stored days those of the `wanted` series (by key), counted at today's exchange rates.

    A series that is not wanted any more is deleted, so that it is filled again when it is wanted again.
    """
    table = SeriesRow.__table__
    kept = set(connection.execute(select(table.c.key)).scalars())
    if gone := kept - wanted.keys():
        connection.execute(delete(SeriesRow).where(table.c.key.in_(gone)))
    if new := wanted.keys() - kept:
        rows = [{"key": key, "since": now} for key in sorted(new)]
        connection.execute(insert(connection)(SeriesRow).on_conflict_do_nothing(), rows)
        _count_anew(connection, catalogue, directory, [wanted[key] for key in sorted(new)])
    pending = connection.scalar(select(NoteRow.value).where(NoteRow.key == RECOUNT))
    if pending is not None:
        connection.execute(delete(NoteRow).where(NoteRow.key == RECOUNT))
        since = date.fromisoformat(pending["since"])
        money = [wanted[key] for key in sorted(wanted.keys() & kept) if _of_money(wanted[key], catalogue)]
        _count_anew(connection, catalogue, directory, money, since)


def _of_money(series: Series, catalogue: Catalogue) -> bool:
    """Whether the counts of the series depend on exchange rates; its `where` may read an amount as well."""
    declared = catalogue.event_types.get(series.event_type)
    return declared is not None and bool(declared.amounts) and bool(series.field or series.where_id)


def _count_anew(
    connection: Connection,
    catalogue: Catalogue,
    directory: Directory,
    series: Collection[Series],
    since: date = date.min,
) -> None:
    """Replace the stored days of these series, from local day `since` on, by counts of the judged events."""
    if not series:
        return
    keys = {one.key for one in series}
    for kind in (MetricDayRow, MetricValueRow):
        connection.execute(delete(kind).where(kind.series.in_(keys), kind.day >= since))
    by_type: dict[str, list[Series]] = {}
    for one in series:
        by_type.setdefault(one.event_type, []).append(one)
    where = and_(EventRow.type.in_(by_type), EventRow.status == EventStatus.JUDGED)
    if since > date.min:  # two days more, since local days are not those of UTC
        where = and_(where, EventRow.time >= datetime.combine(since, time(), UTC) - timedelta(days=2))
    rows = connection.execute(select(EventRow.__table__).where(where).execution_options(yield_per=2000))
    book = Book()
    for row in rows:
        event = in_client_money(event_from(row), catalogue, directory)
        facts = EventFacts(event)
        for subject in subjects_of(event):
            day = directory.local_day(subject, event.time)
            if day >= since:
                for one in by_type[event.type]:
                    book.add(subject, one, day, event.data, facts, event.time)
    save_days(connection, book)
