"""Fill in forms of trips and claims beforehand. Each value carries the words that say where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, or_, select

from tideng.plugin import Catalogue, Directory, Filled, Form, Viewer, events_of, goals, phrase
from tideng_processes.tables import CaseRow
from tideng_travel.claims import Claim, total_of
from tideng_travel.trips import cities_of, customers_of, days_of

VISITS = "visits_this_month"
_RECENT = 5
_LOOK_BACK = timedelta(days=120)
_MOST_NAMED = 3


def for_trip(connection: Connection, directory: Directory, catalogue: Catalogue, form: Form) -> dict[str, Filled]:
    """Fill in how many visits the month still needs, and the customers that the last trip did not reach."""
    return {**_visits_to_go(connection, directory, catalogue, form), **_not_met(connection, form)}


def _visits_to_go(
    connection: Connection, directory: Directory, catalogue: Catalogue, form: Form
) -> Mapping[str, Filled]:
    whose = Viewer(form.person, form.person, frozenset())
    goal = next((one for one in goals(connection, whose, directory, catalogue, form.at) if one.metric == VISITS), None)
    if goal is None:
        return {}
    target, so_far = int(goal.target), int(goal.value or 0)
    if target <= so_far:
        return {}
    words = phrase("{target} is this month’s target, {so_far} so far", target=target, so_far=so_far)
    return {"planned_visits": Filled(target - so_far, words)}


def _not_met(connection: Connection, form: Form) -> Mapping[str, Filled]:
    row = CaseRow
    last = connection.execute(
        select(row.id, row.data, row.started_at)
        .where(
            row.person == form.person, row.process == "trip", row.end == "ended", row.started_at > form.at - _LOOK_BACK
        )
        .order_by(row.ended_at.desc())
        .limit(1)
    ).first()
    if last is None:
        return {}
    named = customers_of(last.data)
    met = {
        str(one.data.get("customer"))
        for one in events_of(connection, ["visit.completed"], [form.person], last.started_at)
    }
    left = [one for one in named if one not in met]
    if not left:
        return {}
    words = phrase("Not met on the last trip ({id})", id=last.id)
    return {"customers": Filled(left, words)}


def for_claim(connection: Connection, form: Form, claim: Claim) -> dict[str, Filled]:
    """Fill in the trip, its days, and the sum of the invoices. The trip is the chosen one, or else the last trip
    that has ended and has no claim."""
    trip = (str(form.data["trip"] or ""), claim.trip) if "trip" in form.data else _unclaimed(connection, form)
    filled: dict[str, Filled] = {"currency": Filled(claim.currency, phrase("The company’s currency"))}
    if trip is not None and trip[1]:
        name, data = trip
        cities = cities_of(data)[:_MOST_NAMED]
        words = {"zh": f"来自出差 {'、'.join(cities)}".strip(), "en": f"From the trip {', '.join(cities)}".strip()}
        days = {one: day.isoformat() for one, day in zip(("from", "until"), days_of(data), strict=True) if day}
        filled |= {one: Filled(value, words) for one, value in ({"trip": name} | days).items()}
    total = total_of(claim)
    if total is not None:
        count = len(claim.slips)
        words = {"zh": f"{count} 张单据合计", "en": f"Sum of {count} papers" if count != 1 else "From the invoice"}
        filled["amount"] = Filled(float(total[0]), words)
    return filled


def _unclaimed(connection: Connection, form: Form) -> tuple[str, Mapping[str, Any]] | None:
    """Find the latest of the person's recent trips that no claim names: its number and its data. One statement for
    trips, one for claims."""
    row = CaseRow
    mine = (row.person == form.person, row.started_at > form.at - _LOOK_BACK)
    trips = select(row.id, row.reference, row.data).where(row.process == "trip", row.end == "ended", *mine)
    recent = connection.execute(trips.order_by(row.ended_at.desc()).limit(_RECENT)).all()
    if not recent:
        return None
    standing = or_(row.end == "", row.end == "paid")
    claims = connection.scalars(select(row.data).where(row.process == "claim", standing, *mine)).all()
    named = {str(one.get("trip")) for one in claims}
    free = (one for one in recent if not {one.id, one.reference or one.id} & named)
    return next(((one.reference or one.id, one.data) for one in free), None)
