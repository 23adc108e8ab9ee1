"""The check of a rule's examples: whether they pass, read what the rule reads, cover both speaking and silence, and (on
request) fail if a limit moves by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tideng.base.errors import Problem
from tideng.base.suggestions import nearest
from tideng.model.catalogue import Catalogue
from tideng_rules.check.examples import Outcome, run_examples
from tideng_rules.check.logic import in_short
from tideng_rules.document.model import (
    Condition,
    Group,
    Leaf,
    Rule,
    facts_of,
    leaves,
)
from tideng_rules.engine.rulebook import Book, Published, trigger_needs

_MOST_MOVED = 50
"""Limits that are moved to see whether an example notices."""


class Trying:
    """One rule tried beside those whose inferences it reads (`providers`); `outcomes` are filled by `problems`."""

    def __init__(self, rule: Rule, providers: Sequence[Rule], catalogue: Catalogue):
        self.rule, self._providers, self._catalogue = rule, providers, catalogue
        self.outcomes: tuple[Outcome, ...] = ()

    def problems(self, strict: bool = False) -> Iterator[Problem]:
        rule = self.rule
        if not rule.examples:
            yield Problem("examples", "no-examples", severity="warning")
        book = self._book(rule)
        try:
            if rule.id in book.quarantined:
                yield Problem("", "cannot-compile", {"why": book.quarantined[rule.id]})
                return
            yield from self._strangers(book)
            if not rule.examples:
                return
            self.outcomes = tuple(run_examples(rule, book))
        finally:
            book.close()
        for number, outcome in enumerate(self.outcomes):
            if not outcome.passed:
                yield _differs(outcome, f"examples[{number}]")
        yield from self._one_sided()
        if strict and all(outcome.passed for outcome in self.outcomes):
            yield from self._unnoticed()

    def _strangers(self, book: Book) -> Iterator[Problem]:
        watch = book.watch(self.rule.id, 1)
        read = trigger_needs(self.rule) | facts_of(self.rule.until)
        if watch:
            read |= watch.needs | (watch.until_needs or frozenset())
        for number, example in enumerate(self.rule.examples):
            for fact in example.facts:
                if fact not in read:
                    at = f"examples[{number}].facts.{fact}"
                    yield Problem(at, "example-reads", {"near": nearest(fact, read)}, "warning")

    def _one_sided(self) -> Iterator[Problem]:
        speaks = [bool(example.expect) for example in self.rule.examples]
        if not any(speaks):
            yield Problem("examples", "examples-silent", severity="warning")
        elif all(speaks) and (facts_of(self.rule.who) or facts_of(self.rule.if_) or facts_of(self.rule.until)):
            yield Problem("examples", "examples-never-silent", severity="warning")

    def _unnoticed(self) -> Iterator[Problem]:
        """Limits that can move by one without any example noticing."""
        for leaf, moved in _moves(self.rule):
            book = self._book(moved)
            noticed = any(not outcome.passed for outcome in run_examples(moved, book))
            book.close()
            if not noticed:
                yield Problem(f"{leaf.place}.{leaf.op}", "limit-unguarded", {"condition": in_short(leaf)}, "warning")

    def _book(self, rule: Rule) -> Book:
        return Book(map(Published, (rule, *self._providers)), self._catalogue)


def _differs(outcome: Outcome, at: str) -> Problem:
    params = {"name": outcome.example.name, "expected": outcome.example.expect, "got": outcome.got}
    if not outcome.example.expect:
        return Problem(at, "example-not-silent", params)
    return Problem(at, "example-differs" if outcome.got else "example-silent", params)


def _moves(rule: Rule) -> Iterator[tuple[Leaf, Rule]]:
    """The rule with one limit moved, up and down."""
    moved = 0
    parts: list[tuple[Condition, Callable[[Condition], Rule]]] = [
        (rule.who, lambda one: replace(rule, who=one)),
        (rule.if_, lambda one: replace(rule, if_=one)),
    ]
    if rule.until is not None:
        parts.append((rule.until, lambda one: replace(rule, until=one)))
    for condition, with_ in parts:
        for leaf in leaves(condition):
            number = leaf.operand
            if (
                leaf.op not in ("lt", "lte", "gt", "gte")
                or isinstance(number, bool)
                or not isinstance(number, int | float)
            ):
                continue
            for step in (1, -1):
                if moved < _MOST_MOVED:
                    moved += 1
                    yield leaf, with_(_with(condition, leaf, replace(leaf, operand=number + step)))


def _with(condition: Condition, old: Leaf, new: Leaf) -> Condition:
    if condition is old:
        return new
    if isinstance(condition, Leaf):
        return condition
    return Group(condition.kind, tuple(_with(item, old, new) for item in condition.items), condition.place)
