"""A form that puts somebody into a post names what is there."""

from __future__ import annotations

import pytest

from tests.plugins.processes.stories import story_of
from tests.plugins.processes.walking import Office
from tideng.base.problems import say
from tideng_processes.forms.form_check import IncompleteForm

ONBOARDING, TRANSFER = (story_of(process) for process in ("onboarding", "transfer"))


@pytest.fixture
def office(a_deployment, tmp_path) -> Office:
    return Office.open(a_deployment, tmp_path / "client")


def asked(office, story, **data) -> dict[str, str]:
    with pytest.raises(IncompleteForm) as caught:
        office.begin(story.process, story.by, {**story.data, **data}, story.about)
    return {one.field: say(one.problem().moved(""), "zh").line for one in caught.value.asked}


def test_a_unit_and_a_position_are_known(office):
    assert asked(office, ONBOARDING, unit="sale", position="chef") == {
        "unit": "没有编号为“sale”的部门；相近的：sales 销售部",
        "position": "没有编号为“chef”的岗位",
    }
    assert set(asked(office, TRANSFER, position="repp")) == {"position"}


def test_whoever_writes_the_name_hears_the_id(office):
    assert asked(office, ONBOARDING, unit="华南", position="销售代表") == {
        "unit": "没有编号为“华南”的部门；相近的：south 华南",
        "position": "没有编号为“销售代表”的岗位；相近的：rep 销售代表",
    }


def test_the_id_of_a_newcomer_is_nobody_else_s(office):
    assert asked(office, ONBOARDING, newcomer="zhang") == {"newcomer": "这个编号已经有人用了，换一个"}


def test_nobody_is_asked_where_all_of_it_is_there(office):
    assert office.begin("onboarding", "hr", ONBOARDING.data).node == "prepare"
