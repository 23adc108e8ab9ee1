"""Rules in the database: versions, revisions, and what stays as it was. Once on SQLite, once on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from tests.unit.rules.builders import a_document
from tideng.database import open_engine, reading, writing
from tideng_rules import store, tables

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    tables.Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def publish(engine, *documents, at=MONDAY, all_by="bundle"):
    with writing(engine) as connection:
        return list(map(str, store.publish(connection, documents, at, "bundle", "why", all_by)))


def in_force(engine):
    with reading(engine) as connection:
        return store.in_force(connection)[0]


def revision(engine):
    with reading(engine) as connection:
        return store.revision(connection)


def test_only_what_changed_becomes_a_new_version(engine):
    assert publish(engine, a_document(), a_document(id="other")) == [
        "rule other: new, version 1",
        "rule report-missing: new, version 1",
    ]
    assert revision(engine) == 1
    assert publish(engine, dict(reversed(a_document().items())), a_document(id="other")) == []
    assert revision(engine) == 1
    assert publish(engine, a_document(priority=1), a_document(id="other")) == [
        "rule report-missing: changed, version 2"
    ]
    assert revision(engine) == 2
    assert [(one.rule.id, one.version) for one in in_force(engine)] == [("other", 1), ("report-missing", 2)]


def test_an_older_version_can_still_be_read_as_it_was(engine):
    publish(engine, a_document())
    publish(engine, a_document(priority=7))
    with reading(engine) as connection:
        assert [store.load_version(connection, "report-missing", n).rule.priority for n in (1, 2)] == [0, 7]
        assert store.load_version(connection, "report-missing", 3) is None


def test_a_rule_that_left_the_bundle_is_archived_and_one_from_the_studio_stays(engine):
    publish(engine, a_document())
    with writing(engine) as connection:
        store.publish(connection, [a_document(id="by-hand")], MONDAY, "li hua")
    assert publish(engine) == ["rule report-missing: archived, version 1"]
    assert [one.rule.id for one in in_force(engine)] == ["by-hand"]
    assert publish(engine, a_document()) == ["rule report-missing: new, version 2"]


def test_an_edited_message_keeps_since_and_a_moved_schedule_starts_anew(engine):
    publish(engine, a_document())
    publish(engine, a_document(priority=1), at=TUESDAY)
    assert in_force(engine)[0].since == MONDAY
    publish(engine, a_document(when={"every": "workday", "at": "18:00"}), at=TUESDAY)
    assert in_force(engine)[0].since == TUESDAY


def test_a_database_holds_at_most_one_version_in_force(engine):
    publish(engine, a_document())
    row = {
        "rule": "report-missing",
        "version": 2,
        "document": {},
        "state": "published",
        "author": "",
        "note": "",
        "created_at": MONDAY,
    }
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(tables.RuleVersionRow.__table__).values(row))


def test_a_rule_that_can_no_longer_be_read_does_not_hide_the_others(engine):
    publish(engine, a_document(), a_document(id="from-a-newer-program", kind="wish"))
    with reading(engine) as connection:
        rules, unreadable = store.in_force(connection)
    assert [one.rule.id for one in rules] == ["report-missing"]
    assert "'wish' is not possible" in unreadable["from-a-newer-program"]


def test_archiving_takes_a_rule_out_of_force_once(engine):
    publish(engine, a_document())
    with writing(engine) as connection:
        assert store.archive(connection, "report-missing") is True
        assert store.archive(connection, "report-missing") is False
    assert in_force(engine) == []
    assert revision(engine) == 2
