"""A rule speaks as often as it says, and never twice for one period."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tideng.facts.frequency import (
    Said,
    looks_back,
    may_speak,
    period_of,
)
from tideng.model.judge_contract import Limit

DAY = date(2026, 3, 5)
NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def said(day: date, period: str) -> Said:
    return Said(datetime.combine(day, time(12), UTC), day, period)


def allowed(limit: Limit, day: date, period: str, spoken) -> bool:
    return may_speak(limit, datetime.combine(day, time(12), UTC), day, period, spoken)


def test_a_period_is_named_after_the_day_week_month_or_the_event_itself():
    names = [period_of(Limit(once), DAY, "feed/e1") for once in ("occurrence", "day", "week", "month", "3 days")]
    assert names == ["feed/e1", "2026-03-05", "2026-W10", "2026-03", "2026-03-05"]


def test_the_last_days_of_december_belong_to_the_first_week_of_january():
    assert period_of(Limit("week"), date(2025, 12, 30), "x") == "2026-W01"


def test_once_per_three_days_lets_two_days_pass():
    spoken = {said(DAY, DAY.isoformat())}
    assert [allowed(Limit("3 days"), DAY + timedelta(days=n), str(n), spoken) for n in range(5)] == [
        False, False, False, True, True,
    ]  # fmt: skip


def test_at_most_two_per_week_counts_from_monday():
    limit = Limit("occurrence", at_most=2)
    spoken = {said(date(2026, 3, 1), "sunday"), said(date(2026, 3, 2), "monday"), said(date(2026, 3, 4), "wednesday")}
    assert not allowed(limit, DAY, "thursday", spoken)
    assert allowed(limit, date(2026, 3, 9), "next monday", spoken)


def test_at_most_counts_in_the_day_or_the_month_that_it_names():
    spoken = {said(date(2026, 3, 1), "a"), said(DAY, "b")}
    assert not allowed(Limit("occurrence", 1, "day"), DAY, "c", spoken)
    assert allowed(Limit("occurrence", 1, "day"), DAY + timedelta(days=1), "c", spoken)
    assert not allowed(Limit("occurrence", 2, "month"), date(2026, 3, 31), "c", spoken)
    assert allowed(Limit("occurrence", 2, "month"), date(2026, 4, 1), "c", spoken)


def test_sixty_minutes_have_passed_when_the_last_time_lies_exactly_that_far_back():
    limit, spoken = Limit("60 minutes"), {Said(NOON, DAY, "e0")}
    late = [may_speak(limit, NOON + timedelta(minutes=n), DAY, f"e{n}", spoken) for n in (59, 60)]
    assert late == [False, True]
    assert not may_speak(Limit("2 hours"), NOON + timedelta(minutes=119), DAY, "e", spoken)


def test_a_limit_by_a_field_is_kept_for_each_value_apart():
    limit = Limit("60 minutes", by="customer")
    first, other = ({"event.customer": name} for name in ("a", "b"))
    spoken = {Said(NOON, DAY, period_of(limit, DAY, "e0", first))}
    soon = NOON + timedelta(minutes=5)
    assert not may_speak(limit, soon, DAY, period_of(limit, DAY, "e1", first), spoken)
    assert may_speak(limit, soon, DAY, period_of(limit, DAY, "e1", other), spoken)


def test_values_are_told_apart_however_long_they_are_and_whatever_they_hold():
    limit = Limit("occurrence", by="customer")
    values = ["x" * 300, "x" * 299, "a|by|b", "b", "", "0"]
    periods = [period_of(limit, DAY, "o" * 200, {"event.customer": value}) for value in values]
    assert len(set(periods)) == len(values)
    assert max(map(len, periods)) <= 240
    for one, other in itertools.permutations(periods, 2):
        assert may_speak(limit, NOON, DAY, one, {Said(NOON, DAY, other)})


def test_an_edit_of_the_limit_is_no_leave_to_speak_again():
    by = Limit("day", by="customer")
    with_value = period_of(by, DAY, "e", {"event.customer": "a"})
    assert not allowed(by, DAY, with_value, {said(DAY, DAY.isoformat())})
    assert not allowed(Limit("day"), DAY, DAY.isoformat(), {said(DAY, with_value)})
    assert not allowed(Limit("week"), DAY, "2026-W10", {said(DAY - timedelta(days=1), "2026-03-04")})


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 10), st.integers(1, 4))
def test_no_history_of_attempts_gets_past_a_limit(attempts, apart, at_most):
    limit, spoken = Limit(f"{apart} days", at_most), set()
    for number, offset in enumerate(sorted(attempts)):
        day = DAY + timedelta(days=offset)
        period = period_of(limit, day, f"e{number}")
        if allowed(limit, day, period, spoken):
            spoken.add(said(day, period))
    days = sorted(one.day for one in spoken)
    assert all((later - earlier).days >= apart for earlier, later in itertools.pairwise(days))
    for day in days:
        monday = day - timedelta(days=day.weekday())
        assert sum(monday <= other < monday + timedelta(days=7) for other in days) <= at_most
    assert looks_back(limit) >= max(apart, 7)


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(1, 120))
def test_once_per_n_minutes_speaks_exactly_where_the_last_time_lies_as_far_back(attempts, minutes):
    limit, spoken, last = Limit(f"{minutes} minutes"), set(), None
    for number, offset in enumerate(sorted(attempts)):
        at = NOON + timedelta(minutes=offset)
        period = period_of(limit, at.date(), f"e{number}")
        speaks = may_speak(limit, at, at.date(), period, spoken)
        assert speaks == (last is None or at - last >= timedelta(minutes=minutes))
        if speaks:
            spoken.add(Said(at, at.date(), period))
            last = at
    assert looks_back(limit) >= 1
