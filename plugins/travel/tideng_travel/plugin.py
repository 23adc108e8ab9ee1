"""Trips and expense claims: what can happen to them, and who is on a trip."""

from __future__ import annotations

from collections.abc import Iterable

from tideng.catalogue import EventType, Field, MetricSpec, State, Text
from tideng.hookspecs import hookimpl

TRIP = Field("trip", "text", {"zh": "出差单号", "en": "Trip"}, required=True, key=True)
CLAIM = Field("claim", "text", {"zh": "报销单号", "en": "Claim"}, required=True, key=True)

TRIP_FIELDS = (
    TRIP,
    Field("purpose", "text", {"zh": "出差目的", "en": "Purpose"}),
    Field("itinerary", "list", {"zh": "行程安排", "en": "Itinerary"}),
    Field("customers", "list", {"zh": "客户清单", "en": "Customers"}),
    Field("planned_visits", "integer", {"zh": "计划拜访数", "en": "Planned visits"}, unit="visits", minimum=0),
)
CLAIM_FIELDS = (
    CLAIM,
    Field("trip", "text", TRIP.title, key=True),
    Field("amount", "number", {"zh": "金额", "en": "Amount"}, unit="money", minimum=0, currency="currency"),
    Field("currency", "text", {"zh": "币种", "en": "Currency"}),
    Field("attachments", "list", {"zh": "单据", "en": "Papers"}),
    Field("reason", "text", {"zh": "说明", "en": "Reason"}),
)
TRIP_EVENTS: tuple[tuple[str, Text], ...] = (
    ("trip.requested", {"zh": "提出出差申请", "en": "Trip requested"}),
    ("trip.approved", {"zh": "出差已批准", "en": "Trip approved"}),
    ("trip.started", {"zh": "出差开始", "en": "Trip started"}),
    ("trip.ended", {"zh": "出差结束", "en": "Trip ended"}),
)
CLAIM_EVENTS: tuple[tuple[str, Text], ...] = (
    ("claim.submitted", {"zh": "提交报销", "en": "Claim submitted"}),
    ("claim.approved", {"zh": "报销已通过", "en": "Claim approved"}),
    ("claim.rejected", {"zh": "报销退回补充", "en": "Claim returned"}),
    ("claim.paid", {"zh": "报销已付款", "en": "Claim paid"}),
)


ON_TRIP = State("person.on_trip", {"zh": "出差中", "en": "On a trip"}, "trip.started", "trip.ended", key="trip")


class TravelPlugin:
    """An item of ``itinerary`` has ``date``, ``city``, ``customer``; one of ``attachments`` has ``kind`` (invoice,
    itinerary, confirmation) and ``number``."""

    title = {"zh": "出差", "en": "Business trips"}

    @hookimpl
    def declare(self) -> Iterable[object]:
        return [
            *(EventType(name, title, TRIP_FIELDS) for name, title in TRIP_EVENTS),
            *(EventType(name, title, CLAIM_FIELDS) for name, title in CLAIM_EVENTS),
            ON_TRIP,
            MetricSpec.days_in_state(
                "trip_days_this_month", {"zh": "本月出差天数", "en": "Days on a trip this month"}, ON_TRIP, "this month"
            ),
        ]
