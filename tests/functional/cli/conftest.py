"""The real command in a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from warm import Warm

ROOT = Path(__file__).resolve().parents[3]
BPIC = ROOT / "clients" / "bpic2020"

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(**more: str) -> dict[str, str]:
    """That of the tests without what would change a command's answer."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TIDENG_", "LC_", "LANG"))}
    return {**kept, "LANG": "C.UTF-8", "COLUMNS": "200", **more}


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Where the commands are loaded once."""
    made = Warm()
    yield made
    made.close()


@pytest.fixture
def tideng(tmp_path: Path, warm: Warm) -> Run:
    """Run ``tideng ARGUMENTS``: ``tideng("nudges", "--json", cwd=…, input="…", LANG="zh_CN.UTF-8")``."""

    def run(*arguments: object, cwd: Path | None = None, input: str = "", **more: str):
        done = warm.run([*map(str, arguments)], cwd or tmp_path, environment(**more), input, patience=120)
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment as `init` leaves it; making one takes seconds, copying it does not."""
    folder = tmp_path_factory.mktemp("init")
    command = [sys.executable, "-m", "tideng.cli", "init", "home"]
    subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=True, timeout=300)
    return folder / "home"


@pytest.fixture
def home(made_once: Path, tmp_path: Path) -> Path:
    """A fresh deployment's folder."""
    return shutil.copytree(made_once, tmp_path / "home")


CLIENT_YAML = """\
client: small
locale: en
timezone: Asia/Shanghai
quiet_hours: {from: "00:00", until: "00:00"}
roles: {hr: [hr1]}
"""
PEOPLE = """\
id,name,unit,position,supervisor,timezone,locale,phone,email,from,until
boss,Chen Wei,sales,head,,,,,,2024-01-01,
hr1,Li Na,sales,head,boss,,,,,2024-01-01,
amy,Amy Lin,sales,rep,boss,,,,,2024-01-01,
"""
RULE = """\
id: needs-too-short
kind: validation
title: {zh: 客户需求再补几句, en: A little more on the needs}
why: {zh: 好配对, en: It helps}
when: {event: report.submitted}
if: {fact: event.needs.length, lt: 100}
then:
  - ask: needs
    message: {zh: "再写几句。", en: "A few more words."}
examples:
  - {name: short, at: 2026-03-02T18:00+08:00, facts: {event.needs.length: 5}, expect: [ask needs]}
  - {name: long, at: 2026-03-02T18:00+08:00, facts: {event.needs.length: 500}, expect: []}
"""


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A client of three people with one rule."""
    folder = tmp_path / "client"
    (folder / "rules").mkdir(parents=True)
    (folder / "client.yaml").write_text(CLIENT_YAML, "utf-8")
    (folder / "units.csv").write_text("id,name,parent\nsales,Sales,\n", "utf-8")
    (folder / "positions.csv").write_text("id,name,unit,duties\nhead,Head,sales,\nrep,Rep,sales,\n", "utf-8")
    (folder / "people.csv").write_text(PEOPLE, "utf-8")
    (folder / "rules" / "needs.yaml").write_text(RULE, "utf-8")
    return folder
