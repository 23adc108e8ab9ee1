"""Who may see what, and how many questions it costs the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event
from webstory import NOW

from tideng.access.viewer import Viewer, below
from tideng.base.errors import NotAllowed, NotFound
from tideng.model.statuses import NudgeStatus
from tideng.org.directory import Assignment, Directory
from tideng.store.database import reading
from tideng.views.counters import counters
from tideng.views.nudges import NudgeFilter, finding, nudges
from tideng.views.operations import letters, outbox


@pytest.fixture
def ask(story):
    """Ask a read of `tideng.views` as somebody; gives its answer."""

    def asked(who: str, of, *args, roles: tuple[str, ...] = ("employee",), **kwargs):
        with reading(story.deployment.engine) as connection:
            directory = story.deployment.plugins.first("directory", connection=connection)
            return of(connection, Viewer(who, who, frozenset(roles)), directory, NOW, *args, **kwargs)

    return asked


def ids(page) -> list[int]:
    return [one.id for one in page.items]


def test_an_employee_sees_what_was_said_to_them_and_what_is_held_on_them(story, ask):
    to_zhang = story.a_nudge("zhang")
    about_zhang = story.a_nudge("lead", about="zhang")
    story.a_nudge("li")
    assert ids(ask("zhang", nudges)) == [about_zhang, to_zhang]


def test_a_supervisor_sees_the_people_below_them_however_deep_and_nobody_beside(story, ask):
    of_zhang, of_li, of_boss = story.a_nudge("zhang"), story.a_nudge("li"), story.a_nudge("boss")
    assert ids(ask("lead", nudges, roles=("supervisor",))) == [of_zhang]
    assert ids(ask("boss", nudges, roles=("supervisor",))) == [of_boss, of_li, of_zhang]


def test_a_supervisor_of_many_without_the_role_sees_only_their_own(story, ask):
    story.a_nudge("zhang")
    assert ids(ask("boss", nudges)) == []


@pytest.mark.parametrize("role", ["hr", "auditor", "implementer", "admin"])
def test_those_who_look_after_everyone_see_everything(story, ask, role):
    said = [story.a_nudge("zhang"), story.a_nudge("li")]
    assert sorted(ids(ask("look", nudges, roles=(role,)))) == said


def test_whoever_is_nobody_in_the_directory_sees_nothing(story):
    story.a_nudge("zhang")
    with reading(story.deployment.engine) as connection:
        directory = story.deployment.plugins.first("directory", connection=connection)
        stranger = Viewer("crm", "", frozenset({"connector"}))
        assert nudges(connection, stranger, directory, NOW).items == ()


def test_a_finding_out_of_reach_is_as_absent_as_one_that_never_was(story, ask):
    of_li = story.a_nudge("li")
    with pytest.raises(NotFound):
        ask("zhang", finding, of_li)
    with pytest.raises(NotFound):
        ask("zhang", finding, 999_999)


def test_the_outbox_and_dead_letters_belong_to_nobody_and_are_for_those_who_see_everything(story, ask):
    with pytest.raises(NotAllowed):
        ask("lead", outbox, roles=("supervisor",))
    with reading(story.deployment.engine) as connection, pytest.raises(NotAllowed):
        letters(connection, Viewer("lead", "lead", frozenset({"supervisor"})))


def test_a_loop_in_the_reporting_line_ends_the_walk():
    directory = Directory([Assignment("a", "A", supervisor="b"), Assignment("b", "B", supervisor="a")])
    assert below(directory, "a", NOW) == {"b"}


def test_whoever_left_is_not_below_anybody_any_more():
    gone = Assignment("z", "Z", supervisor="a", until=(NOW - timedelta(days=2)).date())
    assert below(Directory([Assignment("a", "A"), gone]), "a", NOW) == frozenset()


@pytest.mark.parametrize("status", NudgeStatus)
def test_a_filter_by_status_finds_exactly_what_is_shown_with_that_status(story, ask, status):
    story.an_evening()
    story.a_nudge("li", status="waiting")
    story.a_nudge("li", status="snoozed")
    story.a_nudge("li", response="acknowledged", responded_at=NOW)
    everything = ask("hr", nudges, roles=("hr",)).items
    found = ask("hr", nudges, NudgeFilter(status=status), roles=("hr",)).items
    assert found
    assert [one.id for one in found] == [one.id for one in everything if one.status == status]


def test_an_unknown_status_finds_nothing_instead_of_everything(story, ask):
    story.a_nudge()
    assert ask("hr", nudges, NudgeFilter(status="nonsense"), roles=("hr",)).items == ()


def test_pages_follow_each_other_without_a_gap_or_a_repeat(story, ask):
    said = [story.a_nudge() for _ in range(7)]
    first = ask("hr", nudges, size=3, roles=("hr",))
    second = ask("hr", nudges, before=first.next, size=3, roles=("hr",))
    third = ask("hr", nudges, before=second.next, size=3, roles=("hr",))
    assert ids(first) + ids(second) + ids(third) == said[::-1]
    assert third.next is None


def test_a_page_costs_the_same_few_statements_for_one_row_and_for_fifty(story, ask):
    counts = []
    seen: list[str] = []
    event.listen(story.deployment.engine, "before_cursor_execute", lambda *of: seen.append(of[2]))
    for more in (1, 49):
        for _ in range(more):
            story.a_nudge()
        ask("hr", nudges, size=50, roles=("hr",))  # plugins may look something up the first time
        seen.clear()
        page = ask("hr", nudges, size=50, roles=("hr",))
        assert len(page.items) == (1 if more == 1 else 50)
        counts.append(len([one for one in seen if "FROM finding" in one or "FROM outbox" in one]))
    assert counts == [2, 2]


def test_the_front_page_is_counted_in_one_statement(story):
    story.an_evening()
    seen: list[str] = []
    with reading(story.deployment.engine) as connection:
        event.listen(connection, "before_cursor_execute", lambda *of: seen.append(of[2]))
        found = counters(connection, NOW, NOW - timedelta(hours=19))
    assert len(seen) == 1
    assert (found.parked, found.dead_letters, found.missed_runs, found.failed_plugins) == (1, 1, 1, 1)
    assert (found.disputed, found.held, found.failed_events, found.waiting_events) == (1, 1, 1, 0)
