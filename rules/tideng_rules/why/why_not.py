"""Why a rule did not speak to somebody at a moment; or that it did.

The checks are made in the order in which judging a situation meets them (`answer.ORDER`). The first that stopped the rule
is the answer; those behind it are context, as far as they can be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotFound
from tideng.base.text import same
from tideng.facts.names import Point
from tideng.model.judge_contract import Watch
from tideng.org.directory import Directory, Position, Unit
from tideng.replay.past_world import Past
from tideng_rules.document.model import (
    ALWAYS,
    Condition,
    Group,
    Rule,
    facts_of,
)
from tideng_rules.engine.codegen import compile_condition
from tideng_rules.engine.rulebook import Book, rounds
from tideng_rules.engine.verdict_tree import Node, tree_of
from tideng_rules.lifecycle.state_at import Standing
from tideng_rules.why.answer import PASSED, STOPPED, Check, WhyNot, decided, spoke
from tideng_rules.why.blockers import Blockers, Stop
from tideng_rules.why.inquiry import Inquiry
from tideng_rules.why.later_steps import LadderStep, ladder_of
from tideng_rules.why.moments import Asked, Moments, Search
from tideng_rules.why.record import Told, told_about
from tideng_rules.wording.answers import (
    CONDITIONS_HELD,
    KNOWN_THEN,
    Teller,
    answer_sentence,
    known_otherwise,
    when,
)

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Question:
    """Why did `rule` not speak to `subject` on the subject's local day of `at` (aware), at the moment nearest to it?

    `version` asks about one version, whether it was in force or not.
    """

    rule: str
    subject: str
    at: datetime
    version: int | None = None


def why_not(
    deployment: Deployment,
    connection: Connection,
    viewer: Viewer,
    question: Question,
    directory: Directory | None = None,
) -> WhyNot:
    """The answer to a question. `directory` spares reading it again.

    Raises `NotFound` for a rule or version that never was, and for subjects that do not exist or that `viewer` may not see.
    """
    if directory is None:
        deployment.plugins.call("refresh", connection=connection)
        found = deployment.plugins.first("directory", connection=connection)
        directory = found or Directory(default_zone=deployment.profile.timezone)
    return _Investigation(deployment, connection, viewer, question, Past(deployment, connection, directory)).answered()


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found beside the checks: the moment, the record, who and if as trees, the facts, and the later steps."""

    asked: Asked | None = None
    told: Told | None = None
    trees: tuple[tuple[str, Node], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    ladder: tuple[LadderStep, ...] = ()


class _Investigation:
    """One question being answered: the version and the moment it is about, and the checks of them."""

    def __init__(self, deployment: Deployment, connection: Connection, viewer: Viewer, question: Question, past: Past):
        self._deployment, self._connection, self._past = deployment, connection, past
        self._subject, self._at = question.subject, question.at
        self._now = deployment.clock.now()
        self._standing = standing = Standing(connection, deployment.catalogue, question.rule)
        self._asks_version = question.version is not None
        self._version = standing.nearest(self._at) if question.version is None else standing.number(question.version)
        self._require(viewer)
        self._zone = past.directory.zone_of(self._subject, self._at)
        self._rule = standing.parsed(self._version)
        self._search = self._look()

    def _require(self, viewer: Viewer) -> None:
        """Raise the same error for a subject that `viewer` may not see as for one that does not exist."""
        directory, missing = self._past.directory, NotFound("nobody-called", {"subject": self._subject})
        about = self._version.document.get("about", "person")
        scope = viewer.scope(directory, self._now)
        if about == "case":
            people = self._past.people_of(self._subject)
            if not people or (scope is not None and not people & scope):
                raise missing
            return
        known = directory.knows(self._subject) if about == "person" else self._place() is not None
        if not known or (scope is not None and self._subject not in scope):
            raise missing

    def _look(self) -> Search | None:
        """Find the moment; once more with the version that was in force at it, if that is another."""
        if self._rule is None:
            return None
        finder = Moments(self._past, self._deployment.calendar, self._connection, self._deployment.catalogue)
        search = finder.find(self._rule, self._subject, self._at)
        if search.asked is None or self._asks_version:
            return search
        asked = search.asked
        then = next((one for one in self._standing.versions if one.version == asked.version), None)
        then = then or self._standing.at(asked.since) or self._standing.nearest(asked.since)
        if then.version == self._version.version:
            return search
        self._version, self._rule = then, self._standing.parsed(then)
        return finder.find(self._rule, self._subject, self._at) if self._rule else None

    def answered(self) -> WhyNot:
        rule, search = self._rule, self._search
        asked = search.asked if search else None
        teller = Teller(self._deployment.catalogue, rule.trigger if rule else None)
        inquiry = Inquiry(self._deployment, self._connection, self._past, teller, self._zone, self._now)
        blockers = Blockers(inquiry)
        in_force = blockers.rule(self._standing, self._version, rule, asked, self._at, self._asks_version)
        checks = [_check("rule", in_force)]
        if rule is None or search is None:
            return self._answer(checks, _Found())
        checks.append(_check("moment", blockers.moment(rule, search)))
        if asked is None:
            return self._answer(checks, _Found())
        run = blockers.run(rule, self._subject, asked)
        if run.at is not None:
            asked = replace(asked, at=run.at)
        told = told_about(self._connection, rule, self._subject, asked, self._past.directory)
        checks.append(_check("subject", blockers.subject(rule, self._subject, asked)))
        checks.append(_check("heard", run.stop))
        if asked.at > self._now or asked.answer is not None:
            return self._answer(checks, _Found(asked, told))
        book = self._book(rule, asked)
        watch = book.watch(rule.id, self._version.version)
        if watch is None:
            return self._answer(checks, _Found(asked, told))
        facts = self._facts(book, watch, asked)
        trees = _trees(rule, facts)
        checks.append(_check("conditions", held(teller, trees)))
        checks.append(_check("limit", blockers.limit(rule, self._subject, asked, facts, told)))
        if all(check.state == PASSED for check in checks) and not told.spoke:
            # all of it holds as known now, so what was known at the time may have been different
            known_by = run.known_by or max(asked.at, asked.event.received if asked.event else asked.at)
            then = _trees(rule, self._facts(book, watch, asked, known_by))
            checks.append(_check("known", _held_then(teller, then)))
        checks += [_check(what, stop) for what, stop in blockers.told(told)]
        ladder = ladder_of(inquiry, watch, rule, self._subject, told)
        return self._answer(checks, _Found(asked, told, trees, facts, ladder))

    # -- facts -------------------------------------------------------------------------------------------------
    def _book(self, rule: Rule, asked: Asked) -> Book:
        reads = facts_of(rule.who) | facts_of(rule.if_)
        inferences = any(name.startswith("found.") for name in reads)
        return self._standing.book(rule, self._version.version, asked.since, inferences)

    def _facts(self, book: Book, watch: Watch, asked: Asked, known_by: datetime | None = None) -> dict[str, Any]:
        event = asked.event.event if asked.event and asked.kept is None else None
        point = Point(asked.person, asked.at, None, watch.about, self._subject)
        facts = self._past.facts(watch, point, event, asked.kept, known_by)
        return with_inferences(book, book.rules[watch.rule].rule, facts)

    # -- the answer --------------------------------------------------------------------------------------------
    def _answer(self, checks: list[Check], found: _Found) -> WhyNot:
        told, asked, document = found.told, found.asked, self._version.document
        written = document.get("title") or {}
        title = written if isinstance(written, Mapping) else same(str(written))
        name, ordered = self._name(asked.at if asked else self._at), decided(checks, told)
        deciding = next((check for check in ordered if check.deciding), None)
        answer = answer_sentence(
            title or same(self._standing.rule),
            name,
            self._reminds_the_subject(),
            when(asked.at, self._zone) if asked and spoke(told) else None,
            deciding.said if deciding else None,
        )
        return WhyNot(
            rule=self._standing.rule,
            version=self._version.version,
            title=title,
            about=document.get("about", "person"),
            subject=self._subject,
            subject_name=name,
            asked_about=self._at,
            at=asked.at if asked else None,
            zone=self._zone.key,
            spoke=spoke(told),
            finding=told.finding if told else None,
            answer=answer,
            checks=ordered,
            conditions=found.trees,
            facts=found.facts,
            ladder=found.ladder,
            before=self._search.before if self._search else None,
            after=self._search.after if self._search else None,
        )

    def _reminds_the_subject(self) -> bool:
        """Whether the first action of the rule is a message to the person it is about."""
        first = self._rule.then[0] if self._rule is not None and self._rule.then else None
        return first is not None and first.action in ("nudge", "ask") and first.to in ("person", "")

    def _name(self, moment: datetime) -> str:
        found = self._place()
        return found.name if found else name_of(self._past.directory, self._subject, moment)

    def _place(self) -> Position | Unit | None:
        """The position or unit that the rule is about; None if it is about people or cases."""
        directory, about = self._past.directory, self._version.document.get("about", "person")
        if about == "position":
            return directory.positions.get(self._subject)
        return directory.units.get(self._subject) if about == "unit" else None


def _check(what: str, stop: Stop) -> Check:
    return Check(what, STOPPED if stop.stopped else PASSED, stop.said, stop.finding)


def held(teller: Teller, trees: tuple[tuple[str, Node], ...]) -> Stop:
    """Whether the conditions held, with those that did not."""
    failed = next((node for _, node in trees if not node.holds), None)
    return Stop.passed(CONDITIONS_HELD) if failed is None else Stop(teller.decided(failed))


def _held_then(teller: Teller, trees: tuple[tuple[str, Node], ...]) -> Stop:
    """Whether the conditions held with what was known at the time."""
    failed = next((node for _, node in trees if not node.holds), None)
    return Stop.passed(KNOWN_THEN) if failed is None else Stop(known_otherwise(teller.decided(failed)))


def _trees(rule: Rule, facts: Mapping[str, Any]) -> tuple[tuple[str, Node], ...]:
    """`who` and `if`, judged; a part without conditions is left out."""
    parts: tuple[tuple[str, Condition], ...] = (("who", rule.who), ("if", rule.if_))
    return tuple((part, tree_of(condition, facts)) for part, condition in parts if not _always(condition))


def _always(condition: Condition) -> bool:
    return condition == ALWAYS or (isinstance(condition, Group) and condition.kind == "all" and not condition.items)


def with_inferences(book: Book, rule: Rule, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts, and what the rules before this one infer from them, round by round as the worker judges."""
    providers = book.providers_of(rule)
    for ready in rounds([*providers, rule]) if providers else ():
        if rule in ready:
            break
        learned: dict[str, Any] = {}
        for other in ready:
            if compile_condition(Group("all", (other.who, other.if_)))(facts):
                learned |= {str(deed.data["found"]): True for deed in other.then if deed.action == "infer"}
        facts = facts | learned
    return facts
