"""Builders for rules and situations, and generators of them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from tideng_rules.document.model import (
    OPERATORS,
    FactRef,
    Group,
    Leaf,
)

FACTS = ("event.hours", "person.level", "metric.visits", "case.客户", "found.x")
TEXTS = (
    "",
    "5",
    "true",
    "销售",
    "late",
    "a\x00b",
    'say "no"\\',
    "k" * 300,
    "2026-03-02",
    "2026-03-02T19:00+08:00",
    "2026-02-30",
)
NUMBERS = (
    0,
    1,
    -1,
    5,
    5.0,
    0.5,
    -0.0,
    1e-7,
    5e-324,
    1e22,
    2**53,
    2**53 + 1,
    -(2**63),
    10**400,
    float("inf"),
    Decimal("0.5"),
)
MOMENTS = (
    date(2026, 3, 2),
    datetime(2026, 3, 2, 11, tzinfo=UTC),
    datetime(2026, 3, 2, 19, tzinfo=timezone(timedelta(hours=8))),
    datetime(9999, 12, 31, tzinfo=UTC),
)


def scalars():
    fixed = st.sampled_from((*TEXTS, *NUMBERS, *MOMENTS, True, False))
    return st.one_of(fixed, fixed, st.integers(-9, 9), st.floats(allow_nan=False), st.text(max_size=4))


def values():
    nothing = st.sampled_from((None, float("nan"), Decimal("nan")))
    return st.one_of(scalars(), scalars(), scalars(), nothing, st.lists(scalars(), max_size=3))


def situations():
    return st.dictionaries(st.sampled_from(FACTS), values(), max_size=len(FACTS))


@st.composite
def leaves(draw):
    op = draw(st.sampled_from(OPERATORS))
    fact = draw(st.sampled_from(FACTS))
    if op == "exists":
        return Leaf(fact, op, draw(st.booleans()))
    if op == "matches":
        return Leaf(fact, op, draw(st.sampled_from(("^5", "销", "[a-z]+$", "", "\\d", "a.b"))))
    if draw(st.integers(0, 5)) == 0:
        return Leaf(fact, op, FactRef(draw(st.sampled_from(FACTS)), draw(st.sampled_from((1.0, 0.5, 2, 0)))))
    if op in ("in", "not_in"):
        return Leaf(fact, op, draw(st.one_of(st.lists(scalars(), max_size=4), values())))
    if op == "between":
        return Leaf(fact, op, draw(st.one_of(st.lists(scalars(), min_size=2, max_size=2), values())))
    return Leaf(fact, op, draw(values()))


def conditions():
    groups = st.sampled_from(("all", "any", "none"))
    return st.recursive(
        leaves(),
        lambda inner: st.builds(lambda kind, items: Group(kind, tuple(items)), groups, st.lists(inner, max_size=4)),
        max_leaves=10,
    )


@pytest.fixture
def visits_rules():
    """A function: so many rules on one question, of which number N holds when there were N visits."""

    def build(count, question="event:visit.done", first=0):
        numbers = range(first, first + count)
        return {question: [(f"r{n}", Group("all", (Leaf("metric.visits", "is", n),))) for n in numbers]}

    return build
