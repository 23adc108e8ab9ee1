"""Questions compiled for durable-rules: what the engine is given, what it is told, and how its answers are read.

Needs no C library, so that the process that asks can do all of this and the engine's process only matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tideng_rules.document.model import Condition
from tideng_rules.engine.closures import Batch, ClosureMatcher, Questions, identical
from tideng_rules.engine.codegen import Facts
from tideng_rules.engine.durable_primitives import (
    MAX_LEAVES,
    Fields,
    Plan,
    plan,
    unsafe,
)

Rules = list[tuple[str, Condition]]


class Shard:
    """The rules of one small ruleset over one fact: `definition` in the engine's format, its rules named r0, r1, …
    after their place in `ids`; `encode` writes the one fact to assert."""

    def __init__(self, rules: Sequence[tuple[str, Plan]]):
        fields, self.definition = Fields(), {}
        self.ids = [rule_id for rule_id, _ in rules]
        for at, (_, planned) in enumerate(rules):
            parts: list[dict[str, Any]] = [{"one": 1}]  # never an empty `$and`
            for clause in planned.clauses:
                ways = [[fields.expression(primitive) for primitive in way] for way in clause.ways]
                if len(ways) == 1:
                    parts += ways[0]
                else:
                    parts.append({"$or": [way[0] if len(way) == 1 else {"$and": way} for way in ways]})
            self.definition[f"r{at}"] = {"all": [{"m": {"$and": parts}}]}
        self.encode = fields.encoder()


class _DurableQuestion:
    """The rules of one question, divided; a version in which none of them changed takes it over as it is."""

    def __init__(self, rules: Rules, kept: frozenset[str], faulty: frozenset[str]):
        self._made_of = rules, kept, faulty
        self.order = {rule_id: at for at, (rule_id, _) in enumerate(rules)}
        self.by_closures: dict[str, str] = {}
        self.given: Rules = []
        self.others: Rules = []
        for rule_id, condition in rules:
            why = "faulty" if rule_id in faulty else unsafe(condition)
            if why:
                self.by_closures[rule_id] = why
            (self.others if why or rule_id in kept else self.given).append((rule_id, condition))
        self.shards = [Shard(rules) for rules in _packed(self.given)]

    def made_of(self, rules: Rules, kept: frozenset[str], faulty: frozenset[str]) -> bool:
        before = self._made_of
        return before[1:] == (kept, faulty) and identical(before[0], rules)


class DurableProgram:
    """Rules divided between the engine and the closures, in shards numbered as in `shards`.

    `kept` rules are not given to the engine. `by_closures` says which others are not, and why. `closures` judge
    everything, for what the engine cannot be asked. `before`: what is unchanged since then is not compiled again.
    """

    def __init__(
        self,
        questions: Questions,
        closures: ClosureMatcher,
        kept: Iterable[str] = (),
        before: DurableProgram | None = None,
    ):
        self.closures = closures
        self.by_closures: dict[str, str] = {}
        self.given: dict[str, Rules] = {}
        self.shards: list[Shard] = []
        self._parts: dict[str, _DurableQuestion] = {}
        self._asked: dict[str, list[tuple[int, Shard]]] = {}
        kept = frozenset(kept)
        others: dict[str, Rules] = {}
        for question, rules in questions.items():
            part = self._parts[question] = self._part(question, list(rules), kept, before)
            self.by_closures.update(part.by_closures)
            if part.given:
                self.given[question] = part.given
            if part.others:
                others[question] = part.others
            self._asked[question] = list(enumerate(part.shards, len(self.shards)))
            self.shards += part.shards
        known = before._others if before else None
        self._others: ClosureMatcher | None = ClosureMatcher(others, before=known) if others else None

    def _part(
        self, question: str, rules: Rules, kept: frozenset[str], before: DurableProgram | None
    ) -> _DurableQuestion:
        ids = frozenset(rule_id for rule_id, _ in rules)
        made_of = rules, kept & ids, ids & self.closures.faults.keys()
        known = before._parts.get(question) if before else None
        return known if known is not None and known.made_of(*made_of) else _DurableQuestion(*made_of)

    @property
    def faults(self) -> Mapping[str, Exception]:
        """Rules that could not be compiled or judged at all, by id."""
        return {**(self._others.faults if self._others else {}), **self.closures.faults}

    def same_shards(self, other: DurableProgram) -> bool:
        """Whether an engine built for the one answers for the other: nothing that it was given has changed."""
        if len(self.shards) != len(other.shards):
            return False
        return self._numbers() == other._numbers() and all(
            a is b for a, b in zip(self.shards, other.shards, strict=True)
        )

    def _numbers(self) -> dict[str, list[int]]:
        return {question: [number for number, _ in asked] for question, asked in self._asked.items() if asked}

    def asked(self, question: str) -> list[tuple[int, Shard]]:
        """The shards that judge a question, with their numbers."""
        return self._asked.get(question, [])

    def asks_engine(self, question: str) -> bool:
        """Whether some rule of the question is the engine's to judge."""
        return bool(self._asked.get(question))

    def facts_for(self, question: str, facts: Facts) -> list[tuple[int, str]] | None:
        """What to assert, as (shard number, JSON text); None when a condition judged beforehand raised, so that only
        closures can tell whose it was."""
        try:
            return [(number, shard.encode(facts)) for number, shard in self._asked.get(question, ())]
        except Exception:
            return None

    def complete(self, batch: Batch, held: list[list[str] | None]) -> list[list[str]]:
        """The engine's answers, None where it was not asked, with those that only closures can give; in rule order."""
        if self._others is None and None not in held:
            return held  # type: ignore[return-value]
        others = self._others.match(batch) if self._others is not None else [[]] * len(batch)
        return [
            self.closures.match([asked])[0]
            if answer is None
            else sorted(answer + more, key=self._parts[asked[0]].order.__getitem__)
            if more
            else answer
            for asked, answer, more in zip(batch, held, others, strict=True)
        ]


def places_of(fired: Iterable[str]) -> list[int]:
    """The places of the rules that fired, from the engine's texts ``{"r12": {…}}``; an `$or` fires once a true way."""
    return sorted({int(message[3 : message.index('"', 3)]) for message in fired})


def _packed(rules: Iterable[tuple[str, Condition]]) -> list[list[tuple[str, Plan]]]:
    """Rules packed, in order, into rulesets of at most MAX_LEAVES nodes; those that can never hold are left out."""
    packed: list[list[tuple[str, Plan]]] = []
    room = 0
    for rule_id, condition in rules:
        found = plan(condition)
        if found.weight is None:
            continue
        if found.weight > room:
            packed.append([])
            room = MAX_LEAVES
        packed[-1].append((rule_id, found))
        room -= found.weight
    return packed
