"""The page of one case: where it stands, what happened, and what people do there."""

from __future__ import annotations


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


def test_the_person_of_a_case_reads_it_in_the_portal(story, office):
    case, zhang = office.a_leave(), story.as_("zhang")
    page = zhang.get(f"/cases/{case}").text
    for words in ("走到“主管答复”", "pw-body", "现在在谁手上"):
        assert words in page, words
    assert case in zhang.get("/cases/").text


def test_the_supervisor_reads_it_too(story, office):
    assert story.as_("lead").get(f"/cases/{office.a_leave()}").status_code == 200


def test_for_a_colleague_the_case_does_not_exist(story, office):
    case, li = office.a_leave(), story.as_("li")
    assert li.get(f"/cases/{case}").status_code == 404
    assert li.post(f"/cases/{case}/say", text="?").status_code == 404
    assert li.post(f"/cases/{case}/hand-over", node="approve", to="li").status_code == 404
    assert case not in li.get("/cases/").text


def test_a_comment_is_shown_in_the_history_as_it_was_written(story, office):
    case = office.a_leave()
    assert story.as_("lead").post(f"/cases/{case}/say", text="万家那边<b>我</b>来").status_code == 302
    assert "万家那边&lt;b&gt;我&lt;/b&gt;来" in story.as_("zhang").get(f"/cases/{case}").text


def test_an_empty_comment_is_refused_in_words(story, office):
    case, lead = office.a_leave(), story.as_("lead")
    lead.post(f"/cases/{case}/say", text="  ")
    assert "还差一句说明" in lead.get(f"/cases/{case}").text


def test_a_step_is_handed_over_by_name(story, office):
    case, lead = office.a_leave(), story.as_("lead")
    lead.post(f"/cases/{case}/hand-over", node="approve", to="周敏", why="我在路上")
    assert office.owner(case) == "hr"
    page = lead.get(f"/cases/{case}").text
    assert "由王海燕交给了周敏" in page
    assert "我在路上" in page


def test_a_step_is_not_handed_over_to_somebody_unknown(story, office):
    case, lead = office.a_leave(), story.as_("lead")
    lead.post(f"/cases/{case}/hand-over", node="approve", to="没有这个人")
    assert "现在没有这位同事" in lead.get(f"/cases/{case}").text
    assert office.owner(case) == "lead"


def test_the_person_of_a_case_hands_nobody_elses_step_over(story, office):
    case = office.a_leave()
    assert story.as_("zhang").post(f"/cases/{case}/hand-over", node="approve", to="li").status_code == 403


def test_a_file_of_a_sensitive_field_is_for_those_near_the_case(story, office):
    case = office.a_leave()
    paper = office.a_paper(case)
    answer = story.as_("zhang").get(f"/cases/{case}/papers/{paper}")
    assert answer.data == b"%PDF-1.7\n"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "证明.pdf" in story.as_("lead").get(f"/cases/{case}").text
    assert story.as_("li").get(f"/cases/{case}/papers/{paper}").status_code == 404
    assert story.as_("boss").get(f"/cases/{case}/papers/{paper}").status_code == 404, "a sensitive field"
