"""People looked up while somebody types: by name, id, unit or position, among those the viewer may see."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime

from tideng.access.viewer import Viewer
from tideng.org.directory import Assignment, Directory

MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One person to choose. `unit` and `position` are names."""

    id: str
    name: str
    unit: str
    position: str


def find_people(
    viewer: Viewer, directory: Directory, now: datetime, words: str = "", most: int = MOST_FOUND
) -> tuple[Found, ...]:
    """The first `most` people employed at `now` whom the viewer may see and whose name, id, unit or position has all `words`.

    Whoever is called by what was typed comes first, then whose name or id begins with it, then by unit and name. No
    statement is made: the directory is in memory.
    """
    roster = directory.rosters.at(now)
    wanted = words.casefold().strip()
    matching = roster.find(wanted, scope=viewer.scope(directory, now))
    nearest = heapq.nsmallest(most, matching, key=lambda one: (_far(one, wanted), roster.place[one.person]))
    return tuple(_found(directory, one) for one in nearest)


def _far(one: Assignment, wanted: str) -> int:
    if not wanted:
        return 0
    called = (one.name.casefold(), one.person.casefold())
    return 0 if wanted in called else 1 if any(name.startswith(wanted) for name in called) else 2


def _found(directory: Directory, one: Assignment) -> Found:
    unit, position = directory.units.get(one.unit), directory.positions.get(one.position)
    return Found(one.person, one.name, unit.name if unit else one.unit, position.name if position else one.position)
