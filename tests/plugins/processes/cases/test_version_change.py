"""Open cases go on by another version of their process."""

from __future__ import annotations

import pytest

from tests.plugins.processes.engine_story import EngineStory
from tests.plugins.processes.publication.test_publishing import document, publish, without_approval
from tideng.base.errors import Refused
from tideng.store.database import reading
from tideng_processes.cases.version_change import older_cases


def test_cases_on_older_versions_are_listed_by_their_step(engine_story: EngineStory):
    old = engine_story.begin("zhang")
    publish(engine_story, without_approval(engine_story))
    engine_story.begin("zhang")
    with reading(engine_story.deployment.engine) as connection:
        assert older_cases(connection, "purchase", 2) == {"approve": [old]}


def test_a_case_at_a_step_that_is_gone_is_moved_to_the_step_that_somebody_names(engine_story: EngineStory):
    old = engine_story.begin("zhang")
    publish(engine_story, without_approval(engine_story))
    with pytest.raises(Refused, match="no such step"):
        engine_story.move([old], 2)
    assert engine_story.move([old], 2, {"approve": "wait"}) == 1
    moved = engine_story.case(old)
    assert (moved.version, moved.node, [task.node for task in moved.open_tasks]) == (2, "wait", ["wait"])
    assert "moved wait" in engine_story.history(old)


def test_a_step_that_is_in_both_versions_keeps_its_owner_and_its_deadline(engine_story: EngineStory):
    old = engine_story.begin("zhang")
    before = engine_story.case(old).open_tasks
    changed = document(engine_story)
    changed["nodes"]["approve"]["title"] = {"zh": "主管同意", "en": "Agreement"}
    publish(engine_story, changed)
    assert engine_story.move([old], 2) == 1
    after = engine_story.case(old)
    assert after.version == 2
    assert [(task.id, task.owner, task.due) for task in after.open_tasks] == [
        (task.id, task.owner, task.due) for task in before
    ]
