"""Rules judged in columns hold where closures and the plain reference say they hold, in every corner."""

import os
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.rules.engine import reference
from tests.unit.rules.engine.conftest import FACTS, conditions, situations
from tideng_rules.document.model import FactRef, Group, Leaf
from tideng_rules.engine.closures import ClosureMatcher
from tideng_rules.engine.codegen import RuleFault
from tideng_rules.engine.columns import Column, ColumnMatcher

EXAMPLES = int(os.environ.get("TIDENG_AGREEMENT_EXAMPLES", "60"))
QUIET = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def uniform_situations():
    """Situations whose facts are of one kind each, as those of a real deployment are: these take the fast ways."""
    kinds = (
        st.one_of(st.integers(-9, 9), st.floats(allow_nan=True), st.none()),
        st.one_of(st.sampled_from(("", "5", "销售", "late", "2026-03-02")), st.none()),
        st.one_of(st.booleans(), st.none()),
        st.one_of(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.none()),
        st.integers(2**53 - 2, 2**53 + 2),
    )
    return st.lists(st.sampled_from(kinds), min_size=len(FACTS), max_size=len(FACTS)).flatmap(
        lambda chosen: st.lists(
            st.fixed_dictionaries({}, optional=dict(zip(FACTS, chosen, strict=True))), min_size=10, max_size=16
        )
    )


@QUIET
@given(
    st.lists(conditions(), min_size=10, max_size=14),
    st.one_of(st.lists(situations(), min_size=10, max_size=16), uniform_situations()),
)
def test_columns_judge_generated_rules_as_closures_and_the_reference_do(rules, facts):
    """60 times at least 10 rules in 20 situations: 12,000 pairs."""
    facts = [*facts, *facts[:10]]
    questions = {"q": [(f"rule {n}", rule) for n, rule in enumerate(rules)]}
    batch = [("q", one) for one in facts]
    expected = [[f"rule {n}" for n, rule in enumerate(rules) if reference.holds(rule, one)] for one in facts]
    assert ColumnMatcher(questions, fewest=1).match(batch) == expected
    assert ClosureMatcher(questions).match(batch) == expected


EDGES = (
    [1, 2, None, 3.5],
    [2**53 - 1, 2**53, 2**53 + 1, float(2**53)],
    [10**400, 1, -(10**400), None],
    ["5", 5, True, Decimal(5), 5.0],
    [True, 1, 1.0, "true"],
    [float("nan"), None, Decimal("nan"), Decimal("snan"), 0],
    [float("inf"), -0.0, 0, 1e308],
    [date(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC), "2026-03-02", "2026-03-02T08:00+08:00", "2026-02-30"],
    [["a", 1], ("a", True), [], "a"],
)
LEAVES = (
    *(Leaf("a", op, n) for op in ("is", "is_not", "lt", "gte") for n in (5, 1.0, 2**53, 2**53 + 1, 10**400)),
    *(Leaf("a", op, "2026-03-02") for op in ("is", "is_not", "lt", "lte", "gt")),
    *(Leaf("a", op, date(2026, 3, 2)) for op in ("is", "is_not", "gte")),
    *(Leaf("a", op, ("5", 5, True, 2**53 + 1)) for op in ("in", "not_in")),
    *(Leaf("a", op, value) for op in ("contains", "not_contains") for value in ("a", 1, True)),
    *(Leaf("a", "exists", value) for value in (True, False)),
    *(Leaf("a", op, FactRef("b", times)) for op in ("is", "is_not", "lt", "gte") for times in (1.0, 0.5, 3, 0.0)),
    Leaf("a", "between", (1, 2**53)),
    Leaf("a", "between", ("2026-03-01", 5)),
    Leaf("a", "is", True),
    Leaf("a", "is", ("a", 1)),
    Leaf("a", "is_not", float("nan")),
    Leaf("a", "starts_with", "a"),
    Leaf("a", "matches", "^5|a"),
)


@pytest.mark.parametrize("values", EDGES, ids=repr)
def test_the_corners_of_values_and_operands_mean_in_columns_what_they_mean_alone(values):
    questions = {"q": [(str(n), leaf) for n, leaf in enumerate(LEAVES)]}
    batch = [("q", {"a": value, "b": other}) for value in values for other in values]
    assert ColumnMatcher(questions, fewest=1).match(batch) == ClosureMatcher(questions).match(batch)


def test_a_column_of_whole_numbers_is_one_array_and_one_too_large_is_left_to_the_closures():
    assert Column([1, 2, None]).only_numbers
    large = Column([1, 2**53, 3])
    assert (large.only_numbers, large.odd) == (False, [1])


def test_a_text_that_comes_often_is_compared_once():
    column = Column(["late", "open", "late", None] * 100)
    assert column.others == [None, "late", "open"]


def test_questions_that_nobody_asks_and_few_ask_are_answered_too():
    leaf = Group("all", (Leaf("a", "gt", 1),))
    matcher = ColumnMatcher({"few": [("f", leaf)], "many": [("m", leaf)], "none": []}, fewest=5)
    batch = [("few", {"a": 2}), ("unknown", {}), *[("many", {"a": n}) for n in range(9)], ("few", {"a": 0})]
    assert matcher.match(batch) == [["f"], [], [], [], *[["m"]] * 7, []]


def test_a_rule_that_cannot_be_compiled_is_told_and_the_others_are_judged():
    told: list[RuleFault] = []
    rules = [("odd", Leaf("a", "resembles", 1)), ("unsound", Leaf("a", "matches", "(")), ("sound", Leaf("a", "gt", 1))]
    matcher = ColumnMatcher({"q": rules}, told.append, fewest=1)
    assert matcher.match([("q", {"a": 2}), ("q", {"a": 0})]) == [["sound"], []]
    assert {fault.rule_id for fault in told} == {"odd", "unsound"}


def test_a_value_that_cannot_be_compared_costs_the_rule_that_reads_it_and_no_other():
    class Moody:
        def __eq__(self, other):
            raise TypeError("not today")

        __hash__ = None

    told: list[RuleFault] = []
    questions = {"q": [("reads it", Leaf("a", "is", "x")), ("does not", Leaf("b", "is", 1))]}
    matcher = ColumnMatcher(questions, told.append, fewest=1)
    assert matcher.match([("q", {"a": Moody(), "b": 1}), ("q", {"a": "x", "b": 1})]) == [
        ["does not"],
        ["reads it", "does not"],
    ]
    assert {fault.rule_id for fault in told} == {"reads it"}


def test_columns_are_taken_where_many_rules_read_few_facts_and_situations_are_many():
    few = ColumnMatcher({"q": [(str(n), Leaf("a", "gt", n)) for n in range(5)]})
    many = ColumnMatcher({"q": [(str(n), Leaf("a", "gt", n)) for n in range(300)]})
    assert few.worth_it("q") > 1000
    assert 50 < many.worth_it("q") < 500


def test_new_rules_take_over():
    matcher = ColumnMatcher({"q": [("old", Leaf("a", "gt", 1))]}, fewest=1)
    batch = [("q", {"a": 2})]
    assert matcher.match(batch) == [["old"]]
    matcher.replace({"q": [("new", Leaf("a", "gt", 1)), ("newer", Leaf("a", "gt", 3))]})
    assert matcher.match(batch) == [["new"]]
