"""Which other Pythons `make test-pythons` finds, and which it leaves alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.pythons import find, named

HERE = f"3.{sys.version_info.minor}"
REAL = Path(sys.base_prefix, "bin", f"python{HERE}")


@pytest.fixture
def shim(tmp_path):
    """A folder for PATH whose command only says where it would be, as pyenv's do."""
    folder = tmp_path / "pyenv" / "shims"
    folder.mkdir(parents=True)
    command = folder / f"python{HERE}"
    command.write_text(f"#!/bin/sh\necho 'python{HERE}: exists in these versions' >&2\nexit 127\n", "utf-8")
    command.chmod(0o755)
    return folder


def in_pyenv(shim: Path) -> str:
    folder = shim.parent / "versions" / f"{HERE}.0"
    folder.parent.mkdir()
    folder.symlink_to(sys.base_prefix)
    return str(folder / "bin" / f"python{HERE}")


def test_the_versions_are_those_that_setup_cfg_names():
    assert HERE in named()
    assert named()[0] == "3.11"


def test_an_interpreter_on_the_path_is_found():
    assert find([HERE], {"PATH": str(REAL.parent)}) == {HERE: str(REAL)}


def test_a_command_that_only_says_where_it_would_be_is_passed_over(shim):
    assert find([HERE], {"PATH": str(shim)}) == {}
    assert find([HERE], {"PATH": f"{shim}{os.pathsep}{REAL.parent}"}) == {HERE: str(REAL)}


def test_what_pyenv_has_is_found_by_its_root_and_by_its_commands_on_the_path(shim):
    there = in_pyenv(shim)
    assert find([HERE], {"PYENV_ROOT": str(shim.parent)}) == {HERE: there}
    assert find([HERE], {"PATH": str(shim)}) == {HERE: there}


def test_a_version_that_is_nowhere_is_not_found():
    assert find(["3.11", "3.99"], {"PATH": "/nowhere"}) == {}
