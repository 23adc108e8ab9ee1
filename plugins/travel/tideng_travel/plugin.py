"""Trips and expense claims: their events, the questions in their forms, and who is on a trip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tideng.plugin import EventType, Field, MetricSpec, Problem, State, StateWindow, Text, hookimpl, phrase
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
TRIP = Field("trip", "text", phrase("Trip"), required=True, key=True)
CLAIM = Field("claim", "text", phrase("Claim"), required=True, key=True)

TRIP_FIELDS = (
    TRIP,
    Field("purpose", "text", phrase("Purpose")),
    Field("itinerary", "list", phrase("Itinerary")),
    Field("customers", "list", phrase("Customers", context="plugin")),
    Field("planned_visits", "integer", phrase("Planned visits"), unit="visits", minimum=0),
)
CLAIM_FIELDS = (
    CLAIM,
    Field("trip", "text", TRIP.title, key=True),
    Field("amount", "number", phrase("Amount"), unit="money", minimum=0, currency="currency"),
    Field("currency", "text", phrase("Currency")),
    Field("attachments", "list", phrase("Papers", context="plugin")),
    Field("reason", "text", phrase("Reason", context="plugin")),
)
TRIP_EVENTS: tuple[tuple[str, Text], ...] = (
    ("trip.requested", phrase("Trip requested")),
    ("trip.approved", phrase("Trip approved")),
    ("trip.started", phrase("Trip started")),
    ("trip.ended", phrase("Trip ended")),
)
CLAIM_EVENTS: tuple[tuple[str, Text], ...] = (
    ("claim.submitted", phrase("Claim submitted")),
    ("claim.approved", phrase("Claim approved")),
    ("claim.rejected", phrase("Claim returned")),
    ("claim.paid", phrase("Claim paid")),
)
CHECKED = EventType(
    tax.CHECKED,
    phrase("Invoice checked"),
    (
        CLAIM,
        Field("number", "text", phrase("Invoice number")),
        Field("verdict", "text", phrase("Result: genuine, unknown or wrong")),
    ),
)


ON_TRIP = State("person.on_trip", phrase("On a trip"), "trip.started", "trip.ended", key="trip")
THIS_TRIP = StateWindow("this trip", phrase("This trip"), ON_TRIP.name)


class TravelPlugin(ShipsProcesses):
    """Trips and claims. An item of ``itinerary`` has ``date``, ``city``, ``customer``; an item of ``attachments``
    has ``kind`` (invoice, itinerary, confirmation) and ``number``."""

    title = phrase("Business trips")
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
                "trip_days_this_month", phrase("Days on a trip this month"), ON_TRIP, "this month"
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
