"""Which cases somebody sees in a list: their own, their team's, those they began or had a step of; however large the team is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from tests.plugins.processes.engine_story import EngineStory
from tideng.org.directory import Assignment, Directory
from tideng.store.database import among, reading, writing
from tideng_processes.tables import CaseRow, TaskRow
from tideng_processes.views.visible_cases import is_seen, newest_seen

FIRM = Directory(
    [Assignment("boss", "顾明")]
    + [Assignment(lead, lead, supervisor="boss") for lead in ("north", "south")]
    + [Assignment(f"{team}{n}", f"员工{n}", supervisor=team) for team in ("north", "south") for n in range(4)]
)
USUAL = {"process": "purchase", "version": 1, "node": "approve", "data": {}, "visits": 1}


def keep_cases(story: EngineStory) -> None:
    """Two each about everybody of the two teams; one that north0 began for somebody of the south, and one of which north1 had a step."""
    people = [f"{team}{n}" for _ in range(2) for team in ("north", "south") for n in range(4)]
    now = story.clock.now()
    rows = [
        {**USUAL, "id": f"c{n:02}", "person": one, "starter": one, "started_at": now} for n, one in enumerate(people)
    ]
    rows[4]["starter"] = "north0"
    had = {
        "case": "c05",
        "process": "purchase",
        "visit": 1,
        "node": "approve",
        "owner": "north1",
        "state": "done",
        "entered_at": now,
    }
    with writing(story.deployment.engine) as connection:
        connection.execute(insert(CaseRow), rows)
        connection.execute(insert(TaskRow), [had])


def listed(story: EngineStory, who: str, *wanted, before=None, most=100, roles=("employee",)) -> list[str]:
    viewer, now = replace(story.viewer(who), roles=frozenset(roles)), story.clock.now()
    with reading(story.deployment.engine) as connection:
        rows = newest_seen(connection, viewer, FIRM, now, wanted, before, most)
        if before is None and most >= 100:
            alone = select(CaseRow.id).where(is_seen(connection, viewer, FIRM, now), *wanted)
            assert set(connection.scalars(alone)) == {row.id for row in rows}
    return [row.id for row in rows]


@pytest.mark.parametrize(
    ("who", "roles", "cases"),
    [
        ("north0", ("employee",), ["c08", "c04", "c00"]),
        ("north1", ("employee",), ["c09", "c05", "c01"]),
        ("north", ("employee",), []),
        ("north", ("supervisor",), ["c11", "c10", "c09", "c08", "c03", "c02", "c01", "c00"]),
        ("boss", ("supervisor",), [f"c{n:02}" for n in range(15, -1, -1)]),
        ("look", ("auditor",), [f"c{n:02}" for n in range(15, -1, -1)]),
        ("look", ("employee",), []),
    ],
)
def test_who_sees_which(on_both: EngineStory, who, roles, cases):
    keep_cases(on_both)
    assert listed(on_both, who, roles=roles) == cases


def test_page_by_page_it_is_the_same_list(on_both: EngineStory):
    keep_cases(on_both)
    whole = listed(on_both, "north", roles=("supervisor",))
    with reading(on_both.deployment.engine) as connection:
        serials = {row.id: row.serial for row in connection.execute(select(CaseRow.id, CaseRow.serial))}
    pages, before = [], None
    while page := listed(on_both, "north", before=before, most=3, roles=("supervisor",)):
        pages, before = [*pages, *page], serials[page[-1]]
    assert pages == whole


def test_what_is_wanted_is_asked_of_every_reason(on_both: EngineStory):
    keep_cases(on_both)
    assert listed(on_both, "north0", CaseRow.person == "south0") == ["c04"]
    assert listed(on_both, "north1", CaseRow.process == "leave") == []


def test_a_team_may_be_larger_than_a_statement_has_places(on_both: EngineStory):
    keep_cases(on_both)
    many = [f"p{n}" for n in range(70_000)]
    with reading(on_both.deployment.engine) as connection:
        found = connection.scalars(select(CaseRow.id).where(among(connection, CaseRow.person, [*many, "south3"])))
        assert sorted(found) == ["c07", "c15"]
        assert connection.scalars(select(CaseRow.id).where(among(connection, CaseRow.person, []))).all() == []
