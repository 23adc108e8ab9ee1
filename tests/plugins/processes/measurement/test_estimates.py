"""How long a step took, and what another deadline would have meant for the steps of the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from tests.plugins.processes.measurement.test_statistics import (
    DAY,
    DIRECTORY,
    HOUR,
    HR,
    LEAD,
    NOW,
    Desk,
    a_process,
    desk,
)
from tideng.base.durations import Duration
from tideng.model.calendars import WorkCalendar, local_moment
from tideng.store.database import reading
from tideng_processes.cases.deadlines import worked
from tideng_processes.document.model import Deadline, Definition
from tideng_processes.measurement import estimates as subject
from tideng_processes.measurement.estimates import (
    Estimate,
    PastSteps,
    StepTimes,
    estimates,
    step_times,
)

__all__ = ["desk"]
CHINA = WorkCalendar("CN")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def by(deadline: Deadline | None, **more) -> Definition:
    """The process with that deadline of its step `answer`."""
    made = a_process("need")
    return replace(made, nodes={**made.nodes, "answer": replace(made.nodes["answer"], deadline=deadline, **more)})


def within(amount: int, unit: str = "hours", working: bool = False) -> Deadline:
    return Deadline(Duration(amount, unit), working)


def estimated(desk: Desk, old: Definition, new: Definition, viewer=HR) -> list[Estimate]:
    with reading(desk.engine) as connection:
        return estimates(connection, viewer, DIRECTORY, NOW, CHINA, old, new)


def how_long(desk: Desk, of: Definition, viewer=HR, days: int = 30) -> StepTimes:
    with reading(desk.engine) as connection:
        return step_times(connection, viewer, DIRECTORY, NOW, CHINA, PastSteps(of, "answer", days))


def ten_answers(desk: Desk) -> None:
    for hours in (2, 4, 6, 8, 10, 12, 20, 30, 40, 60):
        desk.a_step(ago=10 * DAY, took=hours * HOUR)


# -- how long it took --------------------------------------------------------------------------------------------------
def test_half_eight_and_nine_in_ten_of_what_was_done(desk):
    ten_answers(desk)
    desk.a_step(took=None)
    assert how_long(desk, by(within(24))) == StepTimes(
        30, n=10, open=1, half=10 * HOUR, most=30 * HOUR, nearly=40 * HOUR, given=24 * HOUR
    )


def test_of_four_nothing_is_told_of_five_all_but_nine_in_ten(desk):
    for hours in (1, 2, 3, 4):
        desk.a_step(took=hours * HOUR)
    assert how_long(desk, by(within(24))) == StepTimes(30, n=4, given=24 * HOUR)
    desk.a_step(took=50 * HOUR)
    found = how_long(desk, by(within(24)))
    assert (found.n, found.half, found.most, found.nearly) == (5, 3 * HOUR, 4 * HOUR, None)


def test_steps_on_record_in_the_moment_they_come_tell_nothing_of_how_long_one_takes(desk):
    for _ in range(5):
        desk.a_step(ago=DAY, took=0 * HOUR)
    assert how_long(desk, by(None)).at_once
    for _ in range(5):
        desk.a_step(ago=DAY, took=HOUR)
    assert not how_long(desk, by(None)).at_once


def test_what_came_in_before_the_window_is_in_the_longer_one_only(desk):
    for _ in range(5):
        desk.a_step(ago=40 * DAY)
    assert how_long(desk, by(within(24))).n == 0
    assert how_long(desk, by(within(24)), days=90).n == 5


def test_it_is_measured_on_the_clock_of_its_deadline(desk):
    for _ in range(5):
        desk.a_step(ago=6 * DAY, took=72 * HOUR)  # from Friday to Monday
    assert how_long(desk, by(within(24))).half == 72 * HOUR
    assert how_long(desk, by(within(24, working=True))).half == 24 * HOUR
    assert how_long(desk, by(within(1, "workdays"))).half == 24 * HOUR


def test_working_time_is_what_the_running_clock_would_have_counted():
    for start in (date(2025, 4, 30), date(2025, 5, 2), date(2025, 5, 3), date(2025, 6, 9)):  # round a holiday, too
        for hours in (1, 30, 100):
            begins = local_moment(start, time(15, 30), SHANGHAI)
            ends = CHINA.deadline(begins, Duration(hours, "hours"), SHANGHAI, working=True)
            assert worked(begins, ends, SHANGHAI, CHINA) == hours * HOUR, (start, hours)


def test_a_supervisor_sees_how_long_the_steps_of_their_own_team_took(desk):
    for person in ("zhang", "li"):
        for _ in range(5):
            desk.a_step(person=person)
    assert (how_long(desk, by(None), LEAD).n, how_long(desk, by(None)).n) == (5, 10)


def test_a_small_team_is_not_lost_among_the_newest_of_everybody(desk, monkeypatch):
    monkeypatch.setattr(subject, "SAMPLE", 6)
    for _ in range(5):
        desk.a_step(ago=20 * DAY, person="zhang")
    for _ in range(8):
        desk.a_step(ago=3 * DAY, person="li")
    assert how_long(desk, by(within(24)), LEAD).n == 5
    assert estimated(desk, by(within(24)), by(within(36)), LEAD)[0].n == 5


# -- another deadline --------------------------------------------------------------------------------------------------
def test_past_steps_are_judged_once_more_by_the_deadline_that_is_tried(desk):
    ten_answers(desk)
    assert estimated(desk, by(within(24)), by(within(36))) == [Estimate("answer", 10, 7, 8, False, False)]
    assert estimated(desk, by(within(24)), by(within(5))) == [Estimate("answer", 10, 7, 2, False, False)]


def test_the_working_clock_stands_still_on_the_weekend(desk):
    for _ in range(6):
        desk.a_step(ago=6 * DAY, took=71 * HOUR)
    assert estimated(desk, by(within(24)), by(within(24, working=True))) == [Estimate("answer", 6, 0, 6, False, False)]


def test_a_step_whose_later_deadline_is_still_to_come_is_not_judged(desk):
    ten_answers(desk)
    desk.a_step(ago=30 * HOUR, took=2 * HOUR)
    assert estimated(desk, by(within(24)), by(within(36)))[0].n == 10
    assert estimated(desk, by(within(24)), by(within(99999, "workdays"))) == [Estimate("answer", 0, 0, 0, False, False)]


def test_an_open_step_whose_deadline_has_passed_was_not_in_time(desk):
    for _ in range(5):
        desk.a_step(ago=9 * DAY, took=None)
    assert estimated(desk, by(within(24)), by(within(48))) == [Estimate("answer", 5, 0, 0, False, False)]


def test_a_first_deadline_has_nothing_before_it(desk):
    ten_answers(desk)
    assert estimated(desk, by(None), by(within(24))) == [Estimate("answer", 10, None, 7, False, False)]


def test_of_too_few_steps_nothing_is_told(desk):
    for _ in range(4):
        desk.a_step()
    assert [one.told for one in estimated(desk, by(within(24)), by(within(36)))] == [False]
    desk.a_step()
    assert [one.told for one in estimated(desk, by(within(24)), by(within(36)))] == [True]


def test_where_the_deadline_stays_goes_or_never_makes_late_nothing_is_estimated(desk):
    ten_answers(desk)
    assert estimated(desk, by(within(24)), by(within(24))) == []
    assert estimated(desk, by(within(24)), by(None)) == []
    assert estimated(desk, by(within(24)), by(within(36), at_due="go")) == []


def test_a_deadline_on_a_date_of_the_form_is_judged_by_what_was_filled_in(desk):
    for _ in range(5):
        desk.a_step(ago=9 * DAY, took=30 * HOUR)
    draft = by(Deadline(on="wanted_by", end_of_day=True))
    assert estimated(desk, by(within(24)), draft) == [Estimate("answer", 0, 0, 0, False, False)], "nobody filled it in"
    desk.fill(wanted_by="2025-06-05")
    assert estimated(desk, by(within(24)), draft) == [Estimate("answer", 5, 0, 5, False, False)]


def test_of_very_many_the_newest_are_judged_and_that_is_said(desk, monkeypatch):
    monkeypatch.setattr(subject, "SAMPLE", 6)
    for days in range(3, 11):
        desk.a_step(ago=days * DAY, took=30 * HOUR if days < 6 else HOUR)
    found = estimated(desk, by(within(24)), by(within(36)))
    assert found == [Estimate("answer", 6, 3, 6, True, False)]


@pytest.mark.parametrize("steps", [2, 30])
def test_one_statement_however_many_steps_and_nodes(desk, steps):
    for number in range(steps):
        desk.a_step(("answer", "ask")[number % 2], ago=5 * DAY)
    old, asked = by(within(24)), []
    old = replace(old, nodes={**old.nodes, "ask": replace(old.nodes["answer"], id="ask")})
    new = replace(old, nodes={id: replace(one, deadline=within(2)) for id, one in old.nodes.items() if id != "wait"})
    event.listen(desk.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    found = estimated(desk, old, new)
    assert [one.node for one in found] == ["answer", "ask"]
    assert sum(one.n for one in found) == steps
    assert len([one for one in asked if "SELECT" in one]) == 1


def test_more_steps_than_are_judged_take_no_more_than_a_moment(desk):
    desk.many(3000)
    begins = perf_counter()
    found = estimated(desk, by(within(24)), by(within(10, "workdays")))
    assert (found[0].n, found[0].sampled) == (2000, True)
    assert perf_counter() - begins < 2
