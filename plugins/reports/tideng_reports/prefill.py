"""Fill in a report beforehand: the customers met, their needs, the plan for the next day, and the trip.

Every value comes from stored events; the words beside it say from where.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tideng.plugin import Directory, Filled, Form, Text, events_of, last_span_between, local_moment, phrase
from tideng_reports.completeness import ON_TRIP, day_of

DAILY, NEEDS = "daily_report", "needs_report"
MET = ("visit.completed", "attendance.checked_in")
NEEDED = "needs_report.submitted"
TOLD_OF_TRIP = ("trip.requested", "trip.approved", "trip.started")
LONGEST_TRIP = timedelta(days=180)
"""How far back an itinerary may have been sent."""
LONGEST_NEEDS = 2000
"""Characters taken from the day's needs reports; a report that would exceed this is left out."""


class Punctuation(NamedTuple):
    """Punctuation of a language for lists of names and places."""

    colon: str
    comma: str
    brackets: str


CHINESE, ENGLISH = Punctuation("：", "，", "（{}）"), Punctuation(": ", ", ", " ({})")
_A_MOMENT = timedelta(microseconds=1)
_TODAY: Text = phrase("Today")
_BY_VISITS: Text = phrase("Filled in: your visits")
_BY_BOTH: Text = phrase("Filled in: visits, itinerary")
_BY_REPORTS: Text = phrase("From the day’s needs reports")
_BY_ITINERARY: Text = phrase("From the itinerary")
_BY_TRIP: Text = phrase("The trip you are on")
_BY_TRIP_THEN: Text = phrase("The trip of that day")
_BY_VISIT: Text = phrase("Met today")


def filled(form: Form, connection: Connection, directory: Directory) -> dict[str, Filled]:
    """Fill in the fields of a report; {} for any other form. A daily report is about the day in its `date`, else
    about today. Two statements, three on a trip."""
    process = form.name.partition(".")[0]
    if not form.name.endswith(".write") or process not in (DAILY, NEEDS):
        return {}
    zone = directory.zone_of(form.person, form.at)
    day = (process == DAILY and day_of(form.data.get("date"))) or form.at.astimezone(zone).date()
    began, ends = (local_moment(one, time(), zone) for one in (day, day + timedelta(days=1)))
    if began > form.at:  # a day to come: nothing is known of it
        return {"date": Filled(day.isoformat(), _TODAY)}
    until = min(ends - _A_MOMENT, form.at)
    happened = on_day(connection, form.person, began, until)
    met = list(dict.fromkeys(customer for type_, customer, _ in happened if type_ in MET))
    if process == NEEDS:
        return {"customer": Filled(met[-1], _BY_VISIT)} if met else {}
    trip, running = trip_on(connection, form.person, began, until)
    stops = itinerary_of(connection, form.person, trip, until) if trip else ()
    here = directory.at(form.person, form.at)
    marks = ENGLISH if here and here.locale.startswith("en") else CHINESE
    found = {
        "date": Filled(day.isoformat(), _TODAY),
        "communication": _whom(met, customers_on(stops, day), marks),
        "needs": Filled(_needs(happened, marks), _BY_REPORTS),
        "plan": Filled(plan_for(stops, day + timedelta(days=1), marks) if running else "", _BY_ITINERARY),
        "trip": Filled(trip, _BY_TRIP if running else _BY_TRIP_THEN),
    }
    return {name: one for name, one in found.items() if one.value}


def _whom(met: Sequence[str], planned: Sequence[str], marks: Punctuation) -> Filled:
    """A line for each customer: those met, in the order of the day, then those on the itinerary."""
    more = [one for one in planned if one not in met]
    source = _BY_BOTH if met and more else _BY_ITINERARY if more else _BY_VISITS
    return Filled("\n".join(f"{one}{marks.colon}" for one in [*met, *more]), source)


Happened = tuple[str, str, str]
"""Event type, customer, and the text about their needs."""


def on_day(connection: Connection, person: str, began: datetime, until: datetime) -> list[Happened]:
    """Give one person's visits, check-ins at customers, and needs reports, in the order of the day."""
    found = events_of(connection, (*MET, NEEDED), [person], began, until)
    return [
        (one.type, str(one.data["customer"]), str(one.data.get("text") or ""))
        for one in found
        if one.data.get("customer")
    ]


def _needs(happened: Iterable[Happened], marks: Punctuation) -> str:
    """Join the texts of the day's needs reports, as many as fit."""
    text = ""
    for type_, customer, words in happened:
        line = f"{customer}{marks.colon}{words.strip()}"
        if type_ == NEEDED and len(text) + len(line) < LONGEST_NEEDS:
            text = f"{text}\n{line}".strip()
    return text


def trip_on(connection: Connection, person: str, began: datetime, until: datetime) -> tuple[str, bool]:
    """Find the trip of the person between two moments (the latest of several), and whether it goes on; '' without a
    trip."""
    found = last_span_between(connection, ON_TRIP, person, began, until)
    return (found.key, found.ended_at is None or found.ended_at > until) if found else ("", False)


def itinerary_of(connection: Connection, person: str, trip: str, at: datetime) -> Sequence[Mapping[str, Any]]:
    """Give the latest itinerary of a trip."""
    for _, _, _, data in reversed(events_of(connection, TOLD_OF_TRIP, [person], at - LONGEST_TRIP, at)):
        if data.get("trip") == trip and data.get("itinerary"):
            return [one for one in data["itinerary"] if isinstance(one, dict)]
    return []


def plan_for(itinerary: Iterable[Mapping[str, Any]], day: date, marks: Punctuation = CHINESE) -> str:
    """One day of an itinerary on one line: 09:30 万家灯饰（沧州），14:00 光之源灯具城."""
    return marks.comma.join(filter(None, (_stop(one, marks) for one in _stops_on(itinerary, day))))


def customers_on(itinerary: Iterable[Mapping[str, Any]], day: date) -> list[str]:
    """Give each customer of one day of an itinerary once."""
    named = (str(one.get("customer") or "").strip() for one in _stops_on(itinerary, day))
    return list(dict.fromkeys(filter(None, named)))


def _stops_on(itinerary: Iterable[Mapping[str, Any]], day: date) -> list[Mapping[str, Any]]:
    """Give the stops of that day, earliest first."""
    there = (one for one in itinerary if one.get("date") == day.isoformat())
    return sorted(there, key=lambda one: str(one.get("time") or ""))


def _stop(one: Mapping[str, Any], marks: Punctuation) -> str:
    customer, city, clock = (str(one.get(name) or "").strip() for name in ("customer", "city", "time"))
    where = customer + marks.brackets.format(city) if customer and city else customer or city
    return f"{clock} {where}".strip()
