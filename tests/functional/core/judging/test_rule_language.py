"""The rule language on every path: each story is replayed, and lived through on both databases. What holds for replay
alone is in test_replay_triggers.py, test_replay_facts.py, test_replay_metrics.py, test_replay_actions.py and
test_replay_files.py."""

from __future__ import annotations

from story import a_report, an_event

WEEK = {"start": "2026-03-02 00:00", "until": "2026-03-06 23:00"}
HELLO = "message: {zh: 你好, en: Hello}"


def visit(when: str, by: str = "zhang", customer: str = "c"):
    return an_event("visit.completed", when, by, customer=customer)


def days(story, *events, **period) -> list[tuple[str, str, str]]:
    """Each finding as (rule, local day and time in Beijing, subject)."""
    from story import BEIJING

    found = story.findings(*events, **(period or WEEK))
    return sorted((one.rule, f"{one.at.astimezone(BEIJING):%d %H:%M}", one.subject) for one in found)


def test_a_thing_that_is_to_be_repeated_is_not_its_own_repetition(story):
    story.rule(
        f"""
        id: r
        kind: escalation
        when: {{event: visit.completed, without: visit.completed, within: 2 days, match: customer}}
        then: [{{nudge: person, {HELLO}}}]
        """
    )
    assert days(story, visit("2026-03-02 09:00"), visit("2026-03-03 09:00")) == [("r", "05 09:00", "zhang")]


def test_two_rules_may_each_have_a_metric_of_one_name(story):
    for name, counted, least in (("a", "visit.completed", 1), ("b", "order.won", 2)):
        story.rule(
            f"""
            id: {name}
            kind: validation
            when: {{event: report.submitted}}
            if: {{fact: metric.n, is: {least}}}
            then: [{{mark: seen}}]
            metrics: {{n: {{count: {counted}, window: today}}}}
            """,
            name,
        )
    orders = [an_event("order.won", f"2026-03-02 0{n}:00", customer=f"c{n}", amount=n) for n in (7, 8)]
    found = days(story, visit("2026-03-02 08:00"), *orders, a_report("2026-03-02 10:00"))
    assert found == [("a", "02 10:00", "zhang"), ("b", "02 10:00", "zhang")]


LADDER = """
    id: r
    kind: reminder
    when: {every: day, at: "19:00"}
    who: {fact: person.id, is: zhang}
    then: [{mark: first}]
    later: [{at: "21:00", then: [{mark: second}]}]
    until: {fact: person.on_trip, is: false}
    limit: {once_per: month}
"""


def trip(kind: str, when: str, name: str):
    return an_event(f"trip.{kind}", when, trip=name)


def test_until_cancels_as_soon_as_it_holds_though_it_holds_no_more_when_the_step_is_due(story):
    story.rule(LADDER)
    trips = [
        trip("started", "2026-03-02 08:00", "a"),
        trip("ended", "2026-03-02 20:00", "a"),
        trip("started", "2026-03-02 20:30", "b"),
    ]
    assert days(story, *trips) == [("r", "02 19:00", "zhang")]


def test_until_that_holds_from_the_beginning_leaves_nothing_of_later(story):
    story.rule(LADDER)
    assert days(story, trip("started", "2026-03-02 20:00", "a")) == [("r", "02 19:00", "zhang")]


def test_until_reads_metrics_also_where_a_schedule_or_a_deadline_has_just_begun_the_ladder(story):
    for name, when in (
        ("a", '{every: day, at: "19:00"}'),
        ("b", "{event: trip.ended, without: claim.submitted, within: 9 hours, match: trip}"),
    ):
        story.rule(
            f"""
            id: {name}
            kind: reminder
            when: {when}
            who: {{fact: person.id, is: zhang}}
            then: [{{mark: first}}]
            later: [{{after: 2 hours, then: [{{mark: second}}]}}]
            until: {{fact: metric.n, gte: 1}}
            limit: {{once_per: month}}
            metrics: {{n: {{count: report.submitted, window: today}}}}
            """,
            name,
        )
    found = days(story, a_report("2026-03-02 12:00"), trip("ended", "2026-03-02 10:00", "t"))
    assert found == [("a", "02 19:00", "zhang"), ("b", "02 19:00", "zhang")]


def test_each_ladder_ends_by_the_event_it_began_with(story):
    story.rule(
        """
        id: r
        kind: validation
        when: {event: need.raised}
        then: [{mark: first}]
        later: [{after: 2 hours, then: [{mark: second}]}]
        until: [{fact: metric.n, gte: 1}, {fact: event.text, is: short}]
        metrics: {n: {count: report.submitted, window: today}}
        """
    )
    needs = [
        an_event("need.raised", f"2026-03-02 1{n}:00", need=text, text=text) for n, text in enumerate(("short", "long"))
    ]
    assert days(story, *needs, a_report("2026-03-02 11:30")) == [
        ("r", "02 10:00", "zhang"), ("r", "02 11:00", "zhang"), ("r", "02 13:00", "zhang"),
    ]  # fmt: skip


def test_a_case_counts_what_happened_in_it_whoever_did_it(story):
    with (story.folder / "client.yaml").open("a") as client:
        client.write("event_types: {node.asked: {fields: {case: {type: text, key: true}}}}\n")
    story.rule(
        """
        id: r
        kind: validation
        about: case
        when: {event: node.asked}
        if: {fact: metric.n, gte: 2}
        then: [{mark: seen}]
        metrics: {n: {count: node.asked, window: last 30 days}}
        """
    )
    asked = [
        an_event("node.asked", f"2026-03-0{n} 10:00", who, case=case)
        for n, who, case in ((2, "lead", "k1"), (3, "zhang", "k1"), (4, "zhang", "k2"))
    ]
    assert days(story, *asked) == [("r", "03 10:00", "k1")]


def test_a_person_who_is_away_at_a_deadline_is_replaced_and_why_says_what_was_waited_for(story):
    story.rule(
        f"""
        id: r
        kind: escalation
        when: {{event: need.raised, without: need.answered, within: 1 day, match: need}}
        then: [{{nudge: person, {HELLO}}}]
        """
    )
    events = [
        an_event("need.raised", "2026-03-02 10:00", need="n"),
        an_event("leave.started", "2026-03-02 18:00", leave="l"),
    ]
    found = story.findings(*events, **WEEK)
    assert [(one.recipient, one.meant_for) for one in found] == [("lead", "zhang")]
    assert [dict(reason) for reason in found[0].why] == [
        {
            "part": "when",
            "fact": "need.raised",
            "value": "2026-03-02T10:00:00+08:00",
            "op": "without",
            "operand": ["need.answered"],
            "holds": True,
        }
    ]


def test_peers_are_compared_each_by_their_own_day(story):
    story.people(*(f"jun{n},Jun {n},sales,rep,lead,Australia/Sydney,en,,,2020-01-01," for n in range(3)))
    story.rule(
        """
        id: r
        kind: validation
        when: {event: report.submitted}
        if: {fact: peers.n, is: 0}
        then: [{mark: seen}]
        metrics: {n: {count: visit.completed, window: today}}
        """
    )
    visits = [visit("2026-03-02 12:00", f"jun{n}") for n in range(3)]
    reports = [a_report(f"2026-03-02 {hour}:30") for hour in (20, 23)]
    assert days(story, *visits, *reports) == [("r", "02 23:30", "zhang")]


def test_who_moves_to_another_zone_is_asked_once_on_each_of_their_days(story):
    story.people(
        "zhang,Zhang San,sales,rep,lead,Asia/Shanghai,en,,,2020-01-01,2026-03-03",
        "zhang,Zhang San,sales,rep,lead,Australia/Sydney,en,,,2026-03-04,",
    )
    story.rule(
        f"""
        id: r
        kind: reminder
        when: {{every: day, at: "01:00"}}
        who: {{fact: person.id, is: zhang}}
        then: [{{nudge: person, {HELLO}}}]
        """
    )
    assert days(story, start="2026-03-02 00:00", until="2026-03-05 00:00") == [
        ("r", "02 01:00", "zhang"), ("r", "03 01:00", "zhang"), ("r", "03 22:00", "zhang"), ("r", "04 22:00", "zhang"),
    ]  # fmt: skip


def test_inferences_chain_and_emitted_events_are_judged(story):
    story.rule(
        """
        - {id: a, kind: diagnosis, when: {event: report.submitted}, if: {fact: event.needs.length, gt: 100}, then: [{infer: found.a, because: {zh: 甲, en: A}}]}
        - {id: b, kind: diagnosis, when: {event: report.submitted}, if: {fact: found.a, is: true}, then: [{emit: visit.completed}]}
        - {id: c, kind: validation, when: {event: visit.completed}, if: {fact: metric.n, is: 1}, then: [{mark: seen}], metrics: {n: {count: visit.completed, window: today}}}
        """
    )
    assert days(story, a_report("2026-03-02 10:00")) == [(rule, "02 10:00", "zhang") for rule in "abc"]
