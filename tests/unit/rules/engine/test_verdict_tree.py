"""Conditions as a tree: the same verdict as the closures, and the nodes that decided it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given

from tests.unit.rules.engine.conftest import conditions, situations
from tideng_rules.document.model import FactRef, Group, Leaf
from tideng_rules.engine.closures import reasons
from tideng_rules.engine.codegen import compile_condition
from tideng_rules.engine.verdict_tree import (
    Node,
    drawn,
    rebuilt,
    tree_of,
    verdicts,
)


def flipped(node: Node) -> bool:
    """What the tree would say if every leaf that decided were the other way round."""
    if node.kind == "fact":
        return node.holds is not node.decided
    said = [flipped(item) for item in node.items]
    return all(said) if node.kind == "all" else any(said) is (node.kind == "any")


@given(conditions(), situations())
def test_the_tree_says_what_the_closures_say(condition, facts):
    tree = tree_of(condition, facts)
    assert tree.holds is compile_condition(condition)(facts)
    assert drawn(condition, facts, verdicts(condition)(facts)) == tree


@given(conditions(), situations())
def test_were_all_leaves_that_decided_the_other_way_round_so_would_be_the_answer(condition, facts):
    tree = tree_of(condition, facts)
    if any(leaf.decided for leaf in tree.leaves()):
        assert flipped(tree) is not tree.holds or not _hangs_on_leaves(tree)


def _hangs_on_leaves(node: Node) -> bool:
    """An empty group decides by being empty; then no leaf can turn it."""
    return all(item.items or item.kind == "fact" for item in _decided_nodes(node))


def _decided_nodes(node: Node) -> list[Node]:
    if not node.decided:
        return []
    return [node, *(found for item in node.items for found in _decided_nodes(item))]


@given(conditions(), situations())
def test_what_did_not_decide_may_turn_without_any_effect(condition, facts):
    def turned(node: Node) -> bool:
        if node.kind == "fact":
            return node.holds is node.decided
        said = [turned(item) for item in node.items]
        return all(said) if node.kind == "all" else any(said) is (node.kind == "any")

    tree = tree_of(condition, facts)
    assert turned(tree) is tree.holds


@given(conditions(), situations())
def test_a_tree_is_rebuilt_from_stored_reasons(condition, facts):
    stored = [reason.to_json() for reason in reasons(condition, facts, "if")]
    again, tree = rebuilt(condition, stored), tree_of(condition, facts)
    assert again is not None
    assert _verdicts(again) == _verdicts(tree)


def _verdicts(node: Node) -> list:
    return [(node.holds, node.decided), *(found for item in node.items for found in _verdicts(item))]


@pytest.mark.parametrize("nothing", [None, float("nan"), Decimal("nan")])
def test_a_value_that_is_no_number_is_shown_as_no_data(nothing):
    leaf = Leaf("metric.visits", "lt", FactRef("target.visits"))
    node = tree_of(leaf, {"metric.visits": nothing, "target.visits": nothing})
    assert (node.holds, node.missing) == (False, True)
    assert (node.value, node.operand, node.other_value) == (None, None, None)
    assert node == tree_of(leaf, {})
    assert reasons(leaf, {"metric.visits": nothing, "target.visits": nothing}, "if") == reasons(leaf, {}, "if")


def test_reasons_of_another_version_make_no_tree():
    stored = [reason.to_json() for reason in reasons(Leaf("metric.visits", "lt", 4), {"metric.visits": 3}, "if")]
    assert rebuilt(Leaf("metric.visits", "gt", 4), stored) is None
    assert rebuilt(Group("all", (Leaf("metric.visits", "lt", 4), Leaf("found.x", "is", True))), stored) is None


@pytest.mark.parametrize(("times", "product", "before"), [(0.8, 4.0, 5), (0.5, 1.75, 3.5), (1.0, 7, 7)])
def test_a_compared_fact_is_told_with_its_own_value(times, product, before):
    leaf = Leaf("metric.visits", "gte", FactRef("target.visits", times))
    (reason,) = reasons(leaf, {"metric.visits": 3, "target.visits": before}, "if")
    node = rebuilt(leaf, [reason.to_json()])
    assert node is not None
    assert (node.operand, node.other, node.other_value) == (product, "target.visits", before)
