"""Nobody is spoken to at night, nor too often, and what belongs together is said at once: the policy above all rules."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tideng.model.statuses import HeldReason
from tideng.org.directory import Assignment, Directory
from tideng.outbox.policy import BUDGETS, Message, Speaking, quiet

ZONES = (
    "Asia/Shanghai",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/New_York",
    "America/St_Johns",
    "Europe/London",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Pacific/Apia",
)
DIRECTORY = Directory(
    [
        Assignment("bj", "张三"),
        Assignment("syd", "何俊", timezone="Australia/Sydney"),
        *(Assignment(name, name, timezone=name) for name in ZONES),
    ]
)
NIGHT = Speaking(quiet_hours=(time(22), time(7, 30)))
MINUTE = timedelta(minutes=1)


def bj(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("person", "moment", "expected"),
    [
        ("bj", "2026-03-05T19:00+08:00", "2026-03-05T19:00+08:00"),
        ("bj", "2026-03-05T21:59:59+08:00", "2026-03-05T21:59:59+08:00"),
        ("bj", "2026-03-05T22:00+08:00", "2026-03-06T07:30+08:00"),
        ("bj", "2026-03-06T03:00+08:00", "2026-03-06T07:30+08:00"),
        ("bj", "2026-03-06T07:30+08:00", "2026-03-06T07:30+08:00"),
        ("syd", "2026-03-05T19:42+08:00", "2026-03-06T07:30+11:00"),
    ],
)
def test_a_message_waits_until_the_quiet_hours_of_its_reader_are_over(person, moment, expected):
    due = NIGHT.next_allowed(person, datetime.fromisoformat(moment).astimezone(UTC), DIRECTORY)
    assert due == datetime.fromisoformat(expected)


# -- any zone, any day ---------------------------------------------------------------------------------------------
times_of_day = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
plain_days = st.integers(0, 7 * 365 * 24 * 60).map(lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + minutes * MINUTE)


def _clock_changes(name: str) -> list[datetime]:
    """The hours of 2025 and 2026 after which clocks in this zone show another offset."""
    zone, hour = ZoneInfo(name), timedelta(hours=1)
    hours = [datetime(2025, 1, 1, tzinfo=UTC) + n * hour for n in range(2 * 365 * 24)]
    return [h for h in hours if h.astimezone(zone).utcoffset() != (h + hour).astimezone(zone).utcoffset()]


CHANGES = {name: _clock_changes(name) for name in ZONES}


@st.composite
def moments_somewhere(draw):
    """A zone and a moment, often close to a change of the clocks."""
    zone = draw(st.sampled_from(ZONES))
    if not CHANGES[zone] or draw(st.booleans()):
        return zone, draw(plain_days)
    return zone, draw(st.sampled_from(CHANGES[zone])) + draw(st.integers(-1500, 240)) * MINUTE


@settings(max_examples=400, deadline=None)
@given(moments_somewhere(), times_of_day, times_of_day)
@example(("Europe/London", datetime(2025, 10, 26, 0, 40, tzinfo=UTC)), time(0, 30), time(1, 30))
@example(("America/New_York", datetime(2026, 3, 8, 6, 40, tzinfo=UTC)), time(22), time(2, 30))
def test_in_any_zone_the_end_of_quiet_hours_is_the_first_allowed_minute(somewhere, start, end):
    zone, moment = somewhere
    is_quiet = lambda at: quiet(at.astimezone(ZoneInfo(zone)).time(), start, end)  # noqa: E731
    found = Speaking(quiet_hours=(start, end)).next_allowed(zone, moment, DIRECTORY)
    assert found >= moment
    assert not is_quiet(found)
    earlier = (moment + n * MINUTE for n in range(int((found - moment) / MINUTE) + 1))
    assert all(is_quiet(at) for at in earlier if at < found)


@settings(max_examples=300, deadline=None)
@given(moments_somewhere(), times_of_day, times_of_day, st.integers(1, 600))
def test_a_digest_never_waits_into_the_night_nor_longer_than_its_window(somewhere, start, end, minutes):
    zone, moment = somewhere
    speaking = Speaking(quiet_hours=(start, end), digest=minutes * MINUTE)
    due, because = speaking.first_due(Message("k", zone, "portal", moment), DIRECTORY)
    assert speaking.next_allowed(zone, due, DIRECTORY) == due
    opens = speaking.next_allowed(zone, moment, DIRECTORY)
    if opens > moment:
        assert (due, because) == (opens, HeldReason.QUIET)
    else:
        assert moment <= due <= moment + minutes * MINUTE
        assert because == (HeldReason.DIGEST if due > moment else None)


# -- the laws of a plan --------------------------------------------------------------------------------------------
@st.composite
def histories(draw):
    """Some weeks of messages to one person, thick enough that budgets bind."""
    zone = draw(st.sampled_from(ZONES))
    base = (
        draw(st.sampled_from(CHANGES[zone])) - timedelta(days=2) if CHANGES[zone] else datetime(2026, 3, 2, tzinfo=UTC)
    )
    ahead = draw(st.lists(st.integers(0, 6 * 24 * 12), min_size=1, max_size=30))
    messages = []
    for number, at in enumerate(sorted(ahead)):
        alone, urgent = draw(st.sampled_from([(False, False)] * 4 + [(True, False), (False, True)]))
        messages.append(Message(f"m{number}", zone, "portal", base + at * 5 * MINUTE, alone, urgent))
    return zone, messages


@st.composite
def habits(draw):
    per_day = draw(st.none() | st.integers(1, 4))
    per_week = draw(st.none() | st.integers(per_day or 1, 8))
    window = draw(st.none() | st.sampled_from([10, 60, 300]).map(lambda minutes: minutes * MINUTE))
    nights = draw(st.none() | st.tuples(times_of_day, times_of_day))
    assume(nights is None or nights[0] != nights[1])
    return Speaking(quiet_hours=nights, per_day=per_day, per_week=per_week, digest=window)


def _local_day(zone, at):
    return at.astimezone(ZoneInfo(zone)).date()


def _monday(day):
    return day - timedelta(days=day.weekday())


@settings(max_examples=300, deadline=None)
@given(histories(), habits())
def test_everything_is_said_once_in_order_never_early_never_at_night_never_over_the_budget(history, speaking):
    zone, messages = history
    sent = speaking.plan(messages, DIRECTORY)
    assert sorted(m.key for one in sent for m in one.members) == sorted(m.key for m in messages)
    assert [one.at for one in sent] == sorted(one.at for one in sent)
    days, weeks = Counter(), Counter()
    for one in sent:
        assert all(message.moment <= one.at for message in one.members)
        assert speaking.next_allowed(zone, one.at, DIRECTORY) == one.at
        assert len(one.members) == 1 or (speaking.digest and not any(m.alone for m in one.members))
        if not one.members[0].alone:
            days[_local_day(zone, one.at)] += 1
            weeks[_monday(_local_day(zone, one.at))] += 1
    assert all(speaking.per_day is None or used <= speaking.per_day for used in days.values())
    assert all(speaking.per_week is None or used <= speaking.per_week for used in weeks.values())
    arose = {message.key: place for place, message in enumerate(messages)}
    counted = [arose[m.key] for one in sent for m in one.members if not m.alone]
    assert counted == sorted(counted)


@settings(max_examples=300, deadline=None)
@given(histories(), habits())
def test_nothing_is_held_longer_than_it_must_be(history, speaking):
    """A message goes out when it wants to, or on the first day after that on which the budget has room."""
    zone, messages = history
    sent = speaking.plan(messages, DIRECTORY)
    days = Counter(_local_day(zone, one.at) for one in sent if not one.members[0].alone)
    weeks = Counter(_monday(_local_day(zone, one.at)) for one in sent if not one.members[0].alone)
    for one in sent:
        wanted = min(speaking.first_due(message, DIRECTORY)[0] for message in one.members)
        assert one.at >= wanted or speaking.digest
        day = _local_day(zone, wanted)
        while one.at > wanted and day < _local_day(zone, one.at):
            full = days[day] == speaking.per_day or weeks[_monday(day)] == speaking.per_week
            assert full, f"{one} could have gone out on {day}"
            day += timedelta(days=1)
        if one.at > wanted and _local_day(zone, wanted) == _local_day(zone, one.at):
            pytest.fail(f"{one} wanted to go out at {wanted} and had room that day")


@given(histories())
def test_without_habits_everything_is_said_at_once(history):
    _, messages = history
    assert [(one.at, one.members) for one in Speaking().plan(messages, DIRECTORY)] == [
        (message.moment, (message,)) for message in messages
    ]


# -- as people would tell it ---------------------------------------------------------------------------------------
def _plan(speaking: Speaking, *messages: tuple[str, dict]) -> list[str]:
    """A line for each message: when (Beijing), how many points, why its first point was held."""
    made = [Message(f"m{n}", "bj", "portal", bj(when), **of) for n, (when, of) in enumerate(messages)]
    return [
        " ".join(
            filter(
                None,
                (f"{one.at.astimezone(ZoneInfo('Asia/Shanghai')):%d %H:%M}", str(len(one.members)), one.because[0]),
            )
        )
        for one in speaking.plan(made, DIRECTORY)
    ]


def test_the_fifth_message_of_a_day_waits_for_the_morning_and_the_thirteenth_of_a_week_for_monday():
    speaking = Speaking(quiet_hours=NIGHT.quiet_hours, per_day=4, per_week=6)
    monday = [(f"2026-03-02T{hour:02}:00", {}) for hour in range(9, 14)]
    tuesday = [("2026-03-03T09:00", {}), ("2026-03-03T10:00", {})]
    assert _plan(speaking, *monday, *tuesday) == [
        "02 09:00 1",
        "02 10:00 1",
        "02 11:00 1",
        "02 12:00 1",
        f"03 07:30 1 {HeldReason.BUDGET_DAY}",
        "03 09:00 1",
        f"09 07:30 1 {HeldReason.BUDGET_WEEK}",
    ]


def test_what_answers_a_form_at_once_is_said_over_the_budget_and_does_not_count():
    speaking = Speaking(per_day=1)
    said = _plan(
        speaking, ("2026-03-02T09:00", {"alone": True}), ("2026-03-02T10:00", {}), ("2026-03-02T11:00", {"alone": True})
    )
    assert said == ["02 09:00 1", "02 10:00 1", "02 11:00 1"]


def test_messages_within_the_window_from_the_first_become_one():
    speaking = Speaking(digest=10 * MINUTE)
    said = _plan(speaking, *((f"2026-03-02T{at}", {}) for at in ("19:00", "19:04", "19:09", "19:11")))
    assert said == [f"02 19:10 3 {HeldReason.DIGEST}", f"02 19:21 1 {HeldReason.DIGEST}"]


def test_an_escalation_does_not_wait_and_takes_along_what_does():
    speaking = Speaking(digest=10 * MINUTE)
    assert _plan(speaking, ("2026-03-02T19:00", {}), ("2026-03-02T19:04", {"urgent": True})) == [
        f"02 19:04 2 {HeldReason.DIGEST}"
    ]


def test_what_came_in_the_night_is_one_message_in_the_morning_and_the_evening_does_not_wait_for_it():
    speaking = Speaking(quiet_hours=NIGHT.quiet_hours, digest=timedelta(hours=1))
    said = _plan(speaking, *((f"2026-03-{at}", {}) for at in ("02T21:30", "02T21:40", "02T23:00", "03T02:00")))
    assert said == [f"02 21:59 2 {HeldReason.DIGEST}", f"03 07:30 2 {HeldReason.QUIET}"]


def test_what_is_over_the_budget_is_one_message_of_the_next_day_where_there_are_digests():
    speaking = Speaking(quiet_hours=NIGHT.quiet_hours, per_day=1, digest=10 * MINUTE)
    said = _plan(speaking, *((f"2026-03-{at}", {}) for at in ("02T09:00", "02T12:00", "02T15:00", "03T08:00")))
    assert said == [
        f"02 09:10 1 {HeldReason.DIGEST}",
        f"03 07:30 2 {HeldReason.BUDGET_DAY}",
        f"04 07:30 1 {HeldReason.BUDGET_DAY}",
    ]
    assert set(BUDGETS) == {HeldReason.BUDGET_DAY, HeldReason.BUDGET_WEEK}
