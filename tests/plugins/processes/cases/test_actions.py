"""What people do with a case beside its forms: hand a step over, and leave a comment."""

from __future__ import annotations

import pytest

from tests.plugins.processes.engine_story import EngineStory
from tideng.base.errors import NotAllowed, NotFound, Refused


def test_a_step_is_handed_over_by_its_owner(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.hand_over("lead", case, "approve", "deputy", "我下午在路上")
    assert engine_story.owners(case) == ["deputy"]
    assert engine_story.case(case).steps[-1].note == "我下午在路上"


@pytest.mark.parametrize("who", ["boss", "hr"])
def test_the_owners_supervisor_and_hr_may_hand_it_over_too(who: str, engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.hand_over(who, case, "approve", "deputy")
    assert engine_story.owners(case) == ["deputy"]


@pytest.mark.parametrize(("who", "error"), [("zhang", NotAllowed), ("wu", NotFound)])
def test_nobody_else_hands_a_step_over(who: str, error: type[Exception], engine_story: EngineStory):
    case = engine_story.begin("zhang")
    with pytest.raises(error):
        engine_story.hand_over(who, case, "approve", "boss")
    assert engine_story.owners(case) == ["lead"]


def test_a_step_is_handed_over_to_somebody_who_works_here(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    with pytest.raises(Refused):
        engine_story.hand_over("hr", case, "approve", "nobody")


def test_a_step_that_is_done_is_not_handed_over(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.hand_in("lead", case, "approve", "agree")
    with pytest.raises(Refused, match="done already"):
        engine_story.hand_over("hr", case, "approve", "deputy")


def test_a_comment_in_the_history_is_for_everyone_who_sees_the_case(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    engine_story.comment("lead", case, "下周到货吗？")
    assert engine_story.case(case, "zhang").steps[-1].note == "下周到货吗？"
    with pytest.raises(NotFound):
        engine_story.comment("wu", case, "听说……")


def test_an_empty_comment_is_refused(engine_story: EngineStory):
    case = engine_story.begin("zhang")
    with pytest.raises(Refused):
        engine_story.comment("lead", case, " ")
