"""The portal: my day, what was said to me and why, my answer and how I take it back, everything held on me."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import select
from webstory import NOW

from tideng.privacy.export import defused
from tideng.store.database import reading
from tideng.store.tables import (
    AgendaRow,
    ContestRow,
    EventRow,
    FindingRow,
    OutboxRow,
    StateRow,
)


def messages(story, finding: int) -> list[tuple[str, datetime]]:
    with reading(story.deployment.engine) as connection:
        query = select(OutboxRow.status, OutboxRow.due).where(OutboxRow.finding == finding).order_by(OutboxRow.id)
        return [tuple(row) for row in connection.execute(query)]


def in_(minutes: int) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def test_a_day_has_one_lamp_and_its_next_step(story):
    said = story.a_nudge()
    with story._row() as add:
        period = f"2025-06-12/{story._serial}"
        add(AgendaRow, kind="step", rule="daily-report-missing", version=1, subject="zhang", lane=0, period=period,
            step=1, due=NOW + timedelta(minutes=115), began=NOW, facts={}, state="open")  # fmt: skip
    page = story.as_("zhang").get("/me/").text
    assert "今天还差 1 步" in page
    assert page.count("btn-lamp") == 1
    assert f'href="/me/nudges/{said}"' in page
    assert "今天 21:00 前做好，就不会再提醒" in page
    assert 'class="side"' not in page  # no chrome of the administration


def test_what_i_did_stands_on_my_day_and_what_others_did_does_not(story):
    story.an_event(type_="visit.completed", data={"customer": "恒亮照明"})
    story.an_event("li", type_="visit.completed", data={"customer": "万家灯饰"})
    page = story.as_("zhang").get("/me/").text
    assert "恒亮照明" in page
    assert "万家灯饰" not in page
    assert "今天都好了" in page


def test_tomorrow_says_what_will_be_asked_of_whom_it_concerns(story):
    """The rule is for people on a trip: whoever is on none is not told that it comes."""
    browser = story.as_("zhang")
    assert "日报未提交提醒" not in browser.get("/me/").text
    with story._row() as add:
        add(StateRow, subject="zhang", state="person.on_trip", key="t1", started_at=NOW - timedelta(days=1))
    page = browser.get("/me/").text
    assert "明天" in page
    assert "日报未提交提醒" in page


def test_later_moves_the_reminder_and_hr_reads_until_when(story):
    said = story.a_nudge(period="2025-06-12")
    browser = story.as_("zhang")
    page = browser.get(f"/me/nudges/{said}").text
    for words in ("15 分钟后", "30 分钟后", "1 小时后"):
        assert words in page
    answer = browser.post(f"/me/nudges/{said}/later", until=in_(40))
    assert "今天 19:45 再提醒您。" in browser.get(answer.location).text
    assert messages(story, said)[-1] == ("held", NOW + timedelta(minutes=40))
    assert "今天 19:45" in story.as_("hr").get(f"/nudges/{said}").text


def test_a_moment_that_does_not_fit_is_said_in_words_and_nothing_moves(story):
    said = story.a_nudge(period="2025-06-12")
    browser = story.as_("zhang")
    for until, words in ((in_(5 * 60), "到那时就太晚了"), ("soon", "这不是日期或时刻"), (in_(4 * 60), "不打扰")):
        answer = browser.post(f"/me/nudges/{said}/later", until=until)
        assert words in browser.get(answer.location).text, until
    assert [status for status, _ in messages(story, said)] == ["sent"]


def test_the_bar_takes_an_answer_back_and_is_shown_once(story):
    said = story.a_nudge()
    browser = story.as_("zhang")
    answer = browser.post(f"/me/nudges/{said}/answer", kind="acknowledged")
    assert f"/me/nudges/{said}/undo" in browser.get(answer.location).text
    assert "/undo" not in browser.get("/me/").text
    browser.post(f"/me/nudges/{said}/undo")
    with reading(story.deployment.engine) as connection:
        assert connection.scalar(select(FindingRow.response).where(FindingRow.id == said)) is None
        types = connection.scalars(select(EventRow.type).order_by(EventRow.id)).all()
    assert types == ["nudge.acknowledged", "nudge.reopened"]


def test_a_contested_nudge_reaches_hr_and_the_outcome_the_person(story):
    said = story.a_nudge()
    zhang, hr = story.as_("zhang"), story.as_("hr")
    zhang.post(f"/me/nudges/{said}/answer", kind="disputed", note="我在休假")
    assert "张三：我在休假" in hr.get("/today/").text
    assert "我在休假" in hr.get("/contests/").text
    with reading(story.deployment.engine) as connection:
        id = connection.scalar(select(ContestRow.id))
    assert "等人事看" in zhang.get("/me/").text
    hr.post(f"/contests/{id}", decision="off", days="3", answer="休假记上了。")
    page = zhang.get("/me/messages/").text
    assert "6月16日 00:00 之前不再提醒您这件事" in page
    assert "休假记上了。" in page
    zhang.post(f"/me/contests/{id}/seen")
    assert "休假记上了。" not in zhang.get("/me/messages/").text


def test_only_hr_decides_about_what_is_contested(story):
    said = story.a_nudge()
    story.as_("zhang").post(f"/me/nudges/{said}/answer", kind="disputed", note="我在休假")
    with reading(story.deployment.engine) as connection:
        id = connection.scalar(select(ContestRow.id))
    for who in ("zhang", "lead", "look", "impl"):
        assert story.as_(who).post(f"/contests/{id}", decision="right").status_code == 403, who
    assert "重发" not in story.as_("look").get("/contests/").text
    assert "没有错" not in story.as_("look").get("/contests/").text  # an auditor reads
    assert story.as_("zhang").get("/contests/").status_code == 403


def test_nobody_opens_answers_or_puts_off_what_was_said_to_somebody_else(story):
    said = story.a_nudge("li")
    browser = story.as_("zhang")
    assert browser.get(f"/me/nudges/{said}").status_code == 404
    for what, form in (("answer", {"kind": "acknowledged"}), ("later", {"until": in_(20)}), ("undo", {})):
        assert browser.post(f"/me/nudges/{said}/{what}", **form).status_code == 404, what


@pytest.mark.parametrize(("who", "where"), [("zhang", "/me/"), ("hr", "/today/"), ("look", "/today/")])
def test_a_day_begins_where_it_should(story, who, where):
    assert story.as_(who).get("/").location == where


def test_old_links_to_the_inbox_lead_to_the_messages(story):
    assert story.as_("zhang").get("/inbox/").location == "/me/messages/"


def test_the_home_screen_needs_no_login_and_names_nobody(story):
    answer = story.visitor().get("/me/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    assert answer.json["start_url"] == "/me/"
    assert answer.json["name"] == "提灯"


# -- my data -----------------------------------------------------------------------------------------------------------


def taken_out(browser) -> zipfile.ZipFile:
    answer = browser.get("/me/data/download")
    assert answer.mimetype == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.data))


def test_everything_held_on_me_can_be_looked_into(story):
    story.an_event(data={"date": "2025-06-12", "needs": "客户想看样品"})
    story.a_nudge()
    browser = story.as_("zhang")
    page = browser.get("/me/data/").text
    for words in ("个人资料和任职", "提交日报", "收到的提醒和您的回答", "账号", "王海燕", "周敏"):
        assert words in page
    assert "客户想看样品" in browser.get("/me/data/event.report.submitted").text
    shown = browser.get("/me/data/nudges").text
    assert "日报未提交提醒" in shown
    assert "daily-report-missing" not in shown
    assert "#wrong" in shown
    assert browser.get("/me/data/event.visit.completed").status_code == 404


def test_the_file_holds_what_is_mine_and_nothing_of_others(story):
    story.an_event(data={"date": "2025-06-12", "needs": "我的客户"})
    story.an_event("li", data={"date": "2025-06-12", "needs": "李晨的客户"})
    story.a_nudge("li", message="只对李晨说")
    file = taken_out(story.as_("zhang"))
    assert file.testzip() is None
    everything = "".join(file.read(name).decode() for name in file.namelist())
    assert "我的客户" in everything
    assert "李晨" not in everything
    assert "张三，关于您的都在这里" in file.read("index.html").decode()
    record = json.loads(file.read("event.report.submitted.json"))
    assert record["records"][0]["needs"] == "我的客户"


def test_the_file_speaks_the_readers_language(story):
    file = taken_out(story.as_("zhang", language="en"))
    assert "this is everything held on you" in file.read("index.html").decode()
    assert next(csv.reader(io.StringIO(file.read("person.csv").decode("utf-8-sig"))))[0] == "Name"


def test_no_cell_of_a_table_computes(story):
    story.an_event(data={"date": "2025-06-12", "needs": '=HYPERLINK("http://evil","x")', "plan": "-3"})
    file = taken_out(story.as_("zhang"))
    rows = list(csv.reader(io.StringIO(file.read("event.report.submitted.csv").decode("utf-8-sig"))))
    assert '\'=HYPERLINK("http://evil","x")' in rows[1]
    assert "-3" in rows[1]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_takes_for_a_formula_is_defused(cell):
    assert defused(cell) == f"'{cell}"


def test_thousands_of_records_come_in_parts(story):
    from sqlalchemy import insert

    from tideng.store.database import writing

    rows = [
        {"source": "s", "event_id": f"m{n}", "type": "visit.completed", "time": NOW - timedelta(minutes=n),
         "subject": "zhang", "data": {"customer": f"c{n}"}, "depth": 0, "lane": 0, "status": 1, "attempts": 0,
         "received_at": NOW, "history": False}
        for n in range(1203)
    ]  # fmt: skip
    with writing(story.deployment.engine) as connection:
        connection.execute(insert(EventRow), rows)
    file = taken_out(story.as_("zhang"))
    records = json.loads(file.read("event.visit.completed.json"))["records"]
    assert [one["customer"] for one in records] == [f"c{n}" for n in range(1203)]


def test_what_is_no_person_holds_nothing_and_still_has_a_page(story):
    browser = story.as_("admin")
    assert browser.get("/me/").status_code == 200
    assert "这个账号不对应任何人员" in browser.get("/me/data/").text
    assert browser.get("/me/data/download").status_code == 404
    assert browser.get("/me/data/person").status_code == 404


def test_an_empty_day_asks_the_database_little(story):
    """A page that many open every morning: a handful of statements, however many people and rules there are."""
    browser = story.as_("zhang")
    browser.get("/me/")
    statements: list[str] = []
    heard = lambda _c, _cursor, statement, *_rest: statements.append(statement)  # noqa: E731
    sql_event.listen(story.deployment.engine, "before_cursor_execute", heard)
    browser.get("/me/")
    sql_event.remove(story.deployment.engine, "before_cursor_execute", heard)
    # one of them asks whether the processes changed, one which of their steps wait
    assert len([one for one in statements if one.startswith("SELECT")]) <= 14


def test_what_a_plugin_keeps_is_told_by_the_hook(story):
    from tideng.store.database import writing
    from tideng_orgchart.tables import ChangeRow

    with writing(story.deployment.engine) as connection:
        moved = {"person": "zhang", "at": datetime(2025, 1, 1, tzinfo=UTC), "kind": "moved", "name": "", "unit": "north", "position": "", "supervisor": ""}  # fmt: skip
        connection.execute(ChangeRow.__table__.insert(), [moved])
    browser = story.as_("zhang")
    assert "入职、调动和离开的记录" in browser.get("/me/data/").text
    assert "调动" in browser.get("/me/data/orgchart.changes").text
    assert "orgchart.changes.csv" in taken_out(browser).namelist()
