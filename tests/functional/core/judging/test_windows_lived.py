"""What only the live path knows of windows: restarts in the middle, late arrivals, edits, and rules taken out of force."""

from __future__ import annotations

import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from story import BEIJING, Story, an_event, at

from tests.functional.core.judging.test_windows import SET, counts, speaks, step, visit, waits
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.runtime.worker import Worker
from tideng.store.tables import AgendaRow, FindingRow

START = "2026-03-02 09:00"


def told(story: Story) -> list[str]:
    return [f"{one.at.astimezone(BEIJING):%d %H:%M} {one.subject}" for one in story.stored()]


def restart(story: Story) -> None:
    """Everything in memory is gone: a new deployment and a new worker on the same database."""
    assert story.deployment is not None
    now = story.deployment.clock.now()
    story.deployment.close()
    story.deployment = story.open_deployment(
        story.url, clock=ManualClock(now), engine=story.engine, folder=story.folder, migrated=False
    )
    story.worker = Worker(story.deployment)


def edit(story: Story, text: str) -> None:
    """Publish another version of the rule `r`."""
    story.rule(text)
    apply(story.deployment, read_bundle(story.folder))
    story.worker.step()


IN_THE_MIDDLE = {
    "once per 60 minutes": (
        speaks("{once_per: 60 minutes, by: customer}"),
        [visit("10:00")],
        [visit("10:30"), visit("10:40", customer="d"), visit("11:00")],
        ["02 10:00 zhang", "02 10:40 zhang", "02 11:00 zhang"],
    ),
    "at most once a day": (
        speaks("{at_most: 1 per day}"),
        [visit("10:00")],
        [visit("10:30")],
        ["02 10:00 zhang"],
    ),
    "three in 60 minutes": (
        counts("last 60 minutes"),
        [visit("10:00"), visit("10:10")],
        [visit("10:30"), visit("11:15")],
        ["02 10:30 zhang"],
    ),
    "a wait": (
        waits(),
        [visit("10:20"), visit("10:22")],
        [visit("10:29", customer="z"), visit("10:31")],
        ["02 10:30 zhang", "02 10:41 zhang"],
    ),
    "not all, and it stays so": (SET % ("", ""), [step("raised", "10:00")], [step("answered", "10:40")], ["02 12:00 zhang"]),
    "not all, and the rest comes": (
        SET % ("", ""),
        [step("raised", "10:00"), step("answered", "10:10")],
        [step("followed", "11:59")],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_THE_MIDDLE)
def test_a_restart_in_the_middle_changes_nothing(lived, name):
    rule, before, after, expected = IN_THE_MIDDLE[name]
    lived.rule(rule)
    lived.begin(START)
    lived.live(*before, until="2026-03-02 10:25")
    restart(lived)
    lived.live(*after, until="2026-03-02 10:35")
    restart(lived)
    lived.live(*[one for one in after if one[0] > at("2026-03-02 10:35")], until="2026-03-02 20:00")
    assert told(lived) == expected


def test_what_came_while_nobody_worked_is_judged_as_if_somebody_had(lived):
    lived.rule(waits())
    lived.begin(START)
    lived.live(until="2026-03-02 09:30")
    lived._receive([visit("10:00", customer="a")[1], visit("10:08", customer="b")[1], visit("10:30")[1]])
    lived.live(until="2026-03-02 15:00")
    found = [(f"{one.at.astimezone(BEIJING):%H:%M}", one.message) for one in lived.stored()]
    assert found == [("10:10", "Last seen b"), ("10:40", "Last seen c")]


# -- late arrivals -----------------------------------------------------------------------------------------------------
def test_a_late_arrival_completes_the_set_and_takes_back_what_was_said_with_its_ladder(lived):
    lived.rule(SET % ("", "later: [{after: 1 hour, then: [{mark: still}]}]"))
    late = step("followed", "11:30", by="lead", arrives="2026-03-02 12:30")
    found = lived.findings(
        step("raised", "10:00"), step("answered", "10:10"), late, start=START, until="2026-03-02 20:00"
    )
    assert found == []
    withdrawn = lived.rows(select(FindingRow.withdrawn_because).where(FindingRow.state == "withdrawn"))
    assert [row.withdrawn_because for row in withdrawn] == ["all came in time"]
    assert lived.agenda() == [(1, "cancelled", "withdrawn")]


def test_a_late_arrival_after_the_deadline_changes_nothing_that_was_said(lived):
    lived.rule(SET % ("", ""))
    late = step("followed", "12:00:01", arrives="2026-03-02 12:30")
    lived.findings(step("raised", "10:00"), step("answered", "10:10"), late, start=START, until="2026-03-02 13:00")
    assert told(lived) == ["02 12:00 zhang"]


def test_a_late_arrival_before_the_first_moves_the_window_that_is_still_open(lived):
    lived.rule(waits())
    late = visit("10:00", customer="late", arrives="2026-03-02 10:07")
    lived.findings(visit("10:05", customer="b"), late, visit("10:12"), start=START, until="2026-03-02 13:00")
    found = [(f"{one.at.astimezone(BEIJING):%H:%M}", one.message) for one in lived.stored()]
    assert found == [("10:10", "Last seen b"), ("10:22", "Last seen c")]


def test_a_late_arrival_never_makes_a_wait_speak_again_of_what_it_spoke_of(lived):
    lived.rule(waits())
    late = [visit(when, customer="late", arrives="2026-03-02 10:30") for when in ("09:58", "10:08")]
    lived.findings(visit("10:00"), *late, start=START, until="2026-03-02 13:00")
    assert told(lived) == ["02 10:10 zhang"]


def test_a_set_whose_last_part_comes_first_of_all_is_complete(lived):
    lived.rule(SET % ("", ""))
    late = step("answered", "09:30", arrives="2026-03-02 12:30")
    lived.findings(step("raised", "10:00"), step("followed", "11:00"), late, start=START, until="2026-03-02 20:00")
    assert told(lived) == []


def test_late_events_count_in_the_window_in_which_they_happened(lived):
    lived.rule(counts("last 60 minutes"))
    late = visit("10:10", customer="late", arrives="2026-03-02 10:50")
    lived.findings(visit("10:00"), late, visit("10:55"), visit("11:05"), start=START, until="2026-03-02 13:00")
    assert told(lived) == ["02 10:55 zhang", "02 11:05 zhang"]


def test_a_late_event_takes_back_what_a_schedule_said_of_the_last_minutes(lived):
    lived.rule(
        """
        id: r
        kind: reminder
        when: {every: day, at: "12:00"}
        who: {fact: person.id, is: zhang}
        if: {fact: metric.n, is: 0}
        then: [{mark: quiet}]
        metrics: {n: {count: visit.completed, window: last 60 minutes}}
        """
    )
    late = visit("11:00:01", arrives="2026-03-02 12:30")
    lived.findings(late, start=START, until="2026-03-02 13:00")
    assert told(lived) == []
    just_before = visit("2026-03-03 11:00", arrives="2026-03-03 12:30")
    lived.live(just_before, until="2026-03-03 13:00")
    assert told(lived) == ["03 12:00 zhang"]


def test_a_late_answer_takes_back_a_reminder_whose_period_is_its_day(lived):
    lived.rule(
        """
        id: r
        kind: reminder
        when: {event: need.raised, without: need.answered, within: 1 hour, match: need}
        then: [{mark: waiting}]
        later: [{after: 1 hour, then: [{mark: still}]}]
        """
    )
    answer = step("answered", "10:30", "a", by="lead", arrives="2026-03-02 11:30")
    lived.findings(step("raised", "10:00", "a"), answer, start=START, until="2026-03-02 20:00")
    assert told(lived) == []


def test_a_late_answer_takes_back_only_what_was_said_of_its_own_matter(lived):
    lived.rule(
        """
        id: r
        kind: reminder
        when: {event: need.raised, without: need.answered, within: 1 hour, match: need}
        then: [{mark: waiting}]
        """
    )
    answer = step("answered", "10:40", "b", arrives="2026-03-02 12:30")  # once a day: b was never spoken of
    lived.findings(
        step("raised", "10:00", "a"), step("raised", "10:30", "b"), answer, start=START, until="2026-03-02 20:00"
    )
    assert told(lived) == ["02 11:00 zhang"]


def test_history_that_is_read_in_opens_windows_and_speaks_of_none(lived):
    lived.rule(waits())
    lived.findings(visit("2026-03-01 10:00"), start=START, until="2026-03-02 13:00")
    assert told(lived) == []
    assert [row.state for row in lived.rows(select(AgendaRow.state))] == ["missed"]


# -- edits -------------------------------------------------------------------------------------------------------------
def test_a_wait_finishes_on_the_version_that_opened_it(lived):
    lived.rule(waits())
    lived.begin(START)
    lived.live(visit("10:00"), until="2026-03-02 10:05")
    edit(lived, waits(rest="priority: 3").replace("10 minutes", "1 hour").replace("Last seen", "Edited:"))
    lived.live(visit("10:08", customer="d"), visit("10:12"), until="2026-03-02 15:00")
    found = [(f"{one.at.astimezone(BEIJING):%H:%M}", one.message, one.version) for one in lived.stored()]
    assert found == [("10:10", "Last seen d", 1), ("11:12", "Edited: c", 2)]


def test_a_set_finishes_on_the_version_that_opened_it(lived):
    lived.rule(SET % ("", ""))
    lived.begin(START)
    lived.live(step("raised", "10:00"), step("answered", "10:10"), until="2026-03-02 10:15")
    edit(lived, (SET % ("", "")).replace(", followup.recorded", "").replace("2 hours", "3 hours"))
    lived.live(until="2026-03-02 15:00")
    assert [(one.version, f"{one.at.astimezone(BEIJING):%H:%M}") for one in lived.stored()] == [(1, "12:00")]


def test_a_set_that_was_edited_is_still_completed_by_what_its_version_waits_for(lived):
    lived.rule(SET % ("", ""))
    lived.begin(START)
    lived.live(step("raised", "10:00"), step("answered", "10:10"), until="2026-03-02 10:15")
    edit(lived, (SET % ("", "")).replace(", followup.recorded", ", proposal.submitted"))
    lived.live(step("followed", "10:30"), until="2026-03-02 15:00")
    assert told(lived) == []


@pytest.mark.parametrize("rule", [waits(), SET % ("", "")], ids=["wait", "not all"])
def test_a_rule_that_is_archived_leaves_nothing_open(lived, rule):
    lived.rule(rule)
    lived.begin(START)
    lived.live(visit("10:00"), step("raised", "10:01"), until="2026-03-02 10:05")
    (lived.folder / "rules" / "rule.yaml").unlink()
    apply(lived.deployment, read_bundle(lived.folder))
    lived.live(until="2026-03-02 15:00")
    assert told(lived) == []
    states = lived.rows(select(AgendaRow.state, AgendaRow.note))
    assert [tuple(row) for row in states] == [("cancelled", "the rule is paused or archived")]


def test_editing_a_limit_never_makes_a_rule_speak_twice(lived):
    lived.rule(speaks("{once_per: day}"))
    lived.begin(START)
    lived.live(visit("10:00"), until="2026-03-02 10:05")
    for limit in ("{once_per: day, by: customer}", "{once_per: 24 hours}", "{once_per: week}", "{at_most: 1 per day}"):
        edit(lived, speaks(limit))
        lived.live(visit(f"{10 + len(lived.receipts)}:00"), until=f"2026-03-02 {10 + len(lived.receipts)}:30")
    assert told(lived) == ["02 10:00 zhang"]
    assert lived.rows(select(func.count()).select_from(FindingRow))[0][0] == 1


def test_a_series_that_nobody_read_for_a_while_is_counted_whole_again(lived):
    daily = counts("today", least=3)
    lived.rule(daily)
    lived.begin(START)
    lived.live(visit("10:00"), until="2026-03-02 10:05")
    edit(lived, speaks("{once_per: month}", "if: {fact: person.id, is: nobody}"))
    lived.live(visit("11:00"), until="2026-03-02 11:05")
    edit(lived, textwrap.dedent(daily))
    lived.live(visit("12:00"), until="2026-03-02 12:05")
    assert told(lived) == ["02 12:00 zhang"]


def test_one_customers_visits_by_several_people_fall_into_one_wait(lived):
    lived.rule(waits(", match: customer"))
    visits = [visit(f"10:0{n}", by) for n, by in enumerate(("zhang", "lead", "boss"))]
    lived.findings(*visits, start=START, until="2026-03-02 12:00")
    assert told(lived) == ["02 10:10 zhang"]


def test_an_event_of_before_the_rule_opens_no_window(lived):
    lived.rule(speaks("{once_per: month}", "if: {fact: person.id, is: nobody}"))
    lived.begin(START)
    lived.live(visit("10:00"), until="2026-03-02 10:01")
    edit(lived, waits())
    lived.live(an_event("visit.completed", "2026-03-02 10:05", customer="x"), until="2026-03-02 12:00")
    assert told(lived) == ["02 10:15 zhang"]


def test_a_transfer_in_the_middle_of_a_batch_hides_nothing_of_what_came_before_it(lived):
    lived.rule(counts("last 60 minutes"))
    lived.rule(waits().replace("id: r", "id: w"), "wait")
    lived.begin(START)
    lived.live(until="2026-03-02 09:30")
    moved = an_event("person.moved", "2026-03-02 10:02", unit="sales", position="rep", supervisor="boss")
    lived._receive([one[1] for one in (visit("10:00"), visit("10:01"), moved, visit("10:03"), visit("10:04"))])
    lived.live(until="2026-03-02 12:00")
    assert told(lived) == ["02 10:03 zhang", "02 10:04 zhang", "02 10:10 zhang"]
    assert [one.why[0]["operand"] for one in lived.stored() if one.rule == "w"] == [4]


def test_of_two_workers_at_one_window_the_second_waits_for_the_first(postgres_url, tmp_path, a_deployment):
    story = Story(tmp_path / "client", "live postgres", a_deployment, postgres_url)
    story.rule(waits(", match: customer"))
    story.begin(START)
    story.live(until="2026-03-02 10:03")
    judged, go_on = threading.Event(), threading.Event()

    def fault(place: str) -> None:
        if place == "judged":
            judged.set()
            assert go_on.wait(30)

    first, second = Worker(_another(story), fault), Worker(_another(story))
    for worker in (first, second):
        worker.step()  # takes up the rules, for which it needs every lane
    with ThreadPoolExecutor(2) as pool:
        story._receive([visit("10:01", "zhang")[1]])  # the two are judged in lanes of their own
        one = pool.submit(first.hear)
        assert judged.wait(30)
        story._receive([visit("10:00", "lead")[1]])
        other = pool.submit(second.hear)
        while not story.rows(text("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")):
            assert not other.done(), "it did not wait"
            time.sleep(0.02)
        go_on.set()
        assert (one.result(30), other.result(30)) == (1, 1)
    states = story.rows(select(AgendaRow.subject, AgendaRow.state).order_by(AgendaRow.began))
    assert [tuple(row) for row in states] == [("lead", "open"), ("zhang", "joined")]
    story.live(until="2026-03-02 12:00")
    assert told(story) == ["02 10:10 lead"]


def _another(story: Story):
    """The same deployment in another process, as far as the database can tell."""
    return story.open_deployment(
        story.url,
        clock=ManualClock(story.deployment.clock.now()),
        engine=story.engine,
        folder=story.folder,
        migrated=False,
    )
