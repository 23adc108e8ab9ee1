"""durable-rules in a process of its own, watched: it may crash or hang, and still every situation is judged.

Batches go to the child through a pipe. When it dies or does not answer in time it is killed, closures judge in its
place, and a thread finds out in fresh children which rule did it. That rule is quarantined: kept from the engine,
judged by closures from then on, and shown with the reason. New rules are compiled in a canary before they take over.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from tideng_rules import wire
from tideng_rules.ast_json import to_json
from tideng_rules.child import Child, ChildFailed
from tideng_rules.closures import Batch, ClosureMatcher, Questions, RuleFault
from tideng_rules.model import Condition
from tideng_rules.primitives import unsafe

log = logging.getLogger(__name__)
BATCH = 100  # situations a line: more gains nothing, fewer cost a round trip each
_LONGEST_PAUSE_S = 60.0
_ACCIDENTS = 3  # failures without a culprit before the next try waits

Rules = list[tuple[str, Condition]]


class _Version:
    """One set of rules, divided between the engine and the closures."""

    def __init__(self, questions: Mapping[str, Rules], closures: ClosureMatcher, kept: Mapping[str, str]):
        self.questions = questions
        self.closures = closures
        self.by_closures: dict[str, str] = {}
        self.given: dict[str, Rules] = {}
        self.order: dict[str, dict[str, int]] = {}
        others: dict[str, Rules] = {}
        for question, rules in questions.items():
            self.order[question] = {rule_id: at for at, (rule_id, _) in enumerate(rules)}
            for rule_id, condition in rules:
                why = "faulty" if rule_id in closures.faults else unsafe(condition)
                if why:
                    self.by_closures[rule_id] = why
                shelf = others if why or rule_id in kept else self.given
                shelf.setdefault(question, []).append((rule_id, condition))
        self.others = ClosureMatcher(others) if others else None

    def line(self, group: Batch, home: list[list[int]]) -> bytes:
        """The group as the child gets it. Situations that would change on the way stay `home`, by their place."""
        if all(wire.sendable(facts) for _, facts in group):
            try:
                line = wire.batch_to_line(group)
            except TypeError:
                pass
            else:
                home.append([])
                return line
        home.append([at for at, item in enumerate(group) if not wire.travels(item)])
        return wire.batch_to_line([("", {}) if at in home[-1] else item for at, item in enumerate(group)])

    def complete(self, group: Batch, held: list[list[str]], home: list[int]) -> list[list[str]]:
        """The child's answers with those that only closures can give."""
        if self.others is not None:
            for at, more in enumerate(self.others.match(group)):
                if more:
                    held[at] = sorted(held[at] + more, key=self.order[group[at][0]].__getitem__)
        for at in home:
            held[at] = self.closures.match([group[at]])[0]
        return held


class SupervisedMatcher:
    """Judges situations in a supervised child, by closures while there is none.

    `deadline_s` is how long the child may take for one batch of 100. `quarantined` maps a rule's id to why it is kept
    from the engine; `restarts` counts children lost; `trouble` says why there is no child now. `on_fault` hears of rules
    that raise in closures, `on_quarantine` of (rule id, reason), from another thread. May be shared between threads; a
    forked process starts a child of its own.
    """

    def __init__(
        self,
        questions: Questions,
        deadline_s: float = 2.0,
        on_fault: Callable[[RuleFault], None] | None = None,
        on_quarantine: Callable[[str, str], None] | None = None,
    ):
        self.quarantined: dict[str, str] = {}
        self.restarts = 0
        self.trouble = ""
        self._deadline_s = deadline_s
        self._on_fault = on_fault
        self._on_quarantine = on_quarantine
        self._lock = threading.RLock()
        self._replacing = threading.Lock()
        self._closed = False
        self._owner = os.getpid()
        self._child: Child | None = None
        self._detective: threading.Thread | None = None
        self._pause_s = self._not_before = 0.0
        self._version = _Version({}, ClosureMatcher({}), {})
        self.replace(questions)

    @property
    def by_closures(self) -> dict[str, str]:
        """Rules that are never given to the engine, and why."""
        return self._version.by_closures

    @property
    def faults(self) -> dict[str, RuleFault]:
        """Rules that could not be compiled or judged at all, by id."""
        version = self._version
        return {**(version.others.faults if version.others else {}), **version.closures.faults}

    @property
    def engine(self) -> str:
        """Who judges now: ``durable`` or ``closures``."""
        return "closures" if self._child is None else "durable"

    @property
    def child_pid(self) -> int | None:
        """The engine's process, for the one who looks after it."""
        child = self._child
        return child.pid if child else None

    def replace(self, questions: Questions) -> None:
        """Judge by these rules from now on. A canary compiles them before it takes over; if it cannot, closures judge
        the new rules until it is known which one is at fault. A rule that changed leaves quarantine."""
        with self._replacing:
            rows = {question: list(rules) for question, rules in questions.items()}
            kept = _still_kept(self.quarantined, self._version.questions, rows)
            version = _Version(rows, ClosureMatcher(rows, self._on_fault), kept)
            child, failure = self._canary(version)
            with self._lock:
                self._drop_child()
                self.quarantined = kept
                self._version = version
                self._child = child
                self._pause_s = self._not_before = 0.0
                self.trouble = str(failure or "")
                if failure:
                    self._investigate([])

    def match(self, batch: Batch) -> list[list[str]]:
        """For each (question, facts) the ids of the rules that hold, in the order the rules were given. Never raises for
        what a rule or the engine does."""
        if self._owner != os.getpid():
            self._start_over_after_fork()
        with self._lock:
            if self._child is None:
                if time.monotonic() >= self._not_before:
                    self._investigate([])
                return self._version.closures.match(batch)
            groups = [batch[at : at + BATCH] for at in range(0, len(batch), BATCH)]
            return self._ask(self._version, batch, groups)

    def settle(self, timeout_s: float = 30.0) -> bool:
        """Wait until nobody looks for a faulty rule; False if that takes longer."""
        detective = self._detective
        if detective is not None:
            detective.join(timeout_s)
            return not detective.is_alive()
        return True

    def close(self) -> None:
        """End the child. The matcher still judges, by closures."""
        with self._lock:
            self._closed = True
            self._drop_child()
        self.settle()

    def _ask(self, version: _Version, batch: Batch, groups: list[Batch]) -> list[list[str]]:
        answers: list[list[str]] = []
        home: list[list[int]] = []
        try:
            asked = self._child.ask(version.line(group, home) for group in groups)
            for at, (group, held) in enumerate(zip(groups, asked, strict=True)):
                answers += version.complete(group, held, home[at])
        except ChildFailed as failure:
            log.warning("engine lost: %s", failure)
            self.trouble = str(failure)
            suspects = groups[len(answers) // BATCH]
            self._drop_child()
            self.restarts += 1
            self._investigate([item for item in suspects if wire.travels(item)])
            answers += version.closures.match(batch[len(answers) :])
        except BaseException:
            self._drop_child()  # an answer left in the pipe would be taken for the next one
            raise
        return answers

    def _canary(self, version: _Version) -> tuple[Child | None, ChildFailed | None]:
        try:
            return Child(version.given, self._deadline_s), None
        except ChildFailed as failure:
            return None, failure

    def _drop_child(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _start_over_after_fork(self) -> None:
        """The child, the thread and maybe the lock belong to the process we were forked from."""
        self._owner = os.getpid()
        self._lock, self._replacing = threading.RLock(), threading.Lock()
        self._detective = None
        self._drop_child()

    def _investigate(self, suspects: list[tuple[str, Any]]) -> None:
        """Start the thread that brings a child back, without the rule that broke it on these situations."""
        if self._closed or self._detective is not None:
            return
        self._detective = threading.Thread(
            target=self._find_out, args=(self._version, suspects), name="tideng-engine", daemon=True
        )
        self._detective.start()

    def _find_out(self, version: _Version, suspects: list[tuple[str, Any]]) -> None:
        found: dict[str, str] = {}
        child, trouble, accidents = None, "", 0
        try:
            while child is None and accidents < _ACCIDENTS and not self._closed:
                child, trouble = self._probe(version.given, suspects)
                if child is None:
                    guilty = self._guilty(version.given, suspects)
                    found |= dict.fromkeys(guilty, trouble)
                    accidents += not guilty
                    version = _Version(version.questions, version.closures, {**self.quarantined, **found})
        finally:
            self._conclude(version, child, found, trouble)

    def _conclude(self, version: _Version, child: Child | None, found: dict[str, str], trouble: str) -> None:
        with self._lock:
            self._detective = None
            if self._closed or version.questions is not self._version.questions:  # replaced meanwhile
                if child is not None:
                    child.kill()
                return
            self.quarantined = {**self.quarantined, **found}
            self._version, self._child, self.trouble = version, child, "" if child else trouble
            self._pause_s = 0.0 if child else min(_LONGEST_PAUSE_S, self._pause_s * 2 or 1.0)
            self._not_before = time.monotonic() + self._pause_s
        for rule_id, reason in found.items():
            log.error("rule %s quarantined: %s", rule_id, reason)
            if self._on_quarantine:
                self._on_quarantine(rule_id, reason)

    def _probe(self, given: Mapping[str, Rules], suspects: Batch) -> tuple[Child | None, str]:
        """A fresh child that survived these situations, or how it failed."""
        try:
            child = Child(given, self._deadline_s)
            if suspects:
                list(child.ask([wire.batch_to_line(suspects)]))
        except ChildFailed as failure:
            return None, str(failure)
        return child, ""

    def _fails(self, given: Mapping[str, Rules], suspects: Batch) -> bool:
        child, _ = self._probe(given, suspects)
        if child is not None:
            child.kill()
        return child is None

    def _guilty(self, given: Mapping[str, Rules], suspects: Batch) -> set[str]:
        """The rules on which the engine fails: usually one. Empty when it fails without rules, or not again."""
        if self._fails({}, []):
            return set()
        if self._fails(given, []):
            suspects = []
            pairs = [(question, rule) for question, rules in given.items() for rule in rules]
        else:
            suspects = _halve(list(suspects), lambda some: self._fails(given, some))
            asked = {question for question, _ in suspects}
            pairs = [(question, rule) for question in asked for rule in given.get(question, ())]
        pairs = _halve(pairs, lambda some: self._fails(_grouped(some), suspects))
        if not self._fails(_grouped(pairs), suspects):  # it was slow once, or somebody killed it
            return set()
        return {rule_id for _, (rule_id, _) in pairs}


def _halve(items: list, fails: Callable[[list], bool]) -> list:
    """As few of the items as still fail, halving while one half alone does."""
    while len(items) > 1:
        middle = len(items) // 2
        half = next((half for half in (items[:middle], items[middle:]) if fails(half)), None)
        if half is None:
            break
        items = half
    return items


def _grouped(pairs: list[tuple[str, tuple[str, Condition]]]) -> dict[str, Rules]:
    found: dict[str, Rules] = {}
    for question, rule in pairs:
        found.setdefault(question, []).append(rule)
    return found


def _still_kept(
    quarantined: Mapping[str, str], before: Mapping[str, Rules], after: Mapping[str, Rules]
) -> dict[str, str]:
    """The quarantined rules that are in the new version as they were; written out, since equality takes 1 for true."""

    def written(questions: Mapping[str, Rules], rule_id: str) -> list[tuple[str, str]]:
        return [
            (question, "unsafe" if unsafe(condition) else json.dumps(to_json(condition)))
            for question, rules in questions.items()
            for known, condition in rules
            if known == rule_id
        ]

    return {r: why for r, why in quarantined.items() if written(before, r) == written(after, r)}
