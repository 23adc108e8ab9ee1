"""What lists to choose from are made of."""

from __future__ import annotations

from tideng.org.directory import Directory

MOST_UNITS = 400
"""More are not to be looked through in a list."""


def units_to_choose(directory: Directory) -> list[tuple[str, str]]:
    """(id, name) of the units to choose from, those below one set in; none where they are too many for a list."""
    if len(directory.units) > MOST_UNITS:
        return []
    inside: dict[str, list[str]] = {}
    for one in directory.units.values():
        inside.setdefault(one.parent if one.parent in directory.units else "", []).append(one.id)
    found: list[tuple[str, str]] = []
    waiting = [(one, 0) for one in reversed(inside.get("", ()))]
    while waiting:
        unit, depth = waiting.pop()
        found.append((unit, "　" * depth + directory.units[unit].name))
        waiting += [(one, depth + 1) for one in reversed(inside.get(unit, ()))]
    return found
