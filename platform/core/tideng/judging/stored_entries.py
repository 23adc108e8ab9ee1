"""Agenda entries as rows: the stored form, which older versions wrote as well.

The column `facts` holds the event facts by their dotted names, and beside them, under names with a ``$`` in front, what else
an entry must still know of the event that began it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tideng.facts.agenda import AgendaEntry
from tideng.model.judge_contract import Reason
from tideng.store.events import lane_of


def entry_from(row: Any) -> AgendaEntry:
    """The entry in a row of the agenda table."""
    kept = row.facts
    waited = kept.get("$waited")
    return AgendaEntry(
        kind=row.kind,
        rule=row.rule,
        version=row.version,
        subject=row.subject,
        period=row.period,
        step=row.step,
        due=row.due,
        began=row.began,
        match=row.match,
        facts={name: value for name, value in kept.items() if name[0] != "$"},
        person=str(kept.get("$person") or ""),
        owner=kept.get("$owner"),
        depth=int(kept.get("$depth") or 0),
        waited=Reason(**waited) if waited else None,
        since=str(kept.get("$since") or ""),
        state=row.state,
        note=row.note,
        row=row.id,
    )


def columns_of(entry: AgendaEntry, now: datetime) -> dict[str, Any]:
    """A new row of the agenda table; `now` is when the entry was settled, if it is not open."""
    kept = {**entry.facts, "$person": entry.person, "$owner": entry.owner, "$depth": entry.depth}
    if entry.waited:
        kept["$waited"] = entry.waited.to_json()
    return {
        "kind": entry.kind,
        "rule": entry.rule,
        "version": entry.version,
        "subject": entry.subject,
        "lane": lane_of(entry.subject),
        "period": entry.period,
        "step": entry.step,
        "due": entry.due,
        "began": entry.began,
        "match": entry.match,
        "facts": kept,
        "state": entry.state,
        "settled_at": None if entry.state == "open" else now,
        "note": entry.note,
    }
