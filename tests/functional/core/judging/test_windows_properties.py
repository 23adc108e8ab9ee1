"""Laws of windows and limits, for random events: they speak where a naive reading says so, and the live path finds what a
replay finds, whatever number of events it judges at once."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from story import Story, at

from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.intake.reader import read_event
from tideng.replay.run import replay
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.events import receive
from tideng.store.tables import FindingRow

START = at("2026-03-02 08:00")
LIMIT, WINDOW, WAIT, SET = 17, 25, 12, 20
"""Minutes; no two alike, so that no rule hides behind another."""
RULES = f"""
- id: limited
  kind: validation
  when: {{event: visit.completed}}
  then: [{{mark: seen}}]
  limit: {{once_per: {LIMIT} minutes, by: customer}}
- id: gathered
  kind: validation
  when: {{event: visit.completed}}
  if: {{fact: metric.n, gte: 3}}
  then: [{{mark: seen}}]
  metrics: {{n: {{count: visit.completed, window: last {WINDOW} minutes, where: {{fact: event.customer, is_not: c}}}}}}
- id: waited
  kind: validation
  when: {{event: visit.completed, wait: {WAIT} minutes}}
  then: [{{nudge: person, message: {{zh: "{{event.customer}}", en: "{{event.customer}}"}}}}]
- id: waited-by-customer
  kind: validation
  when: {{event: visit.completed, wait: {WAIT} minutes, match: customer, where: {{fact: event.customer, is_not: c}}}}
  then: [{{mark: seen}}]
- id: incomplete
  kind: escalation
  when: {{not_all: [need.raised, need.answered, visit.completed], within: {SET} minutes, match: subject}}
  then: [{{mark: seen}}]
- id: seldom
  kind: escalation
  when: {{not_all: [need.raised, need.answered], within: {SET} minutes, match: subject}}
  then: [{{mark: seen}}]
  limit: {{once_per: 1 hour, at_most: 3 per day}}
"""
TYPES = ("visit.completed", "need.raised", "need.answered")
HAPPENED = st.lists(st.tuples(st.integers(0, 120), st.sampled_from(TYPES), st.sampled_from("abc")), max_size=25)
_examples = count()


def payloads(happened: Sequence[tuple[int, str, str]], start: datetime, tag: str) -> list[dict]:
    """Events of one person, in the order of time; no two at one moment."""
    found = []
    for number, (minute, type_, name) in enumerate(sorted(happened, key=lambda one: one[0])):
        moment = start + timedelta(minutes=minute, seconds=number)
        data = {"customer": name} if type_ == "visit.completed" else {"need": f"{tag}{name}"}
        found.append(
            {
                "id": f"{tag}/{number}",
                "source": "random",
                "type": type_,
                "time": moment.isoformat(),
                "subject": f"person {tag}",
                "data": data,
            }
        )
    return found


def replayed(folder, events: Sequence[dict], start: datetime) -> list[tuple]:
    deployment = Deployment.in_memory(read_bundle(folder), ManualClock(start))
    read = [read_event(payload, deployment.catalogue, received=None) for payload in events]
    found = replay(deployment, read, start, start + timedelta(hours=12))
    return sorted((one.rule, one.subject, one.period, one.at, one.message) for one in found)


def lived(deployment: Deployment, worker: Worker, events: Sequence[dict], start: datetime) -> list[tuple]:
    deployment.clock.set(start)  # type: ignore[attr-defined]
    refused = [one for one in receive(deployment, events) if one.status != "accepted"]
    assert not refused
    deployment.clock.set(start + timedelta(hours=12))  # type: ignore[attr-defined]
    worker.step()
    table = FindingRow.__table__
    columns = (table.c.rule, table.c.subject, table.c.period, table.c.at, table.c.message)
    with reading(deployment.engine) as connection:
        rows = connection.execute(select(*columns).where(table.c.state == "live", table.c.at >= start))
        return sorted(tuple(row) for row in rows)


@pytest.fixture
def folder(tmp_path, a_deployment):
    story = Story(tmp_path / "client", "replay", a_deployment)
    story.rule(textwrap.dedent(RULES))
    return story.folder


QUIETLY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(happened=HAPPENED)
@QUIETLY
def test_a_replay_says_what_a_naive_reading_says(folder, happened):
    events = payloads(happened, START, "x")
    found = replayed(folder, events, START)
    said = {rule: [at for name, *_, at, _message in found if name == rule] for rule in NAIVELY}
    times = [(datetime.fromisoformat(one["time"]), one["type"], one["data"].get("customer", "")) for one in events]
    for rule, naive in NAIVELY.items():
        assert sorted(said[rule]) == sorted(naive(times)), rule


def _limited(events):
    last: dict[str, datetime] = {}
    for moment, type_, customer in events:
        if type_ == "visit.completed" and (customer not in last or moment - last[customer] >= timedelta(minutes=LIMIT)):
            last[customer] = moment
            yield moment


def _gathered(events):
    for moment, type_, _ in events:
        near = [
            one
            for one, other, customer in events
            if other == "visit.completed" and customer != "c" and moment - timedelta(minutes=WINDOW) < one <= moment
        ]
        if type_ == "visit.completed" and len(near) >= 3:
            yield moment


def _waited(events, wanted=lambda customer: True, by_customer=False):
    until: dict[str, datetime] = {}
    for moment, type_, customer in events:
        if type_ == "visit.completed" and wanted(customer):
            key = customer if by_customer else ""
            if key not in until or moment > until[key]:
                until[key] = moment + timedelta(minutes=WAIT)
                yield until[key]


def _incomplete(events, types=TYPES):
    opened, came = None, set()
    for moment, type_, _ in [*events, (START + timedelta(days=1), types[0], "")]:
        if type_ not in types:
            continue
        if opened is not None and moment > opened + timedelta(minutes=SET):
            yield opened + timedelta(minutes=SET)
            opened = None
        if opened is None:
            opened, came = moment, set()
        came.add(type_)
        if came == set(types):
            opened = None


def _seldom(events):
    said: list[datetime] = []
    for moment in _incomplete(events, TYPES[1:]):
        if len(said) < 3 and all(moment - one >= timedelta(hours=1) for one in said):
            said.append(moment)
    return said


NAIVELY = {
    "limited": _limited,
    "gathered": _gathered,
    "waited": _waited,
    "waited-by-customer": lambda events: _waited(events, lambda customer: customer != "c", by_customer=True),
    "incomplete": _incomplete,
    "seldom": _seldom,
}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_live_path_finds_what_a_replay_finds_in_batches_of_any_size(request, tmp_path, folder, a_deployment, kind):
    lives = []
    for size in (1, 3, 2000):
        url = request.getfixturevalue("postgres_server")() if kind == "postgres" else None
        deployment = a_deployment(
            url, bundle=read_bundle(folder), clock=ManualClock(START), engine="closures", batch_size=size
        )
        lives.append((deployment, Worker(deployment)))

    @given(happened=HAPPENED)
    @settings(QUIETLY, max_examples=15 if kind == "sqlite" else 6)
    def compare(happened):
        number = next(_examples)
        start = START + timedelta(days=number)
        events = payloads(happened, start, f"{kind}{number}")
        for event in events:  # customers of one day are not those of another
            if "customer" in event["data"]:
                event["data"]["customer"] += "" if event["data"]["customer"] == "c" else f" {number}"
        expected = replayed(folder, events, start)
        for deployment, worker in lives:
            assert lived(deployment, worker, events, start) == expected

    compare()


WINDOWS = {"waited", "waited-by-customer", "incomplete", "seldom"}


def test_in_whatever_order_they_are_heard_the_same_windows_follow(folder, a_deployment):
    lives = []
    for size in (1, 4, 2000):
        deployment = a_deployment(
            bundle=read_bundle(folder), clock=ManualClock(START), engine="closures", batch_size=size
        )
        lives.append((deployment, Worker(deployment)))

    @given(happened=HAPPENED, luck=st.randoms(use_true_random=False), coarse=st.booleans())
    @settings(QUIETLY, max_examples=25)
    def compare(happened, luck, coarse):
        number = next(_examples)
        start = START + timedelta(days=number)
        events = payloads(happened, start, f"shuffled{number}")
        for event in events:
            if coarse:  # many at one moment
                moment = datetime.fromisoformat(event["time"])
                event["time"] = moment.replace(minute=moment.minute // 6 * 6, second=0).isoformat()
            if "customer" in event["data"]:
                event["data"]["customer"] += "" if event["data"]["customer"] == "c" else f" {number}"
        events.sort(key=lambda event: event["time"])
        expected = [one for one in replayed(folder, events, start) if one[0] in WINDOWS]
        luck.shuffle(events)
        for deployment, worker in lives:
            assert [one for one in lived(deployment, worker, events, start) if one[0] in WINDOWS] == expected

    compare()
