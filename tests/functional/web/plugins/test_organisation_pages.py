"""The organisation's pages as each role finds them, in both languages, without a script."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

PAGES = (
    "/organisation/",
    "/organisation/?day=2021-01-01",
    "/organisation/?unit=sales",
    "/organisation/?q=张",
    "/organisation/units/north",
    "/organisation/positions/rep",
    "/organisation/positions/rep?part=1",
    "/organisation/people/zhang",
    "/organisation/people/zhang?day=2019-01-01",
    "/organisation/who-answers",
)
HR_PAGES = (
    "/organisation/import/",
    "/organisation/edit/unit",
    "/organisation/edit/unit/north",
    "/organisation/edit/position?in=north",
    "/organisation/edit/position/rep",
)
CHINESE = re.compile("[\u4e00-\u9fff]")
NAMES = re.compile("明灯照明|顾明|王海燕|张三|李晨|周敏|销售代表|销售|华北|华南|总部|总监|主管|人事|中文|张")
"""What the client calls things, and the switch of the language."""


def shown(page: str) -> str:
    """What a person reads: no scripts, no marks."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style|svg)\b.*?</\1>", "", page, flags=re.DOTALL))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_in_both_languages_with_nothing_raw(story, language):
    hr = story.as_("hr", language=language)
    for path in (*PAGES, *HR_PAGES):
        answer = hr.get(path)
        assert answer.status_code == 200, path
        text = shown(answer.text)
        assert not re.search(r"\bNone\b|\{\{|%\(\w+\)|&lt;", text), path
        if language == "en":
            left = NAMES.sub("", text[text.find("<main") :])
            processes = (
                path == "/organisation/who-answers" or "positions" in path
            )  # these say what the client calls its steps
            assert processes or not CHINESE.search(left), (path, CHINESE.findall(left))


def test_each_page_has_at_most_one_lamp_and_its_words_have_no_shouting(story):
    hr = story.as_("hr")
    for path in (*PAGES, *HR_PAGES):
        page = hr.get(path).text
        assert len(re.findall(r'class="btn[^"]*btn-lamp', page)) <= 1, path
        assert not re.search("[!！]|违规|逾期|必须|请尽快", shown(page)), path


def test_who_may_open_what(story):
    for login in ("hr", "boss", "zhang", "look", "impl"):
        browser = story.as_(login)
        assert [browser.get(path).status_code for path in PAGES] == [200] * len(PAGES), login
        expected = 200 if login == "hr" else 403
        for path in HR_PAGES:
            assert browser.get(path).status_code == expected, (login, path)
        assert browser.get("/organisation/import/template.xlsx").status_code == expected, login
    assert story.as_("crm").get("/organisation/").status_code == 403
    assert story.visitor().get("/organisation/").status_code == 302


def test_nobody_but_hr_changes_anything(story):
    for login in ("boss", "zhang", "look", "impl"):
        browser = story.as_(login)
        assert browser.post("/organisation/positions/rep/duties", duties="").status_code == 403
        assert browser.post("/organisation/positions/rep/fill", person="li").status_code == 403
        assert browser.post("/organisation/import/").status_code == 403
        other = "li" if login != "li" else "zhang"
        assert browser.post(f"/organisation/photos/{other}", remove="1").status_code == 403


def test_what_is_not_there_is_404(story):
    hr = story.as_("hr")
    for path in ("units/x", "positions/x", "people/x", "photos/zhang", "below?unit=x", "?unit=x", "import/99"):
        assert hr.get(f"/organisation/{path}").status_code == 404, path
    assert hr.get("/organisation/?day=someday").status_code == 200


def test_todays_lamp_is_only_of_those_whom_one_looks_after(story):
    story.a_nudge("zhang")
    assert "已提醒" in story.as_("lead").get("/organisation/people/zhang").text
    li = story.as_("li").get("/organisation/people/zhang", headers={"Accept-Language": "zh"}).text
    assert "张三" in li
    assert "已提醒" not in shown(li)


def test_what_the_script_asks_for_is_json(story):
    zhang = story.as_("zhang")
    nodes = zhang.get("/organisation/below?unit=sales").json["nodes"]
    assert [(one["id"], one["people"], one["parent"]) for one in nodes] == [
        ("north", "2 人", "sales"),
        ("south", "1 人", "sales"),
    ]
    found = zhang.get("/organisation/search?q=张").json["found"]
    assert [(one["kind"], one["href"]) for one in found] == [("person", "/organisation/people/zhang")]


def test_a_part_is_what_stands_in_the_page(story):
    hr = story.as_("hr")
    part = hr.get("/organisation/positions/rep?part=1").text
    assert "<html" not in part
    assert "销售代表" in part
    assert "改职责" in part


def test_a_photo_is_put_shown_and_taken_away(story):
    zhang = story.as_("zhang")
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "orange").save(out, "JPEG")
    answer = zhang.post("/organisation/photos/zhang", photo=(io.BytesIO(out.getvalue()), "me.jpg"))
    assert "照片放好了" in zhang.get(answer.location).text
    page = story.as_("li").get("/organisation/people/zhang").text
    (address,) = set(re.findall(r'src="(/organisation/photos/zhang\?v=\w+)"', page))
    photo = zhang.get(address)
    assert (photo.mimetype, photo.headers["Cache-Control"]) == ("image/jpeg", "private, max-age=86400")
    zhang.post("/organisation/photos/zhang", remove="1")
    assert zhang.get(address).status_code == 404
    answer = zhang.post("/organisation/photos/zhang", photo=(io.BytesIO(b"GIF89a"), "me.gif"))
    assert "照片读不出来" in zhang.get(answer.location).text


def test_a_table_is_previewed_then_applied(story):
    hr = story.as_("hr")
    table = "id,name,unit,supervisor\nzhang,张三,south,boss\nxin,新人,north,lead\n".encode()
    answer = hr.post("/organisation/import/", file=(io.BytesIO(table), "people.csv"))
    page = shown(hr.get(answer.location).text)
    for words in ("2 处变动", "north", "south", "新人", "让这 2 处变动生效"):
        assert words in page
    assert "north" in hr.get("/organisation/people/zhang").text
    done = hr.post(answer.location, token_from=answer.location)
    assert "2 处变动已生效" in hr.get(done.location).text
    assert "华南" in shown(hr.get("/organisation/people/zhang").text)
    assert "新人" in hr.get("/organisation/people/xin").text


def test_what_is_wrong_with_a_table_is_said_in_both_languages_and_nothing_changes(story):
    table = b"id,unit\nzhang,nroth\n"
    for language, said in (("zh", "第 2 行"), ("en", "line 2, unit")):
        hr = story.as_("hr", language=language)
        answer = hr.post("/organisation/import/", file=(io.BytesIO(table), "people.csv"))
        assert answer.status_code == 400
        assert said in answer.text
    assert hr.post("/organisation/import/").status_code == 400


def test_a_file_that_waits_is_put_aside(story):
    hr = story.as_("hr")
    answer = hr.post("/organisation/import/", file=(io.BytesIO(b"id,unit\nzhang,south\n"), "people.csv"))
    done = hr.post(answer.location, discard="1")
    assert "什么都没有改" in hr.get(done.location).text
    assert hr.get(answer.location).status_code == 404


def test_the_template_is_a_workbook(story):
    hr = story.as_("hr")
    for query in ("", "?filled=1"):
        answer = hr.get(f"/organisation/import/template.xlsx{query}")
        assert answer.data[:2] == b"PK"
        assert "attachment" in answer.headers["Content-Disposition"]


def test_duties_and_a_post_are_given_from_the_page(story):
    hr = story.as_("hr")
    answer = hr.post("/organisation/positions/rep/duties", **{"duties": "visits_this_month>=12", "from": "2025-06-01"})
    page = shown(hr.get(answer.location).text)
    assert "以前的不变" in page
    assert "12" in page
    answer = hr.post("/organisation/positions/lead/fill", **{"person": "li", "from": "2025-06-12"})
    assert "由李晨担任" in hr.get(answer.location).text
    answer = hr.post("/organisation/positions/lead/fill", **{"person": "nobody", "from": ""})
    assert "那一天没有这个编号或姓名的人在职" in hr.get(answer.location).text


def test_a_post_is_added_where_one_stands_and_a_unit_moved_from_a_day_on(story):
    hr = story.as_("hr", language="zh")
    assert 'value="north" selected' in hr.get("/organisation/edit/position?in=north").text
    answer = hr.post("/organisation/edit/position", name="驻点", unit="north", seats="2", **{"from": "2025-06-01"})
    page = hr.get(answer.location).text
    assert "记下了" in page
    assert "2025-06-01 起" in page
    assert "空缺" in page
    answer = hr.post("/organisation/edit/unit/north", name="北方", parent="south", **{"from": "2026-01-01"})
    assert answer.location == "/organisation/units/north?day=2026-01-01"
    assert "到 2026-01-01 自动生效" in (then := hr.get(answer.location).text)
    assert "<h1>北方</h1>" in then
    now = hr.get("/organisation/units/north").text
    assert "<h1>华北</h1>" in now
    assert "还没到" in now


def test_a_form_with_something_wrong_comes_back_as_it_was_filled_in(story):
    hr = story.as_("hr", language="zh")
    answer = hr.post("/organisation/edit/unit/sales", name="销售", parent="north", **{"from": "2026-01-01"})
    assert answer.status_code == 400
    assert "上级部门：绕成了一圈：sales → north → sales" in answer.text
    assert 'value="2026-01-01"' in answer.text
    gone = hr.post("/organisation/edit/unit/north", name="华北", parent="sales", until="2025-06-30").text
    assert "张三，部门：部门north到 2025-06-30 为止" in gone
    assert 'value="north" selected' in answer.text


def test_what_nobody_touched_in_the_form_is_not_taken_back_on_a_later_day(story):
    hr = story.as_("hr", language="zh")
    hr.post("/organisation/edit/unit/north", name="北方", parent="sales", shown="2025-06-12", **{"from": "2025-09-01"})
    hr.post("/organisation/edit/unit/north", name="华北", parent="hq", shown="2025-06-12", **{"from": "2025-10-01"})
    assert "<h1>北方</h1>" in hr.get("/organisation/units/north?day=2025-10-01").text
    form = hr.get("/organisation/edit/unit/north?day=2025-10-01").text
    assert 'value="北方"' in form
    assert 'value="hq" selected' in form
    assert 'name="from" value="2025-10-01"' in form


def test_a_post_that_is_vacant_on_a_coming_day_is_filled_from_that_day_on(story):
    hr = story.as_("hr", language="zh")
    hr.post("/organisation/edit/position", id="fitter", name="驻点", unit="south", seats="1", **{"from": "2025-09-01"})
    chart = hr.get("/organisation/?day=2025-09-02").text
    (address,) = set(re.findall(r'href="(/organisation/positions/fitter\?day=2025-09-02)#fill"', chart))
    assert 'id="fill-from" type="date" name="from" value="2025-09-02"' in hr.get(address).text
    answer = hr.post("/organisation/positions/fitter/fill", person="li", **{"from": "2025-09-02"})
    assert "由李晨担任" in hr.get(answer.location).text
