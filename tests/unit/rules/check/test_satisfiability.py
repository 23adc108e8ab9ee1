"""What can never hold, always holds, follows: certain where it is said, and complete where it is promised."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideng_rules.check.domains import ANYTHING, OF_TYPE, Domain
from tideng_rules.check.satisfiability import (
    always,
    apart,
    follows,
    never,
)
from tideng_rules.document import operators
from tideng_rules.document.conditions import parse_condition
from tideng_rules.document.model import FactRef, Group, Leaf
from tideng_rules.document.problems import Collector
from tideng_rules.engine.codegen import compile_condition

DOMAINS = {
    "event.n": OF_TYPE["number"],
    "event.t": OF_TYPE["text"],
    "event.b": OF_TYPE["boolean"],
    "event.d": OF_TYPE["date"],
    "event.l": OF_TYPE["list"],
    "metric.c": Domain(frozenset({"number"}), low=0, whole=True, missing=False),
    "found.x": Domain(only=(True,)),
}


def domain_of(fact: str) -> Domain:
    return DOMAINS.get(fact, ANYTHING)


def a_condition(document):
    notes = Collector()
    condition = parse_condition(document, "if", notes)
    assert notes.problems == []
    return condition


N, T, C, ANY = "event.n", "event.t", "metric.c", "event.any"


@pytest.mark.parametrize(
    "document",
    [
        [{"fact": N, "lt": 3}, {"fact": N, "gt": 5}],
        [{"fact": N, "is": 3}, {"fact": N, "is_not": 3}],
        [{"fact": N, "between": [5, 3]}],
        [{"fact": C, "gt": 2}, {"fact": C, "lt": 3}],
        {"fact": C, "lt": 0},
        {"fact": C, "is": 2.5},
        {"fact": C, "exists": False},
        {"fact": N, "is": True},
        [{"fact": N, "exists": False}, {"fact": N, "lt": 3}],
        [{"fact": T, "starts_with": "ab"}, {"fact": T, "starts_with": "b"}],
        [{"fact": T, "contains": "abc"}, {"fact": T, "not_contains": "b"}],
        [{"fact": T, "in": ["a", "b"]}, {"fact": T, "not_in": ["b", "a"]}],
        [{"fact": T, "in": ["a", "b"]}, {"fact": T, "matches": "^c"}],
        [{"fact": T, "matches": "x"}, {"none": [{"fact": T, "matches": "x"}]}],
        [{"fact": "event.b", "is_not": True}, {"fact": "event.b", "is_not": False}],
        [{"fact": "event.d", "gt": "2026-03-01"}, {"fact": "event.d", "lt": "2026-03-02"}],
        [{"fact": "event.l", "contains": "a"}, {"fact": "event.l", "not_contains": "a"}],
        [{"fact": N, "lt": {"fact": C}}, {"fact": N, "gt": {"fact": C}}],
        [{"fact": N, "lt": {"fact": C}}, {"fact": N, "exists": False}],
        {"fact": N, "lt": {"fact": N}},
        {"fact": "found.x", "is": False},
        {"any": [[{"fact": N, "lt": 3}, {"fact": N, "gt": 5}], {"fact": C, "lt": 0}]},
        [{"any": [{"fact": N, "lt": 1}, {"fact": N, "gt": 9}]}, {"fact": N, "between": [2, 8]}],
        [{"fact": ANY, "lt": 3}, {"fact": ANY, "starts_with": "a"}],
        [{"fact": ANY, "is": "x"}, {"fact": ANY, "contains": "y"}],
    ],
)
def test_what_no_facts_satisfy_never_holds(document):
    assert never(a_condition(document), domain_of)


@pytest.mark.parametrize(
    "document",
    [
        [{"fact": N, "gt": 2}, {"fact": N, "lt": 3}],
        [{"fact": N, "lt": 3}, {"fact": C, "gt": 5}],
        [{"fact": N, "lte": 3}, {"fact": N, "gte": 3}],
        [{"fact": T, "starts_with": "ab"}, {"fact": T, "starts_with": "abc"}, {"fact": T, "is_not": "abc"}],
        [{"fact": T, "matches": "a"}, {"fact": T, "matches": "b"}],
        [{"fact": "event.d", "gte": "2026-03-01"}, {"fact": "event.d", "lt": "2026-03-02"}],
        [{"fact": ANY, "gt": "2026-03-01"}, {"fact": ANY, "lt": "2026-03-02"}],
        [{"fact": ANY, "gte": "2026-03-01"}, {"fact": ANY, "lte": "2026-03-01"}, {"fact": ANY, "is_not": "2026-03-01"}],
        [{"fact": ANY, "gt": "a"}, {"fact": ANY, "lt": "ab"}],
        [
            {"fact": "event.l", "contains": "a"},
            {"fact": "event.l", "contains": "b"},
            {"fact": "event.l", "not_contains": "c"},
        ],
        [{"fact": N, "lt": {"fact": C}}, {"fact": N, "gt": {"fact": C, "times": 0.5}}],
        [{"none": [{"fact": N, "lt": {"fact": C, "times": 2}}]}, {"fact": N, "exists": True}],
        {"none": [{"fact": N, "lt": 3}, {"fact": N, "gte": 3}]},
        {"fact": "found.x", "is": True},
    ],
)
def test_what_some_facts_satisfy_is_not_called_impossible(document):
    assert not never(a_condition(document), domain_of)


def test_a_missing_fact_keeps_a_pair_of_opposites_from_always_holding():
    assert not always(a_condition({"any": [{"fact": N, "lt": 5}, {"fact": N, "gte": 5}]}), domain_of)
    assert always(a_condition({"any": [{"fact": N, "exists": True}, {"fact": N, "exists": False}]}), domain_of)
    assert always(
        a_condition({"any": [{"fact": N, "lt": 5}, {"fact": N, "gte": 5}, {"fact": N, "exists": False}]}), domain_of
    )
    assert always(a_condition({"any": [{"fact": C, "lt": 5}, {"fact": C, "gte": 5}]}), domain_of)
    assert always(a_condition({"fact": C, "gte": 0}), domain_of)


def test_one_condition_follows_from_another():
    short, shorter = a_condition({"fact": N, "lt": 100}), a_condition({"fact": N, "lt": 50})
    assert follows(short, shorter, domain_of)
    assert not follows(shorter, short, domain_of)
    assert apart(shorter, a_condition({"fact": N, "gte": 50}), domain_of)
    assert not apart(shorter, short, domain_of)


def test_what_would_take_too_long_is_left_open():
    wide = [{"any": [{"fact": f"event.f{n}_{m}", "lt": 3} for m in range(20)]} for n in range(50)]
    hard = [
        {"any": [{"fact": f"event.g{n}", "lt": {"fact": f"event.g{n + 1}"}}, {"fact": N, "is": n}]} for n in range(60)
    ]
    long = [{"fact": N, "is_not": n} for n in range(900)]
    start = time.perf_counter()
    for document in (wide, hard, long, [*hard, {"fact": N, "gt": 100}, *wide]):
        assert not never(a_condition(document), domain_of)
    assert time.perf_counter() - start < 5


# -- laws ----------------------------------------------------------------------------------------------------------

numbers = st.sampled_from([0, 1, 2, 3, -1, 0.5, 2.5, 10])
texts = st.sampled_from(["", "a", "b", "ab", "ba", "abc", "2026-03-01", "2026-03-02", "2026-03-01T00:00:00Z"])
values = st.one_of(numbers, texts, st.booleans())
moments = st.sampled_from([date(2026, 3, 1), date(2026, 3, 2), datetime(2026, 3, 1, 12, tzinfo=UTC)])


@st.composite
def any_leaf(draw, facts=(N, T, C, ANY, "event.other", "event.d", "event.b", "event.l", "found.x")):
    fact = draw(st.sampled_from(facts))
    op = draw(st.sampled_from(["is", "is_not", "lt", "lte", "gt", "gte", "between", "in", "not_in", "contains",
                               "not_contains", "starts_with", "matches", "exists"]))  # fmt: skip
    if op == "exists":
        return Leaf(fact, op, draw(st.booleans()))
    if op == "between":
        return Leaf(fact, op, (draw(values), draw(values)))
    if op in ("in", "not_in"):
        return Leaf(fact, op, tuple(draw(st.lists(values, min_size=1, max_size=3))))
    if op in ("matches", "starts_with"):
        return Leaf(fact, op, draw(texts))
    if draw(st.integers(0, 3)) == 0:
        return Leaf(fact, op, FactRef(draw(st.sampled_from(facts)), draw(st.sampled_from([1.0, 1.0, 0.5]))))
    return Leaf(fact, op, draw(values))


conditions = st.recursive(
    any_leaf(),
    lambda inner: st.builds(Group, st.sampled_from(["all", "any", "none"]), st.lists(inner, max_size=4).map(tuple)),
    max_leaves=10,
)
anything = st.one_of(values, moments, st.lists(values, max_size=2), st.just({}))
facts = st.fixed_dictionaries(
    {C: st.integers(0, 12)},
    optional={
        N: st.one_of(numbers, st.floats(-2, 11)), T: st.one_of(texts, st.text("abc", max_size=4)), ANY: anything,
        "event.other": anything, "event.b": st.booleans(), "event.l": st.lists(values, max_size=3),
        "event.d": st.sampled_from([date(2026, 3, 1), "2026-03-01", "2026-03-02", "2026-02-28"]),
        "found.x": st.just(True),
    },
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(conditions, st.lists(facts, min_size=8, max_size=8))
def test_no_facts_satisfy_what_never_holds_and_all_satisfy_what_always_does(condition, situations):
    judge = compile_condition(condition)
    held = {judge(situation) for situation in situations}
    if never(condition, domain_of):
        assert held == {False}
    if always(condition, domain_of):
        assert held == {True}


@settings(max_examples=300, deadline=None)
@given(conditions, conditions, st.lists(facts, min_size=8, max_size=8))
def test_what_follows_holds_wherever_the_other_does(one, other, situations):
    judge, judge_other = compile_condition(one), compile_condition(other)
    if follows(one, other, domain_of):
        assert all(judge(situation) for situation in situations if judge_other(situation))
    if apart(one, other, domain_of):
        assert not any(judge(situation) and judge_other(situation) for situation in situations)


def _signed(leaf, positive):
    return leaf if positive else Group("none", (leaf,))


def _conjunction(leaves):
    return st.lists(st.builds(_signed, leaves, st.booleans()), min_size=1, max_size=4).map(
        lambda items: Group("all", tuple(items))
    )


small = st.sampled_from([0, 1, 2, 3, 0.5, 1.5])
number_leaves = st.one_of(
    st.builds(Leaf, st.just(N), st.sampled_from(["is", "is_not", "lt", "lte", "gt", "gte"]), small),
    st.builds(Leaf, st.just(N), st.just("between"), st.tuples(small, small)),
    st.builds(Leaf, st.just(N), st.sampled_from(["in", "not_in"]), st.lists(small, min_size=1, max_size=3).map(tuple)),
    st.builds(Leaf, st.just(N), st.just("exists"), st.booleans()),
)
short = st.text("ab", max_size=2)
text_leaves = st.one_of(
    st.builds(Leaf, st.just(T), st.sampled_from(["is", "is_not", "contains", "not_contains", "starts_with"]), short),
    st.builds(Leaf, st.just(T), st.sampled_from(["in", "not_in"]), st.lists(short, min_size=1, max_size=3).map(tuple)),
    st.builds(Leaf, st.just(T), st.just("exists"), st.booleans()),
)
bool_leaves = st.one_of(st.builds(Leaf, st.just("event.b"), st.sampled_from(["is", "is_not", "exists"]), st.booleans()))
QUARTERS = [quarter / 4 for quarter in range(-4, 18)]
TEXTS = ["".join(letters) for size in range(8) for letters in itertools.product("abc", repeat=size)]


def _brute(condition, values):
    return any(all(_holds(item, value) for item in condition.items) for value in (None, *values))


def _holds(item, value):
    leaf = item if isinstance(item, Leaf) else item.items[0]
    return operators.holds(value, leaf.op, leaf.operand) is (item is leaf)


@settings(max_examples=300, deadline=None)
@given(_conjunction(number_leaves), st.booleans())
def test_for_comparisons_of_one_number_the_answer_is_exact(condition, whole):
    domains = OF_TYPE["integer" if whole else "number"]
    candidates = [n for n in QUARTERS if n.is_integer()] if whole else QUARTERS
    assert never(condition, lambda fact: domains) is not _brute(condition, candidates)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.builds(_signed, text_leaves, st.booleans()), min_size=1, max_size=3).map(
        lambda i: Group("all", tuple(i))
    )
)
def test_for_comparisons_of_one_text_the_answer_is_exact(condition):
    assert never(condition, domain_of) is not _brute(condition, TEXTS)


@given(_conjunction(bool_leaves))
def test_for_comparisons_of_true_and_false_the_answer_is_exact(condition):
    assert never(condition, domain_of) is not _brute(condition, [True, False])
