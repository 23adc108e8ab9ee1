"""How long the check takes: 2,000 rules of which 500 hear one event, and one document beside 500 others at a keystroke.

``python -m bench.checking`` prints the figures; `figures()` gives them to other benches.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Mapping
from typing import Any

from tideng.catalogue import Catalogue, EventType, Field
from tideng_rules.check import Others, check, check_document
from tideng_rules.model import Rule
from tideng_rules.parser import parse_rule

_NAME = {"zh": "名", "en": "Name"}
KEYSTROKE_S = 0.05
"""What a person typing does not notice."""


def a_catalogue(types: int = 31, fields: int = 12) -> Catalogue:
    """Event types ``busy.happened`` and ``quiet0.happened`` …, each with numbers f0 … and texts t0 …."""
    catalogue = Catalogue()
    columns = tuple(
        Field(f"{letter}{n}", kind, _NAME) for n in range(fields) for letter, kind in (("f", "number"), ("t", "text"))
    )
    names = ["busy.happened", *(f"quiet{n}.happened" for n in range(types - 1))]
    catalogue.add([EventType(name, _NAME, columns) for name in names], "bench")
    return catalogue


def documents(count: int, busy: int, seed: int = 1) -> list[dict[str, Any]]:
    """`count` rules, the first `busy` of them on one event type, the others spread over thirty; all say the same."""
    chance = random.Random(seed)
    return [_document(n, "busy.happened" if n < busy else f"quiet{n % 30}.happened", chance) for n in range(count)]


def _document(number: int, event: str, chance: random.Random) -> dict[str, Any]:
    field, limit, word = f"event.f{chance.randrange(12)}", chance.randrange(100), f"w{chance.randrange(50)}"
    facts = {field: limit - 1, "event.t0": word}
    return {
        "id": f"rule-{number}",
        "kind": "reminder",
        "title": _NAME,
        "why": _NAME,
        "when": {"event": event},
        "if": [{"fact": field, "lt": limit}, {"fact": "event.t0", "is": word}],
        "then": [{"nudge": "person", "message": {"zh": "看一下这一条。", "en": "Have a look."}}],
        "examples": [
            {"name": "speaks", "at": "2026-03-02T10:00+08:00", "facts": facts, "expect": ["nudge person"]},
            {"name": "silent", "at": "2026-03-02T10:00+08:00", "facts": {}, "expect": []},
        ],
    }


def figures(rules: int = 2000, busy: int = 500, strokes: int = 30) -> Mapping[str, float]:
    """Seconds: the check of all rules; one keystroke beside the busy ones (median, and the slowest of `strokes`)."""
    catalogue = a_catalogue()
    parsed: list[Rule] = [parse_rule(document, catalogue) for document in documents(rules, busy)]
    start = time.perf_counter()
    problems = check(parsed, catalogue)
    all_of_them = time.perf_counter() - start
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ValueError(f"the rules of the bench are not in order: {errors[0]}")
    others = Others(parsed[:busy])
    taken = []
    for number in range(strokes):
        document = _document(7, "busy.happened", random.Random(number))
        start = time.perf_counter()
        check_document(document, catalogue, others=others)
        taken.append(time.perf_counter() - start)
    return {"check_all_s": all_of_them, "keystroke_s": statistics.median(taken), "keystroke_slowest_s": max(taken)}


if __name__ == "__main__":
    for name, seconds in figures().items():
        print(f"{name:22} {seconds:8.4f}")
