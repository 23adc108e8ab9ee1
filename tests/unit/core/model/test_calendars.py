"""Working days, deadlines, and local times on the days when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideng.base.durations import Duration
from tideng.base.errors import Refused
from tideng.model.calendars import WorkCalendar, local_moment

SHANGHAI, SYDNEY, BERLIN, APIA = map(ZoneInfo, ("Asia/Shanghai", "Australia/Sydney", "Europe/Berlin", "Pacific/Apia"))
CHINA = WorkCalendar("CN")
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 1))
MOMENTS = st.datetimes(datetime(2024, 1, 2), datetime(2026, 11, 1), timezones=st.just(UTC))
ZONES = st.sampled_from([SHANGHAI, SYDNEY, BERLIN])


def deadline(start: str, within: str, zone=SHANGHAI, working=False, calendar=CHINA) -> str:
    local = datetime.fromisoformat(start).replace(tzinfo=zone)
    return (
        calendar.deadline(local, Duration.parse(within), zone, working).astimezone(zone).isoformat(" ", "minutes")[:16]
    )


def test_a_make_up_saturday_is_a_working_day():
    assert CHINA.is_workday(date(2026, 2, 14))
    assert not CHINA.is_workday(date(2026, 2, 7))


def test_spring_festival_and_national_day_are_free():
    assert not any(CHINA.is_workday(date(2026, 2, day)) for day in range(15, 24))
    assert not any(CHINA.is_workday(date(2025, 10, day)) for day in range(1, 9))
    assert CHINA.is_workday(date(2026, 2, 24))


def test_a_year_without_a_decree_says_so_and_falls_back_on_weekends():
    unpublished = next(year for year in range(2026, 2100) if not CHINA.published(year))
    assert CHINA.published(2026)
    assert str(unpublished) in CHINA.notice(unpublished)["zh"]
    assert CHINA.notice(2026) is None
    july = [date(unpublished, 7, day) for day in range(1, 32)]
    assert [day for day in july if CHINA.is_workday(day)] == [day for day in july if day.weekday() < 5]


def test_a_country_that_fixes_its_holidays_by_law_is_published_for_years_ahead():
    assert WorkCalendar("AU-NSW").published(2030)


def test_the_first_year_and_the_last_year_do_not_break_the_calendar():
    assert not CHINA.published(1900)
    assert not CHINA.published(9999)
    assert CHINA.is_workday(date(9999, 12, 31))
    assert CHINA.is_workday(date(1, 1, 1))


@pytest.mark.parametrize("country", ["XX", "CN-NOWHERE", "", "中国"])
def test_an_unknown_country_is_refused_with_a_way_out(country):
    with pytest.raises(Refused, match="ISO 3166"):
        WorkCalendar(country)


@given(DAYS, st.integers(1, 40))
def test_adding_working_days_passes_exactly_that_many(day, n):
    end = CHINA.add_workdays(day, n)
    passed = [day + timedelta(days=i + 1) for i in range((end - day).days)]
    assert CHINA.is_workday(end)
    assert sum(map(CHINA.is_workday, passed)) == n


@given(DAYS, st.integers(1, 40))
def test_going_back_returns_to_a_working_day_one_started_from(day, n):
    start = CHINA.add_workdays(day, 1)
    assert CHINA.add_workdays(CHINA.add_workdays(start, n), -n) == start


def test_24_hours_across_a_holiday_elapsed_and_working():
    eve = "2026-02-14 17:00"  # the make-up Saturday before nine free days
    assert deadline(eve, "24 hours") == "2026-02-15 17:00"
    assert deadline(eve, "24 hours", working=True) == "2026-02-24 17:00"


def test_the_working_clock_stands_still_on_a_weekend():
    assert deadline("2026-03-06 15:00", "24 hours", working=True) == "2026-03-09 15:00"
    assert deadline("2026-03-07 15:00", "24 hours", working=True) == "2026-03-10 00:00"
    assert deadline("2026-03-06 23:30", "30 minutes", working=True) == "2026-03-07 00:00"


def test_two_workdays_are_the_same_local_time_two_working_days_later():
    assert deadline("2026-03-05 15:20", "2 workdays") == "2026-03-09 15:20"
    assert deadline("2026-02-13 09:00", "2 workdays") == "2026-02-24 09:00"
    assert deadline("2026-04-02 09:00", "2 workdays", SYDNEY, calendar=WorkCalendar("AU")) == "2026-04-08 09:00"


def test_seven_elapsed_days_are_168_hours_even_when_clocks_change():
    assert deadline("2026-03-28 12:00", "7 days", BERLIN) == "2026-04-04 13:00"


def test_a_working_day_on_which_clocks_change_has_23_or_25_hours():
    jerusalem = ZoneInfo("Asia/Jerusalem")  # clocks there go forward on a Friday, a working day in China
    assert deadline("2026-03-27 00:00", "23 hours", jerusalem, working=True) == "2026-03-28 00:00"
    assert (
        deadline("2026-03-27 12:00", "24 hours", BERLIN, working=True) == "2026-03-30 12:00"
    )  # Sunday's does not count


@given(MOMENTS, st.integers(1, 400), ZONES)
def test_the_working_deadline_is_never_before_the_elapsed_one_and_counts_only_working_time(start, hours, zone):
    within = Duration(hours, "hours")
    end = CHINA.deadline(start, within, zone, True)
    assert end >= CHINA.deadline(start, within, zone, False)
    worked, moment = timedelta(), start
    while moment < end:  # an independent count in steps of a quarter of an hour, exact because every zone here is
        step = min(
            end,
            moment
            + timedelta(minutes=15)
            - timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond),
        )
        if CHINA.is_workday(moment.astimezone(zone).date()):
            worked += step - moment
        moment = step
    assert worked == within.elapsed


@given(MOMENTS, st.integers(1, 30), ZONES, st.booleans(), st.sampled_from(["hours", "days"]))
def test_starting_later_never_ends_earlier(start, amount, zone, working, unit):
    within = Duration(amount, unit)
    first, second = (
        CHINA.deadline(start + later, within, zone, working) for later in (timedelta(), timedelta(minutes=7))
    )
    assert first <= second


def test_a_local_time_that_does_not_exist_is_shifted_forward():
    assert local_moment(date(2026, 3, 29), time(2, 30), BERLIN).astimezone(BERLIN).time() == time(3, 30)
    assert local_moment(date(2011, 12, 30), time(19), APIA).astimezone(APIA).date() == date(2011, 12, 31)


def test_of_a_local_time_that_occurs_twice_the_first_is_meant():
    assert local_moment(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert local_moment(date(2026, 4, 5), time(2, 30, fold=1), SYDNEY) == datetime(2026, 4, 4, 15, 30, tzinfo=UTC)


@given(DAYS, st.times(), st.times(), ZONES)
def test_a_later_local_time_is_never_an_earlier_moment_by_more_than_the_skip(day, one, other, zone):
    earlier, later = sorted((one, other))
    assert local_moment(day, later, zone) >= local_moment(day, earlier, zone) - timedelta(hours=1)
    assert local_moment(day + timedelta(days=1), time(), zone) > local_moment(day, time(), zone)
