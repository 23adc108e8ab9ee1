"""A rule that stopped itself: HR hears of it on the first page and decides on the rule's own."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select
from webstory import NOW

from tideng.base.problems import Sentence, sentence_as_text
from tideng.store.database import reading, writing
from tideng.store.tables import OutboxRow
from tideng_rules.lifecycle.pausing import pause_by_itself

RULE = "daily-report-missing"
WHY = sentence_as_text(Sentence("rule-tells-too-many", {"day": "2025-06-12", "people": 2, "expected": 1}))


@pytest.fixture
def storm(story):
    """Two messages of the rule are kept, and it rests."""
    for person in ("zhang", "li"):
        finding = story.a_nudge(person, status=None)
        row = {"key": f"storm/{person}", "finding": finding, "channel": "portal", "recipient": person}
        with writing(story.deployment.engine) as connection:
            connection.execute(
                insert(OutboxRow).values(**row, status="held", held_because="storm", attempts=0, due=NOW)
            )
    with writing(story.deployment.engine) as connection:
        assert pause_by_itself(connection, RULE, WHY, {"people": 2, "expected": 1}, NOW)
    return story


def statuses(story) -> set[str]:
    with reading(story.deployment.engine) as connection:
        return set(connection.scalars(select(OutboxRow.status)))


def test_hr_sees_on_the_first_page_that_a_rule_waits_for_a_decision(storm):
    page = storm.as_("hr").get("/today/").text
    assert "“日报未提交提醒”先停了：它要告诉 2 人" in page
    assert f"/rules/{RULE}" in page


def test_the_rules_page_says_why_it_rests_and_how_many_messages_are_kept(storm):
    page = storm.as_("hr").get(f"/rules/{RULE}").text
    assert "留着 2 条消息，要告诉 2 人" in page
    assert "2025-06-12 要告诉 2 人，预览时最多 1 人" in page


@pytest.mark.parametrize(("what", "status"), [("send-held", "waiting"), ("drop-held", "dropped")])
def test_one_press_sends_or_drops_them_and_the_rule_rests_until_it_is_resumed(storm, what, status):
    hr = storm.as_("hr")
    hr.post(f"/rules/{RULE}/{what}")
    assert statuses(storm) == {status}
    page = hr.get(f"/rules/{RULE}").text
    assert "留着" not in page
    assert "恢复提醒" in page


def test_an_implementer_sees_it_and_does_not_decide(storm):
    impl = storm.as_("impl")
    assert "发出去" not in impl.get(f"/rules/{RULE}").text
    assert impl.post(f"/rules/{RULE}/send-held").status_code == 403
    assert statuses(storm) == {"held"}
