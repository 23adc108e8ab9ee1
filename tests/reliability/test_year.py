"""A year of schedules with summer time, stand-stills, clock steps and two workers: none missed, none doubled.

What must have been asked is worked out here on its own: holidays from the published notice, local times from the zone
data, and for each schedule the first moment at which anybody was awake to ask it.
"""

from __future__ import annotations

import random
import threading
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.tables import FindingRow, ScheduleRunRow

ZONES = ("Asia/Shanghai", "Australia/Sydney", "America/New_York")
SCHEDULES = {
    "night": ("day", "02:30", None),
    "small-hours": ("day", "01:30", None),
    "midnight": ("day", "00:00", None),
    "evening": ("workday", "19:00", None),
    "late": ("workday", "21:45", None),
    "friday": ("week", "17:00", "friday"),
    "sunday": ("week", "02:30", "sunday"),
    "payday": ("month", "09:00", 31),
    "month-end": ("month", "23:59", "last"),
    "fifteenth": ("month", "08:00", 15),
}
# State Council notice 国办发明电〔2024〕12号: days off, and weekend days worked instead
DAYS_OFF = [
    ("01-01", "01-01"),
    ("01-28", "02-04"),
    ("04-04", "04-06"),
    ("05-01", "05-05"),
    ("05-31", "06-02"),
    ("10-01", "10-08"),
]
WORKED = {"01-26", "02-08", "04-27", "09-28", "10-11"}
QUIET = (time(22), time(7, 30))
NEW_YEAR = datetime(2024, 12, 31, 6, tzinfo=UTC)
BEFORE_SUMMER_TIME = datetime(2025, 3, 6, 6, tzinfo=UTC)
"""New York puts its clocks forward on 9 March, Sydney puts them back on 6 April."""
BEFORE_WINTER_TIME = datetime(2025, 10, 2, 6, tzinfo=UTC)
"""Sydney puts its clocks forward on 5 October, New York puts them back on 2 November."""


def test_a_spring_of_schedules_misses_none_and_doubles_none(tmp_path, a_deployment):
    _live(tmp_path, a_deployment, None, BEFORE_SUMMER_TIME, days=35, steps=120)


@pytest.mark.slow
def test_a_year_of_schedules_misses_none_and_doubles_none(tmp_path, a_deployment):
    _live(tmp_path, a_deployment, None, NEW_YEAR, days=367, steps=1300)


@pytest.mark.slow
def test_an_autumn_of_schedules_misses_none_on_postgresql(tmp_path, a_deployment, postgres_url):
    _live(tmp_path, a_deployment, postgres_url, BEFORE_WINTER_TIME, days=60, steps=250)


@dataclass
class Life:
    """Two workers on one database, and every moment the clock showed when one of them looked."""

    deployment: Deployment
    workers: list[Worker]
    shown: list[datetime]

    def look(self, moment: datetime, dice: random.Random) -> None:
        """The clock shows `moment`: one worker looks, or the one after the other, or both at once."""
        self.deployment.clock.set(moment)
        self.shown.append(moment)
        how = dice.random()
        if how < 0.4:
            self.workers[len(self.shown) % 2].step()
        elif how < 0.6:
            for worker in self.workers:
                worker.step()
        else:
            _together([worker.step for worker in self.workers])


def _live(folder: Path, a_deployment: Callable, url: str | None, start: datetime, *, days: int, steps: int) -> None:
    clock = ManualClock(start)
    deployment = a_deployment(url, bundle=read_bundle(_client(folder / "client")), clock=clock, engine="closures")
    life = Life(deployment, [Worker(deployment), Worker(deployment)], [])
    dice = random.Random(days)
    life.look(start, dice)
    for moment in _moments(dice, start, days, steps):
        life.look(moment, dice)
    runs, findings = _kept(deployment)
    wanted = _wanted(life.shown)
    assert {key for key in wanted if key not in runs} == set(), "missed without a trace"
    assert {key for key in runs if key not in wanted} == set(), "asked though nobody should have been"
    assert {key: (runs[key], wanted[key]) for key in wanted if runs[key] != wanted[key]} == {}
    asked = {
        (rule, f"in-{zone}", day.isoformat()) for (rule, zone, day), outcome in wanted.items() if outcome == "judged"
    }
    assert {key: n for key, n in findings.items() if n != 1} == {}, "said twice"
    assert set(findings) == asked
    assert len(asked) > days * 3
    assert "missed" in wanted.values()


def _moments(dice: random.Random, start: datetime, days: int, steps: int) -> list[datetime]:
    """When somebody looks: irregularly, punctually at some schedules, after stand-stills, and with the clock set wrong."""
    moments, now, end = [], start, start + timedelta(days=days)
    mean = (end - start).total_seconds() / steps
    punctual = sorted(due for *_, due in _dues(start, end))
    while now < end:
        chance = dice.random()
        if chance < 0.01:
            now += timedelta(hours=dice.uniform(20, 80))  # down
        elif chance < 0.02:
            now -= timedelta(hours=dice.uniform(0.1, 30))  # the clock is set back, for good
            moments.append(now)
        elif chance < 0.03:
            moments.append(now + timedelta(hours=dice.uniform(1, 50)))  # set forward, and put right again
        elif chance < 0.4:
            following = [due for due in punctual if due > now][:1]
            now = (following or [end])[0] + timedelta(seconds=dice.choice((0, 1, 20, 60, 61)))
        else:
            now += timedelta(seconds=dice.uniform(0, 2 * mean))
        moments.append(now)
    return moments


# -- what must have been asked, worked out independently -----------------------------------------------------------


def _dues(first: datetime, last: datetime) -> list[tuple[str, str, date, datetime]]:
    """(rule, zone, local day, moment) of every schedule between two moments."""
    found = []
    for name, (every, at, on) in SCHEDULES.items():
        for zone in ZONES:
            day = first.date() - timedelta(days=2)
            while day <= last.date() + timedelta(days=2):
                if _speaks(every, on, day):
                    # what the clocks skip is counted on from before the change; of two the first is meant
                    due = datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone)).astimezone(UTC)
                    if first <= due <= last:
                        found.append((name, zone, day, due))
                day += timedelta(days=1)
    return found


def _speaks(every: str, on: str | int | None, day: date) -> bool:
    if every == "day":
        return True
    if every == "workday":
        return _is_workday(day)
    if every == "week":
        return f"{day:%A}".lower() == on
    last = monthrange(day.year, day.month)[1]
    return day.day == (last if on == "last" else min(int(on or 0), last))


def _is_workday(day: date) -> bool:
    short = f"{day:%m-%d}"
    if day.year == 2025:
        if short in WORKED:
            return True
        if any(first <= short <= last for first, last in DAYS_OFF):
            return False
    elif short in ("01-01", "01-02", "01-03"):  # 2026: 1–3 January off, Sunday the 4th worked
        return False
    elif short == "01-04":
        return True
    return day.weekday() < 5


def _wanted(shown: list[datetime]) -> dict[tuple[str, str, date], str]:
    """For every schedule that any clock reading had reached: asked, or missed because nobody was awake in time."""
    wanted = {}
    for rule, zone, day, due in _dues(shown[0], max(shown)):
        seen = next(moment for moment in shown if moment >= due)
        local = seen.astimezone(ZoneInfo(zone))
        quiet = local.time() >= QUIET[0] or local.time() < QUIET[1]
        in_time = seen - due <= timedelta(seconds=60) or (local.date() == day and not quiet)
        wanted[rule, zone, day] = "judged" if in_time else "missed"
    return wanted


# -- the client, and what it kept ----------------------------------------------------------------------------------


def _client(folder: Path) -> Path:
    (folder / "rules").mkdir(parents=True)
    (folder / "client.yaml").write_text(
        "client: Year\nlocale: en\ntimezone: Asia/Shanghai\ncalendar: CN\nquiet_hours: {from: '22:00', until: '07:30'}\n",
        "utf-8",
    )
    rows = ["id,name,unit,position,supervisor,timezone,locale,phone,email,from,until"]
    rows += [f"in-{zone},Somebody,,,,{zone},en,,,2020-01-01," for zone in ZONES]
    (folder / "people.csv").write_text("\n".join(rows) + "\n", "utf-8")
    for name, (every, at, on) in SCHEDULES.items():
        day = "" if on is None else f", on: {on}"
        rule = f"""\
id: {name}
kind: reminder
title: {{zh: 时刻, en: A moment}}
when: {{every: {every}, at: "{at}"{day}}}
then: [{{mark: asked}}]
"""
        (folder / "rules" / f"{name}.yaml").write_text(rule, "utf-8")
    return folder


def _kept(deployment: Deployment) -> tuple[dict[tuple[str, str, date], str], dict[tuple[str, str, str], int]]:
    runs, findings = ScheduleRunRow.__table__, FindingRow.__table__
    key = (findings.c.rule, findings.c.subject, findings.c.period)
    with reading(deployment.engine) as connection:
        asked = {(row.rule, row.zone, row.day): row.outcome for row in connection.execute(select(runs))}
        said = connection.execute(select(*key, func.count().label("n")).group_by(*key))
        return asked, {(row.rule, row.subject, row.period): row.n for row in said}


def _together(calls: list[Callable[[], object]]) -> None:
    """Run the calls in threads at the same time; what one raises is raised here."""
    errors: list[BaseException] = []

    def guarded(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
