"""The whole of it, in a real browser: from a page without rules to a nudge on a phone, and what its reader says of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
import webstory
from playwright.sync_api import Page, expect
from small_company import a_story
from webstory import WebStory

from tideng.runtime.worker import Worker
from tideng.store.events import receive
from tideng_admin.display import assets

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)
if not assets.is_built():
    pytest.skip("the front end is not built: `make install` says why", allow_module_level=True)

pytestmark = pytest.mark.browser
MORNING = datetime.fromisoformat("2025-06-13T08:00:00+08:00")
EVENING = datetime.fromisoformat("2025-06-13T18:45:30+08:00")


@pytest.fixture
def story(tmp_path, monkeypatch) -> Iterator[WebStory]:
    """A client that has people and no rule at all."""
    monkeypatch.delitem(webstory.FILES, "rules/report.yaml")
    made = a_story(tmp_path)
    yield made
    made.deployment.close()


def saved(page: Page) -> None:
    for _ in range(100):
        if not page.evaluate("Object.keys(sessionStorage).some(key => key.startsWith('tideng-draft-'))"):
            return
        page.wait_for_timeout(50)
    raise AssertionError("it was not saved")


def lives_on(story: WebStory, worker: Worker, until: datetime) -> None:
    """Time goes on to `until`, and the worker with it."""
    while story.clock.now() < until:
        story.clock.set(min(until, story.clock.now() + timedelta(minutes=15)))
        worker.step()
    worker.step()


def test_hr_goes_from_no_rule_to_a_nudge_on_a_phone_and_hears_what_its_reader_says(story):
    with chromium.served(story.app) as address, chromium.launched() as browser:
        desk = chromium.Watched(browser, address)
        desk.page.set_default_timeout(8000)
        desk.sign_in("hr")
        _picks_writes_and_publishes(desk)
        worker = Worker(story.deployment)
        lives_on(story, worker, MORNING)
        trip = {"id": "t1", "source": "story", "type": "trip.started", "subject": "zhang"}
        receive(story.deployment, [{**trip, "time": MORNING.isoformat(), "data": {"trip": "t1"}}])
        lives_on(story, worker, EVENING)

        phone = chromium.Watched(browser, address, size="phone")
        phone.page.set_default_timeout(8000)
        phone.sign_in("zhang")
        _reads_why_and_objects(phone)

        page = desk.go("/today/")
        expect(page.locator("main")).to_contain_text("张三")
        page = desk.go("/contests/")
        expect(page.locator("main")).to_contain_text("那天我请假了")
        assert desk.complaints + phone.complaints == []


def _picks_writes_and_publishes(desk: chromium.Watched) -> None:
    page = desk.go("/rules/")
    page.locator('main a[href*="/gallery/"]').first.click()
    card = page.locator("#travel-sales-daily-report-missing")
    card.get_by_role("link", name="用这条").click()
    card.get_by_role("button", name="用这条").click()
    page.wait_for_selector(".flow")
    expect(page.locator(".say")).to_contain_text("19:00")
    page.locator("#step-when").get_by_label("时间", exact=True).fill("18:45")
    expect(page.locator(".say")).to_contain_text("18:45")
    saved(page)
    # one of its examples still speaks of seven: what to do about it is one click away
    problem = page.locator("#studio .beside.error")
    expect(problem).to_contain_text("reminded at seven")
    problem.get_by_role("button", name="改成现在的结果").click()
    expect(problem).to_have_count(0)
    saved(page)
    page.get_by_role("button", name="过去 30 天").click()
    expect(page.locator("#preview")).to_contain_text("这 30 天里它不会对任何人说话")
    expect(page.locator("#publish")).to_contain_text("试算：看过")
    page.locator("#publish").get_by_role("button", name="发布").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("这次改了什么").fill("提早一刻钟")
    dialog.get_by_role("button", name="发布").click()
    expect(page.locator("#publish")).to_contain_text("第 1 版已经生效")
    page.get_by_role("link", name="看这条规则").click()
    expect(page.locator("main")).to_contain_text("提早一刻钟")


def _reads_why_and_objects(phone: chromium.Watched) -> None:
    page = phone.go("/me/messages/")
    page.locator("main a[href*='/me/nudges/']").first.click()
    expect(page.locator("main")).to_contain_text("今天的日报还没写")
    expect(page.locator("main")).to_contain_text("今日日报")
    assert phone.overflow() <= 0
    page.get_by_text("别的原因").click()
    page.fill("#wrong textarea", "那天我请假了。")
    page.get_by_role("button", name="告诉人事").click()
    expect(page.locator("main")).to_contain_text("等人事看")
