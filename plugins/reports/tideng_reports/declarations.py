"""The events of reports and visits, and the standard metrics over them."""

from __future__ import annotations

from tideng.plugin import EventType, Field, MetricSpec, phrase

TRIP = Field("trip", "text", phrase("Trip"), key=True)
CUSTOMER = Field("customer", "text", phrase("Customer"), required=True, key=True)

# what follows from a customer's need (need.*, proposal.*, followup.*) is declared by the connectors
EVENTS = (
    EventType(
        "report.submitted",
        phrase("Daily report submitted"),
        (
            Field("date", "date", phrase("Date")),
            Field("communication", "text", phrase("Customer communication")),
            Field("needs", "text", phrase("Customer needs")),
            Field("issues", "list", phrase("Open issues")),
            Field("plan", "text", phrase("Plan for tomorrow")),
            TRIP,
        ),
    ),
    EventType(
        "needs_report.submitted",
        phrase("Customer-needs report submitted"),
        (CUSTOMER, Field("text", "text", phrase("Customer needs"), required=True)),
    ),
    EventType("visit.completed", phrase("Visit completed"), (CUSTOMER, TRIP)),
)

METRICS = (
    MetricSpec("reports_today", phrase("Reports today"), "count", "report.submitted", "today", unit="reports"),
    MetricSpec(
        "visits_this_week",
        phrase("Visits this week"),
        "count",
        "visit.completed",
        "this week",
        unit="visits",
    ),
    MetricSpec(
        "visits_this_month",
        phrase("Visits this month"),
        "count",
        "visit.completed",
        "this month",
        unit="visits",
    ),
    MetricSpec(
        "needs_reports_this_month",
        phrase("Customer-needs reports this month"),
        "count",
        "needs_report.submitted",
        "this month",
        unit="reports",
    ),
    MetricSpec(
        "needs_length_avg",
        phrase("Average length of customer needs (30 days)"),
        "average",
        "report.submitted",
        "last 30 days",
        field="needs.length",
        unit="characters",
    ),
    MetricSpec(
        "issues_avg",
        phrase("Open issues a report (30 days)"),
        "average",
        "report.submitted",
        "last 30 days",
        field="issues.length",
        unit="items",
    ),
)
