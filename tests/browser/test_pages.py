"""What a real browser says of every page: no sideways scroll, no complaint, no foreign host; zh and en, desk and phone."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from playwright.sync_api import expect
from screenshots import pages
from small_company import CAST, a_story, begin_cases

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def evening(tmp_path_factory) -> Iterator:
    story = a_story(tmp_path_factory.mktemp("evening"))
    story.said = story.an_evening()
    story.said["case"] = begin_cases(story)
    yield story
    story.deployment.close()


@pytest.fixture(scope="module")
def address(evening) -> Iterator[str]:
    with chromium.served(evening.app) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with chromium.launched() as launched:
        yield launched


@pytest.fixture
def window(browser, address) -> Iterator:
    opened = []

    def open_window(**more):
        opened.append(chromium.Watched(browser, address, **more))
        return opened[-1]

    yield open_window
    for one in opened:
        one.close()


WINDOWS = list(itertools.product(("zh", "en"), ("desktop", "phone"), (False, True)))
PAIRS = {("zh", "desktop", False), ("zh", "phone", True), ("en", "desktop", True), ("en", "phone", False)}
"""Every language with every size, every size in light and dark; the other four windows are looked at in the slow run."""


@pytest.mark.parametrize(
    ("language", "size", "dark"),
    [
        pytest.param(
            *one, id="-".join((*one[:2], "dark" if one[2] else "light")), marks=() if one in PAIRS else pytest.mark.slow
        )
        for one in WINDOWS
    ],
)
def test_every_page_fits_its_window_and_nothing_complains(evening, window, language, size, dark):
    windows = {}
    for name, login, path in pages(evening.said, CAST):
        if login not in windows:
            windows[login] = window(size=size, dark=dark)
            windows[login].sign_in(login, language)
        here = windows[login]
        here.go(path)
        assert here.overflow() <= 0, f"{name} scrolls sideways by {here.overflow()} px"
        assert here.complaints == [], name
        assert here.page.evaluate("document.documentElement.dataset.theme || 'light'") == ("dark" if dark else "light")


def test_what_is_touched_on_a_phone_is_large_enough(evening, window):
    here = window(size="phone")
    here.sign_in("zhang")
    for path in ("/me/", f"/nudges/{evening.said['told']}"):
        page = here.go(path)
        small = page.evaluate(
            "[...document.querySelectorAll('button, a.btn, .tabs a, input:not([type=hidden])')]"
            ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 40).map(e => e.outerHTML.slice(0, 80))"
        )
        assert small == [], path


def test_the_door_speaks_both_languages_and_opens(window):
    here = window()
    page = here.go("/login/")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    here.come_in("hr", "en")
    expect(page.get_by_role("heading", name="周敏")).to_be_visible()
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("link", name="今天")).to_be_visible()
    assert here.complaints == []


def test_an_employee_reads_why_and_answers_without_any_script(browser, address, evening):
    said = evening.a_nudge("zhang")
    context = browser.new_context(java_script_enabled=False, viewport=chromium.PHONE)
    page = context.new_page()
    page.goto(f"{address}/login/")
    page.fill("#username", "zhang")
    page.fill("#password", chromium.PASSWORD)
    page.click("form button")
    page.locator(f"main a[href*='/nudges/{said}']").first.click()
    expect(page).to_have_url(re.compile(re.escape(f"/nudges/{said}")))
    expect(page.get_by_text("今日日报").first).to_be_visible()
    page.get_by_role("button", name="知道了").click()
    expect(page.get_by_text("谢谢。")).to_be_visible()
    context.close()


def test_the_keyboard_reaches_the_content_first(window):
    here = window()
    here.sign_in("hr")
    page = here.go("/nudges/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_framework_s_own_question_is_in_the_reader_s_language(window):
    here = window()
    here.sign_in("admin")
    page = here.go("/users/list/")
    page.locator("a.confirm, [data-original-title=删除], .btn-group-xs a").last.click()
    expect(page.locator("#modal-confirm .btn-default")).to_have_text("取消")


def test_dark_and_light_are_chosen_by_hand_too(window):
    here = window(dark=True)
    here.sign_in("hr")
    page = here.page
    expect(page.get_by_role("link", name="深色")).to_be_hidden()
    page.get_by_role("link", name="浅色").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_board_filters_and_leads_to_the_person_and_the_reason_without_any_script(browser, address, evening):
    context = browser.new_context(java_script_enabled=False, viewport=chromium.DESK)
    page = context.new_page()
    page.goto(f"{address}/login/")
    page.fill("#username", "hr")
    page.fill("#password", chromium.PASSWORD)
    page.click("form button")
    page.goto(f"{address}/today/")
    page.locator(".legend a", has_text="未完成").click()
    expect(page).to_have_url(re.compile(re.escape("show=open")))
    expect(page.locator("#next .next")).to_have_count(1)
    page.locator("a.lp.open.on").click()
    expect(page.get_by_role("heading", name="张三", exact=True)).to_be_visible()
    page.get_by_role("link", name="为什么").first.click()
    expect(page.get_by_role("heading", name="为什么")).to_be_visible()
    context.close()
