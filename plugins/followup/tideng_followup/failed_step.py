"""Find the step of a follow-up that failed when the customer did not buy.

It is the step that exceeded its deadline most, else the step that the customer's reason points at, else none. The step
is reviewed, never the person who had it.
"""

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
"""The reasons that the form offers, each with the step it points at; other reasons point at none."""
SPEAKS_OF: tuple[tuple[str, re.Pattern[str]], ...] = (
    (ANSWER, re.compile(r"答复|回复|回应|等太久|等久|太慢|\b(?:answers?|answered|repl(?:y|ies|ied)|respon(?:se|ded)|waited|slow)\b", re.I)),
    (PROPOSAL, re.compile(r"方案|报价|价格|太贵|产品|参数|\b(?:proposals?|quot(?:e|ation)s?|pric(?:e|es|ing)|expensive|products?)\b", re.I)),
    (FOLLOW_UP, re.compile(r"跟进|联系|回访|\b(?:follow(?:ed)?[- ]?up|contact(?:ed)?|in touch|call(?:ed)? back)\b", re.I)),
)  # fmt: skip
"""Patterns for a CRM's own words. The first match counts, so “slow to answer about the price” points at the answer."""


@dataclass(frozen=True, slots=True)
class StepVisit:
    """One owner's part of one visit to a step. Moments in UTC; `due` None without a deadline, `done_at` None while
    it is open."""

    node: str
    part: str
    owner: str
    entered_at: datetime
    due: datetime | None = None
    done_at: datetime | None = None

    def took(self, now: datetime) -> timedelta:
        return (self.done_at or now) - self.entered_at

    def beyond(self, now: datetime) -> timedelta:
        """By how much it exceeded its deadline; zero or negative when it did not."""
        return (self.done_at or now) - self.due if self.due else timedelta()


@dataclass(frozen=True, slots=True)
class FailedStep:
    """The step that failed. `late`: it exceeded its deadline; otherwise the customer's reason points at it."""

    passage: StepVisit
    late: bool


def failed_step(passages: Iterable[StepVisit], reason: str, at: datetime) -> FailedStep | None:
    """Find the step to review when the customer was lost at `at`; None when no step was late and the reason points
    at none. Of several visits to a step, the last one counts."""
    known = list(passages)
    longest = max(known, key=lambda one: one.beyond(at), default=None)
    if longest is not None and longest.beyond(at) > timedelta():
        return FailedStep(longest, late=True)
    pointed = points_at(reason)
    there = [one for one in known if one.node == pointed]
    return FailedStep(max(there, key=lambda one: (one.entered_at, one.part)), late=False) if there else None


def points_at(reason: str) -> str:
    """The step that a reason points at, '' for none. The reason is a choice of the form or a CRM's words."""
    chosen = POINTS_AT.get(reason.strip())
    return chosen or next((node for node, words in SPEAKS_OF if words.search(reason)), "")
