"""A daily report on a phone: what is left while one writes, drafts, and a report that is written without a network."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from flask import Flask
from playwright.sync_api import expect
from small_company import a_story
from test_axe import AXE, LOOK, RULES
from webstory import WebStory, write_client
from werkzeug.serving import WSGIRequestHandler, make_server

from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.store.database import reading, writing
from tideng.store.tables import EventRow
from tideng_admin.display.assets import built
from tideng_processes.tables import CaseRow, StepRow, TaskRow

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

pytestmark = pytest.mark.browser
RULE = """\
id: needs-too-short
kind: validation
title: {zh: 再补几句, en: A little more}
when: {event: report.submitted}
if: {fact: event.needs.length, lt: 100}
then: [{ask: needs, severity: should, message: {zh: "再说说安装时间？", en: "When will it be fitted?"}}]
"""
FORM = "/me/do/daily_report"
EVENING = datetime.fromisoformat("2025-06-12T20:59:59+08:00").astimezone(UTC)
AFTER = datetime.fromisoformat("2025-06-12T21:05:00+08:00").astimezone(UTC)
FULL = "灯" * 100
IS_READY = "navigator.serviceWorker.controller !== null"
NO_SYNC = "delete ServiceWorkerRegistration.prototype.sync"
"""What a browser sends in the background does not know that its page is only made to believe it has no network."""
KEPT = """async () => {
  const base = await new Promise((on, off) => {
    const asked = indexedDB.open('tideng-forms', 1);
    asked.onsuccess = () => on(asked.result);
    asked.onerror = off;
  });
  const all = (name) => new Promise((on) => {
    const asked = base.transaction(name).objectStore(name).getAll();
    asked.onsuccess = () => on(asked.result);
  });
  const found = { drafts: await all('drafts'), queue: await all('queue') };
  base.close();
  return found;
}"""


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator[WebStory]:
    folder = tmp_path_factory.mktemp("report")
    story = a_story(folder)
    client = write_client(folder / "client")
    (client / "rules" / "short.yaml").write_text(RULE, encoding="utf-8")
    apply(story.deployment, read_bundle(client))
    with story.app.test_request_context():
        if not (built("form.js") and built("form_worker.js")):
            pytest.skip("the scripts are not built: make install")
    yield story
    story.deployment.close()


@pytest.fixture(autouse=True)
def _nothing_written_yet(story):
    with writing(story.deployment.engine) as connection:
        for table in (TaskRow, StepRow, CaseRow):
            connection.execute(delete(table))
    story.clock.set(EVENING)


class Line:
    """The network between phones and the server. Cut, there is no server: a browser's own switch is not heard by its worker."""

    def __init__(self, app: Flask):
        self._app, self._port = app, 0
        self._thread: threading.Thread | None = None
        self.mend()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def mend(self, *phones: chromium.Watched) -> None:
        if self._thread is None:
            self._begin()
        for one in phones:
            one.context.set_offline(False)

    def _begin(self) -> None:
        self._server = make_server("127.0.0.1", self._port, self._app, threaded=True, request_handler=Quiet)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def cut(self, *phones: chromium.Watched) -> None:
        for one in phones:
            one.context.set_offline(True)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._thread = None


class Quiet(WSGIRequestHandler):
    def log_request(self, *args: object) -> None:
        """A line for every style sheet would hide what matters."""


@pytest.fixture(scope="module")
def line(story) -> Iterator[Line]:
    line = Line(story.app)
    yield line
    line.cut()


@pytest.fixture
def phone(line) -> Iterator[Callable[..., chromium.Watched]]:
    """A phone in the hands of somebody, with nothing kept on it yet."""
    opened = []
    with chromium.launched() as browser:

        def open_one(login: str = "zhang", language: str = "zh") -> chromium.Watched:
            one = chromium.Watched(browser, line.address, "phone")
            opened.append(one)
            one.context.add_init_script(NO_SYNC)
            one.sign_in(login, language)
            return one

        yield open_one
        line.mend()
        for one in opened:
            one.close()


def rows(story, table) -> list[Any]:
    with reading(story.deployment.engine) as connection:
        return list(connection.execute(select(table.__table__)))


def write(page, needs: str = FULL, communication: str = "恒亮照明：谈二楼展厅") -> None:
    page.fill("#f-communication", communication)
    page.fill("#f-needs", needs)


def main(page):
    return page.locator("[data-main]")


def test_what_is_left_stands_beside_the_field_and_on_the_button(story, phone):
    zhang = phone()
    page = zhang.go(FORM)
    expect(main(page)).to_have_text("还差 2 处")
    write(page, "灯" * 88)
    expect(page.locator("[data-field=needs] [data-count]")).to_have_text("88 / 100 字")
    expect(page.locator("[data-field=needs] [data-left]")).to_have_text("还差 12 字")
    expect(page.locator("[data-field=needs] [data-hint]")).to_have_text("再说说安装时间？")
    expect(main(page)).to_have_text("再补 12 字更好")
    main(page).click()  # it goes there
    chromium.soon(page, "document.activeElement.id === 'f-needs'")
    assert rows(story, CaseRow) == []
    page.fill("#f-needs", FULL)
    expect(main(page)).to_have_text("交日报")
    expect(page.locator("[data-field=needs] [data-live]")).to_be_hidden()
    main(page).click()
    page.wait_for_url(lambda url: "/cases/daily-report-" in url)
    assert [row.data["needs"] for row in rows(story, CaseRow)] == [FULL]
    assert zhang.complaints == []


def test_what_only_should_be_added_does_not_hold_a_report_back(story, phone):
    page = phone().go(FORM)
    write(page, "灯" * 88)
    page.click("[data-asis]")
    page.wait_for_url(lambda url: "/cases/" in url)
    assert len(rows(story, CaseRow)) == 1


def idea(page, words: str):
    return page.locator(f"[data-field=needs] [data-idea='{words}']")


def test_an_idea_is_written_where_one_stands_and_is_none_any_more(phone):
    zhang = phone()
    page = zhang.go(FORM)
    needs = page.locator("#f-needs")
    expect(page.locator("[data-field=needs] [data-ideas-said]")).to_be_hidden()  # the buttons say it
    idea(page, "色温").click()  # nobody was in the field yet
    expect(needs).to_have_value("色温：")
    expect(needs).to_be_focused()
    page.keyboard.type("3000K")
    idea(page, "数量").press("Enter")
    expect(needs).to_have_value("色温：3000K\n数量：")
    expect(needs).to_be_focused()
    for words in ("色温", "数量"):
        expect(idea(page, words)).to_be_hidden()
    page.keyboard.press("Control+Home")
    idea(page, "预算").click()  # at the caret, not at the end
    expect(needs).to_have_value("预算：\n色温：3000K\n数量：")
    page.keyboard.type("八万")
    expect(needs).to_have_value("预算：八万\n色温：3000K\n数量：")
    for _ in range(3):  # two letters, and the idea itself
        page.keyboard.press("Control+z")
    expect(needs).to_have_value("色温：3000K\n数量：")
    expect(idea(page, "预算")).to_be_visible()
    page.fill("#f-needs", FULL)
    expect(page.locator("[data-field=needs] [data-ideas]")).to_be_hidden()  # enough is enough
    assert zhang.complaints == []


def test_an_idea_works_without_a_network_and_stands_in_the_draft(phone, line):
    zhang = phone()
    page = zhang.go(FORM)
    chromium.soon(page, IS_READY)
    line.cut(zhang)
    page.fill("#f-needs", "约260平方米")
    idea(page, "安装时间").click()
    expect(page.locator("#f-needs")).to_have_value("约260平方米\n安装时间：")
    chromium.soon(page, f"(await ({KEPT})()).drafts.some(one => JSON.stringify(one).includes('安装时间'))")


def test_another_day_is_filled_in_with_what_is_known_of_it_and_what_one_wrote_stays(story, phone):
    yesterday = datetime.fromisoformat("2025-06-11T10:00:00+08:00").astimezone(UTC)
    story.an_event("zhang", "visit.completed", time=yesterday, data={"customer": "明珠灯饰"})
    page = phone().go(FORM)
    day = page.locator("#f-date")
    expect(day.locator("option").first).to_have_text("今天 · 6月12日")
    expect(page.locator("#f-communication")).to_have_value("")
    page.fill("#f-needs", "写到一半")
    day.select_option(value="2025-06-11")
    expect(page.locator("#f-communication")).to_have_value("明珠灯饰：")
    expect(page.locator("[data-field=communication] [data-source]")).to_have_text("已帮您填好：拜访")
    expect(page.locator("#f-needs")).to_have_value("写到一半")
    day.select_option(value="2025-06-10")
    expect(page.locator("#f-communication")).to_have_value("")  # what was known of the other day is gone
    day.select_option(value="2025-06-11")
    expect(page.locator("#f-communication")).to_have_value("明珠灯饰：")
    page.fill("#f-needs", FULL)
    expect(main(page)).to_have_text("交日报")
    main(page).click()
    page.wait_for_url(lambda url: "/cases/" in url)
    assert [row.data["date"] for row in rows(story, CaseRow)] == ["2025-06-11"]


def test_the_report_of_an_open_day_has_a_draft_of_its_own(phone):
    zhang = phone()
    page = zhang.go("/me/report/")
    page.fill("#f-needs", "今天的")
    chromium.soon(page, f"(await ({KEPT})()).drafts.some(one => JSON.stringify(one).includes('今天的'))")
    zhang.go("/me/report/?day=2025-06-11")
    expect(page.locator("#f-date")).to_have_value("2025-06-11")
    expect(main(page)).not_to_have_text("交日报")  # what was kept has been looked for by now
    expect(page.locator("#f-needs")).to_have_value("")
    zhang.go("/me/report/")
    expect(page.locator("#f-needs")).to_have_value("今天的")


def test_a_draft_is_there_again_and_not_for_somebody_else(story, phone):
    zhang = phone()
    page = zhang.go(FORM)
    write(page, "写到一半")
    chromium.soon(page, f"(await ({KEPT})()).drafts.some(one => JSON.stringify(one).includes('写到一半'))")
    page.reload()
    expect(page.locator("#f-needs")).to_have_value("写到一半")
    expect(page.locator("[data-saved]")).to_contain_text("草稿")
    zhang.go("/logout/")
    page.click("form.stack .btn-lamp")
    zhang.come_in("li")
    zhang.go(FORM)
    expect(page.locator("#f-needs")).to_have_value("")
    chromium.soon(page, f"(await ({KEPT})()).drafts.length === 0")


def test_written_at_20_59_59_without_a_network_it_is_in_time_though_it_comes_at_21_05(story, phone, line):
    zhang = phone()
    zhang.page.clock.set_fixed_time(EVENING)
    page = zhang.go(FORM)
    chromium.soon(page, IS_READY)
    chromium.soon(page, f"(await caches.open('tideng-pages').then(it => it.match('{FORM}'))) !== undefined")
    write(page)
    line.cut(zhang)
    main(page).click()
    expect(page.locator("[data-saved]")).to_contain_text("没有网络。已存在手机里，有网自动交，按现在的时间算。")
    expect(main(page)).to_have_text("存好了，有网自动交")
    assert rows(story, CaseRow) == []
    story.clock.set(AFTER)
    page.clock.set_fixed_time(AFTER)
    line.mend(zhang)
    chromium.soon(page, f"(await ({KEPT})()).queue.length === 0")
    expect(page.locator("[data-kept]")).to_contain_text("交上了，按 20:59 算")
    expect(main(page)).to_be_hidden()  # and is not handed in once more
    [case] = rows(story, CaseRow)
    [task] = [one for one in rows(story, TaskRow) if one.node == "write"]
    [event] = [one for one in rows(story, EventRow) if one.type == "report.submitted" and one.data["needs"] == FULL][
        -1:
    ]
    assert (case.started_at, task.done_at, task.late) == (EVENING, EVENING, False)
    assert (event.time, event.received_at) == (EVENING, AFTER)


def test_the_form_opens_without_a_network_and_what_waits_goes_after_a_reload(story, phone, line):
    zhang = phone()
    page = zhang.go(FORM)
    chromium.soon(page, IS_READY)
    chromium.soon(page, "(await caches.open('tideng-pages').then(it => it.match('/me/do/'))) !== undefined")
    line.cut(zhang)
    zhang.go("/me/do/")
    expect(page.locator("h1")).to_have_text("我能办的事")
    zhang.go(FORM)
    write(page)
    expect(main(page)).to_have_text("交日报")
    main(page).click()
    expect(page.locator("[data-saved]")).to_contain_text("有网自动交")
    page.reload()  # still without a network: it waits, and says so
    expect(main(page)).to_have_text("存好了，有网自动交")
    page.goto("about:blank")
    line.mend(zhang)
    zhang.go("/me/reports/")
    expect(page.locator("[data-kept]")).to_contain_text("“日报”交上了")
    page.reload()
    expect(page.locator("[data-kept]")).not_to_contain_text("交上了")  # said once
    assert len(rows(story, CaseRow)) == 1


def test_a_form_that_was_kept_on_another_day_is_about_today_unless_a_day_was_asked_for(phone, line):
    zhang = phone()
    zhang.page.clock.set_fixed_time(EVENING)
    asked = "/me/report/?day=2025-06-11"
    for path in (FORM, asked):
        page = zhang.go(path)
        chromium.soon(page, IS_READY)
        chromium.soon(page, f"(await caches.open('tideng-pages').then(it => it.match('{path}'))) !== undefined")
    line.cut(zhang)
    page.clock.set_fixed_time(EVENING + timedelta(days=1))
    zhang.go(FORM)
    day = page.locator("#f-date")
    expect(day).to_have_value("2025-06-13")
    expect(day.locator("option").first).to_have_text("今天 · 6月13日")
    zhang.go(asked)
    expect(day.locator("option").first).to_have_text("今天 · 6月13日")
    expect(day).to_have_value("2025-06-11")


def test_what_waits_can_be_changed_until_it_goes(story, phone, line):
    zhang = phone()
    page = zhang.go(FORM)
    chromium.soon(page, IS_READY)
    write(page)
    line.cut(zhang)
    main(page).click()
    page.click("[data-saved] button")
    expect(main(page)).to_have_text("交日报")
    page.fill("#f-needs", "改" * 120)
    main(page).click()
    expect(page.locator("[data-saved]")).to_contain_text("没有网络")
    line.mend(zhang)
    chromium.soon(page, f"(await ({KEPT})()).queue.length === 0")
    assert [row.data["needs"] for row in rows(story, CaseRow)] == ["改" * 120]


def test_a_token_that_ran_out_loses_nothing(story, phone):
    page = phone().go(FORM)
    chromium.soon(page, IS_READY)  # a token runs out long after the script has come
    write(page)
    page.evaluate("document.querySelector('[name=csrf_token]').value = 'long past'")
    main(page).click()
    page.wait_for_url(lambda url: "/cases/" in url)
    assert len(rows(story, CaseRow)) == 1


def test_a_step_that_somebody_did_meanwhile_shows_what_was_written_and_the_way_on(story, phone, line):
    zhang, lead = phone(), phone("lead")
    write(zhang.go(FORM))
    main(zhang.page).click()
    zhang.page.wait_for_url(lambda url: "/cases/" in url)
    case = zhang.page.url.rpartition("/")[2]
    page = lead.go(f"/me/cases/{case}/read")
    chromium.soon(page, IS_READY)
    line.cut(lead)
    page.fill("#note", "样品谁来寄？")
    page.click("[data-outcome=ask]")
    expect(page.locator("[data-saved]")).to_contain_text("没有网络")
    browser = story.as_("hr")  # who may do it in place of its owner
    assert browser.post(f"/me/cases/{case}/read", outcome="read").status_code == 302
    line.mend(lead)
    expect(page.locator(".back-card")).to_contain_text("这一步已经完成")
    page.click(".back-card summary")
    expect(page.locator(".back-card")).to_contain_text("样品谁来寄？")
    expect(page.locator(".back-card")).to_contain_text("复制文字")


def test_rows_of_an_itinerary_come_and_go_and_stand_in_a_draft(phone):
    zhang = phone()
    page = zhang.go("/me/do/trip")
    page.fill("[data-row] [data-column=city] input", "沧州")
    page.click("[data-add]")
    expect(page.locator("[data-row]")).to_have_count(2)
    page.fill("[data-row] >> nth=1 >> [data-column=city] input", "石家庄")
    chromium.soon(page, f"(await ({KEPT})()).drafts.some(one => JSON.stringify(one).includes('石家庄'))")
    page.reload()
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-row] >> nth=1 >> [data-column=city] input")).to_have_value("石家庄")
    page.click("[data-row] >> nth=0 >> [data-remove]")
    expect(page.locator("[data-row]")).to_have_count(1)
    assert zhang.complaints == []


def test_a_form_can_be_read_by_everybody(phone):
    zhang = phone()
    for path in ("/me/do/", FORM, "/me/do/trip", "/me/reports/"):
        page = zhang.go(path)
        if path == FORM:
            write(page, "灯" * 88)
            page.wait_for_selector("[data-live]:not([hidden])")
        page.evaluate(AXE.read_text("utf-8"))
        assert page.evaluate(LOOK, RULES) == []
        assert zhang.overflow() == 0


def test_the_same_words_in_english(phone):
    zhang = phone(language="en")
    page = zhang.go(FORM)
    write(page, "x" * 88)
    expect(main(page)).to_have_text("Add 12 characters")
    expect(page.locator("[data-field=needs] [data-left]")).to_have_text("12 characters to go")
    page.evaluate(AXE.read_text("utf-8"))
    assert page.evaluate(LOOK, RULES) == []


def test_what_hr_adds_in_the_editor_is_an_idea_in_the_next_report(phone):
    hr = phone("hr")
    page = hr.go("/processes/daily_report/edit")
    needs = page.locator('details[data-at="fields.needs"]')
    needs.locator("summary").click()
    ideas = needs.locator('[data-at="fields.needs.ideas"]')
    ideas.get_by_role("button", name="加一个提示").click()
    added = needs.locator('[data-at="fields.needs.ideas[5]"]')
    expect(added).to_contain_text("每种语言都要有文字")
    added.get_by_label("说法", exact=True).fill("样品")
    added.get_by_label("英文说法").fill("Samples")
    expect(page.locator(".ed-aside")).to_contain_text("安装时间、色温、数量、面积、预算、样品")
    page.locator(".ed-publish").click()
    page.wait_for_url(lambda url: url.endswith("/processes/daily_report"))
    page = phone().go(FORM)
    expect(idea(page, "样品")).to_be_visible()
