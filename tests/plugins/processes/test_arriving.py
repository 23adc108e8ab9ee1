"""Events from elsewhere begin cases and answer their steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.processes.engine_story import THURSDAY, EngineStory, later

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


def test_history_and_strangers_begin_nothing(story: EngineStory):
    story.tell("need.raised", "zhang", THURSDAY.replace(day=1), need="old", customer="旧客户")
    story.tell("need.raised", "stranger", need="N-9", customer="新客户")
    story.tell("need.answered", "zhang", need="nowhere")
    assert story.heard("node.entered") == []


def test_an_answer_that_was_in_time_and_came_late_is_in_time(story: EngineStory):
    story.tell("need.raised", "zhang", need="N-7", customer="恒亮照明")
    story.wait(hours=25)
    assert only_case(story).open_tasks[0].late
    story.tell("need.answered", "zhang", later(hours=23), need="N-7")
    assert [task.late for task in only_case(story).tasks] == [False, False]
