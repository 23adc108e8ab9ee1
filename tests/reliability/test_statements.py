"""The number of SQL statements does not grow with the number of people: never one query for each of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.story import CLIENT, an_event
from tideng.bundle import read_bundle
from tideng.clock import ManualClock
from tideng.repository import receive
from tideng.worker import Worker

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


@pytest.fixture(params=["sqlite", "postgres"])
def url(request):
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else None


def test_hearing_asking_and_coming_due_take_as_many_statements_for_two_hundred_people_as_for_ten(
    tmp_path, a_deployment, postgres_server, url
):
    few = _statements(tmp_path / "few", a_deployment, url, 10)
    many = _statements(tmp_path / "many", a_deployment, postgres_server() if url else None, 200)
    assert few.keys() == {"hear", "ask everyone", "come due"}
    assert many == few


def _statements(folder: Path, a_deployment, url: str | None, people: int) -> dict[str, int]:
    """How many statements each part of the work takes, with every person doing the same."""
    clock = ManualClock(MONDAY)
    bundle = read_bundle(_client(folder, people))
    deployment = a_deployment(url, bundle=bundle, clock=clock, engine="closures", batch_size=5000)
    worker = Worker(deployment)
    worker.step()
    names = [f"p{number}" for number in range(people)]
    visits = [an_event("visit.completed", "2026-03-02 17:00", name, customer="c1")[1] for name in names]
    needs = [
        an_event("need.raised", "2026-03-02 17:30", name, need=f"need of {name}", customer="c1")[1] for name in names
    ]
    receive(deployment, visits + needs)
    counted = {"hear": _counted(deployment.engine, worker.hear)}
    while worker.hear():
        pass
    clock.set(MONDAY + timedelta(hours=1))
    counted["ask everyone"] = _counted(deployment.engine, worker.run_schedules)
    clock.set(MONDAY + timedelta(hours=3))
    counted["come due"] = _counted(deployment.engine, worker.come_due)
    return counted


def _counted(engine, work) -> int:
    statements: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert work(), "there was nothing to do"
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(statements)


def _client(folder: Path, people: int) -> Path:
    (folder / "rules").mkdir(parents=True)
    (folder / "client.yaml").write_text(CLIENT.replace("[hr]", "[p0]"), "utf-8")
    rows = ["id,name,unit,position,supervisor,timezone,locale,phone,email,from,until"]
    rows += [f"p{n},Rep {n},,,{'p0' if n else ''},Asia/Shanghai,en,,,2020-01-01," for n in range(people)]
    (folder / "people.csv").write_text("\n".join(rows) + "\n", "utf-8")
    for name, text in RULES.items():
        (folder / "rules" / f"{name}.yaml").write_text(text.replace("\n        ", "\n").strip(), "utf-8")
    return folder
