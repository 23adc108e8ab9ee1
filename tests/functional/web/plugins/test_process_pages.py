"""The pages of processes: how each one goes, one case with its history, and a process that is changed by people."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from sqlalchemy import event, insert, select

import tideng_admin
import tideng_processes
from tideng.access.viewer import Viewer
from tideng.org.directory import Directory
from tideng.store.database import reading, writing
from tideng_processes.document.blank_process import blank_document
from tideng_processes.forms import submissions
from tideng_processes.forms.fields import Submission
from tideng_processes.publication.registry import registry_of
from tideng_processes.tables import CaseRow, PaperRow, TaskRow

ROLES = {
    "zhang": ("employee",),
    "li": ("employee",),
    "lead": ("supervisor", "employee"),
    "boss": ("supervisor", "employee"),
    "hr": ("hr", "employee"),
}
LEAVE = {"kind": "annual", "from": "2025-06-20", "until": "2025-06-21", "days": 2}


class Office:
    """People at their cases: what they do goes through the services, what they see comes from the pages."""

    def __init__(self, story: Any):
        self.story, self.deployment = story, story.deployment

    def directory(self) -> Directory:
        with reading(self.deployment.engine) as connection:
            self.deployment.plugins.call("refresh", connection=connection)
            return self.deployment.plugins.first("directory", connection=connection)

    def viewer(self, login: str) -> Viewer:
        return Viewer(login, login, frozenset(ROLES[login]))

    def a_leave(self, by: str = "zhang", ago: timedelta = timedelta(), **data: Any) -> str:
        """A leave that was asked for so long ago; returns the id of its case."""
        now = self.story.clock.now()
        self.story.clock.set(now - ago)
        try:
            handed_in = Submission("submit", LEAVE | data)
            return submissions.begin(self.deployment, self.viewer(by), self.directory(), "leave", handed_in)
        finally:
            self.story.clock.set(now)

    def answer(self, case: str, by: str, outcome: str = "agree", node: str = "approve", note: str = "") -> None:
        handed_in = Submission(outcome, note=note)
        submissions.hand_in(self.deployment, self.viewer(by), self.directory(), case, node, handed_in)

    def document(self, process: str = "leave") -> dict[str, Any]:
        self.directory()
        return copy.deepcopy(dict(registry_of(self.deployment).latest(process).definition.document))

    def owner(self, case: str) -> str | None:
        with reading(self.deployment.engine) as connection:
            row = TaskRow
            return connection.scalar(select(row.owner).where(row.case == case, row.state == "open"))

    def case(self, id: str) -> Any:
        with reading(self.deployment.engine) as connection:
            return connection.execute(select(CaseRow.__table__).where(CaseRow.id == id)).one()

    def a_paper(self, case: str, field: str = "papers") -> int:
        values = {
            "case": case,
            "process": "leave",
            "field": field,
            "kind": "paper",
            "author": "zhang",
            "name": "证明.pdf",
            "media_type": "application/pdf",
            "size": 9,
            "sha256": "0" * 64,
            "content": b"%PDF-1.7\n",
            "reading": {},
            "kept_at": self.story.clock.now(),
        }
        with writing(self.deployment.engine) as connection:
            return connection.execute(insert(PaperRow).values(values).returning(PaperRow.id)).scalar_one()


@pytest.fixture
def office(story) -> Office:
    return Office(story)


def send(browser, path: str, **body: Any):
    """Send JSON as the editor does: in the order in which it is written."""
    headers = {"X-CSRFToken": browser.token()}
    return browser.client.post(path, data=json.dumps(body), content_type="application/json", headers=headers)


# -- how they go -----------------------------------------------------------------------------------------------------
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


def test_a_step_is_looked_at_by_its_address(story):
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


def test_a_supervisor_sees_the_cases_of_their_own_team_and_changes_nothing(story, office):
    office.a_leave("zhang")
    office.a_leave("li")
    lead, page = story.as_("lead"), story.as_("lead").get("/processes/leave").text
    assert "看 1 件在办" in page
    assert "改这一步" not in page
    listed = lead.get("/processes/leave/cases").text
    assert "张三" in listed
    assert "李晨" not in listed
    assert lead.get("/processes/leave/edit").status_code == 403
    assert send(lead, "/processes/leave/publish", document={}, base=1).status_code == 403
    assert story.as_("zhang").get("/processes/").status_code == 403
    assert story.as_("look").get("/processes/leave").status_code == 200


def test_cases_are_sifted_by_state_and_step(story, office):
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


# -- one case --------------------------------------------------------------------------------------------------------
def test_a_case_says_where_it_stands_what_was_filled_in_and_what_happened(story, office):
    case = office.a_leave()
    office.answer(case, "lead", "return", note="哪天回来？")
    page = story.as_("hr").get(f"/cases/{case}").text
    for words in (
        "走到“填请假”，在张三手上",
        "年假",
        "“主管答复”：请补一句",
        "哪天回来？",
        "王海燕",
        f"/me/cases/{case}/request",
    ):
        assert words in page, words
    assert "class n_request here" in page


def test_whom_a_case_concerns_reads_it_in_the_portal_and_nobody_else(story, office):
    case = office.a_leave()
    page = story.as_("zhang").get(f"/cases/{case}").text
    assert "走到“主管答复”" in page
    assert "pw-body" in page
    assert "现在在谁手上" in page
    assert case in story.as_("zhang").get("/cases/").text
    assert story.as_("lead").get(f"/cases/{case}").status_code == 200
    li = story.as_("li")
    assert li.get(f"/cases/{case}").status_code == 404
    assert li.post(f"/cases/{case}/say", text="?").status_code == 404
    assert li.post(f"/cases/{case}/hand-over", node="approve", to="li").status_code == 404
    assert case not in li.get("/cases/").text


def test_a_few_words_stand_in_the_history(story, office):
    case, lead = office.a_leave(), story.as_("lead")
    assert lead.post(f"/cases/{case}/say", text="万家那边<b>我</b>来").status_code == 302
    page = story.as_("zhang").get(f"/cases/{case}").text
    assert "万家那边&lt;b&gt;我&lt;/b&gt;来" in page
    lead.post(f"/cases/{case}/say", text="  ")
    assert "还差一句说明" in lead.get(f"/cases/{case}").text


def test_a_step_is_handed_over_by_name_or_id_to_somebody_who_is_there(story, office):
    case, lead = office.a_leave(), story.as_("lead")
    lead.post(f"/cases/{case}/hand-over", node="approve", to="没有这个人")
    assert "现在没有这位同事" in lead.get(f"/cases/{case}").text
    lead.post(f"/cases/{case}/hand-over", node="approve", to="周敏", why="我在路上")
    assert office.owner(case) == "hr"
    page = lead.get(f"/cases/{case}").text
    assert "由王海燕交给了周敏" in page
    assert "我在路上" in page
    assert story.as_("zhang").post(f"/cases/{case}/hand-over", node="approve", to="li").status_code == 403


def test_a_paper_is_for_those_whom_the_case_concerns(story, office):
    case = office.a_leave()
    paper = office.a_paper(case)
    answer = story.as_("zhang").get(f"/cases/{case}/papers/{paper}")
    assert answer.data == b"%PDF-1.7\n"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "证明.pdf" in story.as_("lead").get(f"/cases/{case}").text
    assert story.as_("li").get(f"/cases/{case}/papers/{paper}").status_code == 404
    assert story.as_("boss").get(f"/cases/{case}/papers/{paper}").status_code == 404, "a sensitive field"


# -- changing a process ----------------------------------------------------------------------------------------------
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


# -- what a change would have meant, and trying it -------------------------------------------------------------------
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


# -- wordings --------------------------------------------------------------------------------------------------------
HOME = Path(tideng_processes.__file__).parent
CORE = Path(tideng_admin.__file__).parent


def wordings(folder: Path) -> set[str]:
    """The English texts that have a Chinese one in a catalogue."""
    with (folder / "translations" / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {one.id if isinstance(one.id, str) else one.id[0] for one in read_po(file) if one.id and one.string}


def said_by_pages() -> set[str]:
    """The English texts of every template and screen of the plugin."""
    files = [("jinja2", one) for one in (HOME / "templates").rglob("*.html")]
    files += [("python", one) for one in HOME.glob("*screens.py")]
    found = [text for method, file in files for _line, text, *_more in extract_from_file(method, file)]
    return {one if isinstance(one, str) else one[0] for one in found}


def test_everything_that_the_pages_say_has_words_in_chinese():
    assert sorted(said_by_pages() - wordings(HOME) - wordings(CORE)) == []


def test_what_the_editor_says_is_there_in_both_languages():
    words = Path(__file__).parents[4] / "plugins" / "processes" / "frontend" / "editor" / "words"
    chinese, english = (json.loads((words / f"{one}.json").read_text("utf-8")) for one in ("zh", "en"))
    assert {one.removesuffix("_one") for one in english} == set(chinese)
