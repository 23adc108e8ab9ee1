"""The compiled rules of one deployment: the watches they need, and their findings about situations.

A `Book` is immutable in its rules; a change makes a new one. Which engine matches is passed in: anything that can
be asked ``match([(question, facts)])`` and answers with the ids of the rules that hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import (
    LONG_AGO,
    Deed,
    Finding,
    OnEvent,
    Reason,
    Situation,
    Trigger,
    Watch,
)
from tideng.model.metrics import Metric, metric_of
from tideng.model.templates import placeholders, render
from tideng_rules.document.evaluation import EventCondition
from tideng_rules.document.model import (
    Condition,
    Group,
    Rule,
    facts_of,
)
from tideng_rules.engine.closures import ClosureMatcher, explainer
from tideng_rules.engine.codegen import RuleFault, compile_condition
from tideng_rules.engine.faults import RAISED, Trouble, names

Facts = Mapping[str, Any]
Questions = Mapping[str, Sequence[tuple[str, Condition]]]
_Asked = tuple[int, str, Facts]
FAULTS_IN_A_ROW = 10
"""After so many faults without a sound judgement between them a rule is set aside."""


class Matcher(Protocol):
    """An engine: answers each (question, facts) with the ids of the rules that hold."""

    def match(self, batch: Sequence[tuple[str, Facts]]) -> list[list[str]]: ...

    def replace(self, questions: Questions) -> None: ...

    def close(self) -> None: ...


MakeMatcher = Callable[[Questions, Callable[[RuleFault], None]], Matcher]


def closures(questions: Questions, on_fault: Callable[[RuleFault], None]) -> Matcher:
    """The engine of generated functions; always there."""
    return ClosureMatcher(questions, on_fault)


@dataclass(frozen=True, slots=True)
class Published:
    """A rule in one published version; it is not asked about moments before `since`. `expected`: see `Watch`."""

    rule: Rule
    version: int = 1
    since: datetime = LONG_AGO
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One version of one rule, ready to judge and to explain. `trigger` and `metrics` are the rule's, each `where` compiled."""

    rule: Rule
    version: int
    trigger: Trigger
    metrics: Mapping[str, Metric]
    condition: Condition
    explain: Callable[[Facts], tuple[Reason, ...]]
    until: Callable[[Facts], bool] | None
    explain_until: Callable[[Facts], tuple[Reason, ...]]
    templated: bool

    @classmethod
    def of(cls, published: Published) -> CompiledRule:
        rule = published.rule
        who, if_ = explainer(rule.who, "who"), explainer(rule.if_, "if")
        return cls(
            rule,
            published.version,
            _compiled_trigger(rule.trigger),
            {name: _compiled_metric(metric) for name, metric in rule.metrics.items()},
            Group("all", (rule.who, rule.if_)),
            lambda facts: who(facts) + if_(facts),
            None if rule.until is None else compile_condition(rule.until),
            explainer(rule.until, "until"),
            any(map(_is_templated, (*rule.then, *(deed for later in rule.later for deed in later.deeds)))),
        )


@dataclass(frozen=True, slots=True)
class _Rounds:
    """The rounds in which one question is asked; what a round infers, the next one knows. `answer`: whose findings count."""

    keys: tuple[str, ...] = ()
    answer: frozenset[str] = field(default_factory=frozenset)


class Book:
    """The rules in force, and on demand the older versions on which ladders still run.

    `make_matcher` gives the engine; `load` an older version, or None; `quarantined` says which rules were set aside
    and why. `before`: the book that this one follows; what it compiled of the same versions is taken over.
    """

    def __init__(
        self,
        rules: Iterable[Published],
        catalogue: Catalogue,
        make_matcher: MakeMatcher = closures,
        load: Callable[[str, int], Published | None] = lambda rule, version: None,
        quarantined: Mapping[str, Trouble] | None = None,
        before: Book | None = None,
    ):
        self._catalogue, self._load = catalogue, load
        self.rules = {published.rule.id: published for published in sorted(rules, key=lambda one: one.rule.id)}
        self.quarantined: dict[str, Trouble] = dict(quarantined or {})
        self._in_a_row: Counter[str] = Counter()
        self._faulted: set[str] = set()
        self._compiled = self._still_compiled(before) if before else {}
        self._watches: dict[tuple[str, int], Watch | None] = {}
        self._alone: dict[tuple[str, int], Callable[[Facts], bool]] = {}
        for published in self.rules.values():
            self._compile(published)
        self._inferred = {rule_id: found for rule_id, one in self.rules.items() if (found := inferred_by(one.rule))}
        self._inferring: dict[str, list[Rule]] = {}
        for rule_id, found in self._inferred.items():
            for name in found:
                self._inferring.setdefault(name, []).append(self.rules[rule_id].rule)
        self._make_matcher = make_matcher
        self._matcher: Matcher | None = None
        self._rounds, self._questions = self._plan()

    @property
    def questions(self) -> frozenset[str]:
        """Every question that some rule in force answers: ``event:TYPE`` and ``rule:ID``."""
        return frozenset(self._rounds)

    def engage(self) -> Matcher:
        """The engine, made ready when it is first needed: most processes only show rules."""
        if self._matcher is None:
            self._matcher = self._make_matcher(self._questions, self._note_fault)
        return self._matcher

    def close(self) -> None:
        """Let go of the engine, if it was ever asked."""
        if self._matcher is not None:
            self._matcher.close()
            self._matcher = None

    # -- what the rules want to know ---------------------------------------------------------------------------
    def watches(self) -> list[Watch]:
        """One watch for every rule in force that is not set aside."""
        ids = (rule_id for rule_id in self.rules if rule_id not in self.quarantined)
        return [w for rule_id in ids if (w := self.watch(rule_id, self.rules[rule_id].version))]

    def watch(self, rule: str, version: int) -> Watch | None:
        """The watch of one version, in force or not any more; None when there is no such version."""
        key = (rule, version)
        if key not in self._watches:
            published = self._published(rule, version)
            self._watches[key] = self._watch(published) if published else None
        return self._watches[key]

    def _watch(self, published: Published) -> Watch:
        rule = published.rule
        chain = (rule, *self.providers_of(rule))
        needs = frozenset().union(*(trigger_needs(one) for one in chain))
        until_needs = facts_of(rule.until) | frozenset().union(*(_spoken(step.deeds) for step in rule.later))
        metrics: dict[str, Metric] = {}
        compiled = self._compile(published)
        ready = {rule.id: compiled, **{one.id: self._compile(self.rules[one.id]) for one in chain[1:]}}
        for one in reversed(chain):
            metrics |= (ready[one.id] or one).metrics
        return Watch(
            rule=rule.id,
            version=published.version,
            kind=rule.kind,
            about=rule.about,
            trigger=(compiled or rule).trigger,
            limit=rule.limit,
            needs=needs,
            until_needs=None if rule.until is None and not until_needs else until_needs,
            steps=tuple(step.step for step in rule.later),
            metrics=self._resolve(needs | until_needs, metrics),
            since=published.since,
            title=rule.title,
            why=rule.why,
            emits=any(deed.action == "emit" for deed in rule.then),
            expected=published.expected,
        )

    def _resolve(self, needs: Iterable[str], own: Mapping[str, Metric]) -> dict[str, Metric]:
        names = {name.partition(".")[2] for name in needs if name.startswith(("metric.", "peers."))}
        standard = {name: metric_of(self._catalogue.metrics[name]) for name in names if name in self._catalogue.metrics}
        return standard | {name: own[name] for name in names if name in own}

    # -- judging -----------------------------------------------------------------------------------------------
    def judge(self, situations: Sequence[Situation]) -> list[Finding]:
        """What the rules find in these situations. A rule that raises is left out of the answer, not the others."""
        self._faulted.clear()
        findings: list[Finding] = []
        matching: list[_Asked] = []
        for number, situation in enumerate(situations):
            kind, _, name = situation.question.partition(":")
            if kind in ("step", "until"):
                findings += self._guarded(name, partial(self._later, number, situation, name))
            elif kind in ("rule", "stands") and not self._is_current(name, situation.version):
                findings += self._guarded(name, partial(self._old, number, situation, name))
            else:
                question = f"rule:{name}" if kind == "stands" else situation.question
                if question in self._rounds:
                    matching.append((number, question, situation.facts))
        if matching:
            findings += self._match(matching)
        self._forgive(question for _, question, _ in matching)
        return findings

    def _match(self, waiting: list[_Asked]) -> list[Finding]:
        """Ask the engine round by round: what is inferred in one round is a fact in the next."""
        matcher = self.engage()
        findings: list[Finding] = []
        learned: dict[int, dict[str, Any]] = {}
        turn = 0
        while waiting:
            asked = [(self._rounds[question].keys[turn], learned.get(n, facts)) for n, question, facts in waiting]
            answers = matcher.match(asked)
            for (number, question, _), (_, facts), held in zip(waiting, asked, answers, strict=True):
                for rule_id in held:
                    if rule_id in self._rounds[question].answer:
                        findings += self._guarded(rule_id, partial(self._found, number, rule_id, facts))
                    inferred = self._inferred.get(rule_id)
                    if inferred and rule_id not in self.quarantined:
                        learned[number] = {**learned.get(number, facts), **dict.fromkeys(inferred, True)}
            turn += 1
            waiting = [one for one in waiting if turn < len(self._rounds[one[1]].keys)]
        return findings

    def _found(self, number: int, rule_id: str, facts: Facts) -> list[Finding]:
        compiled = self._compiled[rule_id, self.rules[rule_id].version]
        return [self._finding(number, compiled, compiled.rule.then, facts, compiled.explain)] if compiled else []

    def _later(self, number: int, situation: Situation, rule_id: str) -> list[Finding]:
        """``step:ID`` speaks unless `until` holds; ``until:ID`` is answered, without actions, when it does."""
        compiled = self._version(rule_id, situation.version)
        if compiled is None:
            return []
        holds = compiled.until is not None and compiled.until(situation.facts)
        if situation.question.startswith("until:"):
            return [self._finding(number, compiled, (), situation.facts, compiled.explain_until)] if holds else []
        if holds or not 1 <= situation.step <= len(compiled.rule.later):
            return []
        deeds = compiled.rule.later[situation.step - 1].deeds
        return [self._finding(number, compiled, deeds, situation.facts, compiled.explain_until)]

    def _old(self, number: int, situation: Situation, rule_id: str) -> list[Finding]:
        compiled = self._version(rule_id, situation.version)
        if compiled is None:
            return []
        key = (rule_id, compiled.version)
        if key not in self._alone:
            self._alone[key] = compile_condition(compiled.condition)
        if not self._alone[key](situation.facts):
            return []
        return [self._finding(number, compiled, compiled.rule.then, situation.facts, compiled.explain)]

    @staticmethod
    def _finding(
        number: int,
        compiled: CompiledRule,
        deeds: Sequence[Deed],
        facts: Facts,
        explain: Callable[[Facts], tuple[Reason, ...]],
    ) -> Finding:
        said = tuple(_with_facts(deed, facts) for deed in deeds) if compiled.templated else tuple(deeds)
        return Finding(number, compiled.rule.id, compiled.version, said, explain(facts), compiled.rule.priority)

    # -- faults ------------------------------------------------------------------------------------------------
    def _guarded(self, rule_id: str, say: Callable[[], list[Finding]]) -> list[Finding]:
        if rule_id in self.quarantined:
            return []
        try:
            return say()
        except Exception as error:
            self._note_fault(error if isinstance(error, RuleFault) else RuleFault(rule_id, error))
            return []

    def _note_fault(self, fault: RuleFault) -> None:
        self._faulted.add(fault.rule_id)
        self._in_a_row[fault.rule_id] += 1
        if self._in_a_row[fault.rule_id] >= FAULTS_IN_A_ROW:
            known = self.rules.get(fault.rule_id)
            read = trigger_needs(known.rule) if known else ()
            self.quarantined[fault.rule_id] = Trouble(RAISED, type(fault.cause).__name__, names(read))

    def _forgive(self, questions: Iterable[str]) -> None:
        """Only faults in a row count: a rule that was asked and did not fail starts again at none."""
        if self._in_a_row:
            asked = {rule_id for question in set(questions) for rule_id in self._rounds[question].answer}
            for rule_id in asked - self._faulted:
                self._in_a_row.pop(rule_id, None)

    # -- compiling ---------------------------------------------------------------------------------------------
    def _compile(self, published: Published) -> CompiledRule | None:
        key = (published.rule.id, published.version)
        if key not in self._compiled:
            try:
                self._compiled[key] = CompiledRule.of(published)
            except Exception as error:
                self._compiled[key] = None
                cause = error.cause if isinstance(error, RuleFault) else error
                self.quarantined[published.rule.id] = Trouble(RAISED, type(cause).__name__)
        return self._compiled[key]

    def _is_current(self, rule_id: str, version: int | None) -> bool:
        return rule_id in self.rules and version in (None, self.rules[rule_id].version)

    def _published(self, rule_id: str, version: int | None) -> Published | None:
        if self._is_current(rule_id, version):
            return self.rules[rule_id]
        return None if version is None else self._load(rule_id, version)

    def _version(self, rule_id: str, version: int | None) -> CompiledRule | None:
        known = self._compiled.get((rule_id, version)) if version is not None else None
        if known is not None:
            return known
        published = self._published(rule_id, version)
        return self._compile(published) if published else None

    def providers_of(self, rule: Rule) -> list[Rule]:
        """The rules whose inferences `rule` reads, directly or through others: those with the same trigger."""
        found: dict[str, Rule] = {}
        waiting = [rule]
        while waiting:
            wanted = sorted(name for name in trigger_needs(waiting.pop()) if name in self._inferring)
            for other in (one for name in wanted for one in self._inferring[name]):
                together = other.trigger == rule.trigger and other.about == rule.about
                if together and other.id not in found and other.id not in (rule.id, *self.quarantined):
                    found[other.id] = other
                    waiting.append(other)
        return list(found.values())

    def _plan(self) -> tuple[dict[str, _Rounds], dict[str, list[tuple[str, Condition]]]]:
        """Sort the rules of every question into rounds, and name a question for the engine for each round."""
        groups: dict[str, tuple[list[Rule], set[str]]] = {}
        for rule_id, published in self.rules.items():
            rule = published.rule
            if rule_id in self.quarantined:
                continue
            if isinstance(rule.trigger, OnEvent):
                rules, ids = groups.setdefault(f"event:{rule.trigger.event_type}", ([], set()))
                rules.append(rule)
                ids.add(rule_id)
            else:
                groups[f"rule:{rule_id}"] = ([*self.providers_of(rule), rule], {rule_id})
        plans: dict[str, _Rounds] = {}
        questions: dict[str, list[tuple[str, Condition]]] = {}
        for question, (rules, answer) in groups.items():
            keys = []
            for turn, ready in enumerate(rounds(rules)):
                keys.append(f"{question}#{turn}" if turn else question)
                ready.sort(key=lambda rule: (-rule.priority, rule.id))
                questions[keys[-1]] = [(rule.id, self._condition(rule.id)) for rule in ready]
            plans[question] = _Rounds(tuple(keys), frozenset(answer))
        return plans, questions

    def _condition(self, rule_id: str) -> Condition:
        compiled = self._compiled[rule_id, self.rules[rule_id].version]
        assert compiled is not None, "a rule that cannot be compiled is in quarantine"
        return compiled.condition

    def _still_compiled(self, before: Book) -> dict[tuple[str, int], CompiledRule | None]:
        """What the book before compiled of the very same rules, so that a change costs what changed."""
        found: dict[tuple[str, int], CompiledRule | None] = {}
        for rule_id, published in self.rules.items():
            key = (rule_id, published.version)
            known = before._compiled.get(key)
            if known is not None and known.rule is published.rule:
                found[key] = known
        return found


def _compiled_trigger(trigger: Trigger) -> Trigger:
    """The trigger with a generated function for its `where`, which is called for every event of its types."""
    where = getattr(trigger, "where", None)
    if where is None or not isinstance(where.holds, EventCondition):
        return trigger
    return replace(trigger, where=replace(where, holds=compile_condition(where.holds.condition)))


def _compiled_metric(metric: Metric) -> Metric:
    where = metric.series.where
    if not isinstance(where, EventCondition):
        return metric
    return replace(metric, series=replace(metric.series, where=compile_condition(where.condition)))


def rounds(rules: Sequence[Rule]) -> list[list[Rule]]:
    """The rules in the order in which they can be judged: a rule comes after those that infer what it reads.

    Rules that wait for each other in a circle come last, together.
    """
    waiting, ordered = list(rules), []
    reads = {rule.id: _reads(rule) for rule in rules}
    infers = {rule.id: found for rule in rules if (found := inferred_by(rule))}
    while waiting:
        open_ = [(rule.id, infers[rule.id]) for rule in waiting if rule.id in infers]
        ready = [r for r in waiting if not any(reads[r.id] & found for other, found in open_ if other != r.id)]
        ordered.append(ready or waiting)
        done = {rule.id for rule in ordered[-1]}
        waiting = [rule for rule in waiting if rule.id not in done]
    return ordered


def _reads(rule: Rule) -> frozenset[str]:
    return facts_of(rule.who) | facts_of(rule.if_)


def inferred_by(rule: Rule) -> frozenset[str]:
    """The ``found.x`` facts that the rule's actions infer."""
    return frozenset(str(deed.data["found"]) for deed in rule.then if deed.action == "infer")


def trigger_needs(rule: Rule) -> frozenset[str]:
    """Every fact that is read when the rule is triggered: by its conditions, its limit, and by what it then says."""
    told_apart = {f"event.{rule.limit.by}"} if rule.limit.by else set()
    return _reads(rule) | _spoken(rule.then) | told_apart


def _spoken(deeds: Sequence[Deed]) -> frozenset[str]:
    """The facts named by the messages, causes, inferences and emitted events of these deeds."""
    texts = [
        text for deed in deeds for wording in (deed.message, *_wordings(deed).values()) for text in wording.values()
    ]
    emitted = [value for deed in deeds if deed.action == "emit" for value in (deed.data.get("data") or {}).values()]
    texts += [value for value in emitted if isinstance(value, str)]
    return frozenset(name for text in texts for name in placeholders(text) if "." in name)


def _wordings(deed: Deed) -> dict[str, Mapping[str, str]]:
    return {key: deed.data[key] for key in ("because", "cause") if isinstance(deed.data.get(key), Mapping)}


def _is_templated(deed: Deed) -> bool:
    return any("{" in text for wording in _wordings(deed).values() for text in wording.values())


def _with_facts(deed: Deed, facts: Facts) -> Deed:
    """The deed with the facts filled into its cause or reason; the message is filled for its reader, later."""
    if not _is_templated(deed):
        return deed
    wordings = _wordings(deed).items()
    filled = {
        key: {locale: render(text, facts, locale) for locale, text in wording.items()} for key, wording in wordings
    }
    return replace(deed, data={**deed.data, **filled})
