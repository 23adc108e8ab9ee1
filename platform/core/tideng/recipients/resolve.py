"""Who is told. A vacant or absent recipient is replaced by the deputy, else the next one up, else HR; never by nobody."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tideng.facts.world import World
from tideng.org.groups import Group
from tideng.recipients.substitutes import StandIns


class Recipient(NamedTuple):
    """Who is told, and who it was meant for where that is somebody else. ``role:NAME`` stands for a role nobody holds."""

    reached: str
    meant_for: str | None = None


def resolve(
    to: str,
    person: str,
    owner: str | None,
    at: datetime,
    world: World,
    own_form: bool = False,
    group: Group | None = None,
) -> Recipient:
    """Find who is told at `at`: `to` is person, supervisor, owner, hr or role:NAME; `person` is whom it is about,
    `owner` who answers for the step where the event names one. `own_form`: it answers a form that the person has just
    sent, and is theirs though they are away. `group`: it is about a position or a unit, so that `person` and `owner` mean
    whoever answers for it, and `supervisor` who is above them. A client without people has nobody to ask for: names stand
    for themselves."""
    if group is not None and to in ("person", "owner", "supervisor"):
        return _for_group(to, group, owner if to == "owner" else None, at, world)
    search = StandIns(world.directory, lambda one: world.absent(one, at), at, person)
    directory = world.directory
    if to == "person":
        here = search.present(person) or (own_form and directory.at(person, at))
        return Recipient(person) if here or not len(directory) else Recipient(search.instead_of(person), person)
    if to == "supervisor":
        formal = directory.at(person, at)
        meant = formal.supervisor if formal and formal.supervisor else None
        reached = search.above(person) or search.hr()
        return Recipient(reached, meant if meant != reached else None)
    if to == "owner":
        if owner and (search.present(owner) or not len(directory)):
            return Recipient(owner)
        return Recipient(search.instead_of(owner) if owner else search.hr(), owner)
    role = to.removeprefix("role:")
    holder = search.holder(role)
    if holder is None and role != "hr":
        return Recipient(search.hr(), f"role:{role}")
    return Recipient(holder or "role:hr")


def _for_group(to: str, group: Group, owner: str | None, at: datetime, world: World) -> Recipient:
    search, groups = StandIns(world.directory, lambda one: world.absent(one, at), at), world.directory.groups
    responsible = groups.responsible(group, at)
    meant = owner or responsible
    if to != "supervisor":
        if meant is None:
            return Recipient(search.hr(), ":".join(group)[:120])
        return Recipient(meant) if search.present(meant) else Recipient(search.instead_of(meant), meant)
    formal = world.directory.at(responsible, at) if responsible else None
    meant = formal.supervisor if formal and formal.supervisor else None
    reached = (search.above(responsible) if responsible else None) or search.hr()
    return Recipient(reached, meant if meant != reached else None)
