"""A rule edited while it is at work: it never speaks twice, its ladders finish, a paused one falls silent, and every
running worker knows it as soon as the bell rings."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from story import Story, a_report, a_trip, an_event

from tideng.access.viewer import Viewer
from tideng.base.clock import SystemClock
from tideng.client.bundle import read_bundle
from tideng.runtime.worker import Worker
from tideng.store.database import writing
from tideng_rules.lifecycle import pausing, publishing
from tideng_rules.lifecycle.drafts import create_draft
from tideng_rules.lifecycle.publishing import Ground

HR = Viewer("hr.li", "hr", frozenset({"hr"}))
DAILY = """
    id: daily
    kind: reminder
    title: {zh: 日报, en: Report}
    why: {zh: 有用, en: It helps}
    when: {every: workday, at: "19:00"}
    who: {fact: person.on_trip, is: true}
    if: {fact: metric.reports_today, is: 0}
    then: [{nudge: person, message: {zh: 写一下？, en: Write it}}]
    later:
      - at: "21:00"
        then: [{nudge: supervisor, message: {zh: 帮一下？, en: Help}}]
    until: {fact: metric.reports_today, gte: 1}
"""
WEEKLY = """
    id: weekly
    kind: reminder
    title: {zh: 周, en: Week}
    why: {zh: 有用, en: It helps}
    when: {event: trip.started}
    then: [{nudge: person, message: {zh: 出差了, en: On the way}}]
    limit: {once_per: week}
"""
ABSENCE = """
    id: waits
    kind: escalation
    title: {zh: 等, en: Waits}
    why: {zh: 有用, en: It helps}
    when: {event: need.raised, without: need.answered, within: 24 hours, match: need}
    then: [{nudge: supervisor, message: {zh: 还在等, en: Still open}}]
"""
AFTER = {"zh": "改过的话", "en": "Other words"}


def document(text: str, **changes) -> dict:
    return {**yaml.safe_load(text), **changes}


def edit(story: Story, text: str, **changes) -> None:
    """HR publishes the rule with these changes, now."""
    deployment = story.deployment
    with writing(deployment.engine) as connection:
        now = deployment.clock.now()
        made = create_draft(connection, HR, document(text, **changes), now)
        publishing.publish_draft(connection, HR, made.id, now, Ground.of(deployment, connection))


def spoke(story: Story) -> list[tuple[str, str, int]]:
    """Each finding as (local moment, recipient, version)."""
    hours = timedelta(hours=8)
    return [(f"{one.at + hours:%d %H:%M}", one.recipient, one.version) for one in story.stored()]


WORDING = {"then": [{"nudge": "person", "message": AFTER}]}


def test_a_message_edited_between_the_reminder_and_the_next_day_does_not_repeat_it(lived: Story):
    lived.rule(DAILY)
    lived.begin("2026-03-02 18:00")
    lived.live(a_trip("2026-03-02 08:00"), until="2026-03-02 19:30")
    edit(lived, DAILY, **WORDING)
    lived.live(until="2026-03-03 20:00")
    assert spoke(lived) == [("02 19:00", "zhang", 1), ("02 21:00", "lead", 1), ("03 19:00", "zhang", 2)]


@pytest.mark.parametrize("moment", ["18:59", "19:00", "20:00", "20:59", "21:00", "22:30"])
def test_however_a_day_is_cut_by_an_edit_of_the_words_the_same_is_said(lived: Story, moment: str):
    lived.rule(DAILY)
    lived.begin("2026-03-02 18:00")
    lived.live(a_trip("2026-03-02 08:00"), until=f"2026-03-02 {moment}")
    edit(lived, DAILY, **WORDING)
    lived.live(until="2026-03-02 23:00")
    replayed = Story(lived.folder.parent / "again", "replay", lived.open_deployment)
    replayed.rule(DAILY)
    trip = a_trip("2026-03-02 08:00")
    unedited = replayed.findings(trip, start="2026-03-02 08:00", until="2026-03-02 23:00")
    assert [(f"{one.at + timedelta(hours=8):%d %H:%M}", one.recipient) for one in unedited] == [
        line[:2] for line in spoke(lived)
    ]


def test_a_reminder_moved_to_a_later_hour_of_the_same_day_is_not_said_again(lived: Story):
    lived.rule(DAILY)
    lived.begin("2026-03-02 18:00")
    lived.live(a_trip("2026-03-02 08:00"), until="2026-03-02 19:10")
    edit(lived, DAILY, when={"every": "workday", "at": "20:00"})
    lived.live(until="2026-03-03 20:30")
    assert [line[:2] for line in spoke(lived)] == [("02 19:00", "zhang"), ("02 21:00", "lead"), ("03 20:00", "zhang")]


def test_a_rule_that_spoke_this_week_does_not_speak_again_because_it_was_edited(lived: Story):
    lived.rule(WEEKLY)
    lived.begin("2026-03-02 08:00")
    lived.live(a_trip("2026-03-02 09:00"), until="2026-03-02 10:00")
    edit(lived, WEEKLY, priority=3)
    lived.live(a_trip("2026-03-03 09:00", trip="t2"), until="2026-03-03 10:00")
    edit(lived, WEEKLY, priority=4, **WORDING)
    lived.live(a_trip("2026-03-04 09:00", trip="t3"), a_trip("2026-03-09 09:00", trip="t4"), until="2026-03-09 10:00")
    assert spoke(lived) == [("02 09:00", "zhang", 1), ("09 09:00", "zhang", 3)]


def test_a_deadline_finishes_on_the_version_that_opened_it_and_speaks_once(lived: Story):
    lived.rule(ABSENCE)
    lived.begin("2026-03-02 08:00")
    lived.live(an_event("need.raised", "2026-03-02 09:00", need="n1"), until="2026-03-02 12:00")
    edit(lived, ABSENCE, when={**document(ABSENCE)["when"], "within": "30 hours"})
    lived.live(an_event("need.raised", "2026-03-02 13:00", need="n2"), until="2026-03-05 08:00")
    assert spoke(lived) == [("03 09:00", "lead", 1), ("03 19:00", "lead", 2)]


def test_rolling_back_in_the_evening_says_nothing_twice(lived: Story):
    lived.rule(DAILY)
    lived.begin("2026-03-02 18:00")
    lived.live(a_trip("2026-03-02 08:00"), until="2026-03-02 18:30")
    edit(lived, DAILY, **WORDING)
    lived.live(until="2026-03-02 19:30")
    with writing(lived.deployment.engine) as connection:
        now = lived.deployment.clock.now()
        publishing.rollback(connection, HR, "daily", 1, now, Ground.of(lived.deployment, connection))
    lived.live(until="2026-03-03 20:00")
    assert spoke(lived) == [("02 19:00", "zhang", 2), ("02 21:00", "lead", 2), ("03 19:00", "zhang", 3)]


# -- silence -------------------------------------------------------------------------------------------------------
def pause(story: Story) -> None:
    with writing(story.deployment.engine) as connection:
        pausing.pause(connection, HR, "daily", "let us look at it", story.deployment.clock.now())


def resume(story: Story) -> None:
    with writing(story.deployment.engine) as connection:
        pausing.resume(connection, HR, "daily", story.deployment.clock.now())


def test_pausing_a_rule_ends_its_ladder_also_when_it_is_resumed_before_the_next_step(lived: Story):
    lived.rule(DAILY)
    lived.begin("2026-03-02 18:00")
    lived.live(a_trip("2026-03-02 08:00"), until="2026-03-02 19:30")
    pause(lived)
    lived.live(until="2026-03-02 20:00")
    resume(lived)
    lived.live(until="2026-03-02 23:00")
    assert spoke(lived) == [("02 19:00", "zhang", 1)]
    assert lived.agenda() == [(1, "cancelled", "the rule is paused or archived")]


def test_what_a_rule_missed_while_it_was_paused_it_does_not_say_afterwards(lived: Story):
    lived.rule(DAILY)
    lived.begin("2026-03-02 18:00")
    lived.live(a_trip("2026-03-02 08:00"), until="2026-03-02 18:30")
    pause(lived)
    lived.live(until="2026-03-02 20:00")
    resume(lived)
    lived.live(until="2026-03-03 20:00")
    assert spoke(lived) == [("03 19:00", "zhang", 1)]


def test_the_line_itself_pauses_a_rule_through_its_hook(lived: Story):
    lived.rule(DAILY)
    lived.begin("2026-03-02 18:00")
    lived.live(a_trip("2026-03-02 08:00"), until="2026-03-02 18:30")
    with writing(lived.deployment.engine) as connection:
        call = lived.deployment.plugins.call
        paused = call("pause_rule", rule="daily", why="too many", detail={"people": 900}, connection=connection)
        assert paused == [True]
        assert call("pause_rule", rule="never-was", why="?", detail={}, connection=connection) == []
        held = pausing.pauses(connection, HR)["daily"]
    assert (held.by, held.detail) == ("storm control", {"people": 900})
    lived.live(until="2026-03-02 20:00")
    assert spoke(lived) == []


def test_an_archived_rule_lets_its_deadlines_go(lived: Story):
    lived.rule(ABSENCE)
    lived.begin("2026-03-02 08:00")
    lived.live(an_event("need.raised", "2026-03-02 09:00", need="n1"), until="2026-03-02 12:00")
    with writing(lived.deployment.engine) as connection:
        now = lived.deployment.clock.now()
        pausing.archive(connection, HR, "waits", now)
        publishing.restore(connection, HR, "waits", now, Ground.of(lived.deployment, connection))
    lived.live(until="2026-03-05 08:00")
    assert spoke(lived) == []


# -- in every worker -----------------------------------------------------------------------------------------------
def test_a_running_worker_takes_a_new_version_up_once_the_bell_rings(a_deployment, database_url, tmp_path: Path):
    story = Story(tmp_path / "client", "live", a_deployment)
    story.rule(DAILY)
    bundle = read_bundle(story.folder)
    deployment = a_deployment(database_url, bundle=bundle, clock=SystemClock(), engine="closures", sweep_seconds=600.0)
    story.deployment = deployment  # no sweep comes in time: only the bell wakes the worker
    worker, stop, bell = Worker(deployment), threading.Event(), threading.Event()
    listener = deployment.bell.listen(bell.set)
    thread = threading.Thread(target=worker.run, args=(stop, bell))
    thread.start()
    try:
        assert _comes_true(lambda: _versions(worker) == [1])
        for number, act in enumerate(
            (lambda: edit(story, DAILY, **WORDING), lambda: pause(story), lambda: resume(story))
        ):
            act()
            deployment.bell.ring()
            expected = [[2], [], [2]][number]
            assert _comes_true(lambda expected=expected: _versions(worker) == expected)
    finally:
        stop.set()
        bell.set()
        thread.join(timeout=20)
        listener.stop()
    assert not thread.is_alive()


def _versions(worker: Worker) -> list[int]:
    flow = worker._in_force._flow
    return [watch.version for watch in flow.watchlist.watches] if flow else [0]


def _comes_true(holds, patience: float = 60) -> bool:
    """Wait until it holds; the patience (seconds) only ends a run that hangs."""
    end = time.monotonic() + patience
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def test_a_report_still_spares_the_supervisor_after_an_edit(lived: Story):
    lived.rule(DAILY)
    lived.begin("2026-03-02 18:00")
    lived.live(a_trip("2026-03-02 08:00"), until="2026-03-02 19:30")
    edit(lived, DAILY, **WORDING)
    lived.live(a_report("2026-03-02 20:50"), until="2026-03-02 23:00")
    assert spoke(lived) == [("02 19:00", "zhang", 1)]
