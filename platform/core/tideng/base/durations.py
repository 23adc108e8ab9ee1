"""Lengths of time as people write them: ``30 minutes``, ``24 hours``, ``7 days``, ``2 workdays``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from tideng.base.errors import Problem, Refused

_UNITS = {"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks", "workday": "workdays"}
_SHAPE = re.compile(r"\s*(\d{1,5})\s*([a-z]+?)s?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Duration:
    """`amount` of one `unit`: minutes, hours, days, weeks or workdays."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: object) -> Duration:
        """Read ``24 hours``; raises `Refused` naming the accepted forms."""
        shape = _SHAPE.fullmatch(text) if isinstance(text, str) else None
        unit = _UNITS.get(shape.group(2)) if shape else None
        if not shape or not unit or int(shape.group(1)) == 0:
            raise Refused(
                "duration",
                [Problem("", "not-a-duration", {"text": text})],
            )
        return cls(int(shape.group(1)), unit)

    @property
    def elapsed(self) -> timedelta:
        """The elapsed time; a workday counts as a day here (calendars.py counts them properly)."""
        return timedelta(**{"days" if self.unit == "workdays" else self.unit: self.amount})

    def __str__(self) -> str:
        return f"{self.amount} {self.unit if self.amount != 1 else self.unit.removesuffix('s')}"
