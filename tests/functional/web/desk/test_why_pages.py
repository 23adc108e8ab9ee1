"""Why, and why not, as people see them on pages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from webstory import NOW, WebStory

from tideng.runtime.worker import Worker

ASK = "/why-not/?rule=daily-report-missing&person={}&at={}"


@pytest.fixture
def evening(story: WebStory) -> WebStory:
    """Friday 19:00 has been asked: Zhang was on a trip and had not written, Li was at home."""
    story.clock.set(datetime.fromisoformat("2025-06-13T18:00:00+08:00"))
    story.an_event(
        "zhang", "trip.started", status=0, time=story.clock.now(), received_at=story.clock.now(), data={"trip": "t1"}
    )
    worker = Worker(story.deployment)
    for moment in ("2025-06-13T18:01:00+08:00", "2025-06-13T19:00:00+08:00", "2025-06-13T19:05:00+08:00"):
        story.clock.set(datetime.fromisoformat(moment))
        worker.step()
    return story


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_the_page_says_what_kept_the_rule_silent(evening):
    page = evening.as_("hr").get(ASK.format("li", "2025-06-13T19:00"))
    assert page.status_code == 200
    assert "没有提醒李晨，因为“出差中”为否（需要：是）。" in page.text
    assert 'class="deciding"' in page.text
    english = evening.as_("hr", language="en").get(ASK.format("li", "2025-06-13T19:00")).text
    assert "李晨 was not reminded, because “on a trip” was no (needed: yes)." in english


def test_the_page_says_that_it_did_speak_and_leads_to_it(evening):
    page = evening.as_("hr").get(ASK.format("zhang", "2025-06-13"))
    assert "提醒了张三：2025年6月13日 周五 19:00。" in page.text
    link = re.search(r'href="(/nudges/\d+)"', page.text)
    assert link
    assert evening.as_("hr").get(link.group(1)).status_code == 200


@pytest.mark.parametrize(
    ("login", "person", "sees"),
    [
        ("zhang", "zhang", True),
        ("lead", "zhang", True),
        ("zhang", "li", False),
        ("lead", "li", False),
        ("look", "li", True),
    ],
)
def test_everybody_asks_about_themselves_and_supervisors_about_their_people(evening, login, person, sees):
    page = evening.as_(login).get(ASK.format(person, "2025-06-13T19:00")).text
    assert ('class="ans"' in page) is sees
    assert ("没有您能看到的这个人" in page) is not sees


def test_who_is_not_signed_in_is_asked_to(story):
    assert story.visitor().get("/why-not/").status_code == 302


@pytest.mark.parametrize("at", ["yesterday", "0001-01-01", "2025-13-01", "9999-12-31T23:59"])
def test_what_is_no_moment_is_said_to_be_none(evening, at):
    page = evening.as_("hr").get(ASK.format("li", at))
    assert page.status_code == 200
    assert "这不是日期或时刻。" in page.text


def test_the_form_names_whom_one_may_ask_about(story):
    page = story.as_("lead").get("/why-not/").text
    assert "张三" in page
    assert "李晨" not in page


def test_a_finding_shows_its_conditions_with_their_values(evening):
    browser = evening.as_("hr")
    link = re.search(r'href="(/nudges/\d+)"', browser.get("/nudges/").text)
    assert link
    page = browser.get(link.group(1)).text
    assert "出差中" in page
    assert "今日日报 是 0" in words(page)
    assert "/why-not/?rule=daily-report-missing&amp;person=zhang" in page


TREE_RULE = """
id: daily-report-missing
kind: reminder
title: {zh: 日报未提交提醒, en: Daily report}
when: {every: workday, at: "19:00"}
if:
  all:
    - {fact: metric.reports_today, is: 0}
    - any:
        - {fact: metric.visits_this_week, lt: 4}
        - {fact: person.on_trip, is: true}
then: [{nudge: person, message: {zh: 还没写, en: Still open}}]
"""


def test_a_tree_is_drawn_from_the_reasons_that_were_kept(story):
    import yaml
    from sqlalchemy import update

    from tideng.store.database import writing
    from tideng_rules.lifecycle.tables import RuleVersionRow

    with writing(story.deployment.engine) as connection:
        connection.execute(update(RuleVersionRow).values(document=yaml.safe_load(TREE_RULE)))
    why = [
        {"part": "if", "fact": "metric.reports_today", "value": 0, "op": "is", "operand": 0, "holds": True},
        {"part": "if", "fact": "metric.visits_this_week", "value": 3, "op": "lt", "operand": 4, "holds": True},
        {"part": "if", "fact": "person.on_trip", "value": False, "op": "is", "operand": True, "holds": False},
    ]
    finding = story.a_nudge(why=why, at=NOW + timedelta(minutes=1))
    page = words(story.as_("hr").get(f"/nudges/{finding}").text)
    assert "都要满足" in page
    assert "满足一个就行" in page
    assert "没有影响出差中" in page


def test_reasons_of_another_version_are_told_one_by_one(story):
    page = words(story.as_("hr").get(f"/nudges/{story.a_nudge()}").text)
    assert "都要满足" not in page
    assert "没有数据" in page


def test_two_people_stand_side_by_side(story):
    story.an_event()
    page = story.as_("hr").get("/why-not/?rule=daily-report-missing&person=zhang&and=li&at=2025-06-12T19:00").text
    assert page.count('class="ans"') == 2
    assert "<h2>张三</h2>" in page
    assert "<h2>李晨</h2>" in page
    assert '<option value="li" selected>' in page


def test_a_second_person_out_of_sight_is_refused_as_the_first_is(story):
    page = story.as_("lead").get("/why-not/?rule=daily-report-missing&person=zhang&and=li&at=2025-06-12T19:00").text
    assert "李晨" not in page
    assert 'role="alert"' in page
