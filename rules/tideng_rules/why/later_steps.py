"""The state of a rule's later steps: done, cancelled with the reason, missed, or still to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tideng.base.text import joined, phrase
from tideng.facts.names import Point
from tideng.judging.stored_entries import entry_from
from tideng.model.catalogue import Text
from tideng.model.judge_contract import Watch
from tideng.store.agenda import steps_of
from tideng.store.findings import findings_of_steps
from tideng_rules.document.model import Rule
from tideng_rules.engine.verdict_tree import Node, tree_of
from tideng_rules.why.inquiry import Inquiry
from tideng_rules.why.record import Told
from tideng_rules.wording.answers import Teller, was


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One later step. `state`: open, done, cancelled, missed; `until`: the condition that called it off, as it was then."""

    step: int
    due: datetime
    state: str
    said: Text
    finding: int | None = None
    until: Node | None = None

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "step": self.step,
            "due": self.due.isoformat(),
            "state": self.state,
            "said": dict(self.said),
        }
        return shown | {"finding": self.finding, "until": self.until.to_json() if self.until else None}


def ladder_of(inquiry: Inquiry, watch: Watch, rule: Rule, subject: str, told: Told) -> tuple[LadderStep, ...]:
    """The later steps that follow the rule's finding, in order; none if there is no finding."""
    if told.finding is None or not rule.later:
        return ()
    rows = steps_of(inquiry.connection, rule.id, subject, told.period)
    said = findings_of_steps(inquiry.connection, rule.id, subject, told.period)
    return tuple(_step(inquiry, watch, rule, subject, row, said.get(row.step)) for row in rows)


def _step(inquiry: Inquiry, watch: Watch, rule: Rule, subject: str, row: Any, finding: int | None) -> LadderStep:
    due = inquiry.when(row.due)
    until = None
    if row.state == "cancelled" and row.note == "until holds" and rule.until is not None and row.settled_at is not None:
        entry = entry_from(row)
        point = Point(entry.person or subject, min(row.settled_at, row.due), None, watch.about, subject)
        facts = inquiry.past.facts(watch, point, kept=entry.facts, part="until")
        until = tree_of(rule.until, facts)
    head = phrase("Step {step} ({due}): ", step=row.step, due=due)
    tail = _fate(row, until, inquiry.teller)
    return LadderStep(row.step, row.due, row.state, joined((head, tail)), finding, until)


def _fate(row: Any, until: Node | None, teller: Teller) -> Text:
    if row.state == "open":
        return phrase("still to come")
    if row.state == "done":
        return phrase("said")
    note = teller.note(row.note)
    if until is not None and until.holds:
        facts = [leaf for leaf in until.leaves() if leaf.decided]
        values = [(teller.fact(leaf.fact), teller.value(leaf)) for leaf in facts]
        return phrase("called off, {note} ({facts})", note=note, facts=[was(name, value) for name, value in values])
    if row.state == "missed":
        return phrase("missed ({note})", note=note)
    return phrase("called off ({note})", note=note)
