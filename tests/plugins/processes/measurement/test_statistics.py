"""How a process goes, counted from its steps: in time, late, and what the late ones have in common."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, insert, update

from tideng.access.viewer import Viewer
from tideng.org.directory import Assignment, Directory
from tideng.store.database import open_engine, reading, writing
from tideng_processes.document.model import Definition, Node, Start
from tideng_processes.measurement.statistics import (
    AGAIN,
    AWAY,
    HANDED_OVER,
    WEEKDAY,
    NodeFigures,
    ProcessFigures,
    Reason,
    figures,
    late_steps,
)
from tideng_processes.tables import CaseRow, ProcessBase, StepRow, TaskRow

NOW = datetime(2025, 6, 12, 10, tzinfo=UTC)
"""A Thursday."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HR = Viewer("hr", "hr", frozenset({"hr"}))
LEAD = Viewer("lead", "lead", frozenset({"supervisor"}))
DIRECTORY = Directory(
    [
        Assignment("lead", "Wang", supervisor="boss"),
        Assignment("zhang", "Zhang", supervisor="lead"),
        Assignment("li", "Li", supervisor="boss"),
        Assignment("boss", "Gu"),
    ]
)


def a_process(id: str) -> Definition:
    waits = Node("wait", {}, (), (), at_due="go")
    return Definition(id, {}, Start(), {}, {"answer": Node("answer", {}, (), ()), "wait": waits}, {})


class Desk:
    """Steps of cases, written down as the engine would."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.serial = 0

    def a_step(
        self, node="answer", ago=3 * DAY, within=24 * HOUR, took=6 * HOUR, person="zhang", case="", visit=1, **more
    ):
        """A case in a step that was entered `ago` and took so long; `took` None: it is open. Returns the case's id."""
        self.serial += 1
        entered = NOW - ago
        due = entered + within if within else None
        done = entered + took if took is not None else None
        id = case or f"need-{self.serial:06d}"
        values = {
            "case": id,
            "process": more.pop("process", "need"),
            "visit": visit,
            "node": node,
            "owner": "lead",
            "state": "done" if done else "open",
            "entered_at": entered,
            "due": due,
            "done_at": done,
            "late": bool(due and (done or NOW) > due),
        }
        with writing(self.engine) as connection:
            if not case:
                ended = {"end": more.pop("end", "done"), "ended_at": done, "node": ""} if done else {"node": node}
                connection.execute(
                    insert(CaseRow).values(
                        id=id, process=values["process"], version=more.pop("version", 1), person=person, starter=person, data={}, started_at=entered,
                        **ended,
                    )
                )  # fmt: skip
            connection.execute(insert(TaskRow).values(**values | more))
        return id

    def handed_over(self, case: str, node: str = "answer") -> None:
        with writing(self.engine) as connection:
            values = {"case": case, "at": NOW - DAY, "kind": "handed_over", "node": node, "data": {}, "kept_at": NOW}
            connection.execute(insert(StepRow).values(**values))

    def fill(self, **data) -> None:
        """What every case says in its form."""
        with writing(self.engine) as connection:
            connection.execute(update(CaseRow).values(data=data))

    def many(self, count: int, node: str = "answer") -> None:
        """So many steps of two months, three hours each, written at once."""
        ids = [f"many-{number:06d}" for number in range(count)]
        entered = [NOW - 20 * DAY - 40 * DAY * number / count for number in range(count)]
        about = {
            "process": "need",
            "node": "",
            "end": "done",
            "version": 1,
            "person": "zhang",
            "starter": "zhang",
            "data": {},
        }
        step = {"process": "need", "visit": 1, "node": node, "owner": "lead", "state": "done"}
        with writing(self.engine) as connection:
            connection.execute(
                insert(CaseRow),
                [about | {"id": id, "started_at": at, "ended_at": at} for id, at in zip(ids, entered, strict=True)],
            )
            connection.execute(
                insert(TaskRow),
                [
                    step | {"case": id, "entered_at": at, "done_at": at + 3 * HOUR}
                    for id, at in zip(ids, entered, strict=True)
                ],
            )

    def figures(self, viewer: Viewer = HR, process: str = "need") -> ProcessFigures:
        with reading(self.engine) as connection:
            return figures(connection, viewer, DIRECTORY, NOW, [a_process(process)])[process]

    def slow(self, viewer: Viewer = HR):
        with reading(self.engine) as connection:
            return late_steps(connection, viewer, DIRECTORY, NOW, "need", "answer")


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    engine = open_engine(database_url)
    ProcessBase.metadata.create_all(engine)
    yield Desk(engine)
    engine.dispose()


def test_where_nothing_happened_there_is_nothing_to_say(desk):
    found = desk.figures()
    assert found == ProcessFigures()
    assert (found.share, found.slowest) == (None, "")
    assert desk.slow().late == 0


def test_steps_are_in_time_late_or_open(desk):
    desk.a_step()
    desk.a_step(took=30 * HOUR)
    desk.a_step(took=None)
    desk.a_step(ago=HOUR, took=None)
    assert desk.figures().nodes["answer"] == NodeFigures(due=3, on_time=1, done=2, open=2, open_late=1)
    assert desk.figures().share == pytest.approx(1 / 3)


def test_a_step_whose_deadline_is_still_to_come_is_not_counted_as_in_time(desk):
    desk.a_step(ago=2 * HOUR, took=HOUR)
    assert desk.figures().nodes["answer"] == NodeFigures(done=1)
    assert desk.figures().share is None


def test_a_step_without_a_deadline_is_done_and_no_more(desk):
    desk.a_step(within=None)
    assert desk.figures().nodes["answer"] == NodeFigures(done=1)


def test_a_step_that_only_waits_is_never_in_time_nor_late(desk):
    desk.a_step("wait", within=24 * HOUR, took=24 * HOUR, by="")
    assert desk.figures().nodes["wait"] == NodeFigures(done=1)
    assert desk.figures().share is None


def test_what_is_older_than_thirty_days_no_longer_counts(desk):
    desk.a_step(ago=40 * DAY)
    assert desk.figures() == ProcessFigures()


def test_cases_that_came_in_and_how_they_ended(desk):
    for end in ("done", "done", "lost"):
        desk.a_step(end=end)
    desk.a_step(took=None)
    desk.a_step(ago=40 * DAY, took=None)
    found = desk.figures()
    assert (found.began, found.open, found.ended) == (4, 2, {"done": 2, "lost": 1})


def test_the_step_to_look_at_first_is_the_one_least_often_in_time(desk):
    for hours in (6, 6, 6, 30, 30):
        desk.a_step("answer", took=hours * HOUR)
        desk.a_step("ask", took=min(hours, 20) * HOUR)
    desk.a_step("rare", took=30 * HOUR)
    assert desk.figures().slowest == "answer"


def test_a_supervisor_sees_the_figures_of_their_own_team_s_cases(desk):
    desk.a_step(took=30 * HOUR)
    desk.a_step(took=30 * HOUR, person="li")
    assert desk.figures(HR).nodes["answer"].due == 2
    assert desk.figures(LEAD).nodes["answer"].due == 1
    assert desk.figures(LEAD).began == 1
    assert desk.slow(LEAD).late == 1
    assert desk.figures(Viewer("li", "li", frozenset({"employee"}))).began == 1
    assert desk.figures(Viewer("x", "", frozenset())).began == 0


def test_late_steps_that_came_on_the_same_day_of_the_week(desk):
    for week in range(4):
        desk.a_step(ago=2 * DAY + week * 7 * DAY, took=30 * HOUR)
        desk.a_step(ago=1 * DAY + week * 7 * DAY + 4 * HOUR)
        desk.a_step(ago=3 * DAY + week * 7 * DAY)
    assert desk.slow().reasons == (Reason(WEEKDAY, 4, weekday=1),)


def test_late_steps_on_all_days_have_no_day_in_common(desk):
    for days in range(2, 12):
        desk.a_step(ago=days * DAY, took=30 * HOUR)
    found = desk.slow()
    assert (found.late, found.reasons, found.unexplained) == (10, (), 10)


def test_late_steps_that_changed_hands_came_again_or_were_for_somebody_else(desk):
    given = desk.a_step(ago=4 * DAY, took=30 * HOUR)
    desk.handed_over(given)
    back = desk.a_step(ago=9 * DAY, took=HOUR)
    desk.a_step(ago=8 * DAY, took=30 * HOUR, case=back, visit=2)
    desk.a_step(ago=6 * DAY, took=30 * HOUR, meant_for="chen")
    found = desk.slow()
    assert {(one.kind, one.count) for one in found.reasons} == {(HANDED_OVER, 1), (AGAIN, 1), (AWAY, 1)}
    assert (found.late, found.unexplained, len(found.cases)) == (3, 0, 3)


def test_two_statements_for_all_processes_whatever_the_number_of_cases(desk):
    for number in range(12):
        desk.a_step(process=f"p{number % 4}", node=f"n{number % 3}", person=("zhang", "li")[number % 2])
    asked: list[str] = []
    event.listen(desk.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    with reading(desk.engine) as connection:
        found = figures(connection, LEAD, DIRECTORY, NOW, [a_process(f"p{n}") for n in range(4)])
    assert sum(one.began for one in found.values()) == 6
    assert len([one for one in asked if one.startswith("SELECT")]) == 2
