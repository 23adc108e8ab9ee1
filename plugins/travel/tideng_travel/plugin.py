"""Trips and expense claims: their events, the questions in their forms, and who is on a trip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tideng.plugin import EventType, Field, MetricSpec, Problem, State, StateWindow, Text, hookimpl
from tideng_processes.cases.events import SOURCE as PROCESSES
from tideng_processes.publication.shipped import ShipsProcesses
from tideng_travel import (
    claims,
    comparison_card,
    holdings,
    invoice_card,
    invoices,
    options,
    paper_reading,
    prefill,
    tax,
    trips,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.plugin import (
        Asked,
        Attachment,
        AttachmentReading,
        Bundle,
        Card,
        Directory,
        Event,
        Filled,
        Form,
        Holding,
    )

NAME = "travel"
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
CHECKED = EventType(
    tax.CHECKED,
    {"zh": "发票查验过", "en": "Invoice checked"},
    (
        CLAIM,
        Field("number", "text", {"zh": "发票号码", "en": "Invoice number"}),
        Field(
            "verdict", "text", {"zh": "查验结果（genuine、unknown、wrong）", "en": "Result: genuine, unknown or wrong"}
        ),
    ),
)


ON_TRIP = State("person.on_trip", {"zh": "出差中", "en": "On a trip"}, "trip.started", "trip.ended", key="trip")
THIS_TRIP = StateWindow("this trip", {"zh": "这次出差", "en": "This trip"}, ON_TRIP.name)


class TravelPlugin(ShipsProcesses):
    """Trips and claims. An item of ``itinerary`` has ``date``, ``city``, ``customer``; an item of ``attachments``
    has ``kind`` (invoice, itinerary, confirmation) and ``number``."""

    title = {"zh": "出差", "en": "Business trips"}
    requires = ("processes",)

    def __init__(self) -> None:
        self._ask_again: datetime | None = None

    @hookimpl
    def declare(self) -> Iterable[object]:
        return [
            *(EventType(name, title, TRIP_FIELDS) for name, title in TRIP_EVENTS),
            *(EventType(name, title, CLAIM_FIELDS) for name, title in CLAIM_EVENTS),
            CHECKED,
            ON_TRIP,
            THIS_TRIP,
            MetricSpec.days_in_state(
                "trip_days_this_month", {"zh": "本月出差天数", "en": "Days on a trip this month"}, ON_TRIP, "this month"
            ),
        ]

    @hookimpl
    def migrations(self) -> str | None:
        return str(Path(__file__).parent / "versions")

    @hookimpl
    def check_bundle(self, bundle: Bundle) -> Iterable[Problem]:
        found = options.check(bundle.plugins.get(NAME, {}))
        return [replace(one, at=f"client.yaml, plugins.{NAME}.{one.at}") for one in found]

    # -- forms ---------------------------------------------------------------------------------------------------
    @hookimpl
    def read_paper(self, paper: Attachment) -> AttachmentReading | None:
        return paper_reading.reading_of(paper) if paper.kind in paper_reading.KINDS else None

    @hookimpl
    def check_form(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> Iterable[Asked]:
        if form.name in (trips.REQUEST, trips.ON_TRIP):
            return list(trips.asked_of(connection, directory, form))
        if form.event_type != claims.SUBMITTED:
            return []
        return list(claims.asked_of(connection, self._claim(form, connection, directory)))

    @hookimpl
    def fill_form(
        self, form: Form, connection: Connection, directory: Directory, now: datetime
    ) -> Mapping[str, Filled]:
        if form.name == trips.REQUEST:
            return prefill.for_trip(connection, directory, self.deployment.catalogue, form)
        if form.name == claims.WRITE:
            return prefill.for_claim(connection, form, self._claim(form, connection, directory))
        return {}

    @hookimpl
    def form_accepted(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> Iterable[Asked]:
        if form.event_type == claims.SUBMITTED:
            return claims.accept(connection, self._claim(form, connection, directory), now)
        if form.name == claims.WRITE:
            invoices.release(connection, form.case)
        return []

    def _claim(self, form: Form, connection: Connection, directory: Directory) -> claims.Claim:
        chosen = options.Options.read(self.deployment.plugin_settings(NAME))
        return claims.read_claim(connection, directory, form, self.deployment.catalogue.money, chosen)

    @hookimpl
    def on_stored(self, events: Sequence[Event], connection: Connection | None) -> None:
        elsewhere = [one for one in events if one.type == claims.SUBMITTED and one.source != PROCESSES]
        if connection is not None and elsewhere:
            invoices.hear(connection, elsewhere)

    # -- the tax system ------------------------------------------------------------------------------------------
    @hookimpl
    def between_batches(self) -> None:
        now = self.deployment.clock.now()
        if self._ask_again is not None and now < self._ask_again:
            return
        unconnected = tax.ask(self.deployment) is None
        self._ask_again = now + tax.UNCONNECTED if unconnected else None

    @hookimpl
    def beside_case(self, process: str, case: str, connection: Connection, directory: Directory) -> Iterable[Card]:
        if process != "claim":
            return []
        connected = bool(self.deployment.plugins.answers("check_invoice"))
        form = comparison_card.kept_form(connection, case)
        claim = self._claim(form, connection, directory) if form else None
        return [*comparison_card.of_claim(claim), *invoice_card.of_claim(connection, case, connected)] if claim else []

    # -- what is held on a person --------------------------------------------------------------------------------
    @hookimpl
    def held_on(self, person: str, connection: Connection) -> Iterable[Holding]:
        return [holdings.invoices_of(connection, person)]
