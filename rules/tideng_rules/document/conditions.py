"""Parse conditions: `who`, `if`, `until` and `where` become a tree of groups and leaves."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest
from tideng_rules.document.model import (
    ALWAYS,
    OPERATORS,
    Condition,
    FactRef,
    Group,
    Leaf,
    leaves,
)
from tideng_rules.document.operators import pattern
from tideng_rules.document.problems import (
    MAX_TEXT,
    Collector,
    join,
    kind_of,
    shown,
)
from tideng_rules.document.reader import MAX_DEPTH

GROUPS = ("all", "any", "none")
ORDERED = ("lt", "lte", "gt", "gte")
TEXTUAL = ("starts_with", "matches")
LISTED = ("in", "not_in")
FACT_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[A-Za-z0-9_:-]+)+", re.ASCII)
MAX_ITEMS = 1000
MAX_LEAVES = 5000
_PATTERNS = (
    ("invalid perl operator", "pattern-looks-around"),
    ("invalid named capture", "pattern-looks-around"),
    ("invalid escape sequence", "pattern-refers-back"),
    ("invalid repetition size", "pattern-repeats-too-often"),
    ("pattern too large", "pattern-too-large"),
)
"""How RE2 refuses a pattern, which has no codes, and the code of our problem."""


def parse_condition(value: Any, at: str, notes: Collector, depth: int = 0) -> Condition:
    """Read one condition; problems go to `notes`, and something harmless is returned in their place."""
    condition = _parse(value, at, notes, depth)
    if sum(1 for _ in leaves(condition)) <= MAX_LEAVES:
        return condition
    notes.note(at, "too-many-comparisons", {"limit": MAX_LEAVES})
    return ALWAYS


def _parse(value: Any, at: str, notes: Collector, depth: int) -> Condition:
    if depth > MAX_DEPTH:
        notes.note(at, "nested-too-deep", {"limit": MAX_DEPTH})
        return ALWAYS
    if isinstance(value, list | tuple):
        return _group("all", value, at, at, notes, depth)
    if not isinstance(value, Mapping):
        notes.note(at, "condition-needed", {"kind": kind_of(value)})
        return ALWAYS
    kinds = [kind for kind in GROUPS if kind in value]
    if "fact" in value or not kinds:
        return _leaf(value, at, notes)
    if len(value) > 1:
        others = [str(key) for key in value if key != kinds[0]]
        notes.note(at, "group-not-alone", {"name": kinds[0], "names": others})
    return _group(kinds[0], value[kinds[0]], at, join(at, kinds[0]), notes, depth)


def _group(kind: str, value: Any, at: str, inner: str, notes: Collector, depth: int) -> Group:
    items = notes.items(value, inner, "conditions")
    if len(items) > MAX_ITEMS:
        notes.note(inner, "too-many-conditions", {"limit": MAX_ITEMS})
        items = []
    return Group(kind, tuple(_parse(item, join(inner, n), notes, depth + 1) for n, item in enumerate(items)), at)


def _leaf(value: Mapping[str, Any], at: str, notes: Collector) -> Condition:
    fact = _fact(value.get("fact"), join(at, "fact"), notes) if "fact" in value else ""
    operators = [key for key in value if key in OPERATORS]
    for key in value:
        if key != "fact" and key not in OPERATORS:
            known = ("fact", *OPERATORS) if "fact" in value else ("fact", *GROUPS, *OPERATORS)
            way_out = nearest(key, known) or Sentence("one-of", {"names": OPERATORS})
            notes.note(join(at, str(key)), "unknown-operator", {"name": shown(key), "way_out": way_out})
    if "fact" not in value:
        notes.note(at, "no-fact-named")
    if len(operators) != 1:
        if len(operators) > 1:
            notes.note(at, "too-many-operators", {"names": operators})
        elif len(value) <= 1:
            notes.note(at, "no-operator", {"names": OPERATORS})
        return ALWAYS
    op = operators[0]
    return Leaf(fact, op, _operand(op, value[op], join(at, op), notes), at)


def _fact(value: Any, at: str, notes: Collector) -> str:
    if isinstance(value, str) and len(value) <= 200 and FACT_NAME.fullmatch(value):
        return value
    notes.note(at, "not-a-fact-name", {"value": shown(value)})
    return ""


def _operand(op: str, value: Any, at: str, notes: Collector) -> Any:
    """The operand as the engines take it: a literal, a tuple of literals, or a `FactRef`."""
    if op == "exists":
        if not isinstance(value, bool):
            notes.note(at, "exists-needs-boolean", {"value": shown(value)})
        return value is True
    if op in LISTED or op == "between":
        items = notes.items(value, at, "values")
        if op == "between" and isinstance(value, list | tuple) and len(items) != 2:
            notes.note(at, "between-needs-two")
        if op in LISTED and isinstance(value, list | tuple) and not items:
            notes.note(at, "operator-needs-value", {"op": op})
        return tuple(_plain(op, item, join(at, n), notes) for n, item in enumerate(items))
    if isinstance(value, Mapping):
        if op == "matches":
            notes.note(at, "matches-needs-pattern")
        return _reference(value, at, notes)
    return _plain(op, value, at, notes)


def _plain(op: str, value: Any, at: str, notes: Collector) -> Any:
    literal = notes.literal(value, at)
    if op in TEXTUAL and literal is not None and not isinstance(literal, str):
        notes.note(at, "operator-needs-text", {"op": op, "kind": kind_of(value)})
    if op in (*ORDERED, "between") and isinstance(literal, bool):
        notes.note(at, "operator-needs-order", {"op": op})
    if op == "matches" and isinstance(literal, str):
        _pattern(literal, at, notes)
    return literal


def _pattern(text: str, at: str, notes: Collector) -> None:
    if len(text) > MAX_TEXT // 10:
        notes.note(at, "pattern-too-long")
        return
    try:
        pattern(text)
    except ValueError as error:
        code = next((code for words, code in _PATTERNS if words in str(error)), "pattern-unreadable")
        notes.note(at, code, {"text": shown(text), "why": str(error)})


def _reference(value: Mapping[str, Any], at: str, notes: Collector) -> FactRef:
    notes.mapping(value, at, ("fact", "times"), ("fact",))
    times = value.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int | float) or not math.isfinite(times):
        notes.note(join(at, "times"), "condition-number-needed", {"value": shown(times)})
        times = 1
    fact = _fact(value["fact"], join(at, "fact"), notes) if "fact" in value else ""
    return FactRef(fact, float(times))
