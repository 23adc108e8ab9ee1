"""One meaning: closures, durable-rules and a plain reference judge every situation alike."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.engines import reference
from tests.unit.engines.conftest import conditions, situations
from tideng_rules.ast_json import questions_from_text, questions_to_text
from tideng_rules.closures import ClosureMatcher, compile_condition, reasons
from tideng_rules.durable import DurableMatcher
from tideng_rules.model import Group, Leaf, leaves

EXAMPLES = int(os.environ.get("TIDENG_AGREEMENT_EXAMPLES", "60"))
QUIET = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@QUIET
@given(
    st.lists(conditions(), min_size=6, max_size=14),
    st.lists(situations(), min_size=6, max_size=10),
)
def test_every_engine_judges_generated_rules_as_the_reference_does(rules, facts):
    questions = {"q": [(f"rule {n}", rule) for n, rule in enumerate(rules)]}
    batch = [("q", one) for one in facts]
    expected = [[f"rule {n}" for n, rule in enumerate(rules) if reference.holds(rule, one)] for one in facts]
    assert ClosureMatcher(questions).match(batch) == expected
    durable = DurableMatcher(questions)
    try:
        assert durable.match(batch) == expected
    finally:
        durable.close()


@QUIET
@given(conditions(), situations())
def test_every_reason_says_what_the_reference_says_of_its_leaf(condition, facts):
    written = list(leaves(condition))
    found = reasons(condition, facts, "if")
    assert [reason.holds for reason in found] == [reference.holds(leaf, facts) for leaf in written]
    assert [(reason.fact, reason.op) for reason in found] == [(leaf.fact, leaf.op) for leaf in written]


@QUIET
@given(conditions(), situations())
def test_a_condition_that_travelled_as_json_judges_as_before(condition, facts):
    travelled = questions_from_text(questions_to_text({"q": [("r", condition)]}))["q"][0][1]
    assert compile_condition(travelled)(facts) == reference.holds(condition, facts)


@pytest.mark.parametrize(
    ("leaf", "facts", "expected"),
    [
        (Leaf("a", "is", 5), {"a": "5"}, False),
        (Leaf("a", "is_not", 5), {"a": "5"}, True),
        (Leaf("a", "is", 1), {"a": True}, False),
        (Leaf("a", "is", True), {"a": 1}, False),
        (Leaf("a", "is", True), {"a": "true"}, False),
        (Leaf("a", "is_not", 5), {}, False),
        (Leaf("a", "not_in", [5]), {}, False),
        (Leaf("a", "not_contains", "x"), {}, False),
        (Leaf("a", "exists", False), {}, True),
        (Leaf("a", "exists", True), {"a": ""}, True),
        (Leaf("a", "lt", 5), {"a": "4"}, False),
        (Group("none", (Leaf("a", "lt", 5),)), {}, True),
        (Leaf("a", "between", [1, 3]), {"a": 3}, True),
        (Leaf("a", "matches", "c+"), {"a": "abcd"}, True),
        (Leaf("a", "gte", "2026-03-02T19:00+08:00"), {"a": "2026-03-02T11:00Z"}, True),
        (Group("all", ()), {}, True),
        (Group("any", ()), {}, False),
        (Group("none", ()), {}, True),
    ],
)
def test_the_fine_print_holds_in_every_engine(leaf, facts, expected):
    questions, batch = {"q": [("r", leaf)]}, [("q", facts)]
    durable = DurableMatcher(questions)
    assert reference.holds(leaf, facts) is expected
    assert compile_condition(leaf)(facts) is expected
    assert (ClosureMatcher(questions).match(batch) == [["r"]]) is expected
    assert (durable.match(batch) == [["r"]]) is expected
    durable.close()
