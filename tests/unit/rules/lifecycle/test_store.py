"""Rules in the database: versions, revisions, and what stays as it was. Once on SQLite, once on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from tests.unit.rules.builders import a_document
from tideng.base.errors import InvalidBundle
from tideng.store import tables as tideng_tables
from tideng.store.database import open_engine, reading, writing
from tideng_rules.document.merge import Conflict
from tideng_rules.lifecycle import quarantine, store, tables
from tideng_rules.lifecycle.quarantine import SetAside
from tideng_rules.rollout import apply
from tideng_rules.rollout.apply import Wanted

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    tideng_tables.Base.metadata.create_all(engine)
    tables.Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def publish(engine, *documents, at=MONDAY, take=""):
    """Apply the client's files; say what changed."""
    with writing(engine) as connection:
        return list(map(str, apply.apply(connection, list(map(Wanted, documents)), at, take)))


def by_hand(engine, document, at=MONDAY, by="li hua"):
    with writing(engine) as connection:
        return store.put_version(connection, document, at, store.Publication(by))


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
    first = revision(engine)
    assert publish(engine, dict(reversed(a_document().items())), a_document(id="other")) == []
    assert revision(engine) == first
    assert publish(engine, a_document(priority=1), a_document(id="other")) == [
        "rule report-missing: changed, version 2"
    ]
    assert revision(engine) > first
    assert [(one.rule.id, one.version) for one in in_force(engine)] == [("other", 1), ("report-missing", 2)]


def test_an_older_version_can_still_be_read_as_it_was(engine):
    publish(engine, a_document())
    publish(engine, a_document(priority=7))
    with reading(engine) as connection:
        assert [store.load_version(connection, "report-missing", n).rule.priority for n in (1, 2)] == [0, 7]
        assert store.load_version(connection, "report-missing", 3) is None


def test_a_rule_that_left_the_bundle_is_archived_and_one_from_the_studio_stays(engine):
    publish(engine, a_document())
    by_hand(engine, a_document(id="by-hand"))
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
        assert store.take_out(connection, "report-missing", TUESDAY, "li hua") is True
        assert store.take_out(connection, "report-missing", TUESDAY, "li hua") is False
    assert in_force(engine) == []
    assert revision(engine) == 2


def test_a_document_comes_back_in_the_order_in_which_it_was_written(engine):
    document = dict(reversed(a_document().items()))
    publish(engine, document)
    assert list(in_force(engine)[0].rule.document) == list(document)


def test_what_was_set_aside_is_seen_everywhere_once(engine):
    one = SetAside("report-missing", 2, quarantine.DURABLE, "disagrees", MONDAY, {"facts": {"a.b": 1}})
    with writing(engine) as connection:
        assert quarantine.put(connection, one) is True
        assert quarantine.put(connection, replace(one, why="again", since=TUESDAY)) is False
        assert quarantine.put(connection, replace(one, engine=quarantine.ALL)) is True
    with reading(engine) as connection:
        assert quarantine.get(connection) == [replace(one, engine="all"), one]
    assert revision(engine) == 2
    with writing(engine) as connection:
        assert quarantine.clear(connection, "report-missing", 1) == 0
        assert quarantine.clear(connection, "report-missing", 2, quarantine.ALL) == 1
        assert quarantine.get(connection) == [one]
    assert revision(engine) == 3


# -- files and people ----------------------------------------------------------------------------------------------
EDITED = a_document(priority=5)


def test_what_hr_edited_is_kept_while_the_files_say_the_same(engine):
    publish(engine, a_document())
    by_hand(engine, EDITED)
    kept = ["rule report-missing: li hua changed it in the deployment after version 1; kept"]
    assert publish(engine, a_document()) == kept
    assert publish(engine, a_document()) == kept
    assert [(one.version, one.rule.priority) for one in in_force(engine)] == [(2, 5)]


def test_what_both_edited_is_refused_with_a_way_out(engine):
    publish(engine, a_document())
    by_hand(engine, EDITED)
    with pytest.raises(InvalidBundle, match=r"li hua in the deployment after version 1.*--take files"):
        publish(engine, a_document(priority=7), a_document(id="other"))
    assert [one.rule.id for one in in_force(engine)] == ["report-missing"]
    assert in_force(engine)[0].rule.priority == 5


def test_taking_the_files_makes_the_rule_theirs_again(engine):
    publish(engine, a_document())
    by_hand(engine, EDITED)
    assert publish(engine, a_document(priority=7), take="files") == ["rule report-missing: changed, version 3"]
    assert publish(engine, a_document(priority=8)) == ["rule report-missing: changed, version 4"]


def test_taking_the_deployments_wording_settles_it_until_the_files_change_again(engine):
    publish(engine, a_document())
    by_hand(engine, EDITED)
    assert publish(engine, a_document(priority=7), take="deployment") == ["rule report-missing: merged, version 3"]
    assert in_force(engine)[0].rule.priority == 5
    assert publish(engine, a_document(priority=7)) == [
        "rule report-missing: li hua changed it in the deployment after version 3; kept"
    ]
    with pytest.raises(InvalidBundle):
        publish(engine, a_document(priority=8))


def test_an_edit_that_was_taken_back_leaves_the_rule_to_the_files(engine):
    publish(engine, a_document())
    by_hand(engine, EDITED)
    by_hand(engine, a_document())
    assert publish(engine, a_document(priority=7)) == ["rule report-missing: changed, version 4"]


def test_a_rule_that_hr_archived_stays_archived_and_one_that_left_the_files_comes_back_with_them(engine):
    publish(engine, a_document(), a_document(id="other"))
    with writing(engine) as connection:
        store.take_out(connection, "report-missing", TUESDAY, "li hua")
    assert publish(engine, a_document()) == [
        "rule other: archived, version 1",
        "rule report-missing: li hua archived it in the deployment; it stays so",
    ]
    assert in_force(engine) == []
    assert "rule other: new, version 2" in publish(engine, a_document(), a_document(id="other"))
    assert "rule report-missing: new, version 2" in publish(engine, a_document(), take="files")


def test_an_edited_rule_that_left_the_files_is_kept(engine):
    publish(engine, a_document())
    by_hand(engine, EDITED)
    assert publish(engine) == ["rule report-missing: li hua changed it in the deployment after version 1; kept"]
    assert in_force(engine)[0].rule.priority == 5


def test_changes_of_a_pack_and_of_hr_go_together_and_conflicts_are_named(engine):
    origin = {"pack": "p", "version": "1", "parameters": {}}
    with writing(engine) as connection:
        apply.apply(connection, [Wanted(a_document(limit={"once_per": "day"}), origin)], MONDAY)
    by_hand(engine, a_document(limit={"once_per": "week"}, priority=5))
    new = Wanted(a_document(limit={"once_per": "month"}, about="person"), {**origin, "version": "2"})
    with writing(engine) as connection:
        (change,) = apply.apply(connection, [new], TUESDAY)
    assert (change.what, change.by) == ("merged", "li hua")
    assert change.conflicts == (Conflict("limit.once_per", "day", "week", "month"),)
    document = in_force(engine)[0].rule.document
    assert (document["limit"], document["priority"], document["about"]) == ({"once_per": "week"}, 5, "person")
    with reading(engine) as connection:
        assert [one.what for one in apply.changes(connection, [new])] == ["kept"]
