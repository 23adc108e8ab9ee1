"""Spans: the stretches of time in which a state held, worked out from the starts and ends that were heard.

`pair` is the one reading of starts and ends. It looks only at the moments of the events themselves, never at the order in
which they were heard, so the live path, a replay, a late arrival and a recount come to the same spans.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class Span:
    """One start and the end that ended it, of one key; either may be unknown yet (None).

    A start that was repeated has a span of its own, with the same end: together they are one stretch, from the earliest
    start on. Moments are aware.
    """

    key: str
    started: datetime | None
    ended: datetime | None
    row: int | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether the state holds at `moment`: from the start, inclusive, to the end, exclusive."""
        return (self.started is not None and self.started <= moment) and (self.ended is None or moment < self.ended)

    def runs_at(self, moment: datetime) -> bool:
        """Whether it began by `moment`, inclusive, and no end of it is known."""
        return self.ended is None and self.started is not None and self.started <= moment


def pair(
    starts: Collection[datetime], ends: Collection[datetime], keyed: bool
) -> tuple[dict[datetime, datetime | None], set[datetime]]:
    """Each start with the end that ended it (None: none so far), and the ends that ended nothing.

    An end ends every start before it that no earlier end has ended. `keyed` says what a start at the very moment of an end
    means. With a key both are about one thing, which is over. Without a key the start is the next stretch where one was
    running (leave that follows leave), and otherwise ends at once.
    """
    ended: dict[datetime, datetime | None] = {}
    idle: set[datetime] = set()
    running: list[datetime] = []
    for moment in sorted({*starts, *ends}):
        begins = moment in starts
        if moment in ends:
            if begins and (keyed or not running):
                running.append(moment)
                begins = False
            if not running:
                idle.add(moment)
            ended.update(dict.fromkeys(running, moment))
            running = []
        if begins:
            running.append(moment)
    ended.update(dict.fromkeys(running))
    return ended, idle
