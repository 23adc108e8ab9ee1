"""What can go wrong, said so that the reader knows where and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at one place.

    `at` is a path such as ``if[0].fact`` or ``line 12, data.needs``; `hint` is the way out.
    A ``warning`` never blocks. `code` names the kind of problem for programs, e.g. ``never-true``; '' where there is none.
    """

    at: str
    problem: str
    hint: str = ""
    severity: str = "error"
    code: str = ""

    def __str__(self) -> str:
        way_out = f" ({self.hint})" if self.hint else ""
        return f"{self.at}: {self.problem}{way_out}" if self.at else f"{self.problem}{way_out}"


class TidengError(Exception):
    """Base of every error Tideng raises on purpose."""


class Refused(TidengError):
    """Something was refused; carries every problem found, not only the first."""

    def __init__(self, what: str, problems: Iterable[Problem]):
        self.what = what
        self.problems = tuple(problems)
        super().__init__(what + ": " + "; ".join(map(str, self.problems)))


class InvalidPayload(Refused):
    """A payload that cannot become an event; carries the payload (a mapping, or raw text) and where it stood."""

    def __init__(self, what: str, problems: Iterable[Problem], payload: object = None, place: str = ""):
        super().__init__(what, problems)
        self.payload = payload
        self.place = place


class InvalidRule(Refused):
    """A rule document that cannot be published."""


class InvalidBundle(Refused):
    """A client bundle that cannot be applied."""


class InvalidSettings(Refused):
    """A deployment's settings that cannot be used."""


class PluginRefused(TidengError):
    """A plugin that may not be loaded, or registers something it must not."""


class NotFound(TidengError):
    """What was asked for does not exist."""


class NotAllowed(TidengError):
    """The caller may not do or see this."""
