"""Who stands in for whom: the deputy, else the next one up the line, else HR."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from tideng.model.catalogue import Catalogue
from tideng.org.directory import Assignment, Directory
from tideng.store.state_spans import people_in


def away(connection: Connection, catalogue: Catalogue, at: datetime) -> frozenset[str]:
    """Everyone who is away from work (on leave) at that moment (UTC). One statement, whatever the number of people."""
    return people_in(connection, [state.name for state in catalogue.states.values() if state.absent], at)


class StandIns:
    """Looks for somebody who is there `at` a moment (UTC). `absent` says who is away from work then; `about` is never taken
    as somebody's deputy."""

    def __init__(self, directory: Directory, absent: Callable[[str], bool], at: datetime, about: str = ""):
        self.absent, self._directory, self._about, self._at = absent, directory, about, at

    def present(self, someone: str) -> bool:
        return self._directory.at(someone, self._at) is not None and not self.absent(someone)

    def holder(self, role: str) -> str | None:
        """The first holder who is there, else who stands in for the first one; None where that is nobody."""
        found = self._directory.role(role, self._at, self.absent)
        return found or next(filter(None, map(self._stand_in, self._directory.roles.get(role, ()))), None)

    def hr(self) -> str:
        """HR's first who is there; ``role:hr`` where the client names nobody."""
        return self.holder("hr") or "role:hr"

    def instead_of(self, someone: str) -> str:
        """Their deputy, else the next one up the line who is there, else HR; never nobody."""
        return self._stand_in(someone) or self.hr()

    def _stand_in(self, someone: str) -> str | None:
        return self._deputy(someone) or self.above(someone)

    def _deputy(self, someone: str) -> str | None:
        last = self._directory.at(someone, self._at) or self._last(someone)
        return last.deputy if last and last.deputy not in ("", self._about) and self.present(last.deputy) else None

    def above(self, someone: str) -> str | None:
        """Who leads them; whoever has left, who led them last."""
        directory = self._directory
        found = directory.supervisor(someone, self._at, self.absent)
        last = self._last(someone)
        if found or directory.at(someone, self._at) or not (last and last.supervisor):
            return found
        if self.present(last.supervisor):
            return last.supervisor
        return self._deputy(last.supervisor) or directory.supervisor(last.supervisor, self._at, self.absent)

    def _last(self, someone: str) -> Assignment | None:
        periods = self._directory.periods(someone)
        return periods[-1] if periods else None
