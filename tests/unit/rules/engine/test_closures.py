"""Generated functions: nothing can be smuggled in, one rule's fault is its own, and size is no matter."""

import time

import pytest

from tideng.model.judge_contract import Reason
from tideng_rules.document.model import FactRef, Group, Leaf
from tideng_rules.engine.closures import ClosureMatcher, reasons
from tideng_rules.engine.codegen import RuleFault, compile_condition


class Hostile:
    """A value that raises when compared with a number's word."""

    def __eq__(self, other):
        if other == "boom":
            raise ZeroDivisionError("boom")
        return self is other

    __hash__ = None


def test_names_and_literals_never_become_code():
    nasty = "'); __import__('os').abort() #\n"
    rules = {nasty: [(nasty, Leaf(nasty, "is", nasty)), ("in", Leaf(nasty, "in", [nasty, "x"]))]}
    assert ClosureMatcher(rules).match([(nasty, {nasty: nasty}), (nasty, {})]) == [[nasty, "in"], []]


def test_a_rule_that_raises_does_not_silence_the_others():
    told = []
    rules = [("sound", Leaf("b", "is", 1)), ("faulty", Leaf("a", "is", "boom")), ("also", Leaf("b", "gt", 0))]
    matcher = ClosureMatcher({"q": rules}, told.append)
    assert matcher.match([("q", {"a": Hostile(), "b": 1}), ("q", {"a": "boom", "b": 1})]) == [
        ["sound", "also"],
        ["sound", "faulty", "also"],
    ]
    assert [fault.rule_id for fault in told] == ["faulty"]
    assert isinstance(matcher.faults["faulty"].cause, ZeroDivisionError)


@pytest.mark.parametrize(
    "leaf", [Leaf("a", "matches", "("), Leaf("a", "resembles", 1), Group("some", (Leaf("a", "is", 1),))]
)
def test_a_rule_that_cannot_be_compiled_does_not_silence_the_others(leaf):
    matcher = ClosureMatcher({"q": [("faulty", leaf), ("sound", Leaf("a", "is", "x"))]})
    assert matcher.match([("q", {"a": "x"})]) == [["sound"]]
    assert set(matcher.faults) == {"faulty"}
    with pytest.raises(RuleFault):
        compile_condition(leaf)


def test_ten_thousand_branches_are_no_trouble():
    wide = Group("any", tuple(Leaf("a", "is", n) for n in range(10_000)))
    began = time.monotonic()
    judge = compile_condition(wide)
    assert time.monotonic() - began < 5
    assert judge({"a": 9_999})
    assert not judge({"a": -1})
    assert len(reasons(wide, {"a": 1}, "if")) == 10_000


def test_ten_thousand_levels_are_no_trouble():
    deep = Leaf("a", "is", 1)
    for _ in range(10_000):
        deep = Group("none", (deep,))
    judge = compile_condition(deep)
    assert judge({"a": 1})
    assert not judge({"a": 2})
    assert [reason.holds for reason in reasons(deep, {"a": 1}, "if")] == [True]


def test_a_regular_expression_takes_linear_time():
    judge = compile_condition(Leaf("a", "matches", "(a+)+$"))
    began = time.monotonic()
    assert not judge({"a": "a" * 50_000 + "b"})
    assert time.monotonic() - began < 1


def test_reasons_give_the_value_and_what_it_was_compared_with():
    condition = Group("all", (Leaf("metric.visits", "lt", FactRef("target.visits", 0.5)), Leaf("found.x", "is", True)))
    assert reasons(condition, {"metric.visits": 3, "target.visits": 10}, "if") == (
        Reason("metric.visits", 3, "lt", 5.0, True, "if"),
        Reason("found.x", None, "is", True, False, "if"),
    )


def test_true_and_one_are_told_apart_when_rules_are_replaced():
    matcher = ClosureMatcher({"q": [("r", Leaf("a", "is", 1))]})
    matcher.replace({"q": [("r", Leaf("a", "is", True))]})
    assert matcher.match([("q", {"a": True}), ("q", {"a": 1})]) == [["r"], []]
