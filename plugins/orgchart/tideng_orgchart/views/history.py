"""The history of a unit or a post, and its upcoming changes: its periods, each compared with the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tideng.plugin import Position, Unit, duties_as_text

Fields = Mapping[str, tuple[str, str]]
"""Column → (before, after), as texts; ids as ids."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A day on which a unit or post changes, in the client's zone. `what`: begins, changed or ends; `coming`: it is in the future."""

    day: date
    what: str
    coming: bool
    fields: Fields


def turns_of(periods: Sequence[Unit] | Sequence[Position], today: date) -> tuple[Turn, ...]:
    """The turns of one unit or post, the latest first. `periods`: the earliest first. A first period without a day is no turn."""
    found: list[Turn] = []
    before: Unit | Position | None = None
    for one in periods:
        if before is not None and before.until and (one.since is None or before.until < one.since - timedelta(days=1)):
            before = None  # there is a gap between the periods
        fields = _fields(before, one) if before else {}
        if one.since and (fields or before is None):
            found.append(Turn(one.since, "changed" if before else "begins", one.since > today, fields))
        if one.until:
            after = one.until + timedelta(days=1)
            found.append(Turn(after, "ends", after > today, {}))
        before = one
    return tuple(reversed([one for one in found if one.what != "ends" or one.day not in _begun(periods)]))


def _begun(periods: Sequence[Unit] | Sequence[Position]) -> set[date | None]:
    return {one.since for one in periods}


def _fields(before: Unit | Position, after: Unit | Position) -> Fields:
    old, new = _cells(before), _cells(after)
    return {name: (old[name], new[name]) for name in new if old[name] != new[name]}


def _cells(one: Unit | Position) -> dict[str, str]:
    if isinstance(one, Unit):
        return {"name": one.name, "parent": one.parent}
    return {
        "name": one.name,
        "unit": one.unit,
        "seats": "" if one.seats is None else str(one.seats),
        "head": "yes" if one.head else "",
        "targets": duties_as_text(one.targets),
        "sheet": "\n".join(one.sheet.values()),
    }
