"""The command line speaks two languages, and its page says what it can."""

from __future__ import annotations

import importlib.metadata
import re

import click
import pytest

from tests.functional.cli.conftest import ROOT
from tideng.cli import COMMANDS_GROUP, main
from tideng.cli.reference import commands, fill
from tideng.cli.words import Option, language_of_environment

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_command_and_every_option_has_both_wordings():
    lacking = []
    for path, command in commands():
        texts = [(path, command.text)]
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert isinstance(parameter, Option), f"{path} {parameter.name}"
                texts.append((f"{path} {parameter.opts[0]}", parameter.text))
        lacking += [
            name
            for name, said in texts
            if not CHINESE.search(said["zh"]) or CHINESE.search(said["en"]) or not said["en"]
        ]
    assert lacking == []


def test_the_page_about_the_command_line_is_true():
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert page == fill(page), "run: python -m tideng.cli.reference docs/cli.md"


def test_help_is_in_the_language_of_environment_the_locale(tideng):
    assert "用法：" in tideng("init", "--help", LANG="zh_CN.UTF-8").stdout
    assert "Usage:" in tideng("init", "--help", LANG="de_DE.UTF-8").stdout
    assert CHINESE.search(tideng("init", "--help", LANG="en_US.UTF-8").stdout) is None


def test_help_in_chinese_leaves_no_english_sentence(capsys):
    for path, _ in commands():
        assert main(["--lang", "zh", *path.split()[1:], "--help"]) == 0, path
        said = capsys.readouterr().out
        assert "用法" in said, path
        prose = [line for line in said.splitlines() if re.search(r"[a-z]+ [a-z]+ [a-z]+ [a-z]+", line)]
        assert prose == [], path


def test_the_language_that_is_asked_for_is_stronger_than_the_locale(tideng):
    assert "没有命令" in tideng("--lang", "zh", "nudge", LANG="en_US.UTF-8").stderr
    assert "no command" in tideng("--lang", "en", "nudge", LANG="zh_CN.UTF-8").stderr


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_decides(environ, language):
    assert language_of_environment(environ) == language


def test_a_command_that_is_not_there_is_wrong_usage_and_the_nearest_is_named(tideng):
    done = tideng("nudge")
    assert done.returncode == 2
    assert "did you mean nudges" in done.stderr


def test_an_option_that_is_not_there_is_wrong_usage_in_either_language(tideng):
    assert tideng("nudges", "--jsn").returncode == 2
    assert "没有选项 --jsn" in tideng("--lang", "zh", "nudges", "--jsn").stderr
    assert "缺少" in tideng("--lang", "zh", "explain").stderr


def test_another_packages_broken_command_says_so_and_leaves_the_others_alone(monkeypatch, capsys):
    broken = importlib.metadata.EntryPoint("broken", "no_such_package:thing", COMMANDS_GROUP)
    monkeypatch.setattr("tideng.cli.entry_points", lambda group: [broken] if group == COMMANDS_GROUP else [])
    assert main(["broken"]) == 1
    assert "no_such_package" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "nudges" in capsys.readouterr().out
