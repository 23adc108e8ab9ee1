"""Tell how people walk through a process, and see what becomes of it.

    case = office.begin("leave", "zhang", LEAVE)        # Zhang asks for leave
    case.does("lead", "agree")                          # the supervisor agrees
    case.until("2026-03-14 00:00")                      # time passes, and the worker does what comes due
    assert case.end == "taken"

A small firm with a stand-in for everybody; a real deployment, its worker, and a clock that stands still until somebody moves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.org.directory import Directory
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.events import receive
from tideng.store.tables import EventRow, FindingRow
from tideng_processes.forms.fields import Submission
from tideng_processes.forms.submissions import begin, hand_in
from tideng_processes.publication.registry import registry_of
from tideng_processes.tables import CaseRow, StepRow, TaskRow

BEIJING = ZoneInfo("Asia/Shanghai")
MONDAY = "2026-03-02 09:00"
CLIENT = """\
client: Walks
locale: zh
timezone: Asia/Shanghai
calendar: CN
quiet_hours: {from: "22:00", until: "07:30"}
roles: {hr: [hr, hr2], finance: [cash, cash2], product: [maker, maker2], service: [fixer, fixer2]}
"""
UNITS = "id,name,parent\nfirm,公司,\nsales,销售部,firm\nsouth,华南,sales\n"
POSITIONS = """\
id,name,unit,duties
boss,总经理,firm,
lead,组长,sales,
rep,销售代表,sales,visits_this_month>=15
hr,人事,firm,
staff,职员,firm,
"""
PEOPLE = """\
id,name,unit,position,supervisor,timezone,locale,phone,email,from,until,deputy
boss,顾明,firm,boss,,,,,,2020-01-01,,
lead,王海燕,sales,lead,boss,,,,,2020-01-01,,vice
vice,赵宁,sales,lead,boss,,,,,2020-01-01,,
zhang,张三,sales,rep,lead,,,,,2020-01-01,,
south,高远,south,lead,boss,,,,,2020-01-01,,
hr,周敏,firm,hr,boss,,,,,2020-01-01,,
hr2,潘军,firm,hr,boss,,,,,2020-01-01,,
cash,孙勇,firm,staff,boss,,,,,2020-01-01,,
cash2,刘艳,firm,staff,boss,,,,,2020-01-01,,
maker,姚亚男,firm,staff,boss,,,,,2020-01-01,,maker2
maker2,杜鹏飞,firm,staff,boss,,,,,2020-01-01,,
fixer,杜洋,firm,staff,boss,,,,,2020-01-01,,
fixer2,林勇,firm,staff,boss,,,,,2020-01-01,,
"""
ROLES = {
    "boss": {"supervisor"},
    "lead": {"supervisor"},
    "vice": {"supervisor"},
    "south": {"supervisor"},
    "hr": {"hr"},
    "hr2": {"hr"},
}


def moment(text: str) -> datetime:
    """A moment in Beijing as UTC: ``2026-03-02 09:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def local(at: datetime | None) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M") if at else ""


def viewer(person: str) -> Viewer:
    return Viewer(person, person, frozenset({"employee", *ROLES.get(person, ())}))


@dataclass
class Office:
    """The firm, with its clock and its worker."""

    deployment: Deployment
    worker: Worker

    @classmethod
    def open(
        cls, a_deployment: Callable[..., Deployment], folder: Path, url: str | None = None, **client: str
    ) -> Office:
        """`client`: more lines of client.yaml, e.g. ``packs="[processes]"``."""
        folder.mkdir()
        more = "".join(f"{name}: {text}\n" for name, text in client.items())
        for name, text in (("client.yaml", CLIENT + more), ("units.csv", UNITS), ("positions.csv", POSITIONS), ("people.csv", PEOPLE)):  # fmt: skip
            (folder / name).write_text(text, encoding="utf-8")
        deployment = a_deployment(url, bundle=read_bundle(folder), clock=ManualClock(moment(MONDAY)))
        office = cls(deployment, Worker(deployment))
        office.worker.step()
        return office

    # -- people do things --------------------------------------------------------------------------------------
    def begin(self, process: str, by: str, data: Mapping[str, Any], about: str = "", outcome: str = "") -> Walk:
        """Somebody begins a case and hands in its first step, by its first outcome unless one is named."""
        definition = registry_of(self.deployment).latest(process).definition
        outcome = outcome or definition.first.outcomes[0].id
        case = begin(self.deployment, viewer(by), self.directory, process, Submission(outcome, data), about)
        self.worker.step()
        return Walk(self, case)

    def goes_on_leave(self, *people: str) -> None:
        """They are away from now on."""
        self.hears("leave.started", *people, leave="away")

    def hears(self, type_: str, *subjects: str, **data: Any) -> None:
        """An event of another system comes in for each of these people, now."""
        now = self.deployment.clock.now().isoformat()
        common = {"source": "story", "type": type_, "time": now, "data": data}
        self.receives(*({"id": f"{type_}/{one}/{now}", "subject": one, **common} for one in subjects))

    def receives(self, *payloads: Mapping[str, Any]) -> None:
        """Events of other systems come in together."""
        assert {receipt.status for receipt in receive(self.deployment, list(payloads))} == {"accepted"}
        self.worker.step()

    def until(self, text: str) -> None:
        """Time passes; the worker is there at every moment at which something of a case comes due."""
        end, clock = moment(text), self.deployment.clock
        while (due := self._next(end)) is not None:
            clock.set(due)
            self.worker.step()
        clock.set(end)
        self.worker.step()

    def _next(self, end: datetime) -> datetime | None:
        now = self.deployment.clock.now()
        wakes = self.rows(
            select(TaskRow.wake).where(TaskRow.wake > now, TaskRow.wake <= end).order_by(TaskRow.wake).limit(1)
        )
        return wakes[0].wake if wakes else None

    # -- what can be seen --------------------------------------------------------------------------------------
    @property
    def directory(self) -> Directory:
        return self.worker.current_directory

    def rows(self, query: Any) -> list[Any]:
        with reading(self.deployment.engine) as connection:
            return list(connection.execute(query))

    def events(self, *types: str) -> list[Any]:
        """Stored events of these types, in the order of their time."""
        return self.rows(
            select(EventRow.__table__).where(EventRow.type.in_(types)).order_by(EventRow.time, EventRow.id)
        )

    def told(self) -> list[str]:
        """Whom rules spoke to, as ``step-near owner: cash``, in order."""
        rows = self.rows(
            select(FindingRow.__table__).where(FindingRow.action == "nudge").order_by(FindingRow.at, FindingRow.id)
        )
        return [f"{row.rule}: {row.recipient}" for row in rows]

    def cases(self, process: str) -> list[Walk]:
        return [
            Walk(self, row.id)
            for row in self.rows(select(CaseRow.id).where(CaseRow.process == process).order_by(CaseRow.id))
        ]


@dataclass
class Walk:
    """One case on its way through the office."""

    office: Office
    id: str

    # -- what happens ------------------------------------------------------------------------------------------
    def does(self, by: str, outcome: str, note: str = "", part: str = "", **data: Any) -> Walk:
        """Somebody hands in the step at which the case stands."""
        office, submission = self.office, Submission(outcome, data, note=note)
        hand_in(office.deployment, viewer(by), office.directory, self.id, self.node, submission, part)
        office.worker.step()
        return self

    def until(self, text: str) -> Walk:
        self.office.until(text)
        return self

    # -- where it stands ---------------------------------------------------------------------------------------
    @property
    def definition(self) -> Any:
        return registry_of(self.office.deployment).version(self._row.process, self._row.version).definition

    @property
    def _row(self) -> Any:
        return self.office.rows(select(CaseRow.__table__).where(CaseRow.id == self.id))[0]

    @property
    def node(self) -> str:
        return self._row.node

    @property
    def end(self) -> str:
        return self._row.end

    @property
    def data(self) -> dict[str, Any]:
        return self._row.data

    @property
    def tasks(self) -> list[Any]:
        """Every owner's part of every visit, oldest first."""
        return self.office.rows(select(TaskRow.__table__).where(TaskRow.case == self.id).order_by(TaskRow.id))

    @property
    def owners(self) -> list[str]:
        """Who has the step now."""
        return [task.owner for task in self.tasks if task.state == "open"]

    @property
    def due(self) -> str:
        return local(next((task.due for task in self.tasks if task.state == "open"), None))

    @property
    def visited(self) -> list[str]:
        """The steps in the order in which they were entered, each visit once."""
        return [task.node for n, task in enumerate(self.tasks) if n == 0 or task.visit != self.tasks[n - 1].visit]

    @property
    def history(self) -> list[str]:
        """What happened, a line each: ``done approve lead agree``."""
        steps = self.office.rows(select(StepRow.__table__).where(StepRow.case == self.id).order_by(StepRow.id))
        return [" ".join(filter(None, (step.kind, step.node, step.part, step.by, step.outcome))) for step in steps]

    @property
    def notes(self) -> list[str]:
        """The words that went with it."""
        return [
            step.note for step in self.office.rows(select(StepRow.note).where(StepRow.case == self.id)) if step.note
        ]

    @property
    def emitted(self) -> list[str]:
        """The events that its outcomes emitted, without those of its steps."""
        rows = self.office.rows(
            select(EventRow.type).where(EventRow.source == "tideng/processes", EventRow.event_id.startswith(f"{self.id}/")).order_by(EventRow.id)
        )  # fmt: skip
        return [row.type for row in rows if not row.type.startswith("node.")]

    def told(self, type_: str) -> list[Any]:
        """The data of the events of this type about the case."""
        return [row.data for row in self.office.events(type_) if row.data.get("case") == self.id]


def just_before(text: str) -> str:
    return local(moment(text) - timedelta(minutes=1))


def after(text: str) -> str:
    return local(moment(text) + timedelta(hours=1))
