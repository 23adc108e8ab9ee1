"""Conditions as a tree of verdicts: which node held, with which values, and which nodes decided the answer.

The tree of a finding is rebuilt from its stored reasons and the version that spoke, so that nothing more needs to be
kept; the tree of a moment at which a rule was silent is judged from the facts of that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from tideng_rules.document.model import (
    Condition,
    FactRef,
    Group,
    Leaf,
)
from tideng_rules.document.operators import holds, known, present, resolve
from tideng_rules.engine.codegen import compile_verdicts, flat_leaves

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Node:
    """One condition, judged. `kind`: all, any, none or fact; `place` as in the rule document (``if.any[1]``).

    `decided`: the answer hangs on this node; were it the other way round (with the others that decided), so might the
    answer be. Of a leaf: `value` (None: no data), `op`, the resolved `operand`; and, where that is another fact, its name
    `other`, its value `other_value` and the factor `times`.
    """

    kind: str
    place: str
    holds: bool
    decided: bool = False
    items: tuple[Node, ...] = ()
    fact: str = ""
    op: str = ""
    value: Any = None
    operand: Any = None
    other: str = ""
    other_value: Any = None
    times: float = 1.0

    @property
    def missing(self) -> bool:
        """A comparison for which one of the sides had no data: false, whatever the other is."""
        if self.kind != "fact" or self.op == "exists":
            return False
        return not present(self.value) or (self.other != "" and not present(self.operand))

    def leaves(self) -> Iterator[Node]:
        """The leaves, in the order written."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if node.kind == "fact":
                yield node
            waiting.extend(reversed(node.items))

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"kind": self.kind, "place": self.place, "holds": self.holds, "decided": self.decided}
        if self.kind != "fact":
            return shown | {"items": [item.to_json() for item in self.items]}
        shown |= {"fact": self.fact, "op": self.op, "value": plain(self.value), "operand": plain(self.operand)}
        if self.other:
            shown["operand_from"] = {"fact": self.other, "times": self.times, "value": plain(self.other_value)}
        return shown


def plain(value: Any) -> Any:
    """A fact's value as JSON has it: moments in ISO form, tuples as lists."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | str | float) else str(value)


def tree_of(condition: Condition, facts: Facts) -> Node:
    """The whole tree, judged with these facts. Raises what a value of no known type raises when compared."""
    return _decided(_node(condition, partial(_judged, facts)))


def verdicts(condition: Condition) -> Callable[[Facts], tuple[bool, ...]]:
    """Prepared once: from facts to whether each node holds, parents before their children, as `drawn` reads them."""
    return compile_verdicts(condition)


def drawn(condition: Condition, facts: Facts, held: Sequence[bool]) -> Node:
    """The tree of what `verdicts` said of these facts."""
    told = iter(held)

    def node(item: Condition) -> Node:
        said = next(told)
        if isinstance(item, Leaf):
            return replace(_judged(facts, item), holds=said)
        return Node(item.kind, item.place, said, items=tuple(map(node, item.items)))

    return _decided(node(condition))


def rebuilt(condition: Condition, reasons: Iterable[Mapping[str, Any]]) -> Node | None:
    """The tree of a finding, from the reasons that were stored with it (those of one part, in their order).

    None where they are not of this condition: they came from another version, or from another judge.
    """
    stored = list(reasons)
    written = flat_leaves(condition)
    if len(stored) != len(written) or any(
        (leaf.fact, leaf.op) != (one.get("fact"), one.get("op")) for leaf, one in zip(written, stored, strict=True)
    ):
        return None
    told = iter(stored)
    return _decided(_node(condition, lambda leaf: _stored(leaf, next(told))))


def _node(condition: Condition, leaf: Callable[[Leaf], Node]) -> Node:
    if isinstance(condition, Leaf):
        return leaf(condition)
    items = tuple(_node(item, leaf) for item in condition.items)
    return Node(condition.kind, condition.place, _held(condition, items), items=items)


def _held(group: Group, items: Sequence[Node]) -> bool:
    if group.kind == "all":
        return all(item.holds for item in items)
    some = any(item.holds for item in items)
    return some if group.kind == "any" else not some


def _judged(facts: Facts, leaf: Leaf) -> Node:
    value, operand = known(facts.get(leaf.fact)), known(resolve(leaf.operand, facts))
    node = Node("fact", leaf.place, holds(value, leaf.op, operand), False, (), leaf.fact, leaf.op, value, operand)
    if isinstance(leaf.operand, FactRef):
        there = leaf.operand
        return replace(node, other=there.fact, other_value=known(facts.get(there.fact)), times=there.times)
    return node


def _stored(leaf: Leaf, reason: Mapping[str, Any]) -> Node:
    value, operand = reason.get("value"), reason.get("operand")
    node = Node("fact", leaf.place, bool(reason.get("holds")), False, (), leaf.fact, leaf.op, value, operand)
    if isinstance(leaf.operand, FactRef):
        there = leaf.operand
        return replace(node, other=there.fact, other_value=_before(operand, there.times), times=there.times)
    return node


def _before(operand: Any, times: float) -> Any:
    """What the other fact was, of which only the product was kept; None where that is too large to be told."""
    if times in (0, 1) or isinstance(operand, bool) or not isinstance(operand, int | float):
        return None if times == 0 else operand
    try:
        found = float(f"{operand / times:.12g}")
    except OverflowError:
        return None
    return int(found) if found.is_integer() else found


def _decided(node: Node, decided: bool = True) -> Node:
    """Mark what the answer hangs on: of an `all` that does not hold, those that do not; of an `any` that does, those that
    do; of a `none` that does not, those that do; else every one."""
    if node.kind == "fact":
        return replace(node, decided=decided)
    # each item alone settles an `any` that holds, and an `all` or a `none` that does not; else it takes them all
    settling = None if (node.kind == "any") is not node.holds else node.kind != "all"
    hangs_on = [settling is None or item.holds is settling for item in node.items]
    items = tuple(_decided(item, decided and on) for item, on in zip(node.items, hangs_on, strict=True))
    return replace(node, decided=decided, items=items)
