"""Metrics that are made from others, what is known of a case, and events that rules make."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from story import BEIJING, an_event

from tideng.base.errors import InvalidBundle
from tideng.store.tables import EventRow

SEEN = "then: [{mark: seen}]"
MARCH = {"start": "2026-03-01 00:00", "until": "2026-03-31 23:59"}


def trip(kind: str, when: str, by: str = "zhang", trip: str = "t", arrives: str | None = None):
    return an_event(f"trip.{kind}", when, by, arrives=arrives, trip=trip)


def sale(when: str, by: str = "zhang", amount: float = 100):
    return an_event("order.won", when, by, amount=amount, customer="c")


def visit(when: str, by: str = "zhang"):
    return an_event("visit.completed", when, by, customer="c")


def values(found, fact: str) -> list[tuple[str, object]]:
    """(local day and hour, value) for each finding that saw the fact."""
    return [
        (f"{one.at.astimezone(BEIJING):%d %H}", why["value"]) for one in found for why in one.why if why["fact"] == fact
    ]


def on_visit(condition: str, more: str = "") -> str:
    return f"id: r\nkind: validation\nwhen: {{event: visit.completed}}\nif: {condition}\n{SEEN}\n{more}"


# -- days in a state ---------------------------------------------------------------------------------------------------
TRIPS = [
    trip("started", "2026-02-27 09:00", trip="a"),
    trip("ended", "2026-03-03 00:00", trip="a"),  # up to midnight: not on the third
    trip("started", "2026-03-05 23:59", trip="b"),
    trip("ended", "2026-03-06 00:01", trip="b"),  # two days for two minutes
    trip("started", "2026-03-06 10:00", trip="c"),  # a day counts once
    trip("ended", "2026-03-07 10:00", trip="c"),
    trip("started", "2026-03-30 10:00", trip="d"),  # not over yet
]


def test_days_on_a_trip_are_the_local_days_that_a_trip_touches_up_to_the_moment(story):
    story.rule(on_visit("{fact: metric.trip_days_this_month, gte: 0}"))
    asked = [
        "2026-03-01 00:00",
        "2026-03-03 10:00",
        "2026-03-05 23:58",
        "2026-03-05 23:59",
        "2026-03-08 10:00",
        "2026-03-31 10:00",
    ]
    found = story.findings(*TRIPS, *map(visit, asked), **MARCH)
    assert values(found, "metric.trip_days_this_month") == [
        ("01 00", 1), ("03 10", 2), ("05 23", 2), ("05 23", 3), ("08 10", 5), ("31 10", 7),
    ]  # fmt: skip


def test_days_on_a_trip_are_compared_with_those_of_colleagues_on_a_schedule_too(story):
    story.people(*(f"rep{n},Rep {n},sales,rep,lead,,en,,,2020-01-01," for n in range(3)))
    story.rule(
        f"""
        id: r
        kind: diagnosis
        when: {{every: month, on: last, at: "20:00"}}
        who: {{fact: person.id, is: zhang}}
        if: {{fact: metric.trip_days_this_month, gt: {{fact: peers.trip_days_this_month, times: 2}}}}
        {SEEN}
        """
    )
    others = [trip("started", "2026-03-02 09:00", f"rep{n}", f"r{n}") for n in range(3)]
    others += [trip("ended", "2026-03-03 09:00", f"rep{n}", f"r{n}") for n in range(3)]
    found = story.findings(*TRIPS, *others, **MARCH)
    assert [(one.why[1]["value"], one.why[1]["operand"]) for one in found] == [(7, 4.0)]


def test_a_ladder_ends_when_the_days_of_a_state_reach_what_until_asks_for(story):
    story.rule(
        """
        id: r
        kind: reminder
        when: {every: day, at: "09:00"}
        who: {fact: person.id, is: zhang}
        then: [{mark: seen}]
        later: [{at: "18:00", then: [{mark: again}]}]
        until: {fact: metric.trip_days_this_month, gte: 1}
        """
    )
    events = [trip("started", "2026-03-03 10:00")]
    said = story.tell(*events, start="2026-03-02 00:00", until="2026-03-03 23:00")
    assert said == ["09:00 mark seen", "18:00 mark again", "09:00 mark seen"]


# -- share of a target -------------------------------------------------------------------------------------------------
def test_a_share_of_a_target_is_the_metric_by_what_the_post_asks_for(story):
    story.people("rep1,Rep,sales,rep,lead,,en,,,2020-01-01,")
    duties = "id,name,unit,duties\nboss,,sales,sales_this_month>=0\nlead,L,sales,\nrep,S,sales,sales_this_month>=1000\nhr,HR,sales,\n"
    (story.folder / "positions.csv").write_text(duties.replace("boss,,", "boss,B,"), encoding="utf-8")
    story.rule(on_visit("{any: [{fact: metric.target_completion, gte: 0}, {fact: person.id, exists: true}]}"))
    people = ["zhang", "rep1", "lead", "boss"]
    events = [sale("2026-03-02 09:00", by, 250) for by in ("zhang", "lead", "boss")]
    found = story.findings(*events, *(visit("2026-03-02 10:00", by) for by in people), **MARCH)
    got = {one.subject: next(w["value"] for w in one.why if w["fact"] == "metric.target_completion") for one in found}
    assert got == {"zhang": 0.25, "rep1": 0, "lead": None, "boss": None}


# -- cases -------------------------------------------------------------------------------------------------------------
OWN = """
event_types:
  stage.entered: {fields: {case: {type: text, key: true}, node: text, cost: {type: number, unit: money, currency: coin}, coin: text}}
  stage.done: {fields: {case: {type: text, key: true}, node: text}}
"""


def node(kind: str, when: str, case: str, arrives: str | None = None, by: str = "zhang", **data):
    return an_event(f"stage.{kind}", when, by, arrives=arrives, case=case, **data)


def with_nodes(story):
    file = story.folder / "client.yaml"
    file.write_text(file.read_text(encoding="utf-8") + OWN, encoding="utf-8")
    (story.folder / "rates.csv").write_text("date,currency,rate\n2026-01-01,USD,7\n", encoding="utf-8")


CASES = [
    node("entered", "2026-03-02 09:00", "c1", node="budget", cost=100, coin="USD"),
    node("entered", "2026-03-02 10:00", "c1", by="lead", node="approval"),  # without a cost: the earlier one stands
    node("entered", "2026-03-02 09:00", "c2", node="budget", cost=5),
    node("done", "2026-03-02 11:00", "c1", by="boss"),
    node("done", "2026-03-02 11:00", "c2", by="boss"),
    node("entered", "2026-03-02 12:00", "c2", cost=9999),  # later than what is judged
]


def test_what_is_known_of_a_case_is_the_latest_that_any_of_its_events_said(story):
    with_nodes(story)
    story.rule(
        f"id: r\nkind: validation\nabout: case\nwhen: {{event: stage.done}}\n"
        f"if: {{any: [{{fact: case.cost, gte: 0}}, {{fact: case.node, exists: true}}]}}\n{SEEN}"
    )
    found = story.findings(*CASES, **MARCH)
    seen = {one.subject: {why["fact"]: why["value"] for why in one.why} for one in found}
    assert seen == {"c1": {"case.cost": 700, "case.node": "approval"}, "c2": {"case.cost": 5, "case.node": "budget"}}


def test_a_deadline_and_a_later_step_see_the_case_as_it_is_then(story):
    with_nodes(story)
    story.rule(
        """
        id: r
        kind: escalation
        about: case
        when: {event: stage.entered, without: stage.done, within: 1 day, match: case}
        if: {fact: case.node, is: approval}
        then: [{mark: late}]
        later: [{after: 2 hours, then: [{mark: later}]}]
        until: {fact: case.cost, gte: 50}
        limit: {once_per: occurrence}
        """
    )
    events = [
        node("entered", "2026-03-02 09:00", "c1", node="budget"),
        node("entered", "2026-03-02 10:00", "c1", node="approval"),
        node("entered", "2026-03-02 09:00", "c2", node="budget"),
        node("entered", "2026-03-03 09:30", "c1", cost=10),
    ]
    said = story.tell(*events, start="2026-03-02 00:00", until="2026-03-03 12:30")
    assert said == ["09:00 mark late", "10:00 mark late", "11:00 mark later", "12:00 mark later"]
    events.append(node("entered", "2026-03-03 10:30", "c1", cost=60))
    if story.how == "replay":
        said = story.tell(*events, start="2026-03-02 00:00", until="2026-03-03 12:30")
        assert said == ["09:00 mark late", "10:00 mark late"]


def test_what_a_late_event_says_of_a_case_counts_by_its_own_time(lived):
    with_nodes(lived)
    lived.rule(
        f"id: r\nkind: validation\nabout: case\nwhen: {{event: stage.done}}\nif: {{fact: case.cost, gte: 0}}\n{SEEN}"
    )
    late = node("entered", "2026-03-02 10:00", "c1", arrives="2026-03-02 11:00", cost=3)
    done = [node("done", "2026-03-02 10:15", "c1", arrives="2026-03-02 13:00"), node("done", "2026-03-02 12:00", "c1")]
    events = [node("entered", "2026-03-02 10:30", "c1", cost=8), late, *done]
    assert values(lived.findings(*events, **MARCH), "case.cost") == [("02 10", 3), ("02 12", 8)]


# -- emitted events ----------------------------------------------------------------------------------------------------
EMIT = """
- id: a
  kind: validation
  when: {event: order.won}
  then:
    - emit: claim.submitted
      data: {claim: "{event.customer}", amount: "{event.amount}", reason: made, trip: "{event.reason}"}
- id: b
  kind: validation
  when: {event: claim.submitted}
  if: {all: [{fact: event.amount, is: 700}, {fact: event.reason, is: made}, {fact: event.trip, exists: false}]}
  then: [{mark: seen}]
"""


def test_an_emitted_event_carries_what_the_rule_gives_it_once_in_the_clients_currency(story):
    (story.folder / "rates.csv").write_text("date,currency,rate\n2026-01-01,USD,7\n", encoding="utf-8")
    story.rule(EMIT)
    won = an_event("order.won", "2026-03-02 09:00", amount=100, currency="USD", customer="c9")
    assert [one.rule for one in story.findings(won, **MARCH)] == ["a", "b"]
    if story.how != "replay":
        made = story.rows(select(EventRow.data).where(EventRow.type == "claim.submitted"))
        assert made[0].data == {"claim": "c9", "amount": 700, "reason": "made", "currency": "CNY"}


UNFIT = """
id: a
kind: validation
when: {event: order.won}
then:
  - emit: claim.submitted
    data: {amonut: 1, amount: "{event.customer}", reason: 5, trip: "{event.reasn}"}
"""


def test_everything_that_does_not_suit_the_emitted_event_is_said(story):
    story.rule(UNFIT)
    with pytest.raises(InvalidBundle) as refused:
        story.findings(**MARCH)
    said = {problem.problem for problem in refused.value.problems if problem.severity == "error"}
    assert said == {
        "claim.submitted has no field 'amonut'",
        "event.customer is a text, amount is a number",
        "5 is not a text",
        "unknown field 'reasn' of order.won",
    }


def test_a_text_and_a_fact_are_not_mixed(story):
    story.rule(UNFIT.replace("{event.reasn}", "{event.reason} again"))
    with pytest.raises(InvalidBundle, match="mixes a text with a fact"):
        story.findings(**MARCH)


def test_rules_that_give_each_other_what_they_ask_for_go_round_in_a_circle(story):
    story.rule(EMIT.replace("[{mark: seen}]", '[{emit: order.won, data: {customer: "{event.claim}"}}]'))
    with pytest.raises(InvalidBundle, match="set each other off"):
        story.findings(**MARCH)
