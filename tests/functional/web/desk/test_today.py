"""The board: which lamp is lit, what is open behind the others, and what happens next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, insert, select
from sqlalchemy import event as listener
from webstory import NOW, WebStory

from tideng.access.viewer import Viewer
from tideng.org.directory import Assignment, Directory, Unit
from tideng.store.database import reading, writing
from tideng.store.tables import (
    AgendaRow,
    Base,
    FindingRow,
    OutboxRow,
)
from tideng.views.day_board import BoardFilter, board
from tideng.views.people import PeopleFilter, people_list

HR = Viewer("hr", "hr", frozenset({"hr"}))
LEAD = Viewer("lead", "lead", frozenset({"supervisor"}))


@pytest.fixture(params=["sqlite", "postgres"])
def any_story(request, a_story, tmp_path, a_deployment) -> WebStory:
    """A small client on each kind of database."""
    if request.param == "sqlite":
        return a_story()
    url = request.getfixturevalue("postgres_url")
    return WebStory(lambda **settings: a_deployment(url, **settings), tmp_path)


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
        return board(connection, viewer, directory, story.clock.now(), BoardFilter(**more))


def test_every_kind_of_open_matter_dims_its_own_lamp(any_story: WebStory) -> None:
    story = any_story
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
    assert zhang.next
    assert zhang.next.due == NOW + timedelta(hours=2)
    assert (li.because, li.until) == ("quiet hours", NOW + timedelta(hours=12))


def test_what_was_done_after_the_reminder_lights_the_lamp_again(story: WebStory) -> None:
    story.a_nudge("zhang", period="2025-06-12")
    a_step(story, "zhang", "2025-06-12", state="cancelled", note="until holds")
    assert seen(story).statuses == {}


def test_who_has_seen_it_is_told_as_long_as_a_step_is_still_to_come(story: WebStory) -> None:
    story.a_nudge("zhang", period="2025-06-12", response="acknowledged", responded_at=NOW)
    story.a_nudge("li", response="acknowledged", responded_at=NOW)
    a_step(story, "zhang", "2025-06-12")
    assert seen(story).statuses == {"zhang": "told"}


def test_a_mark_is_still_there_in_the_morning_and_a_reminder_is_not(story: WebStory) -> None:
    yesterday = NOW - timedelta(days=1)
    mark = {"status": None, "action": "mark", "recipient": None, "message": None, "detail": {"status": "incomplete"}}
    story.a_nudge("zhang", at=yesterday, **mark)
    story.a_nudge("lead", at=NOW - timedelta(days=2), **mark)
    story.a_nudge("li", at=yesterday)
    assert seen(story).statuses == {"zhang": "open"}


def test_to_be_asked_for_help_about_somebody_dims_no_lamp(story: WebStory) -> None:
    story.a_nudge("lead", "zhang")
    assert seen(story).statuses == {}


def test_a_contested_nudge_holds_and_says_so(story: WebStory) -> None:
    story.a_nudge("zhang", response="disputed", response_note="那天请假", responded_at=NOW)
    found = seen(story)
    assert found.statuses == {"zhang": "hold"}
    assert (found.people[0].first.because, found.people[0].first.until) == (None, None)


def test_a_supervisor_s_board_holds_the_people_below_and_no_storm(story: WebStory) -> None:
    story.a_nudge("zhang", status=None)
    story.a_nudge("li")
    for person in ("zhang", "lead"):
        finding = story.a_nudge(person, status=None)
        with writing(story.deployment.engine) as connection:
            values = {"key": f"storm-{finding}", "finding": finding, "channel": "portal", "recipient": person}
            values |= {"status": "held", "due": NOW, "held_because": "storm"}
            connection.execute(insert(OutboxRow).values(**values))
    assert seen(story).statuses == {"zhang": "hold", "lead": "hold", "li": "told"}
    found = seen(story, LEAD)
    assert (found.size, found.statuses) == (2, {})
    assert seen(story, Viewer("crm", "", frozenset())).size == 0


def test_only_a_status_is_detailed_where_it_is_asked_for_and_some_of_each_otherwise(story: WebStory) -> None:
    for person in ("zhang", "boss", "lead"):
        story.a_nudge(person)
    story.a_nudge("li", status="held")
    assert [one.person for one in seen(story, show=("hold",)).people] == ["li"]
    few = seen(story, most=2)
    assert {one.status for one in few.people} == {"told", "hold"}
    assert few.more == 2


def statements(engine: Engine, act: Callable[[], object]) -> int:
    heard: list[str] = []

    def note(connection, cursor, text, *rest) -> None:
        heard.append(text)

    listener.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        listener.remove(engine, "before_cursor_execute", note)
    return len([text for text in heard if text.lstrip().upper().startswith("SELECT")])


@pytest.mark.parametrize("people", [100, 2000])
def test_so_many_statements_for_a_hundred_people_as_for_two_thousand(people: int, story: WebStory) -> None:
    assignments = [Assignment(f"p{n}", f"人{n}", f"u{n % 9}", "rep", "p0" if n else "") for n in range(people)]
    directory = Directory(assignments, [Unit(f"u{n}", f"部{n}") for n in range(9)])
    rows = [nudge_row(f"p{n}", n) for n in range(0, people, 3)]
    with writing(story.deployment.engine) as connection:
        connection.execute(insert(FindingRow), rows)
        ids = connection.scalars(select(FindingRow.id)).all()
        messages = [message_row(finding, f"p{n * 3}") for n, finding in enumerate(sorted(ids))]
        connection.execute(insert(OutboxRow), messages)
    with reading(story.deployment.engine) as connection:
        read = lambda of, *more: lambda: of(connection, HR, directory, NOW, *more)  # noqa: E731
        engine = story.deployment.engine
        assert statements(engine, read(board)) == 3
        assert statements(engine, read(people_list)) == 1
        assert statements(engine, read(people_list, PeopleFilter("人1", "u1", "told"))) == 1
        found = board(connection, HR, directory, NOW)
    assert found.counts == {"lit": people - len(rows), "told": len(rows), "need": 0, "open": 0, "hold": 0}


def nudge_row(person: str, number: int) -> dict[str, object]:
    fixed = {"rule": "r", "version": 1, "kind": "reminder", "about": "person", "step": 0, "ordinal": 0, "at": NOW}
    said = {
        "effect": "inform",
        "action": "nudge",
        "message": "x",
        "locale": "zh",
        "detail": {},
        "why": [],
        "state": "live",
    }
    whose = {"subject": person, "recipient": person, "meant_for": None, "period": f"2025-06-12/{number}"}
    return {**fixed, **said, **whose, "created_at": NOW}


def message_row(finding: int, person: str) -> dict[str, object]:
    sent = {"status": "sent", "attempts": 1, "due": NOW, "sent_at": NOW}
    return {"key": f"k{finding}", "finding": finding, "channel": "portal", "recipient": person, **sent}


# -- people --------------------------------------------------------------------------------------------------------------


def test_the_list_turns_its_pages_without_a_gap_and_without_a_double() -> None:
    assignments = [Assignment(f"p{n:02}", f"人{n % 7}", f"u{n % 3}", "rep") for n in range(23)]
    directory = Directory(assignments, [Unit("u0", "甲"), Unit("u1", "乙", "u0"), Unit("u2", "丙")])
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        seen_ids: list[str] = []
        after = ""
        while True:
            page = people_list(connection, HR, directory, NOW, PeopleFilter(unit="u0"), after=after, size=4)
            seen_ids += [one.id for one in page.items]
            after = page.next
            if not after:
                break
        assert len(seen_ids) == len(set(seen_ids)) == page.found == 16
        lead = Viewer("p00", "p00", frozenset({"supervisor"}))
        assert [one.id for one in people_list(connection, lead, directory, NOW).items] == ["p00"]


def test_a_person_out_of_scope_is_not_there(story: WebStory) -> None:
    story.an_event()
    assert story.as_("lead").get("/people/zhang").status_code == 200
    assert story.as_("lead").get("/people/li").status_code == 404
    assert story.as_("hr").get("/people/nobody").status_code == 404
    assert story.as_("zhang").get("/people/zhang").status_code == 403
    listed = story.as_("lead").get("/people/").text
    assert "张三" in listed
    assert "李晨" not in listed
