"""Trials: a version is for new cases until a day; after it, new cases use the version before it, unless somebody keeps the trial.

Going back publishes the older document as a new version: no number is used twice, and every case keeps the version on which it
began. The worker goes back when the day has come, or when it is started again after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, exists, select, update

from tideng.plugin import Problem, Refused, dialect_insert, is_sqlite, local_moment
from tideng_processes.publication.registry import Registry, registry_in, store
from tideng_processes.tables import TrialRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

DAYS = 14
"""The length of a trial in days, to the end of the last one."""
RUNNING, KEPT, RETURNED, OVERTAKEN = "", "kept", "returned", "overtaken"


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of `version` of a process in place of the version `before`. `outcome`: RUNNING, KEPT, RETURNED (the older document
    became the next version) or OVERTAKEN (somebody published another version, or the files brought one). Moments are UTC."""

    process: str
    version: int
    before: int
    by: str
    started_at: datetime
    until: datetime
    settled_at: datetime | None
    settled_by: str
    outcome: str

    @property
    def running(self) -> bool:
        return self.settled_at is None

    def last_day(self, zone: ZoneInfo) -> date:
        """The last local day of the trial."""
        return (self.until - timedelta(seconds=1)).astimezone(zone).date()


def end_of(now: datetime, zone: ZoneInfo, days: int = DAYS) -> datetime:
    """The end (UTC) of a trial that begins at `now`: the local midnight after its last day."""
    return local_moment(now.astimezone(zone).date() + timedelta(days=days + 1), time(), zone)


# -- reading -----------------------------------------------------------------------------------------------------------
def last_trial(connection: Connection, process: str) -> Trial | None:
    """The newest trial of a process, running or over. One statement."""
    query = select(TrialRow.__table__).where(TrialRow.process == process).order_by(TrialRow.id.desc()).limit(1)
    row = connection.execute(query).first()
    return _trial(row) if row is not None else None


def running(connection: Connection) -> dict[str, Trial]:
    """The running trials, by their process. One statement."""
    query = select(TrialRow.__table__).where(TrialRow.settled_at.is_(None))
    return {row.process: _trial(row) for row in connection.execute(query)}


def is_over(now: datetime) -> ColumnElement[bool]:
    """A condition for a larger query: whether the last day of a running trial has passed."""
    return exists().where(_over_at(now))


# -- beginning and ending ----------------------------------------------------------------------------------------------
def begin(connection: Connection, process: str, version: int, by: str, now: datetime, until: datetime) -> None:
    """Start the trial of a `version` that was published in this transaction."""
    values = {
        "process": process,
        "version": version,
        "before": version - 1,
        "by": by,
        "started_at": now,
        "until": until,
    }
    connection.execute(
        dialect_insert(connection)(TrialRow).values(**values, settled_at=None, settled_by="", outcome=RUNNING)
    )


def overtake(connection: Connection, processes: Iterable[str], by: str, now: datetime) -> None:
    """Close the running trials of processes that got another version: there is nothing to go back to."""
    wanted = and_(TrialRow.process.in_(list(processes)), TrialRow.settled_at.is_(None))
    connection.execute(update(TrialRow).where(wanted).values(_settled(OVERTAKEN, by, now)))


def keep(connection: Connection, process: str, by: str, now: datetime) -> Trial:
    """Keep the version on trial in force. Raises `Refused` where no trial runs any more."""
    trial = _held(connection, process)
    _settle(connection, trial, KEPT, by, now)
    return trial


def end(connection: Connection, registry: Registry, process: str, by: str, now: datetime) -> Trial:
    """Go back to the version before it now. Raises `Refused` where no trial runs any more."""
    trial = _held(connection, process)
    _go_back(connection, registry, trial, by, now)
    return trial


def come_due(deployment: Deployment, connection: Connection, now: datetime) -> int:
    """End the trials whose last day has passed; returns how many. One statement where there are none."""
    query = select(TrialRow.__table__).where(_over_at(now)).order_by(TrialRow.id)
    over = [_trial(row) for row in connection.execute(_locked(connection, query, skip=True))]
    registry = registry_in(deployment, connection) if over else Registry()
    for trial in over:
        _go_back(connection, registry, trial, "", now)
    return len(over)


def _go_back(connection: Connection, registry: Registry, trial: Trial, by: str, now: datetime) -> None:
    """Publish the document before the trial as the next version, with its own origin."""
    latest, former = registry.latest(trial.process), registry.version(trial.process, trial.before)
    if latest is None or former is None or latest.version != trial.version:
        _settle(connection, trial, OVERTAKEN, by, now)
        return
    went_back = store(connection, former.definition, trial.version + 1, former.origin, by, "", now)
    _settle(connection, trial, RETURNED if went_back else OVERTAKEN, by, now)


def _held(connection: Connection, process: str) -> Trial:
    """The running trial, locked, so that two people who decide at the same time come one after the other."""
    query = select(TrialRow.__table__).where(TrialRow.process == process, TrialRow.settled_at.is_(None))
    row = connection.execute(_locked(connection, query)).first()
    if row is None:
        raise Refused("process", [Problem("", "no-trial")])
    return _trial(row)


def _locked(connection: Connection, query: Any, skip: bool = False) -> Any:
    return query if is_sqlite(connection) else query.with_for_update(skip_locked=skip)


def _settle(connection: Connection, trial: Trial, outcome: str, by: str, now: datetime) -> None:
    wanted = and_(TrialRow.process == trial.process, TrialRow.version == trial.version)
    connection.execute(update(TrialRow).where(wanted).values(_settled(outcome, by, now)))


def _settled(outcome: str, by: str, now: datetime) -> Mapping[str, Any]:
    return {"outcome": outcome, "settled_by": by, "settled_at": now}


def _over_at(now: datetime) -> ColumnElement[bool]:
    return and_(TrialRow.settled_at.is_(None), TrialRow.until <= now)


def _trial(row: Any) -> Trial:
    return Trial(
        row.process, row.version, row.before, row.by, row.started_at, row.until, row.settled_at, row.settled_by, row.outcome
    )  # fmt: skip
