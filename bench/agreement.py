"""How often an engine judges a generated pair of rule and situation otherwise than the plain reference does."""

from __future__ import annotations

import time

from bench.rows import Row, row
from tests.unit.rules.engine import reference
from tests.unit.rules.engine.generating import Generator
from tideng_rules.engine.closures import ClosureMatcher
from tideng_rules.engine.columns import ColumnMatcher
from tideng_rules.engine.durable import DurableMatcher

_RULES, _SITUATIONS = 60, 100


def run(pairs: int, seed: int = 7) -> list[Row]:
    """Judge at least so many pairs with each engine; what should be 0 is the number of pairs that differ."""
    draw, judged, began = Generator(seed), 0, time.perf_counter()
    wrong = {"closures": 0, "durable": 0, "columns": 0}
    while judged < pairs:
        rules = [draw.condition() for _ in range(_RULES)]
        facts = [draw.situation() for _ in range(_SITUATIONS)]
        questions = {"q": [(str(number), rule) for number, rule in enumerate(rules)]}
        batch = [("q", one) for one in facts]
        expected = [{str(n) for n, rule in enumerate(rules) if reference.holds(rule, one)} for one in facts]
        engines = {
            "closures": ClosureMatcher(questions),
            "durable": DurableMatcher(questions),
            "columns": ColumnMatcher(questions, fewest=1),
        }
        for name, engine in engines.items():
            found = engine.match(batch)
            wrong[name] += sum(len(set(mine) ^ theirs) for mine, theirs in zip(found, expected, strict=True))
            engine.close()
        judged += _RULES * _SITUATIONS
    note = f"of {judged:,} generated pairs of rule and situation, in {time.perf_counter() - began:.1f} s; target: 0"
    return [
        row(f"{name}: judged otherwise than by the reference", count, "pairs", None, note)
        for name, count in wrong.items()
    ]
