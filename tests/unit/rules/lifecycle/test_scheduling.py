"""Drafts that are published by themselves: at their moment, once, and only if nothing keeps them from it by then."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tests.unit.rules.builders import a_catalogue, a_document
from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidRule, NotAllowed, Refused
from tideng.store import tables as tideng_tables
from tideng.store.database import open_engine, reading, writing
from tideng_rules.lifecycle import (
    drafts,
    publishing,
    scheduling,
    tables,
    versions,
)
from tideng_rules.lifecycle.publishing import Ground

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
MORNING = NOW + timedelta(days=1)
GROUND, FOUR_EYES = Ground(a_catalogue()), Ground(a_catalogue(), needs_approval=True)
HR, AUDITOR = Viewer("hr.li", "p1", frozenset({"hr"})), Viewer("audit", "", frozenset({"auditor"}))


@pytest.fixture
def connection(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/rules.db")
    tideng_tables.Base.metadata.create_all(engine)
    tables.Base.metadata.create_all(engine)
    with writing(engine) as connection:
        yield connection
    engine.dispose()


def a_plan(connection, **changes) -> drafts.Draft:
    made = drafts.create_draft(connection, HR, a_document(**changes), NOW)
    return scheduling.schedule(connection, HR, made.id, MORNING, NOW, GROUND, "早一点")


def test_a_draft_is_published_at_its_moment_and_not_before(connection):
    plan = a_plan(connection)
    assert (plan.state, plan.publish_at, plan.publish_by, plan.note) == ("open", MORNING, "hr.li", "早一点")
    assert scheduling.next_due(connection) == MORNING
    assert scheduling.publish_due(connection, MORNING - timedelta(seconds=1), GROUND) == []
    assert scheduling.publish_due(connection, MORNING, GROUND) == [plan.rule]
    made = versions.latest(connection, plan.rule)
    assert (made.version, made.author, made.note, made.published_at) == (1, "hr.li", "早一点", MORNING)
    assert drafts.draft(connection, HR, plan.id).state == "published"
    assert scheduling.publish_due(connection, MORNING, GROUND) == []
    assert scheduling.next_due(connection) is None


def test_a_plan_is_taken_back_and_ends_with_every_change_of_the_draft(connection):
    plan = a_plan(connection)
    assert scheduling.unschedule(connection, HR, plan.id).publish_at is None
    for change in (
        lambda: drafts.save_draft(connection, HR, plan.id, a_document(priority=3), plan.edition, NOW),
        lambda: publishing.send_back(connection, HR, plan.id, "softer", NOW),
    ):
        scheduling.schedule(connection, HR, plan.id, MORNING, NOW, GROUND)
        assert change().publish_at is None
    assert scheduling.publish_due(connection, MORNING, GROUND) == []


def test_what_stands_in_the_way_by_then_is_kept_beside_the_draft(connection):
    first, second = a_plan(connection), a_plan(connection, priority=3)
    assert scheduling.publish_due(connection, MORNING, GROUND) == [first.rule]
    held = drafts.draft(connection, HR, second.id)
    assert (held.state, held.publish_at) == ("open", None)
    assert [one["problem"] for one in held.held_up] == ["it is based on version 0, and version 1 came since"]


def test_a_plan_wants_a_draft_in_order_a_later_moment_and_somebody_who_may_publish(connection):
    made = drafts.create_draft(connection, HR, a_document(), NOW)
    wrong = drafts.create_draft(connection, HR, a_document(then=None), NOW)
    with pytest.raises(NotAllowed):
        scheduling.schedule(connection, AUDITOR, made.id, MORNING, NOW, GROUND)
    with pytest.raises(NotAllowed):
        scheduling.unschedule(connection, AUDITOR, made.id)
    with pytest.raises(Refused, match="this moment has passed"):
        scheduling.schedule(connection, HR, made.id, NOW, NOW, GROUND)
    with pytest.raises(InvalidRule, match="a second person has not approved it yet"):
        scheduling.schedule(connection, HR, made.id, MORNING, NOW, FOUR_EYES)
    with pytest.raises(InvalidRule):
        scheduling.schedule(connection, HR, wrong.id, MORNING, NOW, GROUND)
    assert scheduling.next_due(connection) is None


def save(connection, plan):
    return drafts.save_draft(connection, HR, plan.id, a_document(priority=3), plan.edition, NOW)


def take_back(connection, plan):
    return scheduling.unschedule(connection, HR, plan.id)


def discard(connection, plan):
    return drafts.discard_draft(connection, HR, plan.id, NOW)


@pytest.fixture
def shared(postgres_url):
    """A database that several connections use at once."""
    engine = open_engine(postgres_url)
    tideng_tables.Base.metadata.create_all(engine)
    tables.Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def look(engine) -> list[str]:
    """As a worker does between its batches."""
    with writing(engine) as connection:
        return scheduling.publish_due(connection, MORNING, GROUND)


@pytest.mark.parametrize("change", [save, take_back, discard])
def test_who_changes_their_mind_while_the_worker_looks_is_waited_for_and_heard(shared, change):
    with writing(shared) as connection:
        plan, other = a_plan(connection), a_plan(connection, id="another-rule")
    with ThreadPoolExecutor(1) as worker:
        with writing(shared) as connection:
            change(connection, plan)
            looking = worker.submit(look, shared)
            until_it_waits(shared)
        assert looking.result(timeout=20) == [other.rule]
    with reading(shared) as connection:
        assert versions.latest(connection, plan.rule) is None
        assert drafts.draft(connection, HR, plan.id).publish_at is None


def test_two_workers_that_look_at_once_publish_once(shared):
    with writing(shared) as connection:
        plan = a_plan(connection)
    with ThreadPoolExecutor(1) as worker:
        with writing(shared) as connection:
            assert scheduling.publish_due(connection, MORNING, GROUND) == [plan.rule]
            looking = worker.submit(look, shared)
            until_it_waits(shared)
        assert looking.result(timeout=20) == []
    with reading(shared) as connection:
        assert versions.latest(connection, plan.rule).version == 1


def until_it_waits(engine):
    """Until another connection waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(400):
        with engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.02)
    raise AssertionError("nobody waited for what is being changed")
