"""Agenda entries survive being stored, and those that older versions stored can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select

from tideng.facts.agenda import AgendaEntry
from tideng.judging.stored_entries import columns_of, entry_from
from tideng.model.judge_contract import Reason
from tideng.store.database import reading, writing
from tideng.store.tables import AgendaRow

NOW = datetime(2026, 3, 2, 11, tzinfo=UTC)


def a_step(**more) -> AgendaEntry:
    return AgendaEntry("step", "late", 2, "zhang", "hr/1", 1, NOW + timedelta(hours=2), NOW, **more)


def test_a_stored_entry_is_read_as_it_was(a_deployment, database_url):
    waited = Reason("need.raised", "2026-03-02T18:00:00+08:00", "without", ["need.answered"], True, "when")
    entry = a_step(facts={"event.need": "n1"}, person="li", owner="wang", depth=1, waited=waited)
    deployment = a_deployment(database_url)
    with writing(deployment.engine) as connection:
        connection.execute(insert(AgendaRow), columns_of(entry, NOW))
    with reading(deployment.engine) as connection:
        row = connection.execute(select(AgendaRow.__table__)).one()
    entry.row = row.id
    assert entry_from(row) == entry
    assert row.settled_at is None


def test_an_entry_that_an_older_version_stored_is_read(a_deployment):
    kept = {"event.need": "n1", "$person": "li", "$depth": 2, "$since": "2026-03-02T18:00:00+08:00"}
    deployment = a_deployment()
    with writing(deployment.engine) as connection:
        connection.execute(insert(AgendaRow), columns_of(a_step(), NOW) | {"facts": kept})
    with reading(deployment.engine) as connection:
        found = entry_from(connection.execute(select(AgendaRow.__table__)).one())
    assert (found.facts, found.person, found.owner, found.depth) == ({"event.need": "n1"}, "li", None, 2)
    assert (found.waited, found.since) == (None, "2026-03-02T18:00:00+08:00")
