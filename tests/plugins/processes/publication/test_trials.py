"""A version is tried for a fortnight: it is for new cases until its day, and then the one before it is, unless somebody keeps it."""

from __future__ import annotations

import pytest

from tests.plugins.processes.engine_story import EngineStory
from tests.plugins.processes.publication.test_publishing import SLOWER, document, publish, without_approval, write
from tideng.base.errors import InvalidBundle, NotAllowed, Refused
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng_processes.document.blank_process import blank_document
from tideng_processes.publication import publishing, trials
from tideng_processes.publication.publishing import Stale
from tideng_processes.publication.registry import FILES, registry_of
from tideng_processes.publication.trials import (
    KEPT,
    OVERTAKEN,
    RETURNED,
    Trial,
)


def try_out(story: EngineStory, changed=None, base: int = 1, who: str = "hr") -> int:
    found = publishing.publish(
        story.deployment,
        story.viewer(who),
        story.directory,
        changed or without_approval(story),
        "试试",
        base,
        trials.DAYS,
    )
    story.work()
    return found


def trial_of(story: EngineStory) -> Trial:
    with reading(story.deployment.engine) as connection:
        found = trials.last_trial(connection, "purchase")
    assert found is not None
    return found


def new_case(story: EngineStory) -> int:
    """Which version a case that begins now has."""
    return story.case(story.begin("zhang")).version


def test_it_is_for_new_cases_until_its_day_and_then_the_one_before_it_is_by_itself(on_both: EngineStory):
    story = on_both
    assert try_out(story) == 2
    tried = story.begin("zhang")
    story.wait(days=13)
    assert new_case(story) == 2
    assert trial_of(story).running
    story.wait(days=2)
    assert new_case(story) == 3
    latest = story.registry.latest("purchase")
    assert latest.definition.document == story.registry.version("purchase", 1).definition.document
    assert (latest.origin, latest.by) == (FILES, "")
    assert trial_of(story).outcome == RETURNED
    assert story.case(tried).version == 2, "a case keeps the version on which it began"


def test_its_last_day_is_a_whole_day_of_the_client(engine_story: EngineStory):
    try_out(engine_story)
    assert (
        trial_of(engine_story).until.isoformat() == "2025-06-26T16:00:00+00:00"
    )  # begun on Thursday the 12th, in Shanghai
    assert trial_of(engine_story).last_day(engine_story.directory.zone_of("", trial_of(engine_story).until)).day == 26


def test_a_worker_that_was_down_then_goes_back_when_it_is_there_again(on_both: EngineStory):
    story = on_both
    try_out(story)
    story.clock.advance(days=40)
    Worker(story.deployment).step()
    with reading(story.deployment.engine) as connection:
        story.deployment.plugins.call("refresh", connection=connection)
    assert registry_of(story.deployment).latest("purchase").version == 3
    assert trial_of(story).outcome == RETURNED


def test_two_workers_go_back_once(on_both: EngineStory):
    story = on_both
    try_out(story)
    other = Worker(story.deployment)
    story.clock.advance(days=15)
    story.work()
    other.step()
    assert story.registry.latest("purchase").version == 3


def test_whoever_keeps_it_has_it_for_good(on_both: EngineStory):
    story = on_both
    try_out(story)
    publishing.keep_trial(story.deployment, story.viewer("hr"), "purchase")
    story.wait(days=20)
    assert new_case(story) == 2
    assert (trial_of(story).outcome, trial_of(story).settled_by) == (KEPT, "hr")
    with pytest.raises(Refused, match="no version is being tried"):
        publishing.end_trial(story.deployment, story.viewer("hr"), "purchase")


def test_it_can_be_ended_before_its_day(engine_story: EngineStory):
    try_out(engine_story)
    publishing.end_trial(engine_story.deployment, engine_story.viewer("hr"), "purchase")
    engine_story.work()
    assert new_case(engine_story) == 3
    assert (trial_of(engine_story).outcome, trial_of(engine_story).settled_by) == (RETURNED, "hr")
    engine_story.wait(days=20)
    assert new_case(engine_story) == 3


def test_another_version_that_people_publish_takes_its_place(engine_story: EngineStory):
    try_out(engine_story)
    changed = document(engine_story)
    changed["title"]["zh"] = "买东西"
    assert publish(engine_story, changed, base=2) == 3
    engine_story.wait(days=20)
    assert new_case(engine_story) == 3
    assert trial_of(engine_story).outcome == OVERTAKEN


def test_what_can_not_be_tried_is_refused(engine_story: EngineStory):
    with pytest.raises(Refused, match="nothing is changed"):
        try_out(engine_story, document(engine_story))
    new = blank_document() | {"id": "borrowing", "title": {"zh": "借用", "en": "Borrowing"}}
    with pytest.raises(Refused, match="no version to go back to"):
        try_out(engine_story, new, base=0)
    try_out(engine_story)
    changed = document(engine_story)
    changed["title"]["zh"] = "买东西"
    with pytest.raises(Refused, match="tried already"):
        try_out(engine_story, changed, base=2)
    with pytest.raises(Stale):
        try_out(engine_story, changed, base=1)
    assert engine_story.registry.latest("purchase").version == 2


@pytest.mark.parametrize("who", ["zhang", "lead", "look"])
def test_only_those_who_publish_try_keep_and_end(who: str, engine_story: EngineStory):
    with pytest.raises(NotAllowed):
        try_out(engine_story, who=who)
    try_out(engine_story)
    for decide in (publishing.keep_trial, publishing.end_trial):
        with pytest.raises(NotAllowed):
            decide(engine_story.deployment, engine_story.viewer(who), "purchase")


# -- files -------------------------------------------------------------------------------------------------------------
def test_files_that_say_nothing_new_leave_a_trial_alone(engine_story: EngineStory):
    try_out(engine_story)
    assert [line for line in engine_story.apply() if "purchase" in line] == []
    assert trial_of(engine_story).running


def test_files_that_changed_as_well_are_for_somebody_to_decide(engine_story: EngineStory):
    try_out(engine_story)
    write(engine_story, SLOWER)
    with pytest.raises(InvalidBundle, match="version 2 is being tried here") as refused:
        engine_story.apply()
    assert "--take files ends the trial" in str(refused.value)
    assert [line for line in engine_story.apply("deployment") if "purchase" in line] == []
    assert trial_of(engine_story).running
    assert "process purchase: version 3" in engine_story.apply("files")
    assert trial_of(engine_story).outcome == OVERTAKEN
    engine_story.wait(days=20)
    assert engine_story.registry.latest("purchase").version == 3


# -- many --------------------------------------------------------------------------------------------------------------
def test_whether_anything_is_due_is_one_statement_with_a_trial_as_without(engine_story: EngineStory):
    plugins, now = engine_story.deployment.plugins, engine_story.clock.now()

    def ask() -> None:
        with reading(engine_story.deployment.engine) as connection:
            plugins.call_one("processes", "is_due", connection=connection, now=now)

    before = engine_story.statements(ask)
    try_out(engine_story)
    assert engine_story.statements(ask) == before == 1
