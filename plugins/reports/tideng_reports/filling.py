"""What a report is filled in with before it is written: whom one met today, where tomorrow leads, and which trip it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select

from tideng.calendars import local_moment
from tideng.catalogue import Text
from tideng.forms import Filled, Form
from tideng.people import Directory
from tideng.tables import EventRow, StateRow

DAILY, NEEDS = "daily_report", "needs_report"
MET = ("visit.completed", "attendance.checked_in")
TOLD_OF_TRIP = ("trip.requested", "trip.approved", "trip.started")
LONGEST_TRIP = timedelta(days=180)
"""So long before today a trip's itinerary may have been told."""
_TODAY: Text = {"zh": "今天", "en": "Today"}
_BY_VISITS: Text = {"zh": "已帮您填好：今天见过的客户", "en": "Filled in: whom you met today"}
_BY_ITINERARY: Text = {"zh": "来自行程", "en": "From the itinerary"}
_BY_TRIP: Text = {"zh": "正在出差", "en": "The trip you are on"}
_BY_VISIT: Text = {"zh": "今天刚见过", "en": "Met today"}


def filled(form: Form, connection: Connection, directory: Directory) -> dict[str, Filled]:
    """What is known of a report's fields; {} for any other form. Two statements, three on a trip."""
    process = form.name.partition(".")[0]
    if not form.name.endswith(".write") or process not in (DAILY, NEEDS):
        return {}
    zone = directory.zone_of(form.person, form.at)
    today = form.at.astimezone(zone).date()
    met = met_today(connection, form.person, local_moment(today, time(), zone), form.at)
    if process == NEEDS:
        return {"customer": Filled(met[-1], _BY_VISIT)} if met else {}
    found = {"date": Filled(today.isoformat(), _TODAY)}
    if met:
        found["communication"] = Filled("\n".join(f"{one}：" for one in met), _BY_VISITS)
    trip = trip_at(connection, form.person, form.at)
    if trip:
        found["trip"] = Filled(trip, _BY_TRIP)
        plan = plan_for(itinerary_of(connection, form.person, trip, form.at), today + timedelta(days=1))
        if plan:
            found["plan"] = Filled(plan, _BY_ITINERARY)
    return found


def met_today(connection: Connection, person: str, began: datetime, until: datetime) -> list[str]:
    """The customers whom one visited, or at whose place one checked in, in the order of the day."""
    row = EventRow
    mine = (row.subject == person, row.type.in_(MET), row.time >= began, row.time <= until)
    found = connection.scalars(select(row.data).where(*mine).order_by(row.time, row.id))
    return list(dict.fromkeys(str(data["customer"]) for data in found if data.get("customer")))


def trip_at(connection: Connection, person: str, at: datetime) -> str:
    """Which trip the person is on; '' on none."""
    row = StateRow
    running = (row.started_at <= at, or_(row.ended_at.is_(None), row.ended_at > at))
    query = select(row.key).where(row.subject == person, row.state == "person.on_trip", *running)
    return connection.scalar(query.order_by(row.started_at.desc()).limit(1)) or ""


def itinerary_of(connection: Connection, person: str, trip: str, at: datetime) -> Sequence[Mapping[str, Any]]:
    """The itinerary of a trip as it was told last."""
    row = EventRow
    told = (row.subject == person, row.type.in_(TOLD_OF_TRIP), row.time <= at, row.time >= at - LONGEST_TRIP)
    for data in connection.scalars(select(row.data).where(*told).order_by(row.time.desc(), row.id.desc())):
        if data.get("trip") == trip and data.get("itinerary"):
            return [one for one in data["itinerary"] if isinstance(one, dict)]
    return []


def plan_for(itinerary: Iterable[Mapping[str, Any]], day: date) -> str:
    """One day of an itinerary in a line: 09:30 万家灯饰（沧州），14:00 光之源灯具城."""
    stops = sorted(
        (one for one in itinerary if one.get("date") == day.isoformat()), key=lambda one: str(one.get("time") or "")
    )
    return "，".join(filter(None, map(_stop, stops)))


def _stop(one: Mapping[str, Any]) -> str:
    customer, city, clock = (str(one.get(name) or "").strip() for name in ("customer", "city", "time"))
    where = f"{customer}（{city}）" if customer and city else customer or city
    return f"{clock} {where}".strip()
