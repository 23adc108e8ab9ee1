"""One unit of work of a worker: a transaction in which something is judged, and all that follows from it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from tideng.facts.world import World
from tideng.judging.pipeline import Flow
from tideng.judging.world_loader import WorkingSet
from tideng.org.directory import Directory
from tideng.outbox.enqueue import save_records, withdraw
from tideng.outbox.policy import Speaking
from tideng.outbox.storm_control import control_storms
from tideng.store.events import store_events
from tideng.store.rates import note_unpriced

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """What is judged by in one transaction. `working_set` loads worlds on `connection`; `now` is when it began (UTC)."""

    connection: Connection
    deployment: Deployment
    flow: Flow
    directory: Directory
    working_set: WorkingSet
    now: datetime

    def save(self, world: World) -> None:
        """Store what changed in the world, and what follows: findings, messages, what is taken back, emitted events."""
        self.working_set.save(world, self.now)
        speaking = Speaking.of(self.deployment.profile)
        save_records(self.connection, world.records, world.directory, speaking, self.now)
        # after the records are in: a storm is recognised by what is stored
        control_storms(self.connection, self.deployment, self.flow.watchlist, world, self.now)
        withdraw(self.connection, world.withdrawn, self.now)
        if world.unpriced:
            note_unpriced(self.connection, world.unpriced)
            _log.warning("amounts without an exchange rate", count=sum(world.unpriced.values()))
        if world.emitted:
            store_events(self.connection, self.deployment.catalogue, world.emitted, self.now)
