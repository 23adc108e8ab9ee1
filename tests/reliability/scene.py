"""What the kill test lives through: a small client, seeded events, and what an independent count says must come of them.

The oracle is plain sets and counters over the raw payloads. It shares no code with what it checks.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

NOW = datetime.fromisoformat("2026-03-07T12:00:00+08:00")
"""Where the clock of the processes starts. Everything has happened in the five days before it."""
FIRST = datetime.fromisoformat("2026-03-02T00:00:00+08:00")
ZONES = {"north": "Asia/Shanghai", "far": "Australia/Sydney"}
PEOPLE = [f"p{number:02}" for number in range(40)]
CLIENT = """\
client: Kill test
locale: en
timezone: Asia/Shanghai
calendar: CN
channels: [wire]
"""
RULES = {
    "short-report": """
        id: short-report
        kind: validation
        title: {zh: 需求太短, en: Needs are short}
        when: {event: report.submitted}
        if: {fact: event.needs.length, lt: 100}
        then: [{nudge: person, message: {zh: "请补充客户需求。", en: "Could you add to the customer needs?"}}]
        limit: {once_per: day}
    """,
    "fifth-visit": """
        id: fifth-visit
        kind: validation
        title: {zh: 今天很忙, en: A full day}
        when: {event: visit.completed}
        if: {fact: metric.visits_of_the_day, gte: 5}
        then: [{nudge: supervisor, message: {zh: "今天已拜访五家。", en: "Five visits today."}}]
        limit: {once_per: day}
        metrics: {visits_of_the_day: {count: visit.completed, window: today}}
    """,
    "unanswered": """
        id: unanswered
        kind: escalation
        title: {zh: 未答复, en: Not answered yet}
        when: {event: probe.opened, without: probe.closed, within: 24 hours, match: probe}
        then: [{nudge: person, message: {zh: "还没有答复。", en: "There is no answer yet."}}]
    """,
    "echo": """
        id: echo
        kind: validation
        title: {zh: 回声, en: Echo}
        when: {event: probe.opened}
        if: {fact: event.loud, is: true}
        then: [{emit: probe.echoed}]
    """,
    "echo-heard": """
        id: echo-heard
        kind: validation
        title: {zh: 听到回声, en: Echo heard}
        when: {event: probe.echoed}
        then: [{nudge: person, message: {zh: "听到了。", en: "It was heard."}}]
    """,
}


def write_client(folder: Path) -> Path:
    """The client's files under `folder`: forty people of two zones, two leads, five rules."""
    (folder / "rules").mkdir(parents=True)
    (folder / "client.yaml").write_text(CLIENT, "utf-8")
    (folder / "units.csv").write_text("id,name,parent\nsales,Sales,\n", "utf-8")
    (folder / "positions.csv").write_text("id,name,unit,duties\nrep,Sales,sales,\nlead,Lead,sales,\n", "utf-8")
    lines = ["id,name,unit,position,supervisor,timezone,locale,phone,email,from,until"]
    lines += [f"lead,Wang Haiyan,sales,lead,,{ZONES['north']},en,,lead@example.com,2020-01-01,"]
    for person in PEOPLE:
        lines.append(f"{person},Rep {person},sales,rep,lead,{zone_of(person)},en,,{person}@example.com,2020-01-01,")
    (folder / "people.csv").write_text("\n".join(lines) + "\n", "utf-8")
    for name, text in RULES.items():
        (folder / "rules" / f"{name}.yaml").write_text(_dedent(text), "utf-8")
    return folder


def zone_of(person: str) -> str:
    return ZONES["far"] if PEOPLE.index(person) % 3 == 0 else ZONES["north"]


def seeded_events(seed: int, count: int) -> list[dict[str, Any]]:
    """`count` CloudEvents, the same for the same seed; some cannot be judged."""
    dice = random.Random(seed)
    events = []
    opened: list[tuple[str, str, datetime]] = []
    for number in range(count):
        person = dice.choice(PEOPLE)
        when = FIRST + timedelta(seconds=dice.randrange(3 * 86_400))
        kind = dice.choices(("report", "visit", "open", "close", "poison"), (30, 40, 15, 13, 1))[0]
        if kind == "close" and opened:
            probe, owner, began = opened.pop(dice.randrange(len(opened)))
            when = began + timedelta(hours=dice.choice((1, 12, 23, 24, 25, 30)))
            events.append(_event(number, "probe.closed", owner, when, probe=probe))
        elif kind == "open":
            opened.append((f"probe-{number}", person, when))
            events.append(
                _event(number, "probe.opened", person, when, probe=f"probe-{number}", loud=dice.random() < 0.3)
            )
        elif kind == "poison":
            events.append(_event(number, "probe.measured", person, when, sound=dice.random() < 0.3))
        elif kind == "report":
            events.append(_event(number, "report.submitted", person, when, needs="x" * dice.randrange(60, 300)))
        else:
            events.append(_event(number, "visit.completed", person, when, customer=f"c{dice.randrange(50)}"))
    return events


def _event(number: int, type_: str, subject: str, when: datetime, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "kill-test",
        "type": type_,
        "time": when.isoformat(),
        "subject": subject,
        "data": data,
    }


@dataclass
class Expected:
    """What must be in the database when all is done, whatever was killed on the way."""

    events: int = 0
    poisoned: int = 0
    days: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(person, series, local day) → events counted."""
    lengths: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(person, local day) → characters of customer needs."""
    findings: set[tuple[str, str, str]] = field(default_factory=set)
    """(rule, person, period) of every finding that stands."""
    may_be_taken_back: set[tuple[str, str, str]] = field(default_factory=set)
    """Findings that may have been made before the answer that undoes them was heard."""


def expect(events: list[dict[str, Any]]) -> Expected:
    """Count what the rules above mean, in any order of arrival."""
    expected = Expected(events=len({event["id"] for event in events}))
    closed = {e["data"]["probe"]: datetime.fromisoformat(e["time"]) for e in events if e["type"] == "probe.closed"}
    for event in {event["id"]: event for event in events}.values():
        person, data = event["subject"], event["data"]
        when = datetime.fromisoformat(event["time"])
        day = when.astimezone(ZoneInfo(zone_of(person))).date().isoformat()
        key = f"kill-test/{event['id']}"
        if event["type"] == "report.submitted":
            expected.days[person, "report.submitted", day] += 1
            expected.days[person, "report.submitted/needs.length", day] += 1
            expected.lengths[person, day] += len(data["needs"])
            if len(data["needs"]) < 100:
                expected.findings.add(("short-report", person, day))
        elif event["type"] == "visit.completed":
            expected.days[person, "visit.completed", day] += 1
            if expected.days[person, "visit.completed", day] == 5:
                expected.findings.add(("fifth-visit", person, day))
        elif event["type"] == "probe.opened":
            finding = ("unanswered", person, key)
            answered = closed.get(data["probe"])
            if answered is not None and answered <= when + timedelta(hours=24):
                expected.may_be_taken_back.add(finding)
            else:
                expected.findings.add(finding)
            if data["loud"]:
                expected.events += 1
                expected.findings.add(("echo", person, key))
                expected.findings.add(("echo-heard", person, f"tideng:rules/echo/{person}/{key}"))
        elif event["type"] == "probe.measured":
            if data["sound"]:
                expected.days[person, "probe.measured?sound", day] += 1
            else:
                expected.poisoned += 1
    return expected


def _dedent(text: str) -> str:
    import textwrap

    return textwrap.dedent(text)
