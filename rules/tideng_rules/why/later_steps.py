"""What became of a rule's later steps: said, called off and by what, missed, or still to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from tideng.judging.stored_entries import entry_from
from tideng.model.catalogue import Text
from tideng.model.judge_contract import Watch
from tideng.replay.past_world import Past
from tideng.store.tables import AgendaRow, FindingRow
from tideng_rules.document.model import Rule
from tideng_rules.engine.verdict_tree import Node, tree_of
from tideng_rules.why.record import Told
from tideng_rules.wording.answers import Teller, both, when


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


def ladder_of(
    connection: Connection,
    past: Past,
    watch: Watch,
    rule: Rule,
    subject: str,
    told: Told,
    teller: Teller,
    zone: ZoneInfo,
) -> tuple[LadderStep, ...]:
    """The later steps of what the rule said, in order; none where it said nothing."""
    if told.finding is None or not rule.later:
        return ()
    table = AgendaRow.__table__
    ours = (table.c.rule == rule.id, table.c.subject == subject, table.c.period == told.period, table.c.kind == "step")
    rows = connection.execute(select(table).where(*ours).order_by(table.c.step)).all()
    same = (FindingRow.rule == rule.id, FindingRow.subject == subject, FindingRow.period == told.period)
    statement = select(FindingRow.step, FindingRow.id).where(*same, FindingRow.step > 0, FindingRow.state == "live")
    said = {row.step: row.id for row in connection.execute(statement.order_by(FindingRow.ordinal.desc()))}
    return tuple(_step(past, watch, rule, subject, row, said.get(row.step), teller, zone) for row in rows)


def _step(
    past: Past, watch: Watch, rule: Rule, subject: str, row: Any, finding: int | None, teller: Teller, zone: ZoneInfo
) -> LadderStep:
    due = when(row.due, zone)
    until = None
    if row.state == "cancelled" and row.note == "until holds" and rule.until is not None and row.settled_at is not None:
        entry = entry_from(row)
        at = min(row.settled_at, row.due)
        facts = past.facts(watch, subject, entry.person or subject, at, kept=entry.facts, part="until")
        until = tree_of(rule.until, facts)
    head = both(f"第 {row.step} 步（{due['zh']}）：", f"Step {row.step} ({due['en']}): ")
    tail = _fate(row, until, teller)
    return LadderStep(
        row.step, row.due, row.state, both(head["zh"] + tail["zh"], head["en"] + tail["en"]), finding, until
    )


def _fate(row: Any, until: Node | None, teller: Teller) -> Text:
    if row.state == "open":
        return both("还没到", "still to come")
    if row.state == "done":
        return both("已经说了", "said")
    note = teller.note(row.note)
    if until is not None and until.holds:
        facts = [leaf for leaf in until.leaves() if leaf.decided]
        values = [(teller.fact(leaf.fact), teller.value(leaf)) for leaf in facts]
        zh = "、".join(f"“{name['zh']}”是 {value['zh']}" for name, value in values)
        en = ", ".join(f"“{name['en']}” was {value['en']}" for name, value in values)
        return both(f"取消了，{note['zh']}（{zh}）", f"called off, {note['en']} ({en})")
    if row.state == "missed":
        return both(f"错过了（{note['zh']}）", f"missed ({note['en']})")
    return both(f"取消了（{note['zh']}）", f"called off ({note['en']})")
