"""A note in the portal: it waits on my day, I read it and answer; its author takes it back; nobody else reads it. No script."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tideng.store.database import reading
from tideng.store.tables import PersonNoteRow


def row(story, id: int):
    with reading(story.deployment.engine) as connection:
        return connection.execute(select(PersonNoteRow.__table__).where(PersonNoteRow.id == id)).one()


def test_a_note_waits_on_my_day_until_i_say_that_i_saw_it(story):
    note = story.a_note(nudge=story.a_nudge(), text="先歇着。\n明早写也行。")
    zhang = story.as_("zhang")
    for page in ("/me/", "/me/messages/", "/me/notes/", f"/me/notes/{note}"):
        shown = zhang.get(page).text
        assert "王海燕的留言" in shown
        assert "先歇着。\n明早写也行。" in shown
        assert f'src="/api/v1/notes/{note}/voice"' in shown
    assert "1 秒" in shown
    assert "只有你们两位能看能听" in shown
    assert f'href="/me/nudges/{row(story, note).nudge}"' in shown
    assert row(story, note).seen_at is None  # opening says nothing
    zhang.post(f"/me/notes/{note}/seen")
    assert row(story, note).seen_at is not None
    assert "王海燕的留言" not in zhang.get("/me/").text
    assert "王海燕的留言" not in zhang.get("/me/messages/").text
    assert "王海燕的留言" in zhang.get("/me/notes/").text


def test_i_answer_and_its_author_reads_it(story):
    note = story.a_note()
    zhang, lead = story.as_("zhang"), story.as_("lead")
    assert "张三还没说看到" in lead.get(f"/me/notes/{note}").text
    assert "写几个字" in _followed(zhang, zhang.post(f"/me/notes/{note}/answer", text=" "))
    assert row(story, note).reply is None
    assert "回复送到了" in _followed(zhang, zhang.post(f"/me/notes/{note}/answer", text="<b>谢谢</b>"))
    shown = lead.get(f"/me/notes/{note}").text
    assert "&lt;b&gt;谢谢&lt;/b&gt;" in shown
    assert "给张三的留言" in shown
    assert "/take-back" not in shown  # nothing is offered that would be refused


def test_its_author_takes_it_back_without_a_script(story):
    note = story.a_note(text="不该这么说")
    lead, zhang = story.as_("lead"), story.as_("zhang")
    assert f'action="/me/notes/{note}/take-back"' in lead.get(f"/me/notes/{note}").text
    assert "已收回" in _followed(lead, lead.post(f"/me/notes/{note}/take-back"))
    shown = zhang.get(f"/me/notes/{note}").text
    assert "收回了" in shown
    assert "不该这么说" not in shown
    assert "<audio" not in shown
    assert "王海燕的留言" not in zhang.get("/me/").text


@pytest.mark.parametrize("login", ["boss", "li"])
def test_nobody_else_finds_it(story, login):
    note = story.a_note()
    browser = story.as_(login)
    assert browser.get(f"/me/notes/{note}").status_code == 404
    for act in ("seen", "answer", "take-back"):
        assert browser.post(f"/me/notes/{note}/{act}", text="x").status_code == 404
    assert row(story, note).taken_back_at is None


def test_hr_reads_that_there_is_one(story):
    note = story.a_note(text="只说给张三")
    hr = story.as_("hr")
    shown = hr.get(f"/me/notes/{note}").text
    assert "王海燕给张三留过一条话，只有他们两位看得到" in shown
    assert "只说给张三" not in shown
    assert "<audio" not in shown
    assert hr.post(f"/me/notes/{note}/answer", text="x").status_code == 403


def _followed(browser, answer) -> str:
    assert answer.status_code == 302, answer.text
    return browser.get(answer.location).text
