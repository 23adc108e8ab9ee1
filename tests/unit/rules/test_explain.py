"""Rules and reasons as sentences."""

from __future__ import annotations

from tests.unit.rules.builders import a_book, a_catalogue, a_document, a_rule, a_situation, nudge
from tideng.catalogue import EventType
from tideng.durations import Duration
from tideng.judging import Reason
from tideng_rules.explain import reasons_sentence, sentence


def test_a_rule_reads_as_a_sentence_in_both_languages():
    rule = a_rule(
        later=[{"at": "21:00", "then": [{"mark": "incomplete"}, nudge("supervisor")]}],
        until={"fact": "metric.reports_today", "gte": 1},
    )
    assert sentence(rule, "en", a_catalogue()) == (
        "Every workday at 19:00, for those where on a trip, if reports today is 0, nudge the person; "
        "at 21:00 still so: mark as incomplete and nudge the supervisor, until reports today is at least 1."
    )
    assert sentence(rule, "zh", a_catalogue()).startswith(
        "每个工作日 19:00，对出差中的人，如果今日日报 是 0，就提醒本人；21:00 "
    )


def test_an_absence_reads_as_a_sentence():
    when = {
        "event": "report.submitted",
        "without": "trip.ended",
        "within": "2 workdays",
        "match": "trip",
        "clock": "working",
    }
    rule = a_rule(when=when, who=None, if_=None)
    said = sentence(rule, "en", a_catalogue())
    assert said == "When no “Name” follows “Report submitted” within 2 workdays (working days only), nudge the person."


def test_every_kind_of_condition_can_be_said():
    leaves = [
        {"fact": "event.needs.length", "lt": 100},
        {"fact": "event.date", "exists": False},
        {"fact": "person.name", "in": ["a", "b"]},
        {"none": [{"fact": "person.on_trip", "is": False}]},
        {"any": [{"fact": "metric.visits_this_week", "lt": {"fact": "peers.visits_this_week", "times": 0.5}}]},
    ]
    said = sentence(a_rule(when={"event": "report.submitted"}, who=None, if_=leaves), "en", a_catalogue())
    assert "the length of needs is less than 100" in said
    assert "there is no data on date" in said
    assert "name is one of a, b" in said
    assert "none of: not on a trip" in said
    assert "visits this week is less than 0.5 times visits this week of peers" in said


def test_reasons_tell_values_and_say_when_there_is_no_data():
    book = a_book(a_document())
    why = book.judge([a_situation("rule:report-missing", person__on_trip=True, metric__reports_today=0)])[0].why
    assert reasons_sentence(why, "zh", a_catalogue()) == "出差中：是；今日日报：0"
    missing = [Reason("metric.visits_this_week", None, "lt", 4, False)]
    assert reasons_sentence(missing, "en", a_catalogue()) == "Visits this week: no data (is less than 4, does not hold)"
    assert reasons_sentence(missing, "zh_TW", a_catalogue()) == "本周拜访：没有数据（少于 4，不成立）"


def test_an_absence_tells_what_came_and_what_was_waited_for():
    catalogue = a_catalogue()
    why = [Reason("need.raised", "2026-02-03T09:00:00+08:00", "without", ["need.answered", "order.won"], True, "when")]
    catalogue.event_types = {
        name: EventType(name, {"zh": zh, "en": en})
        for name, zh, en in (
            ("need.raised", "客户提出需求", "Need raised"),
            ("need.answered", "已回应", "Need answered"),
            ("order.won", "赢得订单", "Order won"),
        )
    }
    week = Duration(7, "days")
    assert (
        reasons_sentence(why, "zh", catalogue, within=week)
        == "2月3日 09:00 有了“客户提出需求”，7 天内没有等到“已回应”或“赢得订单”"
    )
    assert (
        reasons_sentence(why, "en", catalogue, within=week)
        == "“Need raised” came on February 3 at 09:00, and within 7 days no “Need answered” or “Order won” followed"
    )
    assert reasons_sentence(why, "zh", catalogue) == "2月3日 09:00 有了“客户提出需求”，之后没有等到“已回应”或“赢得订单”"
