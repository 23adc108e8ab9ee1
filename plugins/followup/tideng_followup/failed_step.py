"""Which step of a follow-up failed, when the customer did not buy: the one that took longest beyond its deadline, else the one
at which the customer's reason points, else none. It is the step that is looked at, never whoever had it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

ANSWER, PROPOSAL, FOLLOW_UP = "answer", "proposal", "follow_up"
POINTS_AT: Mapping[str, str] = {
    "waiting": ANSWER,
    "product": PROPOSAL,
    "proposal": PROPOSAL,
    "price": PROPOSAL,
    "contact": FOLLOW_UP,
}
"""The reasons that the form offers, each with the step it points at; the others point nowhere."""
SPEAKS_OF: tuple[tuple[str, re.Pattern[str]], ...] = (
    (ANSWER, re.compile(r"答复|回复|回应|等太久|等久|太慢|\b(?:answers?|answered|repl(?:y|ies|ied)|respon(?:se|ded)|waited|slow)\b", re.I)),
    (PROPOSAL, re.compile(r"方案|报价|价格|太贵|产品|参数|\b(?:proposals?|quot(?:e|ation)s?|pric(?:e|es|ing)|expensive|products?)\b", re.I)),
    (FOLLOW_UP, re.compile(r"跟进|联系|回访|\b(?:follow(?:ed)?[- ]?up|contact(?:ed)?|in touch|call(?:ed)? back)\b", re.I)),
)  # fmt: skip
"""The same in a CRM's own words. The first that is found counts, so that 'slow to answer about the price' is the answer."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One owner's part of one visit to a step. Moments in UTC; `due` None where it has no deadline, `done_at` None where it is
    still open."""

    node: str
    part: str
    owner: str
    entered_at: datetime
    due: datetime | None = None
    done_at: datetime | None = None

    def took(self, now: datetime) -> timedelta:
        return (self.done_at or now) - self.entered_at

    def beyond(self, now: datetime) -> timedelta:
        """By how much it passed its deadline; nothing or less where it did not."""
        return (self.done_at or now) - self.due if self.due else timedelta()


@dataclass(frozen=True, slots=True)
class Failed:
    """The step that failed. `late`: it was beyond its deadline; otherwise the customer's reason points at it."""

    passage: Passage
    late: bool


def failed_step(passages: Iterable[Passage], reason: str, at: datetime) -> Failed | None:
    """The step at which to look, when the customer was lost at `at`; None where no step was late and the reason says nothing.
    Of several visits to the step that the reason points at, the last one counts."""
    known = list(passages)
    longest = max(known, key=lambda one: one.beyond(at), default=None)
    if longest is not None and longest.beyond(at) > timedelta():
        return Failed(longest, late=True)
    pointed = points_at(reason)
    there = [one for one in known if one.node == pointed]
    return Failed(max(there, key=lambda one: (one.entered_at, one.part)), late=False) if there else None


def points_at(reason: str) -> str:
    """The step that a reason speaks of, '' for none: a choice of the form, or a CRM's words."""
    chosen = POINTS_AT.get(reason.strip())
    return chosen or next((node for node, words in SPEAKS_OF if words.search(reason)), "")
