"""Which trip a claim or a report is of: chosen by its days and places, one's own, and kept as it was told where another system says it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugins.travel.travel_story import TRIP, TravelStory
from tideng.plugins.forms import MUST
from tideng.privacy.holdings import holdings
from tideng.store.database import reading
from tideng_processes.cases import case_choices
from tideng_processes.document.parser import parse_process
from tideng_processes.forms.form_check import IncompleteForm
from tideng_processes.views.process_page import data_lines

WORDS = "6月16日至18日 上海、杭州（2 家客户）"


@pytest.fixture
def story(a_deployment, tmp_path, database_url):
    return TravelStory(a_deployment, tmp_path, database_url)


@pytest.fixture
def sqlite(a_deployment, tmp_path):
    return TravelStory(a_deployment, tmp_path)


def offered(story: TravelStory, who: str = "zhang") -> dict[str, str]:
    """The trips that one chooses from: what the field keeps → how it is told in Chinese."""
    now = story.clock.now()
    with reading(story.deployment.engine) as connection:
        found = case_choices.choices(connection, story.registry, ["trip"], who, now, now.date())
    return {one.name: one.words["zh"] for one in found["trip"]}


def told(story: TravelStory, claim: str, who: str = "money") -> tuple[str, str]:
    """What the page of a claim says of its trip, and which case opens there."""
    it = story.case(claim, who)
    return next(
        (one.words, one.case) for one in data_lines(it.definition, it.data, "zh", str, it.named) if "出差" in one.title
    )


def chosen(story: TravelStory, **said: Any) -> dict[str, Any]:
    """What a form is filled in with once a trip was chosen in it."""
    return {name: value for name, (value, _source) in story.filled("claim.write", data=said).items()}


# -- choosing ----------------------------------------------------------------------------------------------------------
def test_a_trip_is_told_by_its_days_its_places_and_how_many_customers(story):
    trip = story.an_ended_trip()
    story.a_trip("li", customers=[], itinerary=[{"date": "2025-06-16", "city": "广州"}])
    assert offered(story) == {trip: WORDS}
    assert list(offered(story, "li").values()) == ["6月16日至18日 广州"]
    assert story.filled("claim.write")["trip"][0] == trip


def test_a_trip_that_did_not_come_about_says_so(sqlite):
    trip = sqlite.a_trip()
    sqlite.hand_in("lead", trip, "approve", "reject", note="下周去更顺路")
    assert offered(sqlite) == {trip: f"{WORDS} · 这次没有去成"}


def test_another_trip_brings_its_own_days_and_none_brings_none(sqlite):
    sqlite.an_ended_trip()
    later = {"from": "2025-06-23", "until": "2025-06-24", "itinerary": [{"date": "2025-06-23", "city": "苏州"}]}
    other = sqlite.a_trip(**later)
    assert chosen(sqlite, trip=other) == {"currency": "CNY", "trip": other, "from": "2025-06-23", "until": "2025-06-24"}
    assert chosen(sqlite, trip="") == {"currency": "CNY"}


def test_somebody_elses_trip_is_none_that_can_be_claimed(story):
    theirs = story.a_trip("li")
    severity, words = story.asked(**story.claimed(trip=theirs))["trip"]
    assert (severity, words) == (MUST, "这里选不了这一件（从列表里选一件就好）")
    with pytest.raises(IncompleteForm):
        story.a_claim(trip=theirs)


def test_finance_reads_which_trip_it_is_and_opens_what_is_theirs_to_see(sqlite):
    trip = sqlite.an_ended_trip()
    claim = sqlite.a_claim(trip=trip)
    sqlite.hand_in("lead", claim, "check", "approve")
    assert told(sqlite, claim, "lead") == (WORDS, trip)
    assert told(sqlite, claim, "money") == (WORDS, ""), "finance has a step of the claim, and none of the trip"


# -- what another system says ------------------------------------------------------------------------------------------
def a_trip_of_the_crm(story: TravelStory, name: str = "CRM-7") -> None:
    """It says no days but those of the itinerary."""
    data = {one: TRIP[one] for one in ("purpose", "itinerary", "customers")}
    story.tell("trip.requested", "zhang", trip=name, **data)


def test_a_trip_of_another_system_goes_by_its_own_number(story):
    a_trip_of_the_crm(story)
    assert offered(story) == {"CRM-7": "上海、杭州（2 家客户）"}
    assert chosen(story, trip="CRM-7")["until"] == TRIP["until"], "the last day of the itinerary"
    assert story.asked(**story.claimed(trip="CRM-7", until="2025-06-25"))["until"][1] == "这次出差是 6月16日到6月18日。"
    claim = story.a_claim(trip="CRM-7")
    ((_type, _subject, data),) = story.heard("claim.submitted")
    assert (data["claim"], data["trip"]) == (claim, "CRM-7"), "so that both systems speak of the same trip"
    assert told(story, claim, "lead") == ("上海、杭州（2 家客户）", "trip-000001")


def test_a_claim_of_another_system_may_name_a_trip_that_nobody_knows(story):
    story.tell("claim.submitted", "zhang", claim="OA-1", trip="T-404", amount=201, currency="CNY")
    claim = "claim-000001"
    assert story.case(claim).node == "check"
    assert told(story, claim, "lead") == ("T-404（没有找到这个单号）", "")
    story.hand_in("lead", claim, "check", "return", note="还差一张发票")
    asked = story.asked(case=claim, **story.claimed(trip="T-404"))
    assert asked["trip"][1] == "这里没有您的出差 T-404。写的留着；不是出差就选“都不是”。"
    story.hand_in("zhang", claim, "write", "submit", **story.claimed(trip="T-404"))
    assert story.case(claim).data["trip"] == "T-404"


def test_a_report_on_a_trip_that_is_no_case_here_keeps_the_number_it_was_filled_in_with(sqlite):
    sqlite.tell("trip.started", "zhang", trip="CRM-8")
    report = {"communication": "见了万家灯饰", "needs": "四十瓦吸顶灯，" * 20, "date": "2025-06-12"}
    assert sqlite.filled("daily_report.write")["trip"][0] == "CRM-8"
    case = sqlite.begin("zhang", "daily_report", **report, trip="CRM-8")
    assert sqlite.case(case).data["trip"] == "CRM-8"
    with pytest.raises(IncompleteForm):
        sqlite.begin("zhang", "daily_report", **report, trip="CRM-9")


def test_what_is_held_of_a_claim_says_which_trip_it_names(sqlite):
    claim = sqlite.a_claim(trip=sqlite.an_ended_trip())
    with reading(sqlite.deployment.engine) as connection:
        found = holdings(connection, sqlite.deployment, sqlite.viewer("zhang"), sqlite.directory, sqlite.clock.now())
        (held,) = [one for one in found if one.name == "processes.cases"]
        names = {one["id"]: one["names"] for one in held.all()}
    assert names[claim] == {"zh": WORDS, "en": "16–18 Jun 上海, 杭州 (customers: 2)"}


# -- versions ----------------------------------------------------------------------------------------------------------
def test_a_claim_that_began_when_a_trip_was_a_text_is_finished_as_it_began(story):
    plugin: Any = story.deployment.plugins.get("processes")
    now = list(plugin.shipped())
    document = dict(next(one.document for one in now if one.id == "claim"))
    document["fields"] = {
        **document["fields"],
        "trip": {"type": "text", "title": {"zh": "哪次出差", "en": "Which trip"}},
    }
    plugin._shipped = [parse_process(document) if one.id == "claim" else one for one in now]
    story.apply()
    story.work()
    trip = story.an_ended_trip()
    claim = story.a_claim(trip=trip)
    plugin._shipped = now
    assert "process claim: version 3" in story.apply()
    story.work()
    assert (story.case(claim).version, story.registry.latest("claim").version) == (2, 3)
    story.hand_in("lead", claim, "check", "return", note="还差一张")
    again = {name: story.case(claim).data[name] for name in ("invoices", "slips", "confirmation")}
    story.hand_in("zhang", claim, "write", "submit", **story.claimed(trip=trip, papers=again))
    story.hand_in("lead", claim, "check", "approve")
    story.hand_in("money", claim, "pay", "pay")
    assert (story.case(claim).end, told(story, claim)[0]) == ("paid", trip)
    assert told(story, story.begin("zhang", "claim", **again_with(story, trip)), "lead") == (WORDS, trip)


def again_with(story: TravelStory, trip: str) -> dict[str, Any]:
    return story.claimed(trip=trip, papers=story.all_papers(number="24312000000777777777"))
