"""The rules, people and settings in force in one worker, taken up anew at the start of each unit of work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tideng.judging.backfill import bring_up_to_date
from tideng.judging.pipeline import Flow
from tideng.judging.watch_index import WatchList
from tideng.judging.world_loader import WorkingSet
from tideng.model.judge_contract import Watch
from tideng.model.money import Money
from tideng.org.directory import Directory
from tideng.runtime.lanes import lock_all_lanes
from tideng.runtime.unit_of_work import UnitOfWork
from tideng.store.database import reading, writing

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment


class InForce:
    """What a worker judges by, as of its last unit of work."""

    def __init__(self, deployment: Deployment):
        self._deployment = deployment
        self._flow: Flow | None = None
        self._directory: Directory | None = None
        self._prepared: Flow | None = None
        self._counted: Money | None = None

    @property
    def flow(self) -> Flow:
        """The rules and metrics in force."""
        assert self._flow is not None, "refresh comes first"
        return self._flow

    @property
    def directory(self) -> Directory:
        """Who is where; nobody before the first unit of work."""
        return self._directory if self._directory is not None else Directory()

    @property
    def oldest_news(self) -> datetime:
        """What happened before this moment is too old to be spoken of."""
        return self._deployment.clock.now() - timedelta(hours=self._deployment.settings.speak_within_hours)

    def watch(self, rule: str, version: int) -> Watch | None:
        """The watch of a rule's version; None before the first unit of work."""
        return self._flow.watchlist.get(rule, version) if self._flow else None

    def listens(self, event_type: str) -> bool:
        """Whether a rule in force reads events of this type."""
        return self._flow is not None and self._flow.watchlist.listens(event_type)

    def begin(self, connection: Connection, now: datetime) -> UnitOfWork:
        """A unit of work on `connection`, by what is in force now."""
        working_set = WorkingSet(connection, self._deployment.catalogue, self.directory, self.flow.watchlist)
        return UnitOfWork(connection, self._deployment, self.flow, self.directory, working_set, now)

    def refresh(self, connection: Connection, people_changed: bool = False) -> None:
        """Take up new rules, people and settings. Called while the lanes are held, so that no batch uses old ones."""
        plugins = self._deployment.plugins
        changed = any(plugins.call("refresh", connection=connection)) | self._deployment.refresh(connection)
        if self._directory is None or changed or people_changed:
            self._directory = plugins.first("directory", connection=connection) or Directory()
        if self._flow is None or changed:
            self._flow = self._new_flow()

    def _new_flow(self) -> Flow:
        plugins, deployment = self._deployment.plugins, self._deployment
        watches = [watch for part in plugins.call("watches") for watch in part]
        watchlist = WatchList(
            watches, deployment.catalogue, lambda rule, version: plugins.first("watch", rule=rule, version=version)
        )
        depth = deployment.settings.max_event_depth
        locale = deployment.profile.locale
        return Flow(plugins, deployment.catalogue, deployment.calendar, watchlist, locale, depth)

    # -- metrics of new rules ----------------------------------------------------------------------------------
    @property
    def is_prepared(self) -> bool:
        """Whether the stored figures are those that the rules in force read, at today's exchange rates."""
        return self._prepared is self._flow and self._counted is self._deployment.catalogue.money

    def prepare(self) -> None:
        """Take up what changed, and fill metrics that are new from the events that are already judged."""
        with reading(self._deployment.engine) as connection:
            self.refresh(connection)
        if self.is_prepared:
            return
        with writing(self._deployment.engine) as connection:
            lock_all_lanes(connection)
            self.refresh(connection)
            flow = self.flow
            wanted = {one.key: one for series in flow.watchlist.series.values() for one in series}
            catalogue, now = self._deployment.catalogue, self._deployment.clock.now()
            bring_up_to_date(connection, catalogue, self.directory, wanted, now)
        # only after the commit: a fill that failed is tried again
        self._prepared, self._counted = flow, catalogue.money
