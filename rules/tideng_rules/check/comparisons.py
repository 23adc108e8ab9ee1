"""Whether a comparison suits its fact: the operator its type, the operand its type, one unit on both sides."""

from __future__ import annotations

from collections.abc import Iterator

from tideng.base.errors import Problem
from tideng.base.problems import Sentence
from tideng_rules.check.known_facts import Known
from tideng_rules.document import operators
from tideng_rules.document.model import FactRef, Leaf
from tideng_rules.document.problems import kind_of, shown

NUMERIC = ("number", "integer")
DATED = ("date", "time")
SHARES = ("share", "ratio", "percent", "%")
_EQUAL = ("is", "is_not", "in", "not_in", "exists")
_ORDER = ("lt", "lte", "gt", "gte", "between")
OPERATORS_OF = {
    "number": (*_EQUAL, *_ORDER),
    "integer": (*_EQUAL, *_ORDER),
    "date": (*_EQUAL, *_ORDER),
    "time": (*_EQUAL, *_ORDER),
    "text": (*_EQUAL, "contains", "not_contains", "starts_with", "matches"),
    "boolean": ("is", "is_not", "exists"),
    "list": ("contains", "not_contains", "exists"),
    "object": ("exists",),
}


def fits(leaf: Leaf, fact: Known) -> Iterator[Problem]:
    """Whether the operator and the literal suit the fact's type."""
    if not fact.type:
        return
    at = f"{leaf.place}.{leaf.op}"
    if leaf.op not in OPERATORS_OF[fact.type]:
        params = {"fact": leaf.fact, "kind": fact.type, "op": leaf.op, "names": OPERATORS_OF[fact.type]}
        yield Problem(at, "operator", params)
        return
    if leaf.op == "exists" or fact.type == "list":
        return
    for operand in leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,):
        if not _is_a(fact.type, operand):
            number = _as_number(operand) if fact.type in NUMERIC else ""
            way_out = Sentence("write-without-quotes", {"number": number}) if number else None
            params = {"fact": leaf.fact, "kind": fact.type, "value": shown(operand), "other": kind_of(operand)}
            yield Problem(at, "type", {**params, "way_out": way_out})
        elif fact.unit in SHARES and fact.unit not in ("percent", "%") and operand > 2:  # a target can be exceeded
            params = {"fact": leaf.fact, "number": operand, "share": f"{operand / 100:g}"}
            yield Problem(at, "share", params, "warning")


def fits_fact(leaf: Leaf, fact: Known, other: Known) -> Iterator[Problem]:
    """Whether two facts can be compared: types that stand in an order, and one unit."""
    at, operand = f"{leaf.place}.{leaf.op}", leaf.operand
    assert isinstance(operand, FactRef)
    if fact.type and leaf.op not in OPERATORS_OF[fact.type]:
        yield from fits(leaf, fact)
    elif fact.type and other.type and _family(fact.type) != _family(other.type) and fact.type != "list":
        params = {"fact": leaf.fact, "kind": fact.type, "second": operand.fact, "other": other.type}
        yield Problem(at, "facts-of-other-types", params)
    elif other.type and operand.times != 1 and other.type not in NUMERIC:
        yield Problem(f"{at}.times", "times", {"fact": operand.fact, "kind": other.type})
    elif fact.unit and other.unit and fact.unit != other.unit:
        params = {"fact": leaf.fact, "unit": fact.unit, "second": operand.fact, "other": other.unit}
        yield Problem(at, "unit", params)
    elif _mixes_share_and_count(fact, other):
        share, count = (leaf.fact, operand.fact) if fact.unit in SHARES else (operand.fact, leaf.fact)
        yield Problem(at, "share-beside-count", {"share": share, "count": count})


def _mixes_share_and_count(fact: Known, other: Known) -> bool:
    one, two = fact.unit in SHARES, other.unit in SHARES
    return one is not two and (fact if two else other).type == "integer"


def _is_a(type_: str, operand: object) -> bool:
    if type_ in NUMERIC:
        return isinstance(operand, int | float) and not isinstance(operand, bool)
    if type_ == "boolean":
        return isinstance(operand, bool)
    return operators.is_iso(operand) if type_ in DATED else isinstance(operand, str)


def _as_number(operand: object) -> str:
    try:
        return f"{float(operand):g}" if isinstance(operand, str) else ""
    except ValueError:
        return ""


def _family(type_: str) -> str:
    return "number" if type_ in NUMERIC else "date" if type_ in DATED else type_
