"""Every function of a metric over every window, with and without `where`: counted here in another, slower way."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest
from replayed import Client, event
from story import BEIJING, at

FUNCTIONS = ("count", "sum", "average", "min", "max", "last", "distinct")
WINDOWS = ("today", "this week", "this month", "last 1 day", "last 7 days", "last 30 days", "this trip")
WHERE = {"": "", "where": ", where: {fact: event.currency, is: CNY}"}
CLIENT = "client: Small\nlocale: en\nevent_types: {probe.taken: {fields: {n: integer}}}\n"


def rules() -> str:
    """One rule per function, window and `where`; each marks, and its `why` tells the metric's value."""
    texts = []
    for function in FUNCTIONS:
        for number, window in enumerate(WINDOWS):
            for name, where in WHERE.items():
                over = "order.won" if function == "count" else "order.won/amount"
                texts.append(
                    f"- {{id: {function}-{number}{name}, kind: validation, when: {{event: probe.taken}}, "
                    f"if: {{any: [{{fact: metric.m, exists: true}}, {{fact: metric.m, exists: false}}]}}, "
                    f"then: [{{mark: seen}}], metrics: {{m: {{{function}: {over}, window: {window}{where}}}}}}}"
                )
    return "\n".join(texts)


def expected(function: str, window: str, where: str, orders: list[dict], moment: datetime, trip: datetime | None):
    today = moment.astimezone(BEIJING).date()
    first = _first(window, today, trip)
    if first is None:
        return None
    chosen = [
        one
        for one in orders
        if at(one["time"]) <= moment
        and first <= at(one["time"]).astimezone(BEIJING).date() <= today
        and (not where or one["data"].get("currency") == "CNY")
        and (function == "count" or "amount" in one["data"])
    ]
    values = [one["data"].get("amount") for one in chosen]
    if function == "count":
        return len(chosen)
    if function == "sum":
        return sum(values)
    if function == "distinct":
        return len(set(values))
    if not values:
        return None
    if function == "average":
        return sum(values) / len(values)
    return {
        "min": min(values),
        "max": max(values),
        "last": max(chosen, key=lambda one: at(one["time"]))["data"]["amount"],
    }[function]


def _first(window: str, today: date, trip: datetime | None) -> date | None:
    if window == "this trip":
        return trip.astimezone(BEIJING).date() if trip else None
    if window == "this week":
        return today - timedelta(days=today.isoweekday() - 1)
    if window == "this month":
        return date(today.year, today.month, 1)
    days = 1 if window == "today" else int(window.split()[1])
    return today - timedelta(days=days - 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_function_over_every_window_with_and_without_where(tmp_path, seed):
    dice = random.Random(seed)
    start = at("2026-02-20 00:00")
    orders, probes = [], []
    for number in range(60):
        moment = start + timedelta(minutes=dice.randrange(0, 24 * 60 * 20))
        data = {"customer": "c", "currency": dice.choice(["CNY", "USD"])}
        if dice.random() < 0.9:
            data["amount"] = dice.choice([0, 1, 2, 10, 2.5, 100])
        orders.append(event("order.won", moment.isoformat(), id=f"o{number}", **data))
    # at midnight and a second before it, where windows begin and end
    orders += [
        event("order.won", f"2026-03-0{n} 00:00:00", id=f"m{n}", customer="c", amount=7, currency="CNY") for n in (1, 2)
    ]
    orders += [
        event("order.won", f"2026-03-0{n} 23:59:59", id=f"n{n}", customer="c", amount=8, currency="CNY") for n in (1, 2)
    ]
    moments = ["2026-02-20 00:00:00", "2026-03-01 00:00:00", "2026-03-01 23:59:59", "2026-03-02 00:00:00", "2026-03-04 12:00", "2026-03-11 09:00"]  # fmt: skip
    probes = [event("probe.taken", moment, n=number) for number, moment in enumerate(moments)]
    trip = at("2026-03-03 08:00")
    everything = [*orders, *probes, event("trip.started", trip.isoformat(), trip="t")]
    dice.shuffle(everything)
    client = Client(tmp_path / "client", CLIENT)
    client.write("rates.csv", "date,currency,rate\n2026-01-01,USD,1\n")
    found = client.replay(rules(), everything, "2026-02-20 00:00", "2026-03-12 00:00")
    assert len(found) == len(FUNCTIONS) * len(WINDOWS) * len(WHERE) * len(probes)
    wrong = []
    for one in found:
        function, _, rest = one["rule"].partition("-")
        moment = at(one["at"])
        wanted = expected(function, WINDOWS[int(rest[0])], rest[1:], orders, moment, trip if moment >= trip else None)
        got = one["why"][0]["value"]
        if got != (pytest.approx(wanted) if wanted is not None else None):
            wrong.append((one["rule"], WINDOWS[int(rest[0])], one["at"], got, wanted))
    assert wrong == []


def test_over_nothing_a_count_a_sum_and_a_distinct_are_zero_and_the_others_are_missing(tmp_path):
    probe = [event("probe.taken", "2026-03-02 10:00", n=1)]
    found = Client(tmp_path / "client", CLIENT).replay(rules(), probe, "2026-03-02 00:00", "2026-03-03 00:00")
    values = {
        function: {one["why"][0]["value"] for one in found if one["rule"].startswith(f"{function}-")}
        for function in FUNCTIONS
    }
    assert {function: values[function] - {None} for function in FUNCTIONS} == {
        function: {0} if function in ("count", "sum", "distinct") else set() for function in FUNCTIONS
    }


def test_what_happens_at_the_very_moment_of_judging_counts_in_whatever_order_it_is_written(tmp_path):
    rule = """
id: r
kind: validation
when: {event: visit.completed}
if: {fact: metric.m, gte: 2}
then: [{mark: seen}]
metrics: {m: {count: visit.completed, window: today}}
"""
    visits = [event("visit.completed", "2026-03-02 10:00", id=f"v{n}", customer="c") for n in range(2)]
    found = Client(tmp_path / "client").replay(rule, visits, "2026-03-02 00:00", "2026-03-03 00:00")
    assert len(found) == 2


def test_a_metric_is_the_subjects_own(tmp_path):
    rule = """
id: r
kind: validation
when: {event: report.submitted}
if: {fact: metric.m, is: 0}
then: [{mark: seen}]
metrics: {m: {count: visit.completed, window: today}}
"""
    events = [
        event("visit.completed", "2026-03-02 10:00", "li", customer="c"),
        event("report.submitted", "2026-03-02 11:00"),
    ]
    assert Client(tmp_path / "client").replay(rule, events, "2026-03-02 00:00", "2026-03-03 00:00")


def test_today_is_the_day_where_the_person_is(tmp_path):
    rule = """
id: r
kind: reminder
when: {every: day, at: "20:00"}
if: {fact: metric.m, is: 1}
then: [{mark: seen}]
metrics: {m: {count: visit.completed, window: today}}
"""
    client = Client(tmp_path / "client").people(
        "jun,He Jun,sales,rep,,Australia/Sydney", "zhang,Zhang,sales,rep,,Asia/Shanghai"
    )
    # 22:30 in Beijing on the 1st is 01:30 on the 2nd in Sydney
    visits = [event("visit.completed", "2026-03-01 22:30", who, customer="c") for who in ("jun", "zhang")]
    found = client.replay(rule, visits, "2026-03-02 00:00", "2026-03-02 23:00")
    assert [one["subject"] for one in found] == ["jun"]


def test_a_case_counts_what_happened_in_it_whoever_did_it(tmp_path):
    rule = """
id: r
kind: validation
about: case
when: {event: node.asked}
if: {fact: metric.m, gte: 2}
then: [{mark: seen}]
metrics: {m: {count: node.asked, window: last 30 days}}
"""
    client = Client(
        tmp_path / "client", "client: S\nevent_types: {node.asked: {fields: {case: {type: text, key: true}}}}\n"
    )
    events = [
        event("node.asked", f"2026-03-0{n} 10:00", who, case=case)
        for n, who, case in ((1, "li", "k1"), (2, "zhang", "k1"), (3, "zhang", "k2"))
    ]
    found = client.replay(rule, events, "2026-03-01 00:00", "2026-03-05 00:00")
    assert [(one["subject"], one["at"][8:10]) for one in found] == [("k1", "02")]


def test_this_trip_is_the_one_that_ends_at_the_moment_of_judging(tmp_path):
    rule = """
id: r
kind: validation
when: {event: trip.ended}
if: {fact: metric.m, is: 1}
then: [{mark: seen}]
metrics: {m: {count: visit.completed, window: this trip}}
"""
    trip = [event("trip.started", "2026-03-02 08:00", trip="t"), event("trip.ended", "2026-03-03 10:00", trip="t")]
    visits = [event("visit.completed", f"2026-03-0{day} 09:00", customer="c") for day in (1, 2)]
    assert Client(tmp_path / "client").replay(rule, [*trip, *visits], "2026-03-01 00:00", "2026-03-05 00:00")
