"""The answer to "why did this rule not speak?": the checks that were made, and which of them decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tideng.model.catalogue import Text
from tideng_rules.engine.verdict_tree import Node, plain
from tideng_rules.why.later_steps import LadderStep
from tideng_rules.why.record import Told
from tideng_rules.wording.answers import NOT_REACHED, NOTHING_ON_RECORD, chosen

ORDER = ("rule", "moment", "subject", "heard", "conditions", "limit", "known", "withdrawn", "held", "record")
"""The checks, in the order in which judging a situation meets them."""
PASSED, STOPPED, UNUSED = "passed", "stopped", "unused"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `what` is one of ORDER; `state`: passed, stopped, unused (it was not reached); `said`: a clause per
    language; `finding`: the finding it refers to; `deciding`: this check is the answer."""

    what: str
    state: str
    said: Text
    finding: int | None = None
    deciding: bool = False

    def to_json(self) -> dict[str, Any]:
        shown = {"what": self.what, "state": self.state, "deciding": self.deciding, "said": dict(self.said)}
        return shown | ({"finding": self.finding} if self.finding else {})


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The answer. `spoke`: the rule spoke, and the finding stands; `finding` is its number. `at`: the moment that was
    judged (UTC), None if the rule had none that day; `asked_about`: the moment of the question. `conditions`: (part, tree)
    for who and if, as known now. `facts`: those the rule would have been judged with. `ladder`: its later steps."""

    rule: str
    version: int
    title: Text
    about: str
    subject: str
    subject_name: str
    asked_about: datetime
    at: datetime | None
    zone: str
    spoke: bool
    finding: int | None
    answer: Text
    checks: tuple[Check, ...]
    conditions: tuple[tuple[str, Node], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    ladder: tuple[LadderStep, ...] = ()
    before: datetime | None = None
    after: datetime | None = None

    @property
    def deciding(self) -> Check | None:
        """The check that stopped the rule; None if nothing did."""
        return next((check for check in self.checks if check.deciding), None)

    @property
    def holds(self) -> bool | None:
        """Whether who and if held; None where no moment was judged."""
        return all(node.holds for _, node in self.conditions) if self.at is not None and self.facts_known else None

    @property
    def facts_known(self) -> bool:
        return any(check.what == "conditions" and check.state != UNUSED for check in self.checks)

    def sentences(self, locale: str) -> list[str]:
        """The answer, then the other checks, one line each."""
        lines = [chosen(self.answer, locale)]
        lines += [chosen(check.said, locale) for check in self.checks if check.state != UNUSED and not check.deciding]
        return lines + [chosen(step.said, locale) for step in self.ladder]

    def to_json(self) -> dict[str, Any]:
        zone = ZoneInfo(self.zone)
        local = lambda moment: moment.astimezone(zone).isoformat() if moment else None  # noqa: E731
        return {
            "rule": self.rule,
            "version": self.version,
            "title": dict(self.title),
            "about": self.about,
            "subject": self.subject,
            "subject_name": self.subject_name,
            "asked_about": local(self.asked_about),
            "at": local(self.at),
            "spoke": self.spoke,
            "finding": self.finding,
            "answer": dict(self.answer),
            "checks": [check.to_json() for check in self.checks],
            "conditions": {part: node.to_json() for part, node in self.conditions},
            "facts": {name: plain(value) for name, value in sorted(self.facts.items())},
            "ladder": [step.to_json() for step in self.ladder],
            "before": local(self.before),
            "after": local(self.after),
        }


def spoke(told: Told | None) -> bool:
    """Whether the rule spoke, and its finding still stands."""
    return told is not None and told.spoke


def decided(checks: Iterable[Check], told: Told | None) -> tuple[Check, ...]:
    """The checks in their ORDER, completed, with the one that is the answer marked as `deciding`.

    1. A finding that stands decides whatever the other checks say now; only what holds its message back can follow.
    2. A finding that was withdrawn was made, so the withdrawal decides.
    3. Else the first check that stopped the rule; if none did, that nothing is on record.
    """
    found = list(checks)
    stopped = [check for check in found if check.state == STOPPED]
    deciding = stopped[0] if stopped else None
    if spoke(told):
        deciding = next((check for check in stopped if check.what == "held"), None)
    elif told is not None and told.finding is not None:
        deciding = next((check for check in found if check.what == "withdrawn"), deciding)
    if deciding is None and not spoke(told):
        deciding = Check("record", STOPPED, NOTHING_ON_RECORD)
        found.append(deciding)
    reached = {check.what for check in found}
    marked = [replace(check, deciding=check is deciding) for check in found]
    marked += [Check(what, UNUSED, NOT_REACHED) for what in ("conditions", "limit") if what not in reached]
    return tuple(sorted(marked, key=lambda check: ORDER.index(check.what)))
