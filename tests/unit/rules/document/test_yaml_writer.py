"""A rule shown as YAML reads back as exactly the same document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideng_rules.document.reader import read_documents
from tideng_rules.document.yaml_writer import to_yaml
from tideng_rules.packaging.reader import fill_pack, read_pack

WORDS = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30),
    st.sampled_from(
        ["on", "off", "yes", "no", "null", "~", "1e3", "1_000", "0x1f", "019", "19:00", "2026-03-02", ".5", "=", "<<",
         "- a", "a: b", "#x", "&a", "*a", "{a}", " a ", "a\nb", "a\n\n b\n", "日报：\n还没写", "\u2028", "é\u0085x", "'", '"', "1.", "+1", ""]
    ),
)  # fmt: skip
SCALARS = st.one_of(
    WORDS, st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.none()
)
KEYS = WORDS.filter(lambda word: word.isprintable())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=10,
)


@settings(max_examples=600, deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_what_is_written_reads_back_the_same(document):
    (again,) = read_documents(to_yaml(document) + "\n")
    assert json.dumps(again) == json.dumps(document)


@pytest.mark.parametrize("number", range(3))
def test_a_shipped_rule_reads_back_the_same_and_in_order(number):
    document = fill_pack(read_pack("travel-sales"), {})[number]
    assert json.dumps(read_documents(to_yaml(document))[0]) == json.dumps(document)
