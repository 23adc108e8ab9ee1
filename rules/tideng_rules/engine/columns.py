"""The matcher that judges thousands of situations at once, column by column with numpy.

The situations of one question become one `Column` a fact: numbers lie in an array of floats; everything else is written
down once for each distinct value, and a comparison is made once for each of those. What floats cannot say exactly
(whole numbers from 2⁵³ on, values of a class of their own) is left to the closures, situation by situation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tideng_rules.document import operators
from tideng_rules.document.model import Condition, FactRef, Leaf
from tideng_rules.engine.closures import Batch, ClosureMatcher, Questions
from tideng_rules.engine.codegen import Facts, RuleFault, flat_leaves

Mask = NDArray[np.bool_]
_EXACT = 2**53
# nanoseconds, as bench/columns.py measured them; only their proportions matter
_CLOSURE_FACT, _CLOSURE_RULE = 33, 23
_COLUMN_VALUE, _COLUMN_MASK = 100, 2.4  # to make a column, for each value; to combine masks, for each situation
_COLUMN_FACT, _COLUMN_STEP = 5_000, 2_500  # however many situations there are
_NUMERIC = frozenset((int, float, Decimal))
_PLAIN = frozenset((str, bool, date, datetime, type(None)))  # no two of different classes are ever equal
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "is": np.equal,
    "is_not": np.not_equal,
    "lt": np.less,
    "lte": np.less_equal,
    "gt": np.greater,
    "gte": np.greater_equal,
}


class Column:
    """The values of one fact in many situations.

    `numbers`: a float for each, NaN where there is no number. `codes`: for each its place in `others`, the distinct
    values that are no numbers; 0 for a number and for a missing value. Either is None where the column has none.
    `odd`: the rows that are left to the closures.
    """

    __slots__ = ("_codes", "_others", "codes", "numbers", "odd", "others", "values")

    def __init__(self, values: list[Any]):
        self.values = values
        self.numbers: NDArray[np.float64] | None = None
        self.codes: NDArray[np.int32] | None = None
        self.others: list[Any] = []
        self.odd: list[int] = []
        kinds = set(map(type, values))
        if kinds <= {int, float, type(None)}:
            self._take_numbers()
        elif kinds <= _PLAIN:
            self._take_codes()
        else:
            self._take_one_by_one()

    def _take_numbers(self) -> None:
        try:
            numbers = np.array(self.values, dtype=np.float64)  # None becomes NaN
        except OverflowError:  # a whole number beyond every float
            self._take_one_by_one()
            return
        if len(numbers) and np.nanmax(np.abs(numbers), initial=0.0) >= _EXACT:
            self._take_one_by_one()
        else:
            self.numbers = numbers

    def _take_codes(self) -> None:
        places: dict[Any, int] = {None: 0}
        for value in dict.fromkeys(self.values):
            places.setdefault(value, len(places))
        self.others = list(places)
        self.codes = np.fromiter(map(places.__getitem__, self.values), np.int32, len(self.values))

    def _take_one_by_one(self) -> None:
        numbers, codes = [operators.NAN] * len(self.values), [0] * len(self.values)
        places: dict[Any, int] = {}
        self.others = [None]
        for row, value in enumerate(self.values):
            kind = value.__class__
            if kind in _NUMERIC:
                number = _exact(value)
                if number is None:
                    self.odd.append(row)
                else:
                    numbers[row] = number
            elif kind in _PLAIN:
                if value is not None:
                    codes[row] = places.setdefault(value, len(self.others))
                    if codes[row] == len(self.others):
                        self.others.append(value)
            elif kind in (list, tuple):
                codes[row] = len(self.others)
                self.others.append(value)
            else:
                self.odd.append(row)
        self.numbers, self.codes = np.array(numbers, dtype=np.float64), np.array(codes, dtype=np.int32)

    @property
    def only_numbers(self) -> bool:
        return self.codes is None

    def present(self) -> Mask:
        """Where there is a value."""
        found = np.zeros(len(self.values), dtype=bool)
        if self.numbers is not None:
            found |= ~np.isnan(self.numbers)
        if self.codes is not None:
            found |= self.codes != 0
        return found


def _exact(value: int | float | Decimal) -> float | None:
    """The number as a float that stands in the same order to every other such float; None where there is none."""
    try:
        number = float(value)
    except (OverflowError, ValueError):  # beyond every float; a signalling NaN
        return None
    return None if value.__class__ is int and not -_EXACT < value < _EXACT else number


class Columns:
    """The situations of one question, a column a fact; columns are made when they are first read."""

    def __init__(self, situations: Sequence[Facts]):
        self._situations = situations
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self._situations)

    def __getitem__(self, fact: str) -> Column:
        column = self._columns.get(fact)
        if column is None:
            try:
                values = list(map(itemgetter(fact), self._situations))
            except KeyError:  # missing somewhere
                values = [facts.get(fact) for facts in self._situations]
            column = self._columns[fact] = Column(values)
        return column

    def build(self, facts: Sequence[str]) -> Columns:
        """Make the columns of these facts now; returns itself."""
        for fact in facts:
            self[fact]
        return self

    def odd(self) -> set[int]:
        """The rows that some column read so far leaves to the closures."""
        return {row for column in self._columns.values() for row in column.odd}


class _ColumnQuestion:
    """The rules of one question, ready to be judged over columns."""

    def __init__(self, rules: Sequence[tuple[str, Condition]]):
        plans = _Plans()
        self.ids = [rule_id for rule_id, _ in rules]
        self._plans = [plans.plan(condition) for _, condition in rules]
        self._leaves = plans.leaves
        self.facts = sorted({name for _, condition in rules for name in _names(condition)})
        self.fewest = self._fewest()

    def _fewest(self) -> float:
        """From so many situations on columns are faster than closures, making them included; infinite where never.

        A closure stops at the first comparison that does not hold; a column pays for making itself from the facts. So
        columns are for many rules on one question."""
        masks, facts = len(self._leaves) + len(self.ids), len(self.facts)
        once = masks * _COLUMN_STEP + facts * _COLUMN_FACT
        each = masks * _COLUMN_MASK + facts * _COLUMN_VALUE
        gained = _CLOSURE_FACT * facts + _CLOSURE_RULE * len(self.ids) - each
        return once / gained if gained > 0 else math.inf

    def judge(self, columns: Columns) -> list[Mask]:
        """For each rule in which situations it holds."""
        with np.errstate(all="ignore"):  # what overflows is infinite, as it is in Python
            leaves = [leaf.judge(columns) for leaf in self._leaves]
        return [_run(plan, leaves, len(columns)) for plan in self._plans]


class ColumnMatcher:
    """Judges as `ClosureMatcher` does, in columns where enough situations ask the same question.

    `fewest`: below so many situations of one question the closures judge them; None: where they are faster."""

    def __init__(
        self, questions: Questions, on_fault: Callable[[RuleFault], None] | None = None, fewest: int | None = None
    ):
        self._closures = ClosureMatcher(questions, on_fault)
        self._fewest = fewest
        self._rules: dict[str, list[tuple[str, Condition]]] = {}
        self._questions: dict[str, _ColumnQuestion] = {}
        self._take(questions)

    @property
    def faults(self) -> dict[str, RuleFault]:
        """Rule id → the latest fault of a rule that could not be compiled or judged."""
        return self._closures.faults

    def replace(self, questions: Questions) -> None:
        """Judge by these rules from now on."""
        self._closures.replace(questions)
        self._take(questions)

    def close(self) -> None:
        """Nothing to let go of."""

    def match(self, batch: Batch) -> list[list[str]]:
        """For each (question, facts) the ids of the rules that hold, in the order the rules were given."""
        parts: dict[str, list[int]] = {}
        for place, (question, _) in enumerate(batch):
            parts.setdefault(question, []).append(place)
        answers: list[list[str]] = [[] for _ in batch]
        for question, places in parts.items():
            if question in self._rules:
                self._match(question, places, batch, answers)
        return answers

    def worth_it(self, question: str) -> float:
        """From how many situations on this question is judged in columns."""
        return self._question(question).fewest if self._fewest is None else self._fewest

    def columns(self, question: str, situations: Sequence[Facts]) -> Columns:
        """Every column that the rules of the question read, made."""
        return Columns(situations).build(self._question(question).facts)

    def match_columns(self, question: str, columns: Columns) -> dict[int, list[str]]:
        """The ids of the rules that hold, for each row of the columns where any does; rows that are `odd` are left out."""
        judged = self._question(question)
        found: dict[int, list[str]] = {}
        for rule_id, held in zip(judged.ids, judged.judge(columns), strict=True):
            for row in np.flatnonzero(held).tolist():
                found.setdefault(row, []).append(rule_id)
        for row in columns.odd():
            found.pop(row, None)
        return found

    def _match(self, question: str, places: list[int], batch: Batch, answers: list[list[str]]) -> None:
        rest: Iterable[int] = places
        if len(places) >= self.worth_it(question):
            try:
                columns = self.columns(question, [batch[place][1] for place in places])
                for row, held in self.match_columns(question, columns).items():
                    answers[places[row]] = held
                rest = [places[row] for row in sorted(columns.odd())]
            except Exception:  # a value that cannot be compared: the closures say which rule it is
                rest = places
        for place in rest:
            [answers[place]] = self._closures.match([batch[place]])

    def _take(self, questions: Questions) -> None:
        self._rules = {question: list(rules) for question, rules in questions.items()}
        self._questions = {}

    def _question(self, question: str) -> _ColumnQuestion:
        found = self._questions.get(question)
        if found is None:
            sound = [rule for rule in self._rules[question] if rule[0] not in self._closures.faults]
            found = self._questions[question] = _ColumnQuestion(sound)
        return found


# -- one condition -----------------------------------------------------------------------------------------------------
class _Leaf:
    """One comparison; the same one of several rules is judged once. `quick` and `number`: as it is put to a column of
    nothing but numbers; None where that takes more thought."""

    __slots__ = ("leaf", "number", "quick", "sayable")

    def __init__(self, leaf: Leaf):
        self.leaf = leaf
        operand, literal = leaf.operand, not isinstance(leaf.operand, FactRef)
        self.sayable = literal and _sayable(operand)
        self.number = operators.number(operand) if literal else operators.NAN
        plain = self.sayable and self.number == self.number and leaf.op in _COMPARE and leaf.op != "is_not"
        self.quick = _COMPARE[leaf.op] if plain else None

    def judge(self, columns: Columns) -> Mask:
        if self.quick is not None:
            column = columns[self.leaf.fact]
            if column.codes is None:
                return self.quick(column.numbers, self.number)
        return self._judge(columns)

    def _judge(self, columns: Columns) -> Mask:
        leaf = self.leaf
        column, op, operand = columns[leaf.fact], leaf.op, leaf.operand
        if op == "exists":
            if not isinstance(operand, bool):
                return np.zeros(len(columns), dtype=bool)
            return column.present() if operand else ~column.present()
        if isinstance(operand, FactRef):
            return _against_fact(column, op, columns[operand.fact], operand)
        if not operators.present(operand):
            return np.zeros(len(columns), dtype=bool)
        if not self.sayable:
            return _one_by_one(column.values, op, [operand] * len(columns), column.odd)
        if column.codes is None:
            assert column.numbers is not None
            return _numbers(column.numbers, op, operand)
        mask = _others(column.codes, [operators.holds(other, op, operand) for other in column.others])
        return mask if column.numbers is None else mask | _numbers(column.numbers, op, operand)


Plan = list[tuple[str, int]]


class _Plans:
    """The conditions of one question, from the inside out: places of leaves, and groups of the so many before them."""

    def __init__(self) -> None:
        self.leaves: list[_Leaf] = []
        self._places: dict[tuple, int] = {}

    def plan(self, condition: Condition) -> Plan:
        """However deep it is."""
        plan: Plan = []
        waiting: list[tuple[Condition, bool]] = [(condition, False)]
        while waiting:
            item, seen = waiting.pop()
            if isinstance(item, Leaf):
                plan.append(("leaf", self._place(item)))
            elif seen:
                plan.append((item.kind, len(item.items)))
            else:
                waiting.append((item, True))
                waiting.extend((part, False) for part in reversed(item.items))
        return plan

    def _place(self, leaf: Leaf) -> int:
        operand = leaf.operand
        plain = operand.__class__ in (str, int, float, bool)
        # by class too: 1 and true would share a place
        key = (leaf.fact, leaf.op, operand.__class__, operand if plain else id(leaf))
        if key not in self._places:
            self._places[key] = len(self.leaves)
            self.leaves.append(_Leaf(leaf))
        return self._places[key]


def _names(condition: Condition) -> set[str]:
    leaves = flat_leaves(condition)
    return {leaf.fact for leaf in leaves} | {leaf.operand.fact for leaf in leaves if isinstance(leaf.operand, FactRef)}


def _run(plan: Plan, leaves: list[Mask], size: int) -> Mask:
    done: list[Mask] = []
    for kind, what in plan:
        if kind == "leaf":
            done.append(leaves[what])
            continue
        parts = done[len(done) - what :] if what else []
        del done[len(done) - what :]
        if not parts:
            mask = np.full(size, kind != "any")
        elif len(parts) == 1:
            mask = parts[0]
        else:
            join = np.logical_and if kind == "all" else np.logical_or
            mask = join(parts[0], parts[1])  # a leaf's own mask is left as it is
            for part in parts[2:]:
                join(mask, part, out=mask)
        done.append(~mask if kind == "none" and parts else mask)
    return done[0]


def _others(codes: NDArray[np.int32], holds: list[bool]) -> Mask:
    """Where the value is one of those for which the comparison holds."""
    if sum(holds) == 1:  # the usual `is`
        return codes == holds.index(True)
    return np.array(holds, dtype=bool)[codes]


def _sayable(operand: Any) -> bool:
    """Can every number in the operand be told from its neighbours as a float?"""
    if isinstance(operand, (list, tuple)):
        return all(map(_sayable, operand))
    return not isinstance(operand, int) or -_EXACT < operand < _EXACT


def _numbers(numbers: NDArray[np.float64], op: str, operand: Any) -> Mask:
    """The comparison for the rows that are numbers; false for the others."""
    nothing = np.zeros(len(numbers), dtype=bool)
    if op in operators.NEGATED:
        return ~np.isnan(numbers) & ~_numbers(numbers, operators.NEGATED[op], operand)
    if op == "between":
        if not isinstance(operand, (list, tuple)) or len(operand) != 2:
            return nothing
        low, high = map(operators.number, operand)
        return (numbers >= low) & (numbers <= high)
    if op == "in":
        if not isinstance(operand, (list, tuple)):
            return nothing
        for item in operand:
            nothing |= numbers == operators.number(item)
        return nothing
    if op in _COMPARE:
        return _COMPARE[op](numbers, operators.number(operand))
    return nothing  # a number contains nothing and begins with nothing


def _against_fact(column: Column, op: str, other: Column, reference: FactRef) -> Mask:
    exact = reference.times == 1 or reference.times.__class__ is float
    if column.only_numbers and other.only_numbers and exact and op in _COMPARE:
        left, right = column.numbers, other.numbers
        assert left is not None
        assert right is not None
        if reference.times != 1:
            right = right * reference.times
        held = _COMPARE[op](left, right)
        return held & ~np.isnan(left) & ~np.isnan(right) if op == "is_not" else held
    left_to_closures = {*column.odd, *other.odd}
    operands = [operators.scaled(value, reference.times) for value in other.values]
    return _one_by_one(column.values, op, operands, left_to_closures)


def _one_by_one(values: list[Any], op: str, operands: list[Any], odd: Sequence[int] | set[int]) -> Mask:
    """What is compared as Python does; the rows that are `odd` are not looked at."""
    skipped = set(odd)
    pairs = enumerate(zip(values, operands, strict=True))
    return np.fromiter(
        (row not in skipped and operators.holds(value, op, operand) for row, (value, operand) in pairs),
        bool,
        len(values),
    )
