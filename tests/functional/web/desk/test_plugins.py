"""Plugins are switched by whoever may, everywhere, and never one that the deployment cannot be without."""

from __future__ import annotations

import pytest
from webstory import WebStory

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.runtime import plugin_switches
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading, writing

IMPLEMENTER = Viewer("impl", "", frozenset({"implementer"}))


def state_of(deployment: Deployment, plugin: str) -> str:
    return next(one.state for one in deployment.plugins.states if one.name == plugin)


def another_process(story: WebStory) -> Deployment:
    return Deployment.open(story.deployment.settings, ManualClock(story.clock.now()))


def test_a_switch_takes_effect_in_this_process_in_others_and_at_the_next_start(story: WebStory) -> None:
    with another_process(story) as worker:
        browser = story.as_("impl")
        page = browser.post("/plugins/connectors/off")
        assert page.status_code == 302
        assert state_of(story.deployment, "connectors") == "off"
        assert state_of(worker, "connectors") == "on"
        with reading(worker.engine) as connection:
            assert worker.refresh(connection)
        assert state_of(worker, "connectors") == "off"
        assert "connectors" not in worker.plugins.answers("start")
        with another_process(story) as later:
            assert state_of(later, "connectors") == "off"
        browser.post("/plugins/connectors/on")
        with reading(worker.engine) as connection:
            worker.refresh(connection)
        assert state_of(worker, "connectors") == state_of(story.deployment, "connectors") == "on"


def test_what_a_plugin_declared_stays_known_while_it_is_off(story: WebStory) -> None:
    with writing(story.deployment.engine) as connection:
        plugin_switches.switch_off(connection, story.deployment, IMPLEMENTER, "connectors")
    assert "trip.started" in story.deployment.catalogue.event_types
    assert story.as_("hr").get("/plugins/").status_code == 200


@pytest.mark.parametrize("plugin", ["orgchart", "rules"])
def test_the_deployment_cannot_be_without_people_or_rules(story: WebStory, plugin: str) -> None:
    with pytest.raises(Refused) as refused, writing(story.deployment.engine) as connection:
        plugin_switches.switch_off(connection, story.deployment, IMPLEMENTER, plugin)
    assert any("only plugin" in str(problem) for problem in refused.value.problems)
    browser = story.as_("impl")
    browser.post(f"/plugins/{plugin}/off")
    assert "没有停：" in browser.get("/plugins/").text
    assert state_of(story.deployment, plugin) == "on"


@pytest.mark.parametrize("login", ["hr", "look", "zhang", "boss"])
def test_only_implementers_and_administrators_switch(story: WebStory, login: str) -> None:
    assert story.as_(login).post("/plugins/connectors/off").status_code == 403
    assert state_of(story.deployment, "connectors") == "on"
    viewer = Viewer(login, login, frozenset({"hr", "auditor", "supervisor", "employee"}))
    with writing(story.deployment.engine) as connection:
        for act in (plugin_switches.switch_off, plugin_switches.switch_on, plugin_switches.try_again):
            with pytest.raises(NotAllowed):
                act(connection, story.deployment, viewer, "connectors")
            with pytest.raises(NotFound):
                act(connection, story.deployment, IMPLEMENTER, "nobody-knows")


def test_a_failed_plugin_stands_first_says_what_it_affects_and_can_be_tried_again(story: WebStory) -> None:
    story.an_event()
    story.deployment.plugins.fail("travel", RuntimeError("the certificate ran out"))
    browser = story.as_("impl")
    page = browser.get("/plugins/").text
    assert page.index("faultbox") < page.index('class="pl"')
    assert "日报未提交提醒" in page[page.index("faultbox") : page.index('class="pl"')]
    browser.post("/plugins/travel/again")
    assert state_of(story.deployment, "travel") == "on"
    assert "恢复了" in browser.get("/plugins/").text
