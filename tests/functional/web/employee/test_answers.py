"""What people answer to a nudge, and what becomes of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.responses.answers import respond
from tideng.store.database import reading
from tideng.store.tables import EventRow, FindingRow, OutboxRow


def heard(story) -> list[tuple[str, str, dict]]:
    with reading(story.deployment.engine) as connection:
        rows = connection.execute(select(EventRow.type, EventRow.subject, EventRow.data).order_by(EventRow.id))
        return [tuple(row) for row in rows]


def response(story, finding: int) -> tuple:
    with reading(story.deployment.engine) as connection:
        wanted = select(FindingRow.response, FindingRow.response_note).where(FindingRow.id == finding)
        return tuple(connection.execute(wanted).one())


def test_seeing_a_nudge_enters_as_an_event_at_the_top_of_the_line(story):
    said = story.a_nudge("zhang")
    assert story.as_("zhang").post(f"/me/nudges/{said}/answer", kind="acknowledged").status_code == 302
    assert heard(story) == [("nudge.acknowledged", "zhang", {"nudge": str(said)})]
    assert response(story, said) == ("acknowledged", None)


def test_pressing_twice_says_it_once(story):
    said = story.a_nudge("zhang")
    browser = story.as_("zhang")
    for _ in range(2):
        browser.post(f"/me/nudges/{said}/answer", kind="acknowledged")
    assert len(heard(story)) == 1


def test_this_is_wrong_carries_its_reason_to_hr(story):
    said = story.a_nudge("zhang")
    story.as_("zhang").post(f"/me/nudges/{said}/answer", kind="disputed", note="那天我请假了。")
    assert heard(story)[0][2] == {"nudge": str(said), "note": "那天我请假了。"}
    hr = story.as_("hr")
    assert "1 条提醒有异议" in hr.get("/today/").text
    assert "那天我请假了。" in hr.get(f"/nudges/{said}").text


def test_this_is_wrong_without_a_word_asks_for_one_and_keeps_nothing(story):
    said = story.a_nudge("zhang")
    browser = story.as_("zhang")
    answer = browser.post(f"/me/nudges/{said}/answer", kind="disputed", note="   ")
    assert "哪里不对" in browser.get(answer.location).text
    assert heard(story) == []


def test_whom_it_is_about_may_contest_what_was_said_to_the_supervisor_but_not_acknowledge_it(story):
    said = story.a_nudge("lead", about="zhang")
    with pytest.raises(NotAllowed):
        respond(story.deployment, said, "zhang", "acknowledged")
    assert respond(story.deployment, said, "zhang", "disputed", "I was on leave")


def test_nobody_answers_for_somebody_else(story):
    said = story.a_nudge("li")
    assert story.as_("zhang").post(f"/me/nudges/{said}/answer", kind="acknowledged").status_code == 404
    assert story.as_("hr").post(f"/me/nudges/{said}/answer", kind="acknowledged").status_code == 404
    assert heard(story) == []
    with pytest.raises(NotFound):
        respond(story.deployment, said, "", "acknowledged")


@pytest.mark.parametrize(("kind", "note"), [("deleted", ""), ("disputed", "x" * 2001), ("disputed", "a\x00b")])
def test_an_answer_that_cannot_be_kept_is_refused(story, kind, note):
    said = story.a_nudge("zhang")
    with pytest.raises(Refused):
        respond(story.deployment, said, "zhang", kind, note)


def test_hr_sends_a_parked_message_again_and_an_auditor_cannot(story):
    story.a_nudge("li", status="parked")
    with reading(story.deployment.engine) as connection:
        row = connection.scalar(select(OutboxRow.id))
    assert story.as_("look").post("/outbox/retry", id=row).status_code == 403
    assert story.as_("hr").post("/outbox/retry", id=row).status_code == 302
    with reading(story.deployment.engine) as connection:
        assert tuple(connection.execute(select(OutboxRow.status, OutboxRow.attempts)).one()) == ("waiting", 0)


def test_a_dead_letter_goes_in_once_its_cause_is_mended(story):
    good = (
        '{"specversion": "1.0", "id": "r1", "source": "crm", "type": "report.submitted", '
        '"time": "2025-06-12T18:00:00+08:00", "subject": "zhang", "data": {"date": "2025-06-12"}}'
    )
    mended, still = story.a_dead_letter(good), story.a_dead_letter('{"id": 1}')
    browser = story.as_("hr")
    page = browser.get(browser.post("/dead-letters/retry", id=[mended, still]).location).text
    assert "1 份数据读进来了" in page
    assert "1 份数据还是没读懂" in page
    assert [type_ for type_, *_ in heard(story)] == ["report.submitted"]
