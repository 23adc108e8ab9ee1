"""What the rules ask of a form while it is filled in is what the worker finds in the event that the form becomes."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select

from tests.story import Story, at
from tideng.org.directory import Directory
from tideng.plugins.forms import (
    MUST,
    SHOULD,
    Form,
    check_form,
)
from tideng.store.database import reading
from tideng.store.events import receive
from tideng.store.tables import EventRow, FindingRow
from tideng_rules.authoring.form_check import asks_about

TOO_SHORT = """
    id: needs-too-short
    kind: validation
    title: {zh: 再补几句, en: A little more}
    when: {event: report.submitted}
    if: {fact: event.needs.length, lt: 100}
    then:
      - ask: needs
        severity: should
        message: {zh: "现在 {event.needs.length} 字。", en: "{event.needs.length} characters so far."}
"""
RULES = {
    "short": TOO_SHORT,
    "trip": """
        id: name-the-trip
        kind: validation
        title: {zh: 哪次出差, en: Which trip}
        when: {event: report.submitted}
        who: {fact: person.on_trip, is: true}
        if: {fact: event.trip, exists: false}
        then: [{ask: trip, severity: must, message: {zh: "是哪次出差？", en: "Which trip is it?"}}]
    """,
    "second": """
        id: second-today
        kind: validation
        title: {zh: 今天第二份, en: The second one today}
        when: {event: report.submitted}
        if: {all: [{fact: metric.reports_today, gte: 2}, {fact: target.visits_this_week, gte: 5}]}
        then: [{ask: date, message: {zh: "今天第 {metric.reports_today} 份。", en: "Number {metric.reports_today} today."}}]
    """,
    "infers": """
        id: nothing-open
        kind: validation
        title: {zh: 没有问题, en: Nothing open}
        when: {event: report.submitted}
        if: {fact: event.issues.length, lte: 1}
        then: [{infer: found.quiet_day, because: {zh: 问题少, en: few issues}}]
    """,
    "reads": """
        id: quiet-and-short
        kind: validation
        title: {zh: 安静的一天, en: A quiet day}
        when: {event: report.submitted}
        if: {all: [{fact: found.quiet_day, is: true}, {fact: event.needs.length, lt: 40}]}
        then:
          - {ask: issues, message: {zh: "有没解决的事吗？", en: "Is anything open?"}}
          - {ask: plan, severity: must, message: {zh: "明天去哪？", en: "Where to tomorrow?"}}
    """,
    "own": """
        id: shorter-than-usual
        kind: validation
        title: {zh: 比平时短, en: Shorter than usual}
        when: {event: report.submitted}
        metrics: {usual: {average: report.submitted/needs.length, window: last 7 days}}
        if: {fact: event.needs.length, lt: {fact: metric.usual}}
        then: [{ask: needs, message: {zh: "平时约 {metric.usual} 字。", en: "Usually about {metric.usual}."}}]
    """,
    "seldom": """
        id: once-a-day
        kind: validation
        title: {zh: 每天一次, en: Once a day}
        when: {event: visit.completed}
        limit: {once_per: day}
        then: [{ask: customer, message: {zh: "全名是？", en: "In full?"}}]
    """,
}


@pytest.fixture(params=["live sqlite", "live postgres"])
def story(request, tmp_path, a_deployment) -> Story:
    url = request.getfixturevalue("postgres_url") if request.param == "live postgres" else None
    story = Story(tmp_path / "client", request.param, a_deployment, url)
    for name, text in RULES.items():
        story.rule(text, name)
    return story


def a_form(data, when: str = "2026-03-03 18:00", person: str = "zhang", event_type: str = "report.submitted") -> Form:
    return Form("daily_report.write", person, person, at(when), data, event_type=event_type)


def asked(story: Story, form: Form, refresh: bool = True) -> list:
    deployment = story.deployment
    with reading(deployment.engine) as connection:
        if refresh:
            deployment.plugins.call("refresh", connection=connection)
        directory = deployment.plugins.first("directory", connection=connection) or Directory()
        return check_form(deployment, connection, directory, form, deployment.clock.now())


def of_needs(story: Story, length: int) -> list:
    return [
        one
        for one in asked(story, a_form({"needs": "灯" * length, "issues": ["a", "b"]}))
        if one.rule == "needs-too-short"
    ]


def test_99_characters_ask_and_100_and_101_do_not(story):
    story.begin("2026-03-03 18:00")
    [one] = of_needs(story, 99)
    assert (one.field, one.severity, one.least) == ("needs", SHOULD, 100)
    assert one.message == {"zh": "现在 99 字。", "en": "99 characters so far."}
    assert of_needs(story, 100) == of_needs(story, 101) == []


def test_what_must_be_added_comes_first(story):
    story.begin("2026-03-03 18:00")
    found = asked(story, a_form({"needs": "短"}))
    assert [one.severity for one in found] == sorted((one.severity for one in found), key=[MUST, SHOULD].index)
    assert {one.field for one in found if one.severity == MUST} <= {"trip", "plan"}


def test_nothing_is_asked_of_a_form_that_becomes_no_event_or_of_somebody_who_left(story):
    story.people("gone,Gone,sales,rep,lead,Asia/Shanghai,en,,,2020-01-01,2025-12-31")
    story.begin("2026-03-03 18:00")
    assert asked(story, a_form({"needs": "短"}, event_type="")) == []
    assert asked(story, a_form({"needs": "短"}, event_type="trip.requested")) == []
    assert asked(story, a_form({"needs": "短"}, person="gone")) == []


def test_a_form_asks_however_often_its_rule_has_spoken_today(story):
    story.begin("2026-03-03 18:00")
    visit = a_form({"customer": "恒亮"}, event_type="visit.completed")
    for _ in range(2):
        assert [one.field for one in asked(story, visit)] == ["customer"]


def test_asking_leaves_nothing_behind(story):
    story.begin("2026-03-03 18:00")
    asked(story, a_form({"needs": "短"}))
    assert story.stored() == []
    assert story.rows(select(EventRow.__table__)) == []


def test_the_form_asks_what_the_worker_then_finds_whatever_is_reported(story):
    """Reports as chance has them, one after the other: what is asked beforehand equals the findings afterwards."""
    chance = random.Random(20260303)
    story.begin("2026-03-02 08:00")
    deployment, moment, heard = story.deployment, at("2026-03-02 09:00"), 0
    for number in range(40):
        moment += timedelta(minutes=chance.randrange(30, 600))
        deployment.clock.set(moment)
        if number in (10, 30):
            _hand_in(story, f"t{number}", moment, {"trip": "t1"}, "trip.started" if number == 10 else "trip.ended")
        data = _a_report_by_chance(chance, moment)
        form = Form("daily_report.write", "zhang", "zhang", moment, data, event_type="report.submitted")
        expected = {(one.rule, one.field, one.severity, one.message["en"]) for one in asked(story, form)}
        _hand_in(story, f"r{number}", moment, data)
        assert _found(story, f"story/r{number}") == expected
        heard += len(expected)
    assert heard > 40  # it was asked for something, and of every kind
    assert {row.rule for row in story.stored() if row.action == "ask"} >= {
        "needs-too-short", "name-the-trip", "second-today", "quiet-and-short", "shorter-than-usual",
    }  # fmt: skip


def test_a_look_takes_a_few_statements_and_a_few_milliseconds(story):
    story.begin("2026-03-03 18:00")
    form = a_form({"needs": "短"})
    asked(story, form)
    with reading(story.deployment.engine) as connection:
        directory = story.deployment.plugins.first("directory", connection=connection)
        said: list[str] = []
        listening.listen(
            connection, "before_cursor_execute", lambda c, cursor, statement, *more: said.append(statement)
        )
        began = time.perf_counter()
        for _ in range(20):
            check_form(story.deployment, connection, directory, form, form.at)
        each = (time.perf_counter() - began) / 20
    statements = [one for one in said if "SAVEPOINT" not in one]
    assert len(statements) / 20 <= 6
    assert each < 0.05  # 2 ms when nobody else is at work


def test_only_rules_that_ask_are_asked(story):
    story.begin("2026-03-03 18:00")
    story.worker.step()
    rules = story.deployment.plugins.get("rules").book.rules
    asking = {name for name, one in rules.items() if asks_about(one.rule, "report.submitted")}
    assert "nothing-open" not in asking
    assert "quiet-and-short" in asking


def _a_report_by_chance(chance: random.Random, moment: datetime) -> dict:
    data = {
        "date": moment.astimezone(UTC).date().isoformat(),
        "needs": " " + "灯" * chance.choice((0, 1, 39, 40, 98, 99, 100, 101, 240)) + " ",
        "issues": ["样品"] * chance.randrange(4),
        "trip": "t1",
    }
    return {name: value for name, value in data.items() if chance.random() > 0.25}


def _hand_in(story: Story, id: str, moment: datetime, data: dict, type_: str = "report.submitted") -> None:
    event = {"id": id, "source": "story", "type": type_, "time": moment.isoformat(), "subject": "zhang"}
    [receipt] = receive(story.deployment, [{**event, "data": data}])
    assert receipt.status == "accepted"
    story.worker.step()


def _found(story: Story, occurrence: str) -> set:
    query = select(FindingRow.__table__).where(FindingRow.action == "ask", FindingRow.period == occurrence)
    return {(row.rule, row.detail["field"], row.detail["severity"], row.message) for row in story.rows(query)}
