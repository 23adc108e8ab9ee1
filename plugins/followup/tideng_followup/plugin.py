"""Follow a customer's need until they buy or not; after a lost customer, find the step that can be better."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tideng.plugin import hookimpl, phrase
from tideng_followup import lost_customers
from tideng_followup.declarations import EVENTS
from tideng_followup.forms import asked_of, filled_in
from tideng_processes.publication.registry import registry_of
from tideng_processes.publication.shipped import ShipsProcesses

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.plugin import Asked, Directory, Event, Filled, Form


class FollowupPlugin(ShipsProcesses):
    title = phrase("Following up customers")
    requires = ("processes",)

    @hookimpl
    def declare(self) -> Iterable[object]:
        return EVENTS

    @hookimpl
    def on_stored(
        self,
        events: Sequence[Event],
        connection: Connection | None,
        directory: Directory,
        silent: Callable[[Event], bool],
    ) -> None:
        """Review lost customers; history is left alone."""
        if connection is None or not self.started:
            return
        deployment, now = self.deployment, self.deployment.clock.now()
        told = [event for event in events if lost_customers.is_loss(event) and not silent(event)]
        lost_customers.hear(deployment, connection, directory, registry_of(deployment), told, now)

    @hookimpl
    def check_form(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> Iterable[Asked]:
        return asked_of(form)

    @hookimpl
    def fill_form(
        self, form: Form, connection: Connection, directory: Directory, now: datetime
    ) -> Mapping[str, Filled]:
        return filled_in(form, connection, self.deployment.catalogue, directory, now)
