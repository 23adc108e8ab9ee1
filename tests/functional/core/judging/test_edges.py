"""The edges that must be right, each told as it would happen (mission: "Edges that must be right")."""

from __future__ import annotations

from datetime import UTC

import pytest
from sqlalchemy import select
from story import a_report, a_trip, an_event, at

from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.store.tables import ScheduleRunRow

REPORT_RULE = """
    id: daily-report-missing
    kind: reminder
    title: {zh: 日报未提交提醒, en: Daily report still open}
    when: {every: workday, at: "19:00"}
    who: {fact: person.on_trip, is: true}
    if: {fact: metric.reports_today, is: 0}
    then:
      - nudge: person
        message: {zh: "{person.name}，今天的日报还没写。", en: "{person.name}, today’s report is still open."}
    later:
      - at: "21:00"
        then:
          - mark: incomplete
          - nudge: supervisor
            message: {zh: "{person.name}的日报还没写。", en: "{person.name}’s report is still open."}
    until: {fact: metric.reports_today, gte: 1}
    limit: {once_per: day}
    metrics:
      reports_today: {count: report.submitted, window: today}
"""
SPOKEN = ["19:00 nudge zhang"]
STEP = ["21:00 mark incomplete", "21:00 nudge lead"]
ON_TRIP = a_trip("2026-03-02 08:00")
MONDAY = {"start": "2026-03-02 18:00", "until": "2026-03-02 23:59"}


@pytest.fixture(autouse=True)
def _rule(request):
    for name in ("story", "lived"):
        if name in request.fixturenames:
            request.getfixturevalue(name).rule(REPORT_RULE)


def test_a_traveller_without_a_report_is_reminded_at_seven_and_the_supervisor_told_at_nine(story):
    assert story.tell(ON_TRIP, **MONDAY) == SPOKEN + STEP


def test_a_report_at_18_59_59_spares_the_reminder(story):
    assert story.tell(ON_TRIP, a_report("2026-03-02 18:59:59"), **MONDAY) == []


def test_a_report_at_19_00_00_is_in_time(story):
    assert story.tell(ON_TRIP, a_report("2026-03-02 19:00:00"), **MONDAY) == []


def test_a_report_at_20_59_59_cancels_the_step_at_nine(story):
    assert story.tell(ON_TRIP, a_report("2026-03-02 20:59:59"), **MONDAY) == SPOKEN


def test_a_report_at_21_00_00_is_in_time_too(story):
    assert story.tell(ON_TRIP, a_report("2026-03-02 21:00:00"), **MONDAY) == SPOKEN


def test_a_report_at_21_00_01_comes_after_the_step(story):
    assert story.tell(ON_TRIP, a_report("2026-03-02 21:00:01"), **MONDAY) == SPOKEN + STEP


def test_nobody_is_reminded_who_is_not_travelling(story):
    home = an_event("trip.ended", "2026-03-02 17:00", trip="t1")
    assert story.tell(ON_TRIP, home, **MONDAY) == []


def test_the_make_up_saturday_before_spring_festival_is_a_workday(story):
    trip = a_trip("2026-02-14 08:00")
    assert story.tell(trip, start="2026-02-14 18:00", until="2026-02-14 23:00") == SPOKEN + STEP


def test_an_ordinary_saturday_and_a_holiday_are_not(story):
    trip = a_trip("2026-02-13 08:00")
    reported = a_report("2026-02-13 17:00")
    assert story.tell(trip, reported, start="2026-02-13 18:00", until="2026-02-13 23:00") == []
    assert story.tell(trip, start="2026-02-16 18:00", until="2026-02-23 23:00") == []


def test_each_person_is_reminded_at_seven_where_they_are(story):
    story.people("he,He Jun,sales,rep,lead,Australia/Sydney,en,,,2020-01-01,")
    found = story.findings(
        ON_TRIP, a_trip("2026-03-02 08:00", by="he"), start="2026-03-02 15:00", until="2026-03-02 20:00"
    )
    moments = [(one.subject, one.at.astimezone(UTC).strftime("%H:%M"), one.recipient) for one in found]
    assert ("he", "08:00", "he") in moments
    assert ("zhang", "11:00", "zhang") in moments


def test_whoever_left_between_the_two_steps_is_not_marked(story):
    left = an_event("person.left", "2026-03-02 20:00", reason="resigned")
    assert story.tell(ON_TRIP, left, start="2026-03-02 18:00", until="2026-03-03 23:00") == SPOKEN


def test_whoever_goes_on_leave_between_the_two_steps_is_left_in_peace(story):
    leave = an_event("leave.started", "2026-03-02 20:00", leave="l1")
    assert story.tell(ON_TRIP, leave, **MONDAY) == SPOKEN


def test_after_a_transfer_between_the_two_steps_the_new_supervisor_is_told(story):
    story.people("lead2,Chen Zhiqiang,sales,lead,boss,Asia/Shanghai,en,,,2020-01-01,")
    moved = an_event("person.moved", "2026-03-02 20:00", unit="sales", position="rep", supervisor="lead2")
    assert story.tell(ON_TRIP, moved, **MONDAY) == [*SPOKEN, "21:00 mark incomplete", "21:00 nudge lead2"]


def test_after_a_promotion_between_the_two_steps_the_next_one_up_is_told(story):
    promoted = an_event("person.moved", "2026-03-02 20:00", unit="sales", position="lead", supervisor="boss")
    assert story.tell(ON_TRIP, promoted, **MONDAY) == [*SPOKEN, "21:00 mark incomplete", "21:00 nudge boss"]


def test_with_the_supervisors_post_vacant_the_next_one_up_is_told(story):
    story.people("lead,Wang Haiyan,sales,lead,boss,Asia/Shanghai,en,,,2020-01-01,2026-03-01")
    found = story.findings(ON_TRIP, **MONDAY)
    nudge = found[-1]
    assert (nudge.recipient, nudge.meant_for) == ("boss", "lead")


def test_the_same_event_twice_counts_once(lived):
    lived.rule(
        """
        id: second-visit
        kind: validation
        when: {event: visit.completed}
        if: {fact: metric.visits, gte: 2}
        then: [{nudge: person, message: {zh: 两次, en: Twice}}]
        metrics: {visits: {count: visit.completed, window: today}}
        """,
        "visits",
    )
    visit = an_event("visit.completed", "2026-03-02 10:00", customer="c1")
    assert lived.tell(visit, visit, start="2026-03-02 09:00", until="2026-03-02 12:00") == []
    assert [receipt.status for receipt in lived.receipts] == ["accepted", "duplicate"]


def test_a_report_written_in_time_offline_and_synced_late_takes_the_reminder_back(lived):
    offline = a_report("2026-03-02 18:50", arrives="2026-03-02 19:30")
    assert lived.tell(ON_TRIP, offline, **MONDAY) == []
    assert [state for _, state, _ in lived.agenda()] == ["cancelled"]


def test_a_report_of_20_59_59_that_arrives_at_21_05_takes_back_the_step_and_not_the_reminder(lived):
    offline = a_report("2026-03-02 20:59:59", arrives="2026-03-02 21:05")
    assert lived.tell(ON_TRIP, offline, **MONDAY) == SPOKEN


def test_a_report_of_21_00_01_that_arrives_at_21_05_takes_nothing_back(lived):
    offline = a_report("2026-03-02 21:00:01", arrives="2026-03-02 21:05")
    assert lived.tell(ON_TRIP, offline, **MONDAY) == SPOKEN + STEP


NEED_RULE = """
    id: needs-answer-overdue
    kind: escalation
    title: {zh: 需求待答复, en: A need waits for an answer}
    when: {event: need.raised, without: need.answered, within: 24 hours, match: need, clock: CLOCK}
    then: [{nudge: supervisor, message: {zh: 需求等了一天, en: A need has waited for a day}}]
"""


def test_24_elapsed_hours_run_through_a_holiday(story):
    story.rule(NEED_RULE.replace("CLOCK", "elapsed"), "need")
    need = an_event("need.raised", "2026-02-14 15:00", need="n1", customer="c1", text="灯带要配齐")
    found = story.findings(need, start="2026-02-14 09:00", until="2026-02-28 00:00")
    assert [one.at.isoformat() for one in found] == ["2026-02-15T07:00:00+00:00"]


def test_24_working_hours_wait_until_the_holiday_is_over(story):
    story.rule(NEED_RULE.replace("CLOCK", "working"), "need")
    need = an_event("need.raised", "2026-02-14 15:00", need="n1", customer="c1", text="灯带要配齐")
    found = story.findings(need, start="2026-02-14 09:00", until="2026-02-28 00:00")
    assert [one.at.isoformat() for one in found] == ["2026-02-24T07:00:00+00:00"]


@pytest.mark.parametrize(("answered", "expected"), [("2026-03-03 10:00:00", 0), ("2026-03-03 10:00:01", 1)])
def test_an_answer_at_the_deadline_is_in_time_and_a_second_later_is_not(story, answered, expected):
    story.rule(NEED_RULE.replace("CLOCK", "elapsed"), "need")
    need = an_event("need.raised", "2026-03-02 10:00:00", need="n1", customer="c1", text="灯带要配齐")
    answer = an_event("need.answered", answered, "lead", need="n1", accepted=True)
    found = story.findings(need, answer, start="2026-03-02 09:00", until="2026-03-04 00:00")
    assert len(found) == expected


def test_each_need_counts_on_its_own(story):
    story.rule(NEED_RULE.replace("CLOCK", "elapsed"), "need")
    needs = [an_event("need.raised", f"2026-03-02 1{n}:00", need=f"n{n}", customer="c1", text="灯带") for n in range(3)]
    answer = an_event("need.answered", "2026-03-02 20:00", "lead", need="n1", accepted=True)
    found = story.findings(*needs, answer, start="2026-03-02 09:00", until="2026-03-04 00:00")
    assert len(found) == 2


def test_an_answer_heard_before_its_need_counts(lived):
    lived.rule(NEED_RULE.replace("CLOCK", "elapsed"), "need")
    need = an_event(
        "need.raised", "2026-03-02 10:00", arrives="2026-03-02 13:00", need="n1", customer="c1", text="灯带"
    )
    answer = an_event("need.answered", "2026-03-02 12:00", "lead", need="n1", accepted=True)
    assert lived.tell(need, answer, start="2026-03-02 09:00", until="2026-03-04 00:00") == []


def test_an_answer_in_time_that_is_heard_too_late_takes_the_escalation_back(lived):
    lived.rule(NEED_RULE.replace("CLOCK", "elapsed"), "need")
    need = an_event("need.raised", "2026-03-02 10:00", need="n1", customer="c1", text="灯带")
    answer = an_event("need.answered", "2026-03-03 09:00", "lead", arrives="2026-03-03 11:00", need="n1", accepted=True)
    assert lived.tell(need, answer, start="2026-03-02 09:00", until="2026-03-04 00:00") == []


def test_three_edits_of_a_rule_in_one_evening_still_speak_once(lived):
    lived.begin("2026-03-02 18:00")
    lived.live(ON_TRIP, until="2026-03-02 18:30")
    for number, moment in enumerate(("18:50", "19:10", "19:20", "19:30")):
        at_time = "19:00" if number == 0 else f"19:{15 + 5 * number}"
        lived.rule(REPORT_RULE.replace('"19:00"', f'"{at_time}"').replace("今天的日报", f"第{number}版日报"))
        apply(lived.deployment, read_bundle(lived.folder))
        lived.live(until=f"2026-03-02 {moment}")
    lived.live(until="2026-03-02 20:59")
    assert [row.recipient for row in lived.stored()] == ["zhang"]


def test_nobody_is_spoken_to_at_night(lived):
    lived.rule(
        """
        id: order-won
        kind: validation
        when: {event: order.won}
        then: [{nudge: person, message: {zh: 成了, en: Won}}]
        """,
        "order",
    )
    lived.begin("2026-03-02 21:00")
    lived.live(
        an_event("order.won", "2026-03-02 22:30", customer="c1", amount=1, currency="CNY"), until="2026-03-03 07:29"
    )
    assert lived.outbox() == [("zhang", "waiting")]
    lived.live(until="2026-03-03 07:31")
    assert lived.outbox() == [("zhang", "sent")]


def test_a_worker_that_was_down_at_seven_speaks_on_its_return_and_not_after_midnight(lived):
    lived.begin("2026-03-02 18:00")
    lived.live(ON_TRIP, until="2026-03-02 18:30")
    lived.deployment.clock.set(at("2026-03-02 20:10"))
    lived.worker.step()
    assert [(row.recipient, row.at.isoformat()) for row in lived.stored()] == [("zhang", "2026-03-02T12:10:00+00:00")]
    lived.deployment.clock.set(at("2026-03-04 08:00"))
    lived.worker.step()
    assert ("2026-03-03", "missed") in _runs(lived)
    assert len(lived.stored()) == 1


def _runs(lived):
    return [(str(row.day), row.outcome) for row in lived.rows(select(ScheduleRunRow.__table__))]
