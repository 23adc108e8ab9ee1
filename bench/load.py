"""What the end-to-end benchmark judges: the hundred rules and the situations of `bench.engines`, as a client and its events.

Ten further rules count, one for each event type, so that the daily counters are part of the measured path.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.engines import TYPES, WORDS, make_rules, make_situations
from tideng_rules.document.model import Condition, Leaf

NOW = datetime.fromisoformat("2026-03-06T12:00:00+08:00")
PEOPLE = 1000
PLAIN_RULES = 100


def rule_documents() -> list[dict[str, Any]]:
    """A hundred rules of three comparisons, and ten that count."""
    plain = [
        _document(f"rule-{rule_id.lower()}", event_type, _written(condition))
        for rule_id, event_type, condition in make_rules(PLAIN_RULES)
    ]
    counting = [
        _document(f"many-{name.replace('_', '-')}", name, {"fact": f"metric.{name}_today", "gte": 40})
        | {"metrics": {f"{name}_today": {"count": f"bench.{name}", "window": "today"}}}
        for name in TYPES
    ]
    return plain + counting


def _document(rule_id: str, event_type: str, condition: Any) -> dict[str, Any]:
    return {
        "id": rule_id,
        "kind": "validation",
        "title": {"zh": "测", "en": "Measured"},
        "when": {"event": f"bench.{event_type}"},
        "if": condition,
        "then": [{"nudge": "person", "message": {"zh": "请看一下。", "en": "Please have a look."}}],
        "limit": {"once_per": "day"},
    }


def rule_document(rule_id: str, event_type: str, condition: Condition) -> dict[str, Any]:
    """A rule on one of the bench's event types, as its file holds it."""
    return _document(rule_id, event_type, _written(condition))


def _written(condition: Condition) -> Any:
    if isinstance(condition, Leaf):
        return {"fact": f"event.{condition.fact}", condition.op: condition.operand}
    return {condition.kind: [_written(part) for part in condition.items]}


def write_client(folder: Path) -> Path:
    """The client's files: a thousand people in two zones, ten event types, a hundred and ten rules."""
    (folder / "rules").mkdir(parents=True)
    fields: dict[str, dict[str, Any]] = {
        name: {"type": "number", "title": {"zh": name, "en": name}}
        for name in ("needs_length", "visits", "late_count", "hours_open", "sales_delta", "score", "serial")
    }
    fields |= {name: {"type": "text", "title": {"zh": name, "en": name}} for name in (*WORDS, "note")}
    client = {
        "client": "Bench",
        "locale": "zh",
        "timezone": "Asia/Shanghai",
        "calendar": "CN",
        "roles": {"hr": [_person(0)]},
        "event_types": {f"bench.{name}": {"title": {"zh": name, "en": name}, "fields": fields} for name in TYPES},
    }
    # JSON is YAML
    (folder / "client.yaml").write_text(json.dumps(client, ensure_ascii=False), "utf-8")
    rows = ["id,name,unit,position,supervisor,timezone,locale,phone,email,from,until"]
    for number in range(PEOPLE):
        zone = "Asia/Urumqi" if number % 4 == 0 else "Asia/Shanghai"
        rows.append(f"{_person(number)},员工{number},,,{_person(0) if number else ''},{zone},zh,,,2020-01-01,")
    (folder / "people.csv").write_text("\n".join(rows) + "\n", "utf-8")
    for document in rule_documents():
        (folder / "rules" / f"{document['id']}.yaml").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return folder


def payloads(count: int, seed: int = 2, source: str = "bench") -> list[dict[str, Any]]:
    """`count` CloudEvents of the last day, in the order of their time."""
    dice = random.Random(seed)
    found = []
    for number, (name, facts) in enumerate(make_situations(count, seed)):
        data = {key: value for key, value in facts.items() if key not in ("employee", "time")}
        found.append(
            {
                "specversion": "1.0",
                "id": f"{seed}-{number}",
                "source": source,
                "type": f"bench.{name}",
                "time": (NOW - timedelta(days=1) + timedelta(days=1) * number / count).isoformat(),
                "subject": _person(dice.randrange(PEOPLE)),
                "data": data,
            }
        )
    return found


def _person(number: int) -> str:
    return f"e{number:04}"
