"""The record of one rule, one subject and one moment: the finding, earlier findings, and the messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tideng.facts.frequency import Said, period_of
from tideng.org.directory import Directory
from tideng.outbox.rows import of_findings
from tideng.store.findings import findings_up_to
from tideng_rules.document.model import Rule
from tideng_rules.why.moments import Asked


@dataclass(frozen=True, slots=True)
class Told:
    """`finding`: the first of what the rule said at this moment, None where it said nothing; `state`: live, withdrawn.

    `period`: the one it was said for. `earlier`: what the rule had said to the subject before, each with its finding.
    `messages`: (status, due, held_because, error) of its messages."""

    finding: int | None = None
    state: str = ""
    at: datetime | None = None
    period: str = ""
    withdrawn_because: str | None = None
    earlier: tuple[tuple[Said, int], ...] = ()
    messages: tuple[Any, ...] = ()

    @property
    def spoke(self) -> bool:
        """It spoke, and that stands."""
        return self.finding is not None and self.state == "live"


def told_about(connection: Connection, rule: Rule, subject: str, asked: Asked, directory: Directory) -> Told:
    """What the rule said to `subject` at the moment of `asked`, and what it had said by then. Two statements."""
    heard = asked.event.received if asked.event else asked.at
    rows = findings_up_to(connection, rule.id, subject, asked.at, max(asked.at, heard))
    own = [row for row in rows if row.step == 0 and _this(rule, row, asked, directory, subject)]
    firsts: dict[str, Any] = {}
    for row in rows:
        if row.step == 0 and row not in own:
            firsts.setdefault(row.period, row)
    earlier = tuple((Said(r.at, directory.local_day(subject, r.at), r.period), r.id) for r in firsts.values())
    if not own:
        return Told(earlier=earlier)
    live = next((row for row in own if row.state == "live"), own[0])
    return Told(
        live.id,
        live.state,
        live.at,
        live.period,
        live.withdrawn_because,
        earlier,
        tuple(of_findings(connection, [r.id for r in own])),
    )


def _this(rule: Rule, row: Any, asked: Asked, directory: Directory, subject: str) -> bool:
    """Whether a finding was said at the moment that is meant, and not at the same moment about something else."""
    if row.at != asked.at:
        return False
    day = directory.local_day(subject, asked.at)
    facts = {f"event.{name}": value for name, value in (asked.event.event.data if asked.event else {}).items()}
    facts |= dict(asked.kept or {})
    period = period_of(rule.limit, day, asked.occurrence, facts)
    return row.period == period or asked.occurrence not in period
