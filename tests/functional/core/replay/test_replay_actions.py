"""What rules do and how often, who is reached, later steps and `until`: sentence by sentence."""

from __future__ import annotations

import itertools

import pytest
from replayed import Client, event, moments, said

from tideng.base.errors import InvalidBundle

DAY = ("2026-03-02 00:00", "2026-03-02 23:59:59")
HELLO = "message: {zh: 你好, en: Hello}"


@pytest.fixture
def client(tmp_path) -> Client:
    return Client(tmp_path / "client")


@pytest.fixture
def team(client) -> Client:
    return client.people(
        "boss,Gu Ming,sales,lead,",
        "lead,Wang Haiyan,sales,lead,boss,,,,dep",
        "dep,Chen,sales,lead,boss",
        "zhang,Zhang San,sales,rep,lead",
        "hr,Zhou Min,sales,lead,boss",
        roles="roles: {hr: [hr], product: [dep], legal: []}\n",
    )


def on_visit(then: str, extra: str = "", kind: str = "validation") -> str:
    return f"id: r\nkind: {kind}\nwhen: {{event: visit.completed}}\nthen: {then}\n{extra}"


def visit(when: str = "2026-03-02 10:00", who: str = "zhang", **more) -> dict:
    return event("visit.completed", when, who, customer="c", **more)


# -- the line --------------------------------------------------------------------------------------------------------
ACTIONS = {
    f"nudge: person, {HELLO}": ("inform", "nudge", "zhang"),
    f"nudge: supervisor, {HELLO}": ("inform", "nudge", "lead"),
    f"nudge: hr, {HELLO}": ("inform", "nudge", "hr"),
    f"nudge: 'role:product', {HELLO}": ("inform", "nudge", "dep"),
    f"nudge: owner, {HELLO}": ("inform", "nudge", "hr"),  # no owner is named: never nobody
    f"ask: customer, severity: must, {HELLO}": ("ask", "ask", "zhang"),
    "mark: incomplete": ("record", "mark", None),
    "infer: found.x, because: {zh: 甲, en: A}": ("record", "infer", None),
    "emit: report.submitted": ("record", "emit", None),
    "improve: person, cause: {zh: 甲, en: A}": ("support", "improve", "zhang"),
    "plan: [{course: product}, {review: visits_this_week, after: 30 days}]": ("support", "plan", "zhang"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_one_line_with_its_effect_and_whom_it_reached(team, action):
    found = team.replay(on_visit(f"[{{{action}}}]", "if: {fact: event.customer, is: c}"), [visit()], *DAY)
    effect, name, to = ACTIONS[action]
    assert found == [
        {
            "at": "2026-03-02T10:00:00+08:00",
            "rule": "r",
            "version": 1,
            "subject": "zhang",
            "effect": effect,
            "action": name,
            "to": to,
            "key": found[0]["key"],
            "why": [{"part": "if", "fact": "event.customer", "value": "c", "op": "is", "operand": "c", "holds": True}],
        }
    ]


def test_the_owner_is_the_one_the_event_names(client):
    rule = f"id: r\nkind: escalation\nabout: case\nwhen: {{event: stage.overdue}}\nthen: [{{nudge: owner, {HELLO}}}]"
    client.client += "event_types: {stage.overdue: {fields: {case: {type: text, key: true}, owner: text}}}\n"
    client.write("client.yaml", client.client)
    overdue = event("stage.overdue", "2026-03-02 10:00", "zhang", case="k1", owner="wang")
    assert said(client.replay(rule, [overdue], *DAY)) == ["02 10:00 nudge wang"]
    client.people("zhang,Zhang,sales,rep,", "wang,Wang,sales,lead,zhang", roles="roles: {hr: [zhang]}\n")
    assert said(client.replay(rule, [overdue], *DAY)) == ["02 10:00 nudge wang"]
    away = event("leave.started", "2026-03-02 09:00", "wang", leave="l")
    assert said(client.replay(rule, [away, overdue], *DAY)) == ["02 10:00 nudge zhang"]


RECIPIENTS = {  # what happens before 10:00, and who is told at 10:00 what was meant for the supervisor
    "nothing": ([], "lead"),
    "the supervisor is on leave: the deputy": ([event("leave.started", "2026-03-02 08:00", "lead", leave="l")], "dep"),
    "the supervisor has left: the deputy": ([event("person.left", "2026-03-02 08:00", "lead")], "dep"),
    "the deputy is away too: the next one up": (
        [event("leave.started", "2026-03-02 08:00", who, leave="l") for who in ("lead", "dep")], "boss",
    ),
    "all are away: HR": ([event("leave.started", "2026-03-02 08:00", who, leave="l") for who in ("lead", "dep", "boss")], "hr"),
    "back from leave": (
        [event("leave.started", "2026-03-01 08:00", "lead", leave="l"), event("leave.ended", "2026-03-02 09:00", "lead", leave="l")], "lead",
    ),
    "moved to another supervisor": ([event("person.moved", "2026-03-02 08:00", "zhang", supervisor="boss")], "boss"),
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPIENTS)
def test_a_vacant_or_absent_recipient_is_replaced_and_never_by_nobody(team, name):
    events, expected = RECIPIENTS[name]
    found = team.replay(on_visit(f"[{{nudge: supervisor, {HELLO}}}]"), [*events, visit()], *DAY)
    assert said(found) == [f"02 10:00 nudge {expected}"]


def test_a_role_that_nobody_holds_and_a_subject_that_nobody_knows_go_to_hr(team):
    assert said(team.replay(on_visit(f"[{{nudge: 'role:legal', {HELLO}}}]"), [visit()], *DAY)) == ["02 10:00 nudge hr"]
    for to in ("person", "supervisor"):
        found = team.replay(on_visit(f"[{{nudge: {to}, {HELLO}}}]"), [visit(who="stranger")], *DAY)
        assert [(one["subject"], one["to"]) for one in found] == [("stranger", "hr")]


def test_without_people_the_roles_stand_for_themselves(client):
    for to, reached in (("person", "zhang"), ("supervisor", "role:hr"), ("hr", "role:hr")):
        found = client.replay(on_visit(f"[{{nudge: {to}, {HELLO}}}]"), [visit()], *DAY)
        assert [one["to"] for one in found] == [reached]


def test_a_person_who_is_away_at_a_deadline_is_replaced_like_any_recipient(team):
    rule = f"id: r\nkind: escalation\nwhen: {{event: need.raised, without: need.answered, within: 1 day, match: need}}\nthen: [{{nudge: person, {HELLO}}}]"
    events = [event("need.raised", "2026-03-01 10:00", need="n"), event("leave.started", "2026-03-01 18:00", leave="l")]
    assert said(team.replay(rule, events, *DAY)) == ["02 10:00 nudge lead"]


def test_several_actions_are_several_lines_in_their_order_with_keys_of_their_own(team):
    then = f"[{{mark: late}}, {{nudge: person, {HELLO}}}, {{nudge: supervisor, {HELLO}}}]"
    found = team.replay(on_visit(then), [visit(), visit("2026-03-02 11:00")], *DAY)
    assert [one["action"] for one in found] == ["mark", "nudge", "nudge"] * 2
    assert len({one["key"] for one in found}) == 6


def test_several_rules_at_once_speak_in_the_order_of_their_priority_and_ids(client):
    rules = "\n".join(
        f"- {{id: {name}, kind: validation, when: {{event: visit.completed}}, then: [{{mark: seen}}], priority: {rank}}}"
        for name, rank in (("a", 0), ("b", 5), ("c", 0))
    )
    assert [one["rule"] for one in client.replay(rules, [visit()], *DAY)] == ["b", "a", "c"]


def test_an_edited_rule_keeps_its_keys(client):
    before = client.replay(on_visit("[{mark: a}]"), [visit()], *DAY)
    after = client.replay(on_visit("[{mark: b}]", "if: {fact: event.customer, is: c}"), [visit()], *DAY)
    assert [one["key"] for one in before] == [one["key"] for one in after]


# -- emit ------------------------------------------------------------------------------------------------------------
def test_an_emitted_event_triggers_rules_counts_and_answers_an_absence(client):
    rules = """
- {id: emits, kind: validation, when: {event: visit.completed}, then: [{emit: report.submitted}]}
- {id: hears, kind: validation, when: {event: report.submitted}, if: {fact: metric.n, is: 1}, then: [{mark: heard}], metrics: {n: {count: report.submitted, window: today}}}
- {id: waits, kind: escalation, when: {event: visit.completed, without: report.submitted, within: 1 hour, match: subject}, then: [{mark: waited}]}
"""
    assert said(client.replay(rules, [visit()], *DAY)) == ["02 10:00 emit zhang", "02 10:00 mark zhang"]


def test_rules_that_emit_for_each_other_are_refused_with_the_path(client):
    rules = """
- {id: ping, kind: validation, when: {event: visit.completed}, then: [{emit: report.submitted}]}
- {id: pong, kind: validation, when: {event: report.submitted}, then: [{emit: visit.completed}]}
"""
    with pytest.raises(InvalidBundle, match=r"ping → report.submitted → pong → visit.completed → ping"):
        client.replay(rules, [visit()], *DAY)


def test_a_chain_of_rules_that_emit_ends_at_the_greatest_depth(client):
    chain = [
        "visit.completed",
        "report.submitted",
        "trip.started",
        "trip.ended",
        "course.opened",
        "course.closed",
        "course.archived",
    ]
    types = "event_types:\n" + "".join(f"  {name}: {{title: {{zh: 课, en: Course}}}}\n" for name in chain[4:])
    client.write("client.yaml", client.client + types)
    rules = "".join(
        f"- {{id: r{n}, kind: validation, when: {{event: {one}}}, then: [{{emit: {following}}}]}}\n"
        for n, (one, following) in enumerate(itertools.pairwise(chain))
    )
    found = client.replay(rules, [visit()], *DAY)
    assert [one["rule"] for one in found] == ["r0", "r1", "r2", "r3", "r4"], "the fifth is one rule too far to be heard"


def test_a_schedule_and_a_deadline_may_emit(team):
    rules = """
- {id: a, kind: reminder, when: {every: day, at: "09:00"}, who: {fact: person.id, is: zhang}, then: [{emit: visit.completed}]}
- {id: b, kind: escalation, when: {event: visit.completed, without: report.submitted, within: 1 hour, match: subject}, then: [{emit: report.submitted}]}
- {id: c, kind: validation, when: {event: report.submitted}, then: [{mark: heard}]}
"""
    assert said(team.replay(rules, [], *DAY)) == ["02 09:00 emit zhang", "02 10:00 emit zhang", "02 10:00 mark zhang"]


# -- limits ----------------------------------------------------------------------------------------------------------
VISITS = [visit(f"2026-03-{day:02} {hour}:00") for day in (2, 3, 9, 31) for hour in ("10", "11")] + [
    visit("2026-04-01 10:00")
]
LIMITS = {
    "": ["02 10:00", "02 11:00", "03 10:00", "03 11:00", "09 10:00", "09 11:00", "31 10:00", "31 11:00", "01 10:00"],
    "limit: {once_per: occurrence}": ["02 10:00", "02 11:00", "03 10:00", "03 11:00", "09 10:00", "09 11:00", "31 10:00", "31 11:00", "01 10:00"],
    "limit: {once_per: day}": ["02 10:00", "03 10:00", "09 10:00", "31 10:00", "01 10:00"],
    "limit: {once_per: week}": ["02 10:00", "09 10:00", "31 10:00"],
    "limit: {once_per: month}": ["02 10:00", "01 10:00"],
    "limit: {once_per: 1 day}": ["02 10:00", "03 10:00", "09 10:00", "31 10:00", "01 10:00"],
    "limit: {once_per: 2 days}": ["02 10:00", "09 10:00", "31 10:00"],
    "limit: {once_per: 7 days}": ["02 10:00", "09 10:00", "31 10:00"],
    "limit: {once_per: 8 days}": ["02 10:00", "31 10:00"],
    "limit: {at_most: 1 per week}": ["02 10:00", "09 10:00", "31 10:00"],
    "limit: {at_most: 3 per week}": ["02 10:00", "02 11:00", "03 10:00", "09 10:00", "09 11:00", "31 10:00", "31 11:00", "01 10:00"],
    "limit: {once_per: day, at_most: 1 per week}": ["02 10:00", "09 10:00", "31 10:00"],
}  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS)
def test_a_rule_speaks_no_oftener_than_its_limit(client, limit):
    found = client.replay(on_visit("[{mark: seen}]", limit), VISITS, "2026-03-01 00:00", "2026-04-30 00:00")
    assert moments(found) == LIMITS[limit]
    assert len({one["key"] for one in found}) == len(found)


KINDS = {
    "reminder": "limit: {once_per: day}",
    "validation": "",
    "escalation": "",
    "diagnosis": "limit: {once_per: month}",
}


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_limit_the_kind_says_how_often(client, kind):
    found = client.replay(on_visit("[{mark: seen}]", kind=kind), VISITS, "2026-03-01 00:00", "2026-04-30 00:00")
    assert moments(found) == LIMITS[KINDS[kind]]


def test_a_limit_is_each_subjects_own(client):
    rule = on_visit("[{mark: seen}]", "limit: {once_per: month}")
    found = client.replay(rule, [visit(who=who) for who in ("li", "wang", "zhang")], *DAY)
    assert len(found) == 3


# -- about -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("about", "subjects"),
    [("person", ["zhang", "wu"]), ("case", ["k1", "k2"]), ("position", ["rep", "rep"]), ("unit", ["sales", "sales"])],
)
def test_what_is_judged(client, about, subjects):
    client.client += "event_types: {stage.done: {fields: {case: {type: text, key: true}, cost: number}}}\n"
    client.people("zhang,Zhang,sales,rep,", "wu,Wu,sales,rep,")
    rule = f"id: r\nkind: validation\nabout: {about}\nwhen: {{event: stage.done}}\nthen: [{{mark: seen}}]"
    events = [
        event("stage.done", f"2026-03-02 1{n}:00", who, case=f"k{n + 1}", cost=n)
        for n, who in enumerate(("zhang", "wu"))
    ]
    assert [one["subject"] for one in client.replay(rule, events, *DAY)] == subjects
    once = client.replay(rule + "\nlimit: {once_per: day}", events, *DAY)
    assert len(once) == len(set(subjects))


def test_facts_of_a_case_are_those_of_its_event(client):
    client.client += "event_types: {stage.done: {fields: {case: {type: text, key: true}, cost: number}}}\n"
    client.write("client.yaml", client.client)
    rule = "id: r\nkind: validation\nabout: case\nwhen: {event: stage.done}\nif: {fact: case.cost, gt: 5}\nthen: [{mark: seen}]"
    events = [event("stage.done", f"2026-03-02 1{n}:00", "zhang", case=f"k{n}", cost=n * 5) for n in range(3)]
    assert [one["subject"] for one in client.replay(rule, events, *DAY)] == ["k2"]


# -- later and until -------------------------------------------------------------------------------------------------
LADDER = """
id: r
kind: reminder
when: {every: day, at: "19:00"}
who: {fact: person.id, is: zhang}
then: [{mark: first}]
later:
  - {at: "21:00", then: [{mark: second}, {nudge: supervisor, message: {zh: 你好, en: Hello}}]}
  - {after: 24 hours, then: [{mark: third}]}
limit: {once_per: month}
"""
LONG = ("2026-03-02 00:00", "2026-03-05 00:00")


def test_later_steps_follow_on_the_same_local_day_and_after_a_length_of_time(team):
    found = team.replay(LADDER, [], *LONG)
    assert said(found) == ["02 19:00 mark zhang", "02 21:00 mark zhang", "02 21:00 nudge lead", "03 19:00 mark zhang"]
    assert len({one["key"] for one in found}) == 4


UNTIL = "until: {fact: metric.n, gte: 1}\nmetrics: {n: {count: report.submitted, window: today}}\n"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-02 20:59:59", ["02 19:00"]),
        ("2026-03-02 21:00:00", ["02 19:00"]),
        ("2026-03-02 21:00:01", ["02 19:00", "02 21:00", "02 21:00"]),
        ("2026-03-03 18:59:59", ["02 19:00", "02 21:00", "02 21:00"]),
    ],
)
def test_until_cancels_what_is_left(team, moment, expected):
    assert moments(team.replay(LADDER + UNTIL, [event("report.submitted", moment)], *LONG)) == expected


def test_until_cancels_as_soon_as_it_holds_though_it_does_not_hold_any_more_when_the_step_is_due(team):
    back = "until: {fact: person.on_trip, is: false}\n"
    trips = [
        event("trip.started", "2026-03-02 08:00", trip="a"),
        event("trip.ended", "2026-03-02 20:00", trip="a"),
        event("trip.started", "2026-03-02 20:30", trip="b"),
    ]
    assert moments(team.replay(LADDER + back, trips[:1], *LONG)) == ["02 19:00", "02 21:00", "02 21:00", "03 19:00"]
    assert moments(team.replay(LADDER + back, trips, *LONG)) == ["02 19:00"]


def test_until_that_holds_from_the_beginning_leaves_nothing_of_later(team):
    away = [event("trip.started", "2026-03-02 20:00", trip="a")]
    rule = LADDER + "until: {fact: person.on_trip, is: false}\n"
    assert moments(team.replay(rule, away, *LONG)) == ["02 19:00"]


def test_a_time_of_day_that_is_over_never_moves_to_the_next_day(client):
    rule = on_visit("[{mark: first}]", 'later: [{at: "21:00", then: [{mark: second}]}]')
    assert moments(client.replay(rule, [visit("2026-03-02 20:00")], *LONG)) == ["02 20:00", "02 21:00"]
    assert moments(client.replay(rule, [visit("2026-03-02 22:00")], *LONG)) == ["02 22:00"]


AFTER = {"90 minutes": "02 20:30", "2 hours": "02 21:00", "1 day": "03 19:00", "2 workdays": "04 19:00"}


@pytest.mark.parametrize("after", AFTER)
def test_a_step_comes_after_a_length_of_time(client, after):
    rule = on_visit("[{mark: first}]", f"later: [{{after: {after}, then: [{{mark: second}}]}}]")
    assert moments(client.replay(rule, [visit("2026-03-02 19:00")], *LONG)) == ["02 19:00", AFTER[after]]


def test_a_step_outside_the_period_is_not_judged_and_one_of_a_speech_before_it_neither(team):
    assert moments(team.replay(LADDER, [], "2026-03-02 00:00", "2026-03-02 20:59:59")) == ["02 19:00"]
    assert moments(team.replay(LADDER, [], "2026-03-02 20:00", "2026-03-03 18:00")) == []


ENDS = {
    "the person leaves": event("person.left", "2026-03-02 20:00"),
    "the person goes on leave": event("leave.started", "2026-03-02 20:00", leave="l"),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_running_ladder_ends_when(team, name):
    assert moments(team.replay(LADDER, [ENDS[name]], *LONG)) == ["02 19:00"]


def test_a_step_goes_to_whoever_is_the_supervisor_then(team):
    moved = event("person.moved", "2026-03-02 20:00", supervisor="boss")
    assert "02 21:00 nudge boss" in said(team.replay(LADDER, [moved], *LONG))


def test_a_step_of_a_deadline_and_of_an_event_still_know_their_event(client):
    for when in ("{event: need.raised, without: need.answered, within: 1 hour, match: need}", "{event: need.raised}"):
        rule = f"id: r\nkind: escalation\nwhen: {when}\nthen: [{{mark: first}}]\nlater: [{{after: 2 hours, then: [{{mark: second}}]}}]\nuntil: {{fact: event.text, is: done}}"
        needs = [event("need.raised", "2026-03-02 10:00", need=text, text=text) for text in ("done", "open")]
        steps = client.replay(rule, needs, *LONG)
        assert [one["action"] for one in steps] == ["mark", "mark", "mark"], when
        assert steps[-1]["why"][-1]["value"] == "open"
