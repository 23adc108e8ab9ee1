"""The command line speaks every language that has a catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests import pseudo
from tideng.base import catalogues
from tideng.cli import main
from tideng.cli.reference import commands


@pytest.fixture(scope="module", autouse=True)
def added(tmp_path_factory) -> Iterator[None]:
    folder = pseudo.write_catalogues(tmp_path_factory.mktemp("translations"))
    patch = pytest.MonkeyPatch()
    patch.setenv(catalogues.VARIABLE, str(folder))
    patch.setenv("LC_ALL", "eo.UTF-8")
    yield
    patch.undo()


def left_over(text: str) -> list[str]:
    """The words that no catalogue gave: not names of commands, options, parameters, files and programs."""
    text = re.sub(r"\btideng( [a-z-]+)*|`[^`]*`|--?[\w-]+|\[[^\]]*\]|\S*[./_]\S*|\b[A-Z][A-Z-]+\b", " ", text)
    text = re.sub(r"[^\W\d_]*[^\W\d_A-Za-z][^\W\d_]*", " ", text)
    return re.findall(r"\b[a-z]{3,} [a-z]{3,}\b", text)


def test_the_help_of_every_command_comes_through_the_catalogues(capsys):
    left = {}
    for path, _ in commands():
        assert main([*path.split()[1:], "--help"]) == 0, path
        if found := left_over(capsys.readouterr().out):
            left[path] = found
    assert left == {}


def test_a_wrong_call_is_answered_through_the_catalogues(capsys):
    for wrong in (["nudge"], ["nudges", "--jsn"], ["explain"]):
        assert main(wrong) != 0
        assert left_over(capsys.readouterr().err) == [], wrong
