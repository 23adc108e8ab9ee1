"""Forms without a script, and what their script asks for: what is open stands beside its field, and nothing typed is lost."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from webstory import NOW, WebStory

from tideng.plugins.attachments import LARGEST_ATTACHMENT
from tideng.store.database import reading
from tideng.store.tables import EventRow
from tideng_processes.screens.begin import FORM_SCREENS
from tideng_processes.tables import CaseRow, PaperRow, TaskRow

FORM = "/me/do/daily_report"
REPORT = {
    "f-communication": "恒亮照明：谈二楼展厅",
    "f-needs": "灯" * 120,
    "f-issues": "样品谁来寄？\n\n什么时候寄？",
    "f-date": "2025-06-12",
    "outcome": "submit",
}
TRIP = {
    "f-purpose": "看展厅",
    "f-from": "2025-06-16",
    "f-until": "2025-06-17",
    "f-itinerary-0-date": "2025-06-16",
    "f-itinerary-0-city": "沧州",
    "f-itinerary-3-date": "2025-06-17",
    "f-itinerary-3-city": "石家庄",
    "f-itinerary-3-customer": "光之源",
    "f-planned_visits": "2",
    "outcome": "submit",
}
JSON = {"Accept": "application/json"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def rows(story: WebStory, table=CaseRow) -> list:
    with reading(story.deployment.engine) as connection:
        return list(connection.execute(select(table.__table__)))


def handed_in(browser, path: str = FORM, **form):
    """Sent by the form's script."""
    token = browser.get("/me/forms/token").json["token"]
    return browser.client.post(path, data=form, headers={**JSON, "X-CSRFToken": token})


def beside(page: str, name: str) -> str:
    """The field of that name as it stands on the page."""
    return page.partition(f'data-field="{name}"')[2].partition('data-field="')[0]


# -- without a script ---------------------------------------------------------------------------------------------------


def test_what_i_may_begin_has_a_sentence_each(story):
    page = story.as_("zhang").get("/me/do/").text
    assert "日报" in page
    assert "请假要谁同意、多久有答复" in page
    assert 'href="/me/do/leave"' in page
    assert story.as_("li", language="en").get("/me/do/").text.count("Daily report") == 1


def test_a_report_is_handed_in_and_read_by_the_supervisor(story):
    answer = story.as_("zhang").post(FORM, **REPORT)
    [case] = rows(story)
    assert (answer.status_code, answer.location) == (302, f"/cases/{case.id}")
    assert (case.person, case.node, case.data["issues"]) == ("zhang", "read", ["样品谁来寄？", "什么时候寄？"])
    [reported] = [one for one in rows(story, EventRow) if one.type == "report.submitted"]
    assert reported.data == {name[2:]: of for name, of in REPORT.items() if name[:2] == "f-"} | {
        "issues": case.data["issues"]
    }
    lead = story.as_("lead")
    page = lead.get(f"/me/cases/{case.id}/read").text
    assert "恒亮照明：谈二楼展厅" in page
    assert lead.post(f"/me/cases/{case.id}/read", outcome="ask", note="样品寄到哪里？").status_code == 302
    page = story.as_("zhang").get(f"/me/cases/{case.id}/add").text
    assert "样品寄到哪里？" in page
    assert "灯" * 120 in page


def test_what_is_open_stands_beside_its_field_and_nothing_typed_is_lost(story):
    answer = story.as_("zhang").post(FORM, **{**REPORT, "f-needs": " ", "f-date": "31.3."})
    assert answer.status_code == 400
    assert "恒亮照明：谈二楼展厅" in beside(answer.text, "communication")
    assert 'role="alert"' in beside(answer.text, "needs")
    assert 'role="alert"' in beside(answer.text, "date")
    assert "31.3." in beside(answer.text, "date")
    assert 'role="alert"' not in beside(answer.text, "communication")
    assert rows(story) == []


def test_a_note_that_an_outcome_needs_is_asked_for(story):
    story.as_("zhang").post(FORM, **REPORT)
    answer = story.as_("lead").post(f"/me/cases/{rows(story)[0].id}/read", outcome="ask")
    assert answer.status_code == 400
    assert 'role="alert"' in beside(answer.text, "note")


def test_rows_of_a_table_keep_their_order_and_empty_ones_fall_away(story):
    assert story.as_("zhang").post("/me/do/trip", **TRIP).status_code == 302
    assert rows(story)[0].data["itinerary"] == [
        {"date": "2025-06-16", "city": "沧州"},
        {"date": "2025-06-17", "city": "石家庄", "customer": "光之源"},
    ]


def test_a_problem_in_a_cell_names_its_row(story):
    answer = story.as_("zhang").post("/me/do/trip", **{**TRIP, "f-itinerary-3-city": ""})
    assert answer.status_code == 400
    assert "第 2 行" in beside(answer.text, "itinerary")
    assert "光之源" in beside(answer.text, "itinerary")


def test_a_colleague_may_be_named_by_name(story):
    leave = {
        "f-kind": "annual",
        "f-from": "2025-06-16",
        "f-until": "2025-06-16",
        "f-days": "1",
        "f-cover": "李晨",
        "outcome": "submit",
    }
    assert story.as_("zhang").post("/me/do/leave", **leave).status_code == 302
    assert rows(story)[0].data["cover"] == "li"
    answer = story.as_("zhang").post("/me/do/leave", **{**leave, "f-cover": "没有这个人"})
    assert answer.status_code == 400
    assert "没有这个人" in beside(answer.text, "cover")


def test_files_come_with_the_form_and_one_that_cannot_be_read_is_said(story):
    zhang = story.as_("zhang")
    leave = {"f-kind": "sick", "f-from": "2025-06-16", "f-until": "2025-06-16", "f-days": "1", "outcome": "submit"}
    bad = {**leave, "u-papers": (io.BytesIO(b"no picture"), "note.png"), "csrf_token": zhang.token()}
    answer = zhang.client.post("/me/do/leave", data=bad, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert 'role="alert"' in beside(answer.text, "papers")
    assert rows(story, PaperRow) == rows(story) == []
    good = {**leave, "u-papers": (io.BytesIO(PNG), "note.png"), "csrf_token": zhang.token()}
    assert zhang.client.post("/me/do/leave", data=good, content_type="multipart/form-data").status_code == 302
    assert [one.case for one in rows(story, PaperRow)] == [rows(story)[0].id]


# -- filled in, and looked at -------------------------------------------------------------------------------------------


def test_what_is_known_is_filled_in_with_the_words_that_say_where_it_is_from(story):
    story.an_event(type_="visit.completed", time=NOW - timedelta(hours=3), data={"customer": "恒亮照明"})
    page = story.as_("zhang").get(FORM).text
    assert "恒亮照明：" in beside(page, "communication")
    assert "已帮您填好" in beside(page, "communication")
    assert "2025-06-12" in beside(page, "date")


def test_a_look_says_everything_that_would_be_asked_and_keeps_nothing(story):
    zhang = story.as_("zhang")
    asked = handed_in(zhang, f"{FORM}/look", **{"f-needs": "短"}).json["asked"]
    assert {(one["at"], one["must"]) for one in asked} == {("communication", True), ("date", True)}
    assert rows(story) == []


def test_the_same_key_again_is_the_same_hand_in(story):
    zhang = story.as_("zhang")
    first, second = (handed_in(zhang, **REPORT, key="k-1").json for _ in range(2))
    assert first == second
    assert len(rows(story)) == 1


def test_a_report_written_in_time_counts_as_of_then(story):
    written = "2025-06-12T12:59:59+00:00"  # 20:59:59 in Beijing
    story.clock.set(NOW.replace(hour=13, minute=5, second=0))
    assert handed_in(story.as_("zhang"), **REPORT, key="k-2", at=written).status_code == 200
    [write, _read] = rows(story, TaskRow)
    assert (write.done_at.isoformat(), write.late) == (written, False)


@pytest.mark.parametrize(
    "at", ["2025-06-12T22:00:00+08:00", "2025-05-01T22:00:00+08:00", "yesterday", "2025-06-12T20:00:00"]
)
def test_a_moment_that_cannot_be_is_refused_in_words(story, at):
    answer = handed_in(story.as_("zhang"), **REPORT, key="k-3", at=at)
    assert answer.status_code == 409
    assert re.search(r"[一-鿿]", answer.json["problems"][0])
    assert rows(story) == []


def test_a_form_that_changed_meanwhile_is_refused_and_not_cut_short(story):
    answer = handed_in(story.as_("zhang"), **REPORT, **{"f-mood": "好"}, version="0", at=NOW.isoformat())
    assert answer.status_code == 409
    assert "这张表单改过了" in answer.json["problems"][0]


# -- files, tokens, the worker ------------------------------------------------------------------------------------------


def test_a_file_is_kept_before_its_form_and_can_be_taken_out_again(story):
    zhang = story.as_("zhang")
    kept = handed_in(zhang, "/me/forms/papers/leave/papers", file=(io.BytesIO(PNG), "证明.png"), case="").json
    assert kept["name"] == "证明.png"
    assert handed_in(story.as_("li"), f"/me/forms/papers/{kept['id']}/discard").status_code == 404
    assert handed_in(zhang, f"/me/forms/papers/{kept['id']}/discard").status_code == 200
    assert rows(story, PaperRow) == []


def test_a_file_that_is_too_large_is_turned_down(story):
    answer = handed_in(
        story.as_("zhang"),
        "/me/forms/papers/leave/papers",
        file=(io.BytesIO(b"x" * (LARGEST_ATTACHMENT + 1)), "a.png"),
        case="",
    )
    assert answer.status_code == 400
    assert "10 MB" in answer.json["problems"][0]


def test_a_token_names_its_owner_and_is_kept_nowhere(story):
    answer = story.as_("zhang").get("/me/forms/token")
    assert (answer.json["login"], answer.headers["Cache-Control"]) == ("zhang", "no-store")
    assert story.visitor().get("/me/forms/token").status_code == 302


def test_whoever_signs_out_leaves_nothing_on_the_phone_but_what_waits(story):
    zhang = story.as_("zhang")
    zhang.client.set_cookie("forms_wait", "1")
    assert "Clear-Site-Data" not in zhang.post("/logout/").headers
    zhang = story.as_("zhang")
    assert zhang.post("/logout/").headers["Clear-Site-Data"] == '"storage"'


# -- who may ------------------------------------------------------------------------------------------------------------


def test_a_step_of_somebody_else_is_not_shown_and_not_taken(story):
    story.as_("zhang").post(FORM, **REPORT)
    path = f"/me/cases/{rows(story)[0].id}/read"
    assert story.as_("zhang").get(path).status_code == 302  # to where the case stands
    assert story.as_("zhang").post(path, outcome="read").status_code == 403
    assert story.as_("li").get(path).status_code == 404
    assert handed_in(story.as_("li"), path, outcome="read").status_code == 404
    assert story.visitor().get(path).location.startswith("/login/")


def test_whoever_is_not_employed_begins_nothing(story):
    assert story.as_("look").get(FORM).status_code == 403
    assert story.as_("impl").get("/me/do/").status_code == 403


def test_a_step_that_is_done_says_so_and_keeps_what_was_typed(story):
    zhang = story.as_("zhang")
    zhang.post(FORM, **REPORT)
    lead, path = story.as_("lead"), f"/me/cases/{rows(story)[0].id}/read"
    token = lead.token()
    lead.post(path, outcome="read")
    answer = lead.client.post(path, data={"outcome": "ask", "note": "样品寄到哪里？", "csrf_token": token})
    assert answer.status_code == 409
    assert "样品寄到哪里？" in answer.text


def test_a_form_takes_as_many_statements_for_many_colleagues_as_for_few(story):
    zhang, said = story.as_("zhang"), []
    zhang.get("/me/do/leave")
    event.listen(
        story.deployment.engine, "before_cursor_execute", lambda c, cursor, statement, *more: said.append(statement)
    )
    zhang.get("/me/do/leave")
    assert len([one for one in said if "SAVEPOINT" not in one]) <= 30


def test_the_tab_leads_to_what_can_be_begun():
    [screen] = FORM_SCREENS
    assert (screen.portal, screen.hidden, screen.title["zh"]) == (20, True, "办事")
