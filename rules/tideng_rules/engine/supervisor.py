"""Supervises durable-rules in a child process: it may crash, hang or answer wrongly, and every situation is still judged.

Batches go to the child through a pipe. When it dies or does not answer in time it is killed, closures judge in its
place, and a thread finds out in fresh children which rule did it. A sample of its answers is checked against the
closures, which are the reference. A rule that breaks the engine, or on which the two differ, is quarantined: kept from
the engine, judged by closures from then on, and shown with the reason. New rules are compiled in a canary before they
take over.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from tideng_rules.document.model import facts_of
from tideng_rules.engine.ast_json import to_json
from tideng_rules.engine.closures import Batch, ClosureMatcher, Questions, identical
from tideng_rules.engine.codegen import RuleFault
from tideng_rules.engine.durable_primitives import unsafe
from tideng_rules.engine.durable_program import DurableProgram, Rules
from tideng_rules.engine.engine_process import Child, ChildFailed
from tideng_rules.engine.fault_finder import Detective
from tideng_rules.engine.faults import (
    CRASHED,
    DIFFERS,
    HUNG,
    Trouble,
    names,
)
from tideng_rules.engine.sampling import SampledAnswers

log = structlog.get_logger(__name__)
BATCH = 100  # situations a line: more gains nothing, fewer cost a round trip each
_LONGEST_PAUSE_S = 60.0
_ACCIDENTS = 3  # failures without a culprit before the next try waits


@dataclass(frozen=True, slots=True)
class _Version:
    """One set of rules, and the same compiled without those in quarantine."""

    questions: Mapping[str, Rules]
    compiled: DurableProgram

    @classmethod
    def of(
        cls, questions: Mapping[str, Rules], on_fault: Any, kept: Iterable[str], before: _Version | None
    ) -> _Version:
        known = before.compiled if before else None
        closures = ClosureMatcher(questions, on_fault, known.closures if known else None)
        return cls(questions, DurableProgram(questions, closures, kept, known))

    def without(self, kept: Iterable[str]) -> _Version:
        return _Version(self.questions, DurableProgram(self.questions, self.compiled.closures, kept, self.compiled))

    def same_as(self, questions: Mapping[str, Rules]) -> bool:
        mine = self.questions
        return mine.keys() == questions.keys() and all(identical(mine[name], questions[name]) for name in questions)


class SupervisedMatcher:
    """Judges situations in a supervised child, by closures while there is none.

    `deadline_s` is how long the child may take for one batch of 100; one answer in `double_check` is compared with the
    closures' (0: none). `quarantined` maps a rule's id to why it is kept from the engine, `kept` says it beforehand;
    `restarts` counts children lost; `failure` says why there is no child now. `on_fault` hears of rules that raise in
    closures, `on_quarantine` of (rule id, `Trouble`), maybe from another thread. May be shared between threads; a
    forked process starts a child of its own.
    """

    def __init__(
        self,
        questions: Questions,
        deadline_s: float = 2.0,
        on_fault: Callable[[RuleFault], None] | None = None,
        on_quarantine: Callable[[str, Trouble], None] | None = None,
        double_check: int = 0,
        kept: Mapping[str, Trouble] | None = None,
    ):
        self.quarantined: dict[str, Trouble] = {}
        self.restarts = 0
        self.failure: ChildFailed | None = None
        self._deadline_s = deadline_s
        self._detective = Detective(deadline_s)
        self._sample = SampledAnswers(double_check)
        self._on_fault = on_fault
        self._on_quarantine = on_quarantine
        self._lock = threading.RLock()
        self._replacing = threading.Lock()
        self._closed = False
        self._owner = os.getpid()
        self._child: Child | None = None
        self._thread: threading.Thread | None = None
        self._pause_s = self._not_before = 0.0
        self._version = _Version.of({}, on_fault, (), None)
        self.replace(questions, kept)

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

    def replace(self, questions: Questions, kept: Mapping[str, Trouble] | None = None) -> None:
        """Judge by these rules from now on. A canary compiles them before it takes over; if it cannot, closures judge
        the new rules until it is known which one is at fault. Where nothing changed for the engine its child goes on.

        `kept`: the rules in quarantine from now on; None: those that were, but for the ones that changed."""
        with self._replacing:
            rows = {question: list(rules) for question, rules in questions.items()}
            if kept is None:
                kept = _still_kept(self.quarantined, self._version.questions, rows)
            if self._version.same_as(rows) and kept.keys() == self.quarantined.keys() and self._child is not None:
                self.quarantined = dict(kept)
                return
            version = _Version.of(rows, self._on_fault, kept, self._version)
            with self._lock:
                same = self._child is not None and self._child.serves(version.compiled)
                if same:
                    self._version, self.quarantined = version, dict(kept)
            if not same:
                self._swap(version, kept)
            self._sample.start_again()

    def _swap(self, version: _Version, kept: Mapping[str, Trouble]) -> None:
        child, failure = self._detective.probe(version.compiled, [])
        with self._lock:
            self._drop_child()
            self.quarantined = dict(kept)
            self._version = version
            self._child = child
            self._pause_s = self._not_before = 0.0
            self.failure = failure
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
            answers = self._ask(self._version.compiled, batch, groups)
            return self._checked(batch, answers)

    def settle(self, timeout_s: float = 30.0) -> bool:
        """Wait until nobody looks for a faulty rule; False if that takes longer."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
            return not thread.is_alive()
        return True

    def close(self) -> None:
        """End the child. The matcher still judges, by closures."""
        with self._lock:
            self._closed = True
            self._drop_child()
        self.settle()

    def _ask(self, compiled: DurableProgram, batch: Batch, groups: list[Batch]) -> list[list[str]]:
        answers: list[list[str]] = []
        assert self._child is not None
        try:
            for group, held in zip(groups, self._child.ask(groups), strict=True):
                answers += compiled.complete(group, held)
        except ChildFailed as failure:
            log.warning("engine lost", cause=str(failure))
            self.failure = failure
            suspects = groups[len(answers) // BATCH]
            self._drop_child()
            self.restarts += 1
            self._investigate(list(suspects))
            answers += compiled.closures.match(batch[len(answers) :])
        except BaseException:
            self._drop_child()  # an answer left in the pipe would be taken for the next one
            raise
        return answers

    def _checked(self, batch: Batch, answers: list[list[str]]) -> list[list[str]]:
        """The answers, after some were compared with the closures'; where one differs, the closures' for all of them."""
        compiled = self._version.compiled
        places = [at for at in self._sample.places(batch) if compiled.asks_engine(batch[at][0])]
        if not places:
            return answers
        expected = compiled.closures.match([batch[at] for at in places])
        conditions: dict[str, Any] = {}
        differing: dict[str, bool] = {}
        for at, held in zip(places, expected, strict=True):
            if answers[at] != held:
                conditions |= dict(compiled.given.get(batch[at][0], ()))
                differing |= {rule_id: rule_id in answers[at] for rule_id in set(answers[at]) ^ set(held)}
        found = {
            rule_id: Trouble(DIFFERS, "", names(facts_of(conditions[rule_id])), durable)
            for rule_id, durable in differing.items()
            if rule_id in conditions
        }
        if not found:
            return answers
        self._drop_child()
        self.quarantined = {**self.quarantined, **found}
        self._version = self._version.without(self.quarantined)
        self._investigate([])
        self._tell(found)
        return compiled.closures.match(batch)

    def _drop_child(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _start_over_after_fork(self) -> None:
        """The child, the thread and maybe the lock belong to the process we were forked from."""
        self._owner = os.getpid()
        self._lock, self._replacing = threading.RLock(), threading.Lock()
        self._thread = None
        self._drop_child()

    def _investigate(self, suspects: list[tuple[str, Any]]) -> None:
        """Start the thread that brings a child back, without the rule that broke it on these situations."""
        if self._closed or self._thread is not None:
            return
        self._thread = threading.Thread(
            target=self._find_out, args=(self._version, suspects), name="tideng-engine", daemon=True
        )
        self._thread.start()

    def _find_out(self, version: _Version, suspects: list[tuple[str, Any]]) -> None:
        found: dict[str, Trouble] = {}
        child, failure, accidents = None, None, 0
        try:
            while child is None and accidents < _ACCIDENTS and not self._closed:
                child, failure = self._detective.probe(version.compiled, suspects)
                if failure is not None and failure.unloadable:
                    break
                if failure is not None:
                    guilty = self._detective.guilty(version.compiled, suspects)
                    cause = HUNG if failure.hung else CRASHED
                    for rule_id, condition in guilty.items():
                        found[rule_id] = Trouble(cause, str(failure), names(facts_of(condition)))
                    accidents += not guilty
                    version = version.without({**self.quarantined, **found})
        finally:
            self._conclude(version, child, found, failure)

    def _conclude(
        self, version: _Version, child: Child | None, found: dict[str, Trouble], failure: ChildFailed | None
    ) -> None:
        with self._lock:
            self._thread = None
            if self._closed or version.questions is not self._version.questions:  # replaced meanwhile
                if child is not None:
                    child.kill()
                return
            self.quarantined = {**self.quarantined, **found}
            self._version, self._child, self.failure = version, child, None if child else failure
            self._pause_s = 0.0 if child else min(_LONGEST_PAUSE_S, self._pause_s * 2 or 1.0)
            self._not_before = time.monotonic() + self._pause_s
        self._tell(found)

    def _tell(self, found: Mapping[str, Trouble]) -> None:
        for rule_id, trouble in found.items():
            log.error("rule kept from the engine", rule=rule_id, cause=trouble.cause, reads=", ".join(trouble.facts))
            if self._on_quarantine:
                self._on_quarantine(rule_id, trouble)


def _still_kept(
    quarantined: Mapping[str, Trouble], before: Mapping[str, Rules], after: Mapping[str, Rules]
) -> dict[str, Trouble]:
    """The quarantined rules that are in the new version as they were; written out, since equality takes 1 for true."""

    def written(questions: Mapping[str, Rules], rule_id: str) -> list[tuple[str, str]]:
        return [
            (question, "unsafe" if unsafe(condition) else json.dumps(to_json(condition)))
            for question, rules in questions.items()
            for known, condition in rules
            if known == rule_id
        ]

    return {r: why for r, why in quarantined.items() if written(before, r) == written(after, r)}
