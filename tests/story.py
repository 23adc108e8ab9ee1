"""Tell a story and see what Tideng finds: a client's files, events with their arrival, and a clock.

The same story is told three ways: replayed from files, and lived through on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select

from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.judging.schedules import moments, zones_of
from tideng.model.statuses import HeldReason
from tideng.replay.run import replay
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.events import Receipt, receive
from tideng.store.tables import AgendaRow, FindingRow, OutboxRow

BEIJING = ZoneInfo("Asia/Shanghai")
CLIENT = """\
client: Story
locale: en
timezone: Asia/Shanghai
calendar: CN
quiet_hours: {from: "22:00", until: "07:30"}
roles: {hr: [hr]}
"""
PEOPLE = """\
id,name,unit,position,supervisor,timezone,locale,phone,email,from,until
boss,Gu Ming,sales,boss,,Asia/Shanghai,en,,,2020-01-01,
lead,Wang Haiyan,sales,lead,boss,Asia/Shanghai,en,,,2020-01-01,
zhang,Zhang San,sales,rep,lead,Asia/Shanghai,en,,,2020-01-01,
hr,Zhou Min,sales,hr,boss,Asia/Shanghai,en,,,2020-01-01,
"""
UNITS = "id,name,parent\nsales,Sales,\n"
POSITIONS = """\
id,name,unit,duties
boss,Director,sales,
lead,Team lead,sales,
rep,Sales,sales,visits_this_week>=5
hr,HR,sales,
"""


def at(text: str) -> datetime:
    """A moment in Beijing, unless it names its own offset: ``2026-03-02 19:00``."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)).astimezone(UTC)


def a_report(when: str, by: str = "zhang", *, arrives: str | None = None, **data: Any) -> tuple[datetime, dict]:
    day = when[:10]
    return an_event("report.submitted", when, by, arrives=arrives, **({"date": day, "needs": "x" * 120} | data))


def a_trip(start: str, by: str = "zhang", trip: str = "t1") -> tuple[datetime, dict]:
    return an_event("trip.started", start, by, trip=trip)


def an_event(
    type_: str, when: str, subject: str = "zhang", *, arrives: str | None = None, **data: Any
) -> tuple[datetime, dict]:
    """An event and the moment it arrives (when it happened, unless said otherwise)."""
    moment = at(when)
    payload = {
        "id": f"{type_}/{subject}/{when}/{data.get('trip') or data.get('need') or data.get('case') or ''}",
        "source": "story",
        "type": type_,
        "time": moment.isoformat(),
        "subject": subject,
        "data": data,
    }
    return (at(arrives) if arrives else moment), payload


@dataclass
class Story:
    """One client in a folder of its own, and a way to let time pass over it."""

    folder: Path
    how: str
    open_deployment: Callable[..., Deployment]
    url: str | None = None
    engine: str = "closures"
    deployment: Deployment | None = None
    worker: Worker | None = None
    receipts: list[Receipt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("client.yaml", CLIENT),
            ("people.csv", PEOPLE),
            ("units.csv", UNITS),
            ("positions.csv", POSITIONS),
        ):
            (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / "rules").mkdir(exist_ok=True)

    # -- the client --------------------------------------------------------------------------------------------
    def people(self, *rows: str) -> None:
        """More people: rows of people.csv; a row whose id is known replaces that person."""
        known = PEOPLE.strip().split("\n")
        ids = {row.split(",")[0] for row in rows}
        kept = [line for line in known if line.split(",")[0] not in ids]
        (self.folder / "people.csv").write_text("\n".join([*kept, *rows]) + "\n", encoding="utf-8")

    def rule(self, text: str, name: str = "rule") -> None:
        (self.folder / "rules" / f"{name}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")

    # -- time passes -------------------------------------------------------------------------------------------
    def tell(self, *events: tuple[datetime, dict], start: str, until: str) -> list[str]:
        """Let the events arrive and the clock run from `start` to `until`; return what was found, a line each.

        A line reads ``19:00 nudge zhang`` (local time where the subject lives, action, whom it reached).
        """
        return [_line(one, self._directory()) for one in self.findings(*events, start=start, until=until)]

    def findings(self, *events: tuple[datetime, dict], start: str, until: str) -> list[Any]:
        if self.how == "replay":
            return self._replay([payload for _, payload in events], at(start), at(until))
        self.begin(start)
        self.live(*events, until=until)
        return self.stored()

    def _replay(self, payloads: Sequence[dict], start: datetime, until: datetime) -> list[Any]:
        from tideng.intake.reader import read_event

        self.deployment = Deployment.in_memory(read_bundle(self.folder), ManualClock(start))
        read = [read_event(payload, self.deployment.catalogue, received=None) for payload in payloads]
        return list(replay(self.deployment, sorted(read, key=lambda event: event.time), start, until))

    def begin(self, start: str) -> None:
        """Open the deployment with its clock at `start`; what happens before is history."""
        self.deployment = self.open_deployment(
            self.url,
            bundle=read_bundle(self.folder),
            clock=ManualClock(at(start)),
            engine=self.engine,
            folder=self.folder,
        )
        self.worker = Worker(self.deployment)

    def live(self, *events: tuple[datetime, dict], until: str) -> None:
        """Let events arrive and the worker run at every moment at which something is due."""
        deployment, worker = self.deployment, self.worker
        assert deployment is not None
        assert worker is not None
        clock: Any = deployment.clock
        arriving = sorted(events, key=lambda item: item[0])
        early = [payload for when, payload in arriving if when < clock.now()]
        if early:
            self._receive(early, history=True)
        arriving = [item for item in arriving if item[0] >= clock.now()]
        worker.step()
        end = at(until)
        while True:
            due = next_due(deployment, worker, clock.now(), end)
            moment = min([due, *(when for when, _ in arriving[:1])])
            if moment > end:
                break
            clock.set(moment)
            while arriving and arriving[0][0] <= moment:
                self._receive([arriving.pop(0)[1]])
            worker.step()
        clock.set(end)
        worker.step()

    def _receive(self, payloads: list[dict], history: bool = False) -> None:
        receipts = receive(self.deployment, payloads, history=history)  # type: ignore[arg-type]
        refused = [receipt for receipt in receipts if receipt.status == "refused"]
        assert not refused, f"the story tells of something that cannot be: {refused}"
        self.receipts += receipts

    # -- what can be seen --------------------------------------------------------------------------------------
    def stored(self) -> list[Any]:
        """Every finding that stands, in the order of time."""
        table = FindingRow.__table__
        query = select(table).where(table.c.state == "live").order_by(table.c.at, table.c.rule, table.c.id)
        return self.rows(query)

    def rows(self, query: Any) -> list[Any]:
        with reading(self.deployment.engine) as connection:  # type: ignore[union-attr]
            return list(connection.execute(query))

    def outbox(self) -> list[tuple[str, str]]:
        """Each message as (recipient, status)."""
        return [(row.recipient, row.status) for row in self.rows(select(OutboxRow.__table__).order_by(OutboxRow.id))]

    def agenda(self) -> list[tuple[int, str, str | None]]:
        """Each later step as (number, state, note)."""
        query = select(AgendaRow.__table__).where(AgendaRow.kind == "step").order_by(AgendaRow.due)
        return [(row.step, row.state, row.note) for row in self.rows(query)]

    def _directory(self) -> Any:
        assert self.deployment is not None
        if self.how == "replay":
            return self.deployment.plugins.first("directory", connection=None)
        with reading(self.deployment.engine) as connection:
            return self.deployment.plugins.first("directory", connection=connection)


def _line(finding: Any, directory: Any) -> str:
    local = finding.at.astimezone(directory.zone_of(finding.subject, finding.at))
    shown = local.strftime("%H:%M:%S").removesuffix(":00")
    return " ".join(filter(None, (shown, finding.action, finding.recipient or finding.detail.get("status"))))


_will_be_looked_at = or_(
    OutboxRow.status == "waiting", and_(OutboxRow.status == "held", OutboxRow.held_because == HeldReason.SNOOZED)
)


def next_due(deployment: Deployment, worker: Worker, now: datetime, end: datetime) -> datetime:
    """The next moment after `now` at which something may be due; far away when nothing is."""
    far = end + timedelta(days=1)
    with reading(deployment.engine) as connection:
        agenda = connection.execute(
            select(AgendaRow.due).where(AgendaRow.state == "open").order_by(AgendaRow.due).limit(1)
        ).scalar()
        messages = connection.execute(
            select(OutboxRow.due).where(_will_be_looked_at).order_by(OutboxRow.due).limit(1)
        ).scalar()
    found = [moment for moment in (agenda, messages) if moment and moment > now]
    flow, directory = worker.current_flow, worker.current_directory
    for watch in flow.watchlist.schedules:
        for zone_name in zones_of(directory):
            soon = min(now + timedelta(days=40), end)
            upcoming = moments(watch.trigger, deployment.calendar, zone_name, now + timedelta(microseconds=1), soon)
            found += [due for _, due in list(upcoming)[:1]]
    return min(found, default=far)
