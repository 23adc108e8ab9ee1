"""The values one fact can have, and whether some value answers several comparisons at once.

A comparison cuts the values of a fact into a few pieces: below 5, 5, above 5. One sample of every piece is tried with
the meaning of the operators itself (document/operators.py), so that what is said here is what the engines will do. Where the
pieces cannot be told (a text that matches two patterns), the answer is "possible": nothing that can hold is ever called
impossible.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from tideng_rules.document import operators

NUMBER, TEXT, BOOLEAN, MOMENT, LIST, OTHER = "number", "text", "boolean", "moment", "list", "other"
KINDS = frozenset((NUMBER, TEXT, BOOLEAN, MOMENT, LIST, OTHER))
_ORDERED = frozenset((*operators.ORDER, "between"))
_INSIDE = frozenset(("contains", "not_contains", "starts_with", "matches"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Domain:
    """The values a fact can have: of these `kinds`; numbers from `low` to `high`, `whole` ones only; moments that are
    whole `days`; nothing but `only` where that is given. `missing`: it may also have none."""

    kinds: frozenset[str] = KINDS
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    days: bool = False
    missing: bool = True
    only: tuple[Any, ...] | None = None


ANYTHING = Domain()
OF_TYPE = {
    "number": Domain(frozenset({NUMBER})),
    "integer": Domain(frozenset({NUMBER}), whole=True),
    "text": Domain(frozenset({TEXT})),
    "boolean": Domain(frozenset({BOOLEAN})),
    "date": Domain(frozenset({MOMENT}), days=True),
    "time": Domain(frozenset({MOMENT, TEXT})),
    "list": Domain(frozenset({LIST})),
    "object": Domain(frozenset({OTHER})),
}


class Literal(NamedTuple):
    """One comparison with a literal that is to hold (`holds`), or is not to."""

    op: str
    operand: Any
    holds: bool

    @property
    def operands(self) -> tuple[Any, ...]:
        return self.operand if isinstance(self.operand, tuple) else (self.operand,)


class TooMuch(Exception):
    """The question would take more work than it is worth."""


class Work:
    """How many comparisons may still be tried."""

    __slots__ = ("left",)

    def __init__(self, left: int = 50_000):
        self.left = left

    def take(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise TooMuch


def possible(literals: Sequence[Literal], domain: Domain, work: Work) -> bool:
    """Whether some value of the domain, or its absence where it may be missing, answers all of them.

    Never False when there is one; raises `TooMuch`.
    """
    price = sum(1 + (len(one.operand) if isinstance(one.operand, tuple) else 0) for one in literals)

    def fits(value: Any, but: str = "") -> bool:
        work.take(price)
        return all(operators.holds(value, one.op, one.operand) is one.holds for one in literals if one.op != but)

    if domain.missing and fits(None):
        return True
    if domain.only is not None:
        return any(map(fits, domain.only))
    for kind in domain.kinds:
        if kind == TEXT:
            if _some_text(literals, fits):
                return True
        elif kind == MOMENT and TEXT not in domain.kinds and any(one.op in _INSIDE for one in literals):
            return True  # the parts of a date's text are not looked into
        elif any(map(fits, _SAMPLES[kind](literals, domain))):
            return True
    return False


# -- samples -------------------------------------------------------------------------------------------------------


def _operands(literals: Iterable[Literal]) -> Iterator[Any]:
    for one in literals:
        if one.op != "exists":
            yield from one.operands


def _numbers(literals: Sequence[Literal], domain: Domain) -> Iterator[float]:
    limits = [limit for limit in (domain.low, domain.high) if math.isfinite(limit)]
    cuts = {n for n in map(operators.number, _operands(literals)) if n == n}
    marks = sorted(cuts.union(limits)) or [0]
    found: set[float] = {0}
    if domain.whole:
        for mark in marks:
            found |= {math.floor(mark) - 1, math.floor(mark), math.ceil(mark), math.ceil(mark) + 1}
    else:
        found |= {*marks, marks[0] - 1, marks[-1] + 1}
        found |= {low + (high - low) / 2 for low, high in pairwise(marks)}
    return (value for value in sorted(found) if domain.low <= value <= domain.high)


def _moments(literals: Sequence[Literal], domain: Domain) -> Iterator[Any]:
    """Dates, moments and ISO texts at, between and around the operands; a text in another spelling than theirs, too."""
    texts = {operand for operand in _operands(literals) if operators.is_iso(operand)}
    marks = sorted({operators.moment(text) for text in texts}) or [operators.moment("2026-01-01")]
    if domain.days:
        day = 86_400_000_000
        near = {mark // day + shift + (mark % day > 0) * up for mark in marks for shift in (-1, 0, 1) for up in (0, 1)}
        points = [number * day for number in sorted(near)]
    else:
        between = {low + (high - low) // 2 for low, high in pairwise(marks)}
        points = sorted({*marks, *between, marks[0] - 1, marks[-1] + 1})
    for point in points:
        try:
            moment = _EPOCH + timedelta(microseconds=int(point))
        except OverflowError:
            continue  # before the first day of the calendar, or after its last
        if domain.days:
            yield moment.date()
            yield moment.date().isoformat()
        else:
            yield moment
            spellings = (
                moment.isoformat(sep, "microseconds").replace("+00:00", zone)
                for sep in "T "
                for zone in ("+00:00", "Z", "-00:00", "+0000", "")
            )
            yield from (spelling for spelling in list(spellings) if spelling not in texts)
    yield from texts if not domain.days else (text for text in texts if len(text) == 10)


def _lists(literals: Sequence[Literal], domain: Domain) -> Iterator[list[Any]]:
    yield []
    yield [one.operand for one in literals if one.op == "contains" and one.holds] + [
        one.operand for one in literals if one.op == "not_contains" and not one.holds
    ]
    yield [{}]  # an item that is none of those named


_SAMPLES = {
    NUMBER: _numbers,
    BOOLEAN: lambda literals, domain: iter((True, False)),
    MOMENT: _moments,
    LIST: _lists,
    OTHER: lambda literals, domain: iter(({},)),
}


def _some_text(literals: Sequence[Literal], fits: Any) -> bool:
    named = [operand for operand in _operands(literals) if isinstance(operand, str)]
    if any(map(fits, dict.fromkeys(("", *named)))):
        return True
    ordered = [operand for one in literals if one.op in _ORDERED for operand in one.operands]
    iso = [operators.is_iso(operand) for operand in ordered if isinstance(operand, str)]
    if any(iso):
        if not all(iso) or any(one.op in _INSIDE for one in literals):
            return True
        moments = (value for value in _moments(literals, ANYTHING) if isinstance(value, str))
        if any(map(fits, moments)):
            return True
    elif iso:
        if any(one.op in _INSIDE for one in literals):
            return True
        return any(fits(text + "\0") for text in named)  # the very next text after each
    patterns = {one.operand: one.holds for one in literals if one.op == "matches"}
    if any(one.op == "matches" and patterns[one.operand] is not one.holds for one in literals):
        return False  # the same pattern found, and not found
    return fits(_fresh(literals, named), but="matches")  # some text may well match, or not


def _fresh(literals: Sequence[Literal], named: Sequence[str]) -> str:
    """A text that begins and contains as it must, and otherwise holds a sign that no operand has."""
    taken = set("".join(named))
    sign = next(chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in taken)
    begins = max(
        (one.operand for one in literals if one.op == "starts_with" and one.holds and _is_text(one)),
        key=len,
        default="",
    )
    parts = [
        one.operand
        for one in literals
        if _is_text(one) and ((one.op == "contains" and one.holds) or (one.op == "not_contains" and not one.holds))
    ]
    return sign.join((begins, *parts, ""))


def _is_text(one: Literal) -> bool:
    return isinstance(one.operand, str)
