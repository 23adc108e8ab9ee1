"""Every process collects the same tests: a name depends on no clock, time zone, hash seed or folder of the machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.test_layout import ROOT


def collected_elsewhere(folder: str) -> set[str]:
    """The names of all tests as a process collects them in another time zone, at another moment, with another hash seed."""
    elsewhere = {
        **os.environ,
        "PYTHONHASHSEED": "4711",
        "TZ": "America/St_Johns",
        "TESTS_COLLECTED_AT": "2031-12-31T23:59:58+00:00",
        "TMPDIR": folder,
    }
    for name in [name for name in elsewhere if name.startswith("PYTEST_")]:
        del elsewhere[name]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.another_moment",
        "-p",
        "no:cacheprovider",
        "--collect-only",
        "-q",
        "-n",
        "0",
    ]
    run = subprocess.run([*command, "tests"], cwd=ROOT, env=elsewhere, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return {line for line in run.stdout.splitlines() if "::" in line}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> set[str]:
    return collected_elsewhere(str(tmp_path_factory.mktemp("elsewhere")))


def test_every_process_collects_the_same_tests(request, elsewhere):
    here = {item.nodeid for item in request.session.items}
    assert len(here) > 0
    assert sorted(here - elsewhere)[:20] == [], (
        "these names change with the clock, the time zone or the hash seed: give the parameters `ids=` by hand"
    )
