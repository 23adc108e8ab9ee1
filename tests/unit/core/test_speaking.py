"""Nobody is spoken to at night: a message waits for the next allowed minute where its reader lives."""

from datetime import UTC, datetime, time

import pytest

from tideng.findings import Speaking
from tideng.people import Assignment, Directory

DIRECTORY = Directory([Assignment("bj", "张三"), Assignment("syd", "何俊", timezone="Australia/Sydney")])
NIGHT = Speaking(quiet_hours=(time(22), time(7, 30)))


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
