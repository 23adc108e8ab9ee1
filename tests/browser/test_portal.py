"""A nudge on a phone: one press and it is answered, another and it is not; without scripts as with them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from playwright.sync_api import expect
from small_company import a_story

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

pytestmark = pytest.mark.browser
SMALL = """[...document.querySelectorAll('a, button, summary, input, textarea')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.height && box.height < 43.5 && getComputedStyle(one).display !== 'inline' && !one.closest('.skip');
}).map(one => one.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def phone(tmp_path_factory) -> Iterator:
    story = a_story(tmp_path_factory.mktemp("phone"))
    story.said = story.a_nudge(period="2025-06-12")
    with chromium.served(story.app) as address, chromium.launched() as browser:
        window = chromium.Watched(browser, address, size="phone")
        window.said = story.said
        window.sign_in("zhang")
        yield window
        window.close()
    story.deployment.close()


def test_a_nudge_is_read_put_off_and_taken_back_with_a_thumb(phone):
    page = phone.go("/")
    expect(page).to_have_url(re.compile(re.escape("/me/") + "$"))
    page.click(".btn-lamp")
    expect(page).to_have_url(re.compile(re.escape(f"/me/nudges/{phone.said}") + "$"))
    page.click("text=30 分钟后")
    page.wait_for_selector(".undo-bar")
    expect(page.locator(".undo-bar")).to_contain_text("再提醒您")
    page.click(".undo-bar button")
    expect(page.locator("main")).to_contain_text("收回了")
    page.click("text=知道了")
    expect(page.locator("h1")).to_contain_text("今天都好了")
    assert phone.complaints == []


@pytest.mark.parametrize("path", ["/me/", "/me/messages/", "/me/data/", "/me/data/nudges", "/me/nudges/{said}"])
def test_nothing_scrolls_sideways_and_everything_fits_a_thumb(phone, path):
    page = phone.go(path.format(said=phone.said))
    assert phone.overflow() <= 0
    assert page.evaluate(SMALL) == []


def test_on_a_desk_it_is_one_column_in_the_middle(phone):
    page = phone.go("/me/")
    page.set_viewport_size(chromium.DESK)
    box = page.locator(".pw").bounding_box()
    page.set_viewport_size(chromium.PHONE)
    assert box["width"] <= 520
    assert abs(box["x"] + box["width"] / 2 - chromium.DESK["width"] / 2) <= 8
