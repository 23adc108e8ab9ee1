"""Two people changed the same rule: both changes stay, and where both changed one thing, ours stays and both are named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.unit.rules.builders import a_document
from tests.unit.rules.wording.test_differences import CHANGES, changed
from tideng_rules.document.merge import (
    ABSENT,
    Conflict,
    merge,
    same,
)

LEAF = {"fact": "a.b", "lt": 1}
OTHER = {"fact": "c.d", "gt": 2}
THIRD = {"fact": "e.f", "is": True}


def merged(base, ours, theirs):
    found = merge({"x": base}, {"x": ours}, {"x": theirs})
    return found.document.get("x", ABSENT), [(c.place, c.ours, c.theirs) for c in found.conflicts]


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3}, {"a": 2, "b": 3}),
        ([LEAF, OTHER], [{**LEAF, "lt": 5}, OTHER], [LEAF, OTHER, THIRD], [{**LEAF, "lt": 5}, OTHER, THIRD]),
        ([LEAF, OTHER], [OTHER], [LEAF, {**OTHER, "gt": 9}], None),
        ([LEAF, OTHER, THIRD], [OTHER, THIRD], [LEAF, OTHER, {**THIRD, "is": False}], [OTHER, {**THIRD, "is": False}]),
        ([LEAF], [{**LEAF, "lt": 2}], [{**LEAF, "fact": "g.h"}], [{"fact": "g.h", "lt": 2}]),
        ({"a": 1}, {}, {"a": 1, "b": 2}, {"b": 2}),
        (1, 1, ABSENT, ABSENT),
    ],
    ids=["keys", "an item added", "neighbours", "an item gone", "one item in two ways", "a key gone", "taken out"],
)
def test_changes_that_do_not_touch_go_together(base, ours, theirs, expected):
    theirs_document = {} if theirs is ABSENT else {"x": theirs}
    found = merge({"x": base}, {"x": ours}, theirs_document)
    if expected is None:
        assert found.conflicts == (Conflict("x", base, ours, theirs),)
        assert found.document == {"x": ours}
    else:
        assert found.conflicts == ()
        assert found.document.get("x", ABSENT) == expected


def test_where_both_changed_one_thing_ours_stays_and_both_are_named():
    assert merged({"once_per": "day"}, {"once_per": "week"}, {"once_per": "month"}) == (
        {"once_per": "week"},
        [("x.once_per", "week", "month")],
    )
    assert merged([LEAF], [{**LEAF, "lt": 2}], [{**LEAF, "lt": 3}]) == ([{**LEAF, "lt": 2}], [("x[0].lt", 2, 3)])


def test_one_side_takes_out_what_the_other_changed():
    found = merge({"until": LEAF}, {}, {"until": OTHER})
    assert (found.document, found.conflicts) == ({}, (Conflict("until", LEAF, ABSENT, OTHER),))


@settings(max_examples=300, deadline=None)
@given(CHANGES, CHANGES)
def test_with_one_side_unchanged_the_other_is_the_result(first, second):
    base, other = changed(first), changed(second)
    for found in (merge(base, other, base), merge(base, base, other), merge(base, other, other)):
        assert same(found.document, other)
        assert found.conflicts == ()


@settings(max_examples=300, deadline=None)
@given(CHANGES, CHANGES)
def test_both_ways_round_name_the_same_places_and_differ_only_there(ours, theirs):
    base, one, other = a_document(), changed(ours), changed(theirs)
    here, there = merge(base, one, other), merge(base, other, one)
    assert {c.place for c in here.conflicts} == {c.place for c in there.conflicts}
    assert bool(here.conflicts) or same(here.document, there.document)
