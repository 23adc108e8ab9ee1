"""Working days and deadlines: the working days of a country, and the moment at which a duration ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

import holidays

from tideng.base.durations import Duration
from tideng.base.errors import Problem, Refused
from tideng.base.text import phrase
from tideng.model.catalogue import Text

DECREED = frozenset({"CN", "TW", "RU", "BY", "KZ", "UA", "HU", "VN"})
"""Countries that move working days by a decree each year: a year is uncertain until its decree is published."""

NOT_PUBLISHED: Text = phrase(
    "The calendar for {year} is not published yet; weekends and the known holidays are used meanwhile"
)


class WorkCalendar:
    """The working days of one country (ISO 3166 code, ``CN``), or of a part of one (``AU-NSW``).

    Make-up days on weekends are working days. A year whose decree is not out answers with weekends and the
    holidays that the law fixes; `published` and `notice` say so, for whoever shows such an answer.
    """

    def __init__(self, country: str):
        """Raises `Refused` when the country or its part is not known."""
        code, _, part = country.partition("-")
        try:
            self._days = holidays.country_holidays(code, subdiv=part or None)
        except (NotImplementedError, AttributeError):
            raise Refused("calendar", [Problem("", "unknown-calendar", {"country": country})]) from None
        self.country = country
        decreed = list(getattr(self._days, "special_public_holidays", ())) if code in DECREED else []
        self._decreed = (min(decreed), max(decreed)) if decreed else (self._days.start_year, self._days.end_year)
        self._free: dict[int, frozenset[date]] = {}

    def __repr__(self) -> str:
        return f"WorkCalendar({self.country!r})"

    def published(self, year: int) -> bool:
        """Whether the year's working days are certain."""
        return self._decreed[0] <= year <= self._decreed[1]

    def notice(self, year: int) -> Text | None:
        """The note to show with an answer about `year`, per locale; None if the year is published."""
        if self.published(year):
            return None
        return {locale: wording.format(year=year) for locale, wording in NOT_PUBLISHED.items()}

    def is_workday(self, day: date) -> bool:
        return day not in self._free_days(day.year)

    def add_workdays(self, day: date, n: int) -> date:
        """The `n`-th working day after `day` (before it, when `n` is negative); `day` itself for 0."""
        step = timedelta(days=1 if n > 0 else -1)
        for _ in range(abs(n)):
            day += step
            while not self.is_workday(day):
                day += step
        return day

    def deadline(self, start: datetime, within: Duration, zone: tzinfo, working: bool = False) -> datetime:
        """The moment (UTC) at which `within` has run out, counted from `start` (aware).

        - ``N workdays``: the same local time, N working days later.
        - elapsed: real time; ``1 day`` is 24 hours, across a change of the clocks too.
        - `working`: the clock runs on working days of `zone`, all 24 hours of them, and stands still on the
          others. From Friday 15:00, ``24 hours`` end on Monday 15:00; from any moment of a free weekend, at the
          end of Monday.
        """
        if within.unit == "workdays":
            local = start.astimezone(zone)
            day = self.add_workdays(local.date(), within.amount)
            return local_moment(day, local.time(), zone)
        if not working:
            return start.astimezone(UTC) + within.elapsed
        return self._run(start.astimezone(UTC), within.elapsed, zone)

    def _run(self, moment: datetime, left: timedelta, zone: tzinfo) -> datetime:
        day = moment.astimezone(zone).date()
        while True:
            tomorrow = day + timedelta(days=1)
            ends = local_moment(tomorrow, time(), zone)
            if self.is_workday(day):
                if moment + left <= ends:
                    return moment + left
                left -= max(ends - moment, timedelta())
            moment, day = max(moment, ends), tomorrow

    def _free_days(self, year: int) -> frozenset[date]:
        """The days off in `year`. Computed once for each year, because every schedule asks."""
        if year not in self._free:
            first = date(year, 1, 1)
            days = (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))
            self._free[year] = frozenset(day for day in days if not self._days.is_working_day(day))
        return self._free[year]


def local_moment(day: date, at: time, zone: tzinfo) -> datetime:
    """The moment (UTC) at which clocks in `zone` show `at` on `day`.

    A time that does not exist, because clocks go forward, is shifted forward by what they skip (02:30 becomes
    03:30). Of a time that occurs twice, because clocks go back, the first is meant.
    """
    # fold=0 takes the offset before a clock change (PEP 495), which gives both: the shifted time, and the first of two
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)
