"""What each operator means: the one place where a value meets an operand. See docs/rule-language.md, Conditions.

Types are strict: ``"5"`` is not 5 and true is not 1. Values of different types are never equal and stand in no
order, so that such a comparison is false, not an error. A negated operator (`is_not`, `not_in`, `not_contains`)
holds where its positive one does not, but never for a missing fact or a missing operand.

Moments: a date or datetime is compared as microseconds since 1970 in UTC (a date is its midnight, a naive
datetime counts as UTC). Where one side is a date or datetime, a text in ISO form on the other side is read as one;
two texts are put in order as moments when the operand is in ISO form, else by code point.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2

from tideng_rules.document.model import FactRef

NAN = math.nan
NUMBERS = frozenset((int, float))
NEGATED = {"is_not": "is", "not_in": "in", "not_contains": "contains"}
ORDER = ("lt", "lte", "gt", "gte")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?", re.ASCII
)


def present(value: Any) -> bool:
    """Is there a value? None and NaN are none; an empty text or list is one."""
    return value is not None and value == value


def known(value: Any) -> Any:
    """The value as an explanation keeps it: None where it is NaN. Both mean "no data", but JSON has no NaN, and a frozen
    value that holds one is not equal to its own copy."""
    return value if present(value) else None


def number(value: Any) -> int | float:
    """The value as a number, or NaN where it is none. A boolean is no number; a Decimal becomes the float people mean."""
    if isinstance(value, bool):
        return NAN
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (float, Decimal)):
        return float(value)
    return NAN


def moment(value: Any) -> int | float:
    """Microseconds since 1970 in UTC of a date, a datetime or an ISO text; NaN for anything else."""
    if isinstance(value, str):
        return _moment_of_text(value) if _ISO.fullmatch(value) else NAN
    if isinstance(value, datetime):
        return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return (datetime(value.year, value.month, value.day, tzinfo=UTC) - _EPOCH) // _MICROSECOND
    return NAN


def _moment_of_text(text: str) -> int | float:
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:  # in the form of a date, yet no date: 2026-02-30
        return NAN


def is_iso(value: Any) -> bool:
    """Is it a text that names a date or a moment?"""
    return isinstance(value, str) and moment(value) == moment(value)


def same(value: Any, operand: Any) -> bool:
    """Equal and of one type; lists item by item."""
    if isinstance(value, bool) or isinstance(operand, bool):
        return value is operand
    if isinstance(value, str) and isinstance(operand, str):
        return value == operand
    if isinstance(value, date) or isinstance(operand, date):
        return moment(value) == moment(operand)
    if isinstance(value, (list, tuple)) and isinstance(operand, (list, tuple)):
        return len(value) == len(operand) and all(map(same, value, operand))
    return number(value) == number(operand)


def _ordered(value: Any, operand: Any) -> tuple[Any, Any]:
    """Both sides as things Python can put in order; a pair of NaN where there is no order."""
    left, right = number(value), number(operand)
    if left == left and right == right:
        return left, right
    if isinstance(value, date) or isinstance(operand, date) or is_iso(operand):
        return moment(value), moment(operand)
    if isinstance(value, str) and isinstance(operand, str):
        return value, operand
    return NAN, NAN


def less(value: Any, operand: Any) -> bool:
    left, right = _ordered(value, operand)
    return left < right


def at_most(value: Any, operand: Any) -> bool:
    left, right = _ordered(value, operand)
    return left <= right


def more(value: Any, operand: Any) -> bool:
    left, right = _ordered(value, operand)
    return left > right


def at_least(value: Any, operand: Any) -> bool:
    left, right = _ordered(value, operand)
    return left >= right


def between(value: Any, operand: Any) -> bool:
    """From the first to the second of the pair, both included."""
    if not isinstance(operand, (list, tuple)) or len(operand) != 2:
        return False
    return at_least(value, operand[0]) and at_most(value, operand[1])


def one_of(value: Any, operand: Any) -> bool:
    return isinstance(operand, (list, tuple)) and any(same(value, item) for item in operand)


def contains(value: Any, operand: Any) -> bool:
    """A list has such a member, or a text such a part."""
    if isinstance(value, str):
        return isinstance(operand, str) and operand in value
    return isinstance(value, (list, tuple)) and any(same(item, operand) for item in value if item is not None)


def starts_with(value: Any, operand: Any) -> bool:
    return isinstance(value, str) and isinstance(operand, str) and value.startswith(operand)


@lru_cache(maxsize=1024)
def pattern(text: str) -> Any:
    """A compiled google-re2 expression: linear in the length of the text. Raises ValueError where it is none."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20  # bytes of the compiled pattern; repetitions inside repetitions grow it
    try:
        return re2.compile(text, options)
    except re2.error as error:
        raise ValueError(str(error.args[0])) from None


def matches(value: Any, operand: Any) -> bool:
    """The expression is found anywhere in the text; ``^`` and ``$`` bind it to the ends."""
    return isinstance(value, str) and isinstance(operand, str) and pattern(operand).search(value) is not None


POSITIVE: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": same,
    "lt": less,
    "lte": at_most,
    "gt": more,
    "gte": at_least,
    "between": between,
    "in": one_of,
    "contains": contains,
    "starts_with": starts_with,
    "matches": matches,
}


def scaled(value: Any, times: float) -> Any:
    """A fact's value as operand: `times` a number; None where it is no number, or too large to multiply."""
    if times == 1:
        return value
    try:
        result = number(value) * times
    except OverflowError:
        return None
    return result if result == result else None


def resolve(operand: Any, facts: Mapping[str, Any]) -> Any:
    """What is compared with: the literal, or the other fact's value."""
    return scaled(facts.get(operand.fact), operand.times) if isinstance(operand, FactRef) else operand


def holds(value: Any, op: str, operand: Any) -> bool:
    """Does the comparison hold? `operand` is already resolved. Raises KeyError for an operator that is none."""
    if op == "exists":
        return present(value) is operand
    compare = POSITIVE[NEGATED.get(op, op)]
    if not present(value) or not present(operand):
        return False
    return compare(value, operand) is not (op in NEGATED)
