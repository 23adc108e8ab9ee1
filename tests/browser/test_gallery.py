"""From a card to a draft in a real browser, and the chart of what came of a rule."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import chromium
from playwright.sync_api import expect
from small_company import a_story

from tideng_admin.display.assets import built

if chromium.where() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

pytestmark = pytest.mark.browser


def test_a_card_becomes_a_draft_and_a_rule_shows_what_it_said(tmp_path):
    story = a_story(tmp_path)
    story.a_nudge(response="acknowledged")
    with chromium.served(story.app) as address, chromium.launched() as browser:
        window = chromium.Watched(browser, address, "phone")
        page = window.page
        window.sign_in("hr")
        page.goto(f"{address}/gallery/?q=报销")
        page.get_by_role("link", name="用这条").click()
        page.get_by_label("出差后报销天数").fill("8")
        page.get_by_role("button", name="用这条").click()
        expect(page).to_have_url(re.compile(re.escape("/drafts/")))
        page.goto(f"{address}/rules/daily-report-missing")
        page.get_by_text("看表格").click()
        expect(page.locator("#lately tbody tr")).to_have_count(1)
        with story.app.test_request_context():
            there = built("charts.js")
        if there:  # without the front end the table alone tells
            page.locator("#lately .chart svg").wait_for()
        assert window.complaints == []
        window.close()
    story.deployment.close()
