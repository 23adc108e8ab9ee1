"""Daily reports, customer-needs reports and visits: how they are written and read, and how complete they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from tideng.plugin import hookimpl, phrase
from tideng_processes.publication.shipped import ShipsProcesses
from tideng_reports.declarations import EVENTS, METRICS
from tideng_reports.person_card import reports_card
from tideng_reports.prefill import filled

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.plugin import Card, Directory, Filled, Form, Viewer


class ReportsPlugin(ShipsProcesses):
    title = phrase("Reports and visits")
    requires = ("processes",)

    @hookimpl
    def declare(self) -> Iterable[object]:
        return [*EVENTS, *METRICS]

    @hookimpl
    def fill_form(
        self, form: Form, connection: Connection, directory: Directory, now: datetime
    ) -> Mapping[str, Filled]:
        return filled(form, connection, directory)

    @hookimpl
    def beside_person(
        self, person: str, viewer: Viewer, connection: Connection, directory: Directory, now: datetime
    ) -> Iterable[Card]:
        return reports_card(connection, viewer, directory, now, self.deployment, person)

    @hookimpl
    def screens(self) -> Iterable[object]:
        from tideng_reports.screens import SCREENS

        return SCREENS
