"""What a condition means, written as plainly as possible and sharing nothing with the engines."""

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import re2

from tideng_rules.document.model import FactRef, Leaf

ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def holds(condition, facts):
    if isinstance(condition, Leaf):
        return leaf_holds(condition, facts)
    answers = [holds(item, facts) for item in condition.items]
    return {"all": all(answers), "any": any(answers), "none": not any(answers)}[condition.kind]


def leaf_holds(leaf, facts):
    value, operand = facts.get(leaf.fact), leaf.operand
    if leaf.op == "exists":
        return operand is (not missing(value)) if isinstance(operand, bool) else False
    if isinstance(operand, FactRef):
        times, operand = operand.times, facts.get(operand.fact)
        if times != 1:
            try:
                operand = operand * times if kind(operand) == "number" else None
            except OverflowError:
                operand = None
            except TypeError:  # a Decimal
                operand = float(operand) * times
    if missing(value) or missing(operand):
        return False
    if leaf.op == "is_not":
        return not equal(value, operand)
    if leaf.op == "not_in":
        return not any(equal(value, item) for item in operand) if kind(operand) == "list" else True
    if leaf.op == "not_contains":
        return not contained(operand, value)
    return {
        "is": lambda: equal(value, operand),
        "lt": lambda: compare(value, operand) == -1,
        "lte": lambda: compare(value, operand) in (-1, 0),
        "gt": lambda: compare(value, operand) == 1,
        "gte": lambda: compare(value, operand) in (0, 1),
        "between": lambda: (
            kind(operand) == "list"
            and len(operand) == 2
            and compare(value, operand[0]) in (0, 1)
            and compare(value, operand[1]) in (-1, 0)
        ),
        "in": lambda: kind(operand) == "list" and any(equal(value, item) for item in operand),
        "contains": lambda: contained(operand, value),
        "starts_with": lambda: kind(value) == kind(operand) == "text" and value[: len(operand)] == operand,
        "matches": lambda: kind(value) == kind(operand) == "text" and re2.search(operand, value) is not None,
    }[leaf.op]()


def missing(value):
    return value is None or (isinstance(value, (float, Decimal)) and math.isnan(value))


def kind(value):
    for types, name in (
        (bool, "boolean"),
        ((int, float, Decimal), "number"),
        (str, "text"),
        (date, "moment"),
        ((list, tuple), "list"),
    ):
        if isinstance(value, types):
            return name
    return "nothing"


def moment(value):
    if kind(value) == "text" and ISO.fullmatch(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def plain(value):
    return float(value) if isinstance(value, Decimal) else value


def equal(left, right):
    if "moment" in (kind(left), kind(right)):
        return moment(left) is not None and moment(left) == moment(right)
    if missing(left) or missing(right) or kind(left) != kind(right):
        return False
    if kind(left) == "list":
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    return plain(left) == plain(right)


def contained(part, whole):
    if kind(whole) == "text":
        return kind(part) == "text" and part in whole
    return kind(whole) == "list" and any(equal(item, part) for item in whole)


def compare(left, right):
    """-1, 0, 1, or None where there is no order."""
    if "moment" in (kind(left), kind(right)) or (kind(right) == "text" and moment(right)):
        left, right = moment(left), moment(right)
        if left is None or right is None:
            return None
    elif missing(left) or missing(right) or kind(left) != kind(right) or kind(left) not in ("number", "text"):
        return None
    left, right = plain(left), plain(right)
    return (left > right) - (left < right)
