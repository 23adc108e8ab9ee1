"""Whoever leads more people than a statement has places reads their lists all the same."""

from __future__ import annotations

import pytest

from tideng.database import reading
from tideng.people import Assignment, Directory
from tideng.repository import receive
from tideng.viewing import Viewer, nudge_views, upkeep

MANY = 70_000
"""A statement has 32,766 places in SQLite, and 65,535 in PostgreSQL."""


@pytest.fixture(scope="module")
def directory() -> Directory:
    return Directory(
        [Assignment("lead", "Lead"), *(Assignment(f"p{n}", f"P {n}", supervisor="lead") for n in range(MANY))]
    )


def test_the_lists_of_events_and_of_what_was_said_open(a_deployment, database_url, directory):
    deployment = a_deployment(database_url)
    now = deployment.clock.now()
    event = {"source": "app", "type": "visit.completed", "time": now.isoformat(), "data": {"customer": "c"}}
    receive(deployment, [{**event, "id": "1", "subject": "p69999"}, {**event, "id": "2", "subject": "somebody"}])
    viewer = Viewer("lead", "lead", frozenset({"supervisor"}))
    with reading(deployment.engine) as connection:
        seen = upkeep.events(connection, viewer, directory, now)
        said = nudge_views.nudges(connection, viewer, directory, now)
    assert [one.subject for one in seen.items] == ["p69999"]
    assert said.items == ()
