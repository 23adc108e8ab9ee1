"""A plugin whose one fact cannot be compared with anything: what a rule that reads it does to the engines is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tideng.facts.names import Point
from tideng.model.catalogue import Fact
from tideng.plugins.hookspecs import hookimpl


class Hostile:
    """A value that raises whenever it is compared, and says something personal as it does."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("Zhang San earns 88123")

    __hash__ = None  # type: ignore[assignment]


class HostilePlugin:
    """Gives everyone the fact ``person.mood``."""

    @hookimpl
    def declare(self) -> Sequence[object]:
        return [Fact("person.mood", "text", {"zh": "心情", "en": "Mood"})]

    @hookimpl
    def gather_facts(self, points: Sequence[Point], names: frozenset[str]) -> Sequence[Mapping[str, Any]] | None:
        return [{"person.mood": Hostile()} for _ in points] if "person.mood" in names else None
