"""Rules and situations from a seed: quicker than hypothesis, for very many pairs. The corners are those of `conftest`."""

import random

from tests.unit.rules.engine.conftest import FACTS, MOMENTS, NUMBERS, TEXTS
from tideng_rules.document.model import (
    OPERATORS,
    FactRef,
    Group,
    Leaf,
)

NOTHING = (None, float("nan"))
PATTERNS = ("^5", "销", "[a-z]+$", "", r"\d", "a.b", "(?i)LATE")
PLAIN = (-1, 0, 1, 2, 3, 2, 0.5, True, False, "late", "销售", "5", MOMENTS[0], MOMENTS[1], "2026-03-02", None)
PLAIN_OPERATORS = ("is", "is_not", "lt", "lte", "gt", "gte", "between", "exists")
TIMES = (1.0, 1.0, 0.5, 2, 0, -1, 1e300)


class Generator:
    """Draws conditions and situations; the same seed draws the same."""

    def __init__(self, seed: int):
        self.dice = random.Random(seed)

    def scalar(self):
        dice = self.dice
        kind = dice.randrange(8)
        if kind < 2:
            return dice.choice(TEXTS)
        if kind < 4:
            return dice.choice(NUMBERS)
        if kind == 4:
            return dice.choice(MOMENTS)
        if kind == 5:
            return dice.random() < 0.5
        return dice.randint(-9, 9) if kind == 6 else round(dice.uniform(-99, 99), dice.randrange(4))

    def value(self):
        kind = self.dice.randrange(12)
        if kind == 0:
            return self.dice.choice(NOTHING)
        if kind == 1:
            return [self.scalar() for _ in range(self.dice.randrange(4))]
        return self.scalar()

    def plain(self):
        """A value of few, so that comparisons meet their limits often."""
        return self.dice.choice(PLAIN)

    def situation(self):
        """Any of the facts may be missing."""
        draw = self.plain if self.dice.random() < 0.6 else self.value
        return {fact: draw() for fact in FACTS if self.dice.random() < 0.8}

    def leaf(self):
        dice, op, fact = self.dice, self.dice.choice(OPERATORS), self.dice.choice(FACTS)
        if op == "exists":
            return Leaf(fact, op, dice.random() < 0.5)
        if op == "matches":
            return Leaf(fact, op, dice.choice(PATTERNS))
        if dice.randrange(6) == 0:
            return Leaf(fact, op, FactRef(dice.choice(FACTS), dice.choice(TIMES)))
        if op in ("in", "not_in") and dice.randrange(4):
            return Leaf(fact, op, [self.scalar() for _ in range(dice.randrange(5))])
        if op == "between" and dice.randrange(4):
            return Leaf(fact, op, [self.scalar(), self.scalar()])
        return Leaf(fact, op, self.value())

    def plain_leaf(self):
        op = self.dice.choice(PLAIN_OPERATORS)
        operand = {
            "exists": lambda: self.dice.random() < 0.5,
            "between": lambda: sorted(self.dice.sample(range(-2, 4), 2)),
        }
        return Leaf(self.dice.choice(FACTS), op, operand.get(op, self.plain)())

    def plain_condition(self):
        """One that durable-rules is given to judge, rather than closures in its place."""
        dice, items = self.dice, []
        for _ in range(dice.choice((1, 1, 2, 3))):
            inside = tuple(self.plain_leaf() for _ in range(dice.choice((1, 1, 1, 2))))
            items.append(inside[0] if dice.random() < 0.5 else Group(dice.choice(("any", "none", "all")), inside))
        return Group("none" if dice.random() < 0.2 else "all", tuple(items))

    def condition(self, depth=4):
        if depth == 4 and self.dice.random() < 0.5:
            return self.plain_condition()
        if depth == 0 or self.dice.random() < 0.4:
            return self.leaf()
        items = tuple(self.condition(depth - 1) for _ in range(self.dice.choice((0, 1, 2, 2, 3, 3, 4))))
        return Group(self.dice.choice(("all", "any", "none")), items)
