"""Documents that mean harm are refused in words, in bounded time and memory: in a process with little of both."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CHILD = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
resource.setrlimit(resource.RLIMIT_CPU, (40, 40))
from pathlib import Path
from tideng.model.catalogue import Catalogue
from tideng.base.errors import InvalidRule
from tideng_rules.check.run import check_document
from tideng_rules.packaging.rule_files import read_rules
text = eval(sys.argv[1])
said = {"file": []}
Path(sys.argv[2]).write_bytes(text.encode("utf-8", "surrogatepass"))
try:
    read_rules(Path(sys.argv[2]))
except InvalidRule as error:
    said["file"] = [str(problem) for problem in error.problems]
started = time.process_time()
said["check"] = [str(problem) for problem in check_document(text, Catalogue()).errors]
said["seconds"] = time.process_time() - started
print(json.dumps(said))
"""
RULE = "id: a\\nkind: reminder\\nwhen: {event: a.b}\\nthen: [{mark: x}]\\n"

REFUSED = {
    "more than a megabyte": ("'x' * 1_000_001", "larger than 1 MB"),
    "10,000 nested groups": ("'if: ' + '{all: [' * 10000 + ']}' * 10000", "nested deeper than 50"),
    "nested blocks": ("''.join(' ' * n + '-\\n' for n in range(1300))", "nested deeper than 50"),
    "deep JSON": ("'{\"a\":' * 100000 + '1' + '}' * 100000", "nested deeper than 50"),
    "a billion laughs": ("'a: &a [x]\\n' + ''.join(f'b{n}: &b{n} [*a, *a]\\n' for n in range(50))", "aliases"),
    "10,000 rules": ("'- {id: a, kind: reminder}\\n' * 10000", "more than 5000 rules"),
    "100,001 keys": ("'{' + ','.join(f'k{n}: 1' for n in range(100001)) + '}'", "more than 100000 values"),
    "490,000 values": ("'[' + ','.join(['1'] * 490000) + ']'", "more than 100000 values"),
    "a number of a million digits": ("'id: ' + '9' * 900000", "too many digits"),
    "such a number in JSON": ("'{\"id\": ' + '9' * 900000 + '}'", "too many digits"),
    "a key with a control character": ("'{\"a\\\\u001b[31m\": 1}'", "control character"),
    "a text with one": ("'{\"title\": \"a\\\\u001b[31m\"}'", "control character"),
    "half a character": ("'{\"\\\\ud800\": 1}'", "cannot be stored"),
    "the same key 100,000 times": ("'{' + ','.join(['\"a\":1'] * 40000) + '}'", "there twice"),
    "a tag that calls Python": ("'!!python/object/apply:os.system [ls]'", "tags such as !!python"),
    "10,000 branches": (
        "'RULE' + 'if: {any: [' + ','.join('{fact: event.a, is: %d}' % n for n in range(10000)) + ']}'",
        "more than 1000 conditions",
    ),
    "20,000 leaves in groups": (
        "'RULE' + 'if: [' + ','.join(['{any: [' + ','.join(['{fact: event.a, is: 1}'] * 30) + ']}'] * 600) + ']'",
        "more than 5000 comparisons",
    ),
    "a pattern that unfolds": ("'RULE' + 'if: {fact: event.a, matches: \"(a{1000}){1000}\"}'", "repeats too often"),
    "a pattern of many signs": ("'RULE' + 'if: {fact: event.a, matches: \"[^a]{1000}\\\\\\\\pL{1000}\"}'", "too large"),
    "look-around": ("'RULE' + 'if: {fact: event.a, matches: \"(?=a)\"}'", "looks ahead or behind"),
    "30,000 unknown keys": ("'{' + ','.join(f'k{n}: 1' for n in range(30000)) + '}'", "keys more that are not known"),
    "a key of a megabyte": ("'? ' + 'k' * 900000 + '\\n: 1'", "unknown key"),
}  # fmt: skip


LONG = {
    "nested blocks", "10,000 rules", "100,001 keys", "490,000 values", "a number of a million digits", "such a number in JSON",
    "the same key 100,000 times", "20,000 leaves in groups", "30,000 unknown keys", "a key of a megabyte",
}  # fmt: skip
"""Cases that take seconds each, and are of a kind with a shorter one."""
CASES = [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in REFUSED]


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_document_is_refused_in_words_with_little_time_and_memory(name, tmp_path):
    text, words = REFUSED[name]
    run = subprocess.run(
        [sys.executable, "-c", CHILD, text.replace("RULE", RULE), str(tmp_path / "rules.yaml")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-500:]
    said = json.loads(run.stdout)
    assert any(words in problem for problem in said["check"]), said
    assert all(len(problem) < 2000 for problem in said["check"])
    assert len(said["check"]) < 1100
    assert said["seconds"] < 20


def test_a_document_in_order_passes_the_same_child(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", CHILD, f"'{RULE}'", str(tmp_path / "rules.yaml")], capture_output=True, text=True
    )
    said = json.loads(run.stdout)
    assert said["file"] == []
    assert [problem for problem in said["check"] if "unknown event type" not in problem] == []
