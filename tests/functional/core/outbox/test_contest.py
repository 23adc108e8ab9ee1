"""This is not right: a contested rule says nothing more to that person until somebody with the right has looked."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from tests.functional.core.outbox.test_held import VISIT
from tests.functional.core.outbox.test_snooze import HR, an_evening, events, told
from tests.story import Story, an_event, at
from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.model.statuses import HeldReason
from tideng.outbox.contest import (
    ContestDecision,
    contest_of,
    decide_contest,
    open_contests,
    outcomes,
    put_away,
    stopped,
)
from tideng.outbox.snooze import snooze
from tideng.responses.answers import respond, take_back
from tideng.store.database import reading, writing
from tideng.store.tables import ContestRow, FindingRow, OutboxRow

ZHANG = Viewer("zhang", "zhang", frozenset({"employee"}))
DELIVERED = """
    id: delivered
    kind: escalation
    title: {zh: 送达, en: Delivered}
    when: {event: nudge.delivered}
    then: [{nudge: supervisor, message: {zh: 已送达。, en: It was delivered.}}]
    limit: {once_per: occurrence}
"""


@pytest.fixture
def story(tmp_path, a_deployment) -> Story:
    return Story(tmp_path / "client", "live", a_deployment)


@pytest.fixture(params=["sqlite", "postgres"])
def on_each(tmp_path, a_deployment, request) -> Story:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Story(tmp_path / "client", "live", a_deployment, url=url)


def visit(when: str, by: str = "zhang"):
    return an_event("visit.completed", when, by, customer=when)


def contested(story: Story) -> int:
    """Zhang was reminded of a visit and says that it is not right; returns the contest."""
    said = an_evening(story, VISIT, visit("2026-03-02 18:30"))
    respond(story.deployment, said, "zhang", "disputed", "I was on leave.")
    with reading(story.deployment.engine) as connection:
        return connection.scalar(select(ContestRow.id))


def decide(story: Story, id: int, decision: str, by: Viewer = HR, **more) -> int:
    with writing(story.deployment.engine) as connection:
        directory, now = story._directory(), story.deployment.clock.now()
        return decide_contest(connection, by, directory, id, ContestDecision(decision, **more), now)


def seen(story: Story, of, viewer: Viewer = HR, *more):
    with reading(story.deployment.engine) as connection:
        return of(connection, viewer, story._directory(), story.deployment.clock.now(), *more)


def waiting(story: Story) -> list[tuple[str, str | None]]:
    with reading(story.deployment.engine) as connection:
        query = select(OutboxRow.status, OutboxRow.held_because, OutboxRow.dropped_because).order_by(OutboxRow.id)
        return [(row[0], row[1] if row[0] == "held" else row[2]) for row in connection.execute(query)]


def test_what_the_rule_finds_is_on_record_and_waits_for_somebody_to_look(on_each):
    id = contested(on_each)
    on_each.live(visit("2026-03-02 19:30"), visit("2026-03-02 19:40", "lead"), until="2026-03-02 20:00")
    assert len(on_each.stored()) == 3
    assert told(on_each, "zhang") == ["18:30"]
    assert waiting(on_each) == [
        ("sent", None),
        ("held", HeldReason.CONTESTED),
        ("sent", None),
    ]  # nobody else goes without
    (found,) = seen(on_each, open_contests)
    assert (found.id, found.person_name, found.reason, found.held) == (id, "Zhang San", "I was on leave.", 1)


def test_it_was_right_and_what_was_found_today_is_said(on_each):
    id = contested(on_each)
    on_each.live(visit("2026-03-02 19:30"), until="2026-03-03 09:00")
    on_each.live(visit("2026-03-03 09:30"), until="2026-03-03 10:00")
    assert decide(on_each, id, "right", answer="Leave began on Tuesday.") == 2
    on_each.live(visit("2026-03-03 10:30"), until="2026-03-03 11:00")
    assert told(on_each, "zhang") == ["18:30", "10:00", "10:30"]  # yesterday's is too old to be said
    (outcome,) = seen(on_each, outcomes, ZHANG)
    assert (outcome.state, outcome.answer, outcome.decided_by) == ("right", "Leave began on Tuesday.", "zhou")


def test_off_for_two_days_and_no_longer(on_each):
    id = contested(on_each)
    on_each.live(visit("2026-03-02 19:30"), until="2026-03-02 19:40")
    decide(on_each, id, "off", days=2)
    on_each.live(visit("2026-03-04 21:50"), visit("2026-03-05 09:00"), until="2026-03-05 10:00")
    assert waiting(on_each)[1:] == [
        ("dropped", HeldReason.CONTESTED),
        ("dropped", HeldReason.CONTESTED),
        ("sent", None),
    ]


def test_taken_back_by_hr_nothing_of_it_is_said(story):
    id = contested(story)
    story.live(visit("2026-03-02 19:30"), until="2026-03-02 19:40")
    assert decide(story, id, "retracted") == 1
    story.live(visit("2026-03-02 19:50"), until="2026-03-02 20:00")
    assert waiting(story)[1:] == [("dropped", HeldReason.CONTESTED), ("sent", None)]
    assert seen(story, contest_of, HR, id).state == "retracted"


def test_the_person_puts_the_outcome_away(story):
    id = contested(story)
    assert [one.state for one in seen(story, outcomes, ZHANG)] == ["open"]
    decide(story, id, "retracted")
    with writing(story.deployment.engine) as connection:
        with pytest.raises(NotFound):
            put_away(connection, Viewer("lead", "lead", frozenset({"supervisor"})), id, story.deployment.clock.now())
        put_away(connection, ZHANG, id, story.deployment.clock.now())
    assert seen(story, outcomes, ZHANG) == []


def test_only_hr_decides_and_only_once(story):
    id = contested(story)
    for login, roles in (("lead", "supervisor"), ("look", "auditor"), ("zhang", "employee")):
        with pytest.raises(NotAllowed):
            decide(story, id, "right", Viewer(login, login, frozenset({roles})))
    decide(story, id, "right")
    with pytest.raises(Refused, match="already"):
        decide(story, id, "retracted")
    with pytest.raises(NotFound):
        decide(story, id + 1, "right")


def test_every_problem_of_a_decision_is_said_at_once(story):
    id = contested(story)
    with pytest.raises(Refused) as refused:
        decide(story, id, "perhaps", answer="\x00")
    assert [one.at for one in refused.value.problems] == ["decision", "answer"]
    for days in (0, 91):
        with pytest.raises(Refused, match="between 1 and 90 days"):
            decide(story, id, "off", days=days)


def test_only_the_person_and_those_who_see_everything_may_read_it(story):
    id = contested(story)
    assert seen(story, contest_of, ZHANG, id).reason == "I was on leave."
    boss = Viewer("lead", "lead", frozenset({"supervisor"}))
    with pytest.raises(NotFound):
        seen(story, contest_of, boss, id)
    with pytest.raises(NotAllowed):
        seen(story, open_contests, boss)


def test_taken_back_by_the_person_what_was_held_is_said(story):
    contested(story)
    story.live(visit("2026-03-02 19:07"), until="2026-03-02 19:08")
    assert take_back(story.deployment, _first(story), "zhang") == "disputed"
    story.live(until="2026-03-02 19:10")
    assert told(story, "zhang") == ["18:30", "19:08"]
    assert seen(story, open_contests) == []
    assert [type_ for type_, _ in events(story)] == ["nudge.disputed", "nudge.reopened"]


def test_after_hr_has_looked_or_later_it_cannot_be_taken_back(story):
    id = contested(story)
    decide(story, id, "right")
    with pytest.raises(Refused, match="HR has looked"):
        take_back(story.deployment, _first(story), "zhang")
    story.live(until="2026-03-02 20:00")
    with pytest.raises(Refused, match="a while ago"):
        take_back(story.deployment, _first(story), "zhang")


def test_what_was_put_off_does_not_come_back_while_it_is_contested(story):
    said = an_evening(story, VISIT, visit("2026-03-02 18:30"))
    snooze(story.deployment, said, "zhang", at("2026-03-02 19:45"))
    respond(story.deployment, said, "zhang", "disputed", "I was on leave.")
    story.live(until="2026-03-02 20:00")
    assert told(story, "zhang") == ["18:30"]


def test_in_a_digest_only_what_is_contested_stays_behind(story):
    text = (story.folder / "client.yaml").read_text(encoding="utf-8")
    (story.folder / "client.yaml").write_text(text + "digest: 10 minutes\n", encoding="utf-8")
    other = VISIT.replace("id: visit", "id: other").replace("visit.completed", "need.raised")
    story.rule(other, "other")
    contested(story)
    need = an_event("need.raised", "2026-03-02 19:30", need="n1")
    story.live(visit("2026-03-02 19:30"), need, until="2026-03-02 20:00")
    assert told(story, "zhang") == ["18:40", "19:40"]
    assert waiting(story)[1:] == [("held", HeldReason.CONTESTED), ("sent", None)] or waiting(story)[1:] == [
        ("sent", None),
        ("held", HeldReason.CONTESTED),
    ]


def test_what_the_system_asks_hr_is_not_held(story):
    """A contested question about a storm is answered where it is asked; the next one reaches HR."""
    said = an_evening(story, VISIT, visit("2026-03-02 18:30"))
    with writing(story.deployment.engine) as connection:
        connection.execute(update(FindingRow).where(FindingRow.id == said).values(rule="tideng.storm"))
    respond(story.deployment, said, "zhang", "disputed", "No storm.")
    assert seen(story, open_contests) == []


def test_delivery_is_an_event_where_a_rule_listens_and_never_of_what_that_rule_says(on_each):
    on_each.rule(DELIVERED, "delivered")
    an_evening(on_each, VISIT, visit("2026-03-02 18:30"))
    assert [(type_, data["channel"]) for type_, data in events(on_each)] == [("nudge.delivered", "portal")]
    assert told(on_each, "lead") == ["19:05"]  # in the next round of work


def test_where_no_rule_listens_delivery_is_no_event(story):
    an_evening(story, VISIT, visit("2026-03-02 18:30"))
    assert events(story) == []


def test_nothing_is_asked_of_the_database_for_no_message(story):
    story.begin("2026-03-02 18:00")
    with reading(story.deployment.engine) as connection:
        assert stopped(connection, [], story.deployment.clock.now()) == {}


def _first(story: Story) -> int:
    with reading(story.deployment.engine) as connection:
        return connection.scalar(select(FindingRow.id).order_by(FindingRow.id))
