"""durable-rules, driven the one way that is safe. The only module that uses its C library.

No Host (its timer threads cannot be stopped), one fixed sid (a state per person runs into a 32-bit hash and a limit of 1,024),
small rulesets, one fact in, all firings out, fact retracted: the engine remembers nothing between two situations
and the database stays the truth. `durable_primitives` says what the engine gets to see.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import Any

from tideng_rules.engine.abi.loader import load_engine
from tideng_rules.engine.closures import Batch, ClosureMatcher, Questions
from tideng_rules.engine.codegen import RuleFault
from tideng_rules.engine.durable_program import DurableProgram, places_of

engine = load_engine()
_RETRACT = '{"sid":"1","id":"f"}'
_NOT_HANDLED, _OBSERVED = 1, 2
_assert = engine.assert_fact
_numbers = itertools.count()  # rulesets are registered by name in the C library, for the whole process


class Ruleset:
    """One C ruleset with one state. `close` frees the state before the ruleset: the other order leaks."""

    def __init__(self, rules: Mapping[str, Any]):
        warm = {"$warm": {"all": [{"m": {"$warm": 1}}]}}
        name = f"tideng{os.getpid()}-{next(_numbers)}"
        self._handle = engine.create_ruleset(name, json.dumps({**rules, **warm}))
        # A state in which nothing ever fired holds an uninitialised pointer, which is freed with it.
        self.fire('{"sid":"1","id":"f","one":1,"$warm":1}')

    def fire(self, fact: str) -> list[str]:
        """Assert one fact, return what fired as JSON texts ``{"RULE": {...}}``, and retract the fact."""
        status, offset = _assert(self._handle, fact)
        if status == _NOT_HANDLED:  # nothing matched, nothing was kept
            return []
        fired = self._drain(offset)
        engine.retract_fact(self._handle, _RETRACT)
        return fired

    def put(self, fact: Mapping[str, Any]) -> list[str]:
        """Assert a fact that stays; its `id` is the caller's. Raises ValueError if a fact of that id is there already."""
        status, offset = engine.assert_fact(self._handle, json.dumps({**fact, "sid": "1", "one": 1}))
        if status == _OBSERVED:
            raise ValueError(f"fact {fact['id']!r} is known already")
        return [] if status == _NOT_HANDLED else self._drain(offset)

    def drop(self, fact_id: str) -> list[str]:
        """Retract a fact; return what fires because it is gone."""
        status, offset = engine.retract_fact(self._handle, json.dumps({"sid": "1", "id": fact_id}))
        return [] if status == _NOT_HANDLED else self._drain(offset)

    def _drain(self, offset: int) -> list[str]:
        fired = []
        started = engine.start_action_for_state(self._handle, offset)
        message = started[1] if started else None
        while message:
            fired.append(message)
            message = engine.complete_and_start_action(self._handle, offset)
        return fired

    def close(self) -> None:
        if self._handle is not None:
            engine.delete_state(self._handle, "1")
            engine.delete_ruleset(self._handle)
            self._handle = None


class DurableMatcher:
    """Judges situations with durable-rules, in this process. `by_closures` says which rules it leaves to closures, and why;
    a situation whose facts cannot be written for the engine is judged by closures as a whole."""

    def __init__(self, questions: Questions, on_fault: Callable[[RuleFault], None] | None = None):
        self._compiled = DurableProgram(questions, ClosureMatcher(questions, on_fault))
        self.by_closures = self._compiled.by_closures
        rulesets = [Ruleset(shard.definition) for shard in self._compiled.shards]
        self._rulesets = rulesets
        self._asked = {
            question: [
                (shard.encode, rulesets[number].fire, shard.ids) for number, shard in self._compiled.asked(question)
            ]
            for question in questions
        }

    def match(self, batch: Batch) -> list[list[str]]:
        """As `ClosureMatcher.match`."""
        if not self._rulesets:
            return self._compiled.closures.match(batch)
        return self._compiled.complete(batch, self._judge_all(batch))

    def close(self) -> None:
        """Free the engine's memory. The matcher still judges, by closures."""
        for ruleset in self._rulesets:
            ruleset.close()
        self._rulesets = []

    def _judge_all(self, batch: Batch) -> list[list[str] | None]:
        """For each situation the rules that hold; None where a condition judged beforehand raised. One flat loop: this is
        called for every event."""
        answers: list[list[str] | None] = []
        asked = self._asked
        for question, facts in batch:
            held: list[str] = []
            try:
                for encode, fire, ids in asked.get(question, ()):
                    fired = fire(encode(facts))
                    if fired:
                        held += [ids[place] for place in places_of(fired)]
            except Exception:  # of the encoder: only closures can tell whose it was
                answers.append(None)
                continue
            answers.append(held)
        return answers


class Absences:
    """ "A happened and no B with the same key followed by the deadline", joined inside the engine; time is a fact.

    Moments are growing integers within ±2⁵³, such as Unix seconds. What is answered or reported is taken out again,
    so that the working memory holds open cases only.
    """

    _FOLLOWS = (
        {"ref": {"need": "ref"}},
        {"$gte": {"at": {"need": "at"}}},
        {"$lte": {"at": {"need": "due"}}},
        {"one": {"need": "one"}},  # the last of a join reads out of bounds: let it be one that every fact has
    )
    _RULES = MappingProxyType(
        {
            "answered": {
                "all": [{"need": {"kind": "need"}}, {"answer": {"$and": [{"kind": "answer"}, *_FOLLOWS]}}],
            },
            "unanswered": {
                "all": [
                    {"need": {"kind": "need"}},
                    {"answer$not": {"$and": [{"kind": "answer"}, *_FOLLOWS]}},
                    {"tick": {"$and": [{"kind": "tick"}, {"$gt": {"now": {"need": "due"}}}, {"one": {"need": "one"}}]}},
                ]
            },
        }
    )

    def __init__(self) -> None:
        self._ruleset = Ruleset(self._RULES)
        self._keys: dict[int, Hashable] = {}
        self._refs: dict[Hashable, int] = {}
        self._open: Counter[Hashable] = Counter()
        self._numbers = itertools.count(1)

    def need(self, key: Hashable, at: int, due: int) -> None:
        """A happened at `at`; a B with `key` from then on, `due` included, answers it. Each A counts on its own."""
        number = next(self._numbers)
        self._keys[number] = key
        self._open[key] += 1
        ref = self._refs.setdefault(key, number)
        self._ruleset.put({"id": f"n{number}", "number": number, "kind": "need", "ref": ref, "at": at, "due": due})

    def answer(self, key: Hashable, at: int) -> int:
        """B happened at `at`; return how many A it answered."""
        if key not in self._refs:
            return 0
        answer = {"id": "answer", "kind": "answer", "ref": self._refs[key], "at": at}
        answered = self._numbers_in(self._ruleset.put(answer), "answered")
        for number in answered:
            self._forget(number)
        self._ruleset.drop("answer")
        return len(answered)

    def tick(self, now: int) -> list[Hashable]:
        """It is `now`: return the keys of what stayed unanswered past its deadline, each A once, oldest first."""
        late = self._numbers_in(self._ruleset.put({"id": "tick", "kind": "tick", "now": now}), "unanswered")
        self._ruleset.drop("tick")
        return [self._forget(number) for number in late]

    def close(self) -> None:
        self._ruleset.close()

    @staticmethod
    def _numbers_in(fired: list[str], rule: str) -> list[int]:
        matches = [json.loads(message) for message in fired]
        return sorted({match[rule]["need"]["number"] for match in matches if rule in match})

    def _forget(self, number: int) -> Hashable:
        self._ruleset.drop(f"n{number}")
        key = self._keys.pop(number)
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key], self._refs[key]
        return key
