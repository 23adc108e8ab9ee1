"""What a dry run of a rule shows: its steps with their checks, the messages it would have sent, and an example of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tideng.base.text import languages
from tideng.model.catalogue import Text
from tideng_rules.engine.verdict_tree import Node, plain
from tideng_rules.why.answer import Check
from tideng_rules.why.why_spoke import tree_lines
from tideng_rules.wording.answers import Teller


@dataclass(frozen=True, slots=True)
class WalkedStep:
    """One moment at which the rule is judged. `step` 0 is its trigger; `due`: None if the day has no such moment; `state`:
    speaks, silent, cancelled, open (still to come) or unused (the step before stayed silent)."""

    step: int
    due: datetime | None
    state: str
    said: Text
    checks: tuple[Check, ...] = ()
    conditions: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class WouldSay:
    """One action that would have followed. `held_because`: why its message would have waited; `sent_at`: until when, None
    if until the budget has room."""

    at: datetime
    step: int
    action: str
    recipient: str
    recipient_name: str
    message: str
    locale: str
    held_because: Text | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """The whole dry run. `example`: the trigger's moment as an example for the document; None if there was no moment."""

    answer: Text
    zone: str
    steps: tuple[WalkedStep, ...]
    would: tuple[WouldSay, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    example: Mapping[str, Any] | None = None

    def to_json(self, teller: Teller) -> dict[str, Any]:
        zone = ZoneInfo(self.zone)
        local = lambda moment: moment.astimezone(zone).isoformat(timespec="minutes") if moment else None  # noqa: E731
        steps = [
            {
                "step": one.step,
                "at": local(one.due),
                "state": one.state,
                "said": dict(one.said),
                "checks": [check.to_json() for check in one.checks],
                "conditions": {part: _drawn(node, teller) for part, node in one.conditions},
                "lines": {
                    language: [line for _, node in one.conditions for line in tree_lines(node, teller, language, 0)]
                    for language in languages()
                },
            }
            for one in self.steps
        ]
        would = [
            {
                "at": local(one.at),
                "step": one.step,
                "action": one.action,
                "recipient": one.recipient,
                "recipient_name": one.recipient_name,
                "message": one.message,
                "locale": one.locale,
                "held_because": dict(one.held_because) if one.held_because else None,
                "sent_at": local(one.sent_at),
            }
            for one in self.would
        ]
        facts = {name: plain(value) for name, value in sorted(self.facts.items())}
        return {"answer": dict(self.answer), "steps": steps, "would": would, "facts": facts, "example": self.example}


def _drawn(node: Node, teller: Teller) -> dict[str, Any]:
    """A tree in words: what each node asks for as ``said``, and what was there as ``found``."""
    shown = node.to_json() | {"said": dict(teller.node(node)), "found": dict(teller.value(node))}
    return shown | ({"items": [_drawn(item, teller) for item in node.items]} if node.items else {})
