"""Check a request for a trip: whether its days fit together, and whether another trip has the same days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from tideng.plugin import MUST, SHOULD, Asked, Directory, Form, phrase
from tideng_processes.tables import CaseRow

REQUEST, ON_TRIP = "trip.request", "trip.on_trip"


def asked_of(connection: Connection, directory: Directory, form: Form) -> Iterator[Asked]:
    """Yield every question about a trip. One statement, for other trips."""
    if form.name == ON_TRIP:
        yield from _ahead(directory, form)
        return
    first, last = (day_in(form.data.get(name)) for name in ("from", "until"))
    if first is None or last is None:
        return
    yield from _outside(form, first, last)
    yield from _at_once(connection, form, first, last)


def _ahead(directory: Directory, form: Form) -> Iterator[Asked]:
    """Ask for a day of return that is today or later: a trip cannot have ended before today while it is on."""
    until, today = day_in(form.data.get("until")), directory.local_day(form.person, form.at)
    if until is not None and until < today:
        yield Asked(
            "until",
            phrase("That day is over. If you are back, choose “Back”."),
            MUST,
        )


def _outside(form: Form, first: date, last: date) -> Iterator[Asked]:
    for number, row in enumerate(itinerary_of(form.data)):
        day = day_in(row.get("date"))
        if day is not None and not first <= day <= last:
            text = phrase(
                "{day} is not between {first} and {last}. Which one should change?",
                day=day,
                first=first,
                last=last,
                day_2=f"{day:%Y-%m-%d}",
                first_2=f"{first:%Y-%m-%d}",
                last_2=f"{last:%Y-%m-%d}",
            )
            yield Asked(f"itinerary[{number}].date", text, MUST)


def _at_once(connection: Connection, form: Form, first: date, last: date) -> Iterator[Asked]:
    """Ask about another trip of the person on the same days; it may be the same trip, requested twice."""
    row = CaseRow
    mine = (row.person == form.person, row.process == "trip", row.end == "", row.id != form.case)
    for id_, data in connection.execute(select(row.id, row.data).where(*mine).order_by(row.id)):
        start, end = day_in(data.get("from")), day_in(data.get("until"))
        if start and end and start <= last and end >= first:
            text = phrase(
                "There is a trip on these days already ({id}). If it is the same one, change that one.", id=id_
            )
            yield Asked("from", text, SHOULD)


# -- a trip's data, which may have come from another system, and then holds what that one says --------------------------
def day_in(said: Any) -> date | None:
    try:
        return date.fromisoformat(said) if isinstance(said, str) and said else None
    except ValueError:
        return None


def itinerary_of(trip: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the rows of the itinerary."""
    said = trip.get("itinerary")
    return [row for row in said if isinstance(row, Mapping)] if isinstance(said, list) else []


def days_of(trip: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """Give the first and last day: as the trip says, else from its itinerary; None where neither says."""
    stops = [day for row in itinerary_of(trip) if (day := day_in(row.get("date")))]
    return day_in(trip.get("from")) or min(stops, default=None), day_in(trip.get("until")) or max(stops, default=None)


def cities_of(trip: Mapping[str, Any]) -> list[str]:
    """Give each city once, in the order of travel."""
    return list(dict.fromkeys(city for row in itinerary_of(trip) if (city := str(row.get("city") or ""))))


def customers_of(trip: Mapping[str, Any]) -> list[str]:
    """Give each customer once: from the list of customers and from the itinerary."""
    said = trip.get("customers")
    listed = [str(one) for one in said] if isinstance(said, list) else []
    rows = [str(row.get("customer") or "") for row in itinerary_of(trip)]
    return list(dict.fromkeys(one for one in (*listed, *rows) if one))
