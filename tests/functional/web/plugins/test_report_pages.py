"""Pages of reports without a script: ideas as a sentence, the day a report is about, and the way to a day that is open."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import insert

from tideng.store.database import writing
from tideng.store.tables import StateRow


def test_without_a_script_the_ideas_are_a_sentence(story):
    page = story.as_("zhang").get("/me/report/").text
    assert "可以写：安装时间、色温、数量、面积、预算" in page
    assert re.search(r'<div class="may" data-ideas role="group" aria-label="可以写到的" hidden>', page)
    english = story.as_("zhang", language="en").get("/me/report/").text
    assert "You may write about: Fitting date, Colour temp., Quantity, Floor area, Budget" in english


def test_the_day_is_chosen_at_the_top_and_an_open_one_leads_there(story):
    with writing(story.deployment.engine) as connection:
        began = datetime(2025, 6, 10, 1, tzinfo=UTC)
        connection.execute(
            insert(StateRow).values(subject="zhang", state="person.on_trip", key="t1", started_at=began, ended_at=None)
        )
    zhang = story.as_("zhang")
    form = zhang.get("/me/report/").text
    assert form.index('id="f-date"') < form.index('id="f-communication"')
    assert '<option value="2025-06-12" data-ago="0" data-word="今天" selected>今天 · 6月12日</option>' in form
    assert form.count("data-ago=") == 15
    assert 'href="/me/report/?day=2025-06-11"' in zhang.get("/me/reports/").text
    asked = zhang.get("/me/report/?day=2025-06-11").text
    assert '<option value="2025-06-11" data-ago="1" data-word="昨天" selected>' in asked
    assert 'data-apart="2025-06-11"' in asked
    old = zhang.get("/me/report/?day=2025-05-02").text
    assert '<option value="2025-05-02" data-ago="41" selected>周五 5月2日</option>' in old
    assert zhang.get("/me/report/?day=nonsense").status_code == 200


def test_a_day_that_is_written_leads_to_its_report(story):
    zhang = story.as_("zhang")
    said = {"f-communication": "谈展厅", "f-needs": "灯" * 120, "f-date": "2025-06-11", "outcome": "submit"}
    case = zhang.post("/me/do/daily_report", token_from="/me/report/", **said).location
    assert zhang.get("/me/report/?day=2025-06-11").location == case
    assert 'id="f-date"' in zhang.get("/me/report/").text  # today's is still open
