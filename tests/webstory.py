"""A small client seen through the web: people, rules, and what happened on one evening. Builders for rows hide the rest."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import func, insert, select, text
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.base.settings import Settings
from tideng.client.bundle import read_bundle
from tideng.model.statuses import HeldReason
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import migrate
from tideng.store.database import reading, writing
from tideng.store.tables import (
    DeadLetterRow,
    EventRow,
    FindingRow,
    NoteRow,
    OutboxRow,
    PersonNoteRow,
    PersonNoteVoiceRow,
    PluginRow,
    ScheduleRunRow,
)
from tideng_admin.app.factory import create_app
from tideng_admin.app.setup import NewUser, add_users, prepare
from tideng_rules.lifecycle import drafts, versions

NOW = datetime.fromisoformat("2025-06-12T19:05:00+08:00").astimezone(UTC)
PASSWORD = "lantern over the river"
SECRET = "only-for-tests-" + "s" * 40
LOGINS = {
    "admin": ("admin",),
    "hr": ("hr", "employee"),
    "boss": ("supervisor", "employee"),
    "lead": ("supervisor", "employee"),
    "zhang": ("employee",),
    "li": ("employee",),
    "look": ("auditor",),
    "impl": ("implementer",),
    "crm": ("connector",),
}
FILES = {
    "client.yaml": """\
client: 明灯照明
locale: zh
timezone: Asia/Shanghai
calendar: CN
quiet_hours: {from: "22:00", until: "07:30"}
roles: {hr: [hr]}
""",
    "people.csv": """\
id,name,unit,position,supervisor,timezone,locale,phone,email,from,until
boss,顾明,sales,head,,Asia/Shanghai,zh,,,2020-01-01,
lead,王海燕,north,lead,boss,Asia/Shanghai,zh,,,2020-01-01,
zhang,张三,north,rep,lead,Asia/Shanghai,zh,,,2020-01-01,
li,李晨,south,rep,boss,Asia/Shanghai,en,,,2020-01-01,
hr,周敏,hq,hr,boss,Asia/Shanghai,zh,,,2020-01-01,
""",
    "units.csv": "id,name,parent\nsales,销售,\nnorth,华北,sales\nsouth,华南,sales\nhq,总部,\n",
    "positions.csv": "id,name,unit,duties\nhead,总监,sales,\nlead,主管,north,\nrep,销售代表,north,\nhr,人事,hq,\n",
    "rules/report.yaml": """\
id: daily-report-missing
kind: reminder
title: {zh: 日报未提交提醒, en: Daily report not yet submitted}
why: {zh: 日报帮助主管及时支援您, en: The report lets your supervisor help in time}
when: {every: workday, at: "19:00"}
who: {fact: person.on_trip, is: true}
if: {fact: metric.reports_today, is: 0}
then:
  - nudge: person
    message: {zh: "{person.name}，今天的日报还没写，大约 3 分钟。有难处就回一声。", en: "{person.name}, today's report is still open. It takes about 3 minutes."}
limit: {once_per: day}
""",
}
WHY = [
    {"part": "who", "fact": "person.on_trip", "value": True, "op": "is", "operand": True, "holds": True},
    {"part": "if", "fact": "metric.reports_today", "value": 0, "op": "is", "operand": 0, "holds": True},
    {"part": "if", "fact": "metric.expertise_avg", "value": None, "op": "lt", "operand": 4, "holds": False},
]


def write_client(folder: Path) -> Path:
    """Write the client bundle to `folder`."""
    for name, written in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(written, encoding="utf-8")
    return folder


@lru_cache(maxsize=4)
def prepared(files: tuple[tuple[str, str], ...]) -> Path:
    """The database of a client of these files, with its web prepared and its logins made: once a process, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="tideng-prepared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with Deployment.open(Settings(folder=folder, secret_key=SECRET), ManualClock(NOW)) as deployment:
        migrate(deployment)
        apply(deployment, read_bundle(write_client(folder / "client")))
        prepare(deployment, PASSWORD)
        add_users(deployment, [NewUser(login, roles, PASSWORD) for login, roles in LOGINS.items()])
        with writing(deployment.engine) as connection:
            # each sign-in checks the password as ever, against a hash that is quicker to count than a real one
            quick = {"hash": generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")}
            connection.execute(text("UPDATE ab_user SET password = :hash"), quick)
    return folder / "tideng.db"


def copied(folder: Path) -> Path:
    """Put a prepared database of `FILES`, as they are now, and the files themselves into `folder`; returns it."""
    folder.mkdir(exist_ok=True)
    shutil.copy(prepared(tuple(FILES.items())), folder / "tideng.db")
    return folder


class WebStory:
    """A deployment with the web prepared, and clients who are signed in."""

    def __init__(self, build: Callable[..., Deployment], folder: Path, **settings: Any):
        self.clock = ManualClock(NOW)
        self.deployment = build(clock=self.clock, secret_key=SECRET, engine="closures", **settings)
        with reading(self.deployment.engine) as connection:
            empty = connection.scalar(select(func.count()).select_from(NoteRow)) == 0
        if empty:
            apply(self.deployment, read_bundle(write_client(folder / "client")))
            prepare(self.deployment, PASSWORD)
            add_users(self.deployment, [NewUser(login, roles, PASSWORD) for login, roles in LOGINS.items()])
        self.app = self.new_app()

    def new_app(self, **overrides: Any) -> Flask:
        """An app without limits on signing in, unless asked for."""
        app = create_app(self.deployment, **{"RATELIMIT_ENABLED": False, **overrides})
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(pattern=f"tideng-{os.getuid()}-%s.cache")
        return app

    def visitor(self, app: Flask | None = None) -> Browser:
        return Browser((app or self.app).test_client())

    def as_(self, login: str, app: Flask | None = None, language: str = "zh") -> Browser:
        """A browser in which `login` is signed in."""
        browser = self.visitor(app)
        browser.sign_in(login)
        browser.get(f"/language/{language}")
        return browser

    @contextmanager
    def _row(self) -> Iterator[Callable]:
        with writing(self.deployment.engine) as connection:
            yield lambda table, **values: connection.execute(
                insert(table).values(**values).returning(*table.__table__.primary_key)
            ).first()[0]

    # -- what happened -----------------------------------------------------------------------------------------
    def a_nudge(
        self, to: str = "zhang", about: str | None = None, status: str | None = "sent", at: datetime = NOW, **more: Any
    ) -> int:
        """A finding with one message; `status` None makes one without. Returns the finding's id."""
        serial = getattr(self, "_serial", 0) + 1
        self._serial = serial
        values = {
            "rule": "daily-report-missing",
            "version": 1,
            "kind": "reminder",
            "about": "person",
            "subject": about or to,
            "period": f"2025-06-12/{serial}",
            "step": 0,
            "ordinal": 0,
            "at": at,
            "effect": "inform",
            "action": "nudge",
            "recipient": to,
            "meant_for": to,
            "message": "张三，今天的日报还没写，大约 3 分钟。有难处就回一声。",
            "locale": "zh",
            "detail": {},
            "why": WHY,
            "state": "live",
            "created_at": at,
            **more,
        }
        with self._row() as add:
            finding = add(FindingRow, **values)
            if status:
                message = {"attempts": 1, "due": at, "sent_at": at if status == "sent" else None}
                if status in ("held", "snoozed"):
                    # quiet hours keep a message on its way; whoever puts one off takes it off the way until then
                    because, status = ("quiet hours", "waiting") if status == "held" else (HeldReason.SNOOZED, "held")
                    message = {"attempts": 0, "due": at + timedelta(hours=12), "held_because": because}
                if status == "parked":
                    message |= {"attempts": 8, "error": "SMTP 451: the mail server is busy"}
                key = f"{values['rule']}/{finding}:portal"
                add(OutboxRow, key=key, finding=finding, channel="portal", recipient=to, status=status, **message)
        return finding

    def an_event(self, subject: str = "zhang", type_: str = "report.submitted", status: int = 1, **more: Any) -> int:
        serial = getattr(self, "_serial", 0) + 1
        self._serial = serial
        values = {
            "source": "story",
            "event_id": f"e{serial}",
            "type": type_,
            "time": NOW,
            "subject": subject,
            "data": {"date": "2025-06-12", "needs": "客户想看样品"},
            "depth": 0,
            "lane": 0,
            "status": status,
            "attempts": 0,
            "received_at": NOW,
            "history": False,
            **more,
        }
        with self._row() as add:
            return add(EventRow, **values)

    def a_dead_letter(self, payload: str = '{"id": 1}', **more: Any) -> int:
        serial = getattr(self, "_serial", 0) + 1
        self._serial = serial
        problems = [
            {"at": "type", "problem": "is missing", "hint": "report.submitted"},
            {"at": "time", "problem": "has no offset", "hint": "2026-03-02T19:00:00+08:00"},
        ]
        values = {
            "received_at": NOW,
            "source": "crm",
            "place": "[0]",
            "payload": payload,
            "truncated": False,
            "problems": problems,
            "fingerprint": f"{serial:064d}",
            "state": "waiting",
            **more,
        }
        with self._row() as add:
            return add(DeadLetterRow, **values)

    def a_draft(self, by: str = "hr", at: str = "19:30") -> int:
        """A draft of the rule in force that asks at another hour; returns its id."""
        viewer = Viewer(by, "", frozenset(LOGINS[by]))
        with writing(self.deployment.engine) as connection:
            current = versions.latest(connection, "daily-report-missing")
            document = {**current.document, "when": {"every": "workday", "at": at}}
            return drafts.create_draft(connection, viewer, document, NOW).id

    def a_note(self, to: str = "zhang", by: str = "lead", text: str = "先歇着，日报明早写也行。", **more: Any) -> int:
        """A note with a recording of a second of silence, of which nobody was told."""
        sound = b"\x80" * 8000
        head = (
            b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + struct.pack("<4sI", b"data", len(sound))
        )
        wav = b"RIFF" + struct.pack("<I", len(head + sound)) + head + sound
        values = {"author": by, "person": to, "text": text, "left_at": NOW, **more}
        with self._row() as add:
            note = add(PersonNoteRow, **values, media_type="audio/wav", seconds=1.0, size=len(wav))
            add(PersonNoteVoiceRow, note=note, data=wav)
        return note

    def a_missed_run(self) -> None:
        with self._row() as add:
            add(
                ScheduleRunRow,
                rule="daily-report-missing",
                zone="Asia/Shanghai",
                day=NOW.date(),
                due=NOW - timedelta(hours=1),
                ran_at=NOW,
                version=1,
                outcome="missed",
            )

    def a_failed_plugin(self, name: str = "invoices") -> None:
        with self._row() as add:
            add(PluginRow, name=name, state="failed", error="ImportError: no module named taxes", since=NOW)

    def an_evening(self) -> dict[str, int]:
        """Something of everything, so that no page is empty; returns ids by name."""
        said = {
            "told": self.a_nudge(),
            "to_lead": self.a_nudge("lead", "zhang", message="张三今天的日报还没写。要帮着挪一下明天的行程吗？"),
            "held": self.a_nudge("li", status="held"),
            "parked": self.a_nudge("li", status="parked"),
            "mark": self.a_nudge(
                "lead",
                "zhang",
                status=None,
                action="mark",
                effect="record",
                recipient=None,
                message=None,
                detail={"status": "incomplete"},
            ),
            "withdrawn": self.a_nudge(
                "li", state="withdrawn", withdrawn_at=NOW, withdrawn_because="until holds: late report"
            ),
            "disputed": self.a_nudge("li", response="disputed", response_note="那天我请假了。", responded_at=NOW),
            "event": self.an_event(),
            "failed_event": self.an_event(status=2, error="KeyError: 'x'"),
            "letter": self.a_dead_letter(),
            "draft": self.a_draft(),
            "note": self.a_note(),
        }
        self.a_missed_run()
        self.a_failed_plugin()
        return said


class Browser:
    """Flask's test client with a memory for tokens."""

    def __init__(self, client: FlaskClient):
        self.client = client

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **more)

    def token(self, path: str = "/logout/") -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(path).text)
        assert found, f"no form on {path}"
        return found.group(1)

    def post(self, path: str, token_from: str = "/logout/", **form: Any) -> TestResponse:
        return self.client.post(path, data={**form, "csrf_token": self.token(token_from)})

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        token = self.token("/login/")
        return self.client.post("/login/", data={"username": login, "password": password, "csrf_token": token})

    @property
    def signed_in(self) -> bool:
        return self.get("/more/").status_code == 200
