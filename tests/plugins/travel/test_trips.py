"""A trip, from the wish to the day of return: who agrees, how it begins and ends by itself, and what it says of whom."""

from __future__ import annotations

import pytest

from tests.plugins.travel.travel_story import TRIP, TravelStory
from tideng.plugins.forms import MUST, SHOULD


@pytest.fixture
def story(a_deployment, tmp_path, database_url):
    return TravelStory(a_deployment, tmp_path, database_url)


@pytest.fixture
def sqlite(a_deployment, tmp_path):
    return TravelStory(a_deployment, tmp_path)


def test_a_trip_is_agreed_to_and_begins_and_ends_by_itself(story):
    trip = story.a_trip()
    assert story.owners(trip) == ["lead"]
    story.hand_in("lead", trip, "approve", "agree")
    assert story.case(trip).node == "waiting"
    story.wait(days=4)
    assert story.case(trip).node == "on_trip"
    story.wait(days=3)
    assert story.case(trip).end == "ended"
    heard = story.heard("trip.requested", "trip.approved", "trip.started", "trip.ended")
    assert [one[0] for one in heard] == ["trip.requested", "trip.approved", "trip.started", "trip.ended"]
    wanted = {"trip": trip, **{name: TRIP[name] for name in ("purpose", "itinerary", "customers", "planned_visits")}}
    assert all(subject == "zhang" and data == wanted for _, subject, data in heard)


def test_whoever_is_on_a_trip_is_known_to_be(sqlite):
    from sqlalchemy import select

    from tideng.store.database import reading
    from tideng.store.tables import StateRow

    trip = sqlite.a_trip()
    sqlite.hand_in("lead", trip, "approve", "agree")
    sqlite.wait(days=4)
    row = StateRow
    span = select(row.key, row.started_at, row.ended_at).where(row.state == "person.on_trip")
    with reading(sqlite.deployment.engine) as connection:
        (key, started, ended), *more = connection.execute(span).all()
    assert (key, started.isoformat(), ended, more) == (trip, "2025-06-15T16:00:00+00:00", None, [])
    sqlite.wait(days=3)
    with reading(sqlite.deployment.engine) as connection:
        assert connection.execute(span).one().ended_at.isoformat() == "2025-06-18T16:00:00+00:00"


def test_a_supervisor_asks_for_another_route_and_the_trip_comes_back_with_it(sqlite):
    trip = sqlite.a_trip()
    sqlite.hand_in("lead", trip, "approve", "return", note="先去杭州顺路")
    assert sqlite.owners(trip) == ["zhang"]
    sqlite.hand_in("zhang", trip, "request", "submit", **{**TRIP, "planned_visits": 3})
    sqlite.hand_in("lead", trip, "approve", "agree")
    assert [data["planned_visits"] for _, _, data in sqlite.heard("trip.requested")] == [2, 3]


def test_a_trip_is_called_off_before_it_begins(sqlite):
    trip = sqlite.a_trip()
    sqlite.hand_in("lead", trip, "approve", "agree")
    sqlite.hand_in("zhang", trip, "waiting", "cancel")
    sqlite.wait(days=10)
    assert sqlite.case(trip).end == "cancelled"
    assert sqlite.heard("trip.started", "trip.ended") == []


def test_whoever_comes_home_early_ends_the_trip_that_day(sqlite):
    trip = sqlite.a_trip()
    sqlite.hand_in("lead", trip, "approve", "agree")
    sqlite.wait(days=4)
    sqlite.hand_in("zhang", trip, "on_trip", "end")
    assert sqlite.case(trip).end == "ended"
    sqlite.wait(days=5)
    assert len(sqlite.heard("trip.ended")) == 1


def test_a_trip_that_takes_longer_ends_on_its_new_day(sqlite):
    trip = sqlite.a_trip()
    sqlite.hand_in("lead", trip, "approve", "agree")
    sqlite.wait(days=4)
    sqlite.hand_in("zhang", trip, "on_trip", "extend", until="2025-06-20")
    sqlite.wait(days=3)
    assert sqlite.case(trip).node == "on_trip"
    sqlite.wait(days=2)
    assert sqlite.case(trip).end == "ended"


def test_a_day_of_return_that_is_over_is_asked_about(sqlite):
    trip = sqlite.a_trip()
    sqlite.hand_in("lead", trip, "approve", "agree")
    sqlite.wait(days=4, hours=30)
    asked = sqlite.asked(case=trip, process="trip", node="on_trip", until="2025-06-16")
    assert asked["until"] == (MUST, "这一天已经过了。已经回来了就选“回来了”。")


def test_a_day_of_the_itinerary_outside_the_trip_and_a_second_trip_on_the_same_days(sqlite):
    first = sqlite.a_trip()
    rows = [{"date": "2025-06-20", "city": "上海"}]
    asked = sqlite.asked(process="trip", node="request", **{**TRIP, "itinerary": rows})
    assert asked["itinerary[0].date"] == (MUST, "2025-06-20 不在 2025-06-16 到 2025-06-18 之间，哪个要改？")
    assert asked["from"] == (SHOULD, f"这几天已经有一次出差（{first}）。是同一次的话，改那一份就行。")


def test_the_visits_to_plan_are_what_the_month_still_needs(story):
    assert story.filled("trip.request")["planned_visits"] == (15, "本月目标 15 家，见过 0 家")
    for customer in range(10):
        story.tell("visit.completed", "zhang", customer=f"客户{customer}")
    assert story.filled("trip.request")["planned_visits"] == (5, "本月目标 15 家，见过 10 家")
    assert story.filled("trip.request", "wu") == {}, "no post, no target"


def test_nothing_is_planned_beyond_a_target_that_is_reached(sqlite):
    for customer in range(16):
        sqlite.tell("visit.completed", "zhang", customer=f"客户{customer}")
    assert "planned_visits" not in sqlite.filled("trip.request")


def test_whom_the_last_trip_did_not_reach_is_proposed(sqlite):
    trip = sqlite.an_ended_trip()
    assert sqlite.filled("trip.request")["customers"] == (["万家灯饰", "恒亮照明"], f"上次出差（{trip}）没见到的")
    sqlite.tell("visit.completed", "zhang", customer="万家灯饰")
    assert sqlite.filled("trip.request")["customers"][0] == ["恒亮照明"]
    sqlite.tell("visit.completed", "zhang", customer="恒亮照明")
    assert "customers" not in sqlite.filled("trip.request")


def test_a_trip_that_another_system_tells_of_may_say_anything_and_breaks_nothing(sqlite):
    odd = {"itinerary": ["上海", 3, {"city": None}], "customers": [1, {"a": 2}], "planned_visits": 2}
    sqlite.tell("trip.requested", "zhang", trip="EXT-1", **odd)
    sqlite.tell("trip.approved", "zhang", trip="EXT-1")
    sqlite.tell("trip.started", "zhang", trip="EXT-1")
    sqlite.tell("trip.ended", "zhang", trip="EXT-1")
    sqlite.filled("trip.request")
    sqlite.filled("claim.write")
    sqlite.asked(process="trip", node="request", **TRIP)
    assert {one.name: one.state for one in sqlite.deployment.plugins.states}["travel"] == "on"
