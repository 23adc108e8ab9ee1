"""Why a rule was silent: asked of deployments that lived through a few days, on both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from story import Story, a_report, a_trip, an_event, at

from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound
from tideng.store.database import reading
from tideng_rules.why.answer import WhyNot
from tideng_rules.why.why_not import Question, why_not

REMINDER = """
    id: report-missing
    kind: reminder
    title: {zh: 日报未提交提醒, en: Daily report}
    when: {every: workday, at: "19:00"}
    who: {fact: person.on_trip, is: true}
    if: {fact: metric.reports_today, is: 0}
    then:
      - nudge: person
        message: {zh: "日报还没写", en: "The report is still open"}
    later:
      - at: "21:00"
        then: [{nudge: supervisor, message: {zh: "日报还没写", en: "The report is still open"}}]
    until: {fact: metric.reports_today, gte: 1}
    limit: {once_per: day}
"""
HR = Viewer("hr", "hr", frozenset({"hr"}))


def asked(story: Story, moment: str, rule: str = "report-missing", who: str = "zhang", **more: Any) -> WhyNot:
    viewer, question = more.pop("viewer", HR), Question(rule, who, at(moment), more.pop("version", None))
    with reading(story.deployment.engine) as connection:  # type: ignore[union-attr]
        return why_not(story.deployment, connection, viewer, question, **more)  # type: ignore[arg-type]


def a_day(story: Story, *events: tuple[datetime, dict], until: str = "2026-03-03 12:00", rule: str = REMINDER) -> None:
    """Monday 2 March, a workday, with what happened."""
    story.rule(rule)
    story.begin("2026-03-02 06:00")
    story.live(*events, until=until)


def test_who_was_not_on_a_trip_is_said_to_have_been_none(lived):
    a_day(lived)
    answer = asked(lived, "2026-03-02 19:00")
    assert not answer.spoke
    assert answer.deciding.what == "conditions"
    assert answer.answer["zh"] == "没有提醒Zhang San，因为“出差中”为否（需要：是）。"
    assert answer.answer["en"] == "Zhang San was not reminded, because “on a trip” was no (needed: yes)."


def test_who_had_written_a_report_is_said_to_have_done_so(lived):
    a_day(lived, a_trip("2026-03-02 08:00"), a_report("2026-03-02 18:42"))
    answer = asked(lived, "2026-03-02 19:00")
    assert answer.deciding.said["en"] == "“reports today” was 1 (needed: 0)"
    assert [(part, node.holds) for part, node in answer.conditions] == [("who", True), ("if", False)]


def test_it_did_speak_and_the_finding_is_named(lived):
    a_day(lived, a_trip("2026-03-02 08:00"))
    answer = asked(lived, "2026-03-02 10:00")
    assert answer.spoke
    assert answer.deciding is None
    assert answer.finding == lived.stored()[0].id
    assert answer.at == at("2026-03-02 19:00")
    assert answer.answer["zh"] == "提醒了Zhang San：2026年3月2日 周一 19:00。"


def test_a_day_off_is_no_moment_and_the_nearest_ones_are_named(lived):
    a_day(lived)
    answer = asked(lived, "2026-10-01 19:00")
    assert answer.deciding.what == "moment"
    assert "2026年10月1日是休息日" in answer.answer["zh"]
    assert "9月30日" in answer.answer["zh"]
    assert "the next one Thursday 8 October 2026, 19:00" in answer.answer["en"]


def test_before_it_was_published_the_rule_was_not_there(lived):
    a_day(lived)
    answer = asked(lived, "2026-02-27 19:00")
    assert answer.deciding.what == "rule"
    assert "not published until Monday 2 March 2026, 06:00" in answer.answer["en"]


def test_who_is_on_leave_is_said_to_be_away(lived):
    a_day(lived, a_trip("2026-03-02 08:00"), an_event("leave.started", "2026-03-02 09:00", leave="l1"))
    answer = asked(lived, "2026-03-02 19:00")
    assert answer.deciding.what == "subject"
    assert "was away then" in answer.answer["en"]


def test_a_late_report_that_withdrew_a_nudge_is_named(lived):
    late = a_report("2026-03-02 18:00", arrives="2026-03-02 20:00")
    a_day(lived, a_trip("2026-03-02 08:00"), late)
    answer = asked(lived, "2026-03-02 19:00")
    assert not answer.spoke
    assert answer.finding is not None
    assert answer.deciding.what == "withdrawn"
    assert "撤回了（迟到的记录说明那时已经做了）" in answer.answer["zh"]


def test_what_came_in_later_is_said_to_have_changed_the_answer(lived):
    late = a_trip("2026-03-02 08:00")
    a_day(lived, (at("2026-03-03 08:00"), late[1]))
    answer = asked(lived, "2026-03-02 19:00")
    assert answer.holds
    assert answer.deciding.what == "known"
    assert "what was known then was different: “on a trip” was no (needed: yes)" in answer.answer["en"]


def test_a_standstill_is_named(lived):
    lived.rule(REMINDER)
    lived.begin("2026-03-02 06:00")
    lived.worker.step()
    lived.deployment.clock.set(at("2026-03-03 08:00"))
    lived.worker.step()
    answer = asked(lived, "2026-03-02 19:00")
    assert answer.deciding.what == "heard"
    assert "那一轮错过了：系统停到了那天以后" in answer.answer["zh"]


def test_later_steps_say_what_called_them_off(lived):
    a_day(lived, a_trip("2026-03-02 08:00"), a_report("2026-03-02 20:00"))
    answer = asked(lived, "2026-03-02 19:00")
    assert answer.spoke
    (step,) = answer.ladder
    assert (step.state, step.until.holds) == ("cancelled", True)
    assert step.said["zh"] == "第 1 步（2026年3月2日 周一 21:00）：取消了，“直到”的条件已经满足（“今日日报”是 1）"


ON_REPORT = """
    id: short-needs
    kind: validation
    title: {zh: 需求太短, en: Short needs}
    when: {event: report.submitted}
    if: {fact: event.needs.length, lt: 100}
    then:
      - nudge: person
        message: {zh: "再说说", en: "Say more"}
    limit: {once_per: day}
"""


def test_the_event_of_that_day_nearest_to_the_moment_is_looked_at(lived):
    a_day(lived, a_report("2026-03-02 10:00"), a_report("2026-03-02 16:00", needs="x"), rule=ON_REPORT)
    answer = asked(lived, "2026-03-02 11:00", "short-needs")
    assert answer.at == at("2026-03-02 10:00")
    assert answer.deciding.said["en"].endswith("was 120 (needed: less than 100)")
    assert "one of 2 that day" in answer.checks[1].said["en"]
    assert asked(lived, "2026-03-02 16:00", "short-needs").spoke


def test_a_limit_names_what_was_said_before(lived):
    events = [a_report("2026-03-02 10:00", needs="x"), a_report("2026-03-02 16:00", needs="y")]
    a_day(lived, *events, rule=ON_REPORT)
    answer = asked(lived, "2026-03-02 16:00", "short-needs")
    assert answer.deciding.what == "limit"
    assert answer.deciding.finding == lived.stored()[0].id
    assert "had spoken already on Monday 2 March 2026, 10:00" in answer.answer["en"]


def test_news_too_old_to_speak_of_is_named(lived):
    a_day(
        lived,
        a_report("2026-03-02 10:00", needs="x", arrives="2026-03-05 09:00"),
        until="2026-03-05 12:00",
        rule=ON_REPORT,
    )
    answer = asked(lived, "2026-03-02 10:00", "short-needs")
    assert answer.deciding.what == "heard"
    assert "more than 48 hours later" in answer.answer["en"]


def test_a_day_without_such_an_event_is_said_to_have_none(lived):
    a_day(lived, a_report("2026-03-02 10:00"), rule=ON_REPORT)
    answer = asked(lived, "2026-03-03 10:00", "short-needs")
    assert answer.deciding.what == "moment"
    assert "the one before was Monday 2 March 2026, 10:00" in answer.answer["en"]


NO_ANSWER = """
    id: no-answer
    kind: escalation
    title: {zh: 需求没人答, en: Need without an answer}
    when: {event: need.raised, without: need.answered, within: 24 hours, match: need}
    then:
      - nudge: person
        message: {zh: "在等一句话", en: "Somebody waits"}
"""


def test_an_answer_in_time_is_named(lived):
    events = [
        an_event("need.raised", "2026-03-02 09:00", need="n1"),
        an_event("need.answered", "2026-03-02 15:00", need="n1"),
    ]
    a_day(lived, *events, until="2026-03-04 12:00", rule=NO_ANSWER)
    answer = asked(lived, "2026-03-03 09:00", "no-answer")
    assert answer.deciding.what == "moment"
    assert "2026年3月2日 周一 15:00 来了，赶上了" in answer.answer["zh"]


def test_an_absence_that_spoke_is_found_at_its_deadline(lived):
    a_day(lived, an_event("need.raised", "2026-03-02 09:00", need="n1"), until="2026-03-04 12:00", rule=NO_ANSWER)
    assert asked(lived, "2026-03-03 12:00", "no-answer").spoke


def test_who_may_not_see_a_person_is_told_that_there_is_none(lived):
    a_day(lived)
    zhang, lead = Viewer("zhang", "zhang", frozenset({"employee"})), Viewer("lead", "lead", frozenset({"supervisor"}))
    assert asked(lived, "2026-03-02 19:00", viewer=zhang).subject == "zhang"
    assert asked(lived, "2026-03-02 19:00", viewer=lead).subject == "zhang"
    for viewer, who in ((zhang, "lead"), (lead, "boss"), (HR, "nobody")):
        with pytest.raises(NotFound):
            asked(lived, "2026-03-02 19:00", viewer=viewer, who=who)


def test_a_message_held_back_over_night_is_said_to_wait(lived):
    rule = REMINDER.replace('"19:00"', '"22:30"').replace('"21:00"', '"23:00"')
    a_day(lived, a_trip("2026-03-02 08:00"), rule=rule, until="2026-03-02 23:00")
    answer = asked(lived, "2026-03-02 22:30")
    assert answer.spoke
    assert "消息先留着（静默时段），2026年3月3日 周二 07:30 再发" in answer.answer["zh"]
