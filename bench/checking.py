"""How long the check takes: 2,000 rules of which 500 hear one event, and one document beside 500 others at a keystroke.

``python -m bench.checking`` prints the figures; `figures()` gives them to other benches. `run` measures what the server
answers at a keystroke: the check with ways to mend, the sentence in pieces and the messages; and whom `who` fits among
5,000 people.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import insert

from bench.evening import write_company
from bench.load import NOW
from bench.place import Place
from bench.rows import Row, median, row
from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.model.catalogue import Catalogue, EventType, Field
from tideng.runtime.apply import apply
from tideng.store.database import reading, writing
from tideng.store.tables import StateRow
from tideng_rules.authoring.audience import who_now
from tideng_rules.authoring.fixes import mended
from tideng_rules.check.run import Checker, check
from tideng_rules.document.model import Rule
from tideng_rules.document.parser import parse_rule
from tideng_rules.wording.sample_messages import sample_messages
from tideng_rules.wording.sentence_places import sentence_parts

_NAME = {"zh": "名", "en": "Name"}
KEYSTROKE_S = 0.05
"""What a person typing does not notice."""
ANSWER_S = 0.02
"""What the server may take of it."""
COUNT_S = 0.3


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


def run(place: Place, quick: bool) -> list[Row]:
    """What somebody waits for while they type, as ratios to the check alone where there is one."""
    rounds = 10 if quick else 40
    catalogue = a_catalogue()
    checker = Checker([parse_rule(document, catalogue) for document in documents(500, 500)], catalogue)
    rows = []
    for name, change in _TYPED.items():
        alone, whole = [], []
        for number in range(rounds):
            document = change(_document(7, "busy.happened", random.Random(number)))
            alone.append(_seconds(partial(checker.check, document)))
            whole.append(_seconds(partial(_answer, document, catalogue, checker)))
        ratio = median([two / one for one, two in zip(alone, whole, strict=True)])
        note = f"beside 500 rules; target: at most {ANSWER_S * 1000:g} ms; ratio to the check alone"
        rows.append(row(f"keystroke, {name}", median(whole) * 1000, "ms", ratio, note))
    return [*rows, _counted(place, rounds)]


_TYPED: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "in order": lambda document: document,
    "a name misspelt": lambda document: {**document, "if": [{"fact": "event.f99", "lt": 3}]},
    "harsh, and in one language": lambda document: {
        **document,
        "then": [{"nudge": "person", "message": {"zh": "请尽快！"}}],
    },
}


def _answer(document: dict[str, Any], catalogue: Catalogue, checker: Checker) -> None:
    found = checker.check(document)
    mended(document, found, catalogue, lambda changed: checker.check(changed).problems)
    if found.rule:
        for locale in ("zh", "en"):
            sentence_parts(found.rule, locale, catalogue)
        sample_messages(found.rule, catalogue, ("zh", "en"))


def _counted(place: Place, rounds: int) -> Row:
    """Whom `who` fits among 5,000 people, half of them on a trip."""
    folder = write_company(place.root / "counted", 5_000)
    company = place.bare("sqlite", ManualClock(NOW))
    apply(company, read_bundle(folder))
    trips = [
        {"subject": f"p{n}", "state": "person.on_trip", "key": f"t{n}", "started_at": NOW, "ended_at": None}
        for n in range(0, 5_000, 2)
    ]
    with writing(company.engine) as connection:
        connection.execute(insert(StateRow), trips)
    on_trip = {**documents(1, 0)[0], "when": {"event": "trip.started"}, "who": {"fact": "person.on_trip", "is": True}}
    rule = parse_rule({**on_trip, "if": [], "examples": []}, company.catalogue)
    with reading(company.engine) as connection:
        company.plugins.call("refresh", connection=connection)
        directory = company.plugins.first("directory", connection=connection)
        count = lambda: who_now(company, connection, Viewer.system(), rule, directory, NOW)  # noqa: E731
        if count().people != 2_500:
            raise ValueError("the people of the bench are counted wrongly")
        taken = [_seconds(count) for _ in range(rounds)]
    company.close()
    return row("whom `who` fits of 5,000", median(taken) * 1000, "ms", None, f"target: at most {COUNT_S * 1000:g} ms")


def _seconds(what: Callable[[], object]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


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
    checker = Checker(parsed[:busy], catalogue)
    taken = []
    for number in range(strokes):
        document = _document(7, "busy.happened", random.Random(number))
        start = time.perf_counter()
        checker.check(document)
        taken.append(time.perf_counter() - start)
    return {"check_all_s": all_of_them, "keystroke_s": statistics.median(taken), "keystroke_slowest_s": max(taken)}


if __name__ == "__main__":
    for name, seconds in figures().items():
        print(f"{name:22} {seconds:8.4f}")
