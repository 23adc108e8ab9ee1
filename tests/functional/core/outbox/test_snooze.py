"""Later, please: a reminder that is put off comes back at its moment, unless what it asks for is done."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.story import Story, a_report, a_trip, an_event, at
from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.model.statuses import HeldReason
from tideng.outbox.policy import Speaking
from tideng.outbox.snooze import choices, snooze
from tideng.responses.answers import respond, take_back
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.tables import (
    AgendaRow,
    EventRow,
    FindingRow,
    OutboxRow,
)
from tideng.views.nudges import NudgeFilter, nudges

HR = Viewer("zhou", "hr", frozenset({"hr"}))
REPORT = """
    id: report
    kind: reminder
    title: {zh: 日报, en: Report}
    why: {zh: 主管好帮忙, en: Your supervisor can help}
    when: {every: workday, at: "19:00"}
    if: {fact: metric.reports_today, is: 0}
    then: [{nudge: person, message: {zh: 日报还没写。, en: The report is still open.}}]
    later:
      - at: "21:00"
        then: [{nudge: supervisor, message: {zh: 还没写。, en: Still open.}}]
    until: {fact: metric.reports_today, gte: 1}
    limit: {once_per: day}
"""
PLAIN = "\n".join(
    line for line in REPORT.split("\n") if not line.strip().startswith(("until", "later", "- at", "then: [{nudge: sup"))
)
DAY = "2026-03-02"


@pytest.fixture
def story(tmp_path, a_deployment) -> Story:
    return Story(tmp_path / "client", "live", a_deployment)


@pytest.fixture(params=["sqlite", "postgres"])
def on_each(tmp_path, a_deployment, request) -> Story:
    """The story on a database of each kind: for what is locked, written twice or killed."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Story(tmp_path / "client", "live", a_deployment, url=url)


def an_evening(story: Story, rule: str = REPORT, *events, until: str = f"{DAY} 19:05") -> int:
    """Monday evening; Zhang has been reminded at 19:00. Returns the reminder."""
    story.rule(rule)
    story.begin(f"{DAY} 18:00")
    story.live(*events, until=until)
    with reading(story.deployment.engine) as connection:
        wanted = select(FindingRow.id).where(FindingRow.recipient == "zhang", FindingRow.step == 0)
        return connection.execute(wanted).scalars().all()[-1]


def messages(story: Story, finding: int) -> list[tuple[str, str | None]]:
    """(status, when it was sent, Beijing time) of each message of a finding, in order."""
    with reading(story.deployment.engine) as connection:
        rows = connection.execute(
            select(OutboxRow.status, OutboxRow.sent_at).where(OutboxRow.finding == finding).order_by(OutboxRow.id)
        ).all()
    return [(row.status, f"{row.sent_at + timedelta(hours=8):%H:%M}" if row.sent_at else None) for row in rows]


def events(story: Story) -> list[tuple[str, dict]]:
    with reading(story.deployment.engine) as connection:
        query = select(EventRow.type, EventRow.data).where(EventRow.type.like("nudge.%")).order_by(EventRow.id)
        return [tuple(row) for row in connection.execute(query)]


def told(story: Story, who: str) -> list[str]:
    """At which times (Beijing) somebody was sent a message."""
    with reading(story.deployment.engine) as connection:
        about_zhang = OutboxRow.finding.in_(select(FindingRow.id).where(FindingRow.subject == "zhang"))
        query = select(OutboxRow.sent_at).where(OutboxRow.recipient == who, OutboxRow.status == "sent", about_zhang)
        return [f"{one + timedelta(hours=8):%H:%M}" for one in connection.scalars(query.order_by(OutboxRow.sent_at))]


def test_it_comes_back_at_its_moment_and_is_an_event(on_each):
    reminder = an_evening(on_each)
    assert snooze(on_each.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    assert messages(on_each, reminder) == [("sent", "19:00"), ("held", None)]
    on_each.live(until=f"{DAY} 19:44")
    assert told(on_each, "zhang") == ["19:00"]
    on_each.live(until=f"{DAY} 19:46")
    assert told(on_each, "zhang") == ["19:00", "19:45"]
    assert events(on_each) == [("nudge.snoozed", {"nudge": str(reminder), "until": at(f"{DAY} 19:45").isoformat()})]


def test_hr_reads_later_at_1945_and_not_a_word_about_opening(story):
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    with reading(story.deployment.engine) as connection:
        args = (connection, HR, story._directory(), story.deployment.clock.now())
        shown = next(one for one in nudges(*args).items if one.id == reminder)
        assert (shown.status, shown.later) == ("snoozed", at(f"{DAY} 19:45"))
        assert [one.id for one in nudges(*args, NudgeFilter("snoozed")).items] == [reminder]
        assert nudges(*args, NudgeFilter("told", person="zhang")).items == ()


def test_a_report_written_meanwhile_drops_it(on_each):
    reminder = an_evening(on_each)
    snooze(on_each.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    on_each.live(a_report(f"{DAY} 19:20"), until=f"{DAY} 20:00")
    assert told(on_each, "zhang") == ["19:00"]
    assert messages(on_each, reminder)[-1] == ("dropped", None)


def test_without_until_the_conditions_are_asked_again(story):
    reminder = an_evening(story, PLAIN)
    with reading(story.deployment.engine) as connection:
        assert connection.execute(select(AgendaRow.id)).first() is None  # nothing but the conditions can tell
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    story.live(a_report(f"{DAY} 19:20"), until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:00"]


def test_after_the_last_step_it_is_still_known_that_the_report_came(story):
    """The ladder has ended by then, so that nobody asks `until` any more: it is asked when the moment comes."""
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 21:30"))
    story.live(a_report(f"{DAY} 21:10"), until=f"{DAY} 21:40")
    assert told(story, "lead") == ["21:00"]
    assert told(story, "zhang") == ["19:00"]


def test_a_late_report_that_withdraws_the_nudge_withdraws_its_return(story):
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    story.live(a_report(f"{DAY} 18:50", arrives=f"{DAY} 19:30"), until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:00"]
    assert messages(story, reminder)[-1] == ("dropped", None)


def test_the_step_at_nine_stays_where_it_is(story):
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 21:30"))
    story.live(until=f"{DAY} 21:40")
    assert told(story, "lead") == ["21:00"]
    assert told(story, "zhang") == ["19:00", "21:30"]


def test_what_was_not_sent_yet_is_not_sent_before(story):
    """Held back for a digest: the reader saw it in the portal, and asked for it later."""
    (story.folder / "client.yaml").write_text(
        (story.folder / "client.yaml").read_text() + "digest: 20 minutes\n", encoding="utf-8"
    )
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    story.live(until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:45"]


def test_it_is_found_the_same_in_a_replay(story, tmp_path, a_deployment):
    """Only the speaking moves: what is found in the history that has the snooze in it is what was found without."""
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    story.live(until="2026-03-03 20:00")
    said = lambda one: (one.rule, one.subject, one.period, one.step, one.at)  # noqa: E731
    lived = sorted(map(said, story.stored()))
    again = Story(tmp_path / "again", "replay", a_deployment)
    again.rule(REPORT)
    found = again.findings(start=f"{DAY} 18:00", until="2026-03-03 20:00")
    assert sorted(map(said, found)) == lived


@pytest.mark.parametrize(
    ("until", "why"),
    [
        (f"{DAY} 19:00", "past"),
        (f"{DAY} 22:30", "quiet hours"),
        ("2026-03-03 00:00", "too late"),
        ("2026-03-03 08:30", "too late"),
    ],
)
def test_a_moment_that_does_not_fit_is_refused_with_a_way_out(story, until, why):
    reminder = an_evening(story)
    with pytest.raises(Refused) as refused:
        snooze(story.deployment, reminder, "zhang", at(until))
    (problem,) = refused.value.problems
    assert why in problem.problem
    assert problem.hint
    assert messages(story, reminder) == [("sent", "19:00")]


def test_three_times_is_enough(story):
    reminder = an_evening(story)
    for minute in (20, 30, 40):
        assert snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:{minute}"))
    with pytest.raises(Refused, match="3 times"):
        snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:50"))
    story.live(until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:00", "19:40"]


def test_nobody_puts_off_what_was_said_to_somebody_else(story):
    an_evening(story, until=f"{DAY} 21:05")
    with reading(story.deployment.engine) as connection:
        to_lead = connection.scalar(select(FindingRow.id).where(FindingRow.step == 1, FindingRow.subject == "zhang"))
    with pytest.raises(NotAllowed):
        snooze(story.deployment, to_lead, "zhang", at(f"{DAY} 21:30"))
    for nobody in ("boss", ""):
        with pytest.raises(NotFound):
            snooze(story.deployment, to_lead, nobody, at(f"{DAY} 21:30"))


def test_pressing_twice_at_once_puts_it_off_once(on_each):
    reminder = an_evening(on_each)
    answers = []
    press = lambda: answers.append(snooze(on_each.deployment, reminder, "zhang", at(f"{DAY} 19:45")))  # noqa: E731
    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, False, False, True]
    assert messages(on_each, reminder) == [("sent", "19:00"), ("held", None)]


def test_a_kill_before_the_commit_wakes_it_once(on_each):
    reminder = an_evening(on_each)
    snooze(on_each.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    on_each.deployment.clock.set(at(f"{DAY} 19:45"))

    def fault(place: str) -> None:
        if place == "before commit":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Worker(on_each.deployment, fault).wake()
    assert messages(on_each, reminder)[-1] == ("held", None)
    for _ in range(2):
        Worker(on_each.deployment).step()
    assert told(on_each, "zhang") == ["19:00", "19:45"]


def test_taken_back_it_is_open_again_and_nothing_comes_later(story):
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    assert take_back(story.deployment, reminder, "zhang") == "snoozed"
    assert take_back(story.deployment, reminder, "zhang") == ""
    story.live(until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:00"]
    assert [type_ for type_, _ in events(story)] == ["nudge.snoozed", "nudge.reopened"]


def test_taken_back_what_was_not_sent_yet_is_sent(story):
    (story.folder / "client.yaml").write_text(
        (story.folder / "client.yaml").read_text() + "digest: 20 minutes\n", encoding="utf-8"
    )
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    take_back(story.deployment, reminder, "zhang")
    story.live(until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:05"]


def test_seen_is_seen_and_does_not_come_back(story):
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    respond(story.deployment, reminder, "zhang", "acknowledged")
    story.live(until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:00"]


def test_after_a_standstill_over_midnight_yesterdays_reminder_does_not_come(story):
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 21:45"))
    story.deployment.clock.set(at("2026-03-03 07:45"))
    Worker(story.deployment).step()
    assert told(story, "zhang") == ["19:00"]
    assert messages(story, reminder)[-1] == ("dropped", None)


def test_in_the_quiet_hours_it_waits_like_everything(story):
    """The worker stood still at 21:45, and it is night when it comes back."""
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 21:45"))
    story.deployment.clock.set(at(f"{DAY} 22:10"))
    Worker(story.deployment).step()
    with reading(story.deployment.engine) as connection:
        row = connection.execute(
            select(OutboxRow).where(OutboxRow.finding == reminder).order_by(OutboxRow.id.desc())
        ).first()
        assert (row.status, row.held_because) == ("waiting", HeldReason.QUIET)


def test_what_was_done_and_undone_again_was_done(story):
    """The ladder ended when `until` held; that it does not hold any more brings nothing back."""
    travelling = REPORT.replace(
        "until: {fact: metric.reports_today, gte: 1}", "until: {fact: person.on_trip, is: true}"
    )
    reminder = an_evening(story, travelling)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    back = an_event("trip.ended", f"{DAY} 19:30", trip="t1")
    story.live(a_trip(f"{DAY} 19:20"), back, until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:00"]


def test_its_reader_asked_for_it_so_that_no_budget_holds_it(story):
    text = (story.folder / "client.yaml").read_text(encoding="utf-8")
    (story.folder / "client.yaml").write_text(text + "nudge_budget: {day: 1}\n", encoding="utf-8")
    reminder = an_evening(story)
    snooze(story.deployment, reminder, "zhang", at(f"{DAY} 19:45"))
    story.live(until=f"{DAY} 20:00")
    assert told(story, "zhang") == ["19:00", "19:45"]


def test_the_choices_end_with_the_day_and_spare_the_night(story):
    an_evening(story)
    directory, speaking = story._directory(), Speaking.of(story.deployment.profile)

    def offered(now: str, period: str = DAY) -> list[str]:
        moments = choices(at(f"{DAY} 19:00"), period, "zhang", at(now), speaking, directory)
        return [f"{one + timedelta(hours=8):%d %H:%M}" for one in moments]

    assert offered(f"{DAY} 19:05") == ["02 19:20", "02 19:35", "02 20:05"]
    assert offered(f"{DAY} 21:20") == ["02 21:35", "02 21:50"]
    assert offered(f"{DAY} 19:05", "an-order") == ["02 19:20", "02 19:35", "02 20:05", "03 08:30"]
    assert offered("2026-03-03 09:00") == []
