"""Whether a condition can hold, always holds, or follows from another; answered only if it is certain.

A condition is opened branch by branch until a set of comparisons is left, which must hold or must not; one fact that no
value can satisfy closes a branch. `never` is right whenever it says so; where the work would grow beyond its limit, or
where two facts hang together in a way not looked into, it says False.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tideng_rules.check.domains import (
    Domain,
    Literal,
    TooMuch,
    Work,
    possible,
)
from tideng_rules.document.model import Condition, FactRef, Leaf

DomainOf = Callable[[str], Domain]
Wanted = tuple[Condition, bool]
"""A condition that is to hold (True), or is not to."""
_DEEPEST = 60  # branches inside one another
_MISSING = "missing"
_ORDER: dict[str, frozenset[str]] = {
    # how two values stand: less, the same, two spellings of one moment (`level`), more; or, where there is no order
    # (lists, true/false), alike or not
    "is": frozenset(("same", "alike")),
    "is_not": frozenset(("less", "level", "more", "none")),
    "lt": frozenset(("less",)),
    "lte": frozenset(("less", "same", "level")),
    "gt": frozenset(("more",)),
    "gte": frozenset(("more", "same", "level")),
}
_PART: dict[str, frozenset[str]] = {
    "contains": frozenset(("yes",)),
    "not_contains": frozenset(("no",)),
    "starts_with": frozenset(("yes",)),
}
_EVERY_ORDER = frozenset(("less", "same", "level", "more", "alike", "none"))
_EVERY_PART = frozenset(("yes", "no"))
_Pair = tuple[str, str, float, str]


def never(condition: Condition, domain_of: DomainOf, work: Work | None = None) -> bool:
    """Whether no facts at all make the condition hold."""
    return not _possible([(condition, True)], domain_of, work)


def always(condition: Condition, domain_of: DomainOf, work: Work | None = None) -> bool:
    """Whether all facts, missing ones included, make the condition hold."""
    return not _possible([(condition, False)], domain_of, work)


def follows(condition: Condition, from_: Condition, domain_of: DomainOf, work: Work | None = None) -> bool:
    """Whether `condition` holds wherever `from_` does."""
    return not _possible([(from_, True), (condition, False)], domain_of, work)


def apart(one: Condition, other: Condition, domain_of: DomainOf, work: Work | None = None) -> bool:
    """Whether the two never hold together."""
    return not _possible([(one, True), (other, True)], domain_of, work)


def _possible(wanted: Sequence[Wanted], domain_of: DomainOf, work: Work | None) -> bool:
    try:
        return _Branch({}, {}, domain_of, work or Work()).open(list(wanted), [], 0)
    except TooMuch:
        return True


class _Branch:
    """What must be true on one branch: of each fact, and between two facts."""

    def __init__(
        self,
        facts: dict[str, tuple[Literal, ...]],
        pairs: dict[_Pair, frozenset[str]],
        domain_of: DomainOf,
        work: Work,
    ):
        self.facts, self.pairs, self.domain_of, self.work = facts, pairs, domain_of, work

    def open(self, pending: list[Wanted], choices: list[list[Wanted]], depth: int) -> bool:
        """Whether the branch stays open where all of `pending` is so, and one of each of the `choices`."""
        choices, touched = list(choices), set()
        while pending:
            condition, holds = pending.pop()
            self.work.take(1)
            if isinstance(condition, Leaf):
                touched |= self._add(condition, holds)
                continue
            inner = [(item, holds is not (condition.kind == "none")) for item in condition.items]
            if holds is (condition.kind != "any") or len(inner) == 1:
                pending.extend(inner)
            elif inner:
                choices.append(inner)
            else:
                return False
        if not all(self._fits(fact) for fact in touched) or not all(map(self._may, self.pairs.items())):
            return False
        if not choices:
            return True
        if depth >= _DEEPEST:
            raise TooMuch
        choices.sort(key=len)
        first, rest = choices[0], choices[1:]
        return any(self._copy().open([one], rest, depth + 1) for one in first)

    def _copy(self) -> _Branch:
        self.work.take(len(self.facts) + len(self.pairs))
        return _Branch(dict(self.facts), dict(self.pairs), self.domain_of, self.work)

    def _add(self, leaf: Leaf, holds: bool) -> set[str]:
        """Note what the leaf asks for; the facts of which it asks something."""
        if not isinstance(leaf.operand, FactRef):
            return self._literal(leaf.fact, Literal(leaf.op, leaf.operand, holds))
        other, family = leaf.operand, _ORDER if leaf.op in _ORDER else _PART
        if leaf.op not in family:
            raise TooMuch  # an operator that takes no other fact: the parser has refused it
        every = _EVERY_ORDER if family is _ORDER else _EVERY_PART
        ways = family[leaf.op] if holds else every - family[leaf.op] | {_MISSING}
        name = "order" if family is _ORDER else leaf.op.removeprefix("not_")
        if (leaf.fact, 1.0) == (other.fact, other.times) and family is _ORDER:
            ways &= {"same", "alike", "none", _MISSING}  # a value beside itself
        pair = (leaf.fact, other.fact, other.times, name)
        self.pairs[pair] = self.pairs.get(pair, ways) & ways
        if _MISSING in ways:
            return set()
        there = Literal("exists", True, True)
        return self._literal(leaf.fact, there) | self._literal(other.fact, there)

    def _literal(self, fact: str, literal: Literal) -> set[str]:
        known = self.facts.get(fact, ())
        if not any(literal is one or _alike(literal, one) for one in known):
            self.facts[fact] = (*known, literal)
        return {fact}

    def _fits(self, fact: str, *more: Literal) -> bool:
        return possible((*self.facts.get(fact, ()), *more), self.domain_of(fact), self.work)

    def _may(self, standing: tuple[_Pair, frozenset[str]]) -> bool:
        """Whether two facts can stand in one of these ways."""
        pair, ways = standing
        if ways - {_MISSING} or (ways and pair[2] != 1):
            return True  # what cannot be multiplied counts as missing, too
        absent = Literal("exists", False, True)
        return bool(ways) and any(self._fits(fact, absent) for fact in pair[:2])


def _alike(one: Literal, other: Literal) -> bool:
    """The very same literal: 1 is not true, though Python has them equal."""
    return one == other and repr(one.operand) == repr(other.operand)
