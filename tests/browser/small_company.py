"""The small company of the web tests, for the browser: its people, and cases that its pages of processes show."""

from __future__ import annotations

from pathlib import Path

from screenshots import Cast
from webstory import WebStory, copied

from tideng.access.viewer import Viewer
from tideng.base.settings import Settings
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading
from tideng_processes.forms import submissions
from tideng_processes.forms.fields import Submission

CAST = Cast(hr="hr", supervisor="lead", traveller="zhang", not_told="person=li&at=2025-06-12T19:00")


def a_story(folder: Path) -> WebStory:
    """Open a small client with its web in `folder`; nobody has been told anything yet."""
    copied(folder)

    return WebStory(lambda clock, **settings: Deployment.open(Settings(folder=folder, **settings), clock), folder)


def begin_cases(story: WebStory) -> str:
    """Begin a few cases for the pages of processes, and return one customer follow-up. No worker takes them further."""
    plugins, who = story.deployment.plugins, Viewer("zhang", "zhang", frozenset({"employee"}))
    with reading(story.deployment.engine) as connection:
        plugins.call("refresh", connection=connection)
        directory = plugins.first("directory", connection=connection)
    needs = "二楼展厅翻新，约 260 平方米，轨道射灯配少量吊灯，下周二当面确认样品。"
    said = {"customer": "恒亮照明", "needs": needs, "owner": "li"}
    followup = submissions.begin(story.deployment, who, directory, "customer_followup", Submission("submit", said))
    away = {"kind": "annual", "from": "2025-06-16", "until": "2025-06-17", "days": 2}
    submissions.begin(story.deployment, who, directory, "leave", Submission("submit", away))
    return followup
