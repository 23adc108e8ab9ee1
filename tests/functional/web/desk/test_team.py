"""The supervisor's team on a phone, without a script: who may need a hand stands first, and a note is a form away."""

from __future__ import annotations

import io

from sqlalchemy import select

from tests.unit.core.responses.recordings import a_webm
from tideng.store.database import reading
from tideng.store.tables import PersonNoteRow


def left(story) -> list[tuple]:
    with reading(story.deployment.engine) as connection:
        row = PersonNoteRow
        return [tuple(one) for one in connection.execute(select(row.author, row.person, row.text, row.media_type))]


def test_who_may_need_a_hand_stands_first_and_the_others_below(story):
    boss = story.as_("boss")
    assert "4 人都好" in boss.get("/team/").text
    story.a_nudge("zhang", status=None, action="mark", recipient=None, message=None, detail={"status": "incomplete"})
    page = boss.get("/team/").text
    assert "4 人里，1 位可能要帮一把" in page
    assert "其余 3 人都好" in page
    assert page.index("张三") < page.index("李晨")
    assert page.count("btn-lamp") == 1
    assert "4 人中 3 人没有待办" in page


def test_a_supervisor_begins_with_the_team_and_sees_no_other(story):
    lead = story.as_("lead")
    assert lead.get("/").location == "/team/"
    page = lead.get("/team/").text
    assert "张三" in page
    assert "李晨" not in page
    for method in (lead.get, lead.post):
        assert method("/team/li" if method == lead.get else "/team/li/notes").status_code == 404
    assert left(story) == []
    assert story.as_("zhang").get("/team/").status_code == 403


def test_a_note_is_left_by_text_by_a_ready_sentence_and_by_voice(story):
    lead = story.as_("lead")
    story.a_nudge()
    assert "日报未提交提醒" in lead.get("/team/zhang").text
    first = lead.post("/team/zhang/notes", text="明天沧州那家我来说。")
    assert first.status_code == 302
    assert "留好了，只有张三看得到" in lead.get(first.location).text
    spoken = lead.post("/team/zhang/notes", text="", voice=(io.BytesIO(a_webm(3)), "x.webm"))
    assert spoken.location != first.location
    assert left(story) == [("lead", "zhang", "明天沧州那家我来说。", None), ("lead", "zhang", "", "audio/webm")]
    page = lead.get("/team/zhang").text
    assert "明天沧州那家我来说。" in page
    assert "<audio" in page


def test_what_cannot_be_left_is_said_beside_the_form(story):
    lead = story.as_("lead")
    for sent, said in (
        ({"text": " "}, "写几个字，或者录一段"),
        ({"voice": (io.BytesIO(b"<svg/>"), "x.webm")}, "认不出这是什么录音"),
    ):
        answer = lead.post("/team/zhang/notes", **sent)
        assert answer.location == "/team/zhang"
        assert said in lead.get("/team/zhang").text
    assert left(story) == []
