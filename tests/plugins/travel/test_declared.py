"""What the travel and reports plugins declare is what the design says, and events of theirs can be read."""

from datetime import UTC, datetime

import pytest

from tideng.base.errors import InvalidPayload
from tideng.intake.reader import read_event
from tideng.model.catalogue import Catalogue, EventType, MetricSpec
from tideng.model.metrics import metric_of, window_days
from tideng_orgchart.plugin import OrgchartPlugin
from tideng_reports.plugin import ReportsPlugin
from tideng_travel.plugin import TravelPlugin

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TRIP = {"trip", "purpose", "itinerary", "customers", "planned_visits"}
CLAIM = {"claim", "trip", "amount", "currency", "attachments", "reason"}
CHANGE = {"name", "unit", "position", "supervisor", "reason"}
FIELDS = {
    **{f"trip.{what}": TRIP for what in ("requested", "approved", "started", "ended")},
    **{f"claim.{what}": CLAIM for what in ("submitted", "approved", "rejected", "paid")},
    "invoice.checked": {"claim", "number", "verdict"},
    **{f"person.{what}": CHANGE for what in ("joined", "moved", "left")},
    **{f"leave.{what}": {"leave", "kind"} for what in ("started", "ended")},
    "report.submitted": {"date", "communication", "needs", "issues", "plan", "trip"},
    "needs_report.submitted": {"customer", "text"},
    "visit.completed": {"customer", "trip"},
}


@pytest.fixture
def catalogue() -> Catalogue:
    filled = Catalogue()
    for name, plugin in (("orgchart", OrgchartPlugin()), ("reports", ReportsPlugin()), ("travel", TravelPlugin())):
        filled.add(plugin.declare(), name)
    return filled


def test_the_events_and_fields_are_those_of_the_design(catalogue):
    declared = {name: kind for name, kind in catalogue.event_types.items() if kind.plugin != "core"}
    assert {name: {f.name for f in kind.fields} for name, kind in declared.items()} == FIELDS


def test_everything_has_a_title_in_chinese_and_english(catalogue):
    things = [*catalogue.event_types.values(), *catalogue.states.values(), *catalogue.metrics.values()]
    things += [*catalogue.facts.values(), *(f for kind in catalogue.event_types.values() for f in kind.fields)]
    assert len(things) > 50
    assert all(thing.title["zh"] and thing.title["en"] for thing in things)


def test_absences_can_be_matched_on_trips_claims_customers_and_leaves(catalogue):
    assert catalogue.keys_of("trip.ended") == ("trip",)
    assert catalogue.keys_of("claim.submitted") == ("claim", "trip")
    assert catalogue.keys_of("visit.completed") == ("customer", "trip")
    assert catalogue.keys_of("leave.started") == ("leave",)


def test_the_standard_metrics_ask_of_fields_that_exist(catalogue):
    assert set(catalogue.metrics) == {
        *("reports_today", "visits_this_week", "visits_this_month"),
        *("needs_reports_this_month", "needs_length_avg", "issues_avg", "trip_days_this_month"),
    }
    for spec in catalogue.metrics.values():
        assert isinstance(spec, MetricSpec)
        assert metric_of(spec).name == spec.name
        assert window_days(spec.window, NOW.date())
        kind: EventType = catalogue.event_types[spec.event_type]
        assert not spec.field or kind.field(spec.field.partition(".")[0])


def test_whoever_is_on_leave_is_absent_and_whoever_travels_is_not(catalogue):
    assert catalogue.states["person.on_leave"].absent
    assert not catalogue.states["person.on_trip"].absent


def payload(kind: str, **data) -> dict:
    return {
        "id": "1",
        "source": "test",
        "type": kind,
        "time": "2026-03-02T18:00:00+08:00",
        "subject": "p003",
        "data": data,
    }


def test_a_whole_trip_is_read(catalogue):
    itinerary = [{"date": "2026-03-02", "city": "天津", "customer": "c001"}]
    event = read_event(
        payload("trip.started", trip="t1", purpose="拜访", itinerary=itinerary, customers=["c001"], planned_visits=5),
        catalogue,
        received=NOW,
    )
    assert event.data["itinerary"] == itinerary
    assert event.subject == "p003"


def test_a_trip_without_number_and_with_a_misspelt_field_is_refused_at_once(catalogue):
    with pytest.raises(InvalidPayload) as refused:
        read_event(payload("trip.started", planned_visit=-1), catalogue, received=NOW)
    said = "\n".join(map(str, refused.value.problems))
    assert "data.trip" in said
    assert "planned_visits" in said
