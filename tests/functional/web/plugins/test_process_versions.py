"""Versions of a process: estimated, tried, used again, and open cases moved to the newest."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.functional.web.plugins.process_office import send


def test_another_deadline_is_estimated_from_the_steps_of_the_past(story, office):
    hr, document = story.as_("hr"), office.document()
    document["nodes"]["approve"]["deadline"] = {"within": "5 days"}
    found = send(hr, "/processes/leave/check", document=document).json
    assert found["guesses"] == [
        {"at": "nodes.approve.deadline", "words": "过去 90 天能算的只有 0 件，满 5 件才估得出。"}
    ]
    for days in range(6, 13):
        office.a_leave(("zhang", "li")[days % 2], ago=timedelta(days=days))
    found = send(hr, "/processes/leave/check", document=document).json
    words = "按过去 90 天的 7 件算：按时从 0% 到 0%。这是估计：人可能会按新期限安排。"
    assert found["guesses"] == [{"at": "nodes.approve.deadline", "words": words}]


def test_what_another_owner_would_have_meant_nobody_knows(story, office):
    hr, document = story.as_("hr"), office.document()
    document["nodes"]["approve"]["owner"] = "hr"
    found = send(hr, "/processes/leave/check", document=document).json
    assert found["guesses"] == [{"at": "nodes.approve.owner", "words": "换了负责人会怎样，过去的记录说不出来。"}]


def test_how_long_a_step_takes_is_told_from_five_on(story, office):
    hr = story.as_("hr")
    assert "做完 0 件，满 5 件才说得出要用多久" in hr.get("/processes/leave").text
    for days in range(4, 10):
        office.answer(office.a_leave(ago=timedelta(days=days)), "lead", "agree")
    page = hr.get("/processes/leave?step=approve&days=90").text
    assert "按做完的 6 件算" in page
    assert "九成" not in page, "of six, nine in ten are all of them"


def test_a_version_is_tried_and_kept(story, office):
    hr, document = story.as_("hr"), office.document()
    document["nodes"]["approve"]["deadline"] = {"within": "12 hours"}
    assert send(hr, "/processes/leave/try", document=office.document(), base=1).status_code == 400
    answer = send(hr, "/processes/leave/try", document=document, note="半天", base=1)
    assert answer.json == {"version": 2, "href": "/processes/leave#trial"}
    page = hr.get("/processes/leave").text
    for words in ("试用第 2 版", "试到 6月26日", "自动回到第 1 版", "件数太少，还看不出来", "新单在试这版"):
        assert words in page, words
    assert page.count("btn-lamp") == 1
    assert office.case(office.a_leave()).version == 2
    assert "试两周" not in hr.get("/processes/leave/edit").text.split("noscript")[1]
    assert hr.post("/processes/leave/trial", what="keep").status_code == 302
    page = hr.get("/processes/leave").text
    assert "留下了它" in page
    assert "现在就回去" not in page
    hr.post("/processes/leave/trial", what="end")
    assert "现在没有在试的版本" in hr.get("/processes/leave").text


def test_a_trial_is_ended_as_text_and_without_a_script(story, office):
    hr = story.as_("hr")
    good = json.dumps(office.document() | {"title": {"zh": "休假", "en": "Leave"}})
    answer = hr.post("/processes/leave/text", text=good, base="1", what="try", note="改名")
    assert answer.location == "/processes/leave#trial"
    hr.post("/processes/leave/trial", what="end")
    page = hr.get("/processes/leave").text
    assert "停了试用。第 3 版和第 1 版一样" in page
    assert "试用之后，同第 1 版" in page
    assert office.document()["title"]["zh"] == "请假"


def test_a_supervisor_sees_a_trial_and_decides_nothing(story, office):
    document = office.document()
    document["title"]["zh"] = "休假"
    send(story.as_("hr"), "/processes/leave/try", document=document, base=1)
    lead = story.as_("lead")
    page = lead.get("/processes/leave").text
    assert "试用第 2 版" in page
    assert "现在就回去" not in page
    assert lead.post("/processes/leave/trial", what="end").status_code == 403
    assert send(lead, "/processes/leave/try", document=document, base=2).status_code == 403


def test_an_older_version_is_used_again(story, office):
    hr, document = story.as_("hr"), office.document()
    document["title"]["zh"] = "请个假"
    send(hr, "/processes/leave/publish", document=document, base=1)
    page = hr.get("/processes/leave/versions/1").text
    assert "名称：请假 → 请个假" in page
    assert hr.post("/processes/leave/versions/1/again", base="2").status_code == 302
    assert office.document()["title"]["zh"] == "请假"
    assert "同第 1 版" in hr.get("/processes/leave").text
    hr.post("/processes/leave/versions/2/again", base="2")
    assert "刚有人发布了另一个版本" in hr.get("/processes/leave").text


def test_cases_are_moved_when_somebody_says_so_and_before_it_says_whom_it_touches(story, office):
    case, hr, document = office.a_leave(), story.as_("hr"), office.document()
    nodes = {("answer" if id == "approve" else id): node for id, node in document["nodes"].items()}
    nodes["request"]["outcomes"]["submit"]["to"] = "answer"
    send(hr, "/processes/leave/publish", document=document | {"nodes": nodes}, base=1)
    page = hr.get("/processes/leave/moving").text
    assert "最多涉及 2 人" in page
    assert "第 2 版没有这一步" in page
    hr.post("/processes/leave/moving", version="2", **{"to-approve": "stay"})
    assert office.case(case).version == 1
    hr.post("/processes/leave/moving", version="1", **{"to-approve": "answer"})
    assert office.case(case).version == 1
    assert hr.post("/processes/leave/moving", version="2", **{"to-approve": "answer"}).status_code == 302
    moved = office.case(case)
    assert (moved.version, moved.node) == (2, "answer")
    assert "改按第 2 版走" in hr.get(f"/cases/{case}").text
    assert "没有要改走新版的" in hr.get("/processes/leave/moving").text
