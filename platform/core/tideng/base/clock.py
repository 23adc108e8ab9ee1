"""Time is passed in. Every moment inside Tideng is an aware datetime in UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a deployment gets the time from. Tests and replays set it."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""

    def seconds_until(self, moment: datetime) -> float:
        """Return the real seconds to wait until `moment`; 0 when it has passed."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds_until(self, moment: datetime) -> float:
        return max(0.0, (moment - self.now()).total_seconds())


class ManualClock:
    """A clock that stands still until it is set: for tests and replays."""

    def __init__(self, start: datetime):
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = moment.astimezone(UTC)

    def advance(self, **delta: float) -> datetime:
        """Move on by a timedelta's keywords, e.g. ``advance(hours=2)``; return the new moment."""
        self._now += timedelta(**delta)
        return self._now

    def seconds_until(self, moment: datetime) -> float:
        return 0.0 if moment <= self._now else float("inf")


class ScaledClock:
    """A clock that started at a chosen moment and runs `speed` times as fast as the wall.

    Two processes that share (`start`, `began`, `speed`) show the same time: `began` is the Unix
    time at which `start` was shown.
    """

    def __init__(self, start: datetime, began: float | None = None, speed: float = 1.0):
        self._start, self._speed = start.astimezone(UTC), speed
        self._began = time.time() if began is None else began

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.time() - self._began) * self._speed)

    def seconds_until(self, moment: datetime) -> float:
        return max(0.0, (moment - self.now()).total_seconds() / self._speed)
