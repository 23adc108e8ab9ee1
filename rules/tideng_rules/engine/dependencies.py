"""Which rules can change the findings of which others: by what they infer or emit."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tideng.judging.watch_index import WatchList
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import Watch
from tideng.org.directory import DIRECTORY_EVENTS
from tideng.replay.lookback import Reach
from tideng_rules.document.model import Rule, facts_of
from tideng_rules.engine.rulebook import Book, inferred_by


class Links:
    """Groups of rules that hang together. A rule is known by its id; several versions of it hang together."""

    def __init__(self) -> None:
        self._group: dict[str, str] = {}

    def add(self, book: Book, catalogue: Catalogue) -> None:
        """Take in the rules of one book."""
        states = {name for state in catalogue.states.values() for name in (state.starts, state.ends)} | DIRECTORY_EVENTS
        inferring: dict[str, list[str]] = {}
        emitting: dict[str, list[str]] = {}
        for rule_id, one in book.rules.items():
            self._group.setdefault(rule_id, rule_id)
            for name in inferred_by(one.rule):
                inferring.setdefault(name, []).append(rule_id)
            for event_type in _emitted_by(one.rule):
                emitting.setdefault(event_type, []).append(rule_id)
        if not inferring and not emitting:
            return
        everywhere = [rule_id for name, ids in emitting.items() if name in states for rule_id in ids]
        for watch in book.watches():
            rule = book.rules[watch.rule].rule
            for name in facts_of(rule.who) | facts_of(rule.if_) | watch.needs:
                self._join(watch.rule, inferring.get(name, ()))
            self._join(watch.rule, everywhere)  # who is away is a question to every rule
            heard = _heard_by(watch, catalogue)
            self._join(
                watch.rule, [one for name, ids in emitting.items() if heard is None or name in heard for one in ids]
            )

    def reached_from(self, rules: Iterable[str]) -> frozenset[str]:
        """These rules and all that hang together with them."""
        groups = {self._root(rule_id) for rule_id in rules if rule_id in self._group}
        return frozenset(rule_id for rule_id in self._group if self._root(rule_id) in groups)

    def _join(self, rule_id: str, others: Collection[str]) -> None:
        for other in others:
            self._group[self._root(other)] = self._root(rule_id)

    def _root(self, rule_id: str) -> str:
        while self._group[rule_id] != rule_id:
            rule_id = self._group[rule_id]
        return rule_id


def _emitted_by(rule: Rule) -> set[str]:
    deeds = (*rule.then, *(deed for later in rule.later for deed in later.deeds))
    return {str(deed.data["type"]) for deed in deeds if deed.action == "emit"}


def _heard_by(watch: Watch, catalogue: Catalogue) -> Collection[str] | None:
    """The event types that can matter to a watch; None for any."""
    reach = Reach.of(WatchList([watch], catalogue, lambda rule, version: None, keep_standard=False), catalogue)
    return None if reach.every_type else reach.types.keys()
