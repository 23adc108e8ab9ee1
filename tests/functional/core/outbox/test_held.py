"""What is found is on record when it is found; when it is said depends on the night, the budget and the digest."""

from __future__ import annotations

import threading
from collections import Counter
from importlib.metadata import EntryPoint, entry_points
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import event, select, update

from tests.plugins.connectors.test_email import Mailbox, free_port
from tests.story import Story, a_report, an_event, at
from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, NotFound
from tideng.model.catalogue import ChannelSpec
from tideng.model.statuses import HeldReason
from tideng.outbox.channels import ChannelError
from tideng.outbox.delivery import retry_parked
from tideng.outbox.storm_decisions import drop_storm, held_storms, release_storm
from tideng.plugins.hookspecs import hookimpl
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.tables import FindingRow, OutboxRow
from tideng.views.counters import counters
from tideng.views.nudges import NudgeFilter, nudges
from tideng.views.operations import outbox
from tideng_rules.lifecycle import pausing, store
from tideng_rules.lifecycle.tables import RuleVersionRow

HR = Viewer("zhou", "hr", frozenset({"hr"}))
SHORT = """
    id: short
    kind: validation
    title: {zh: 需求太短, en: Needs are short}
    why: {zh: 产品好配对, en: The product team can match it}
    when: {event: report.submitted}
    if: {fact: event.needs.length, lt: 100}
    then: [{nudge: person, message: {zh: 还差一点。, en: A little more about the needs.}}]
    limit: {once_per: occurrence}
"""
VISIT = """
    id: visit
    kind: validation
    title: {zh: 拜访, en: Visit}
    when: {event: visit.completed}
    then: [{nudge: person, message: {zh: 记一下。, en: Note what they need.}}]
    limit: {once_per: occurrence}
"""
URGENT = """
    id: urgent
    kind: escalation
    title: {zh: 客户在等, en: A customer waits}
    when: {event: need.raised}
    then: [{nudge: person, message: {zh: 客户在等一句。, en: The customer waits for a word.}}]
"""


@pytest.fixture(params=["sqlite", "postgres"])
def story(tmp_path, a_deployment, request) -> Story:
    """A story lived through on a database of each kind; the same policy plans previews (tests/unit/core/outbox/test_policy.py)."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    return Story(tmp_path / "client", request.param, a_deployment, url)


def habits(story: Story, *lines: str) -> None:
    path = story.folder / "client.yaml"
    path.write_text(path.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")


def visits(*times: str, by: str = "zhang") -> list:
    return [an_event("visit.completed", f"2026-03-02 {when}", by, customer="c1") for when in times]


def said(story: Story) -> list[str]:
    """A line for each message: when it was sent (Beijing), or its state; and the last reason for which it was held."""
    rows = story.rows(select(OutboxRow.__table__).order_by(OutboxRow.id))
    return [
        " ".join(
            filter(
                None,
                (
                    f"{r.sent_at.astimezone(ZoneInfo('Asia/Shanghai')):%d %H:%M}" if r.sent_at else r.status,
                    r.held_because,
                ),
            )
        )
        for r in rows
    ]


# -- the budget ----------------------------------------------------------------------------------------------------
def test_what_is_over_the_budget_waits_for_the_next_day_with_room_and_is_on_record_at_once(story):
    story.rule(VISIT)
    habits(story, "nudge_budget: {day: 2, week: 3}")
    story.begin("2026-03-02 09:00")
    story.live(*visits("10:00", "11:00", "12:00", "13:00"), until="2026-03-02 14:00")
    assert [row.at for row in story.stored()] == [at(f"2026-03-02 {hour}:00") for hour in (10, 11, 12, 13)]
    assert said(story) == [
        "02 10:00",
        "02 11:00",
        f"waiting {HeldReason.BUDGET_DAY}",
        f"waiting {HeldReason.BUDGET_WEEK}",
    ]
    dues = story.rows(select(OutboxRow.due).where(OutboxRow.status == "waiting").order_by(OutboxRow.id))
    assert [row.due for row in dues] == [at("2026-03-03 07:30"), at("2026-03-09 07:30")]
    story.live(until="2026-03-09 08:00")
    assert said(story) == [
        "02 10:00",
        "02 11:00",
        f"03 07:30 {HeldReason.BUDGET_DAY}",
        f"09 07:30 {HeldReason.BUDGET_WEEK}",
    ]


def test_a_full_week_is_called_so(story):
    story.rule(VISIT)
    habits(story, "nudge_budget: {week: 1}")
    story.begin("2026-03-02 09:00")
    story.live(*visits("10:00", "11:00"), until="2026-03-10 09:00")
    assert said(story) == ["02 10:00", f"09 07:30 {HeldReason.BUDGET_WEEK}"]


def test_a_form_is_answered_over_the_budget_and_the_answer_does_not_count(story):
    ask = SHORT.replace("nudge: person", "ask: needs").replace("id: short", "id: ask")
    story.rule(ask, "ask")
    story.rule(VISIT)
    habits(story, "nudge_budget: {day: 1}", "digest: 10 minutes")
    story.begin("2026-03-02 09:00")
    story.live(
        *visits("10:00", "11:00"),
        a_report("2026-03-02 09:30", needs="x"),
        a_report("2026-03-02 11:05", needs="x"),
        until="2026-03-02 12:00",
    )
    assert said(story) == ["02 09:30", f"02 10:10 {HeldReason.DIGEST}", f"waiting {HeldReason.BUDGET_DAY}", "02 11:05"]


def test_what_is_undone_while_it_is_held_is_dropped(story):
    story.rule(VISIT)
    story.rule(
        """
        id: late
        kind: reminder
        title: {zh: 日报, en: Report}
        when: {every: day, at: "19:00"}
        if: {fact: metric.reports_now, is: 0}
        then: [{nudge: person, message: {zh: 还没写。, en: Still open.}}]
        metrics: {reports_now: {count: report.submitted, window: today}}
        """,
        "late",
    )
    habits(story, "nudge_budget: {day: 1}")
    story.begin("2026-03-02 09:00")
    story.live(*visits("10:00"), a_report("2026-03-02 18:50", arrives="2026-03-02 19:30"), until="2026-03-02 20:00")
    ours = story.rows(
        select(OutboxRow.status, OutboxRow.held_because)
        .join(FindingRow, FindingRow.id == OutboxRow.finding)
        .where(FindingRow.rule == "late", FindingRow.subject == "zhang")
    )
    assert [tuple(row) for row in ours] == [("dropped", HeldReason.BUDGET_DAY)]


def test_a_restart_keeps_what_is_held_and_until_when(story):
    story.rule(VISIT)
    habits(story, "nudge_budget: {day: 1}", "digest: 10 minutes")
    story.begin("2026-03-02 09:00")
    story.live(*visits("10:00"), until="2026-03-02 10:05")
    assert said(story) == [f"waiting {HeldReason.DIGEST}"]
    story.worker = Worker(story.deployment)  # as a process that starts anew finds it
    story.live(*visits("10:06", "11:00"), until="2026-03-02 12:00")
    story.worker = Worker(story.deployment)
    story.live(until="2026-03-03 08:00")
    assert said(story) == [
        f"02 10:10 {HeldReason.DIGEST}",
        f"02 10:10 {HeldReason.DIGEST}",
        f"03 07:30 {HeldReason.BUDGET_DAY}",
    ]


def test_a_worker_that_was_down_speaks_to_nobody_in_the_night(story):
    story.rule(VISIT)
    story.begin("2026-03-02 09:00")
    story.live(until="2026-03-02 18:00")
    story._receive([event for _, event in visits("18:30")])
    story.worker.hear()  # and ends before it speaks
    story.deployment.clock.set(at("2026-03-02 23:10"))
    Worker(story.deployment).step()
    assert said(story) == [f"waiting {HeldReason.QUIET}"]
    story.live(until="2026-03-03 08:00")
    assert said(story) == [f"03 07:30 {HeldReason.QUIET}"]


# -- digests -------------------------------------------------------------------------------------------------------
class Postbox:
    """A channel that keeps what it was given; made to refuse, it says so `refusals` times."""

    name, takes_duplicate_key = "postbox", False

    def __init__(self) -> None:
        self.messages: list = []
        self.refusals = 0

    def send(self, message) -> None:
        self.messages.append(message)
        if self.refusals:
            self.refusals -= 1
            raise ChannelError("the post is closed", retry=True)


class PostPlugin:
    """Brings the postbox."""

    def __init__(self) -> None:
        self.postbox = Postbox()

    @hookimpl
    def declare(self):
        yield ChannelSpec("postbox", {"zh": "信箱", "en": "Postbox"})

    @hookimpl
    def channel(self, name):
        return self.postbox if name == "postbox" else None


def with_post(story: Story) -> None:
    """The story's client speaks over the postbox."""
    ours = EntryPoint("post", "tests.functional.core.outbox.test_held:PostPlugin", "tideng")
    found = [*entry_points(group="tideng"), ours]
    build = story.open_deployment
    story.open_deployment = lambda *args, **more: build(*args, **more, found=found)
    habits(story, "channels: [postbox]")


def postbox(story: Story) -> Postbox:
    return story.deployment.plugins.get("post").postbox


def test_several_points_within_the_window_are_one_message_in_the_readers_language(story):
    with_post(story)
    story.rule(VISIT)
    story.rule(SHORT, "short")
    story.people("zhang,张三,sales,rep,lead,Asia/Shanghai,zh,,,2020-01-01,")
    habits(story, "digest: 10 minutes", "nudge_budget: {day: 1}")
    story.begin("2026-03-02 09:00")
    story.live(
        *visits("10:00", "10:04"), a_report("2026-03-02 10:08", needs="x"), *visits("10:11"), until="2026-03-02 11:00"
    )
    (message,) = postbox(story).messages
    assert message.subject == "3 件事：拜访、需求太短"
    assert message.body == "1. 记一下。\n2. 记一下。\n3. 还差一点。\n   为什么：产品好配对"
    assert (message.locale, message.recipient, message.link) == ("zh", "zhang", "/inbox/")
    assert said(story) == [f"02 10:10 {HeldReason.DIGEST}"] * 3 + [f"waiting {HeldReason.BUDGET_DAY}"]
    rows = story.rows(select(OutboxRow.__table__).order_by(OutboxRow.id))
    assert [row.bundle for row in rows] == [rows[0].id] * 3 + [None]
    assert len({row.finding for row in rows}) == 4


def test_an_escalation_goes_at_once_with_what_waits(story):
    with_post(story)
    story.rule(VISIT)
    story.rule(URGENT, "urgent")
    habits(story, "digest: 1 hour")
    story.begin("2026-03-02 09:00")
    raised = an_event("need.raised", "2026-03-02 10:20", need="n1", customer="c1")
    story.live(*visits("10:00"), raised, until="2026-03-02 12:00")
    assert said(story) == [f"02 10:20 {HeldReason.DIGEST}", "02 10:20"]
    assert [message.subject for message in postbox(story).messages] == ["2 points: Visit, A customer waits"]


def test_a_refused_digest_is_tried_again_as_it_was_and_what_came_since_waits_for_its_own(story):
    with_post(story)
    story.rule(VISIT)
    habits(story, "digest: 10 minutes")
    story.begin("2026-03-02 09:00")
    postbox(story).refusals = 2
    story.live(*visits("10:00", "10:01", "10:10:01"), until="2026-03-02 11:00")
    messages = postbox(story).messages
    first = [message for message in messages if message.key == messages[0].key]
    assert [message.body.count("\n") for message in first] == [1, 1, 1]
    assert first[0].key.startswith("digest:visit/zhang/")
    assert [message.body for message in messages if message.key != first[0].key] == ["Note what they need."]
    assert [row.status for row in story.rows(select(OutboxRow.status))] == ["sent"] * 3


def test_a_digest_that_was_given_up_is_sent_again_as_a_whole(story):
    with_post(story)
    story.rule(VISIT)
    habits(story, "digest: 10 minutes")
    story.begin("2026-03-02 09:00")
    postbox(story).refusals = 8
    story.live(*visits("10:00", "10:01"), until="2026-03-03 20:00")
    assert [row.status for row in story.rows(select(OutboxRow.status))] == ["parked"] * 2
    with writing(story.deployment.engine) as connection:
        one = connection.scalar(select(OutboxRow.id).limit(1))
        assert retry_parked(connection, [one], story.deployment.clock.now()) == 2
    story.worker.step()
    messages = postbox(story).messages
    assert len({message.key for message in messages}) == 1
    assert [row.status for row in story.rows(select(OutboxRow.status))] == ["sent"] * 2


def test_a_worker_that_ends_after_speaking_a_digest_repeats_it_once_under_the_same_key(story):
    with_post(story)
    story.rule(VISIT)
    habits(story, "digest: 10 minutes")
    story.begin("2026-03-02 09:00")
    story.live(*visits("10:00", "10:01"), until="2026-03-02 10:09")
    ending = Worker(story.deployment)
    ending.step()
    ending._outbox._mark_sent = _end  # the process ends between speaking and marking
    story.deployment.clock.set(at("2026-03-02 10:10"))
    with pytest.raises(KeyboardInterrupt):
        ending.step()
    story.deployment.clock.set(at("2026-03-02 10:12"))
    after = Worker(story.deployment)
    after.step()
    after.step()
    messages = postbox(story).messages
    assert [message.subject for message in messages] == ["2 points: Visit"] * 2
    assert messages[0].key == messages[1].key


def _end(*args, **values):
    raise KeyboardInterrupt


def test_a_digest_arrives_as_one_mail_that_says_how_many_points(story):
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        story.rule(VISIT)
        story.people("zhang,Zhang San,sales,rep,lead,Asia/Shanghai,en,,zhang.san@example.com,2020-01-01,")
        smtp = f"{{smtp_host: 127.0.0.1, smtp_port: {controller.port}, smtp_security: none, sender: hr@example.com}}"
        habits(story, "channels: [email]", "digest: 10 minutes", f"plugins: {{connectors: {smtp}}}")
        story.begin("2026-03-02 09:00")
        story.live(*visits("10:00", "10:01", "10:02"), until="2026-03-02 10:30")
    finally:
        controller.stop()
    recipients, mail = mailbox.only_mail()
    assert recipients == ["zhang.san@example.com"]
    assert mail["Subject"] == "3 points: Visit"
    assert mail.get_content().splitlines()[:3] == [f"{number}. Note what they need." for number in (1, 2, 3)]


# -- two workers at once -------------------------------------------------------------------------------------------
def test_two_workers_at_once_never_exceed_the_budget(tmp_path, a_deployment, postgres_url):
    story = Story(tmp_path / "client", "postgres", a_deployment, postgres_url)
    with_post(story)
    people = [f"p{number}" for number in range(12)]
    story.people(*(f"{name},{name},sales,rep,lead,Asia/Shanghai,en,,,2020-01-01," for name in people))
    story.rule(VISIT.replace("nudge: person", "nudge: supervisor"))
    habits(story, "nudge_budget: {day: 3}")
    story.begin("2026-03-02 09:00")
    story.live(until="2026-03-02 10:00")
    story._receive([event for name in people for _, event in visits("10:00", "10:00:01", by=name)])
    while story.worker.hear():
        pass
    story.deployment.clock.set(at("2026-03-02 10:01"))
    others = [Worker(story.deployment) for _ in range(2)]
    for worker in others:
        worker._in_force.prepare()
    meet = threading.Barrier(2)

    def deliver(worker: Worker) -> None:
        meet.wait()
        worker._outbox.deliver(worker.current_directory)

    threads = [threading.Thread(target=deliver, args=(worker,)) for worker in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(postbox(story).messages) == 3
    states = Counter(row.status for row in story.rows(select(OutboxRow.status)))
    assert states == {"sent": 3, "waiting": 21}


# -- storms --------------------------------------------------------------------------------------------------------
def expect_at_most(story: Story, people: int) -> None:
    """As a preview had it before the rule was published."""
    with writing(story.deployment.engine) as connection:
        connection.execute(update(RuleVersionRow).values(expected=people))
        store.grow_revision(connection)


@pytest.fixture
def stormy(story):
    """A rule that told one person a day in its preview, and twelve who come by at ten."""
    people = [f"p{number}" for number in range(12)]
    story.people(*(f"{name},{name},sales,rep,lead,Asia/Shanghai,en,,,2020-01-01," for name in people))
    story.rule(VISIT)
    build = story.open_deployment
    story.open_deployment = lambda *args, **more: build(*args, **more, storm_factor=3.0, storm_floor=5)
    story.begin("2026-03-02 09:00")
    expect_at_most(story, 1)
    story.live(until="2026-03-02 10:00")
    story.crowd = [event for name in people for _, event in visits("10:00", by=name)]
    return story


def test_a_rule_that_would_tell_far_more_people_than_in_its_preview_pauses_itself_and_asks_hr(stormy):
    stormy._receive(stormy.crowd)
    stormy.worker.step()
    found = stormy.stored()
    assert [row.rule for row in found].count("visit") == 12
    (question,) = [row for row in found if row.rule == "tideng.storm"]
    assert (question.kind, question.recipient, question.subject) == ("escalation", "hr", "visit")
    assert question.message == (
        "“Visit” would tell 12 people today; in its preview it was 1 at most. It is paused and its messages are kept. "
        "Send them, or let them go?"
    )
    assert said(stormy) == [f"held {HeldReason.STORM}"] * 12 + ["02 10:00"]
    stormy._receive([event for _, event in visits("11:00")])
    stormy.deployment.clock.set(at("2026-03-02 11:00"))
    stormy.worker.step()
    assert len(stormy.stored()) == 13, "the rule is paused"


def test_a_few_more_people_than_expected_are_no_storm(stormy):
    stormy._receive(stormy.crowd[:5])
    stormy.worker.step()
    assert said(stormy) == ["02 10:00"] * 5


def test_people_told_before_count_and_nobody_counts_twice(stormy):
    stormy._receive(stormy.crowd[:5] + [event for _, event in visits("10:01", by="p0")])
    stormy.worker.step()
    assert said(stormy) == ["02 10:00"] * 6
    stormy._receive(stormy.crowd[5:])
    stormy.deployment.clock.set(at("2026-03-02 10:05"))
    stormy.worker.step()
    assert said(stormy) == ["02 10:00"] * 6 + [f"held {HeldReason.STORM}"] * 7 + ["02 10:05"]


def test_hr_sends_what_is_held_and_the_rule_may_go_on_that_day(stormy):
    stormy._receive(stormy.crowd)
    stormy.worker.step()
    now = stormy.deployment.clock.now()
    with writing(stormy.deployment.engine) as connection:
        (held,) = held_storms(connection, HR)
        assert (held.rule, held.messages, held.people, held.expected) == ("visit", 12, 12, 1)
        assert release_storm(connection, HR, "visit", now) == 12
        pausing.resume(connection, HR, "visit", now)
        assert held_storms(connection, HR) == ()
    stormy.worker.step()
    assert said(stormy) == ["02 10:00"] * 13
    stormy.deployment.clock.set(at("2026-03-02 11:00"))
    stormy._receive([event for _, event in visits("11:00")])
    stormy.worker.step()
    assert said(stormy) == ["02 10:00"] * 13 + ["02 11:00"]
    (question,) = [row for row in stormy.stored() if row.rule == "tideng.storm"]
    assert (question.detail["decision"], question.detail["by"], question.response) == ("sent", "zhou", "acknowledged")


def test_hr_lets_go_what_is_held_and_a_second_storm_is_asked_about_anew(stormy):
    stormy._receive(stormy.crowd)
    stormy.worker.step()
    with writing(stormy.deployment.engine) as connection:
        now = stormy.deployment.clock.now()
        assert drop_storm(connection, HR, "visit", now, "a test import") == 12
        pausing.resume(connection, HR, "visit", now)
    stormy.worker.step()
    rows = stormy.rows(select(OutboxRow.status, OutboxRow.dropped_because).where(OutboxRow.recipient != "hr"))
    assert set(map(tuple, rows)) == {("dropped", "zhou: a test import")}
    again = [{**event, "id": event["id"] + "/2", "time": at("2026-03-02 11:00").isoformat()} for event in stormy.crowd]
    stormy.deployment.clock.set(at("2026-03-02 11:00"))
    stormy._receive(again)
    stormy.worker.step()
    questions = [row for row in stormy.stored() if row.rule == "tideng.storm"]
    assert [row.detail.get("decision") for row in questions] == ["dropped", None]


def test_only_hr_and_administrators_decide_and_there_has_to_be_something(stormy):
    stormy._receive(stormy.crowd)
    stormy.worker.step()
    now = stormy.deployment.clock.now()
    with writing(stormy.deployment.engine) as connection:
        for role in ("auditor", "supervisor", "employee", "implementer"):
            viewer = Viewer("x", "lead", frozenset({role}))
            for decide in (release_storm, drop_storm):
                with pytest.raises(NotAllowed):
                    decide(connection, viewer, "visit", now)
        with pytest.raises(NotFound):
            release_storm(connection, HR, "no-such-rule", now)
    assert said(stormy).count(f"held {HeldReason.STORM}") == 12


def test_whoever_it_is_about_does_not_read_what_hr_has_not_released(stormy):
    stormy._receive(stormy.crowd)
    stormy.worker.step()
    with reading(stormy.deployment.engine) as connection:
        directory, now = stormy.worker.current_directory, stormy.deployment.clock.now()
        mine = Viewer("p0", "p0", frozenset({"employee"}))
        assert nudges(connection, mine, directory, now, NudgeFilter(to_me=True)).items == ()
        seen = nudges(connection, HR, directory, now, NudgeFilter(status="held")).items
        assert [(one.status, one.deliveries[0].held_because) for one in seen] == [("held", HeldReason.STORM)] * 12
        assert len(outbox(connection, HR, directory, now, "held").items) == 12
        assert counters(connection, now, at("2026-03-02 00:00")).held == 12


def test_without_a_preview_nothing_is_asked_of_the_database(story):
    story.rule(VISIT)
    story.begin("2026-03-02 09:00")
    story.live(*visits("10:00"), until="2026-03-02 10:30")
    asked: list[str] = []
    event.listen(story.deployment.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    story.live(*visits("11:00"), until="2026-03-02 11:30")
    assert asked
    assert not [statement for statement in asked if "found_on" in statement]
