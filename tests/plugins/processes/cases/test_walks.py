"""The core processes, each walked from end to end: as it is meant, with a no, beyond a deadline, and with an owner on leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.plugins.processes.stories import STORIES, Does, Story, Until, story_of
from tests.plugins.processes.walking import Office, Walk, after, just_before, local, moment

HAPPENED = {"trip.approved", "trip.started", "claim.approved", "claim.paid", "leave.started", "attendance.checked_in"}
HAPPENED |= {"person.joined", "person.moved", "person.left", "proposal.submitted"}
"""What has not happened where somebody said no."""
A_FEW = ("trip", "transfer", "offboarding", "customer_followup")
"""Walked on PostgreSQL as well; what is kept and read is the same for all."""


def each(*names: str):
    chosen = [story for story in STORIES if not names or story.process in names]
    return pytest.mark.parametrize("story", chosen, ids=lambda story: story.process)


@pytest.fixture
def office(a_deployment, tmp_path) -> Office:
    return Office.open(a_deployment, tmp_path / "client")


def begun(office: Office, story: Story) -> Walk:
    return office.begin(story.process, story.by, story.data, story.about)


def happen(case: Walk, *moves: Does | Until) -> Walk:
    for move in moves:
        move.happens(case)
    return case


def as_it_is_meant(office: Office, story: Story) -> None:
    case = happen(begun(office, story), *story.way)
    assert case.end == story.end
    assert case.definition.ends[case.end].good
    assert case.visited == list(story.steps)
    assert case.emitted == list(story.emits)
    assert case.owners == []
    assert case.told("node.overdue") == []
    assert len(case.told("node.entered")) == len(case.told("node.done")) == len(case.tasks)
    assert case.history[-1] == f"ended {story.end}"


@each()
def test_it_is_walked_as_it_is_meant(office, story):
    as_it_is_meant(office, story)


@each(*A_FEW)
def test_and_on_postgresql(a_deployment, tmp_path, postgres_url, story):
    as_it_is_meant(Office.open(a_deployment, tmp_path / "client", postgres_url), story)


@each()
def test_a_no_ends_it_kindly_and_the_words_stay_with_it(office, story):
    case = happen(begun(office, story), *story.no)
    assert case.end == story.refused
    assert case.owners == []
    notes = [move.note for move in story.no if isinstance(move, Does) and move.note]
    assert all(note in case.notes for note in notes)
    assert not set(case.emitted) & HAPPENED


def beyond_its_deadline(office: Office, story: Story) -> None:
    case = happen(begun(office, story), *story.before)
    assert (case.owners, case.due) == ([story.waits_for], story.due)
    case.until(just_before(story.due))
    assert case.told("node.overdue") == []
    case.until(story.due)
    (told,) = case.told("node.overdue")
    assert (told["owner"], told["node"], told["due"]) == (story.waits_for, case.node, moment(story.due).isoformat())
    assert len(case.told("node.near")) == (1 if case.definition.nodes[case.node].remind else 0)
    assert case.owners == [story.waits_for]
    case.until(after(story.due))
    happen(case, *story.way[len(story.before) :])
    assert case.end == story.end  # late is late, and as good as ever
    assert [(task.node, task.owner) for task in case.tasks if task.late] == [(told["node"], story.waits_for)]
    assert len(case.told("node.overdue")) == 1


@each()
def test_a_step_beyond_its_deadline_is_told_once_and_can_still_be_done(office, story):
    beyond_its_deadline(office, story)


@each(*A_FEW)
def test_a_deadline_on_postgresql(a_deployment, tmp_path, postgres_url, story):
    beyond_its_deadline(Office.open(a_deployment, tmp_path / "client", postgres_url), story)


def in_place_of(story: Story, *moves: Does | Until) -> list[Does | Until]:
    """The same moves, by whoever stands in."""
    by_another = [isinstance(move, Does) and move.by == story.waits_for for move in moves]
    return [replace(move, by=story.instead) if it else move for move, it in zip(moves, by_another, strict=True)]  # type: ignore[call-arg]  # only a Does is by somebody


def goes_on(case: Walk, story: Story) -> None:
    """The stand-in has it, and with what they do it comes to its end."""
    assert case.owners == [story.instead]
    happen(case, *in_place_of(story, *story.way[len(story.before) :]))
    assert case.end == story.end


def stood_in_for(office: Office, story: Story) -> None:
    case = happen(begun(office, story), *story.before)
    office.goes_on_leave(story.waits_for)
    assert [task.meant_for for task in case.tasks if task.state == "open"] == [story.waits_for]
    assert case.history[-1].startswith("handed_over")
    goes_on(case, story)


@each()
def test_whoever_goes_on_leave_is_stood_in_for_at_once(office, story):
    stood_in_for(office, story)


@each(*A_FEW)
def test_a_stand_in_on_postgresql(a_deployment, tmp_path, postgres_url, story):
    stood_in_for(Office.open(a_deployment, tmp_path / "client", postgres_url), story)


@each()
def test_what_comes_to_whoever_is_on_leave_has_its_stand_in_from_the_start(office, story):
    office.goes_on_leave(story.waits_for)
    case = happen(begun(office, story), *in_place_of(story, *story.before))
    assert not any(line.startswith("handed_over") for line in case.history)
    goes_on(case, story)


@each()
def test_with_nobody_else_there_hr_has_it_and_never_nobody(office, story):
    office.goes_on_leave(*{story.waits_for, story.instead, "boss", "lead", "vice"} - {story.by})
    assert set(begun(office, story).owners) <= {"hr", "hr2", story.about}


# -- what comes of them ------------------------------------------------------------------------------------------------


def walked(office: Office, process: str) -> Walk:
    story = story_of(process)
    return happen(begun(office, story), *story.way)


def test_a_check_in_that_was_added_counts_from_its_own_time(office):
    walked(office, "attendance_correction")
    (event,) = office.events("attendance.checked_in")
    assert (local(event.time), event.subject, event.data["customer"]) == ("2026-02-27 08:55", "zhang", "恒亮照明")


def test_a_check_in_that_is_added_before_its_time_counts_as_of_now(office):
    story = story_of("attendance_correction")
    office.begin(story.process, "zhang", {**story.data, "day": "2026-03-02", "time": "18:00"}).does("lead", "agree")
    (event,) = office.events("attendance.checked_in")
    assert local(event.time) == "2026-03-02 09:00"


def test_who_joined_is_there_from_the_first_day(office):
    assert not office.directory.knows("qian")
    walked(office, "onboarding")
    post = office.directory.at("qian", moment("2026-03-09 12:00"))
    assert (post.name, post.unit, post.position, post.supervisor) == ("钱刚", "sales", "rep", "lead")


def test_who_moved_has_the_new_post_from_its_day(office):
    walked(office, "transfer")
    before, since = (office.directory.at("zhang", moment(at)) for at in ("2026-03-15 12:00", "2026-03-16 12:00"))
    assert (before.unit, before.supervisor) == ("sales", "lead")
    assert (since.unit, since.supervisor) == ("south", "south")


def test_who_left_is_there_until_the_end_of_the_last_day(office):
    walked(office, "offboarding")
    assert office.directory.at("zhang", moment("2026-03-20 23:00")) is not None
    assert office.directory.at("zhang", moment("2026-03-21 00:00")) is None
    assert [event.data for event in office.events("person.left")] == [{}], "why somebody goes is theirs and HR's"


def test_a_leave_is_away_from_its_first_to_its_last_day_and_back_early_is_back(office):
    story = story_of("leave")
    case = happen(begun(office, story), Does("lead", "agree"), Until("2026-03-09 10:00"))
    other = office.begin("monthly_review", "zhang", story_of("monthly_review").data)
    other.does("lead", "answer", answer="三家新客户很不容易，样品我来催。")
    assert "zhang" not in other.owners
    case.does("zhang", "back_early")
    assert (case.end, case.emitted) == ("taken", ["leave.started", "leave.ended"])


def test_a_long_leave_is_looked_at_by_hr_as_well(office):
    story = story_of("leave")
    case = office.begin("leave", "zhang", {**story.data, "until": "2026-03-20", "days": 10}).does("lead", "agree")
    assert (case.node, case.owners) == ("hr_check", ["hr"])
    assert case.does("hr", "agree").node == "waiting"


def test_one_of_two_may_ask_for_another_talk(office):
    story = story_of("monthly_review")
    case = happen(begun(office, story), story.way[0])
    case.does("zhang", "settled").does("lead", "talk_more", note="还有一件想谈。")
    assert case.node == "answer"
