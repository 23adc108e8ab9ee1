"""The number of SQL statements does not grow with the number of people: never one query for each of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.story import CLIENT, an_event
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.runtime.worker import Worker
from tideng.store.events import receive

MONDAY = datetime.fromisoformat("2026-03-02T18:00:00+08:00")
RULES = {
    "reminder": """
        id: reminder
        kind: reminder
        title: {zh: 日报, en: Report}
        when: {every: day, at: "19:00"}
        if: {fact: metric.visits_this_week, lt: 5}
        then: [{nudge: person, message: {zh: 请写日报。, en: Please write.}}]
        later:
          - at: "21:00"
            then: [{mark: incomplete}, {nudge: supervisor, message: {zh: 还没写。, en: Still open.}}]
        until: {fact: metric.reports_today, gte: 1}
        metrics: {reports_today: {count: report.submitted, window: today}}
    """,
    "visited": """
        id: visited
        kind: validation
        title: {zh: 拜访, en: Visit}
        when: {event: visit.completed}
        if: {all: [{fact: metric.visits_this_week, gte: 1}, {fact: person.on_trip, is: false}]}
        then: [{nudge: person, message: {zh: 记一下客户需求。, en: Note the needs.}}, {emit: report.submitted}]
    """,
    "unanswered": """
        id: unanswered
        kind: escalation
        title: {zh: 未答复, en: Unanswered}
        when: {event: need.raised, without: need.answered, within: 2 hours, match: need}
        then: [{nudge: person, message: {zh: 还没有答复。, en: Not answered yet.}}]
    """,
}
WINDOWS = {
    "waited": """
        id: waited
        kind: validation
        title: {zh: 等一等, en: Waited}
        when: {event: visit.completed, wait: 30 minutes}
        then: [{mark: seen}]
    """,
    "incomplete": """
        id: incomplete
        kind: escalation
        title: {zh: 还差一步, en: Incomplete}
        when: {not_all: [need.raised, need.answered], within: 1 hour, match: need}
        then: [{mark: seen}]
    """,
    "sliding": """
        id: sliding
        kind: validation
        title: {zh: 最近, en: Sliding}
        when: {event: visit.completed}
        if: {all: [{fact: metric.n, gte: 1}, {fact: metric.m, gte: 1}]}
        then: [{mark: seen}]
        limit: {once_per: 60 minutes, by: customer}
        metrics:
          n: {count: visit.completed, window: last 90 minutes}
          m: {distinct: visit.completed/customer, window: last 2 hours}
    """,
}
"""Waits, sets and sliding metrics, which no plain deployment pays for."""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request):
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else None


def test_hearing_asking_and_coming_due_take_as_many_statements_for_two_hundred_people_as_for_ten(
    tmp_path, a_deployment, postgres_server, url
):
    few = _statements(tmp_path / "few", a_deployment, url, 10)
    many = _statements(tmp_path / "many", a_deployment, postgres_server() if url else None, 200)
    assert few.keys() == {"hear", "ask everyone", "come due"}
    assert not _grew(few, many)


def test_windows_take_as_many_statements_for_many_people_as_for_ten(tmp_path, a_deployment, postgres_server, url):
    rules = RULES | WINDOWS
    few = _statements(tmp_path / "few", a_deployment, url, 10, rules)
    many = _statements(tmp_path / "many", a_deployment, postgres_server() if url else None, 150, rules)
    assert not _grew(few, many)


def _grew(few: dict[str, int], many: dict[str, int]) -> dict[str, tuple[int, int]]:
    """What took more statements for many; a thousand rows are written at a time, and the next thousand is one more."""
    return {part: (few[part], many[part]) for part in few if not 0 <= many[part] - few[part] <= 1}


def test_all_sliding_metrics_of_a_batch_are_read_in_one_statement(tmp_path, a_deployment, url):
    seen: list[str] = []
    _statements(tmp_path / "sliding", a_deployment, url, 5, {"sliding": WINDOWS["sliding"]}, seen)
    assert len([one for one in seen if "FROM event" in one and "event.time >" in one]) == 1


def test_a_deployment_without_windows_asks_for_none(tmp_path, a_deployment, postgres_server, url):
    seen: list[str] = []
    _statements(tmp_path / "plain", a_deployment, url, 5, RULES, seen)
    assert seen
    assert not [one for one in seen if "pg_advisory" in one or "agenda.kind IN" in one]
    assert not [one for one in seen if "FROM event" in one and "event.time >" in one]
    _statements(tmp_path / "windows", a_deployment, postgres_server() if url else None, 5, RULES | WINDOWS, seen := [])
    assert [one for one in seen if "agenda.kind IN" in one]
    assert bool(url) == bool([one for one in seen if "pg_advisory" in one])


def _statements(
    folder: Path,
    a_deployment,
    url: str | None,
    people: int,
    rules: dict[str, str] = RULES,
    seen: list[str] | None = None,
) -> dict[str, int]:
    """How many statements each part of the work takes, with every person doing the same; `seen` gathers their texts."""
    clock = ManualClock(MONDAY)
    bundle = read_bundle(_client(folder, people, rules))
    deployment = a_deployment(url, bundle=bundle, clock=clock, engine="closures", batch_size=5000)
    worker = Worker(deployment)
    worker.step()
    seen = [] if seen is None else seen
    names = [f"p{number}" for number in range(people)]
    visits = [an_event("visit.completed", "2026-03-02 17:00", name, customer="c1")[1] for name in names]
    needs = [
        an_event("need.raised", "2026-03-02 17:30", name, need=f"need of {name}", customer="c1")[1] for name in names
    ]
    receive(deployment, visits + needs)
    counted = {"hear": _counted(deployment.engine, worker.hear, seen)}
    while worker.hear():
        pass
    clock.set(MONDAY + timedelta(hours=1))
    if "reminder" in rules:
        counted["ask everyone"] = _counted(deployment.engine, worker.run_schedules, seen)
    clock.set(MONDAY + timedelta(hours=3))
    if "unanswered" in rules:
        counted["come due"] = _counted(deployment.engine, worker.come_due, seen)
    return counted


def _counted(engine, work, seen: list[str]) -> int:
    statements: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert work(), "there was nothing to do"
    finally:
        event.remove(engine, "before_cursor_execute", note)
    seen += statements
    return len(statements)


def _client(folder: Path, people: int, rules: dict[str, str]) -> Path:
    (folder / "rules").mkdir(parents=True)
    (folder / "client.yaml").write_text(CLIENT.replace("[hr]", "[p0]"), "utf-8")
    rows = ["id,name,unit,position,supervisor,timezone,locale,phone,email,from,until"]
    rows += [f"p{n},Rep {n},,,{'p0' if n else ''},Asia/Shanghai,en,,,2020-01-01," for n in range(people)]
    (folder / "people.csv").write_text("\n".join(rows) + "\n", "utf-8")
    for name, text in rules.items():
        (folder / "rules" / f"{name}.yaml").write_text(text.replace("\n        ", "\n").strip(), "utf-8")
    return folder
