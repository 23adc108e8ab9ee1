"""The board: which lamp is lit, what is open behind the others, and what happens next."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event as listener
from sqlalchemy import insert
from webstory import NOW, WebStory

from tideng.database import reading, writing
from tideng.tables import AgendaRow
from tideng.viewing import Viewer
from tideng.viewing.board import board

HR = Viewer("hr", "hr", frozenset({"hr"}))
LEAD = Viewer("lead", "lead", frozenset({"supervisor"}))


@pytest.fixture
def story(a_deployment, tmp_path: Path, database_url: str) -> WebStory:
    return WebStory(lambda **settings: a_deployment(database_url, **settings), tmp_path)


def a_step(story: WebStory, subject: str, period: str, state: str = "open", note: str | None = None) -> None:
    values = {
        "kind": "step",
        "rule": "daily-report-missing",
        "version": 1,
        "subject": subject,
        "lane": 0,
        "period": period,
        "step": 1,
        "due": NOW + timedelta(hours=2),
        "began": NOW,
        "facts": {},
        "state": state,
        "note": note,
    }
    with writing(story.deployment.engine) as connection:
        connection.execute(insert(AgendaRow).values(**values))


def seen(story: WebStory, viewer: Viewer = HR, **more):
    directory = story.app.extensions["tideng"]._directory
    if directory is None:
        with reading(story.deployment.engine) as connection:
            story.deployment.plugins.call("refresh", connection=connection)
            directory = story.deployment.plugins.first("directory", connection=connection)
    with reading(story.deployment.engine) as connection:
        return board(connection, viewer, directory, story.clock.now(), **more)


def test_every_kind_of_open_matter_dims_its_own_lamp(story: WebStory) -> None:
    story.a_nudge("zhang", period="2025-06-12")
    a_step(story, "zhang", "2025-06-12")
    story.a_nudge("li", status="held")
    story.a_nudge("lead", status=None, action="mark", recipient=None, message=None, detail={"status": "incomplete"})
    story.a_nudge("boss", action="ask", effect="ask")
    found = seen(story)
    assert found.statuses == {"zhang": "told", "li": "hold", "lead": "open", "boss": "need"}
    assert found.counts == {"lit": 1, "told": 1, "need": 1, "open": 1, "hold": 1}
    assert [one.person for one in found.people] == ["zhang", "boss", "lead", "li"]
    zhang, li = found.people[0].first, found.people[3].first
    assert zhang.next and zhang.next.due == NOW + timedelta(hours=2)
    assert (li.because, li.until) == ("quiet hours", NOW + timedelta(hours=12))
