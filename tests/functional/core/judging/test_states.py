"""Trips that are started again, ended again, ended before they were started: replayed, lived through, heard late, recounted."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from story import Story, a_trip, an_event, at

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.facts.names import Point
from tideng.intake.reader import read_event
from tideng.privacy.holdings import holdings
from tideng.replay.past_world import Past
from tideng.replay.run import replay
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import migrate
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.events import receive
from tideng.store.tables import FindingRow, StateRow

EVENING = """
- id: evening
  kind: reminder
  when: {every: day, at: "19:00"}
  who: {fact: person.on_trip, is: true}
  then: [{nudge: person, message: {zh: "写日报", en: "Write your report"}}]
  limit: {once_per: day}
"""
STARTED_TWICE = """\
{"specversion":"1.0","id":"a1","source":"hr","type":"trip.started","time":"2026-03-02T08:00:00+08:00","subject":"zhang","data":{"trip":"T-1"}}
{"specversion":"1.0","id":"a2","source":"hr","type":"trip.started","time":"2026-03-02T13:30:00+08:00","subject":"zhang","data":{"trip":"T-1"}}
{"specversion":"1.0","id":"a3","source":"hr","type":"trip.ended","time":"2026-03-04T18:00:00+08:00","subject":"zhang","data":{"trip":"T-1"}}
"""


def started_twice(*order: int) -> list[tuple[datetime, dict]]:
    """The three events, arriving when they happened, or in this order on the evening of the 3rd."""
    found = [json.loads(line) for line in STARTED_TWICE.splitlines()]
    late = at("2026-03-04 18:30")
    return [(late + timedelta(seconds=n), found[n_]) for n, n_ in enumerate(order)] or [
        (datetime.fromisoformat(one["time"]), one) for one in found
    ]


def test_a_trip_that_is_started_twice_ends_when_it_is_ended_and_nobody_is_reminded_after(story):
    story.rule(EVENING)
    found = story.findings(*started_twice(), start="2026-03-02 07:00", until="2026-03-06 20:00")
    assert [one.at for one in found] == [at("2026-03-02 19:00"), at("2026-03-03 19:00")]


def test_a_trip_that_is_started_twice_began_at_its_first_start(story):
    story.rule(
        """
        - id: counted
          kind: validation
          when: {event: order.won}
          if: {fact: metric.n, is: 2}
          then: [{mark: seen}]
          metrics: {n: {count: visit.completed, window: this trip}}
        """
    )
    visits = [an_event("visit.completed", f"2026-03-0{day} 10:00", customer="c") for day in (1, 2, 3)]
    first = [a_trip("2026-03-02 08:00"), a_trip("2026-03-03 13:30")]
    won = an_event("order.won", "2026-03-03 14:00", customer="c", amount=1)
    assert story.tell(*visits, *first, won, start="2026-03-01 07:00", until="2026-03-03 20:00") == ["14:00 mark seen"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_it_is_one_trip_in_the_database_and_in_ones_own_data_in_whatever_order_it_was_heard(lived, order):
    lived.rule(EVENING)
    lived.tell(*started_twice(*order), start="2026-03-02 07:00", until="2026-03-05 20:00")
    spans = lived.rows(select(StateRow.started_at, StateRow.ended_at).order_by(StateRow.started_at))
    end = at("2026-03-04 18:00")
    assert [tuple(row) for row in spans] == [(at("2026-03-02 08:00"), end), (at("2026-03-02 13:30"), end)]
    with reading(lived.deployment.engine) as connection:
        zhang, now = Viewer("zhang", "zhang", frozenset()), lived.deployment.clock.now()
        kept = holdings(connection, lived.deployment, zhang, lived.worker.current_directory, now)
        states = next(one for one in kept if one.name == "states")
        assert [(one["started_at"], one["ended_at"]) for one in states.records(0, 9)] == [(at("2026-03-02 08:00"), end)]


def test_an_upgrade_ends_the_trips_that_an_earlier_version_never_ended(a_deployment, database_url):
    deployment = a_deployment(database_url)
    rows = [("T-1", 1, None), ("T-1", 3, 9), ("T-2", 2, None), ("T-3", 9, 9), ("T-3", 4, None), ("T-4", 1, 5)]
    day = at("2026-03-02 00:00")
    with writing(deployment.engine) as connection:
        for key, start, end in rows:
            ended = None if end is None else day + timedelta(hours=end)
            began = day + timedelta(hours=start)
            one = {"subject": "zhang", "state": "person.on_trip", "key": key, "started_at": began, "ended_at": ended}
            connection.execute(insert(StateRow), one)
        connection.execute(text("UPDATE alembic_version_core SET version_num = '0006'"))
    migrate(deployment)
    with reading(deployment.engine) as connection:
        found = connection.execute(select(StateRow.key, StateRow.started_at, StateRow.ended_at).order_by(StateRow.id))
        hours = [(key, *(one and (one - day) / timedelta(hours=1) for one in when)) for key, *when in found]
    assert hours == [("T-1", 1, 9), ("T-1", 3, 9), ("T-2", 2, None), ("T-3", 9, 9), ("T-3", 4, 9), ("T-4", 1, 5)]


# -- random histories --------------------------------------------------------------------------------------------------
ASKED = """
- id: travelling
  kind: validation
  when: {event: visit.completed}
  if: {fact: person.on_trip, is: true}
  then: [{nudge: person, message: {zh: "{metric.trip_days_this_month}/{metric.n}", en: "{metric.trip_days_this_month}/{metric.n}"}}]
  metrics:
    n: {count: visit.completed, window: this trip}
"""
START = at("2026-03-02 00:00")
HOURS = 96
Boundary = tuple[int, str, str]
"""Hours after the start, ``trip.started`` or ``trip.ended``, and which trip."""
BOUNDARIES = st.lists(
    st.tuples(
        st.integers(0, HOURS), st.sampled_from(("trip.started", "trip.started", "trip.ended")), st.sampled_from("ab")
    ),
    max_size=12,
)
VISITS = st.lists(st.integers(0, HOURS), min_size=1, max_size=8, unique=True)
_examples = count()
QUIETLY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def naively(boundaries: Sequence[Boundary], visits: Sequence[int]) -> list[tuple[int, str]]:
    """The hours of visits on a trip, with the days on a trip and the visits of this trip: read hour by hour.

    Of a start and an end of one trip at one hour the end counts. The days are those of Beijing; the start is a midnight.
    """
    since: dict[str, int] = {}
    days: set[int] = set()
    found = []
    for hour in range(HOURS + 1):
        ending = {key for when, kind, key in boundaries if when == hour and kind == "trip.ended"}
        for when, kind, key in boundaries:
            if when == hour and kind == "trip.started" and key not in ending:
                since.setdefault(key, hour)
        was_on = bool(since)
        for key in ending:
            since.pop(key, None)
        if hour in visits and since:
            days.add(hour // 24)
            first = min(since.values()) // 24
            found.append((hour, f"{len(days)}/{sum(first * 24 <= one <= hour for one in visits)}"))
        if since or (was_on and hour % 24):
            days.add(hour // 24)
    return found


def payloads(number: str, boundaries: Sequence[Boundary], visits: Sequence[int], start: datetime) -> list[list[dict]]:
    """The starts and ends, and the visits: 20 minutes after their hour, so that no two kinds are at one moment."""
    told = [(hour, type_, {"trip": f"{number}{key}"}) for hour, type_, key in boundaries]
    made = [(hour, "visit.completed", {"customer": "c"}) for hour in visits]
    found: list[list[dict]] = []
    for part in (told, made):
        found.append([])
        for place, (hour, type_, data) in enumerate(part):
            moment = start + timedelta(hours=hour, minutes=20 if type_ == "visit.completed" else 0)
            one = {"id": f"{number}/{type_}/{place}", "source": "random", "type": type_, "subject": f"p{number}"}
            found[-1].append({**one, "time": moment.isoformat(), "data": data})
    return found


def expected(boundaries: Sequence[Boundary], visits: Sequence[int], start: datetime) -> list[tuple[datetime, str]]:
    return [(start + timedelta(hours=hour, minutes=20), said) for hour, said in naively(boundaries, visits)]


@pytest.fixture
def folder(tmp_path, a_deployment):
    story = Story(tmp_path / "client", "replay", a_deployment)
    story.rule(textwrap.dedent(ASKED))
    return story.folder


@given(boundaries=BOUNDARIES, visits=VISITS, luck=st.randoms(use_true_random=False))
@QUIETLY
def test_a_replay_is_on_a_trip_when_a_naive_reading_is(folder, boundaries, visits, luck):
    luck.shuffle(boundaries)  # of those at one moment any may come first
    deployment = Deployment.in_memory(read_bundle(folder), ManualClock(START))
    told, made = payloads("x", boundaries, visits, START)
    read = [read_event(one, deployment.catalogue, received=None) for one in (*told, *made)]
    found = replay(deployment, sorted(read, key=lambda event: event.time), START, START + timedelta(hours=HOURS + 1))
    assert [(one.at, one.message) for one in found] == expected(boundaries, visits, START)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_live_path_and_a_recount_are_on_a_trip_when_a_naive_reading_is_whatever_came_late(
    request, folder, a_deployment, kind
):
    lives = []
    for size in (1, 3, 2000):
        url = request.getfixturevalue("postgres_server")() if kind == "postgres" else None
        settings_ = {"engine": "closures", "batch_size": size, "speak_within_hours": 2 * HOURS}
        deployment = a_deployment(url, bundle=read_bundle(folder), clock=ManualClock(START), **settings_)
        lives.append((deployment, Worker(deployment)))

    @given(boundaries=BOUNDARIES, visits=VISITS, luck=st.randoms(use_true_random=False))
    @settings(QUIETLY, max_examples=20 if kind == "sqlite" else 8)
    def compare(boundaries, visits, luck):
        number = f"{kind}{next(_examples)}"
        told, made = payloads(number, boundaries, sorted(visits), START)
        luck.shuffle(told)
        for deployment, worker in lives:
            deployment.clock.set(START + timedelta(hours=HOURS + 1))
            for part in (told[: len(told) // 2], told[len(told) // 2 :], made):
                if part:
                    assert {one.status for one in receive(deployment, part)} == {"accepted"}
                    worker.step()
            found = said(deployment, f"p{number}")
            assert found == expected(boundaries, visits, START)
            for moment in (START + timedelta(hours=hour, minutes=20) for hour in visits):
                assert recounted(deployment, worker, f"p{number}", moment) == (moment in dict(found))

    compare()


def said(deployment: Deployment, person: str) -> list[tuple[datetime, str]]:
    table = FindingRow.__table__
    query = select(table.c.at, table.c.message).where(table.c.subject == person, table.c.state == "live")
    with reading(deployment.engine) as connection:
        return [tuple(row) for row in connection.execute(query.order_by(table.c.at))]


def recounted(deployment: Deployment, worker: Worker, person: str, moment: datetime) -> bool:
    """Whether the person was on a trip: as the stored spans say, and, the same, as all that came in says."""
    watch = worker.current_flow.watchlist.watches[0]
    with reading(deployment.engine) as connection:
        past = Past(deployment, connection, worker.current_directory)
        stored, heard = (
            past.facts(watch, Point(person, moment), known_by=known) for known in (None, deployment.clock.now())
        )
    assert {**stored, "event.customer": ""} == {**heard, "event.customer": ""}
    return stored["person.on_trip"]
