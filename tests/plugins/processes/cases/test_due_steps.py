"""What happens by itself: reminders, deadlines, and steps whose owner is not there."""

from __future__ import annotations

import pytest

from tests.plugins.processes.cases.test_incoming_events import WANTED
from tests.plugins.processes.engine_story import EngineStory, later
from tideng.runtime.worker import Worker
from tideng.store.database import writing
from tideng_processes.cases import due_steps
from tideng_processes.views.case import CaseView


def kinds(case: CaseView) -> list[str]:
    return [one.kind for one in case.steps if one.node == "approve"]


def test_the_owner_is_told_before_the_deadline_and_once_when_it_is_over(on_both: EngineStory):
    story = on_both
    case = story.begin("zhang")
    story.wait(hours=5, minutes=59)
    assert kinds(story.case(case)) == ["entered"]
    story.wait(minutes=1)
    assert kinds(story.case(case)) == ["entered", "reminded"]
    story.wait(hours=2)
    story.wait(hours=20)
    assert kinds(story.case(case)) == ["entered", "reminded", "overdue"]
    told = story.heard("node.near", "node.overdue")
    assert [(kind, data["owner"]) for kind, _who, data in told] == [("node.near", "lead"), ("node.overdue", "lead")]


def test_a_worker_that_was_down_says_late_what_came_due_and_when_it_was(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.wait(days=3)
    assert kinds(engine_story.case(case)) == ["entered", "overdue"]
    assert engine_story.case(case).steps[-1].at == later(hours=8)


def test_a_step_that_waits_for_its_time_leads_on_at_that_time(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.hand_in("lead", case, "approve", "agree")
    engine_story.wait(days=5)
    assert engine_story.case(case).ended_at == later(days=2)


def test_what_was_done_is_not_reminded_of(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.hand_in("lead", case, "approve", "reject", note="下个月")
    engine_story.wait(days=1)
    assert engine_story.heard("node.near", "node.overdue") == []


# -- owners who are not there ------------------------------------------------------------------------------------------


def test_an_owner_on_leave_is_stood_in_for_by_the_deputy(on_both: EngineStory):
    story = on_both
    story.tell("leave.started", "lead", leave="L1")
    case = story.begin("zhang")
    task = story.case(case).open_tasks[0]
    assert (task.owner, task.meant_for) == ("deputy", "lead")


def test_an_owner_who_goes_on_leave_gives_up_the_step_and_its_deadline_stays(on_both: EngineStory):
    story = on_both
    case = story.begin("zhang")
    story.tell("leave.started", "lead", leave="L1")
    task = story.case(case).open_tasks[0]
    assert (task.owner, task.meant_for, task.due) == ("deputy", "lead", later(hours=8))
    assert "handed_over approve" in story.history(case)


def test_an_owner_who_left_is_followed_by_the_next_one_up_where_the_deputy_left_too(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.tell("person.left", "lead")
    assert engine_story.owners(case) == ["deputy"]
    engine_story.tell("person.left", "deputy")
    assert engine_story.owners(case) == ["boss"]


def test_a_step_is_never_nobodys(engine_story: EngineStory):
    case = engine_story.begin("boss")
    assert engine_story.owners(case) == ["hr"]
    engine_story.tell("person.left", "hr")
    assert engine_story.owners(case) == ["boss"] or engine_story.owners(case) == ["role:hr"]


def test_the_own_form_of_somebody_on_leave_waits_for_them(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.hand_in("lead", case, "approve", "return", note="哪个型号？")
    engine_story.tell("leave.started", "zhang", leave="L1")
    engine_story.wait(minutes=11)
    assert engine_story.owners(case) == ["zhang"]


def test_a_role_that_is_away_goes_to_its_next_holder(engine_story: EngineStory):
    engine_story.tell("leave.started", "money", leave="L1")
    assert engine_story.owners(engine_story.begin("zhang", amount=9000)) == ["hr"]


def test_leave_that_nobody_said_an_event_of_is_noticed_within_minutes(engine_story: EngineStory):
    """The organisation was imported anew: somebody's last day was yesterday."""
    case = engine_story.begin("zhang")
    people = engine_story.folder / "people.csv"
    rows = people.read_text("utf-8").replace(
        "lead,王海燕,north,lead,boss,2020-01-01,,", "lead,王海燕,north,lead,boss,2020-01-01,2025-06-11,"
    )
    people.write_text(rows, "utf-8")
    engine_story.apply()
    engine_story.wait(minutes=11)
    assert engine_story.owners(case) == ["deputy"]


def look_at_owners(story: EngineStory, **later: float) -> int:
    """How many statements a look takes, so much later."""
    story.clock.advance(**later)
    plugins, now = story.deployment.plugins, story.clock.now()

    def look() -> None:
        with writing(story.deployment.engine) as connection:
            known = {"connection": connection, "directory": story.directory, "now": now}
            plugins.call_one("processes", "come_due", **known)

    return story.statements(look)


def test_owners_are_looked_at_again_only_when_who_is_there_is_otherwise(on_both: EngineStory):
    story = on_both
    same, tomorrow = look_at_owners(story, minutes=11), look_at_owners(story, days=1)
    assert tomorrow == same + 1, "who has an open step is asked when somebody may have left"
    assert look_at_owners(story, minutes=11) == same
    case = story.begin("zhang")
    story.tell("leave.started", "lead", leave="L1")
    assert story.owners(case) == ["deputy"]
    story.tell("leave.started", "deputy", leave="L2")
    assert story.owners(case) == ["boss"]


def test_a_step_of_history_is_given_to_whoever_is_there_now(tmp_path, a_deployment):
    story = EngineStory(a_deployment, tmp_path, **{"processes/wanted.yaml": WANTED})
    story.tell("leave.started", "money", leave="L1")
    look_at_owners(story, minutes=11)
    story.tell("need.raised", "zhang", later(days=-60), need="N-1", customer="旧客户")
    assert story.owners("wanted-000001") == ["money"]
    story.wait(minutes=11)
    assert story.owners("wanted-000001") == ["hr"]


def test_many_steps_that_stay_do_not_hold_up_the_one_that_is_to_move(engine_story: EngineStory, monkeypatch):
    monkeypatch.setattr(due_steps, "AT_ONCE", 2)
    for _ in range(5):
        own = engine_story.begin("lead")
        engine_story.hand_in("boss", own, "approve", "return", note="哪个型号？")
    case = engine_story.begin("zhang")
    engine_story.tell("leave.started", "lead", leave="L1")
    assert engine_story.owners(own) == ["lead"], "their own form waits for them"
    assert engine_story.owners(case) == ["deputy"]


# -- many --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cases", [3, 30])
def test_so_many_statements_for_three_cases_as_for_thirty(cases: int, engine_story: EngineStory):
    for _ in range(cases):
        engine_story.begin("zhang")
    engine_story.work()
    engine_story.clock.advance(hours=9)
    plugins, now = engine_story.deployment.plugins, engine_story.clock.now()

    def come_due() -> None:
        with writing(engine_story.deployment.engine) as connection:
            known = {"connection": connection, "directory": engine_story.directory, "now": now}
            assert plugins.call_one("processes", "come_due", **known) == cases

    assert engine_story.statements(come_due) <= 14


def test_two_workers_wake_a_step_once(on_both: EngineStory):
    story = on_both
    case = story.begin("zhang")
    other = Worker(story.deployment)
    story.clock.advance(hours=9)
    story.work()
    other.step()
    assert kinds(story.case(case)).count("overdue") == 1
