"""One meaning: closures, durable-rules and a plain reference judge every situation alike."""

import os
import random
import time
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.rules.engine import reference
from tests.unit.rules.engine.conftest import FACTS, conditions, situations
from tests.unit.rules.engine.generating import Generator
from tideng_rules.document.evaluation import satisfied
from tideng_rules.document.model import (
    OPERATORS,
    FactRef,
    Group,
    Leaf,
    leaves,
)
from tideng_rules.engine.ast_json import questions_from_text, questions_to_text
from tideng_rules.engine.closures import ClosureMatcher, reasons
from tideng_rules.engine.codegen import compile_condition
from tideng_rules.engine.columns import ColumnMatcher
from tideng_rules.engine.durable import DurableMatcher
from tideng_rules.engine.durable_primitives import plan, unsafe

EXAMPLES = int(os.environ.get("TIDENG_AGREEMENT_EXAMPLES", "60"))
QUIET = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def answers_of_every_engine(rules, facts):
    """What each engine says of these rules in these situations: name → a list of ids a situation."""
    questions = {"q": [(f"rule {n}", rule) for n, rule in enumerate(rules)]}
    batch = [("q", one) for one in facts]
    durable = DurableMatcher(questions)
    try:
        return {
            "closures": ClosureMatcher(questions).match(batch),
            "durable": durable.match(batch),
            "columns": ColumnMatcher(questions, fewest=1).match(batch),
        }
    finally:
        durable.close()


def expected_of(rules, facts):
    return [[f"rule {n}" for n, rule in enumerate(rules) if reference.holds(rule, one)] for one in facts]


@QUIET
@given(
    st.lists(conditions(), min_size=6, max_size=14),
    st.lists(situations(), min_size=6, max_size=10),
)
def test_every_engine_judges_generated_rules_as_the_reference_does(rules, facts):
    expected = expected_of(rules, facts)
    for engine, answers in answers_of_every_engine(rules, facts).items():
        assert answers == expected, engine


def judge_pairs(seed, rounds, rules, situations):
    """Judge so many rounds of so many generated rules in so many situations; returns how many pairs were judged."""
    draw = Generator(seed)
    for number in range(rounds):
        drawn = [draw.condition() for _ in range(rules)]
        facts = [draw.situation() for _ in range(situations)]
        expected = expected_of(drawn, facts)
        for engine, answers in answers_of_every_engine(drawn, facts).items():
            for place, (mine, theirs) in enumerate(zip(answers, expected, strict=True)):
                wrong = [drawn[int(rule.split()[1])] for rule in set(mine) ^ set(theirs)]
                assert mine == theirs, (engine, seed, number, facts[place], wrong)
    return rounds * rules * situations


def test_the_engines_agree_on_ten_thousand_pairs():
    assert judge_pairs(seed=20, rounds=5, rules=60, situations=40) >= 10_000


@pytest.mark.slow
def test_the_engines_agree_on_three_hundred_thousand_pairs():
    """Other rules and situations each night: a failure names its seed."""
    began, seed, pairs = time.monotonic(), random.SystemRandom().randrange(10**6), 0
    while pairs < 300_000:
        pairs += judge_pairs(seed + pairs, rounds=5, rules=60, situations=100)
    assert time.monotonic() - began < 120


def test_the_generated_rules_leave_nothing_out():
    draw = Generator(20)
    drawn = [draw.condition() for _ in range(1000)]
    facts = [draw.situation() for _ in range(200)]
    found = [leaf for rule in drawn for leaf in leaves(rule)]
    assert {leaf.op for leaf in found} == set(OPERATORS)
    by_fact = {(leaf.op, leaf.operand.times == 1) for leaf in found if isinstance(leaf.operand, FactRef)}
    comparing = set(OPERATORS) - {"exists", "matches"}
    assert by_fact == {(op, plain) for op in comparing for plain in (True, False)}
    for told in ([value for one in facts for value in one.values()], [leaf.operand for leaf in found]):
        kinds = {type(value) for value in told}
        assert {str, int, float, bool, list, Decimal, date, datetime, type(None)} <= kinds
        texts = [value for value in told if isinstance(value, str)]
        assert any(not text.isascii() for text in texts)
        assert any(isinstance(value, int) and abs(value) > 2**53 for value in told)
    assert any(len(one) < len(FACTS) for one in facts)
    assert max(map(depth, drawn)) >= 4
    safe = [plan(rule) for rule in drawn if not unsafe(rule)]
    asked = [part for one in safe if one.weight for clause in one.clauses for way in clause.ways for part in way]
    for kind in ("n", "m"):  # what durable-rules itself compares, each at least twice
        compared = Counter(part.op for part in asked if part.kind == kind)
        assert min(compared[op] for op in ("lt", "lte", "gt", "gte")) >= 2
    assert Counter(part.kind for part in asked) >= Counter(n=100, t=100, kn=20, km=5, p=100)
    assert {group.kind for rule in drawn for group in groups(rule)} == {"all", "any", "none"}


def groups(condition):
    inside = [] if isinstance(condition, Leaf) else [part for item in condition.items for part in groups(item)]
    return inside if isinstance(condition, Leaf) else [condition, *inside]


def depth(condition):
    return 0 if isinstance(condition, Leaf) else 1 + max(map(depth, condition.items), default=0)


@QUIET
@given(conditions(), situations())
def test_every_reason_says_what_the_reference_says_of_its_leaf(condition, facts):
    written = list(leaves(condition))
    found = reasons(condition, facts, "if")
    assert [reason.holds for reason in found] == [reference.holds(leaf, facts) for leaf in written]
    assert [(reason.fact, reason.op) for reason in found] == [(leaf.fact, leaf.op) for leaf in written]


@QUIET
@given(conditions(), situations())
def test_a_condition_that_no_engine_compiled_judges_as_the_reference_does(condition, facts):
    assert satisfied(condition, facts) == reference.holds(condition, facts)


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
