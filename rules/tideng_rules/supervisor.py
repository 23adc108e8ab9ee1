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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tideng_rules.ast_json import to_json
from tideng_rules.child import Child, ChildFailed
from tideng_rules.closures import Batch, ClosureMatcher, Questions, RuleFault
from tideng_rules.compiled import Compiled
from tideng_rules.model import Condition
from tideng_rules.primitives import unsafe

log = logging.getLogger(__name__)
BATCH = 100  # situations a line: more gains nothing, fewer cost a round trip each
_LONGEST_PAUSE_S = 60.0
_ACCIDENTS = 3  # failures without a culprit before the next try waits

Rules = list[tuple[str, Condition]]


@dataclass(frozen=True, slots=True)
class _Version:
    """One set of rules, and the same compiled without those in quarantine."""

    questions: Mapping[str, Rules]
    compiled: Compiled

    @classmethod
    def of(cls, questions: Mapping[str, Rules], closures: ClosureMatcher, kept: Iterable[str]) -> _Version:
        return cls(questions, Compiled(questions, closures, kept))

    def without(self, kept: Iterable[str]) -> _Version:
        return _Version.of(self.questions, self.compiled.closures, kept)


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
        self._version = _Version.of({}, ClosureMatcher({}), ())
        self.replace(questions)

    @property
    def by_closures(self) -> dict[str, str]:
        """Rules that are never given to the engine, and why."""
        return self._version.compiled.by_closures

    @property
    def faults(self) -> Mapping[str, Exception]:
        """Rules that could not be compiled or judged at all, by id."""
        return self._version.compiled.faults

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
            version = _Version.of(rows, ClosureMatcher(rows, self._on_fault), kept)
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
                return self._version.compiled.closures.match(batch)
            groups = [batch[at : at + BATCH] for at in range(0, len(batch), BATCH)]
            return self._ask(self._version.compiled, batch, groups)

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

    def _ask(self, compiled: Compiled, batch: Batch, groups: list[Batch]) -> list[list[str]]:
        answers: list[list[str]] = []
        assert self._child is not None
        try:
            for group, held in zip(groups, self._child.ask(groups), strict=True):
                answers += compiled.complete(group, held)
        except ChildFailed as failure:
            log.warning("engine lost: %s", failure)
            self.trouble = str(failure)
            suspects = groups[len(answers) // BATCH]
            self._drop_child()
            self.restarts += 1
            self._investigate(list(suspects))
            answers += compiled.closures.match(batch[len(answers) :])
        except BaseException:
            self._drop_child()  # an answer left in the pipe would be taken for the next one
            raise
        return answers

    def _canary(self, version: _Version) -> tuple[Child | None, ChildFailed | None]:
        try:
            return Child(version.compiled, self._deadline_s), None
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
                child, trouble = self._probe(version.compiled, suspects)
                if child is None:
                    guilty = self._guilty(version.compiled, suspects)
                    found |= dict.fromkeys(guilty, trouble)
                    accidents += not guilty
                    version = version.without({**self.quarantined, **found})
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

    def _probe(self, compiled: Compiled, suspects: Batch) -> tuple[Child | None, str]:
        """A fresh child that survived these situations, or how it failed."""
        try:
            child = Child(compiled, self._deadline_s)
            list(child.ask([suspects]))
        except ChildFailed as failure:
            return None, str(failure)
        return child, ""

    def _fails(self, compiled: Compiled, suspects: Batch) -> bool:
        child, _ = self._probe(compiled, suspects)
        if child is not None:
            child.kill()
        return child is None

    def _guilty(self, compiled: Compiled, suspects: Batch) -> set[str]:
        """The rules on which the engine fails: usually one. Empty when it fails without rules, or not again."""

        def fail_on(pairs: list) -> bool:
            return self._fails(Compiled(_grouped(pairs), compiled.closures), suspects)

        if fail_on([]):
            return set()
        pairs = [(question, rule) for question, rules in compiled.given.items() for rule in rules]
        if self._fails(compiled, []):
            suspects = []
        else:
            suspects = _halve(list(suspects), lambda some: self._fails(compiled, some))
            asked = {question for question, _ in suspects}
            pairs = [pair for pair in pairs if pair[0] in asked]
        pairs = _halve(pairs, fail_on)
        if not fail_on(pairs):  # it was slow once, or somebody killed it
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
