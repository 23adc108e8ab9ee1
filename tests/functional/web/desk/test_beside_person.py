"""What plugins know of a person stands on their page, with a link for whoever may follow it."""

from __future__ import annotations

from tideng.access.viewer import Viewer
from tideng.store.database import reading
from tideng_processes.forms import submissions
from tideng_processes.forms.fields import Submission


def a_report(story) -> None:
    plugins, zhang = story.deployment.plugins, Viewer("zhang", "zhang", frozenset({"employee"}))
    with reading(story.deployment.engine) as connection:
        plugins.call("refresh", connection=connection)
        directory = plugins.first("directory", connection=connection)
    said = {"communication": "谈展厅", "needs": "灯" * 120, "date": "2025-06-12"}
    submissions.begin(story.deployment, zhang, directory, "daily_report", Submission("submit", said))


def test_the_way_to_somebody_s_reports_is_on_their_page(story):
    for login, path in (("lead", "/team/zhang"), ("hr", "/people/zhang")):
        assert "/reports/zhang" not in story.as_(login).get(path).text
    a_report(story)
    lead = story.as_("lead").get("/team/zhang").text
    assert "最后一份 今天 19:05" in lead
    assert "1 份等您看" in lead
    assert 'href="/reports/zhang"' in lead
    hr = story.as_("hr").get("/people/zhang").text
    assert 'href="/reports/zhang"' in hr
    assert "等您看" not in hr
    english = story.as_("lead", language="en").get("/team/zhang").text
    assert "The last one: today 19:05" in english


def test_whoever_may_not_open_the_reports_sees_no_link(story):
    a_report(story)
    page = story.as_("impl").get("/people/zhang").text
    assert "最后一份" in page
    assert "/reports/zhang" not in page
