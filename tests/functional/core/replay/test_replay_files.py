"""What `tideng replay` takes and refuses: rule files of every shape, events of every format, errors, both ends."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from replayed import Client, event

TIDENG = str(Path(sys.executable).parent / "tideng")
WHOLE = ("--from", "2026-03-02T00:00:00+08:00", "--until", "2026-03-03T00:00:00+08:00")


@pytest.fixture
def client(tmp_path) -> Client:
    return Client(tmp_path / "client")


def rule(name: str, type_: str = "visit.completed") -> str:
    return f"id: {name}\nkind: validation\nwhen: {{event: {type_}}}\nthen: [{{mark: seen}}]\n"


def run(client: Client, rules: list[Path], events: list[Path], *more: str) -> subprocess.CompletedProcess:
    arguments = [TIDENG, "replay", "--client", str(client.folder), *(more or WHOLE), "--json"]
    for path in rules:
        arguments += ["--rules", str(path)]
    for path in events:
        arguments += ["--events", str(path)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60)


def lines(done: subprocess.CompletedProcess) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def visits(client: Client, *events: dict | str, name: str = "events.jsonl") -> Path:
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in events]
    return client.write(name, "\n".join(texts) + "\n")


VISIT = event("visit.completed", "2026-03-02 10:00", customer="c")

SHAPES = {
    "one rule": (rule("a"), ["a"]),
    "several documents": (rule("a") + "---\n" + rule("b"), ["a", "b"]),
    "a list": ("- " + rule("a").replace("\n", "\n  ").rstrip() + "\n- " + rule("b").replace("\n", "\n  ").rstrip(), ["a", "b"]),
    "JSON": ('{"id": "a", "kind": "validation", "when": {"event": "visit.completed"}, "then": [{"mark": "seen"}]}', ["a"]),
    "a pack with a parameter's default": (
        "pack: p\nversion: '1'\nparameters: {status: {type: text, default: seen}}\nrules:\n  - {id: a, kind: validation, "
        "when: {event: visit.completed}, then: [{mark: '${status}'}]}\n",
        ["a"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_rule_file_may_hold(client, shape):
    text, ids = SHAPES[shape]
    path = client.write(f"my.{'json' if shape == 'JSON' else 'yaml'}", text)
    found = client.replay_files([path], [visits(client, VISIT)], "2026-03-02 00:00", "2026-03-03 00:00")
    assert [one["rule"] for one in found] == ids


def test_rules_takes_files_and_folders_and_leaves_what_an_editor_hides(client):
    client.write("more/deep/b.yml", rule("b"))
    client.write(
        "more/c.json",
        json.dumps({"id": "c", "kind": "validation", "when": {"event": "visit.completed"}, "then": [{"mark": "seen"}]}),
    )
    client.write("more/.b.yaml", "half: [")
    client.write("more/notes.txt", "not a rule")
    one = client.write("one.yaml", rule("a"))
    found = client.replay_files(
        [one, client.folder / "more"], [visits(client, VISIT)], "2026-03-02 00:00", "2026-03-03 00:00"
    )
    assert [line["rule"] for line in found] == ["a", "b", "c"]


def test_with_rules_only_those_run_and_without_the_clients_own(client):
    client.write("rules/own.yaml", rule("own"))
    other = client.write("other.yaml", rule("other"))
    heard = visits(client, VISIT)
    assert [line["rule"] for line in lines(run(client, [other], [heard]))] == ["other"]
    assert [line["rule"] for line in lines(run(client, [], [heard]))] == ["own"]


def test_every_error_of_every_rule_file_is_said_at_once_and_nothing_runs(client):
    client.write(
        "wrong/a.yaml", rule("a").replace("kind: validation", "kind: remindr") + "if: {fact: event.customer, iz: c}\n"
    )
    client.write("wrong/b.yaml", rule("b", "visit.complete"))
    client.write("wrong/c.yaml", "id: c\n  kind: [\n")
    client.write("wrong/d.yaml", rule("d") + "if: {fact: event.customr, is: c}\n")
    client.write("wrong/e.yaml", rule("e") + "if: {fact: metric.visitz_this_week, is: '100'}\n")
    done = run(client, [client.folder / "wrong"], [visits(client, VISIT)])
    assert (done.returncode, done.stdout) == (1, "")
    for said in ("remindr", "iz", "visit.complete", "c.yaml", "customr", "visitz_this_week", "did you mean"):
        assert said in done.stderr, said


def test_what_does_not_exist_is_wrong_usage(client):
    path = client.write("a.yaml", rule("a"))
    empty = client.folder / "empty"
    empty.mkdir()
    for rules, events, more in (
        ([client.folder / "none.yaml"], [], ()),
        ([empty], [], ()),
        ([path], [client.folder / "none.jsonl"], ()),
        ([path], [], ("--from", "yesterday")),
        ([path], [], ("--from", "2026-03-02T00:00:00")),
    ):
        done = run(client, rules, events, *more)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr


def test_events_with_errors_are_named_and_the_rest_is_replayed(client):
    wrong = [
        "{broken",
        json.dumps(VISIT | {"id": "w1", "time": "2026-03-02T10:00:00"}),
        json.dumps(VISIT | {"id": "w2", "type": "visit.complete"}),
        json.dumps(VISIT | {"id": "w3", "data": {}}),
        json.dumps([]),
    ]
    done = run(client, [client.write("a.yaml", rule("a"))], [visits(client, wrong[0], VISIT, *wrong[1:])])
    assert done.returncode == 1
    assert len(lines(done)) == 1
    for number in (1, 3, 4, 5, 6):
        assert f"line {number}" in done.stderr
    assert "line 2" not in done.stderr


def test_the_same_event_twice_counts_once_also_over_files(client):
    heard = [visits(client, VISIT, VISIT), visits(client, VISIT, name="again.jsonl")]
    done = run(client, [client.write("a.yaml", rule("a"))], heard)
    assert (done.returncode, len(lines(done))) == (0, 1)


def test_csv_and_packed_files_are_read_too(client):
    path = client.write("a.yaml", rule("a"))
    table = client.write(
        "events/e.csv", "id,source,type,time,subject,customer\n1,s,visit.completed,2026-03-02T10:00:00+08:00,zhang,c\n"
    )
    packed = client.folder / "e.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(VISIT).encode()))
    assert len(lines(run(client, [path], [table, packed]))) == 2


XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xmlns="http://www.xes-standard.org/">
<trace><string key="concept:name" value="travel permit 1"/><string key="Budget" value="B1"/>
<event><string key="concept:name" value="Permit SUBMITTED by EMPLOYEE"/><date key="time:timestamp" value="2026-03-02T10:00:00.000+08:00"/><string key="org:resource" value="STAFF"/></event>
<event><string key="concept:name" value="Permit FINAL_APPROVED by SUPERVISOR"/><date key="time:timestamp" value="2026-03-02T11:00:00.000+08:00"/><string key="org:resource" value="zhang"/></event>
</trace>
<trace><string key="concept:name" value="travel permit 2"/>
<event><string key="concept:name" value="Permit SUBMITTED by EMPLOYEE"/><date key="time:timestamp" value="2026-03-02T10:00:00.000+08:00"/></event>
</trace></log>
"""


def waits(first: str, then: str) -> str:
    return f"id: w\nkind: escalation\nabout: case\nwhen: {{event: {first}, without: {then}, within: 2 hours, match: case}}\nthen: [{{nudge: owner, message: {{zh: 等着, en: Waiting}}}}]\n"


def test_an_event_log_is_replayed_with_its_activities_as_types_or_mapped(client):
    log = client.write("log.xes", XES)
    plain = client.write("w.yaml", waits("permit.submitted.by.employee", "permit.final_approved.by.supervisor"))
    found = lines(run(client, [plain], [log]))
    assert [(one["at"], one["subject"], one["to"]) for one in found] == [
        ("2026-03-02T12:00:00+08:00", "travel permit 2", "role:hr")
    ]
    mapping = client.write(
        "map.yaml", "Permit SUBMITTED by EMPLOYEE: trip.requested\nPermit FINAL_APPROVED by SUPERVISOR: permit.done\n"
    )
    mapped = client.write("m.yaml", waits("permit.sent", "permit.done"))
    mapping.write_text(mapping.read_text().replace("trip.requested", "permit.sent"))
    found = lines(run(client, [mapped], [log], *WHOLE, "--map", str(mapping)))
    assert [one["subject"] for one in found] == ["travel permit 2"]


def test_the_lines_are_sorted_by_time_and_hold_what_is_promised(client):
    events = [
        event("visit.completed", f"2026-03-02 {hour}:00", who, customer="c")
        for hour in ("12", "10", "11")
        for who in ("b", "a")
    ]
    found = lines(run(client, [client.write("a.yaml", rule("a"))], [visits(client, *events)]))
    assert [one["at"] for one in found] == sorted(one["at"] for one in found)
    assert all(
        list(one) == ["at", "rule", "version", "subject", "effect", "action", "to", "key", "why"] for one in found
    )
    assert len({one["key"] for one in found}) == len(found) == 6


def test_history_before_from_feeds_metrics_and_is_not_judged(client):
    text = rule("a") + "if: {fact: metric.n, gte: 3}\nmetrics: {n: {count: visit.completed, window: last 7 days}}\n"
    events = [event("visit.completed", f"2026-03-0{day} 10:00", customer="c") for day in (1, 2, 3)]
    more = ("--from", "2026-03-03T10:00:00+08:00", "--until", "2026-03-03T10:00:00+08:00")
    found = lines(run(client, [client.write("a.yaml", text)], [visits(client, *events)], *more))
    assert [(one["at"][:10], one["why"][0]["value"]) for one in found] == [("2026-03-03", 3)]
