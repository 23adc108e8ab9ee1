"""Conditions, facts and metrics of the rule language, sentence by sentence."""

from __future__ import annotations

import pytest
from replayed import Client, event, moments, said

from tideng.base.errors import InvalidBundle


@pytest.fixture
def client(tmp_path) -> Client:
    return Client(tmp_path / "client")


def on(type_: str, condition: str, extra: str = "") -> str:
    return f"""
id: r
kind: validation
when: {{event: {type_}}}
if: {condition}
then: [{{mark: seen}}]
{extra}"""


DAY = ("2026-03-02 00:00", "2026-03-02 23:59:59")

# -- operators: what a report with these fields answers ----------------------------------------------------------------
CLAIM = {"claim": "k1", "amount": 100, "currency": "CNY", "attachments": ["invoice", "slip"], "reason": " 打车 "}
CONDITIONS = {
    "{fact: event.amount, is: 100}": True,
    "{fact: event.amount, is: 100.0}": True,
    "{fact: event.amount, is: 99}": False,
    "{fact: event.amount, is_not: 99}": True,
    "{fact: event.amount, is_not: 100}": False,
    "{fact: event.amount, lt: 100}": False,
    "{fact: event.amount, lt: 100.01}": True,
    "{fact: event.amount, lte: 100}": True,
    "{fact: event.amount, gt: 100}": False,
    "{fact: event.amount, gt: 99.99}": True,
    "{fact: event.amount, gte: 100}": True,
    "{fact: event.amount, between: [100, 200]}": True,
    "{fact: event.amount, between: [0, 100]}": True,
    "{fact: event.amount, between: [101, 200]}": False,
    "{fact: event.amount, in: [1, 100]}": True,
    "{fact: event.amount, in: [1, 2]}": False,
    "{fact: event.amount, not_in: [1, 2]}": True,
    "{fact: event.amount, not_in: [100]}": False,
    "{fact: event.currency, is: CNY}": True,
    "{fact: event.currency, is: cny}": False,
    "{fact: event.currency, contains: N}": True,
    "{fact: event.currency, not_contains: N}": False,
    "{fact: event.currency, not_contains: x}": True,
    "{fact: event.currency, starts_with: CN}": True,
    "{fact: event.currency, starts_with: N}": False,
    "{fact: event.currency, matches: '^C.Y$'}": True,
    "{fact: event.currency, matches: 'N'}": True,
    "{fact: event.currency, matches: '^N'}": False,
    "{fact: event.attachments, contains: slip}": True,
    "{fact: event.attachments, contains: sli}": False,
    "{fact: event.attachments, not_contains: photo}": True,
    "{fact: event.attachments.length, is: 2}": True,
    "{fact: event.reason.length, is: 2}": True,
    "{fact: event.amount, exists: true}": True,
    "{fact: event.amount, exists: false}": False,
    # a missing fact
    "{fact: event.trip, exists: false}": True,
    "{fact: event.trip, exists: true}": False,
    "{fact: event.trip, is: t}": False,
    "{fact: event.trip, is_not: t}": False,
    "{fact: event.trip, in: [t]}": False,
    "{fact: event.trip, not_in: [t]}": False,
    "{fact: event.trip, contains: t}": False,
    "{fact: event.trip, not_contains: t}": False,
    "{fact: event.trip, starts_with: t}": False,
    "{fact: event.trip, matches: '.*'}": False,
    "{fact: event.trip.length, lt: 100}": False,
    # groups
    "[]": True,
    "[{fact: event.amount, is: 100}, {fact: event.currency, is: CNY}]": True,
    "[{fact: event.amount, is: 100}, {fact: event.currency, is: USD}]": False,
    "{any: [{fact: event.amount, is: 1}, {fact: event.currency, is: CNY}]}": True,
    "{none: [{fact: event.amount, is: 1}, {fact: event.trip, is: t}]}": True,
    "{none: [{fact: event.amount, is: 100}]}": False,
    "{none: []}": True,
    "{all: [{any: [{none: [{fact: event.trip, exists: true}]}, {fact: event.amount, is: 1}]}]}": True,
}


def test_an_any_without_branches_never_holds_and_is_refused_before_it_runs(client):
    with pytest.raises(InvalidBundle, match="none of its branches ever holds"):
        client.replay(on("claim.submitted", "{any: []}"), [], *DAY)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_means(client, condition):
    found = client.replay(
        on("claim.submitted", condition), [event("claim.submitted", "2026-03-02 10:00", **CLAIM)], *DAY
    )
    assert bool(found) is CONDITIONS[condition]


def test_a_missing_fact_is_said_as_no_data(client):
    rule = on("claim.submitted", "{none: [{fact: event.trip, is: t}]}")
    found = client.replay(rule, [event("claim.submitted", "2026-03-02 10:00", **CLAIM)], *DAY)
    assert found[0]["why"] == [
        {"part": "if", "fact": "event.trip", "value": None, "op": "is", "operand": "t", "holds": False}
    ]


@pytest.mark.parametrize(
    ("planned", "times", "speaks"),
    [(8, 0.5, True), (10, 0.5, True), (11, 0.5, False), (5, 1, True), (None, 0.5, False)],
)
def test_another_fact_times_a_factor_is_compared_with(client, planned, times, speaks):
    rule = on(
        "trip.ended",
        f"{{fact: metric.v, gte: {{fact: event.planned_visits, times: {times}}}}}",
        "metrics: {v: {count: visit.completed, window: today}}",
    )
    visits = [event("visit.completed", f"2026-03-02 0{n}:00", customer="c") for n in range(5)]
    data = {} if planned is None else {"planned_visits": planned}
    found = client.replay(rule, [*visits, event("trip.ended", "2026-03-02 20:00", trip="t", **data)], *DAY)
    assert bool(found) is speaks
    if found:
        assert found[0]["why"][0]["operand"] == planned * times


# -- event facts -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "asked"),
    [("x" * 99, True), ("x" * 100, False), ("x" * 101, False), ("  " + "x" * 99 + " \n\u3000", True), ("灯" * 100, False), ("", True), (None, False)],
)  # fmt: skip
def test_characters_are_counted_with_the_white_space_at_the_ends_trimmed(client, text, asked):
    rule = on("report.submitted", "{fact: event.needs.length, lt: 100}").replace(
        "mark: seen", "ask: needs, message: {zh: 再说几句, en: A little more}"
    )
    report = event("report.submitted", "2026-03-02 10:00", **({} if text is None else {"needs": text}))
    found = client.replay(rule, [report], *DAY)
    assert bool(found) is asked
    if found:
        assert (found[0]["action"], found[0]["effect"], found[0]["to"]) == ("ask", "ask", "zhang")


@pytest.mark.parametrize(("issues", "length"), [([], 0), (["a"], 1), (["a", "", "b"], 3)])
def test_items_of_a_list_are_counted(client, issues, length):
    rule = on("report.submitted", f"{{fact: event.issues.length, is: {length}}}")
    assert client.replay(rule, [event("report.submitted", "2026-03-02 10:00", issues=issues)], *DAY)


# -- person and target -------------------------------------------------------------------------------------------------
@pytest.fixture
def team(client) -> Client:
    return client.people(
        "lead,Wang Haiyan,sales,lead,",
        "zhang,Zhang San,sales,rep,lead,,2024-05-06,",
        *(f"rep{n},Rep {n},sales,rep,lead" for n in range(1, 5)),
        positions="id,name,unit,duties\nrep,Sales,sales,visits_this_week>=5;visits_this_month>=15\nlead,Team lead,sales,\n",
    )


PERSON = {
    "{fact: person.id, is: zhang}": True,
    "{fact: person.name, is: Zhang San}": True,
    "{fact: person.position, is: rep}": True,
    "{fact: person.position_name, is: Sales}": True,
    "{fact: person.unit, is: sales}": True,
    "{fact: person.units, contains: sales}": True,
    "{fact: person.supervisor, is: lead}": True,
    "{fact: person.timezone, is: Asia/Shanghai}": True,
    "{fact: person.since, is: '2024-05-06'}": True,
    "{fact: person.since, lt: '2024-05-07'}": True,
    "{fact: person.on_trip, is: false}": True,
    "{fact: person.on_leave, is: true}": False,
    "{fact: target.visits_this_week, is: 5}": True,
    "{fact: target.visits_this_month, is: 15}": True,
}


@pytest.mark.parametrize("condition", PERSON)
def test_a_fact_about_the_person(team, condition):
    found = team.replay(on("report.submitted", condition), [event("report.submitted", "2026-03-02 10:00")], *DAY)
    assert bool(found) is PERSON[condition]


def test_a_post_without_the_target_has_no_data(team):
    rule = on("report.submitted", "{fact: target.visits_this_week, exists: false}")
    found = team.replay(
        rule, [event("report.submitted", "2026-03-02 10:00", by) for by in ("lead", "stranger", "zhang")], *DAY
    )
    assert [one["subject"] for one in found] == ["lead", "stranger"]


def test_facts_about_a_person_are_those_of_that_day(client):
    client.people("zhang,Zhang San,sales,rep,,,2020-01-01,2026-03-02", "zhang,Zhang San,sales,lead,,,2026-03-03,")
    rule = on("report.submitted", "{fact: person.position, is: rep}")
    reports = [event("report.submitted", f"2026-03-0{day} 10:00") for day in (2, 3)]
    assert moments(client.replay(rule, reports, "2026-03-01 00:00", "2026-03-05 00:00")) == ["02 10:00"]


@pytest.mark.parametrize(
    ("moment", "away"), [("09:59:59", False), ("10:00:00", True), ("17:59:59", True), ("18:00:00", False)]
)
def test_on_trip_is_true_from_the_start_up_to_the_end(client, moment, away):
    rule = on("report.submitted", "{fact: person.on_trip, is: true}")
    trip = [
        event("trip.started", "2026-03-02 10:00:00", trip="t"),
        event("trip.ended", "2026-03-02 18:00:00", trip="t"),
    ]
    assert bool(client.replay(rule, [*trip, event("report.submitted", f"2026-03-02 {moment}")], *DAY)) is away


def test_of_two_trips_that_overlap_one_may_end_and_the_other_goes_on(client):
    rule = on("report.submitted", "{fact: person.on_trip, is: true}")
    events = [
        event("trip.started", "2026-03-02 08:00", trip="a"),
        event("trip.started", "2026-03-02 09:00", trip="b"),
        event("trip.ended", "2026-03-02 10:00", trip="a"),
        event("report.submitted", "2026-03-02 11:00"),
        event("trip.ended", "2026-03-02 12:00", trip="b"),
        event("report.submitted", "2026-03-02 13:00"),
    ]
    assert moments(client.replay(rule, events, *DAY)) == ["02 11:00"]


# -- peers ---------------------------------------------------------------------------------------------------------------
def needs_of(**lengths: int) -> list[dict]:
    return [event("report.submitted", "2026-03-02 09:00", who, needs="x" * length) for who, length in lengths.items()]


PEERS = on(
    "visit.completed", "{fact: metric.n, lt: {fact: peers.n, times: 0.5}}", "metrics: {n: {average: report.submitted/needs.length, window: last 30 days}}"
)  # fmt: skip
VISIT = event("visit.completed", "2026-03-02 12:00", customer="c")


def test_peers_are_the_mean_over_the_other_people_with_the_same_post_who_have_a_value(team):
    reports = needs_of(zhang=99, rep1=100, rep2=200, rep3=300, lead=900)  # rep4 has no value, lead another post
    found = team.replay(PEERS, [*reports, VISIT], *DAY)
    assert found[0]["why"] == [
        {"part": "if", "fact": "metric.n", "value": 99, "op": "lt", "operand": 100.0, "holds": True}
    ]
    assert team.replay(PEERS, [*needs_of(zhang=100, rep1=100, rep2=200, rep3=300), VISIT], *DAY) == []


def test_below_three_peers_with_a_value_there_is_no_data(team):
    assert team.replay(PEERS, [*needs_of(zhang=1, rep1=100, rep2=200), VISIT], *DAY) == []


def test_only_active_people_are_peers(team):
    gone = event("person.left", "2026-03-02 10:00", "rep1")
    away = event("leave.started", "2026-03-02 10:00", "rep2", leave="l")
    everyone = needs_of(zhang=1, rep1=100, rep2=200, rep3=300)
    assert team.replay(PEERS, [*everyone, VISIT], *DAY)
    assert team.replay(PEERS, [*everyone, gone, VISIT], *DAY) == []
    assert team.replay(PEERS, [*everyone, away, VISIT], *DAY) == []
    assert team.replay(PEERS, [*everyone, gone, *needs_of(rep4=50), VISIT], *DAY)


def test_a_count_of_zero_is_a_value_that_peers_have(team):
    rule = on("report.submitted", "{fact: peers.v, is: 0.5}", "metrics: {v: {count: visit.completed, window: today}}")
    visits = [event("visit.completed", f"2026-03-02 0{n}:00", "rep1", customer="c") for n in (8, 9)]
    assert team.replay(rule, [*visits, event("report.submitted", "2026-03-02 10:00")], *DAY)


def test_each_peer_has_days_of_their_own(client):
    """At 23:30 in Beijing it is the next day in Sydney: what was done there on the day before is not of today."""
    client.people("zhang,Zhang San,sales,rep,", *(f"jun{n},Jun {n},sales,rep,,Australia/Sydney" for n in range(3)))
    rule = on("report.submitted", "{fact: peers.v, is: 0}", "metrics: {v: {count: visit.completed, window: today}}")
    visits = [event("visit.completed", "2026-03-02 12:00", f"jun{n}", customer="c") for n in range(3)]
    assert client.replay(rule, [*visits, event("report.submitted", "2026-03-02 23:30")], *DAY)
    assert not client.replay(rule, [*visits, event("report.submitted", "2026-03-02 20:30")], *DAY)


def test_whoever_has_no_post_has_no_peers(client):
    rule = on(
        "report.submitted", "{fact: peers.v, exists: false}", "metrics: {v: {count: visit.completed, window: today}}"
    )
    assert client.replay(rule, [event("report.submitted", "2026-03-02 10:00")], *DAY)


# -- inferences --------------------------------------------------------------------------------------------------------
def test_what_one_rule_infers_another_reads_also_over_several_rules(client):
    rules = """
- {id: c, kind: diagnosis, when: {event: report.submitted}, if: {fact: found.b, is: true}, then: [{mark: third}]}
- {id: b, kind: diagnosis, when: {event: report.submitted}, if: {fact: found.a, is: true}, then: [{infer: found.b, because: {zh: 乙, en: B}}]}
- {id: a, kind: diagnosis, when: {event: report.submitted}, if: {fact: event.needs.length, lt: 10}, then: [{infer: found.a, because: {zh: 甲, en: A}}]}
"""
    found = client.replay(rules, [event("report.submitted", "2026-03-02 10:00", needs="short")], *DAY)
    assert sorted((one["rule"], one["action"], one["effect"], one["to"]) for one in found) == [
        ("a", "infer", "record", None), ("b", "infer", "record", None), ("c", "mark", "record", None),
    ]  # fmt: skip
    assert client.replay(rules, [event("report.submitted", "2026-03-02 10:00", needs="x" * 10)], *DAY) == []


def test_inferences_work_on_a_schedule_and_at_a_deadline_and_after_their_own_rule_has_spoken(client):
    client.people("zhang,Zhang San,sales,rep,")
    for when in (
        '{every: day, at: "09:00"}',
        "{event: need.raised, without: need.answered, within: 1 day, match: need}",
    ):
        rules = f"""
- {{id: a, kind: diagnosis, when: {when}, then: [{{infer: found.a, because: {{zh: 甲, en: A}}}}], limit: {{once_per: month}}}}
- {{id: b, kind: diagnosis, when: {when}, if: {{fact: found.a, is: true}}, then: [{{mark: seen}}], limit: {{once_per: occurrence}}}}
"""
        needs = [event("need.raised", f"2026-03-0{day} 09:00", need=f"n{day}") for day in (1, 2)]
        found = client.replay(rules, needs, "2026-03-02 00:00", "2026-03-03 23:00")
        assert said(found) == ["02 09:00 infer zhang", "02 09:00 mark zhang", "03 09:00 mark zhang"], when


def test_two_rules_may_each_have_a_metric_of_one_name(client):
    rules = """
- {id: a, kind: validation, when: {event: report.submitted}, if: {fact: metric.n, is: 1}, then: [{mark: seen}], metrics: {n: {count: visit.completed, window: today}}}
- {id: b, kind: validation, when: {event: report.submitted}, if: {fact: metric.n, is: 2}, then: [{mark: seen}], metrics: {n: {count: order.won, window: today}}}
"""
    events = [
        event("visit.completed", "2026-03-02 08:00", customer="c"),
        event("order.won", "2026-03-02 08:00", customer="c", amount=1),
        event("order.won", "2026-03-02 08:30", customer="c", amount=2),
        event("report.submitted", "2026-03-02 10:00"),
    ]
    assert [one["rule"] for one in client.replay(rules, events, *DAY)] == ["a", "b"]
