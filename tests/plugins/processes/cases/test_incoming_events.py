"""Events from elsewhere begin cases and answer their steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.processes.engine_story import EngineStory, later
from tideng.model.event import Event
from tideng.store.database import writing

WANTED = """\
id: wanted
title: {zh: 客户想要, en: Wanted}
key: need
start: {by: [anyone], event: need.raised}
fields:
  customer: {type: text, title: {zh: 客户, en: Customer}}
  text: {type: text, title: {zh: 内容, en: Text}}
nodes:
  raise:
    title: {zh: 记下, en: Note}
    owner: person
    form: [customer, "text?"]
    outcomes: {submit: {title: {zh: 提交, en: Submit}, to: answer, emit: need.raised}}
  answer:
    title: {zh: 答复, en: Answer}
    owner: "role:finance"
    deadline: {within: 24 hours}
    outcomes: {yes: {title: {zh: 能, en: Yes}, to: done, emit: need.answered, "on": need.answered}}
ends: {done: {title: {zh: 答了, en: Answered}}}
"""


@pytest.fixture
def story(tmp_path: Path, a_deployment, database_url: str) -> EngineStory:
    return EngineStory(a_deployment, tmp_path, database_url, **{"processes/wanted.yaml": WANTED})


def only_case(story: EngineStory):
    return story.case("wanted-000001")


def test_a_crm_begins_a_case_and_answers_it(story: EngineStory):
    story.tell("need.raised", "zhang", need="N-7", customer="恒亮照明", text="轨道灯")
    case = only_case(story)
    assert (case.person, case.node, case.data["customer"]) == ("zhang", "answer", "恒亮照明")
    assert [task.owner for task in case.open_tasks] == ["money"]
    story.clock.advance(hours=3)
    story.tell("need.answered", "zhang", need="N-7")
    assert only_case(story).end == "done"
    assert len(story.heard("need.raised")) == len(story.heard("need.answered")) == 1, "nothing is said twice"


def test_what_people_do_is_told_under_the_name_that_the_crm_gave(story: EngineStory):
    story.tell("need.raised", "zhang", need="N-7", customer="恒亮照明")
    story.hand_in("money", "wanted-000001", "answer", "yes")
    assert [data["need"] for _kind, _who, data in story.heard("need.answered")] == ["N-7"]


def test_the_same_need_twice_is_one_case(story: EngineStory):
    story.tell("need.raised", "zhang", need="N-7", customer="恒亮照明")
    story.tell("need.raised", "zhang", need="N-7", customer="恒亮照明")
    story.tell("need.raised", "zhang", need="N-8", customer="华彩酒店")
    assert [story.case(f"wanted-00000{n}").data["customer"] for n in (1, 2)] == ["恒亮照明", "华彩酒店"]


def test_a_case_that_a_person_began_is_answered_by_its_id(story: EngineStory):
    case = story.begin("zhang", "wanted", customer="恒亮照明")
    story.work()
    story.tell("need.answered", "zhang", need=case)
    assert only_case(story).end == "done"


def test_strangers_begin_nothing_and_nobody_answers_what_was_not_asked(story: EngineStory):
    story.tell("need.raised", "stranger", need="N-9", customer="新客户")
    story.tell("need.answered", "zhang", need="nowhere")
    assert story.heard("node.entered") == []


def test_history_stands_as_it_stood_and_nothing_is_told_of_it(story: EngineStory):
    story.tell("need.raised", "zhang", later(days=-60), need="N-1", customer="旧客户")
    story.tell("need.answered", "zhang", later(days=-59, hours=2), need="N-1")
    case = only_case(story)
    assert (case.started_at, case.end, case.ended_at) == (later(days=-60), "done", later(days=-59, hours=2))
    assert [task.late for task in case.tasks] == [False, True]
    told = story.heard("node.entered", "node.done", "node.overdue")
    assert [data for _kind, _who, data in told if data["process"] == "wanted"] == []


@pytest.mark.parametrize("needs", [2, 40])
def test_so_many_statements_for_two_needs_as_for_forty(needs: int, story: EngineStory):
    told = [
        Event(f"n{one}", "crm", "need.raised", later(), "zhang", {"need": f"N-{one}", "customer": "恒亮照明"})
        for one in range(needs)
    ]

    def hear() -> None:
        with writing(story.deployment.engine) as connection:
            known = {"connection": connection, "directory": story.directory, "silent": lambda event: False}
            story.deployment.plugins.call("on_stored", events=told, **known)

    assert story.statements(hear) <= 16
    assert story.case(f"wanted-{needs:06d}").node == "answer"


def test_an_answer_that_was_in_time_and_came_late_is_in_time(story: EngineStory):
    story.tell("need.raised", "zhang", need="N-7", customer="恒亮照明")
    story.wait(hours=25)
    assert only_case(story).open_tasks[0].late
    story.tell("need.answered", "zhang", later(hours=23), need="N-7")
    assert [task.late for task in only_case(story).tasks] == [False, False]
