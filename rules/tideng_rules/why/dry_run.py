"""A dry run of a rule that is not in force, for one subject and one day: what it would have seen and said, step by step,
with the past as it was then. Nothing is stored or sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotFound, Problem, Refused
from tideng.base.text import phrase, wording
from tideng.facts.names import Needs, Point
from tideng.model.calendars import local_moment
from tideng.model.catalogue import Text
from tideng.model.judge_contract import (
    Deed,
    OnEvent,
    OnSchedule,
    Watch,
)
from tideng.model.statuses import HeldReason
from tideng.model.templates import choose, placeholders, render
from tideng.org.directory import Directory
from tideng.outbox.policy import Speaking, week_began
from tideng.outbox.rows import count_released
from tideng.recipients.resolve import resolve
from tideng.replay.past_world import Past
from tideng_rules.check.examples import run_example
from tideng_rules.document.actions import describe
from tideng_rules.document.model import (
    ALWAYS,
    Condition,
    Example,
    Group,
    LaterStep,
    Rule,
    facts_of,
)
from tideng_rules.engine.rulebook import Book, Published
from tideng_rules.engine.verdict_tree import Node, plain, tree_of
from tideng_rules.lifecycle.rights import require_reading
from tideng_rules.why.answer import PASSED, STOPPED, Check
from tideng_rules.why.blockers import Blockers, Stop
from tideng_rules.why.dry_run_result import Walk, WalkedStep, WouldSay
from tideng_rules.why.inquiry import Inquiry
from tideng_rules.why.moments import Asked, Moments
from tideng_rules.why.record import told_about
from tideng_rules.why.why_not import held, with_inferences
from tideng_rules.wording.answers import Teller, was, when
from tideng_rules.wording.sentences import RECIPIENTS_SAID

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

_QUIET = "quiet hours"
_ONE_MOMENT = phrase("It has not come yet")


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule to be tried on the subject's local day of `at` (aware), at the moment nearest to it.

    `others`: the rules in force, whose inferences it may read.
    """

    rule: Rule
    subject: str
    at: datetime
    others: Sequence[Rule] = ()


def walk(deployment: Deployment, connection: Connection, viewer: Viewer, trial: Trial, directory: Directory) -> Walk:
    """What the rule of a trial would have done about its subject.

    Raises `NotAllowed` for viewers who may not read rules, and `NotFound` for subjects that do not exist or that `viewer`
    may not see.
    """
    require_reading(viewer)
    past = Past(deployment, connection, directory)
    _require(viewer, trial.rule, trial.subject, past, deployment.clock.now())
    return _Walk(deployment, connection, trial.rule, past, trial.others).of(trial.subject, trial.at.astimezone(UTC))


def walk_example(deployment: Deployment, viewer: Viewer, rule: Rule, number: int, others: Iterable[Rule] = ()) -> Walk:
    """The same for the example of that number (from 0): with its facts, at its moment, about nobody in particular.

    Raises `Refused` where the rule has no such example.
    """
    require_reading(viewer)
    if not 0 <= number < len(rule.examples):
        raise Refused("example", [Problem("example", "no-example", {"n": number})])
    return _Walk(deployment, None, rule, None, others).of_example(rule.examples[number])


def _require(viewer: Viewer, rule: Rule, subject: str, past: Past, now: datetime) -> None:
    """Whoever may not see a subject is told what they would be told of one that does not exist."""
    directory, scope = past.directory, viewer.scope(past.directory, now)
    if rule.about == "case":
        people = past.people_of(subject)
        known, seen = bool(people), scope is None or bool(people & scope)
    else:
        shelves: Mapping[str, Collection[str]] = {"position": directory.positions, "unit": directory.units}
        shelf = shelves.get(rule.about, ())
        known = directory.knows(subject) if rule.about == "person" else subject in shelf
        seen = scope is None or subject in scope
    if not (known and seen):
        raise NotFound("nobody-called", {"subject": subject})


@dataclass(frozen=True, slots=True)
class _Seen:
    """The trigger's moment of one subject: what asked, and with which facts it was judged."""

    watch: Watch
    subject: str
    asked: Asked
    facts: Mapping[str, Any]
    zone: ZoneInfo


class _Walk:
    """One dry run."""

    def __init__(
        self,
        deployment: Deployment,
        connection: Connection | None,
        rule: Rule,
        past: Past | None,
        others: Iterable[Rule],
    ):
        self._deployment, self._connection, self._rule, self._past = deployment, connection, rule, past
        self._now = deployment.clock.now()
        self._teller = Teller(deployment.catalogue, rule.trigger)
        self._speaking = Speaking.of(deployment.profile)
        infers = any(name.startswith("found.") for name in facts_of(rule.who) | facts_of(rule.if_))
        beside = [Published(one) for one in others if one.id != rule.id] if infers else []
        self._book = Book([*beside, Published(rule, 1)], deployment.catalogue)

    # -- a real day --------------------------------------------------------------------------------------------
    def of(self, subject: str, at: datetime) -> Walk:
        past, connection, rule, deployment = self._past, self._connection, self._rule, self._deployment
        assert past is not None
        assert connection is not None
        zone = past.directory.zone_of(subject, at)
        finder = Moments(past, deployment.calendar, connection, deployment.catalogue)
        search = finder.find(rule, subject, at)
        blockers = Blockers(Inquiry(deployment, connection, past, self._teller, zone, self._now))
        checks = [_check("moment", blockers.moment(rule, search))]
        asked, watch = search.asked, self._book.watch(rule.id, 1)
        if asked is None or asked.answer is not None or asked.at > self._now or watch is None:
            first = WalkedStep(0, asked.at if asked else None, "silent", checks[0].said, _deciding(checks))
            return Walk(_answer(first), zone.key, (first,), ())
        checks.append(_check("subject", blockers.subject(rule, subject, asked)))
        event = asked.event.event if asked.event and asked.kept is None else None
        facts = past.facts(watch, Point(asked.person, asked.at, None, watch.about, subject), event, asked.kept)
        facts = with_inferences(self._book, rule, facts)
        trees = _trees(facts, ("who", rule.who), ("if", rule.if_))
        checks.append(_check("conditions", held(self._teller, trees)))
        told = told_about(connection, rule, subject, asked, past.directory)
        checks.append(_check("limit", blockers.limit(rule, subject, asked, facts, told)))
        speaks = all(check.state == PASSED for check in checks)
        state = "speaks" if speaks else "silent"
        said = next((one.said for one in checks if one.state == STOPPED), self._teller.trigger())
        first = WalkedStep(0, asked.at, state, said, _deciding(checks), trees)
        would = self._would(rule.then, 0, asked.at, subject, asked, facts) if speaks else []
        steps, seen = [first], _Seen(watch, subject, asked, facts, zone)
        for number, later in enumerate(rule.later, start=1):
            step, more = self._later(seen, number, later, steps[-1])
            steps.append(step)
            would += more
        example = _example(self._name(subject, asked.at), asked.at.astimezone(zone), facts, rule.then if speaks else ())
        return Walk(_answer(first, self._whom(would)), zone.key, tuple(steps), tuple(would), facts, example)

    def _later(
        self, seen: _Seen, number: int, later: LaterStep, before: WalkedStep
    ) -> tuple[WalkedStep, list[WouldSay]]:
        """A later step: cancelled if `until` held by then, with the facts of that moment."""
        subject, asked, facts = seen.subject, seen.asked, seen.facts
        past, due = self._past, self._due(later, asked.at, seen.zone)
        assert past is not None
        if before.state not in ("speaks", "open") and before.step == 0:
            return WalkedStep(number, due, "unused", phrase("Nothing was said, so nothing follows")), []
        if before.state == "cancelled":
            return WalkedStep(number, due, "cancelled", before.said), []
        if due is None or due > self._now:
            return WalkedStep(number, due, "open", _ONE_MOMENT), self._would(
                later.deeds, number, due, subject, asked, facts
            ) if due else []
        then = dict(facts)
        if self._rule.until is not None:
            kept = asked.event.event if asked.event and asked.kept is None else None
            point = Point(asked.person, due, None, seen.watch.about, subject)
            then |= past.facts(seen.watch, point, kept, asked.kept, part="until")
            trees = _trees(then, ("until", self._rule.until))
            if trees and trees[0][1].holds:
                said = self._called_off(trees[0][1])
                return WalkedStep(number, due, "cancelled", said, (), trees), []
            shown = trees
        else:
            shown = ()
        said = phrase("still so: it goes on")
        return WalkedStep(number, due, "speaks", said, (), shown), self._would(
            later.deeds, number, due, subject, asked, then
        )

    def _due(self, later: LaterStep, at: datetime, zone: ZoneInfo) -> datetime | None:
        if later.step.at is not None:
            return local_moment(at.astimezone(zone).date(), later.step.at, zone)
        if later.step.after is None:
            return None
        return self._deployment.calendar.deadline(at, later.step.after, zone, working=False)

    # -- what would be said ------------------------------------------------------------------------------------
    def _would(
        self, deeds: Iterable[Deed], step: int, at: datetime, subject: str, asked: Asked, facts: Mapping[str, Any]
    ) -> list[WouldSay]:
        past = self._past
        assert past is not None
        directory, found = past.directory, []
        world = past.world({asked.person}, Needs(), at)
        data = asked.event.event.data if asked.event else {}
        group = (self._rule.about, subject) if self._rule.about in ("position", "unit") else None
        own_form = isinstance(self._rule.trigger, OnEvent)
        for deed in deeds:
            if not deed.to:
                found.append(WouldSay(at, step, describe(deed), "", "", "", ""))
                continue
            to = "person" if deed.to == "process" else deed.to
            owner = str(data["owner"]) if data.get("owner") else None
            reached = resolve(to, asked.person, owner, at, world, own_form and deed.action == "ask", group).reached
            person = directory.at(reached, at)
            text, locale = choose(deed.message, person.locale if person else self._deployment.profile.locale)
            told = {**self._missing(text, facts, asked, at), **facts}
            held, sent = self._held_back(reached, str(deed.data.get("channel", "")), at) if text else (None, at)
            found.append(
                WouldSay(
                    at,
                    step,
                    describe(deed),
                    reached,
                    name_of(directory, reached, at),
                    render(text, told, locale),
                    locale,
                    held,
                    sent,
                )
            )
        return found

    def _held_back(self, reached: str, channel: str, at: datetime) -> tuple[Text | None, datetime | None]:
        """Why a message would have waited, and until when; the budget counts what was really sent by then."""
        past, speaking = self._past, self._speaking
        assert past is not None
        assert self._connection is not None
        sent = speaking.next_allowed(reached, at, past.directory)
        if sent > at:
            until, because = when(sent, past.directory.zone_of(reached, at)), self._teller.note(_QUIET)
            return phrase("{because}: said on {until}", because=because, until=until), sent
        zone = past.directory.zone_of(reached, at)
        today = local_moment(at.astimezone(zone).date(), time(), zone)
        budgets = (
            (speaking.per_day, today, HeldReason.BUDGET_DAY),
            (speaking.per_week, week_began(reached, at, past.directory), HeldReason.BUDGET_WEEK),
        )
        for most, since, because_of in budgets:
            key = (reached, channel or speaking.channels[0])
            if most is not None and count_released(self._connection, key, since, at) >= most:
                return self._teller.note(because_of), None
        return None, at

    def _missing(self, text: str, facts: Mapping[str, Any], asked: Asked, at: datetime) -> dict[str, Any]:
        """What a message names and no condition reads."""
        past, names = self._past, frozenset(placeholders(text) - facts.keys())
        watch = self._book.watch(self._rule.id, 1)
        if not names or past is None or watch is None:
            return {}
        event = asked.event.event if asked.event and asked.kept is None else None
        point = Point(asked.person, at, None, watch.about, asked.person)
        return past.facts(replace(watch, needs=names), point, event, asked.kept)

    # -- an example --------------------------------------------------------------------------------------------
    def of_example(self, example: Example) -> Walk:
        rule, facts = self._rule, dict(example.facts)
        deeds = list(run_example(rule, example, self._book))
        part = ("until", rule.until) if example.step else ("if", rule.if_)
        trees = _trees(facts, ("who", rule.who), part) if not example.step else _trees(facts, part)
        stop = held(self._teller, trees) if not example.step else Stop.passed(self._teller.trigger())
        off_time = not deeds and not stop.stopped and isinstance(rule.trigger, OnSchedule)
        said = phrase("it does not ask at that moment") if off_time else stop.said
        first = WalkedStep(example.step or 0, example.at, "speaks" if deeds else "silent", said, (), trees)
        would = []
        for deed in deeds:
            text, locale = choose(deed.message, self._deployment.profile.locale)
            would.append(
                WouldSay(
                    example.at,
                    first.step,
                    describe(deed),
                    deed.to,
                    _called(deed.to, locale),
                    render(text, facts, locale),
                    locale,
                )
            )
        zone = self._deployment.profile.timezone
        kept = _example(example.name, example.at, facts, deeds)
        return Walk(
            _answer(first, tuple(dict.fromkeys(one.recipient_name for one in would if one.recipient))),
            zone,
            (first,),
            tuple(would),
            facts,
            kept,
        )

    # -- words -------------------------------------------------------------------------------------------------
    def _called_off(self, until: Node) -> Text:
        found = [(self._teller.fact(leaf.fact), self._teller.value(leaf)) for leaf in until.leaves() if leaf.decided]
        return phrase("called off, because {facts}", facts=[was(name, value) for name, value in found])

    def _name(self, subject: str, at: datetime) -> str:
        assert self._past is not None
        return name_of(self._past.directory, subject, at)

    @staticmethod
    def _whom(would: Iterable[WouldSay]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.recipient_name for one in would if one.recipient and one.step == 0))


def _called(to: str, locale: str) -> str:
    return wording(RECIPIENTS_SAID.get(to, to.removeprefix("role:")), locale)


def _trees(facts: Mapping[str, Any], *parts: tuple[str, Condition | None]) -> tuple[tuple[str, Node], ...]:
    """Each part that asks something, judged."""
    return tuple(
        (part, tree_of(condition, facts))
        for part, condition in parts
        if condition is not None and condition != ALWAYS and not (isinstance(condition, Group) and not condition.items)
    )


def _check(what: str, stop: Stop) -> Check:
    return Check(what, STOPPED if stop.stopped else PASSED, stop.said, stop.finding)


def _deciding(checks: list[Check]) -> tuple[Check, ...]:
    first = next((n for n, check in enumerate(checks) if check.state == STOPPED), None)
    return tuple(replace(check, deciding=n == first) for n, check in enumerate(checks))


def _answer(step: WalkedStep, whom: tuple[str, ...] = ()) -> Text:
    if step.state == "speaks":
        return phrase("It would speak, to {names}.", names=whom) if whom else phrase("It would act.")
    return phrase("It would stay silent, because {said}.", said=step.said)


def _example(name: str, at: datetime, facts: Mapping[str, Any], deeds: Iterable[Deed]) -> dict[str, Any]:
    """The moment as an example: it expects what it gave."""
    known = {one: plain(value) for one, value in sorted(facts.items()) if value is not None}
    title = name if name else f"{at:%Y-%m-%d %H:%M}"
    return {
        "name": f"{title} {at:%m-%d %H:%M}" if name and f"{at:%m-%d}" not in name else title,
        "at": at.isoformat(timespec="minutes"),
        "facts": known,
        "expect": [describe(deed) for deed in deeds],
    }
