"""replay and rules check: from files alone."""

from __future__ import annotations

import json
import shutil
from collections import Counter

from tests.functional.cli.conftest import BPIC, RULE

SPEAKS = """\
id: late-permit
kind: escalation
title: {zh: 申请等待, en: A permit waits}
why: {zh: 早点安排, en: Plans can be made earlier}
about: case
when: {event: permit.submitted.by.employee, without: permit.final_approved.by.supervisor, within: 7 days, match: case}
then:
  - nudge: hr
    message: {zh: "等了 7 天。", en: "7 days."}
"""


def a_line(number: int, at: str, needs: str = "short", **more: object) -> str:
    event = {
        "id": f"r{number}",
        "source": "test",
        "type": "report.submitted",
        "time": at,
        "subject": "amy",
        "data": {"needs": needs},
    }
    return json.dumps(event | more) + "\n"


def found(done) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_sample_that_is_shipped_gives_findings_from_every_one_of_its_rules(tideng):
    done = tideng("replay", "--client", BPIC, "--json")
    rules = Counter(line["rule"] for line in found(done))
    assert done.returncode == 0, done.stderr
    assert set(rules) == {
        "permit-approval-waits",
        "declaration-after-trip-open",
        "declaration-approval-waits",
        "payment-waits",
    }


def test_rules_given_are_the_only_ones_that_run(tideng, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yaml").write_text(SPEAKS, "utf-8")
    log = BPIC / "events" / "PermitLog.xes.gz"
    done = tideng("replay", "--client", BPIC, "--rules", tmp_path / "rules", "--events", log, "--json")
    assert {line["rule"] for line in found(done)} == {"late-permit"}


def test_a_line_says_when_which_rule_about_whom_and_why(tideng, client, tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text(a_line(1, "2026-03-02T18:00:00+08:00"))
    line = found(tideng("replay", "--client", client, "--events", events, "--json"))[0]
    why = line.pop("why")
    assert line == {
        "at": "2026-03-02T18:00:00+08:00",
        "rule": "needs-too-short",
        "version": 1,
        "subject": "amy",
        "effect": "ask",
        "action": "ask",
        "to": "amy",
        "key": line["key"],
    }
    assert [(reason["fact"], reason["value"], reason["holds"]) for reason in why] == [("event.needs.length", 5, True)]


def test_what_is_refused_is_named_and_the_rest_is_replayed(tideng, client, tmp_path):
    events = tmp_path / "events.jsonl"
    good = a_line(1, "2026-03-02T18:00:00+08:00")
    events.write_text(
        good + "nonsense\n" + a_line(2, "9999-01-01T00:00:00+08:00") + a_line(3, "2026-03-03T18:00:00+08:00")
    )
    done = tideng("replay", "--client", client, "--events", events, "--json")
    assert done.returncode == 1
    assert len(found(done)) == 2
    assert "line 2" in done.stderr
    assert "line 3, time" in done.stderr


def test_both_ends_are_included_and_what_was_before_is_history(tideng, client, tmp_path):
    events = tmp_path / "events.jsonl"
    times = [
        "2026-03-02T17:59:59+08:00",
        "2026-03-02T18:00:00+08:00",
        "2026-03-03T18:00:00+08:00",
        "2026-03-03T18:00:01+08:00",
    ]
    events.write_text("".join(a_line(n, at) for n, at in enumerate(times)))
    span = ("--from", times[1], "--until", times[2])
    lines = found(tideng("replay", "--client", client, "--events", events, *span, "--json"))
    assert [line["at"] for line in lines] == times[1:3]


def test_a_day_means_the_whole_day_where_the_client_is(tideng, client, tmp_path):
    events = tmp_path / "events.jsonl"
    times = [
        "2026-03-01T23:59:59+08:00",
        "2026-03-02T00:00:00+08:00",
        "2026-03-02T23:59:59+08:00",
        "2026-03-03T00:00:00+08:00",
    ]
    events.write_text("".join(a_line(n, at) for n, at in enumerate(times)))
    span = ("--from", "2026-03-02", "--until", "2026-03-02")
    lines = found(tideng("replay", "--client", client, "--events", events, *span, "--json"))
    assert [line["at"] for line in lines] == times[1:3]


def test_a_moment_without_zone_is_wrong_usage(tideng, client):
    done = tideng("replay", "--client", client, "--from", "2026-03-02T18:00:00")
    assert done.returncode == 2
    assert "--from" in done.stderr


def test_a_rule_that_cannot_be_published_is_not_replayed(tideng, client, tmp_path):
    (tmp_path / "bad.yaml").write_text(RULE.replace("event.needs.length", "event.needz.length"), "utf-8")
    done = tideng("replay", "--client", client, "--rules", tmp_path / "bad.yaml")
    assert done.returncode == 1
    assert "needz" in done.stderr


def test_a_replay_leaves_no_file_behind(tideng, client, tmp_path):
    copy = tmp_path / "empty"
    copy.mkdir()
    tideng("replay", "--client", client, cwd=copy)
    assert list(copy.iterdir()) == []
    assert not list(client.rglob("*.db"))


def test_the_shipped_packs_have_nothing_wrong(tideng):
    done = tideng("rules", "check")
    assert done.returncode == 0, done.stdout


def test_the_rules_of_a_client_are_checked_with_the_types_of_its_logs(tideng):
    done = tideng("rules", "check", "--client", BPIC, "--json")
    assert done.returncode == 0
    assert {problem["severity"] for problem in json.loads(done.stdout)["problems"]} <= {"warning"}


def test_every_problem_of_every_file_is_told_at_once(tideng, tmp_path):
    (tmp_path / "a.yaml").write_text(RULE.replace("report.submitted", "report.submited"), "utf-8")
    (tmp_path / "b.yaml").write_text("id: b\nkind: reminder\n", "utf-8")
    done = tideng("rules", "check", tmp_path / "a.yaml", tmp_path / "b.yaml", "--json")
    places = [problem["at"] for problem in json.loads(done.stdout)["problems"]]
    assert done.returncode == 1
    assert any("a.yaml" in place for place in places)
    assert any("b.yaml" in place for place in places)


def test_an_example_that_does_not_hold_is_an_error(tideng, tmp_path):
    (tmp_path / "a.yaml").write_text(
        RULE.replace("event.needs.length: 500}, expect: []", "event.needs.length: 50}, expect: []"), "utf-8"
    )
    assert tideng("rules", "check", tmp_path / "a.yaml").returncode == 1


def test_a_warning_alone_passes(tideng, client):
    rule = client / "rules" / "needs.yaml"
    rule.write_text(RULE.partition("examples:")[0], "utf-8")
    done = tideng("rules", "check", "--client", client)
    assert done.returncode == 0
    assert "warning" in done.stdout


def test_a_folder_of_the_client_can_be_anywhere(tideng, client, tmp_path):
    moved = shutil.move(client, tmp_path / "a place of its own")
    assert tideng("rules", "check", "--client", moved).returncode == 0


def test_several_files_may_follow_one_option(tideng):
    rules, events = sorted((BPIC / "rules").glob("*.yaml")), sorted((BPIC / "events").glob("*.xes.gz"))
    asked = ["replay", "--client", BPIC, "--json"]
    together = tideng(*asked, "--rules", *rules, "--events", *events)
    repeated = [part for path in rules for part in ("--rules", path)] + [
        part for path in events for part in ("--events", path)
    ]
    assert together.returncode == 0, together.stderr
    assert together.stdout == tideng(*asked, *repeated).stdout
    assert len(together.stdout.splitlines()) > 45 + 177 + 41 + 85
