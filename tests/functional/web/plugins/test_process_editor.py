"""The editor of processes: a document checked while somebody writes, published, or typed as text."""

from __future__ import annotations

import json
import re

from tests.functional.web.plugins.process_office import send
from tideng_processes.document.blank_process import blank_document
from tideng_processes.publication.registry import registry_of


def test_the_editor_gets_the_document_in_the_order_in_which_it_is_written(story, office):
    page = story.as_("hr").get("/processes/leave/edit").text
    found = re.search(r'id="editor-boot">(.*?)</script>', page)
    document = json.loads(found[1])["document"] if found else None
    if document is not None:  # without the built script the page has the text only
        assert list(document["nodes"]) == list(office.document()["nodes"])
        assert document == office.document()
    assert "nodes:" in page


def test_a_document_is_checked_while_one_writes_and_nothing_is_kept(story, office):
    hr, document = story.as_("hr"), office.document()
    document["nodes"]["approve"]["deadline"] = {"within": "12 hours"}
    found = send(hr, "/processes/leave/check", document=document).json
    assert found["ok"]
    assert "主管答复" in found["diagram"]
    assert found["differences"] == ["“主管答复”的期限：1 个工作日 → 12 小时"]
    document["nodes"]["approve"]["owner"] = "somebody"
    document["nodes"]["approve"]["outcomes"]["agree"]["to"] = "nowhere"
    found = send(hr, "/processes/leave/check", document=document).json
    assert not found["ok"]
    assert ("nodes.approve.owner", "不是负责人的写法") in [(one["at"], one["problem"]) for one in found["problems"]]
    assert send(hr, "/processes/leave/check").json["ok"] is False
    assert len(registry_of(story.deployment).versions("leave")) == 1


def test_what_is_published_is_for_new_cases_and_the_others_stay(story, office):
    before, hr, document = office.a_leave(), story.as_("hr"), office.document()
    document["nodes"]["approve"]["deadline"] = {"within": "12 hours"}
    answer = send(hr, "/processes/leave/publish", document=document, note="半天内答复", base=1)
    assert answer.json == {"version": 2, "href": "/processes/leave/moving"}
    page = hr.get("/processes/leave").text
    assert "半天内答复" in page
    assert "第 2 版" in page
    after = office.a_leave()
    assert (office.case(before).version, office.case(after).version) == (1, 2)
    version = hr.get("/processes/leave/versions/2").text
    assert "“主管答复”的期限：1 个工作日 → 12 小时" in version


def test_whoever_was_overtaken_is_told_and_loses_nothing(story, office):
    hr, document = story.as_("hr"), office.document()
    document["title"]["zh"] = "请假一"
    assert send(hr, "/processes/leave/publish", document=document, base=1).status_code == 200
    document["title"]["zh"] = "请假二"
    answer = send(hr, "/processes/leave/publish", document=document, base=1)
    assert answer.status_code == 409
    assert answer.json["error"] == "刚有人发布了另一个版本。"
    assert office.document()["title"]["zh"] == "请假一"


def test_a_process_that_does_not_fit_is_not_published(story, office):
    hr, document = story.as_("hr"), office.document()
    del document["nodes"]["approve"]
    answer = send(hr, "/processes/leave/publish", document=document, base=1)
    assert answer.status_code == 400
    assert answer.json["problems"]
    assert send(hr, "/processes/leave/publish", document=office.document() | {"id": "other"}, base=1).status_code == 400
    assert send(hr, "/processes/leave/publish").status_code == 400


def test_a_process_is_changed_as_text_where_there_is_no_script(story, office):
    hr = story.as_("hr")
    page = hr.post("/processes/leave/text", text="id: leave\nnodes: [", base="1", what="publish")
    assert page.status_code == 200
    assert "nodes: [" in page.text
    page = hr.post("/processes/leave/text", text="id: leave\ntitle: {zh: 请假}", base="1", what="check").text
    assert "每种语言都要有文字" in page
    good = json.dumps(office.document() | {"title": {"zh": "休假", "en": "Leave"}})
    assert "都对得上，还没有发布" in hr.post("/processes/leave/text", text=good, base="1", what="check").text
    assert hr.post("/processes/leave/text", text=good, base="1", what="publish", note="改名").status_code == 302
    assert office.document()["title"]["zh"] == "休假"
    again = hr.post("/processes/leave/text", text=good.replace("休假", "放假"), base="1", what="publish")
    assert "刚有人发布了另一个版本" in again.text


def test_a_new_process_begins_with_two_steps_and_takes_a_free_id(story, office):
    hr = story.as_("hr")
    assert "新流程" in hr.get("/processes/-/edit").text
    document = blank_document() | {"id": "leave", "title": {"zh": "借用", "en": "Borrowing"}}
    answer = send(hr, "/processes/-/publish", document=document, base=0)
    assert answer.status_code == 400
    assert [one["problem"] for one in answer.json["problems"]] == ["已有流程用了这个编号"]
    answer = send(hr, "/processes/-/publish", document=document | {"id": "borrowing"}, base=0)
    assert answer.json == {"version": 1, "href": "/processes/borrowing"}
    assert "借用" in hr.get("/processes/").text
