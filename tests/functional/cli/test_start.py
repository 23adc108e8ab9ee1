"""The command line starts quickly: a command loads only what it needs. Modules are counted, since time depends on the machine."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.functional.cli.conftest import environment
from tideng_rules.cli import COMMANDS

HEAVY = {
    "alembic",
    "babel",
    "durable_rules_engine",
    "flask",
    "holidays",
    "huey",
    "marshmallow",
    "numpy",
    "openpyxl",
    "pluggy",
    "psycopg",
    "rich",
    "sqlalchemy",
    "structlog",
    "yaml",
}
"""Libraries that take more than 20 ms to import, or are the first of many."""
LOADED = """
import json, sys
from tideng.cli import main
status = main(sys.argv[1:])
print()
print(json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules}), len(sys.modules)]))
"""


def loaded(*arguments: str) -> tuple[int, set[str], int]:
    """Exit status, top-level packages, and number of all modules in a fresh process that ran this command."""
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=300)
    status, packages, number = json.loads(done.stdout.splitlines()[-1])
    return status, set(packages), number


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_help_loads_no_heavy_library_and_few_modules(language):
    status, packages, number = loaded("--lang", language, "--help")
    assert status == 0
    assert packages & HEAVY == set()
    assert number < 350, "something new is imported at the top of a command's module: import it where it is used"


def test_a_wrong_call_of_a_command_loads_no_database():
    status, packages, _ = loaded("nudges", "--no-such-option")
    assert status == 2
    assert "sqlalchemy" not in packages


def test_every_command_of_rules_is_where_its_group_says(tideng):
    said = tideng("rules", "--help").stdout
    assert [name for name in COMMANDS if f"  {name} " not in said] == []
