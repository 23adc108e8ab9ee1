"""The parser: every form of the rule language, and every mistake at once."""

from __future__ import annotations

from datetime import time

import pytest

from tests.unit.rules.builders import a_document, a_rule, nudge, on_report
from tideng.base.durations import Duration
from tideng.base.errors import InvalidRule
from tideng.model.catalogue import Catalogue, StateWindow
from tideng.model.judge_contract import (
    Limit,
    OnAbsence,
    OnEvent,
    OnSchedule,
    Step,
)
from tideng_rules.document.model import (
    OPERATORS,
    FactRef,
    Group,
    Leaf,
)
from tideng_rules.document.parser import parse_rule


def problems(**changes) -> dict[str, str]:
    """Place → problem with its hint."""
    with pytest.raises(InvalidRule) as caught:
        a_rule(**changes)
    return {problem.at: f"{problem.problem} ({problem.hint})" for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("when", "trigger"),
    [
        ({"event": "report.submitted"}, OnEvent("report.submitted")),
        ({"every": "day", "at": "07:05"}, OnSchedule("day", time(7, 5))),
        ({"every": "workday", "at": "19:00"}, OnSchedule("workday", time(19))),
        ({"every": "week", "on": "friday", "at": "10:00"}, OnSchedule("week", time(10), 4)),
        ({"every": "month", "on": 1, "at": "10:00"}, OnSchedule("month", time(10), 1)),
        ({"every": "month", "on": "last", "at": "10:00"}, OnSchedule("month", time(10), 31)),
        (
            {"event": "a.b", "without": "c.d", "within": "24 hours", "match": "need"},
            OnAbsence("a.b", ("c.d",), Duration(24, "hours"), "need"),
        ),
        (
            {"event": "a.b", "without": ["c.d", "e.f"], "within": "2 workdays", "match": "case", "clock": "working"},
            OnAbsence("a.b", ("c.d", "e.f"), Duration(2, "workdays"), "case", True),
        ),
    ],
)
def test_every_form_of_trigger(when, trigger):
    assert a_rule(when=when).trigger == trigger


@pytest.mark.parametrize("op", OPERATORS)
def test_every_operator_with_a_literal(op):
    operand = {
        "between": [1, 2],
        "in": ["a"],
        "not_in": ["a"],
        "exists": False,
        "starts_with": "a",
        "matches": "^a",
    }.get(op, 1)
    leaf = a_rule(if_={"fact": "event.x", op: operand}).if_
    assert leaf == Leaf("event.x", op, tuple(operand) if isinstance(operand, list) else operand, "if")


def test_an_operand_may_be_another_fact_times_a_factor():
    leaf = a_rule(if_={"fact": "metric.a", "lt": {"fact": "target.a", "times": 0.5}}).if_
    assert leaf.operand == FactRef("target.a", 0.5)


def test_groups_nest_and_a_list_alone_means_all():
    one, two = {"fact": "event.a", "is": 1}, {"fact": "event.b", "is": 2}
    condition = a_rule(if_=[one, {"any": [two, {"none": [one]}]}]).if_
    assert condition.kind == "all"
    assert [type(item) for item in condition.items] == [Leaf, Group]
    assert condition.items[1].items[1].kind == "none"
    assert condition.items[1].items[0].place == "if[1].any[0]"


def test_every_action_has_its_effect():
    deeds = a_rule(
        when={"event": "report.submitted"},
        then=[
            {"nudge": "role:finance", "message": "在吗", "channel": "email"},
            {"ask": "needs", "severity": "must", "message": {"en": "More?"}},
            {"mark": "incomplete"},
            {"infer": "found.tired", "because": {"zh": "走了 {metric.days} 天", "en": "{metric.days} days"}},
            {"emit": "node.overdue"},
            {"improve": "process", "cause": {"en": "Late"}},
            {"plan": [{"course": "lamps"}, {"review": "needs_length_avg", "after": "30 days"}]},
            {"plan": "owner", "steps": [{"mentor": "p7"}]},
        ],
    ).then
    assert [(deed.action, deed.effect, deed.to) for deed in deeds] == [
        ("nudge", "inform", "role:finance"),
        ("ask", "ask", "person"),
        ("mark", "record", ""),
        ("infer", "record", ""),
        ("emit", "record", ""),
        ("improve", "support", "process"),
        ("plan", "support", "person"),
        ("plan", "support", "owner"),
    ]
    assert deeds[0].message == {"zh": "在吗"}
    assert deeds[1].data == {"field": "needs", "severity": "must"}
    assert deeds[6].data["steps"][1] == {"review": "needs_length_avg", "after": "30 days"}


def test_there_is_no_action_that_fines():
    assert "no known action among 'deduct'" in problems(then=[{"deduct": 50}])["then[0]"]


def test_later_steps_at_a_time_or_after_a_while():
    rule = a_rule(later=[{"at": "21:00", "then": nudge("supervisor")}, {"after": "2 hours", "then": [nudge("hr")]}])
    assert [later.step for later in rule.later] == [Step(at=time(21)), Step(after=Duration(2, "hours"))]


@pytest.mark.parametrize(
    ("kind", "once_per"),
    [("reminder", "day"), ("validation", "occurrence"), ("escalation", "occurrence"), ("diagnosis", "month")],
)
def test_a_limit_left_out_depends_on_the_kind(kind, once_per):
    assert a_rule(kind=kind).limit == Limit(once_per)


def test_a_limit_that_is_written_counts():
    assert a_rule(limit={"once_per": "3 days", "at_most": "2 per week"}).limit == Limit("3 days", 2)


def test_a_window_that_a_plugin_declares_begins_with_its_state():
    catalogue = Catalogue()
    catalogue.add(
        [StateWindow("this project", {"zh": "这个项目", "en": "This project"}, "person.on_project")], "projects"
    )
    visits = {"count": "visit.completed", "window": "this project"}
    assert parse_rule(a_document(metrics={"n": visits}), catalogue).metrics["n"].since_state == "person.on_project"
    catalogue.remove("projects")
    with pytest.raises(InvalidRule) as caught:
        parse_rule(a_document(metrics={"n": visits}), catalogue)
    (problem,) = caught.value.problems
    assert (problem.at, "is not a window" in problem.problem) == ("metrics.n.window", True)
    assert "this month" in problem.hint


def test_metrics_of_a_rules_own():
    metrics = a_rule(
        metrics={
            "big_orders": {
                "sum": "order.won/amount",
                "where": {"fact": "event.amount", "gte": 100},
                "window": "last 30 days",
            },
            "customers": {"distinct": "visit.completed/customer", "window": "this month"},
        }
    ).metrics
    big, customers = metrics["big_orders"], metrics["customers"]
    assert (big.function, big.series.event_type, big.series.field, big.window) == (
        "sum",
        "order.won",
        "amount",
        "last 30 days",
    )
    assert big.series.where({"event.amount": 100})
    assert not big.series.where({"event.amount": 99})
    assert customers.series.distinct
    same = a_rule(
        metrics={"x": {"sum": "order.won/amount", "where": {"gte": 100, "fact": "event.amount"}, "window": "today"}}
    )
    assert same.metrics["x"].series.key == big.series.key


def test_a_missing_title_is_no_mistake():
    assert a_rule(title=None, why=None, examples=None).title == {}


def test_every_mistake_is_said_at_once_with_its_place():
    found = problems(
        kind="remindr",
        when={"every": "wek", "att": "7"},
        if_={"all": [{"fact": "x", "iss": 3}, {"fact": "event.a", "lt": 1, "gt": 2}]},
        then=[{"nudge": "boss", "message": {"zh": ""}}],
        limit={"once_per": "daily"},
        extra=1,
    )
    assert "did you mean 'reminder'?" in found["kind"]
    assert "did you mean 'week'?" in found["when.every"]
    assert "did you mean 'at'?" in found["when.att"]
    assert "is not the name of a fact" in found["if.all[0].fact"]
    assert "did you mean 'is'?" in found["if.all[0].iss"]
    assert "more than one operator" in found["if.all[1]"]
    assert "then[0].nudge" in found
    assert "then[0].message.zh" in found
    assert "limit.once_per" in found
    assert "unknown key 'extra'" in found["extra"]


@pytest.mark.parametrize(
    ("changes", "place", "problem"),
    [
        ({"id": "a:b"}, "id", "cannot be an id"),
        ({"id": None}, "", "'id' is missing"),
        ({"when": {"every": "day", "at": "24:00"}}, "when.at", "not a time of day"),
        ({"when": {"every": "day", "at": 1140}}, "when.at", "not a time of day"),
        ({"when": {"every": "week", "at": "10:00"}}, "when.on", "on which day is missing"),
        ({"when": {"every": "month", "on": 32, "at": "10:00"}}, "when.on", "not a day of the month"),
        ({"when": {"every": "day", "on": "friday", "at": "10:00"}}, "when.on", "takes no `on`"),
        ({"when": {"event": "a.b", "at": "10:00"}}, "when.at", "belongs to 'every'"),
        (
            {"when": {"event": "a.b", "without": "c.d", "within": "soon", "match": "x"}},
            "when.within",
            "not a length of time",
        ),
        ({"if_": {"fact": "event.a", "is": None}}, "if.is", "exists: false"),
        ({"if_": {"fact": "event.a", "is": float("nan")}}, "if.is", "no number"),
        ({"if_": {"fact": "event.a", "lt": True}}, "if.lt", "not true/false"),
        ({"if_": {"fact": "event.a", "between": [1]}}, "if.between", "two values"),
        ({"if_": {"fact": "event.a", "in": []}}, "if.in", "at least one value"),
        ({"if_": {"fact": "event.a", "exists": "no"}}, "if.exists", "true or false"),
        ({"if_": {"fact": "event.a", "matches": "(?=a)"}}, "if.matches", "RE2"),
        ({"if_": {"any": [], "all": []}}, "if", "stands alone"),
        ({"if_": 3}, "if", "a condition is needed"),
        ({"then": []}, "then", "nothing is to be done"),
        ({"then": [{"nudge": "person", "mark": "x"}]}, "then[0]", "more than one action"),
        ({"then": [{"infer": "tired", "because": "x"}]}, "then[0].infer", "found.product_knowledge"),
        ({"later": [{"at": "18:00", "then": nudge()}]}, "later[0].at", "18:00 is not after 19:00"),
        ({"later": [{"then": nudge()}]}, "later[0]", "either `at` or `after`"),
        ({"metrics": {"m": {"sum": "a.b", "window": "today"}}}, "metrics.m.sum", "needs a field"),
        ({"metrics": {"m": {"count": "a.b", "window": "yesterday"}}}, "metrics.m.window", "is not a window"),
        ({"metrics": {"m": {"count": "a.b", "window": "last 0 days"}}}, "metrics.m.window", "is not a window"),
        (
            {"metrics": {"m": {"count": "a.b", "window": "today", "where": {"fact": "person.x", "is": 1}}}},
            "metrics.m.where",
            "sees the event alone",
        ),
        ({"examples": [{"name": "x", "at": "2026-03-02T19:00", "expect": []}]}, "examples[0].at", "with its offset"),
        ({"priority": "high"}, "priority", "a whole number"),
        ({"title": {"zh": "早", "the customer": None}}, "title.the customer", "is not a language"),
    ],
)
def test_a_mistake_names_its_place(changes, place, problem):
    assert problem in problems(**changes)[place]


def test_a_tree_nested_too_deep_is_refused_not_crashed():
    condition: object = {"fact": "event.a", "is": 1}
    for _ in range(5000):
        condition = [condition]
    assert "nested deeper" in problems(if_=condition)[""]


@pytest.mark.parametrize("document", [None, 3, "rule", [], {}])
def test_what_is_no_rule_at_all_is_refused(document):
    with pytest.raises(InvalidRule):
        parse_rule(document)


def test_the_document_is_kept_as_it_was_written():
    assert parse_rule(on_report()).document == on_report()
    assert a_rule().document == a_document()
