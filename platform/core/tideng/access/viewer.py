"""Who looks, and whom they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tideng.base.errors import NotAllowed
from tideng.org.directory import Directory

SEES_ALL = frozenset({"hr", "auditor", "implementer", "admin"})

MENDS = frozenset({"hr", "admin"})
"""Who may send parked messages again and retry dead letters."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. `person` is their id in the directory ('' for whoever is none, such as the command line)."""

    login: str
    person: str
    roles: frozenset[str]

    @classmethod
    def system(cls) -> Viewer:
        """The operator at the command line, who holds the database anyway."""
        return cls("system", "", frozenset({"admin"}))

    @property
    def sees_all(self) -> bool:
        return bool(self.roles & SEES_ALL)

    @property
    def mends(self) -> bool:
        return bool(self.roles & MENDS)

    def scope(self, directory: Directory, moment: datetime) -> frozenset[str] | None:
        """The people this viewer may see at `moment`; None for everyone."""
        if self.sees_all:
            return None
        if not self.person:
            return frozenset()
        if "supervisor" in self.roles:
            return below(directory, self.person, moment) | {self.person}
        return frozenset({self.person})

    def require_all(self) -> None:
        """Raise `NotAllowed` unless this viewer sees everything: for what belongs to no single person."""
        if not self.sees_all:
            raise NotAllowed("viewer-may-not-read")

    def require_mending(self) -> None:
        if not self.mends:
            raise NotAllowed("viewer-may-not-resend")


def below(directory: Directory, person: str, moment: datetime) -> frozenset[str]:
    """Everyone who reports to `person` at `moment`, directly or through others; a loop in the line ends the walk."""
    key = (person, directory.days_at(moment))
    return directory.kept("below", key, lambda: _below(directory, person, moment))


def _below(directory: Directory, person: str, moment: datetime) -> frozenset[str]:
    reports = directory.rosters.at(moment).reports
    found: set[str] = set()
    waiting = [person]
    while waiting:
        fresh = [one for one in reports.get(waiting.pop(), ()) if one not in found and one != person]
        found.update(fresh)
        waiting.extend(fresh)
    return frozenset(found)


def name_of(directory: Directory, person: str, moment: datetime) -> str:
    """The person's name at `moment`, the last one they had, or the id of whoever is no person."""
    found = directory.at(person, moment) or next(reversed(directory.periods(person)), None)
    return found.name if found else person
