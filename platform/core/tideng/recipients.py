"""Who is told. A vacant or absent recipient is replaced by the deputy, else the next one up, else HR; never by nobody."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tideng.world import World


class Recipient(NamedTuple):
    """Who is told, and who it was meant for where that is somebody else. ``role:NAME`` stands for a role nobody holds."""

    reached: str
    meant_for: str | None = None


def resolve(to: str, person: str, owner: str | None, at: datetime, world: World) -> Recipient:
    """Find who is told at `at`: `to` is person, supervisor, owner, hr or role:NAME; `person` is whom it is about,
    `owner` who answers for the step where the event names one."""
    directory = world.directory

    def absent(someone: str) -> bool:
        return world.absent(someone, at)

    def hr() -> str:
        return directory.role("hr", at, absent) or "role:hr"

    if to == "person":
        if not len(directory) or directory.at(person, at):
            return Recipient(person)
        if directory.knows(person):  # gone: whoever led them last
            return Recipient(_above(directory, person, at, absent) or hr(), person)
        return Recipient(hr(), person)
    if to == "supervisor":
        formal = directory.at(person, at)
        meant = formal.supervisor if formal and formal.supervisor else None
        reached = _above(directory, person, at, absent) or hr()
        return Recipient(reached, meant if meant != reached else None)
    if to == "owner":
        if owner and directory.at(owner, at) and not absent(owner):
            return Recipient(owner)
        if owner and directory.knows(owner):
            return Recipient(_above(directory, owner, at, absent) or hr(), owner)
        return Recipient(hr(), owner)
    role = to.removeprefix("role:")
    holder = directory.role(role, at, absent)
    if holder is None and role != "hr":
        return Recipient(hr(), f"role:{role}")
    return Recipient(holder or "role:hr")


def _above(directory, person: str, at: datetime, absent) -> str | None:
    found = directory.supervisor(person, at, absent)
    if found:
        return found
    last = (directory.periods(person) or [None])[-1]
    if last and not directory.at(person, at) and last.supervisor:
        if directory.at(last.supervisor, at) and not absent(last.supervisor):
            return last.supervisor
        return directory.supervisor(last.supervisor, at, absent)
    return None
