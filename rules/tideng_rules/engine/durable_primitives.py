"""Conditions broken down to what durable-rules judges safely, and facts written so that it does.

The engine only ever sees short generated field names and small numbers:

=====  =============================================================================================================
field  value
=====  =============================================================================================================
nI     a fact as a number, within ±2⁵³ and never in exponent form; left out when it is none
mI     a fact as a moment, microseconds since 1970 in UTC; left out when it is none
kI     instead of nI or mI: 1 when the fact has a value of another type, 0 when there is no value
tI     a fact's text or boolean as a code: 0 no value, 1 any other value, then the ones the rules name
pI     1 when a condition that durable-rules cannot express safely holds, judged beforehand by a closure
=====  =============================================================================================================

So ``"5"`` cannot be 5, a missing fact is a fact one can ask for, and no authored text reaches the C code. `none`
is pushed down to the leaves: the negation of a missing comparison holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tideng_rules.document import operators
from tideng_rules.document.model import Condition, Group, Leaf
from tideng_rules.engine.codegen import compile_rules

MAX_LEAVES = 60  # in one ruleset: beyond 64 conditions matching one fact the engine gives error 303
MAX_DEPTH = 24
MAX_WAYS = 8  # an `or` multiplies what follows it, so few of them are left to the engine
MAX_TOGETHER = 4
LIMIT = 2**53  # where a C double stops telling integers apart
_TINY = 1e-4  # below it Python writes exponents, which the engine's JSON reader refuses
_OPPOSITE = {"lt": "gte", "lte": "gt", "gt": "lte", "gte": "lt", "is": "is_not"}
_SYMBOL = {"lt": "$lt", "lte": "$lte", "gt": "$gt", "gte": "$gte", "is_not": "$neq"}


@dataclass(frozen=True, slots=True)
class Primitive:
    """One comparison the engine makes: of the field of `kind` for `fact`, by `op`, with `value`.

    A text `value` of kind ``t`` stands for its code. For kind ``p`` `condition` is judged beforehand."""

    kind: str
    fact: str = ""
    op: str = "is"
    value: Any = 1
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """Alternatives, each of primitives that hold together; `origin` is the condition it says the same as."""

    ways: tuple[tuple[Primitive, ...], ...]
    origin: Condition


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule as clauses that all hold. `weight` is how many nodes it needs in the engine; None: it can never hold."""

    clauses: tuple[Clause, ...]
    weight: int | None


def unsafe(condition: Condition) -> str:
    """Why the condition is not given to durable-rules, or '' when it is."""
    count, waiting = 0, [(condition, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return f"nested more than {MAX_DEPTH} deep"
        if isinstance(item, Leaf):
            count += 1
        else:
            waiting.extend((part, depth + 1) for part in item.items)
        if count > MAX_LEAVES:
            return f"more than {MAX_LEAVES} comparisons"
    return ""


def plan(condition: Condition) -> Plan:
    """Break a safe condition down. Raises `RuleFault` or ValueError where it cannot be compiled at all."""
    clauses = _clauses(condition, negated=False)
    if any(not clause.ways for clause in clauses):
        return Plan((), None)
    clauses = sorted(_few_ways(clauses), key=lambda clause: len(clause.ways))
    weight, paths = 1, 1
    for clause in clauses:
        weight += paths * sum(map(len, clause.ways))
        paths *= len(clause.ways)
    if weight > MAX_LEAVES:
        clauses, weight = [_beforehand(condition, negated=False)], 2
    return Plan(tuple(clauses), weight)


def _few_ways(clauses: list[Clause]) -> list[Clause]:
    """Judge the widest clauses beforehand until few enough ways through the rule are left."""
    clauses = list(clauses)
    while math.prod(len(clause.ways) for clause in clauses) > MAX_WAYS:
        widest = max(range(len(clauses)), key=lambda at: len(clauses[at].ways))
        clauses[widest] = _beforehand(clauses[widest].origin, negated=False)
    return clauses


def _beforehand(condition: Condition, negated: bool) -> Clause:
    origin = Group("none", (condition,)) if negated else condition
    return Clause(((Primitive("p", condition=origin),),), origin)


def _clauses(condition: Condition, negated: bool) -> list[Clause]:
    if isinstance(condition, Leaf):
        return _leaf(condition, negated)
    inside = negated != (condition.kind == "none")
    together = (condition.kind == "all") != negated if condition.kind != "none" else not negated
    if together:
        return [clause for item in condition.items for clause in _clauses(item, inside)]
    ways: list[tuple[Primitive, ...]] = []
    for item in condition.items:
        clauses = _clauses(item, inside)
        if not clauses:
            return []  # one way always holds
        if len(clauses) == 1:
            ways += clauses[0].ways
        elif any(not clause.ways for clause in clauses):
            continue  # this way never holds
        elif all(len(clause.ways) == 1 for clause in clauses) and sum(len(c.ways[0]) for c in clauses) <= MAX_TOGETHER:
            ways.append(tuple(primitive for clause in clauses for primitive in clause.ways[0]))
        else:
            ways += _beforehand(item, inside).ways
    origin = Group("none", (condition,)) if negated else condition
    return [Clause(tuple(ways), origin) if len(ways) <= MAX_WAYS else _beforehand(condition, negated)]


def _leaf(leaf: Leaf, negated: bool) -> list[Clause]:
    origin = Group("none", (leaf,)) if negated else leaf
    ways = _ways(leaf, negated)
    return [_beforehand(leaf, negated) if ways is None else Clause(ways, origin)]


def _ways(leaf: Leaf, negated: bool) -> tuple[tuple[Primitive, ...], ...] | None:
    """The leaf in the engine's own comparisons; None where it has none that are safe."""
    fact, op, operand = leaf.fact, leaf.op, leaf.operand
    if op == "exists" and isinstance(operand, bool):
        return ((Primitive("t", fact, "is" if operand == negated else "gt", 0),),)
    if op in ("is", "is_not") and (
        isinstance(operand, bool) or (type(operand) is str and not operators.is_iso(operand))
    ):
        return _same_code(fact, operand, op == "is", negated)
    kind, value = _comparable(op, operand)
    if not kind:
        return None
    if op == "between":
        low, high = (Primitive(kind, fact, o, v) for o, v in zip(("gte", "lte"), value, strict=True))
        outside = (Primitive(kind, fact, "lt", value[0]),), (Primitive(kind, fact, "gt", value[1]),)
        return (*outside, (Primitive("k" + kind, fact, "gte", 0),)) if negated else ((low, high),)
    if op == "is_not":
        if negated:
            return (Primitive(kind, fact, "is", value),), (Primitive("k" + kind, fact, "is", 0),)
        return (Primitive(kind, fact, "is_not", value),), (Primitive("k" + kind, fact, "is", 1),)
    if negated:
        return (Primitive(kind, fact, _OPPOSITE[op], value),), (Primitive("k" + kind, fact, "gte", 0),)
    return ((Primitive(kind, fact, op, value),),)


def _same_code(fact: str, operand: str | bool, positive: bool, negated: bool) -> tuple[tuple[Primitive, ...], ...]:
    equal = Primitive("t", fact, "is", operand)
    differs = Primitive("t", fact, "is_not", operand)
    if positive:
        return ((differs if negated else equal,),)
    if negated:
        return (equal,), (Primitive("t", fact, "is", 0),)
    return ((differs, Primitive("t", fact, "gt", 0)),)


def _comparable(op: str, operand: Any) -> tuple[str, Any]:
    """As what the fact and the operand are compared, ``n`` or ``m``, and the operand so; '' where it is not safe."""
    if op == "between":
        if not isinstance(operand, (list, tuple)) or len(operand) != 2:
            return "", None
        (low, a), (high, b) = _comparable("gte", operand[0]), _comparable("lte", operand[1])
        return (low, (a, b)) if low == high else ("", None)
    if op in ("is", "is_not", *operators.ORDER):
        value = operators.number(operand)
        if value == value and _plain(value):
            return "n", value
        value = operators.moment(operand)
        if op in operators.ORDER and value == value and _plain(value):
            return "m", value
    return "", None


def _plain(value: int | float) -> bool:
    """May the number stand in the engine's JSON as Python writes it?"""
    return -LIMIT < value < LIMIT and "e" not in repr(value)


def digits(value: int | float) -> int | float | str:
    """A fact's number as the engine may read it, in the same order to every literal `_plain` lets through.

    What is too large for a double to tell apart, or too small to be written without an exponent, lies beyond every
    such literal and is replaced by one number that does too."""
    if -LIMIT < value < LIMIT:
        if value.__class__ is int or not -_TINY < value < _TINY or value == 0:
            return value
        return "0.00005" if value > 0 else "-0.00005"
    return LIMIT + 2 if value > 0 else -LIMIT - 2


def _field(view: str, value: Any) -> tuple[str, int | float | str]:
    """The letters of the field a number or moment goes to, and what goes there."""
    found = operators.number(value) if view == "n" else operators.moment(value)
    if found == found:
        return view, digits(found)
    return "k" + view, int(operators.present(value))


def _code(value: Any, codes: Mapping[str, int]) -> int:
    """A text or boolean as a small integer: see the table above."""
    if value.__class__ is str:
        return codes.get(value, 1)
    if value is None:
        return 0
    if isinstance(value, bool):
        return 3 if value else 2
    if isinstance(value, str):
        return codes.get(str(value), 1)
    return 1 if value == value else 0


class Fields:
    """The fields of one shard: what the rules call them, and how a situation's facts are written into them."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], int] = {}
        self._codes: dict[str, dict[str, int]] = {}
        self._beforehand: list[Condition] = []

    def expression(self, primitive: Primitive) -> dict[str, Any]:
        """The primitive in the engine's own rule format."""
        value = primitive.value
        if primitive.kind == "p":
            assert primitive.condition is not None
            self._beforehand.append(primitive.condition)
            return {f"p{len(self._beforehand) - 1}": 1}
        kind = primitive.kind[0]
        view = primitive.kind[-1]
        index = self._index(view, primitive.fact)
        if kind == "t":
            value = self._code(primitive.fact, value)
        name = f"{'k' + view if kind == 'k' else kind}{index}"
        return {name: value} if primitive.op == "is" else {_SYMBOL[primitive.op]: {name: value}}

    def encoder(self) -> Callable[[Mapping[str, Any]], str]:
        """A function from facts to the JSON text of the one fact to assert. Generated; nothing authored is in it."""
        space: dict[str, Any] = {"field": _field, "code": _code, "LIMIT": LIMIT}
        lines, text = ["def encode(facts):", " get = facts.get"], '{{"sid":"1","id":"f","one":1'
        for (view, fact), at in self._names.items():
            space[f"c{at}"] = fact
            if view == "t":
                space[f"codes{at}"] = self._codes.get(fact, {})
                lines.append(f" v{at} = get(c{at})")
                lines.append(f" v{at} = codes{at}.get(v{at}, 1) if v{at}.__class__ is str else code(v{at}, codes{at})")
                text += f',"t{at}":{{v{at}}}'
                continue
            lines.append(f" v{at} = get(c{at})")
            if view == "n":
                lines.append(f" if v{at}.__class__ is int and -LIMIT < v{at} < LIMIT: a{at} = 'n'")
                lines.append(f" else: a{at}, v{at} = field('n', v{at})")
            else:
                lines.append(f" a{at}, v{at} = field('m', v{at})")
            text += f',"{{a{at}}}{at}":{{v{at}}}'
        if self._beforehand:
            space["beforehand"] = compile_rules([(f',"p{at}":1', item) for at, item in enumerate(self._beforehand)])
            text += "{''.join(beforehand(facts))}"
        lines.append(f" return f'''{text}}}}}'''")
        exec(compile("\n".join(lines), "<fields>", "exec"), space)
        return space["encode"]

    def _index(self, view: str, fact: str) -> int:
        return self._names.setdefault((view, fact), len(self._names))

    def _code(self, fact: str, value: str | bool | int) -> int:
        if isinstance(value, str):
            codes = self._codes.setdefault(fact, {})
            return codes.setdefault(value, len(codes) + 4)
        return (3 if value else 2) if isinstance(value, bool) else value
