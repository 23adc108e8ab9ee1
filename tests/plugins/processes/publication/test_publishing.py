"""A process is changed: by people in the browser, by files, by a newer Tideng; running cases stay on what they began with."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.plugins.processes.engine_story import PURCHASE, EngineStory
from tideng.base.errors import InvalidBundle, NotAllowed
from tideng.client.bundle import read_bundle
from tideng_processes.document.parser import InvalidProcess
from tideng_processes.publication import publishing
from tideng_processes.publication.publishing import Stale


def document(story: EngineStory) -> dict[str, Any]:
    latest = story.registry.latest("purchase")
    assert latest is not None
    return copy.deepcopy(dict(latest.definition.document))


def publish(story: EngineStory, changed: dict[str, Any], base: int = 1, who: str = "hr") -> int:
    version = publishing.publish(story.deployment, story.viewer(who), story.directory, changed, "更快一点", base)
    story.work()
    return version


def without_approval(story: EngineStory) -> dict[str, Any]:
    changed = document(story)
    changed["nodes"]["request"]["outcomes"]["submit"]["to"] = "wait"
    for name in ("approve", "together"):
        del changed["nodes"][name]
    changed["nodes"]["wait"]["outcomes"]["stop"] = {"title": {"zh": "停", "en": "Stop"}, "to": "rejected"}
    return changed


def test_a_change_is_for_new_cases_and_running_ones_finish_on_theirs(on_both: EngineStory):
    story = on_both
    old = story.begin("zhang")
    assert publish(story, without_approval(story)) == 2
    new = story.begin("zhang")
    assert (story.case(old).version, story.case(old).node) == (1, "approve")
    assert (story.case(new).version, story.case(new).node) == (2, "wait")
    story.hand_in("lead", old, "approve", "agree")
    story.wait(days=2)
    assert story.case(old).end == story.case(new).end == "done"


def test_a_version_that_does_not_fit_is_refused_with_everything_that_is_wrong(engine_story: EngineStory):
    changed = document(engine_story)
    changed["nodes"]["approve"]["outcomes"]["agree"]["to"] = "nowhere"
    changed["nodes"]["request"]["form"].append("colour")
    changed["nodes"]["together"]["owners"]["rep"]["owner"] = "position:ceo"
    with pytest.raises(InvalidProcess) as refused:
        publish(engine_story, changed)
    places = {one.at for one in refused.value.problems}
    assert {"nodes.approve.outcomes.agree.to", "nodes.request.form", "nodes.together.owner"} <= places
    assert engine_story.registry.latest("purchase").version == 1


def test_two_people_who_edit_at_once_do_not_overwrite_each_other(engine_story: EngineStory):
    publish(engine_story, without_approval(engine_story))
    with pytest.raises(Stale):
        publish(engine_story, document(engine_story), base=1)


@pytest.mark.parametrize("who", ["zhang", "lead", "look"])
def test_only_hr_implementers_and_administrators_publish(who: str, engine_story: EngineStory):
    with pytest.raises(NotAllowed):
        publish(engine_story, without_approval(engine_story), who=who)


# -- files -------------------------------------------------------------------------------------------------------------

SLOWER = PURCHASE.replace("{within: 8 hours}", "{within: 9 hours}")


def write(story: EngineStory, text: str) -> None:
    (story.folder / "processes" / "purchase.yaml").write_text(text, "utf-8")


def test_applying_the_same_files_again_changes_nothing(engine_story: EngineStory):
    assert [line for line in engine_story.apply() if "process" in line] == []


def test_a_changed_file_is_a_new_version(engine_story: EngineStory):
    write(engine_story, SLOWER)
    assert "process purchase: version 2" in engine_story.apply()


def test_what_people_changed_and_the_files_too_is_for_somebody_to_decide(engine_story: EngineStory):
    publish(engine_story, without_approval(engine_story))
    assert [line for line in engine_story.apply() if "process" in line] == [], "the files say nothing new"
    write(engine_story, SLOWER)
    with pytest.raises(InvalidBundle, match="--take files or --take deployment"):
        engine_story.apply()
    assert [line for line in engine_story.apply("deployment") if "purchase" in line] == []
    assert "process purchase: version 3" in engine_story.apply("files")


def test_a_clients_process_takes_the_place_of_a_shipped_one(tmp_path, a_deployment):
    own = PURCHASE.replace("id: purchase", "id: leave")
    story = EngineStory(a_deployment, tmp_path, **{"processes/leave.yaml": own})
    latest = story.registry.latest("leave")
    assert latest is not None
    assert (latest.origin, "approve" in latest.definition.nodes, "waiting" in latest.definition.nodes) == (
        "files",
        True,
        False,
    )


def test_a_bundle_with_bad_processes_is_refused_whole_with_file_and_line(engine_story: EngineStory):
    write(engine_story, PURCHASE.replace("owner: person", "owner: nobody", 1).replace("to: approve", "to: aprove"))
    (engine_story.folder / "processes" / "broken.yaml").write_text("id: [", "utf-8")
    with pytest.raises(InvalidBundle) as refused:
        engine_story.deployment.check(read_bundle(engine_story.folder))
    said = "\n".join(map(str, refused.value.problems))
    assert "purchase.yaml line 12, nodes.request.owner" in said
    assert "broken.yaml line" in said
