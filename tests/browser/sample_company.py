"""The sample company of 100 people after its evening: what the pictures in the documentation show."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import replace
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from webstory import PASSWORD

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.base.settings import load
from tideng.cli.demo.evening import START, Demo, read_arrivals, sample_client
from tideng.cli.terminal import Terminal
from tideng.responses import notes
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.events import receive
from tideng.store.tables import DeadLetterRow, FindingRow
from tideng_admin.app.factory import create_app
from tideng_admin.app.setup import prepare
from tideng_processes.tables import CaseRow
from tideng_rules.lifecycle import drafts, versions

HR, SUPERVISOR, TRAVELLER, ADMIN = "p002", "p020", "p031", "admin"
UNTIL = START.replace(hour=21, minute=2)
"""Travellers are reminded, and the supervisors of those who have not reported have been asked to help."""
MALFORMED = {"id": "crm-1", "source": "crm", "type": "customer.won", "data": {"customer": "恒亮照明"}}
CLEARER = {
    "zh": "今天写下的客户需求，产品部明早就能配出方案",
    "en": "With today’s report the product team can prepare the proposal tomorrow morning",
}
"""The reason of the rule in HR's draft: a change of words alone, so that all its examples still hold."""
NOTE = "先歇着，日报明早写也行。"


class SampleCompany:
    """The deployment of the demonstration in `folder`, lived through on a virtual clock up to `UNTIL`, and its web."""

    def __init__(self, folder: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        Demo(Terminal("en"), folder, port=port, password=PASSWORD).prepare(threading.Event())
        self.clock = ManualClock(START)
        self.deployment = Deployment.open(replace(load(folder), engine="closures"), self.clock)
        prepare(self.deployment, PASSWORD)
        self._live()
        self.said = self._said()
        self.app: Flask = create_app(self.deployment, RATELIMIT_ENABLED=False, SESSION_COOKIE_SECURE=False)

    def _live(self) -> None:
        worker, arrivals = Worker(self.deployment), list(read_arrivals(sample_client()))
        while self.clock.now() < UNTIL:
            self.clock.advance(minutes=1)
            while arrivals and arrivals[0].at <= self.clock.now():
                receive(self.deployment, [arrivals.pop(0).event], "demo")
            worker.step()

    def _said(self) -> dict[str, object]:
        """What the addresses of single things are: ids by name."""
        receive(self.deployment, [MALFORMED], "crm")
        supervisor = Viewer(SUPERVISOR, SUPERVISOR, frozenset({"supervisor", "employee"}))
        hr = Viewer(HR, HR, frozenset({"hr", "employee"}))
        with reading(self.deployment.engine) as connection:
            self.deployment.plugins.call("refresh", connection=connection)
            directory = self.deployment.plugins.first("directory", connection=connection)
        note = notes.leave(
            self.deployment, supervisor, directory, TRAVELLER, notes.NewNote(NOTE, a_second_of_silence())
        )
        with writing(self.deployment.engine) as connection:
            rule = versions.latest(connection, "daily-report-missing").document
            draft = drafts.create_draft(connection, hr, {**rule, "why": CLEARER}, UNTIL).id
        with reading(self.deployment.engine) as connection:
            told = connection.scalar(
                select(FindingRow.id).where(
                    FindingRow.subject == TRAVELLER, FindingRow.recipient == TRAVELLER, FindingRow.action == "nudge"
                )
            )
            letter = connection.scalar(select(DeadLetterRow.id).order_by(DeadLetterRow.id.desc()).limit(1))
            case = connection.scalar(
                select(CaseRow.id)
                .where(CaseRow.process == "customer_followup")
                .order_by(CaseRow.started_at.desc())
                .limit(1)
            )
        return {"told": told, "note": note, "draft": draft, "letter": letter, "case": case}

    def close(self) -> None:
        self.deployment.close()


def a_second_of_silence() -> bytes:
    """A WAV file, as the recorder of the team's page makes one."""
    sound = b"\x80" * 8000
    head = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + struct.pack("<4sI", b"data", len(sound))
    return b"RIFF" + struct.pack("<I", len(head + sound)) + head + sound
