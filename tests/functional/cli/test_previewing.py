"""rules preview: from a client's files and from a deployment."""

from __future__ import annotations

import json

import pytest

from tests.functional.cli.conftest import RULE
from tests.functional.cli.test_replaying import a_line

LONGER = RULE.replace("lt: 100", "lt: 4")


@pytest.fixture
def told(client, tmp_path):
    """Three reports of May: two short ones and one of three characters."""
    (client / "events").mkdir()
    days = [("2026-05-04", "short"), ("2026-05-05", "two"), ("2026-05-06", "short")]
    lines = [a_line(n, f"{day}T18:00:00+08:00", needs) for n, (day, needs) in enumerate(days)]
    (client / "events" / "may.jsonl").write_text("".join(lines), "utf-8")
    (tmp_path / "draft.yaml").write_text(LONGER, "utf-8")
    return client


def test_a_draft_is_compared_with_the_clients_own_rule(tideng, told):
    done = tideng("rules", "preview", "draft.yaml", "--client", told, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["counts"] == {"new": 0, "gone": 2, "same": 1}
    assert [(one["status"], one["subject"]) for one in said["findings"]] == [
        ("gone", "amy"),
        ("same", "amy"),
        ("gone", "amy"),
    ]
    assert said["most_people_a_day"] == {"needs-too-short": 1}


def test_it_is_shown_as_tables_in_both_languages(tideng, told):
    english = tideng(
        "rules", "preview", "draft.yaml", "--client", told, "--from", "2026-05-01", "--until", "2026-05-31"
    )
    assert "new 0, gone 2, same 1" in english.stdout
    assert "2026-05-04" in english.stdout
    assert "█" in english.stdout
    chinese = tideng("--lang", "zh", "rules", "preview", "--drop", "needs-too-short", "--client", told)
    assert "新增 0、消失 3、不变 0" in chinese.stdout


def test_the_deployment_here_is_looked_at_without_being_changed(tideng, told, home):
    assert tideng("apply", told, cwd=home).returncode == 0
    assert tideng("ingest", "--history", told / "events" / "may.jsonl", cwd=home).returncode == 0
    draft = told.parent / "draft.yaml"
    done = tideng("rules", "preview", draft, "--from", "2026-05-01", "--until", "2026-05-31", "--json", cwd=home)
    assert json.loads(done.stdout)["counts"] == {"new": 0, "gone": 2, "same": 1}
    assert tideng("nudges", "--json", cwd=home).stdout == ""


def test_a_draft_that_cannot_be_read_is_refused_with_its_problems(tideng, told):
    (told.parent / "draft.yaml").write_text(LONGER.replace("lt: 4", "less: 4"), "utf-8")
    done = tideng("rules", "preview", "draft.yaml", "--client", told)
    assert done.returncode == 1
    assert "less" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("draft.yaml", "--events", "draft.yaml")])
def test_wrong_usage_is_said(tideng, told, arguments):
    assert tideng("rules", "preview", *arguments).returncode == 2
