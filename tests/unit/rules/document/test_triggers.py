"""Waits, sets, `where` and limits by minutes and by value: read, refused, checked, and tried by examples."""

from __future__ import annotations

import pytest

from tests.unit.rules.builders import a_book, a_catalogue, a_document, a_rule
from tests.unit.rules.document.test_parser import problems
from tideng.base.durations import Duration
from tideng.facts.names import EventFacts
from tideng.model.judge_contract import (
    Limit,
    OnAbsence,
    OnNotAll,
    OnWait,
)
from tideng_rules.check.examples import run_examples
from tideng_rules.check.run import check
from tideng_rules.document.parser import parse_rule

LONG = {"fact": "event.needs.length", "gte": 100}
WAIT = {"event": "report.submitted", "wait": "10 minutes"}
SET = {"not_all": ["report.submitted", "trip.ended"], "within": "2 hours", "match": "trip"}
ABSENCE = {"event": "trip.ended", "without": "report.submitted", "within": "1 day", "match": "trip"}
TEN = Duration(10, "minutes")


@pytest.mark.parametrize(
    ("when", "trigger"),
    [
        (WAIT, OnWait("report.submitted", TEN)),
        (WAIT | {"match": "trip", "clock": "working"}, OnWait("report.submitted", TEN, "trip", True)),
        (SET, OnNotAll(("report.submitted", "trip.ended"), Duration(2, "hours"), "trip")),
        (ABSENCE, OnAbsence("trip.ended", ("report.submitted",), Duration(1, "days"), "trip")),
    ],
)
def test_a_window_is_read(when, trigger):
    assert a_rule(when=when, who=None).trigger == trigger


@pytest.mark.parametrize("when", [WAIT, SET, ABSENCE])
def test_where_is_a_condition_on_the_event(when):
    trigger = a_rule(when=when | {"where": LONG}, who=None).trigger
    assert trigger.where.holds({"event.needs.length": 100})
    assert not trigger.where.holds({"event.needs.length": 99})
    assert trigger == a_rule(when=when | {"where": dict(reversed(LONG.items()))}, who=None).trigger
    assert trigger != a_rule(when=when | {"where": LONG | {"gte": 101}}, who=None).trigger
    assert trigger != a_rule(when=when, who=None).trigger


def test_where_reads_an_event_as_it_is(tmp_path):
    from datetime import UTC, datetime

    from tideng.model.event import Event

    trigger = a_rule(when=WAIT | {"where": LONG}, who=None).trigger
    event = Event("1", "s", "report.submitted", datetime(2026, 3, 2, tzinfo=UTC), "p", {"needs": " " + "x" * 100})
    assert trigger.where.holds(EventFacts(event))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"once_per": "60 minutes"}, Limit("60 minutes")),
        ({"once_per": "1 minute"}, Limit("1 minute")),
        ({"once_per": "2 hours", "by": "trip"}, Limit("2 hours", by="trip")),
        ({"once_per": "1 day"}, Limit("day")),
        ({"once_per": "14 days"}, Limit("14 days")),
        ({"at_most": "2 per day"}, Limit("day", 2, "day")),
        ({"at_most": "1 times per month"}, Limit("day", 1, "month")),
        ({"at_most": "3 per week"}, Limit("day", 3)),
    ],
)
def test_a_limit_is_read(limit, expected):
    assert a_rule(when={"event": "report.submitted"}, who=None, limit=limit).limit == expected


@pytest.mark.parametrize("window", ["last 5 minutes", "last 1 minute", "last 12 hours"])
def test_a_metric_may_slide(window):
    metric = a_rule(metrics={"n": {"count": "report.submitted", "window": window}}).metrics["n"]
    assert metric.sliding is not None


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({"when": WAIT | {"within": "1 day"}}, "when.within", "unknown key"),
        ({"when": WAIT | {"wait": "soon"}}, "when.wait", "is not a length of time"),
        ({"when": {"wait": "1 day"}}, "when", "'event' is missing"),
        ({"when": SET | {"not_all": ["a.b"]}}, "when.not_all", "one event type alone is always complete"),
        ({"when": SET | {"not_all": ["a.b", "a.b"]}}, "when.not_all", "an event type is there twice"),
        ({"when": SET | {"not_all": []}}, "when.not_all", "an empty list"),
        ({"when": SET | {"not_all": "a.b"}}, "when.not_all", "a list of event types"),
        ({"when": SET | {"match": "a b"}}, "when.match", "is not a field"),
        ({"when": SET | {"event": "a.b"}}, "when.event", "unknown key"),
        ({"when": {"not_all": ["a.b", "c.d"]}}, "when", "'match' is missing"),
        ({"when": {"event": "a.b", "where": LONG}}, "when.where", "each event is judged by `if` here"),
        ({"when": WAIT | {"where": {"fact": "person.on_trip", "is": True}}}, "when.where", "a `where` sees the event alone"),
        ({"limit": {"by": "customer"}}, "limit.by", "a schedule has no event"),
        ({"when": WAIT, "limit": {"by": "a b"}}, "limit.by", "is not a field"),
        ({"limit": {"once_per": "0 minutes"}}, "limit.once_per", "N days, N hours, N minutes"),
        ({"limit": {"once_per": "90 seconds"}}, "limit.once_per", "is not a period"),
        ({"limit": {"at_most": "2 per year"}}, "limit.at_most", "is not possible here"),
        ({"metrics": {"n": {"count": "a.b", "window": "last 0 minutes"}}}, "metrics.n.window", "last N minutes"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_place(changes, place, said):
    assert said in problems(**changes)[place]


def found(**changes) -> dict[str, str]:
    """What the check says: place → problem, errors only."""
    rule = parse_rule(a_document(**({"who": None, "if_": None, "examples": None} | changes)))
    return {
        problem.at.partition(": ")[2]: problem.problem
        for problem in check([rule], a_catalogue())
        if problem.severity == "error"
    }


def test_a_window_that_fits_its_events_passes_the_check():
    assert found(when=WAIT | {"match": "trip", "where": LONG}, limit={"once_per": "1 hour", "by": "date"}) == {}
    assert found(when=SET, limit={"by": "city"}) == {}


def test_what_does_not_fit_the_events_of_a_window_is_said():
    assert "report.sent" in found(when=WAIT | {"event": "report.sent"})["when.event"]
    assert "trip.gone" in found(when=SET | {"not_all": ["report.submitted", "trip.gone"]})["when.not_all"]
    assert "does not identify" in found(when=SET | {"match": "date"})["when.match"]
    assert "needz" in found(when=WAIT | {"where": {"fact": "event.needz", "is": "x"}})["when.where.fact"]
    assert "needs" in found(when=SET | {"where": LONG})["when.where.fact"]  # a trip's end has none
    assert "nobody" in found(when=WAIT, limit={"by": "nobody"})["limit.by"]


def test_the_facts_of_a_set_are_those_of_any_of_its_events():
    assert found(when=SET, if_={"fact": "event.city", "is": "Berlin"}) == {}
    assert "town" in found(when=SET, if_={"fact": "event.town", "is": "Berlin"})["if.fact"]


@pytest.mark.parametrize("when", [WAIT, SET, ABSENCE])
def test_an_example_stands_for_the_end_of_a_window_or_for_a_later_step(when):
    step = {"at": "2026-03-02T19:00+08:00", "facts": {}}
    examples = [
        step | {"name": "its end, though a step is due at that time of day", "step": 0, "expect": ["nudge person"]},
        step | {"name": "the step", "expect": ["mark late"]},
        step | {"name": "its end at any time", "at": "2026-03-02T03:00+08:00", "expect": ["nudge person"]},
    ]
    later = [{"at": "19:00", "then": [{"mark": "late"}]}]
    document = a_document(when=when, who=None, if_=None, later=later, examples=examples)
    assert [outcome.passed for outcome in run_examples(parse_rule(document), a_book(document))] == [True, True, True]
