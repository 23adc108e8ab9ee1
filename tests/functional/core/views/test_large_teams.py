"""Whoever leads more people than a statement has places reads their lists all the same."""

from __future__ import annotations

import pytest

from tideng.access.viewer import Viewer
from tideng.org.directory import Assignment, Directory
from tideng.store.database import reading
from tideng.store.events import receive
from tideng.views import operations
from tideng.views.nudges import nudges

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
        seen = operations.events(connection, viewer, directory, now)
        said = nudges(connection, viewer, directory, now)
    assert [one.subject for one in seen.items] == ["p69999"]
    assert said.items == ()
