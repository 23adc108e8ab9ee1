"""A rule written as text on a page: nothing typed is lost, everything wrong is said, and one press publishes."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest

from tideng.store.database import writing
from tideng_rules.lifecycle import scheduling
from tideng_rules.lifecycle.publishing import Ground

RULE = "daily-report-missing"
EDITED = """\
id: daily-report-missing
kind: reminder
title: {zh: 日报未提交提醒, en: Daily report not yet submitted}
why: {zh: 日报帮助主管及时支援您, en: The report lets your supervisor help in time}
when: {every: workday, at: "20:00"}
who: {fact: person.on_trip, is: true}
if: {fact: metric.reports_today, is: 0}
then:
  - nudge: person
    message: {zh: "{person.name}，今天的日报还没写，大约 3 分钟。有难处就回一声。", en: "{person.name}, today's report is still open. It takes about 3 minutes."}
limit: {once_per: day}
examples:
  - {name: at eight, at: 2025-06-12T20:00+08:00, facts: {person.on_trip: true, metric.reports_today: 0}, expect: [nudge person]}
  - {name: it is in, at: 2025-06-12T20:00+08:00, facts: {person.on_trip: true, metric.reports_today: 1}, expect: []}
"""


@pytest.fixture
def hr(story):
    return story.as_("hr", language="en")


@pytest.fixture
def draft(hr) -> str:
    """The address of a new draft of the rule in force."""
    return hr.post("/drafts/new", rule=RULE).location


def edition(page) -> str:
    return re.search(r'name="edition" value="(\d+)"', page.text)[1]


def save(browser, draft: str, text: str):
    return browser.post(draft, text=text, edition=edition(browser.get(draft)))


def test_a_draft_begins_with_the_rule_in_force_and_shows_it_as_text_and_in_words(hr, draft):
    page = hr.get(draft).text
    assert "id: daily-report-missing" in page
    assert "Every workday at 19:00" in page
    assert "Version 1 stays in force" in page


def test_what_is_saved_is_checked_compared_and_published(story, hr, draft):
    assert save(hr, draft, EDITED).status_code == 302
    page = hr.get(draft).text
    assert "at 20:00" in page
    assert "2 of 2 as expected" in page
    assert re.search(r"19:00.{1,20}20:00", page), "the difference in words"
    hr.post(f"{draft}/publish", note="an hour later")
    shown = hr.get(f"/rules/{RULE}").text
    assert "Every workday at 20:00" in shown
    assert "an hour later" in shown


def test_without_script_a_draft_is_published_at_a_time_and_that_is_taken_back(hr, draft):
    save(hr, draft, EDITED)
    hr.post(f"{draft}/publish", note="an hour later", at="2025-06-13T09:30")
    page = hr.get(draft).text
    assert "It will be published on tomorrow 09:30." in page or "tomorrow 09:30" in page
    assert f'action="{draft}/publish"' not in page
    hr.post(f"{draft}/unschedule")
    assert f'action="{draft}/publish"' in hr.get(draft).text
    hr.post(f"{draft}/publish", at="2025-06-11T09:30")
    assert "this moment has passed" in hr.get(draft).text
    hr.post(f"{draft}/publish", at="soon")
    page = hr.get(draft).text
    assert "This is not a day or a moment." in page
    assert f'action="{draft}/publish"' in page


def test_a_draft_that_something_kept_from_its_time_waits_on_the_page_of_the_day(story, hr, draft):
    save(hr, draft, EDITED)
    hr.post(f"{draft}/publish", note="for the road", at="2025-06-20T08:00")
    other = hr.post("/drafts/new", rule=RULE).location
    save(hr, other, EDITED.replace("20:00", "19:30"))
    hr.post(f"{other}/publish", note="sooner")
    deployment, later = story.deployment, datetime(2025, 6, 20, 1, tzinfo=UTC)
    with writing(deployment.engine) as connection:
        assert scheduling.publish_due(connection, later, Ground.of(deployment, connection)) == []
    day = hr.get("/today/").text
    assert "1 rule was not published at its time" in day
    assert f'href="{draft}"' in day
    assert "came since" in html.unescape(hr.get(draft).text)


def test_a_text_that_cannot_be_read_stays_in_the_form_and_the_line_is_named(hr, draft):
    answer = save(hr, draft, "id: x\nwhen: {every: day\nif: [")
    assert answer.status_code == 400
    assert "if: [" in answer.text
    assert "line" in answer.text
    assert "Not saved yet" in answer.text


def test_a_rule_with_an_error_is_saved_says_what_is_left_and_cannot_be_published(hr, draft):
    save(hr, draft, EDITED.replace("metric.reports_today, is", "metric.report_today, is"))
    page = hr.get(draft).text
    assert "report_today" in page
    assert "reports_today" in page, "what may have been meant"
    assert "to go" in page
    assert f'action="{draft}/publish"' not in page
    hr.post(f"{draft}/publish")
    assert "Every workday at 19:00" in hr.get(f"/rules/{RULE}").text


def test_a_draft_is_tried_on_the_past_before_anybody_is_told(hr, draft):
    save(hr, draft, EDITED)
    page = hr.get(f"{draft}/try?days=30").text
    assert "It would have sent 0 messages" in page
    assert "seen" in hr.get(draft).text


def test_somebody_who_saved_meanwhile_is_named_and_the_text_is_kept(story, hr, draft):
    first = edition(hr.get(draft))
    save(story.as_("impl", language="en"), draft, EDITED)
    answer = hr.post(draft, text=EDITED.replace("20:00", "20:30"), edition=first)
    assert answer.status_code == 400
    assert "20:30" in answer.text
    assert "impl" in answer.text


def test_a_rule_is_paused_resumed_archived_restored_and_taken_back_on_its_page(hr, draft):
    hr.post(f"/rules/{RULE}/pause")
    assert "Paused since" in hr.get(f"/rules/{RULE}").text
    hr.post(f"/rules/{RULE}/resume")
    save(hr, draft, EDITED)
    hr.post(f"{draft}/publish")
    hr.post(f"/rules/{RULE}/rollback", version="1")
    assert "Every workday at 19:00" in hr.get(f"/rules/{RULE}").text
    hr.post(f"/rules/{RULE}/archive")
    assert "Bring it back" in hr.get(f"/rules/{RULE}").text
    hr.post(f"/rules/{RULE}/restore")
    assert "In force" in hr.get(f"/rules/{RULE}").text


def test_a_new_rule_is_blank_and_whoever_writes_text_has_one_to_begin_from(hr):
    address = hr.post("/drafts/new").location
    blank = hr.get(f"{address}?text=1").text
    assert "2 things to go" in blank
    sample = html.unescape(re.search(r'<pre class="code sec">(.*?)</pre>', blank, re.S)[1])
    hr.post(address, address, text=sample, edition=1)
    page = hr.get(f"{address}?text=1").text
    assert "Every workday at 19:00" in page
    assert "2 of 2 as expected" in page
    assert "<pre" not in page


def test_two_rules_begun_at_one_moment_are_two_rules(hr):
    ids = {re.search(r"rule-[\w-]+", hr.get(hr.post("/drafts/new").location + "?text=1").text)[0] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("login", ["zhang", "boss", "look", "crm"])
def test_others_neither_begin_nor_change_a_draft_nor_a_rule(story, draft, login):
    browser = story.as_(login, language="en")
    assert browser.post("/drafts/new", rule=RULE).status_code == 403
    assert browser.post(f"{draft}/publish").status_code == 403
    assert browser.post(f"/rules/{RULE}/archive").status_code == 403
    assert browser.get(draft).status_code == (200 if login == "look" else 403)
