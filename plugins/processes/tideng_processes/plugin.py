"""The hooks of processes: versions are taken up, cases are moved, and other plugins and pages are answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tideng.plugin import Text, hookimpl, phrase
from tideng_processes.cases import due_steps, incoming_events
from tideng_processes.cases.events import EVENTS
from tideng_processes.forms import post_fields
from tideng_processes.forms.attachments import forget_loose
from tideng_processes.publication import bundle as applying
from tideng_processes.publication import registry, trials
from tideng_processes.publication.shipped import ShipsProcesses
from tideng_processes.views import holdings
from tideng_processes.views.open_steps import todos_of
from tideng_processes.views.responsibilities import responsibilities_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.plugin import Asked, Bundle, Directory, Event, Form, Holding, Problem, Responsibility, Todo

LOOK_AGAIN = timedelta(minutes=10)
"""How often all owners of open steps are checked: an absence may begin on a date without an event that tells it."""


class ProcessesPlugin(ShipsProcesses):
    title = phrase("Processes")
    requires = ("orgchart",)

    def __init__(self) -> None:
        self._revision = -1
        self._looked: datetime | None = None
        self._presence: due_steps.Presence | None = None
        self._shipped: list = []
        self.registry = registry.Registry()

    @hookimpl
    def declare(self) -> Iterable[object]:
        return EVENTS

    @hookimpl
    def migrations(self) -> str | None:
        return str(Path(__file__).parent / "versions")

    # -- which processes there are -------------------------------------------------------------------------------
    @hookimpl
    def refresh(self, connection: Connection) -> bool:
        """Take up versions that somebody published. No rule depends on a process, so the answer is False: nothing else is rebuilt."""
        revision = registry.revision(connection)
        if revision != self._revision:
            self.registry = registry.Registry(self.shipped(), registry.stored(connection))
            self._revision = revision
        return False

    def shipped(self) -> list:
        """What plugins ship, read once."""
        if not self._shipped and self.started:
            self._shipped = registry.shipped_by(self.deployment)
        return self._shipped

    @hookimpl
    def check_bundle(self, bundle: Bundle) -> Iterable[Problem]:
        return applying.check(bundle, self.deployment.catalogue, self.shipped())

    @hookimpl
    def plan_bundle(self, bundle: Bundle, connection: Connection) -> Iterable[Text | str]:
        return applying.plan(bundle, connection, self.shipped())

    @hookimpl
    def apply_bundle(self, bundle: Bundle, connection: Connection | None, take: str) -> Iterable[Text | str]:
        if connection is None:
            return []
        return applying.apply(bundle, connection, self.shipped(), take, self.deployment.clock.now())

    # -- what moves cases ----------------------------------------------------------------------------------------
    @hookimpl
    def on_stored(
        self,
        events: Sequence[Event],
        connection: Connection | None,
        directory: Directory,
        silent: Callable[[Event], bool],
    ) -> None:
        if connection is None or not self.started:
            return
        deployment, now = self.deployment, self.deployment.clock.now()
        incoming_events.hear(deployment, connection, directory, self.registry, events, now, silent)
        if incoming_events.may_take_away(deployment, events):
            # the directory learns of these events later in this round; the owners are checked after that
            self._looked = None
        if any(map(silent, events)):
            # a step of history goes to its owner of that day, who may be absent today
            self._presence = None

    @hookimpl
    def is_due(self, connection: Connection, now: datetime) -> bool:
        looked = self._looked is not None and now - self._looked < LOOK_AGAIN
        return not looked or due_steps.is_due(connection, now)

    @hookimpl
    def come_due(self, connection: Connection, directory: Directory, now: datetime) -> int:
        done = trials.come_due(self.deployment, connection, now)
        done += due_steps.come_due(self.deployment, connection, directory, self.registry, now)
        if self._looked is None or now - self._looked >= LOOK_AGAIN:
            self._looked = now
            known = connection, directory, self.registry, now, self._presence
            moved, self._presence = due_steps.replace_owners(self.deployment, *known)
            done += moved
            forget_loose(connection, now)
        return done

    @hookimpl
    def check_form(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> Iterable[Asked]:
        """Check that units and positions in a form exist."""
        published = self.registry.latest(form.name.partition(".")[0])
        return post_fields.asked_of(form, published.definition, directory) if published else []

    # -- what others ask -----------------------------------------------------------------------------------------
    @hookimpl
    def todos(self, people: frozenset[str], connection: Connection, now: datetime) -> Iterable[Todo]:
        return todos_of(connection, self.registry, people)

    @hookimpl
    def responsibilities(
        self, connection: Connection, directory: Directory, moment: datetime
    ) -> Iterable[Responsibility]:
        return responsibilities_of(connection, self.deployment.catalogue, directory, self.registry, moment)

    @hookimpl
    def held_on(self, person: str, connection: Connection) -> Iterable[Holding]:
        return holdings.cases_of(connection, person, self.registry)

    @hookimpl
    def screens(self) -> Iterable[object]:
        # the core runs where no web is installed
        from tideng_processes.screens.begin import FORM_SCREENS
        from tideng_processes.screens.overview import SCREENS

        return (*SCREENS, *FORM_SCREENS)
