"""Why a rule did not speak to somebody at a moment; or that it did.

Everything that can keep a rule silent is looked at in the order in which the line would meet it. The first thing that
stopped it is the answer; what lies behind it is shown as context, as far as it can be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotFound
from tideng.model.catalogue import Text
from tideng.model.judge_contract import Watch
from tideng.model.templates import choose
from tideng.org.directory import Directory, Position, Unit
from tideng.replay.past_world import Past
from tideng_rules.document.model import (
    ALWAYS,
    Condition,
    Group,
    Rule,
    facts_of,
)
from tideng_rules.engine.closures import compile_condition
from tideng_rules.engine.rulebook import Book, rounds
from tideng_rules.engine.verdict_tree import Node, plain, tree_of
from tideng_rules.lifecycle.state_at import Standing
from tideng_rules.why.blockers import Stop, Stops
from tideng_rules.why.later_steps import LadderStep, ladder_of
from tideng_rules.why.moments import Asked, Moments, Search
from tideng_rules.why.record import Told, told_about
from tideng_rules.wording.answers import (
    Teller,
    both,
    chosen,
    when,
)

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

ORDER = ("rule", "moment", "subject", "heard", "conditions", "limit", "known", "withdrawn", "held", "record")
"""What is looked at, in this order."""
PASSED, STOPPED, UNUSED = "passed", "stopped", "unused"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `what` is one of ORDER; `state`: passed, stopped, unused (it was not come to);
    `said` a clause per language; `finding` what it refers to; `deciding`: this is the answer."""

    what: str
    state: str
    said: Text
    finding: int | None = None
    deciding: bool = False

    def to_json(self) -> dict[str, Any]:
        shown = {"what": self.what, "state": self.state, "deciding": self.deciding, "said": dict(self.said)}
        return shown | ({"finding": self.finding} if self.finding else {})


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The answer. `spoke`: it did, and that stands; `finding` is what it said. `at`: the moment that was looked at (UTC),
    None where the rule had none that day; `asked_about` the moment of the question. `conditions`: (part, tree) for who
    and if, as we know them now. `facts`: what the rule would have been asked with. `ladder`: its later steps."""

    rule: str
    version: int
    title: Text
    about: str
    subject: str
    subject_name: str
    asked_about: datetime
    at: datetime | None
    zone: str
    spoke: bool
    finding: int | None
    answer: Text
    checks: tuple[Check, ...]
    conditions: tuple[tuple[str, Node], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    ladder: tuple[LadderStep, ...] = ()
    before: datetime | None = None
    after: datetime | None = None

    @property
    def deciding(self) -> Check | None:
        """What stopped it; None when it spoke."""
        return next((check for check in self.checks if check.deciding), None)

    @property
    def holds(self) -> bool | None:
        """Whether who and if held; None where no moment was judged."""
        return all(node.holds for _, node in self.conditions) if self.at is not None and self.facts_known else None

    @property
    def facts_known(self) -> bool:
        return any(check.what == "conditions" and check.state != UNUSED for check in self.checks)

    def sentences(self, locale: str) -> list[str]:
        """The answer, then what was looked at, one line each."""
        lines = [chosen(self.answer, locale)]
        lines += [chosen(check.said, locale) for check in self.checks if check.state != UNUSED and not check.deciding]
        return lines + [chosen(step.said, locale) for step in self.ladder]

    def to_json(self) -> dict[str, Any]:
        zone = ZoneInfo(self.zone)
        local = lambda moment: moment.astimezone(zone).isoformat() if moment else None  # noqa: E731
        return {
            "rule": self.rule,
            "version": self.version,
            "title": dict(self.title),
            "about": self.about,
            "subject": self.subject,
            "subject_name": self.subject_name,
            "asked_about": local(self.asked_about),
            "at": local(self.at),
            "spoke": self.spoke,
            "finding": self.finding,
            "answer": dict(self.answer),
            "checks": [check.to_json() for check in self.checks],
            "conditions": {part: node.to_json() for part, node in self.conditions},
            "facts": {name: plain(value) for name, value in sorted(self.facts.items())},
            "ladder": [step.to_json() for step in self.ladder],
            "before": local(self.before),
            "after": local(self.after),
        }


def why_not(
    deployment: Deployment,
    connection: Connection,
    viewer: Viewer,
    rule: str,
    subject: str,
    at: datetime,
    version: int | None = None,
    directory: Directory | None = None,
) -> WhyNot:
    """Why `rule` did not speak to `subject` on the subject's local day of `at` (aware), at the moment nearest to it.

    `version` asks about one version whether it was in force or not. `directory` spares reading it again. Raises
    `NotFound` for a rule or version that never was, and for subjects that do not exist or that `viewer` may not see.
    """
    if directory is None:
        deployment.plugins.call("refresh", connection=connection)
        found = deployment.plugins.first("directory", connection=connection)
        directory = found or Directory(default_zone=deployment.profile.timezone)
    standing = Standing(connection, deployment.catalogue, rule)
    past = Past(deployment, connection, directory)
    return _Question(deployment, connection, viewer, standing, past, subject, at, version).answered()


class _Question:
    """One question under way: the version and the moment it is about, and what was found of them."""

    def __init__(
        self,
        deployment: Deployment,
        connection: Connection,
        viewer: Viewer,
        standing: Standing,
        past: Past,
        subject: str,
        at: datetime,
        version: int | None,
    ):
        self._deployment, self._connection = deployment, connection
        self._standing, self._past, self._subject, self._at = standing, past, subject, at
        self._now = deployment.clock.now()
        self._asks_version = version is not None
        self._version = standing.number(version) if version is not None else standing.nearest(at)
        self._require(viewer)
        self._zone = past.directory.zone_of(subject, at)
        self._rule = standing.parsed(self._version)
        self._search = self._look()

    def _require(self, viewer: Viewer) -> None:
        """Whoever may not see a subject is told what they would be told of one that does not exist."""
        directory, missing = self._past.directory, NotFound("nobody-called", {"subject": self._subject})
        about = self._version.document.get("about", "person")
        scope = viewer.scope(directory, self._now)
        if about == "case":
            people = self._past.people_of(self._subject)
            if not people or (scope is not None and not people & scope):
                raise missing
            return
        known = directory.knows(self._subject) if about == "person" else self._shelved() is not None
        if not known or (scope is not None and self._subject not in scope):
            raise missing

    def _look(self) -> Search | None:
        """The moment that is meant; looked for once more by the version that was in force when it came."""
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
        stops = Stops(self._deployment, self._connection, self._standing, self._past, teller, self._zone, self._now)
        checks = [self._check("rule", stops.rule(self._version, rule, asked, self._at, self._asks_version))]
        if rule is None or search is None:
            return self._answer(checks, teller, None, None)
        checks.append(self._check("moment", stops.moment(rule, search)))
        if asked is None:
            return self._answer(checks, teller, None, None)
        run = stops.run(rule, self._subject, asked)
        if run.at is not None:
            asked = replace(asked, at=run.at)
        told = told_about(self._connection, rule, self._subject, asked, self._past.directory)
        checks.append(self._check("subject", stops.subject(rule, self._subject, asked)))
        checks.append(self._check("heard", run.stop))
        if asked.at > self._now or asked.answer is not None:
            return self._answer(checks, teller, asked, told)
        book = self._book(rule, asked)
        watch = book.watch(rule.id, self._version.version)
        if watch is None:
            return self._answer(checks, teller, asked, told)
        facts = self._facts(book, watch, asked)
        trees = _trees(rule, facts)
        checks.append(self._check("conditions", self._conditions(teller, trees)))
        checks.append(self._check("limit", stops.limit(rule, self._subject, asked, facts, told)))
        if all(check.state == PASSED for check in checks) and not told.spoke:
            known_by = run.known_by or max(asked.at, asked.event.received if asked.event else asked.at)
            then = _trees(rule, self._facts(book, watch, asked, known_by))
            checks.append(self._check("known", self._knew(teller, then)))
        checks += [self._check(what, stop) for what, stop in stops.told(told)]
        ladder = ladder_of(self._connection, self._past, watch, rule, self._subject, told, teller, self._zone)
        return self._answer(checks, teller, asked, told, trees, facts, ladder)

    # -- facts and conditions ----------------------------------------------------------------------------------
    def _book(self, rule: Rule, asked: Asked) -> Book:
        reads = facts_of(rule.who) | facts_of(rule.if_)
        inferences = any(name.startswith("found.") for name in reads)
        return self._standing.book(rule, self._version.version, asked.since, inferences)

    def _facts(self, book: Book, watch: Watch, asked: Asked, known_by: datetime | None = None) -> dict[str, Any]:
        event = asked.event.event if asked.event and asked.kept is None else None
        facts = self._past.facts(watch, self._subject, asked.person, asked.at, event, asked.kept, known_by)
        return with_inferences(book, book.rules[watch.rule].rule, facts)

    def _conditions(self, teller: Teller, trees: tuple[tuple[str, Node], ...]) -> Stop:
        return next(
            (Stop(teller.decided(node)) for _, node in trees if not node.holds),
            Stop.passed(both("条件都满足", "The conditions held")),
        )

    def _knew(self, teller: Teller, trees: tuple[tuple[str, Node], ...]) -> Stop:
        failed = next((node for _, node in trees if not node.holds), None)
        if failed is None:
            return Stop.passed(both("那时就已经知道这些", "All of this was known then"))
        clause = teller.decided(failed)
        return Stop(
            both(
                f"那时知道的还不一样：{clause['zh']}，后来才收到的记录改变了结果",
                f"what was known then was different: {clause['en']}; what came in later changed it",
            )
        )

    # -- the answer --------------------------------------------------------------------------------------------
    @staticmethod
    def _check(what: str, stop: Stop) -> Check:
        return Check(what, STOPPED if stop.stopped else PASSED, stop.said, stop.finding)

    def _answer(
        self,
        checks: list[Check],
        teller: Teller,
        asked: Asked | None,
        told: Told | None,
        trees: tuple[tuple[str, Node], ...] = (),
        facts: Mapping[str, Any] | None = None,
        ladder: tuple[LadderStep, ...] = (),
    ) -> WhyNot:
        spoke = told is not None and told.spoke
        stopped = next((n for n, check in enumerate(checks) if check.state == STOPPED), None)
        if spoke:  # whatever else is said now, what stands on record was said
            stopped = next(
                (n for n, check in enumerate(checks) if check.what == "held" and check.state == STOPPED), None
            )
        elif told is not None and told.finding is not None:
            stopped = next((n for n, check in enumerate(checks) if check.what == "withdrawn"), stopped)
        if stopped is None and not spoke:
            silent = both(
                "条件都满足，但没有留下记录说明为什么没有说",
                "all of it held, and nothing on record says why nothing was said",
            )
            checks, stopped = [*checks, Check("record", STOPPED, silent)], len(checks)
        checks = [replace(check, deciding=n == stopped) for n, check in enumerate(checks)]
        come_to = {check.what for check in checks}
        unused = both("没有用到", "Not come to")
        checks += [Check(what, UNUSED, unused) for what in ("conditions", "limit") if what not in come_to]
        checks.sort(key=lambda check: ORDER.index(check.what))
        title = self._version.document.get("title") or {}
        title = title if isinstance(title, Mapping) else {"zh": str(title)}
        name = self._name(asked.at if asked else self._at)
        return WhyNot(
            rule=self._standing.rule,
            version=self._version.version,
            title=title,
            about=self._version.document.get("about", "person"),
            subject=self._subject,
            subject_name=name,
            asked_about=self._at,
            at=asked.at if asked else None,
            zone=self._zone.key,
            spoke=spoke,
            finding=told.finding if told else None,
            answer=self._sentence(
                title, name, spoke, None if stopped is None else next(c for c in checks if c.deciding), asked
            ),
            checks=tuple(checks),
            conditions=trees,
            facts=facts or {},
            ladder=ladder,
            before=self._search.before if self._search else None,
            after=self._search.after if self._search else None,
        )

    def _name(self, moment: datetime) -> str:
        found = self._shelved()
        return found.name if found else name_of(self._past.directory, self._subject, moment)

    def _shelved(self) -> Position | Unit | None:
        """The position or unit that the rule is about, where it is about one."""
        directory, about = self._past.directory, self._version.document.get("about", "person")
        if about == "position":
            return directory.positions.get(self._subject)
        return directory.units.get(self._subject) if about == "unit" else None

    def _sentence(self, title: Text, name: str, spoke: bool, stop: Check | None, asked: Asked | None) -> Text:
        zh_title, en_title = (
            choose(title, "zh")[0] or self._standing.rule,
            choose(title, "en")[0] or self._standing.rule,
        )
        nudges = self._rule is not None and any(deed.action in ("nudge", "ask") for deed in self._rule.then[:1])
        to_them = nudges and self._rule is not None and self._rule.then[0].to in ("person", "")
        at = when(asked.at, self._zone) if asked else both("", "")
        if spoke:
            did = (
                both(f"提醒了{name}", f"{name} was reminded")
                if to_them
                else both(f"“{zh_title}”针对{name}有了结果", f"“{en_title}” spoke about {name}")
            )
            held = both(f"；{stop.said['zh']}", f"; {stop.said['en']}") if stop else both("", "")
            return both(f"{did['zh']}：{at['zh']}{held['zh']}。", f"{did['en']}: {at['en']}{held['en']}.")
        assert stop is not None
        did_not = (
            both(f"没有提醒{name}", f"{name} was not reminded")
            if to_them
            else both(f"“{zh_title}”没有针对{name}说什么", f"“{en_title}” said nothing about {name}")
        )
        return both(f"{did_not['zh']}，因为{stop.said['zh']}。", f"{did_not['en']}, because {stop.said['en']}.")


def _trees(rule: Rule, facts: Mapping[str, Any]) -> tuple[tuple[str, Node], ...]:
    """`who` and `if`, judged; a part without conditions is left out."""
    parts: tuple[tuple[str, Condition], ...] = (("who", rule.who), ("if", rule.if_))
    return tuple((part, tree_of(condition, facts)) for part, condition in parts if not _always(condition))


def _always(condition: Condition) -> bool:
    return condition == ALWAYS or (isinstance(condition, Group) and condition.kind == "all" and not condition.items)


def with_inferences(book: Book, rule: Rule, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts, and what the rules before this one inferred from them, round by round as the line does."""
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
