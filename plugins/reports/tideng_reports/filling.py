"""What a report is filled in with before it is written: whom one met, what they need, where the next day leads, and which trip
it is. Nothing is made up, and beside each stands where it is from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select

from tideng.plugin import Directory, EventRow, Filled, Form, StateRow, Text, local_moment
from tideng_reports.completeness import day_of

DAILY, NEEDS = "daily_report", "needs_report"
MET = ("visit.completed", "attendance.checked_in")
NEEDED = "needs_report.submitted"
TOLD_OF_TRIP = ("trip.requested", "trip.approved", "trip.started")
LONGEST_TRIP = timedelta(days=180)
"""So long before today a trip's itinerary may have been told."""
LONGEST_NEEDS = 2000
"""Characters of the day's needs reports; one with which they would be more is left out."""


class Marks(NamedTuple):
    """How a language sets names and places apart."""

    colon: str
    comma: str
    brackets: str


CHINESE, ENGLISH = Marks("：", "，", "（{}）"), Marks(": ", ", ", " ({})")
_A_MOMENT = timedelta(microseconds=1)
_TODAY: Text = {"zh": "今天", "en": "Today"}
_BY_VISITS: Text = {"zh": "已帮您填好：拜访", "en": "Filled in: your visits"}
_BY_BOTH: Text = {"zh": "已帮您填好：拜访和行程", "en": "Filled in: visits, itinerary"}
_BY_REPORTS: Text = {"zh": "来自当天的需求报告", "en": "From the day’s needs reports"}
_BY_ITINERARY: Text = {"zh": "来自行程", "en": "From the itinerary"}
_BY_TRIP: Text = {"zh": "正在出差", "en": "The trip you are on"}
_BY_TRIP_THEN: Text = {"zh": "那天的出差", "en": "The trip of that day"}
_BY_VISIT: Text = {"zh": "今天刚见过", "en": "Met today"}


def filled(form: Form, connection: Connection, directory: Directory) -> dict[str, Filled]:
    """What is known of a report's fields; {} for any other form. A daily report is about the day that its `date` says, else
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


def _whom(met: Sequence[str], planned: Sequence[str], marks: Marks) -> Filled:
    """A line for each customer: whom one met, in the order of the day, then who was on the itinerary."""
    more = [one for one in planned if one not in met]
    source = _BY_BOTH if met and more else _BY_ITINERARY if more else _BY_VISITS
    return Filled("\n".join(f"{one}{marks.colon}" for one in [*met, *more]), source)


Happened = tuple[str, str, str]
"""Type of an event, customer, and what it says of their needs."""


def on_day(connection: Connection, person: str, began: datetime, until: datetime) -> list[Happened]:
    """Visits, check-ins at a customer's, and needs reports of one person, in the order of the day."""
    row = EventRow
    mine = (row.subject == person, row.type.in_((*MET, NEEDED)), row.time >= began, row.time <= until)
    found = connection.execute(select(row.type, row.data).where(*mine).order_by(row.time, row.id))
    return [
        (type_, str(data["customer"]), str(data.get("text") or "")) for type_, data in found if data.get("customer")
    ]


def _needs(happened: Iterable[Happened], marks: Marks) -> str:
    """What the needs reports of the day say, as many as there is room for."""
    text = ""
    for type_, customer, words in happened:
        line = f"{customer}{marks.colon}{words.strip()}"
        if type_ == NEEDED and len(text) + len(line) < LONGEST_NEEDS:
            text = f"{text}\n{line}".strip()
    return text


def trip_on(connection: Connection, person: str, began: datetime, until: datetime) -> tuple[str, bool]:
    """Which trip the person was on between two moments, the latest of several, and whether it goes on; '' on none."""
    row = StateRow
    then = (row.started_at <= until, or_(row.ended_at.is_(None), row.ended_at > began))
    query = select(row.key, row.ended_at).where(row.subject == person, row.state == "person.on_trip", *then)
    found = connection.execute(query.order_by(row.started_at.desc()).limit(1)).first()
    return (found.key, found.ended_at is None or found.ended_at > until) if found else ("", False)


def itinerary_of(connection: Connection, person: str, trip: str, at: datetime) -> Sequence[Mapping[str, Any]]:
    """The itinerary of a trip as it was told last."""
    row = EventRow
    told = (row.subject == person, row.type.in_(TOLD_OF_TRIP), row.time <= at, row.time >= at - LONGEST_TRIP)
    for data in connection.scalars(select(row.data).where(*told).order_by(row.time.desc(), row.id.desc())):
        if data.get("trip") == trip and data.get("itinerary"):
            return [one for one in data["itinerary"] if isinstance(one, dict)]
    return []


def plan_for(itinerary: Iterable[Mapping[str, Any]], day: date, marks: Marks = CHINESE) -> str:
    """One day of an itinerary in a line: 09:30 万家灯饰（沧州），14:00 光之源灯具城."""
    return marks.comma.join(filter(None, (_stop(one, marks) for one in _stops_on(itinerary, day))))


def customers_on(itinerary: Iterable[Mapping[str, Any]], day: date) -> list[str]:
    """Whom one is to see on one day of an itinerary, each once."""
    named = (str(one.get("customer") or "").strip() for one in _stops_on(itinerary, day))
    return list(dict.fromkeys(filter(None, named)))


def _stops_on(itinerary: Iterable[Mapping[str, Any]], day: date) -> list[Mapping[str, Any]]:
    """The stops of that day, the earliest first."""
    there = (one for one in itinerary if one.get("date") == day.isoformat())
    return sorted(there, key=lambda one: str(one.get("time") or ""))


def _stop(one: Mapping[str, Any], marks: Marks) -> str:
    customer, city, clock = (str(one.get(name) or "").strip() for name in ("customer", "city", "time"))
    where = customer + marks.brackets.format(city) if customer and city else customer or city
    return f"{clock} {where}".strip()
