"""What people do with a process: begin, hand in, ask back, hand over; and what they may not."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.plugins.processes.engine_story import EngineStory, later
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.base.problems import say
from tideng_processes.forms.fields import person_named
from tideng_processes.forms.form_check import IncompleteForm
from tideng_processes.forms.submitted_data import as_text


def problems(refused: Any) -> set[str]:
    return {one.at for one in refused.value.problems}


def test_a_small_purchase_goes_from_its_request_to_its_delivery(on_both: EngineStory):
    story = on_both
    case = story.begin("zhang")
    assert story.owners(case) == ["lead"]
    story.hand_in("lead", case, "approve", "agree")
    story.wait(days=2)
    assert story.case(case).end == "done"
    assert story.history(case) == [
        "entered request",
        "done request submit",
        "entered approve",
        "done approve agree",
        "entered wait",
        "done wait arrived",
        "ended done",
    ]


def test_every_step_is_told_as_an_event_about_whom_the_case_is_about(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.hand_in("lead", case, "approve", "reject", note="这个月先不买")
    told = engine_story.heard("node.entered", "node.done")
    assert [(kind, data["node"], data["owner"]) for kind, _who, data in told] == [
        ("node.entered", "request", "zhang"),
        ("node.done", "request", "zhang"),
        ("node.entered", "approve", "lead"),
        ("node.done", "approve", "lead"),
    ]
    assert {who for _kind, who, _data in told} == {"zhang"}
    assert {data["case"] for _kind, _who, data in told} == {case}


def test_everything_that_is_open_in_a_form_is_said_at_once(engine_story: EngineStory):
    with pytest.raises(IncompleteForm) as refused:
        engine_story.begin("zhang", what="灯", amount="12.345", currency="GELD", wrong="x")
    assert problems(refused) == {"what", "amount", "currency", "wrong"}
    asked = [one.problem().moved("") for one in refused.value.asked]
    assert "还差 1 字" in [say(one, "zh").line for one in asked]
    assert "1 characters to go" in [say(one, "en").line for one in asked]


def test_nothing_is_kept_of_what_was_refused(engine_story: EngineStory):
    with pytest.raises(IncompleteForm):
        engine_story.begin("zhang", amount=None)
    assert engine_story.heard("node.entered") == []
    assert engine_story.begin("zhang") == "purchase-000001"


def test_a_return_needs_a_few_words_and_comes_back_to_whom_it_is_about(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    with pytest.raises(IncompleteForm) as refused:
        engine_story.hand_in("lead", case, "approve", "return")
    assert problems(refused) == {"note"}
    engine_story.hand_in("lead", case, "approve", "return", note="要哪个型号？")
    assert engine_story.owners(case) == ["zhang"]
    engine_story.hand_in("zhang", case, "request", "submit", what="样灯 A3", amount=200)
    assert engine_story.owners(case) == ["lead"]


def test_money_decides_in_the_clients_currency(engine_story: EngineStory):
    assert engine_story.owners(engine_story.begin("zhang", amount=800, currency="USD")) == ["money"]
    assert engine_story.owners(engine_story.begin("zhang", amount=800)) == ["lead"]


# -- joint steps -------------------------------------------------------------------------------------------------------


def a_joint_step(story: EngineStory) -> str:
    case = story.begin("zhang", amount=2000)
    story.hand_in("lead", case, "approve", "agree")
    return case


def test_a_joint_step_is_left_when_both_have_said_the_same(engine_story: EngineStory):
    case = a_joint_step(engine_story)
    assert engine_story.owners(case) == ["zhang", "li"]
    engine_story.hand_in("zhang", case, "together", "yes")
    assert engine_story.case(case).node == "together"
    engine_story.hand_in("li", case, "together", "yes")
    assert engine_story.case(case).node == "wait"


def test_two_answers_that_differ_are_looked_at_together_once_more(engine_story: EngineStory):
    case = a_joint_step(engine_story)
    engine_story.hand_in("zhang", case, "together", "yes")
    engine_story.hand_in("li", case, "together", "no")
    assert engine_story.case(case).node == "together"
    assert sorted(engine_story.owners(case)) == ["li", "zhang"]
    assert "differing together" in engine_story.history(case)


def test_one_word_is_enough_where_the_process_says_so(engine_story: EngineStory):
    case = a_joint_step(engine_story)
    engine_story.hand_in("li", case, "together", "stop")
    assert engine_story.case(case).end == "rejected"
    assert engine_story.owners(case) == []


def test_a_step_of_a_position_goes_to_the_holder_who_has_least(engine_story: EngineStory):
    for _ in range(3):
        assert engine_story.owners(a_joint_step(engine_story)) == ["zhang", "li"]  # two parts are two people's
    case = engine_story.begin("wu", amount=2000)
    engine_story.hand_in("lead", case, "approve", "agree")
    given = []
    for _ in range(2):
        case = engine_story.begin("wu", amount=2000)
        engine_story.hand_in("lead", case, "approve", "agree")
        given.append(engine_story.owners(case)[1])
    assert set(given) == {"zhang", "li"}


# -- time --------------------------------------------------------------------------------------------------------------


def test_what_was_written_in_time_without_a_network_is_in_time(on_both: EngineStory):
    story = on_both
    case = story.begin("zhang")
    story.wait(hours=9)
    assert story.case(case).open_tasks[0].late
    story.hand_in("lead", case, "approve", "agree", at=later(hours=7, minutes=59))
    assert story.case(case).tasks[1].late is False
    assert "in_time approve" in story.history(case)


def test_the_deadline_itself_is_in_time_and_a_second_later_is_not(engine_story: EngineStory):
    for seconds, late in ((0, False), (1, True)):
        case = engine_story.begin("zhang", at=engine_story.clock.now())
        began = engine_story.clock.now()
        engine_story.clock.advance(hours=9)
        engine_story.hand_in("lead", case, "approve", "agree", at=began + timedelta(hours=8, seconds=seconds))
        assert engine_story.case(case).tasks[1].late is late


@pytest.mark.parametrize(("at", "said"), [(later(minutes=5), "ahead"), (later(days=-8), "back")])
def test_a_moment_that_cannot_be_is_refused_in_words(at: Any, said: str, engine_story: EngineStory):
    with pytest.raises(Refused, match=said):
        engine_story.begin("zhang", at=at)


def test_a_case_cannot_be_answered_before_it_came(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.hand_in("lead", case, "approve", "agree", at=later(hours=-3))
    assert engine_story.case(case).tasks[1].done_at == later()


# -- twice -------------------------------------------------------------------------------------------------------------


def test_the_same_hand_in_twice_is_one(on_both: EngineStory):
    story = on_both
    case = story.begin("zhang", key="draft-1")
    assert story.begin("zhang", key="draft-1") == case
    story.hand_in("lead", case, "approve", "return", note="哪个？", key="a")
    story.hand_in("lead", case, "approve", "return", note="哪个？", key="a")
    assert story.history(case).count("done approve return") == 1


def test_two_hands_on_one_step_are_one_hand_in(on_both: EngineStory):
    """The owner and HR press at the same time: one of them is told that the step is done."""
    story, told = on_both, []
    case = story.begin("zhang")

    def press(who: str) -> None:
        try:
            story.hand_in(who, case, "approve", "agree")
            told.append("done")
        except Refused as refused:
            told.append(refused.problems[0].problem)

    threads = [threading.Thread(target=press, args=(who,)) for who in ("lead", "hr")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["done", "this step is done already"]
    assert story.history(case).count("done approve agree") == 1


# -- who may -----------------------------------------------------------------------------------------------------------


def test_a_step_is_its_owners_and_who_else_tries_is_told_so(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    with pytest.raises(NotAllowed):
        engine_story.hand_in("zhang", case, "approve", "agree")
    with pytest.raises(NotFound):
        engine_story.hand_in("wu", case, "approve", "agree")
    engine_story.hand_in("hr", case, "approve", "agree")
    assert [one.by for one in engine_story.case(case).steps if one.node == "approve" and one.kind == "done"] == ["hr"]


def test_hr_does_not_decide_on_what_is_about_themselves(engine_story: EngineStory):
    case = engine_story.begin("hr")
    assert engine_story.owners(case) == ["boss"]
    with pytest.raises(NotAllowed):
        engine_story.hand_in("hr", case, "approve", "agree")


def test_whom_a_case_does_not_concern_sees_nothing_of_it(engine_story: EngineStory):
    case = engine_story.begin("zhang", reason="私事")
    for who in ("zhang", "lead", "boss", "hr", "look"):
        assert engine_story.case(case, who).id == case
    for who in ("li", "wu", "money"):
        with pytest.raises(NotFound):
            engine_story.case(case, who)


def test_what_is_sensitive_is_for_the_person_the_owner_and_hr(engine_story: EngineStory):
    case = engine_story.begin("zhang", reason="私事")
    assert {who: "reason" in engine_story.case(case, who).data for who in ("zhang", "lead", "hr", "boss", "look")} == {
        "zhang": True,
        "lead": True,
        "hr": True,
        "boss": False,
        "look": False,
    }
    assert all("reason" not in step.data for step in engine_story.case(case, "boss").steps)


@pytest.mark.parametrize("said", ["li", "李晨", "李晨 (li)", " 李晨（li） "])
def test_a_person_is_named_by_id_by_name_or_by_both(said: str, engine_story: EngineStory):
    assert person_named(engine_story.directory, said, engine_story.clock.now()) == "li"


def test_nobody_and_a_name_of_nobody_is_nobody(engine_story: EngineStory):
    assert [person_named(engine_story.directory, said, engine_story.clock.now()) for said in ("", "nobody", "李")] == [
        None
    ] * 3


@pytest.mark.parametrize(("value", "shown"), [(12345.67, "12345.67"), (200.0, "200"), (3, "3"), (0.5, "0.5")])
def test_an_amount_comes_back_as_it_was_written(value: float, shown: str, engine_story: EngineStory):
    published = engine_story.registry.latest("purchase")
    assert published is not None
    assert as_text(published.definition.fields["amount"], value) == shown
