"""A door re-exports names of other modules, loads them late, and warns before one leaves."""

from __future__ import annotations

import subprocess
import sys
import warnings
from types import ModuleType

import pytest

from tideng.plugins.door import Leaving, homes_of, open_door
from tideng.plugins.todos import Todo

SHELVES = {"Pages": {"tideng.plugins.todos": "Todo=Waiting", "tideng.plugins.cards": "Card CardLine"}}
GONE_SOON = Leaving("tideng.plugins.todos:Todo", "0.2", "use Waiting")


@pytest.fixture
def door(monkeypatch):
    """A module that is a door, as a plugin sees it."""
    module = ModuleType("partner_door")
    module.__getattr__ = open_door("partner_door", homes_of(SHELVES), {"Todo": GONE_SOON})
    monkeypatch.setitem(sys.modules, "partner_door", module)
    return module


def test_a_shelf_says_where_each_name_is_at_home():
    assert homes_of(SHELVES) == {
        "Waiting": "tideng.plugins.todos:Todo",
        "Card": "tideng.plugins.cards:Card",
        "CardLine": "tideng.plugins.cards:CardLine",
    }


def test_a_name_can_be_called_more_precisely_at_the_door(door):
    assert door.Waiting is Todo


def test_a_name_that_stays_does_not_warn(door):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert door.Waiting is door.Waiting


def test_a_name_that_leaves_still_works_and_says_what_to_use_at_the_line_that_uses_it(door):
    with pytest.warns(DeprecationWarning, match=r"partner_door\.Todo is deprecated since 0\.2; use Waiting") as caught:
        assert door.Todo is Todo
    assert caught[0].filename == __file__


def test_importing_a_name_that_leaves_warns_in_the_file_that_imports_it(door):
    with pytest.warns(DeprecationWarning, match="use Waiting") as caught:
        from partner_door import Todo as imported
    assert imported is Todo
    assert caught[0].filename == __file__


def test_a_name_that_was_never_there_is_an_ordinary_import_error(door):
    with pytest.raises(ImportError, match="Nonsense"):
        from partner_door import Nonsense  # noqa: F401


def test_a_plugin_that_only_declares_pays_for_nothing_else():
    """Declaring loads neither the database library nor the judging."""
    code = (
        "import sys; from tideng.plugin import EventType, Field, hookimpl\n"
        "print([one for one in ('sqlalchemy', 'tideng.runtime.deployment', 'tideng.judging') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
