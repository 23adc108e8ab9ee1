"""A rule speaks as often as it says, and never twice for one period."""

import itertools
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tideng.judging import Limit
from tideng.limits import looks_back, may_speak, period_of

DAY = date(2026, 3, 5)


def test_a_period_is_named_after_the_day_week_month_or_the_event_itself():
    names = [period_of(Limit(once), DAY, "feed/e1") for once in ("occurrence", "day", "week", "month", "3 days")]
    assert names == ["feed/e1", "2026-03-05", "2026-W10", "2026-03", "2026-03-05"]


def test_the_last_days_of_december_belong_to_the_first_week_of_january():
    assert period_of(Limit("week"), date(2025, 12, 30), "x") == "2026-W01"


def test_once_per_three_days_lets_two_days_pass():
    spoken = {(DAY, DAY.isoformat())}
    allowed = [may_speak(Limit("3 days"), DAY + timedelta(days=n), str(n), spoken) for n in range(5)]
    assert allowed == [False, False, False, True, True]


def test_at_most_two_per_week_counts_from_monday():
    limit = Limit("occurrence", at_most=2)
    spoken = {(date(2026, 3, 1), "sunday"), (date(2026, 3, 2), "monday"), (date(2026, 3, 4), "wednesday")}
    assert not may_speak(limit, DAY, "thursday", spoken)
    assert may_speak(limit, date(2026, 3, 9), "next monday", spoken)


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 10), st.integers(1, 4))
def test_no_history_of_attempts_gets_past_a_limit(attempts, apart, at_most):
    limit, spoken = Limit(f"{apart} days", at_most), set()
    for number, offset in enumerate(sorted(attempts)):
        day = DAY + timedelta(days=offset)
        period = period_of(limit, day, f"e{number}")
        if may_speak(limit, day, period, spoken):
            spoken.add((day, period))
    days = sorted(day for day, _ in spoken)
    assert all((later - earlier).days >= apart for earlier, later in itertools.pairwise(days))
    for day in days:
        monday = day - timedelta(days=day.weekday())
        assert sum(monday <= other < monday + timedelta(days=7) for other in days) <= at_most
    assert looks_back(limit) == apart
