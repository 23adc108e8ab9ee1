"""The check before publishing."""

from __future__ import annotations

import pytest

from tests.unit.rules.builders import a_catalogue, a_document, nudge, on_report
from tideng.org.directory import Directory, Position
from tideng_rules.check.run import check
from tideng_rules.document.parser import parse_rule


def found(*documents, severity: str = "error", **options) -> dict[str, str]:
    """Place → problem with its hint, of one severity."""
    problems = check([parse_rule(d) for d in documents], a_catalogue(), **options)
    return {p.at: f"{p.problem} ({p.hint})" for p in problems if p.severity == severity}


def test_a_rule_in_order_has_no_problem():
    assert check([parse_rule(a_document())], a_catalogue()) == []


@pytest.mark.parametrize(
    ("leaf", "problem"),
    [
        ({"fact": "metric.report_today", "is": 0}, "did you mean 'reports_today'?"),
        ({"fact": "person.nam", "is": "x"}, "did you mean 'person.name'?"),
        ({"fact": "persn.name", "is": "x"}, "did you mean 'person.name'?"),
        ({"fact": "event.needs", "is": "x"}, "a schedule has no event"),
        ({"fact": "found.tired", "is": True}, "no rule infers 'found.tired'"),
        ({"fact": "case.x", "is": 1}, "about a person"),
        ({"fact": "target.visits_this_weak", "gt": 1}, "did you mean 'visits_this_week'?"),
    ],
)
def test_an_unknown_fact_is_an_error_with_a_suggestion(leaf, problem):
    assert problem in found(a_document(if_=leaf, examples=None))["report-missing: if.fact"]


@pytest.mark.parametrize(
    ("leaf", "place", "problem"),
    [
        ({"fact": "event.need", "is": "x"}, "if.fact", "did you mean 'needs'?"),
        ({"fact": "event.needs.length", "lt": "100"}, "if.lt", "write 100 without quotes"),
        ({"fact": "event.needs", "lt": 100}, "if.lt", "a text, which `lt` cannot compare"),
        ({"fact": "event.needs", "is": 5}, "if.is", "5 is a number"),
        ({"fact": "event.issues", "is": "x"}, "if.is", "a list"),
        ({"fact": "event.date", "gt": "yesterday"}, "if.gt", "a date"),
        ({"fact": "event.date.length", "gt": 1}, "if.fact", "has no length"),
        ({"fact": "person.on_trip", "is": "yes"}, "if.is", "true or false"),
        ({"fact": "metric.reports_today", "lt": {"fact": "metric.visits_this_week"}}, "if.lt", "in reports"),
        ({"fact": "metric.reports_today", "lt": {"fact": "person.name"}}, "if.lt", "person.name is a text"),
        ({"fact": "event.date", "gt": {"fact": "person.since", "times": 2}}, "if.gt.times", "cannot be multiplied"),
    ],
)
def test_types_and_units_are_checked_against_the_catalogue(leaf, place, problem):
    assert problem in found(on_report(if_=leaf))[f"on-report: {place}"]


def test_an_open_event_type_accepts_any_field():
    assert (
        found(on_report(when={"event": "permit.final_approved"}, if_={"fact": "event.org:role", "is": "EMPLOYEE"}))
        == {}
    )


def test_an_unknown_event_type_has_a_suggestion():
    assert "report.submitted" in found(on_report(when={"event": "report.submited"}, if_=None))["on-report: when.event"]


def test_an_absence_is_matched_on_a_field_that_identifies_something():
    when = {"event": "trip.started", "without": "trip.ended", "within": "2 days", "match": "trip"}
    rule = a_document(who=None, if_=None, examples=None)
    assert found(rule | {"when": when}) == {}
    assert "does not identify" in found(rule | {"when": when | {"match": "city"}})["report-missing: when.match"]
    assert "its keys: trip" in found(rule | {"when": when | {"match": "xyz"}})["report-missing: when.match"]


def test_messages_may_only_name_facts_that_exist():
    then = [{"nudge": "person", "message": {"zh": "{person.nme}，在吗？", "en": "{name} Hello {0}"}}]
    problems = found(a_document(then=then))
    assert "did you mean 'person.name'?" in problems["report-missing: then[0].message.zh"]
    assert "report-missing: then[0].message.en" in problems


@pytest.mark.parametrize(
    "wording", ["再不交就罚款 50 元", "迟交扣款", "扣你绩效", "A fine of 50 yuan", "We deduct it from your pay"]
)
def test_a_message_that_punishes_is_refused(wording):
    then = [{"nudge": "person", "message": {"zh": wording, "en": wording}}]
    assert "speaks of a punishment" in found(a_document(then=then))["report-missing: then[0].message.zh"]


@pytest.mark.parametrize("wording", ["给客户的折扣写上了吗？", "The lamp is defined in the refined sheet"])
def test_a_discount_is_no_punishment(wording):
    assert found(a_document(then=[{"nudge": "person", "message": {"zh": wording, "en": wording}}])) == {}


def test_a_harsh_tone_is_a_warning():
    then = [{"nudge": "person", "message": {"zh": "您未提交日报，请尽快完成！", "en": "Done?"}}]
    assert "sounds harsh" in found(a_document(then=then), severity="warning")["report-missing: then[0].message.zh"]


def test_missing_translations_titles_and_examples_are_warnings():
    warnings = found(
        a_document(title=None, examples=None, then=[{"nudge": "person", "message": {"zh": "在吗？"}}]),
        severity="warning",
    )
    assert "missing in zh, en" in warnings["report-missing: title"]
    assert "missing in en" in warnings["report-missing: then[0].message"]
    assert "there are none" in warnings["report-missing: examples"]


def test_an_example_that_fails_is_an_error_that_says_what_came():
    wrong = a_document()["examples"][0] | {"expect": ["mark incomplete"]}
    problem = found(a_document(examples=[wrong]))["report-missing: examples[0]"]
    assert "expects mark incomplete, and gets nudge person" in problem


def test_an_example_with_a_fact_the_rule_does_not_read_is_a_warning():
    odd = a_document()["examples"][0]
    odd = odd | {"facts": odd["facts"] | {"metric.reports_todya": 0}}
    assert (
        "reports_today"
        in found(a_document(examples=[odd]), severity="warning")[
            "report-missing: examples[0].facts.metric.reports_todya"
        ]
    )


def test_the_same_id_twice_is_an_error():
    assert "there twice" in found(a_document(), a_document())["report-missing"]


def test_a_metric_name_has_one_meaning_among_rules_that_infer_for_each_other_and_in_the_catalogue():
    metric = {"visits": {"count": "trip.ended", "window": "today"}}
    other = {"visits": {"count": "trip.ended", "window": "this week"}}
    infer = [{"infer": "found.x", "because": {"zh": "甲", "en": "A"}}]
    assert found(a_document(metrics=metric), on_report(metrics=other)) == {}
    together = found(on_report("first", metrics=metric, then=infer), on_report(metrics=other))
    assert "means something else" in together["on-report: metrics.visits"]
    standard = {"reports_today": {"count": "report.submitted", "window": "this week"}}
    assert (
        "a standard metric has this name"
        in found(a_document(metrics=standard))["report-missing: metrics.reports_today"]
    )


def test_a_metric_needs_a_field_it_can_compute():
    metric = {"m": {"sum": "order.won/paid", "window": "today"}, "n": {"sum": "order.won/amout", "window": "today"}}
    problems = found(a_document(metrics=metric))
    assert "needs a number" in problems["report-missing: metrics.m.sum"]
    assert "did you mean 'amount'?" in problems["report-missing: metrics.n.sum"]


def test_ask_needs_a_form_and_a_field_of_it():
    ask = [{"ask": "need", "message": {"zh": "再说说？", "en": "More?"}}]
    assert "did you mean 'needs'?" in found(on_report(then=ask))["on-report: then[0].ask"]
    assert "triggered by its event" in found(a_document(then=ask, examples=None))["report-missing: then[0].ask"]


def test_an_unknown_channel_has_a_suggestion():
    then = [nudge() | {"channel": "emial"}]
    assert "did you mean 'email'?" in found(a_document(then=then))["report-missing: then[0].channel"]


def test_a_target_that_no_position_has_is_a_warning():
    leaf = {"fact": "metric.visits_this_week", "lt": {"fact": "target.visits_this_week"}}
    directory = Directory(positions=[Position("rep", "Rep", targets={"visits_this_month": (">=", 15)})])
    warnings = found(a_document(if_=leaf, examples=None), severity="warning", directory=directory)
    assert "no position has a target" in warnings["report-missing: if.lt.fact"]


def test_inferences_in_a_circle_are_refused():
    first = on_report("first", if_={"fact": "found.b", "is": True}, then=[{"infer": "found.a", "because": "b"}])
    second = on_report("second", if_={"fact": "found.a", "is": True}, then=[{"infer": "found.b", "because": "a"}])
    assert "in a circle" in found(first, second)["first, second"]


def test_a_fact_inferred_at_another_moment_is_refused():
    infers = on_report("infers", if_=None, then=[{"infer": "found.tired", "because": "x"}])
    reads = a_document(if_={"fact": "found.tired", "is": True}, examples=None)
    assert "inferred at another moment" in found(infers, reads)["report-missing: if.fact"]


def test_a_schedule_about_cases_is_an_error():
    assert "knows of no cases" in found(a_document(about="case", examples=None))["report-missing: about"]
