"""The events of reports and visits, and the standard metrics over them."""

from __future__ import annotations

from tideng.plugin import EventType, Field, MetricSpec

TRIP = Field("trip", "text", {"zh": "出差单号", "en": "Trip"}, key=True)
CUSTOMER = Field("customer", "text", {"zh": "客户", "en": "Customer"}, required=True, key=True)

# what follows from a customer's need (need.*, proposal.*, followup.*) is declared by the connectors
EVENTS = (
    EventType(
        "report.submitted",
        {"zh": "提交日报", "en": "Daily report submitted"},
        (
            Field("date", "date", {"zh": "日期", "en": "Date"}),
            Field("communication", "text", {"zh": "客户沟通内容", "en": "Customer communication"}),
            Field("needs", "text", {"zh": "客户需求", "en": "Customer needs"}),
            Field("issues", "list", {"zh": "待解决问题", "en": "Open issues"}),
            Field("plan", "text", {"zh": "明日计划", "en": "Plan for tomorrow"}),
            TRIP,
        ),
    ),
    EventType(
        "needs_report.submitted",
        {"zh": "提交客户需求报告", "en": "Customer-needs report submitted"},
        (CUSTOMER, Field("text", "text", {"zh": "客户需求", "en": "Customer needs"}, required=True)),
    ),
    EventType("visit.completed", {"zh": "完成拜访", "en": "Visit completed"}, (CUSTOMER, TRIP)),
)

METRICS = (
    MetricSpec(
        "reports_today", {"zh": "今日日报", "en": "Reports today"}, "count", "report.submitted", "today", unit="reports"
    ),
    MetricSpec(
        "visits_this_week",
        {"zh": "本周拜访", "en": "Visits this week"},
        "count",
        "visit.completed",
        "this week",
        unit="visits",
    ),
    MetricSpec(
        "visits_this_month",
        {"zh": "本月拜访", "en": "Visits this month"},
        "count",
        "visit.completed",
        "this month",
        unit="visits",
    ),
    MetricSpec(
        "needs_reports_this_month",
        {"zh": "本月客户需求报告", "en": "Customer-needs reports this month"},
        "count",
        "needs_report.submitted",
        "this month",
        unit="reports",
    ),
    MetricSpec(
        "needs_length_avg",
        {"zh": "客户需求平均字数（近30天）", "en": "Average length of customer needs (30 days)"},
        "average",
        "report.submitted",
        "last 30 days",
        field="needs.length",
        unit="characters",
    ),
    MetricSpec(
        "issues_avg",
        {"zh": "每份日报待解决问题数（近30天）", "en": "Open issues a report (30 days)"},
        "average",
        "report.submitted",
        "last 30 days",
        field="issues.length",
        unit="items",
    ),
)
