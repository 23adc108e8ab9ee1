"""The life of a rule at the command line, in a deployment's folder: drafted, published, compared, rolled back, paused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.unit.rules.builders import a_document
from tideng_rules.packaging.rule_files import read_rules

MINE = a_document(
    id="mine",
    who={"fact": "person.on_trip", "is": True},
    if_={"fact": "metric.reports_today", "is": 0},
    limit={"once_per": "day"},
)


def write(home: Path, **changes) -> Path:
    path = home / "mine.yaml"
    path.write_text(yaml.safe_dump({**MINE, **changes}, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def test_a_rule_lives_through_everything(tideng, home: Path):
    def rules(*arguments: object, status: int = 0, **more: str) -> str:
        done = tideng("rules", *arguments, cwd=home, **more)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "draft 1: mine" in rules("draft", write(home), "--note", "first", "--by", "li.hua")
    assert "li.hua" in rules("drafts")
    assert rules("publish", 1) == "rule mine: version 1 is in force\n"
    assert "已经发布" in rules("publish", 1, status=1, LANG="zh_CN.UTF-8")
    changed = write(home, limit={"once_per": "week"})
    assert rules("publish", changed, "--note", "less often", "--by", "wu") == "rule mine: version 2 is in force\n"
    assert rules("diff", "mine") == "once per: day → week\n"
    assert rules("diff", "mine", 2, 1, LANG="zh_CN.UTF-8") == "多久一次：每周 → 每天\n"
    history = rules("history", "mine")
    assert "less often" in history
    assert "first" in history

    shown = rules("show", "mine", "--yaml")
    assert read_rules(shown) == [{**MINE, "limit": {"once_per": "week"}}]
    assert list(read_rules(shown)[0]) == list(MINE)
    (home / "again.yaml").write_text(shown, "utf-8")
    assert "says the same as version 2" in rules("publish", "again.yaml", status=1)

    assert rules("rollback", "mine", 1, "--note", "too rare") == "rule mine: back to version 1, now version 3\n"
    assert json.loads(rules("history", "mine", "--json"))[0]["note"] == "back to version 1: too rare"
    assert rules("pause", "mine", "--why", "let us look") == "rule mine is paused\n"
    assert rules("pause", "mine", "--why", "again") == "rule mine was paused already\n"
    assert rules("resume", "mine") == "rule mine speaks again\n"
    assert rules("archive", "mine") == "rule mine is archived\n"
    assert rules("restore", "mine", LANG="zh_CN.UTF-8") == "规则 mine：版本 4 已生效\n"
    assert "there is no rule 'never-was'" in rules("history", "never-was", status=1)


def test_with_four_eyes_a_second_name_approves(tideng, home: Path):
    path = write(home)

    def rules(*arguments: object) -> tuple[int, str]:
        done = tideng("rules", *arguments, cwd=home, TIDENG_RULES_NEED_APPROVAL="true")
        return done.returncode, done.stdout + done.stderr

    assert rules("draft", path, "--by", "li.hua")[0] == 0
    assert "a second person has not approved it yet" in rules("publish", 1)[1]
    assert "somebody who did not write it" in rules("approve", 1, "--by", "li.hua")[1]
    assert rules("approve", 1, "--by", "wu") == (0, "draft 1: approved\n")
    planned = "rule mine: draft 1 will be published on 2999-01-01 00:00 UTC\n"
    assert rules("publish", 1, "--at", "2999-01-01T00:00Z") == (0, planned)
    assert rules("publish", 1) == (0, "rule mine: version 1 is in force\n")


def test_apply_keeps_what_was_edited_and_takes_a_side_when_told(tideng, home: Path, tmp_path: Path):
    client = tmp_path / "client"
    (client / "rules").mkdir(parents=True)
    (client / "client.yaml").write_text("client: t\n")
    own = client / "rules" / "own.yaml"
    own.write_text(yaml.safe_dump(MINE, allow_unicode=True), "utf-8")

    def run(*arguments: object, **more: str) -> tuple[int, str]:
        done = tideng(*arguments, cwd=home, **more)
        return done.returncode, done.stdout + done.stderr

    assert run("apply", client)[0] == 0
    assert run("rules", "publish", write(home, priority=3), "--by", "li.hua")[0] == 0
    kept = "rule mine: li.hua changed it in the deployment after version 1; kept\n  priority: added: 3\n"
    assert run("plan", client) == (0, kept)
    assert run("apply", client) == (0, kept)
    own.write_text(yaml.safe_dump({**MINE, "priority": 8}, allow_unicode=True), "utf-8")
    assert "文件里改过，li.hua 在部署里也改过" in run("plan", client, LANG="zh_CN.UTF-8")[1]
    status, said = run("apply", client)
    assert (status, "--take files" in said) == (1, True)
    assert run("apply", client, "--take", "files")[0] == 0
    assert run("rules", "diff", "mine") == (0, "priority: 3 → 8\n")


@pytest.mark.parametrize("lang", ["C.UTF-8", "zh_CN.UTF-8"])
def test_packs_are_listed_with_what_a_client_set(tideng, lang: str):
    client = Path(__file__).resolve().parents[3] / "clients" / "lamplight"
    done = tideng("rules", "packs", "--client", client, LANG=lang)
    assert done.returncode == 0
    row = next(line for line in done.stdout.splitlines() if line.startswith("needs_length"))
    assert row.split()[-1] == "100"
    assert ("客户需求建议字数" if lang.startswith("zh") else "Customer needs are useful from") in row
    (pack,) = (p for p in json.loads(tideng("rules", "packs", "--json").stdout) if p["pack"] == "travel-sales")
    assert pack["versions"] == ["1"]
    assert pack["set"] == {}
