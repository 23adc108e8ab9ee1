"""Rules and reasons as sentences."""

from __future__ import annotations

from tests.unit.rules.builders import a_book, a_catalogue, a_document, a_rule, a_situation, nudge
from tideng.base.durations import Duration
from tideng.model.catalogue import EventType, Mark
from tideng.model.judge_contract import Reason
from tideng_rules.wording.sentences import reasons_sentence, sentence


def test_a_rule_reads_as_a_sentence_in_both_languages():
    rule = a_rule(
        later=[{"at": "21:00", "then": [{"mark": "incomplete"}, nudge("supervisor")]}],
        until={"fact": "metric.reports_today", "gte": 1},
    )
    assert sentence(rule, "en", a_catalogue()) == (
        "Every workday at 19:00, for those where on a trip, if reports today is 0, nudge the person; "
        "at 21:00 still so: mark as “not done” and nudge the supervisor, until reports today is at least 1."
    )
    assert sentence(rule, "zh", a_catalogue()).startswith(
        "每个工作日 19:00，对出差中的人，如果今日日报 是 0，就提醒本人；21:00 "
    )


def test_a_mark_is_called_by_its_title_and_one_that_was_made_up_by_what_it_is():
    catalogue = a_catalogue()
    catalogue.add([Mark("promised", {"zh": "已答应", "en": "Promised"})], "training")
    said = {mark: a_rule(who=None, if_=None, then=[{"mark": mark}]) for mark in ("incomplete", "promised", "asked")}
    assert [sentence(rule, "zh", catalogue)[len("每个工作日 19:00，就") :] for rule in said.values()] == [
        "标记为“未完成”。",
        "标记为“已答应”。",
        "标记为 asked。",
    ]
    assert sentence(said["promised"], "en", catalogue) == "Every workday at 19:00, mark as “promised”."
    assert sentence(said["asked"], "en", catalogue) == "Every workday at 19:00, mark as asked."


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
        == "“Need raised” came on 3 February at 09:00, and within 7 days no “Need answered” or “Order won” followed"
    )
    assert reasons_sentence(why, "zh", catalogue) == "2月3日 09:00 有了“客户提出需求”，之后没有等到“已回应”或“赢得订单”"


def test_waits_and_sets_read_as_sentences():
    wait = a_rule(when={"event": "report.submitted", "wait": "10 minutes"}, who=None, if_=None)
    assert sentence(wait, "en", a_catalogue()) == (
        "10 minutes after the first “Report submitted”, once for all that came meanwhile, nudge the person."
    )
    assert sentence(wait, "zh", a_catalogue()).startswith("第一次“")
    where = {"fact": "event.needs.length", "lt": 100}
    some = {"not_all": ["report.submitted", "trip.ended"], "within": "2 hours", "match": "trip", "where": where}
    assert sentence(a_rule(when=some, who=None, if_=None), "en", a_catalogue()) == (
        "When one of “Report submitted”, “Name” comes and not all of them do within 2 hours, counting only those where the "
        "length of needs is less than 100, nudge the person."
    )


def test_a_limit_that_is_not_the_usual_one_is_said():
    def limit(locale: str, **limit) -> str:
        rule = a_rule(when={"event": "report.submitted"}, who=None, if_=None, limit=limit)
        return sentence(rule, locale, a_catalogue())

    assert limit("en", once_per="60 minutes", by="date").endswith("; at most once in 60 minutes for each date.")
    assert limit("en", once_per="occurrence", at_most="2 per month").endswith("; at most 2 times a month.")
    assert limit("en", at_most="3 per week").endswith("; at most once a day and at most 3 times a week.")
    assert limit("zh", once_per="2 hours").endswith("；最多每 2 小时一次。")
    assert limit("en", once_per="day").endswith("nudge the person.")


def test_a_wait_and_a_set_tell_what_came():
    since = "2026-03-02T10:00:00+08:00"
    wait = [Reason("report.submitted", since, "wait", 3, True, "when")]
    assert reasons_sentence(wait, "en", a_catalogue(), within=Duration(10, "minutes")) == (
        "“Report submitted” came 3 times within 10 minutes from 2 March at 10:00"
    )
    assert reasons_sentence(wait, "zh", a_catalogue()).startswith("3月2日 10:00 起来了 3 次“")
    operand = {"came": {"report.submitted": since}, "missing": ["trip.ended"]}
    part = [Reason("report.submitted", since, "not_all", operand, True, "when")]
    assert reasons_sentence(part, "en", a_catalogue(), within=Duration(2, "hours")) == (
        "“Report submitted” came from 2 March at 10:00, and within 2 hours no “Name” did"
    )
    assert "没有等到“" in reasons_sentence(part, "zh", a_catalogue())
