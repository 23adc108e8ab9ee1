"""Conditions compiled to Python functions: one function per question, as fast as Python can decide.

Names and literals never become source text: every fact name, operand and rule id is bound to a numbered name in the
function's namespace, so that no rule can inject code. Each fact is looked up once per situation and, where numbers are
compared, turned once into a number or NaN: with NaN every comparison is false, which is what a missing fact means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tideng.base.errors import TidengError
from tideng_rules.document import operators
from tideng_rules.document.model import (
    OPERATORS,
    Condition,
    FactRef,
    Leaf,
)

Facts = Mapping[str, Any]

_SYMBOL = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_DEEPEST = 12  # nested brackets; Python's parser refuses 200
_WIDEST = 200  # operands of one `or`; keeps the compiler's stack flat
_HELPERS = {
    "NUMBERS": operators.NUMBERS,
    "number": operators.number,
    "moment": operators.moment,
    "holds": operators.holds,
    "scaled": operators.scaled,
}


class RuleFault(TidengError):
    """One rule could not be compiled or judged; `rule_id` is '' for a lone condition. The others are not touched."""

    def __init__(self, rule_id: str, cause: BaseException):
        self.rule_id = rule_id
        self.cause = cause
        super().__init__(f"{rule_id or 'condition'}: {type(cause).__name__}: {cause}")


def compile_condition(condition: Condition) -> Callable[[Facts], bool]:
    """Return a function from facts (dotted name → value) to whether the condition holds.

    Raises `RuleFault` for an operator that is none or an expression that cannot be compiled. The returned function
    raises only what a value of no known type raises when compared.
    """
    judge = compile_rules([("", condition)])
    return lambda facts: bool(judge(facts))


def flat_leaves(condition: Condition | None) -> list[Leaf]:
    """Every leaf in the order written, however deep the condition."""
    found, waiting = [], [condition] if condition is not None else []
    while waiting:
        item = waiting.pop()
        if isinstance(item, Leaf):
            found.append(item)
        else:
            waiting.extend(reversed(item.items))
    return found


def compile_verdicts(condition: Condition) -> Callable[[Facts], tuple[bool, ...]]:
    """One function from facts to whether each node of the condition holds, parents before their children; every leaf is
    looked at, whatever the others say. Raises `RuleFault`."""
    source = _Source()
    source.count("", condition)
    return source.verdicts(condition)


def compile_rules(rules: Sequence[tuple[str, Condition]]) -> Callable[[Facts], list[str]]:
    """One function from facts to the ids of the rules that hold, in the order given. Raises `RuleFault`."""
    source = _Source()
    for rule_id, condition in rules:
        source.count(rule_id, condition)
    for rule_id, condition in rules:
        source.write(rule_id, condition)
    return source.function()


class _Source:
    """The source of one function under way, with the values it is bound to."""

    def __init__(self) -> None:
        self._space: dict[str, Any] = dict(_HELPERS)
        self._uses: Counter[str] = Counter()
        self._numeric: Counter[str] = Counter()
        self._raw: dict[str, str] = {}
        self._number: dict[str, str] = {}
        self._head: list[str] = []
        self._body: list[str] = []

    def count(self, rule_id: str, condition: Condition) -> None:
        """Note which facts are read more than once; those are looked up once, ahead of the rules."""
        for leaf in flat_leaves(condition):
            if leaf.op not in OPERATORS:
                raise RuleFault(rule_id, ValueError(f"{leaf.op!r} is no operator"))
            numeric = _numeric(leaf)
            weight = 2 if leaf.op in operators.NEGATED else 1  # a negation looks at its fact twice
            self._uses[leaf.fact] += weight
            self._numeric[leaf.fact] += weight if numeric else 0
            if isinstance(leaf.operand, FactRef):
                self._uses[leaf.operand.fact] += 1

    def write(self, rule_id: str, condition: Condition) -> None:
        try:
            test = self._expression(condition)
        except ValueError as error:
            raise RuleFault(rule_id, error) from error
        self._body.append(f" if {test}: out.append({self._bind(rule_id)})")

    def function(self) -> Callable[[Facts], list[str]]:
        lines = ["def judge(facts):", " get = facts.get; out = []", *self._head, *self._body, " return out"]
        exec(compile("\n".join(lines), "<rules>", "exec"), self._space)
        return self._space["judge"]

    def verdicts(self, condition: Condition) -> Callable[[Facts], tuple[bool, ...]]:
        """A function of every node: children are judged before their parents and told after them."""
        told: list[str] = []
        waiting: list[tuple[Condition, str, list[str] | None]] = [(condition, "n0", None)]
        while waiting:
            item, name, parts = waiting.pop()
            if parts is not None:
                self._join(name, item.kind, parts)  # type: ignore[union-attr]
                continue
            told.append(name)
            if isinstance(item, Leaf):
                self._body.append(f" {name} = {self._leaf(item)}")
                continue
            parts = [f"{name}_{at}" for at in range(len(item.items))]
            waiting.append((item, name, parts))
            waiting.extend(reversed([(part, at, None) for part, at in zip(item.items, parts, strict=True)]))
        lines = ["def judge(facts):", " get = facts.get", *self._head, *self._body, f" return ({', '.join(told)},)"]
        exec(compile("\n".join(lines), "<rules>", "exec"), self._space)
        return self._space["judge"]

    def _join(self, name: str, kind: str, parts: list[str]) -> None:
        if kind not in ("all", "any", "none"):
            raise RuleFault("", ValueError(f"{kind!r} is no group"))
        word, start = (" and ", "True") if kind == "all" else (" or ", "False")
        chunks = [word.join(parts[at : at + _WIDEST]) for at in range(0, len(parts), _WIDEST)] or [start]
        self._body += [f" {name} = {(name + word) * (at > 0)}{chunk}" for at, chunk in enumerate(chunks)]
        if kind == "none":
            self._body.append(f" {name} = not {name}")

    def _bind(self, value: Any) -> str:
        name = f"c{len(self._space)}"
        self._space[name] = value
        return name

    def _value(self, fact: str) -> str:
        """An expression for the fact's value as it is."""
        if fact not in self._raw:
            key = f"get({self._bind(fact)})"
            if self._uses[fact] < 2:
                return key
            name = self._raw[fact] = f"f{len(self._raw)}"
            self._head.append(f" {name} = {key}")
        return self._raw[fact]

    def _as_number(self, fact: str) -> str:
        """An expression for the fact's value as a number, NaN if it is none."""
        if fact not in self._number:
            value = self._value(fact)
            if self._numeric[fact] < 2:
                return f"(v if (v := {value}).__class__ in NUMBERS else number(v))"
            name = self._number[fact] = f"n{len(self._number)}"
            self._head.append(f" {name} = {value} if {value}.__class__ in NUMBERS else number({value})")
        return self._number[fact]

    def _expression(self, condition: Condition) -> str:
        """An expression for the condition. What nests too deep or is too wide becomes statements of its own."""
        done: list[tuple[str, int]] = []
        waiting: list[tuple[Condition, bool]] = [(condition, False)]
        while waiting:
            item, seen = waiting.pop()
            if isinstance(item, Leaf):
                done.append((self._leaf(item), 1))
            elif seen:
                parts = done[len(done) - len(item.items) :]
                del done[len(done) - len(item.items) :]
                done.append(self._group(item.kind, parts))
            else:
                waiting.append((item, True))
                waiting.extend((part, False) for part in reversed(item.items))
        return done[0][0]

    def _group(self, kind: str, parts: list[tuple[str, int]]) -> tuple[str, int]:
        if kind not in ("all", "any", "none"):
            raise ValueError(f"{kind!r} is no group")
        if not parts:
            return ("False" if kind == "any" else "True"), 1
        word = " and " if kind == "all" else " or "
        texts = [text for text, _ in parts]
        deepest = max(depth for _, depth in parts)
        if len(parts) > _WIDEST or deepest >= _DEEPEST:
            name = f"b{len(self._body)}"
            chunks = [word.join(texts[at : at + _WIDEST]) for at in range(0, len(texts), _WIDEST)]
            self._body += [f" {name} = {(name + word) * (at > 0)}{chunk}" for at, chunk in enumerate(chunks)]
            text, deepest = name, 0
        else:
            text = f"({word.join(texts)})"
        return (f"(not {text})" if kind == "none" else text), deepest + 1

    def _leaf(self, leaf: Leaf) -> str:
        op, operand = leaf.op, leaf.operand
        if op == "exists":
            if not isinstance(operand, bool):
                return "False"
            return ("" if operand else "not ") + f"((v := {self._value(leaf.fact)}) is not None and v == v)"
        if isinstance(operand, FactRef):
            other = self._value(operand.fact)
            if operand.times != 1:
                other = f"scaled({other}, {self._bind(operand.times)})"
            return f"holds({self._value(leaf.fact)}, {self._bind(op)}, {other})"
        if not operators.present(operand):
            return "False"
        return self._quick(leaf) or f"holds({self._value(leaf.fact)}, {self._bind(op)}, {self._bind(operand)})"

    def _quick(self, leaf: Leaf) -> str:
        """The usual leaves without a call; '' for the others."""
        op, operand, fact = leaf.op, leaf.operand, leaf.fact
        if _numeric(leaf):
            return self._quick_number(leaf)
        if op == "is" and isinstance(operand, bool):
            return f"{self._value(fact)} is {operand is True}"
        if op in ("is", "is_not") and type(operand) is str and not operators.is_iso(operand):
            if op == "is":
                return f"{self._value(fact)} == {self._bind(operand)}"
            return f"((v := {self._value(fact)}) is not None and v != {self._bind(operand)} and v == v)"
        if op in _SYMBOL and operators.moment(operand) == operators.moment(operand):
            return f"moment({self._value(fact)}) {_SYMBOL[op]} {self._bind(operators.moment(operand))}"
        if op in ("in", "not_in") and _plain_texts(operand):
            found = f"((v := {self._value(fact)}).__class__ is str and v in {self._bind(frozenset(operand))})"
            return found if op == "in" else f"(not {found} and v is not None and v == v)"
        if op == "matches":
            search = operators.pattern(operand).search if isinstance(operand, str) else None
            value = self._value(fact)
            return f"(isinstance(v := {value}, str) and {self._bind(search)}(v) is not None)" if search else "False"
        return ""

    def _quick_number(self, leaf: Leaf) -> str:
        op, operand, fact = leaf.op, leaf.operand, leaf.fact
        if op in _SYMBOL:
            return f"{self._as_number(fact)} {_SYMBOL[op]} {self._bind(operators.number(operand))}"
        if op == "is":
            return f"{self._as_number(fact)} == {self._bind(operators.number(operand))}"
        if op == "between":
            low, high = map(operators.number, operand)
            return f"{self._bind(low)} <= {self._as_number(fact)} <= {self._bind(high)}"
        as_number, value = self._as_number(fact), self._value(fact)
        other = self._bind(operators.number(operand))
        return (
            f"({as_number} != {other} and ({as_number} == {as_number} or {value} is not None and {value} == {value}))"
        )


def _is_number(value: Any) -> bool:
    found = operators.number(value)
    return found == found


def _numeric(leaf: Leaf) -> bool:
    """Does the leaf compare with a number, or two?"""
    if leaf.op == "between":
        pair = leaf.operand
        return isinstance(pair, (list, tuple)) and len(pair) == 2 and all(map(_is_number, pair))
    return leaf.op in ("is", "is_not", *_SYMBOL) and _is_number(leaf.operand)


def _plain_texts(operand: Any) -> bool:
    """Only texts that are no dates: those a date or datetime could not be equal to."""
    return isinstance(operand, (list, tuple)) and all(
        type(item) is str and not operators.is_iso(item) for item in operand
    )
