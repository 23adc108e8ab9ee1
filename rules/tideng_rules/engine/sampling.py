"""Which answers of the engine are double-checked: the first of every question after a new version, then one in N."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

FIRST = 20
"""So many situations of every question are checked after a new version."""


class SampledAnswers:
    """Picks places of a batch. `every`: one situation in so many, at random gaps so that no pattern of events hides a
    rule; 0 checks none, also not the first ones."""

    def __init__(self, every: int, first: int = FIRST):
        self._every, self._first = every, first
        self._dice = random.Random()
        self._seen: dict[str, int] = {}
        self._gap = self._next_gap()

    def start_again(self) -> None:
        """There is a new version: check the first situations of every question again."""
        self._seen = {}

    def places(self, batch: Sequence[tuple[str, Any]]) -> list[int]:
        """Places of the situations to check, in order."""
        if not self._every or not batch:
            return []
        seen, first = self._seen, self._first
        places = []
        for question in {question for question, _ in batch if seen.get(question, 0) < first}:
            fresh = [at for at, (asked, _) in enumerate(batch) if asked == question][: first - seen.get(question, 0)]
            seen[question] = seen.get(question, 0) + len(fresh)
            places += fresh
        while self._gap < len(batch):
            places.append(self._gap)
            self._gap += self._next_gap()
        self._gap -= len(batch)
        return sorted(set(places))

    def _next_gap(self) -> int:
        return self._dice.randint(1, 2 * self._every - 1) if self._every else 0
