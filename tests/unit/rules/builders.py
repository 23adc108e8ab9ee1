"""Builders that hide what a test does not care about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tideng.model.catalogue import (
    Catalogue,
    ChannelSpec,
    EventType,
    Fact,
    Field,
    MetricSpec,
    State,
)
from tideng.model.judge_contract import Situation
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.rulebook import Book, Published

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def a_document(**changes: Any) -> dict[str, Any]:
    """A rule document that is in order; ``if_`` stands for the key ``if``, None takes a key away."""
    document = {
        "id": "report-missing",
        "kind": "reminder",
        "title": {"zh": "日报还没写", "en": "Report still open"},
        "why": {"zh": "帮得上忙", "en": "It helps"},
        "when": {"every": "workday", "at": "19:00"},
        "who": {"fact": "person.on_trip", "is": True},
        "if": {"fact": "metric.reports_today", "is": 0},
        "then": [{"nudge": "person", "message": {"zh": "日报还没写。", "en": "The report is still open."}}],
        "examples": [
            {
                "name": "speaks",
                "at": "2026-03-02T19:00+08:00",
                "facts": {"person.on_trip": True, "metric.reports_today": 0},
                "expect": ["nudge person"],
            },
            {
                "name": "stays silent",
                "at": "2026-03-02T19:00+08:00",
                "facts": {"person.on_trip": True, "metric.reports_today": 1},
                "expect": [],
            },
        ],
    }
    document |= {key.rstrip("_"): value for key, value in changes.items()}
    return {key: value for key, value in document.items() if value is not None}


def a_rule(**changes: Any):
    return parse_rule(a_document(**changes))


def on_report(id_: str = "on-report", **changes: Any) -> dict[str, Any]:
    """A rule document that is triggered by a report."""
    return a_document(**({"id": id_, "when": {"event": "report.submitted"}, "who": None, "examples": None} | changes))


def nudge(to: str = "person") -> dict[str, Any]:
    return {"nudge": to, "message": {"zh": "在吗？", "en": "Hello"}}


def a_catalogue() -> Catalogue:
    """What the tests' rules may speak of."""
    catalogue = Catalogue()
    name = {"zh": "名", "en": "Name"}
    catalogue.add(
        [
            EventType(
                "report.submitted",
                {"zh": "提交日报", "en": "Report submitted"},
                (
                    Field("needs", "text", {"zh": "客户需求", "en": "Needs"}),
                    Field("issues", "list", {"zh": "问题", "en": "Issues"}),
                    Field("date", "date", {"zh": "日期", "en": "Date"}),
                    Field("trip", "text", {"zh": "出差", "en": "Trip"}, key=True),
                ),
            ),
            EventType("trip.started", name, (Field("trip", "text", name, key=True),)),
            EventType("trip.ended", name, (Field("trip", "text", name, key=True), Field("city", "text", name))),
            EventType(
                "order.won", name, (Field("amount", "number", name, unit="money"), Field("paid", "boolean", name))
            ),
            EventType("permit.final_approved", name, (), open=True),
            State("person.on_trip", {"zh": "出差中", "en": "On a trip"}, "trip.started", "trip.ended", key="trip"),
            Fact("person.name", "text", {"zh": "姓名", "en": "Name"}),
            Fact("person.since", "date", {"zh": "起始日", "en": "Since"}),
            MetricSpec(
                "reports_today",
                {"zh": "今日日报", "en": "Reports today"},
                "count",
                "report.submitted",
                "today",
                unit="reports",
            ),
            MetricSpec(
                "visits_this_week",
                {"zh": "本周拜访", "en": "Visits this week"},
                "count",
                "trip.ended",
                "this week",
                unit="visits",
            ),
            ChannelSpec("email", {"zh": "邮件", "en": "E-mail"}),
        ],
        "test",
    )
    return catalogue


def a_book(*documents: Mapping[str, Any], **options: Any) -> Book:
    return Book([Published(parse_rule(document)) for document in documents], a_catalogue(), **options)


def a_situation(question: str, step: int = 0, version: int | None = None, **facts: Any) -> Situation:
    """`facts` are named with __ for the dot: ``metric__reports_today=0``."""
    return Situation(question, "zhangsan", NOON, {k.replace("__", "."): v for k, v in facts.items()}, version, step)
