"""Closures judge because the engine that was asked for cannot be loaded: readyz and the day board say so.

What doctor says of it is tested with the other things that doctor says (cli/test_setting_up.py)."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from unloadable import unloadable_engine
from webstory import WebStory, copied

from tests.functional.cli.conftest import environment
from tideng.model.judge_contract import EngineState
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.tables import NoteRow
from tideng_rules.engine.engine_state import LOST, UNLOADABLE, EngineNotes, noted

ASKED, INSTEAD = "durable", "closures"
UNTIL_SEVEN = timedelta(hours=23, minutes=56)
"""From the story's moment to the next evening, a minute after the rule asked about everybody."""


class Office:
    """A worker and a web on one database, each with a deployment of its own, as their processes have."""

    def __init__(self, tmp_path, a_deployment):
        folder = copied(tmp_path / "office")
        self.story = WebStory(lambda **more: a_deployment(folder=folder, **{**more, "engine": ASKED}), tmp_path)
        self.folder = folder
        self.deployment = a_deployment(folder=folder, clock=self.story.clock, engine=ASKED)
        self.worker = Worker(self.deployment)

    def an_evening(self) -> None:
        """Let a day pass, so that the worker asks about everybody at seven."""
        self.story.clock.advance(seconds=UNTIL_SEVEN.total_seconds())
        self.worker.step()

    @property
    def matcher(self):
        return self.deployment.plugins.get("rules").matcher

    def ready(self) -> dict:
        return self.story.visitor().get("/readyz").json

    def board(self, language: str) -> str:
        return self.story.as_("hr", language=language).get("/today/").text


@pytest.fixture
def office(tmp_path, a_deployment):
    one = Office(tmp_path, a_deployment)
    yield one
    one.deployment.plugins.get("rules").close()


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """From now on the engine's process finds a C module that cannot be loaded."""
    monkeypatch.setenv("PYTHONPATH", unloadable_engine(tmp_path / "broken"))


def test_readyz_says_that_another_engine_judges_and_work_flows_on(broken, office):
    office.an_evening()
    assert office.matcher.engine == INSTEAD
    answer = office.ready()
    assert answer["engine"] == {"asked": ASKED, "judging": INSTEAD, "cause": UNLOADABLE}
    assert answer["status"] == "ok"


def test_the_day_board_says_so_with_a_way_out(broken, office):
    office.an_evening()
    shown = office.board("en")
    assert "closures judge in place of durable" in shown
    assert "cannot be loaded on this Python" in shown
    assert "tideng.toml" in shown
    assert "由 closures 代替 durable 判断" in office.board("zh")


def test_nothing_is_said_while_the_engine_that_was_asked_for_judges(office):
    office.an_evening()
    assert office.matcher.engine == ASKED
    assert office.ready()["engine"] == {"asked": ASKED, "judging": ASKED, "cause": ""}
    assert "in place of" not in office.board("en")
    with reading(office.deployment.engine) as connection:
        assert connection.scalar(select(func.count()).where(NoteRow.key.startswith("engine:"))) == 0


def test_an_engine_that_is_lost_for_a_while_is_said_and_taken_back(office, monkeypatch, tmp_path):
    office.an_evening()
    monkeypatch.setenv("PYTHONPATH", unloadable_engine(tmp_path / "broken"))
    office.matcher.replace({"event:report.submitted": []}, {})  # a new version, which needs a new process
    office.worker.step()
    assert office.ready()["engine"]["cause"] == UNLOADABLE
    monkeypatch.delenv("PYTHONPATH")
    office.matcher.replace({"event:visit.done": []}, {})
    office.worker.step()
    assert office.ready()["engine"]["judging"] == ASKED


def test_a_note_counts_for_ten_minutes_and_is_renewed_before(office):
    notes, clock = EngineNotes(), office.story.clock
    state = EngineState(ASKED, INSTEAD, LOST, detail="died of SIGSEGV")
    with writing(office.deployment.engine) as connection:
        notes.write(connection, state, clock.now())
        assert noted(connection, ASKED, clock.now()).detail == "died of SIGSEGV"
        assert not notes.news(state, clock.now() + timedelta(seconds=90))
        assert notes.news(state, clock.now() + timedelta(minutes=2))
        assert noted(connection, ASKED, clock.now() + timedelta(minutes=11)) is None
        notes.write(connection, EngineState(ASKED, ASKED), clock.now())
        assert noted(connection, ASKED, clock.now()) is None


def test_what_a_process_of_this_machine_noted_before_it_ended_counts_no_more(office):
    code = """
import sys
from pathlib import Path
from tideng.store.database import writing
from tideng.runtime.deployment import Deployment
from tideng.model.judge_contract import EngineState
from tideng.base.settings import Settings
from tideng_rules.engine.engine_state import EngineNotes, noted
with Deployment.open(Settings(folder=Path(sys.argv[1]))) as deployment, writing(deployment.engine) as connection:
    now = deployment.clock.now()
    EngineNotes().write(connection, EngineState("durable", "closures", "lost"), now)
    assert noted(connection, "durable", now) is not None
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(office.folder)], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with reading(office.deployment.engine) as connection:
        [at] = connection.scalars(select(NoteRow.updated_at).where(NoteRow.key.startswith("engine:")))
        assert noted(connection, ASKED, at) is None
