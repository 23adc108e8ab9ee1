"""Metrics add up whatever order events are heard in, and say "no data" where there is none."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideng.model.metrics import (
    FUNCTIONS,
    Book,
    Metric,
    Series,
    window_days,
)

TODAY = date(2026, 3, 5)  # a Thursday
AMOUNTS = Series("order.won", "amount")
CUSTOMERS = Series("order.won", "customer", distinct=True)


def a_book(orders):
    book = Book()
    for day, amount, customer in orders:
        at = datetime(day.year, day.month, day.day, 10, tzinfo=UTC) + timedelta(seconds=hash((amount, customer)) % 3600)
        data = {"amount": amount, "customer": customer}
        for series in (AMOUNTS, CUSTOMERS):
            book.add("p1", series, day, data, {}, at)
    return book


def ask(book, function, window, series=AMOUNTS):
    return book.value("p1", Metric("m", function, series, window), TODAY)


def test_a_sum_over_this_week_starts_on_monday():
    book = a_book([(date(2026, 3, 1), 100, "a"), (date(2026, 3, 2), 10, "a"), (TODAY, 5, "b")])
    assert ask(book, "sum", "this week") == 15


def test_last_seven_days_are_today_and_the_six_before():
    book = a_book([(TODAY - timedelta(days=n), 1, "a") for n in range(10)])
    assert ask(book, "count", "last 7 days") == 7


def test_over_nothing_count_sum_and_distinct_are_zero_and_the_others_are_missing():
    answers = {function: ask(Book(), function, "today") for function in FUNCTIONS}
    assert answers == {"count": 0, "sum": 0, "distinct": 0, "average": None, "min": None, "max": None, "last": None}


def test_distinct_counts_a_customer_once_over_all_days():
    book = a_book([(TODAY, 1, "a"), (TODAY - timedelta(days=1), 1, "a"), (TODAY, 1, "b")])
    assert ask(book, "distinct", "this week", CUSTOMERS) == 2


def test_a_window_that_begins_with_a_state_is_missing_while_the_state_does_not_hold():
    metric = Metric("m", "count", AMOUNTS, "this project", since_state="person.on_project")
    assert metric.days(TODAY) is None
    assert metric.days(TODAY, date(2026, 3, 3)) == (date(2026, 3, 3), TODAY)
    assert Book().value("p1", metric, TODAY) is None


def test_length_counts_characters_without_the_white_space_around():
    book = Book()
    book.add("p1", Series("report.submitted", "needs.length"), TODAY, {"needs": "  四个字呀 \n"}, {}, datetime.now(UTC))
    assert ask(book, "max", "today", Series("report.submitted", "needs.length")) == 4


def test_an_event_whose_condition_does_not_hold_is_not_counted():
    series = Series("order.won", "", "big", where=lambda facts: facts["event.amount"] > 100)
    book = Book()
    for amount in (50, 150):
        book.add("p1", series, TODAY, {"amount": amount}, {"event.amount": amount}, datetime.now(UTC))
    assert ask(book, "count", "today", series) == 1


ORDERS = st.tuples(
    st.integers(0, 12).map(lambda n: TODAY - timedelta(days=n)), st.integers(-50, 50), st.sampled_from("abcd")
)


@given(st.lists(ORDERS, max_size=12).flatmap(lambda orders: st.tuples(st.just(orders), st.permutations(orders))))
def test_the_order_in_which_events_arrive_makes_no_difference(both):
    orders, shuffled = both
    for window in ("today", "this week", "this month", "last 9 days"):
        for function in ("count", "sum", "average", "min", "max"):
            assert ask(a_book(orders), function, window) == ask(a_book(shuffled), function, window)
        assert ask(a_book(orders), "distinct", window, CUSTOMERS) == ask(
            a_book(shuffled), "distinct", window, CUSTOMERS
        )


@pytest.mark.parametrize("window", ["yesterday", "last days", "last 7 weeks"])
def test_an_unknown_window_is_an_error_and_not_silence(window):
    with pytest.raises(ValueError, match="window"):
        window_days(window, TODAY)
