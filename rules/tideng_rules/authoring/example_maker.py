"""An example made from the rule itself: facts with which it speaks, or with which it stays silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import OnSchedule
from tideng_rules.check.examples import run_example
from tideng_rules.document.actions import describe
from tideng_rules.document.model import (
    Condition,
    Example,
    FactRef,
    Leaf,
    Rule,
    leaves,
)
from tideng_rules.engine.rulebook import Book, Published

_DAY = datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
_NAMES = {True: "会说 / speaks", False: "不说 / stays silent"}
_MOST_TURNED = 12


def an_example(rule: Rule, catalogue: Catalogue, speaks: bool) -> dict[str, Any] | None:
    """An example as a document has it, which was run and gives what it expects; None where none was found."""
    at = _moment(rule)
    book = Book([Published(rule)], catalogue)
    if rule.id in book.quarantined:
        book.close()
        return None
    try:
        for facts in _facts(rule, speaks):
            deeds = run_example(rule, Example("", at, facts, (), 0), book)
            if bool(deeds) is speaks:
                shown = {"name": _NAMES[speaks], "at": at.isoformat(timespec="minutes"), "facts": dict(facts)}
                return shown | {"expect": [describe(deed) for deed in deeds]}
    finally:
        book.close()
    return None


def _moment(rule: Rule) -> datetime:
    trigger = rule.trigger
    if not isinstance(trigger, OnSchedule):
        return _DAY
    at = _DAY.replace(hour=trigger.at.hour, minute=trigger.at.minute)
    if trigger.every == "week":
        return at + timedelta(days=trigger.on or 0)
    if trigger.every == "month":
        return at.replace(day=min(trigger.on or 1, 31))
    return at


def _facts(rule: Rule, speaks: bool) -> Iterator[Mapping[str, Any]]:
    """Facts to try: those with which all of it holds; to be silent, each comparison turned round in its turn."""
    good: dict[str, Any] = {}
    for condition in (rule.who, rule.if_):
        _satisfy(condition, True, good)
    if speaks:
        yield good
        return
    for leaf in list(leaves(rule.if_))[:_MOST_TURNED] + list(leaves(rule.who))[:_MOST_TURNED]:
        facts = dict(good)
        _satisfy(leaf, False, facts)
        yield facts
    yield {}


def _satisfy(condition: Condition, wanted: bool, facts: dict[str, Any]) -> None:
    if isinstance(condition, Leaf):
        _one(condition, wanted, facts)
    elif condition.kind == "none":
        for item in condition.items:
            _satisfy(item, not wanted, facts)
    elif (condition.kind == "any") is wanted:
        for item in condition.items[:1]:
            _satisfy(item, wanted, facts)
    else:
        for item in condition.items:
            _satisfy(item, wanted, facts)


def _one(leaf: Leaf, wanted: bool, facts: dict[str, Any]) -> None:
    operand, op = leaf.operand, leaf.op
    if isinstance(operand, FactRef):
        other = facts.setdefault(operand.fact, 10)
        operand = other * operand.times if isinstance(other, int | float) else other
        operand = int(operand) if isinstance(operand, float) and operand.is_integer() else operand
    if op == "exists":
        if operand is wanted:
            facts.setdefault(leaf.fact, 1)
        else:
            facts.pop(leaf.fact, None)
        return
    value = _value(op, operand, wanted)
    if value is None:
        facts.pop(leaf.fact, None)
    else:
        facts[leaf.fact] = value


def _value(op: str, operand: Any, wanted: bool) -> Any:
    """A value with which the comparison holds, or does not; None for no data."""
    number = isinstance(operand, int | float) and not isinstance(operand, bool)
    if isinstance(operand, bool):
        return operand if (op == "is") is wanted else not operand
    if op in ("is", "is_not"):
        if (op == "is") is wanted:
            return operand
        return operand + 1 if number else None
    if op in ("lt", "lte", "gt", "gte"):
        if not number:
            return operand if wanted is (op in ("lte", "gte")) else None
        below = op in ("lt", "lte")
        if wanted:
            return operand if op in ("lte", "gte") else operand - 1 if below else operand + 1
        return operand if op in ("lt", "gt") else operand + 1 if below else operand - 1
    if op == "between":
        return operand[0] if wanted else None
    if op in ("in", "not_in"):
        return operand[0] if (op == "in") is wanted else None
    if op == "contains":
        return operand if wanted and isinstance(operand, str) else [operand] if wanted else None
    if op == "starts_with":
        return operand if wanted else None
    return None
