"""Finds the owner of a step: by person, role, position or condition; and the stand-in where that is nobody or an absent person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from tideng.plugin import Catalogue, Directory, StandIns, absent_people, among
from tideng_processes.cases.run import OPEN
from tideng_processes.document.conditions import holds
from tideng_processes.document.model import OwnerChoice, Part
from tideng_processes.tables import TaskRow

HR = "role:hr"
"""The intended owner of a step for which the client names nobody; HR's pages show it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a step; `meant_for`: the intended owner, where that is another one (a person, ``role:NAME``, ``position:ID``)."""

    person: str
    meant_for: str | None = None


def holder_of(connection: Connection, catalogue: Catalogue, directory: Directory, at: datetime, role: str) -> Owner:
    """The owner that a step of a role would get at `at` (UTC). Two statements."""
    staff = Staff.of(connection, catalogue, directory, at)
    staff.weigh(connection, [Part("", (OwnerChoice("role", role),))])
    return staff.holder_of(role)


@dataclass
class Staff:
    """Who is present at one moment. Made once for all steps that one transaction gives out: one statement for absences, and one
    for each group of candidates, whatever the number of cases.

    `load`: person → open steps, as far as they were counted, with those given out here; `weighed`: the people whose steps were
    counted."""

    directory: Directory
    at: datetime
    absent: frozenset[str] = frozenset()
    load: Counter[str] = field(default_factory=Counter)
    weighed: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, connection: Connection, catalogue: Catalogue, directory: Directory, at: datetime) -> Staff:
        return cls(directory, at, absent_people(connection, catalogue, at))

    def weigh(self, connection: Connection, parts: Iterable[Part]) -> None:
        """Count the open steps of the candidates of `parts`; no statement where no part has several candidates."""
        groups = {one for part in parts for one in part.held_by}
        several = (holders for group in groups if len(holders := self._holders_of(*group)) > 1)
        wanted = {one for holders in several for one in holders} - self.weighed
        if wanted:
            row = TaskRow
            counted = select(row.owner, func.count()).where(row.state == OPEN, among(connection, row.owner, wanted))
            self.load.update({one[0]: one[1] for one in connection.execute(counted.group_by(row.owner))})
            self.weighed |= wanted

    def stand_ins(self, about: str = "") -> StandIns:
        return StandIns(self.directory, self.absent.__contains__, self.at, about)

    def holders(self, position: str) -> list[str]:
        """The holders of a position, present or not."""
        return [one.person for one in self.directory.groups.people(("position", position), self.at)]

    def holder_of(self, role: str, others: Sequence[str] = (), before: str = "") -> Owner:
        """The owner of a step of a role: the present holder with the fewest open steps."""
        holders = self.directory.roles.get(role, ())
        chosen = self._with_fewest(holders, others, before)
        if chosen:
            return Owner(chosen)
        instead = self.stand_ins().holder(role)
        if instead:
            return Owner(instead, holders[0])
        return Owner(self.stand_ins().hr(), f"role:{role}" if role != "hr" else None)

    def owner(
        self,
        part: Part,
        data: Mapping[str, Any],
        person: str,
        starter: str,
        had: str = "",
        others: Sequence[str] = (),
        before: str = "",
    ) -> Owner:
        """The owner of a part of a step, by the first choice whose condition holds; never nobody.

        `had`: the present owner, who keeps it while present. `others`: the owners of the other parts, so that two parts go to
        two people where possible. `before`: the owner of an earlier step of the case for the same role or position, who
        continues while present."""
        if had and self.present(had):
            found = Owner(had)
        else:
            choice = next((one for one in part.owners if holds(one.when, data)), None)
            found = self._by(choice, data, person, starter, others, before)
        self.load[found.person] += 1
        return found

    def _by(
        self,
        choice: OwnerChoice | None,
        data: Mapping[str, Any],
        person: str,
        starter: str,
        others: Sequence[str],
        before: str,
    ) -> Owner:
        if choice is None:
            return Owner(self.stand_ins().hr(), HR)
        if choice.kind == "position":
            return self._holder(choice.name, others, before)
        if choice.kind in ("role", "hr"):
            return self.holder_of(choice.name or "hr", others, before)
        return self._chosen(choice, data, person, starter)

    def instead_of(self, person: str) -> str:
        """The person who takes over from `person`, who is absent or has left."""
        return self.stand_ins().instead_of(person)

    def present(self, person: str) -> bool:
        return self.stand_ins().present(person)

    def is_employed(self, person: str) -> bool:
        return self.directory.at(person, self.at) is not None

    def _chosen(self, choice: OwnerChoice, data: Mapping[str, Any], person: str, starter: str) -> Owner:
        named = {"person": person, "starter": starter, "field": str(data.get(choice.name) or "")}
        if choice.kind in named:
            return self._somebody(named[choice.kind], person if choice.kind != "person" else "")
        if choice.kind == "supervisor":
            return self._above(person)
        return self._head(person)

    def _somebody(self, who: str, about: str) -> Owner:
        if who and self.present(who):
            return Owner(who)
        if not who or not self.directory.knows(who):
            return Owner(self.stand_ins().hr(), who or None)
        return Owner(self.stand_ins(about).instead_of(who), who)

    def _above(self, person: str) -> Owner:
        formal = self.directory.at(person, self.at)
        meant = formal.supervisor if formal and formal.supervisor else None
        reached = self.stand_ins(person).above(person) or self.stand_ins(person).hr()
        return Owner(reached, meant if meant != reached else None)

    def _head(self, person: str) -> Owner:
        formal = self.directory.at(person, self.at)
        head = self.directory.groups.responsible(("unit", formal.unit), self.at) if formal else None
        return self._somebody(head or "", person)

    def _holder(self, position: str, others: Sequence[str], before: str) -> Owner:
        """The owner of a step of a position: as for a role; where nobody holds it, the person responsible for it."""
        holders = self.holders(position)
        chosen = self._with_fewest(holders, others, before)
        if chosen:
            return Owner(chosen)
        if holders:
            return Owner(self.instead_of(holders[0]), holders[0])
        responsible = self.directory.groups.responsible(("position", position), self.at)
        found = self._somebody(responsible or "", "")
        return Owner(found.person, f"position:{position}")

    def _holders_of(self, kind: str, name: str) -> Sequence[str]:
        return self.holders(name) if kind == "position" else self.directory.roles.get(name or "hr", ())

    def _with_fewest(self, holders: Sequence[str], others: Sequence[str], before: str) -> str | None:
        """The first present holder with the fewest open steps; one of `others` only where nobody else is present."""
        there = [one for one in holders if self.present(one)]
        there = [one for one in there if one not in others] or there
        return before if before in there else min(there, key=self.load.__getitem__, default=None)
