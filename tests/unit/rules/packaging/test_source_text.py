"""Rules in and out as text: byte for byte what was written, as long as it says the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.test_layout import ROOT
from tests.unit.rules.document.test_yaml_writer import VALUES
from tideng.base.errors import InvalidRule
from tideng_rules.document.yaml_writer import to_yaml
from tideng_rules.packaging.reader import fill_pack, read_pack
from tideng_rules.packaging.source_text import exact, split, together

THREE = "# ours\nid: 'a'   # first\nkind:   reminder\n---\n# the second\nid: b\nn: [1,   2]\n\n---\nid: c\n...\n"
SHIPPED = sorted((*ROOT.glob("clients/*/rules/*.yaml"), *ROOT.glob("rules/packs/*.yaml")))


def exported(text: str) -> list[str]:
    return [exact(one.document, one.text) for one in split(text)]


def test_every_rule_of_a_text_keeps_its_own_comments_quotes_and_blanks():
    first, second, third = exported(THREE)
    assert first == "# ours\nid: 'a'   # first\nkind:   reminder\n"
    assert second == "# the second\nid: b\nn: [1,   2]\n\n"
    assert third == "id: c\n...\n"
    assert together([first, second, third]) == THREE


@pytest.mark.parametrize("text", [THREE.replace("\n", "\r\n"), "\ufeffid: a\n", "---\nid: a\n", '{"id": "a",  "n": 1}'])
def test_one_text_comes_out_as_it_came_in_whatever_its_line_ends(text):
    assert together(exported(text)) == text


def test_an_item_of_a_list_becomes_a_text_of_its_own():
    first, second = exported("# head\n- id: a # one\n  x:\n    - 1\n-   id: b\n    y: 2\n")
    assert first == "# head\nid: a # one\nx:\n  - 1\n"
    assert second == "id: b\ny: 2\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_split_by_rule_come_out_as_they_went_in(path):
    once = exported(path.read_text("utf-8"))
    assert once
    assert exported(together(once)) == once
    assert [exported(one) for one in once] == [[one] for one in once]


@settings(max_examples=60, deadline=None)
@given(document=VALUES.filter(lambda value: isinstance(value, dict) and value and "pack" not in value))
def test_what_the_studio_wrote_imports_and_exports_to_the_same_bytes(document):
    text = to_yaml(document)
    assert exported(text) == [text]


def test_rules_of_a_pack_written_by_the_studio_go_round_together():
    texts = [to_yaml(rule) for rule in fill_pack(read_pack("travel-sales"), {})]
    assert exported(together(texts)) == texts


def test_a_changed_document_is_not_exported_as_the_text_it_once_was():
    (one,) = split("id: a # ours\nn: 1\n")
    assert exact({**one.document, "n": 2}, one.text) == "id: a\nn: 2\n"


def test_a_place_is_found_in_its_line_and_what_cannot_be_read_names_one():
    one = split(THREE)[1]
    assert one.line_of("n[1]") == 7
    assert one.line_of("n[1].deeper") == 7
    with pytest.raises(InvalidRule, match="line 3"):
        split("id: a\nn: [1\n")
