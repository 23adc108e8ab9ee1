"""Trying a rule in the studio and putting it in force, in a real browser: one person's day, the past weeks, the dialog."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from playwright.sync_api import Page, expect
from small_company import a_story
from test_axe import AXE, LOOK, RULES
from webstory import LOGINS, NOW

from tideng.access.viewer import Viewer
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.events import receive
from tideng_admin.display import assets
from tideng_rules.lifecycle import drafts, versions
from tideng_rules.lifecycle.publishing import Ground, ask_approval, publish_draft

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)
if not assets.is_built():
    pytest.skip("the front end is not built: `make install` says why", allow_module_level=True)

pytestmark = pytest.mark.browser
OTHER = Viewer("wu", "", frozenset({"hr"}))
HR = Viewer("hr", "", frozenset(LOGINS["hr"]))
LATER = {"at": "21:00", "then": [{"nudge": "supervisor", "message": {"zh": "要帮着挪一下明天的行程吗？"}}]}
CHANGES = {"later": [LATER], "until": {"fact": "metric.reports_today", "gte": 1}}


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator:
    """Zhang has been on a trip since 2 June; he wrote his report on the 4th, and on no other day."""
    made = a_story(tmp_path_factory.mktemp("trial"))
    trip = {"id": "t1", "source": "story", "type": "trip.started", "subject": "zhang", "data": {"trip": "t1"}}
    report = {
        "id": "r1",
        "source": "story",
        "type": "report.submitted",
        "subject": "zhang",
        "data": {"date": "2025-06-04"},
    }
    times = ("2025-06-02T08:00:00+08:00", "2025-06-04T18:00:00+08:00")
    receive(made.deployment, [one | {"time": time} for one, time in zip((trip, report), times, strict=True)])
    worker = Worker(made.deployment)
    for _ in range(3):
        worker.step()
    yield made
    made.deployment.close()


@pytest.fixture(scope="module")
def desk(story) -> Iterator[chromium.Watched]:
    with chromium.served(story.app) as address, chromium.launched() as browser:
        window = chromium.Watched(browser, address)
        window.sign_in("hr")
        window.page.set_default_timeout(6000)
        yield window
        window.close()


def a_draft(story, by: Viewer = HR, **changes) -> int:
    with writing(story.deployment.engine) as connection:
        document = {**versions.latest(connection, "daily-report-missing").document, **changes}
        return drafts.create_draft(connection, by, document, NOW).id


def kept(story, id: int) -> drafts.Draft:
    with reading(story.deployment.engine) as connection:
        return drafts.draft(connection, HR, id)


def opened(window: chromium.Watched, id: int) -> Page:
    window.complaints.clear()
    page = window.go(f"/drafts/{id}")
    page.wait_for_selector(".flow")
    return page


def saved(story, id: int, key: str) -> object:
    """What stands under `key` of the draft as soon as the server has it."""
    for _ in range(100):
        document = kept(story, id).document
        if key in document:
            return document[key]
        time.sleep(0.05)
    raise AssertionError(f"{key} was not saved: {sorted(document)}")


def on(page: Page, day: str) -> None:
    page.get_by_label("哪一天", exact=True).fill(day)


def test_hr_tries_a_person_and_a_day_reads_why_and_keeps_it_as_an_example(story, desk):
    id = a_draft(story, **CHANGES)
    page = opened(desk, id)
    panel = page.locator("#try")
    panel.get_by_role("combobox").fill("华北")
    panel.get_by_role("option", name="张三").click()
    on(page, "2025-06-05")
    expect(panel.locator(".ans")).to_contain_text("会说：告诉张三")
    expect(panel.locator(".walk > li")).to_have_count(2)
    expect(panel.locator(".walk")).to_contain_text("实际：是")
    expect(panel.locator(".would")).to_contain_text("张三，今天的日报还没写")
    expect(panel.locator(".would li").nth(1)).to_contain_text("王海燕")

    on(page, "2025-06-04")
    expect(panel.locator(".ans")).to_contain_text("不会说，因为“今日日报”是 1")
    expect(panel.locator(".walk > li").nth(1)).to_contain_text("轮不到")
    panel.get_by_role("button", name="留作例子").click()
    expect(panel.locator(".keep")).to_contain_text("已经是这条规则的例子")
    (example,) = saved(story, id, "examples")
    assert example["at"] == "2025-06-04T19:00+08:00"
    assert example["expect"] == []
    assert example["facts"]["metric.reports_today"] == 1

    # it stands among the examples, is judged anew, and is looked at by a press
    page.locator("#try input[type=time]").focus()
    panel.get_by_role("button", name=example["name"]).press("Enter")
    expect(panel.locator(".ans")).to_contain_text("不会说")
    assert datetime.fromisoformat(example["at"]) < NOW
    assert desk.complaints == []


def test_the_answer_follows_the_rule_as_it_is_changed(story, desk):
    page = opened(desk, a_draft(story))
    panel = page.locator("#try")
    panel.get_by_role("combobox").fill("张三")
    expect(panel.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    on(page, "2025-06-04")
    expect(panel.locator(".ans")).to_contain_text("不会说")
    page.get_by_label("今日日报 · 值").fill("1")
    expect(panel.locator(".ans")).to_contain_text("会说：告诉张三")


def test_a_preview_shows_whom_when_and_how_much_and_leads_to_why(story, desk):
    id = a_draft(story, **CHANGES)
    page = opened(desk, id)
    panel = page.locator("#preview")
    page.get_by_label("时间", exact=True).first.fill("18:45")  # not with the server yet: it is saved first
    panel.get_by_role("button", name="过去 30 天").click()
    expect(panel.locator(".preview-says")).to_contain_text("会告诉 2 人")
    assert kept(story, id).document["when"]["at"] == "18:45"
    assert kept(story, id).preview["rules"]["daily-report-missing"]["new"] > 0

    # the calendar is a table, with the day he wrote his report left out
    expect(panel.locator(".cal tbody tr")).to_have_count(5)
    days = panel.locator(".cal button")
    assert {"6月3日周二，2 次", "6月5日周四，2 次"} <= set(days.evaluate_all("all => all.map(one => one.ariaLabel)"))
    expect(panel.get_by_role("button", name="6月4日周三")).to_have_count(0)
    panel.get_by_role("button", name="6月5日周四").click()
    expect(panel.locator(".found-row")).to_have_count(1)
    expect(panel.locator(".found-row")).to_contain_text("王海燕")
    panel.get_by_role("button", name="不变").click()
    expect(panel.locator(".found-row")).to_contain_text("时间不同")
    expect(panel.locator(".load")).to_contain_text("1 次")

    panel.locator(".found-row").first.click()
    expect(page.locator("#try .ans")).to_contain_text("会说：告诉张三")
    assert desk.complaints == []


def test_a_preview_can_be_stopped_and_says_why_it_found_nobody(story, desk):
    page = opened(
        desk,
        a_draft(
            story,
            id="never-speaks",
            who={"fact": "person.on_trip", "is": False},
            **{"if": {"fact": "metric.reports_today", "gte": 50}},
        ),
    )
    panel = page.locator("#preview")
    page.route("**/preview", lambda route: None)  # an answer that does not come
    panel.get_by_role("button", name="过去 90 天").click()
    expect(panel.get_by_role("progressbar")).to_be_visible()
    panel.get_by_role("button", name="不算了").click()
    expect(panel.get_by_role("progressbar")).to_have_count(0)
    page.unroute("**/preview")
    panel.get_by_role("button", name="过去 30 天").click()
    expect(panel.locator(".would-none")).to_contain_text("这 30 天里它不会对任何人说话，因为没有谁同时满足")


def in_force(story):
    with reading(story.deployment.engine) as connection:
        return versions.latest(connection, "daily-report-missing")


def publishing(page: Page):
    """The dialog, opened from the bar."""
    page.locator("#publish").get_by_role("button", name="发布").click()
    return page.get_by_role("dialog", name="发布这条规则")


def test_hr_publishes_with_a_note_and_takes_it_back(story, desk):
    before = in_force(story)
    page = opened(desk, a_draft(story, priority=7))
    page.get_by_label("时间", exact=True).fill("18:50")  # what was typed a moment ago is published, too
    dialog = publishing(page)
    expect(dialog.get_by_label("这次改了什么")).to_be_focused()
    expect(dialog.locator(".differences")).to_contain_text("18:50")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("#publish").get_by_role("button", name="发布")).to_be_focused()

    dialog = publishing(page)
    dialog.get_by_label("这次改了什么").fill("早十分钟")
    dialog.get_by_role("button", name="发布").click()
    bar = page.locator("#publish")
    expect(bar).to_contain_text(f"第 {before.version + 1} 版已经生效")
    now = in_force(story)
    assert (now.version, now.note, now.document["when"]["at"]) == (before.version + 1, "早十分钟", "18:50")
    expect(page.get_by_label("时间", exact=True)).to_be_disabled()

    bar.get_by_role("button", name="撤销").click()
    expect(bar).to_contain_text(f"第 {before.version + 2} 版和第 {before.version} 版一样")
    assert in_force(story).document == before.document
    assert desk.complaints == []


def test_a_version_that_came_meanwhile_is_said_and_brought_in(story, desk):
    id, other = a_draft(story, priority=8), a_draft(story, title={"zh": "晚上的日报", "en": "The evening’s report"})
    page = opened(desk, id)
    with writing(story.deployment.engine) as connection:
        made = drafts_published(story, connection, other)
    dialog = publishing(page)
    dialog.get_by_role("button", name="发布").click()
    expect(dialog.get_by_role("alert")).to_contain_text(f"第 {made.version} 版已经发布了")
    dialog.get_by_role("button", name="并进来").click()
    expect(page.get_by_role("heading", name="晚上的日报")).to_be_visible()
    assert kept(story, id).based_on == made.version
    assert kept(story, id).document["priority"] == 8


def drafts_published(story, connection, id: int):
    ground = Ground.of(story.deployment, connection)
    return publish_draft(connection, HR, id, NOW, ground, "")


def test_a_draft_is_published_on_its_day_or_taken_back_before(story, desk):
    id, before = a_draft(story, priority=9), in_force(story)
    page = opened(desk, id)
    bar = page.locator("#publish")
    for _ in ("taken back", "left as it is"):
        dialog = publishing(page)
        dialog.get_by_label("定个时间").check()
        dialog.get_by_label("哪一天").fill("2025-06-13")
        dialog.get_by_label("几点").fill("09:30")
        dialog.get_by_role("button", name="到时发布").click()
        expect(bar).to_contain_text("将在 6月13日 09:30 发布")
        assert kept(story, id).publish_at == datetime.fromisoformat("2025-06-13T09:30+08:00")
        if _ == "taken back":
            bar.get_by_role("button", name="收回").click()
            expect(bar.get_by_role("button", name="发布")).to_be_visible()
            assert kept(story, id).publish_at is None
    page.reload()
    expect(bar).to_contain_text("将在 6月13日 09:30 发布")

    worker = Worker(story.deployment)
    now = story.clock.now()
    try:
        story.clock.set(datetime.fromisoformat("2025-06-13T09:29+08:00"))
        worker.step()
        assert in_force(story).version == before.version
        story.clock.set(datetime.fromisoformat("2025-06-13T09:30:10+08:00"))
        worker.step()
    finally:
        story.clock.set(now)
    assert in_force(story).document["priority"] == 9
    page.reload()
    expect(bar).to_contain_text("这份草稿已经发布")
    assert desk.complaints == []


def test_where_it_is_asked_for_a_second_person_approves_or_sends_back(story, desk, monkeypatch):
    monkeypatch.setattr(story.deployment, "settings", replace(story.deployment.settings, rules_need_approval=True))
    theirs, mine = a_draft(story, by=OTHER, priority=11), a_draft(story, priority=12)
    with writing(story.deployment.engine) as connection:
        ask_approval(connection, OTHER, theirs, NOW)
    page = opened(desk, theirs)
    bar = page.locator("#publish")
    expect(bar).to_contain_text("批准：等另一个人")
    bar.get_by_role("button", name="退回").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("还要改什么").fill("语气再轻一点")
    dialog.get_by_role("button", name="退回").click()
    expect(bar.get_by_role("button", name="请人批准")).to_be_visible()
    assert (kept(story, theirs).state, kept(story, theirs).note) == ("open", "语气再轻一点")

    page = opened(desk, mine)
    bar.get_by_role("button", name="请人批准").click()
    page.get_by_role("dialog").get_by_label("这次改了什么").fill("排到后面")
    page.get_by_role("dialog").get_by_role("button", name="请人批准").click()
    expect(bar).to_contain_text("要由另一个人来看")
    assert (kept(story, mine).state, kept(story, mine).note) == ("asked", "排到后面")
    with writing(story.deployment.engine) as connection:
        ask_approval(connection, OTHER, theirs, NOW)
    page = opened(desk, theirs)
    bar.get_by_role("button", name="批准", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="批准", exact=True).click()
    expect(bar.get_by_role("button", name="发布")).to_be_visible()
    assert kept(story, theirs).approved_by == "hr"
    assert desk.complaints == []


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in admin/frontend")
def test_axe_finds_nothing_serious_where_a_rule_is_tried_and_published(story, desk):
    page = opened(desk, a_draft(story, **CHANGES))
    page.emulate_media(reduced_motion="reduce")
    page.locator("#preview").get_by_role("button", name="过去 30 天").click()
    page.locator("#preview .found-row").first.click()
    page.locator("#try .ans").wait_for()
    page.locator("#try details summary").click()
    page.evaluate(AXE.read_text("utf-8"))
    wrong = []
    for _ in ("panels", "dialog"):
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            page.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => 0)))")
            wrong += page.evaluate(LOOK, RULES)
        if _ == "panels":
            publishing(page).locator(".differences").wait_for()
    assert wrong == []
