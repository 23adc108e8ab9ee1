"""Rule files: what is read, and what is refused with the line and the reason."""

from __future__ import annotations

import json

import pytest

from tideng.base.errors import InvalidRule
from tideng_rules.packaging.rule_files import read_rules


def refusal(source) -> str:
    with pytest.raises(InvalidRule) as caught:
        read_rules(source)
    return str(caught.value)


def test_a_file_may_hold_one_rule_several_or_a_list(tmp_path):
    assert [d["id"] for d in read_rules("id: a\n")] == ["a"]
    assert [d["id"] for d in read_rules("id: a\n---\nid: b\n---\n")] == ["a", "b"]
    assert [d["id"] for d in read_rules("- id: a\n- id: b\n")] == ["a", "b"]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps([{"id": "a"}, {"id": "b"}]))
    assert [d["id"] for d in read_rules(str(file))] == ["a", "b"]


def test_a_file_may_hold_a_pack_which_gives_its_rules_with_the_defaults(tmp_path):
    file = tmp_path / "pack.yaml"
    file.write_text(
        "pack: p\nparameters: {hours: {type: integer, default: 24}}\nrules: [{id: a, within: '${hours} hours'}]"
    )
    assert read_rules(file) == [{"id": "a", "within": "24 hours"}]


def test_yaml_gives_the_same_document_as_json():
    text = "when: {every: week, on: friday, at: 19:00}\nday: 2026-03-02\nyes: no\nn: 012\nx: 1e3\nt: true\ne: ~\n"
    document = read_rules(text)[0]
    assert document["when"] == {"every": "week", "on": "friday", "at": "19:00"}
    assert document == json.loads(json.dumps(document))
    assert (document["day"], document["yes"], document["n"], document["x"]) == ("2026-03-02", "no", "012", 1000.0)
    assert document["t"] is True
    assert document["e"] is None


def test_a_bomb_of_aliases_is_refused_before_it_grows():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    assert "line 1: anchors and aliases are not used" in refusal(bomb)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: a\nif: x\nid: b\n", "line 3: the key 'id' is there twice"),
        ('{"id": "a", "id": "b"}', "the key 'id' is there twice"),
        ("id: [", "line 1"),
        ("a: !!python/object/apply:os.system [x]", "tags such as"),
        ("? [a, b]\n: c\n", "a key must be a word"),
        ("[" * 60 + "]" * 60, "nested deeper than 50"),
        ("- " * 60 + "x", "nested deeper than 50"),
        ("just words", "a rule is a mapping, not a text"),
        ("x" * 1_000_001, "larger than 1 MB"),
        ("id: a\x00b", "a character that YAML does not allow"),
    ],
)
def test_what_cannot_be_a_rule_file_is_refused_with_a_reason(text, reason):
    assert reason in refusal(text)


def test_broken_utf_8_names_the_line(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_bytes(b"id: a\ntitle: \xff\xfe\n")
    assert "line 2: not UTF-8" in refusal(file)


def test_a_megabyte_file_is_not_even_read(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_bytes(b"#" * 1_000_001)
    assert "larger than 1 MB" in refusal(file)


def test_deep_json_is_refused_not_crashed(tmp_path):
    file = tmp_path / "rules.json"
    file.write_text("[" * 100_000 + "]" * 100_000)
    assert "nested deeper than 50" in refusal(file)
