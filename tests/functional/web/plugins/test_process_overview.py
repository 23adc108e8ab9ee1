"""The pages of processes: how each one goes, which step to look at first, and its cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from tests.functional.web.plugins.process_office import send


def test_the_list_says_of_each_process_what_is_under_way(story, office):
    hr = story.as_("hr")
    page = hr.get("/processes/").text
    assert "现在没有在办的单" in page
    assert "请假" in page
    assert "近 30 天没有单" in page
    office.a_leave()
    page = hr.get("/processes/").text
    assert "现在 1 件在办" in page
    assert "还没有到期的" in page


def test_where_there_are_no_figures_the_page_says_so(story):
    page = story.as_("hr").get("/processes/leave").text
    assert "近 30 天没有新来的单，还没有数据" in page
    assert "没有数据：近 30 天这一步没有到期的" in page
    assert "先看这步" not in page


def test_the_step_that_is_often_late_is_the_one_to_look_at_first(story, office):
    for days in range(4, 11):
        office.a_leave("zhang", ago=timedelta(days=days))
    page = story.as_("hr").get("/processes/leave").text
    assert "近 30 天 7 件" in page
    assert "慢在“主管答复”" in page
    assert page.count("先看这步") == 1
    assert "按时 0/7" in page
    assert page.count("btn-lamp") == 1
    assert "为什么慢" in page
    assert "leave-000001" in page


def test_a_step_has_an_address_of_its_own(story):
    hr = story.as_("hr")
    assert "这一步只是等时间到，不会慢" in hr.get("/processes/leave?step=waiting").text
    assert "天数" in hr.get("/processes/leave?step=request").text
    assert hr.get("/processes/leave?step=nonsense").status_code == 200
    assert hr.get("/processes/nothing").status_code == 404


def test_the_picture_and_its_words_are_in_the_page(story):
    page = story.as_("hr").get("/processes/leave").text
    assert "flowchart TD" in page
    assert "这几天不方便 → 这次没有休成" in page
    english = story.as_("hr", language="en").get("/processes/leave").text
    assert "Where each step leads" in english
    assert "Direct supervisor" in english


def test_a_supervisor_sees_the_cases_of_their_own_team(story, office):
    office.a_leave("zhang")
    office.a_leave("li")
    lead = story.as_("lead")
    assert "看 1 件在办" in lead.get("/processes/leave").text
    listed = lead.get("/processes/leave/cases").text
    assert "张三" in listed
    assert "李晨" not in listed


def test_a_supervisor_changes_no_process(story):
    lead = story.as_("lead")
    assert "改这一步" not in lead.get("/processes/leave").text
    assert lead.get("/processes/leave/edit").status_code == 403
    assert send(lead, "/processes/leave/publish", document={}, base=1).status_code == 403


def test_an_auditor_reads_the_pages_and_an_employee_does_not(story):
    assert story.as_("look").get("/processes/leave").status_code == 200
    assert story.as_("zhang").get("/processes/").status_code == 403


def test_a_list_of_cases_is_filtered_by_state_and_step(story, office):
    case = office.a_leave()
    hr = story.as_("hr")
    for asked, there in (("", True), ("?state=ended", False), ("?state=all&step=approve", True), ("?step=away", False)):
        assert (case in hr.get(f"/processes/leave/cases{asked}").text) == there, asked
    assert "没有这样的单" in hr.get("/processes/leave/cases?state=late").text


def test_the_pages_ask_as_many_statements_for_many_cases_as_for_few(story, office):
    hr, asked = story.as_("hr"), []
    event.listen(story.deployment.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def statements(path: str) -> int:
        hr.get(path)
        asked.clear()
        hr.get(path)
        return len(asked)

    office.a_leave()
    paths = ("/processes/", "/processes/leave", "/processes/leave/cases")
    few = [statements(path) for path in paths]
    for number in range(12):
        office.a_leave(("zhang", "li")[number % 2])
    assert [statements(path) for path in paths] == few


def test_a_trial_and_an_estimate_ask_as_many_statements_for_many_cases_as_for_few(story, office):
    hr, asked, document = story.as_("hr"), [], office.document()
    document["nodes"]["approve"]["deadline"] = {"within": "12 hours"}
    send(hr, "/processes/leave/try", document=document, base=1)
    document["nodes"]["approve"]["deadline"] = {"within": "2 days"}
    event.listen(story.deployment.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def statements(ask: Callable[[], Any]) -> int:
        ask()
        asked.clear()
        ask()
        return len(asked)

    def counted() -> list[int]:
        asks = (
            lambda: hr.get("/processes/leave?step=approve"),
            lambda: send(hr, "/processes/leave/check", document=document),
        )
        return [statements(one) for one in asks]

    office.a_leave(ago=timedelta(days=9))
    few = counted()
    for number in range(12):
        office.a_leave(("zhang", "li")[number % 2], ago=timedelta(days=number))
    assert counted() == few
