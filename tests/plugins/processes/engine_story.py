"""A small client with a process of its own, told step by step: who does what, and what happens by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.org.directory import Directory
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.events import receive
from tideng.store.tables import EventRow
from tideng_processes.cases import actions
from tideng_processes.cases.actions import HandOver
from tideng_processes.cases.version_change import move_cases
from tideng_processes.forms import submissions
from tideng_processes.forms.fields import Submission
from tideng_processes.publication.registry import Registry, registry_of
from tideng_processes.views.case import CaseView, case_view

THURSDAY = datetime.fromisoformat("2025-06-12T10:00:00+08:00")
ROLES = {
    "boss": ("supervisor", "employee"),
    "lead": ("supervisor", "employee"),
    "hr": ("hr", "employee"),
    "look": ("auditor",),
}
PURCHASE = """\
id: purchase
title: {zh: 采购, en: Purchase}
fields:
  what: {type: text, title: {zh: 买什么, en: What}, least: 2}
  amount: {type: money, title: {zh: 金额, en: Amount}, currency: currency}
  currency: {type: currency, title: {zh: 币种, en: Currency}}
  reason: {type: text, title: {zh: 原因, en: Reason}, sensitive: true}
  answer: {type: text, title: {zh: 答复, en: Answer}}
nodes:
  request:
    title: {zh: 申请, en: Request}
    owner: person
    form: [what, amount, "currency?", "reason?"]
    outcomes: {submit: {title: {zh: 提交, en: Submit}, to: approve}}
  approve:
    title: {zh: 同意, en: Approval}
    owner:
      - {if: {field: amount, gt: 5000}, owner: "role:finance"}
      - {owner: supervisor}
    deadline: {within: 8 hours}
    remind: 2 hours
    form: ["answer?"]
    outcomes:
      agree: {title: {zh: 同意, en: Agree}, to: [{if: {field: amount, gt: 1000}, to: together}, {to: wait}]}
      return: {title: {zh: 请补充, en: Ask back}, to: request, note: true, form: false, good: false}
      reject: {title: {zh: 这次不行, en: Not this time}, to: rejected, note: true, form: false, good: false}
  together:
    title: {zh: 一起定, en: Decide together}
    owners:
      buyer: {owner: person, title: {zh: 申请人, en: Buyer}}
      rep: {owner: "position:rep", title: {zh: 代表, en: Representative}}
    outcomes:
      yes: {title: {zh: 买, en: Buy}, to: wait}
      no: {title: {zh: 不买, en: Do not buy}, to: rejected, good: false}
      stop: {title: {zh: 先停, en: Stop}, to: rejected, alone: true, form: false, good: false}
  wait:
    title: {zh: 等到货, en: Delivery}
    owner: person
    deadline: {within: 2 days}
    at_due: arrived
    outcomes: {arrived: {title: {zh: 到货, en: Arrived}, to: done}}
ends:
  done: {title: {zh: 买到了, en: Bought}}
  rejected: {title: {zh: 没有买, en: Not bought}, good: false}
"""
FILES = {
    "client.yaml": "client: 明灯\ntimezone: Asia/Shanghai\ncalendar: CN\nroles: {hr: [hr], finance: [money, hr]}\n",
    "units.csv": "id,name,parent\nall,全部,\nnorth,华北,all\n",
    "positions.csv": "id,name,unit,duties\nhead,总监,all,\nlead,主管,north,\nrep,销售代表,north,\n",
    "people.csv": """\
id,name,unit,position,supervisor,from,until,deputy
boss,顾明,all,head,,2020-01-01,,
lead,王海燕,north,lead,boss,2020-01-01,,deputy
deputy,林代,north,,boss,2020-01-01,,
zhang,张三,north,rep,lead,2020-01-01,,
li,李晨,north,rep,lead,2020-01-01,,
wu,吴平,north,,lead,2020-01-01,,
money,许丽,all,,boss,2020-01-01,,
hr,周敏,all,,boss,2020-01-01,,
""",
    "rates.csv": "date,currency,rate\n2025-01-01,USD,7\n",
    "processes/purchase.yaml": PURCHASE,
}


def write_client(folder: Path, **changes: str) -> Path:
    for name, text in {**FILES, **changes}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


class EngineStory:
    """One deployment and its worker. Nothing happens by itself before `wait` or `work`."""

    def __init__(self, build: Callable[..., Deployment], folder: Path, url: str | None = None, **files: str):
        self.clock, self.folder = ManualClock(THURSDAY), folder / "client"
        self.deployment = build(url, clock=self.clock, engine="closures")
        write_client(self.folder, **files)
        self.apply()
        self.worker = Worker(self.deployment)
        self.work()

    def apply(self, take: str = "") -> list[str]:
        """Apply the files as they are now; returns what changed, a line each."""
        return list(apply(self.deployment, read_bundle(self.folder), take))

    def work(self) -> None:
        self.worker.step()

    def wait(self, **delta: float) -> None:
        """Let time pass, then let the worker do what has come due."""
        self.clock.advance(**delta)
        self.work()

    @property
    def directory(self) -> Directory:
        return self.worker.current_directory

    @property
    def registry(self) -> Registry:
        return registry_of(self.deployment)

    @staticmethod
    def viewer(login: str) -> Viewer:
        return Viewer(login, login if login not in ("look",) else "", frozenset(ROLES.get(login, ("employee",))))

    def begin(self, who: str, process: str = "purchase", person: str = "", **said: Any) -> str:
        """Hand in the first step; what is said of the form stands beside `outcome`, `at`, `key`."""
        usual = {"what": "样灯", "amount": 200} if process == "purchase" else {}
        submission = self.submission("submit", {**usual, **said})
        return submissions.begin(self.deployment, self.viewer(who), self.directory, process, submission, person)

    def hand_in(self, who: str, case: str, node: str, outcome: str, part: str = "", **said: Any) -> None:
        submission = self.submission(outcome, said)
        submissions.hand_in(self.deployment, self.viewer(who), self.directory, case, node, submission, part)

    def hand_over(self, who: str, case: str, node: str, to: str, why: str = "") -> None:
        actions.hand_over(self.deployment, self.viewer(who), self.directory, case, HandOver(node, to, why))

    def comment(self, who: str, case: str, text: str) -> None:
        actions.comment(self.deployment, self.viewer(who), self.directory, case, text)

    def move(self, cases: list[str], version: int, nodes: Mapping[str, str] = {}) -> int:
        """Let HR continue `cases` on another version; how many were moved."""
        return move_cases(self.deployment, self.viewer("hr"), self.directory, cases, version, nodes)

    @staticmethod
    def submission(outcome: str, said: dict[str, Any]) -> Submission:
        own = {name: said.pop(name) for name in ("at", "key", "note", "papers") if name in said}
        return Submission(outcome, said, **own)

    def case(self, id: str, who: str = "hr") -> CaseView:
        with reading(self.deployment.engine) as connection:
            return case_view(connection, self.viewer(who), self.directory, self.clock.now(), self.registry, id)

    def owners(self, id: str) -> list[str]:
        return [task.owner for task in self.case(id).open_tasks]

    def history(self, id: str) -> list[str]:
        """What happened, in short: ``done approve agree``."""
        return [" ".join(filter(None, (one.kind, one.node, one.outcome))) for one in self.case(id).steps]

    def heard(self, *types: str) -> list[tuple[str, str, dict[str, Any]]]:
        """The events of these types: (type, subject, data), in the order of their time."""
        row = EventRow
        query = select(row.type, row.subject, row.data).where(row.type.in_(types)).order_by(row.time, row.id)
        with reading(self.deployment.engine) as connection:
            return [(one.type, one.subject, one.data) for one in connection.execute(query)]

    def tell(self, type_: str, subject: str, at: datetime | None = None, **data: Any) -> None:
        """An event from elsewhere; the worker hears it."""
        at = at or self.clock.now()
        self._told = getattr(self, "_told", 0) + 1
        payload = {
            "id": f"told-{self._told}",
            "source": "crm",
            "type": type_,
            "time": at.isoformat(),
            "subject": subject,
        }
        receipts = receive(self.deployment, [{**payload, "data": data}])
        assert [one.status for one in receipts] == ["accepted"], receipts
        self.work()

    def statements(self, act: Callable[[], object]) -> int:
        """How many statements `act` takes."""
        heard: list[str] = []
        hear = lambda _c, _cursor, statement, *_rest: heard.append(statement)  # noqa: E731
        sqlalchemy_event.listen(self.deployment.engine, "before_cursor_execute", hear)
        act()
        sqlalchemy_event.remove(self.deployment.engine, "before_cursor_execute", hear)
        return len([one for one in heard if not one.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE"))])


def later(**delta: float) -> datetime:
    return THURSDAY + timedelta(**delta)
