"""Storm control: a rule that would suddenly speak to far more people than in its preview is paused, and HR is asked.

What it found stays on record. The messages of that moment are held, in the transaction that found them, until somebody
decides: `release_storm` sends them, past nobody's quiet hours and budget, and `drop_storm` does not. A rule without a
preview is not watched, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, and_, case, func, select, text

from tideng.base.problems import Sentence, sentence_as_text
from tideng.base.text import phrase
from tideng.facts.world import Record, World
from tideng.model.calendars import local_moment
from tideng.model.judge_contract import Limit as _Limit
from tideng.model.judge_contract import OnEvent, Reason, Watch
from tideng.model.statuses import HeldReason, MessageStatus
from tideng.model.templates import choose
from tideng.org.directory import zone
from tideng.outbox import rows
from tideng.outbox.enqueue import save_records
from tideng.outbox.policy import Speaking
from tideng.recipients.resolve import resolve
from tideng.store.tables import FindingRow, OutboxRow

if TYPE_CHECKING:
    from tideng.judging.watch_index import WatchList
    from tideng.runtime.deployment import Deployment

RULE = "tideng.storm"
"""The rule under which the system's question to HR is on record; its findings are about a rule."""
WATCH = Watch(
    RULE,
    1,
    "escalation",
    "rule",
    OnEvent(RULE),
    _Limit("occurrence"),
    frozenset(),
    title=phrase("A rule is paused"),
    why=phrase("It would tell far more people than in its preview, so somebody looks first"),
)
"""What the question is called and what it is good for, for whoever words messages and pages."""
MESSAGE: Mapping[str, str] = phrase(
    "“{title}” would tell {people} people today; in its preview it was {expected} at most. It is paused and its messages are kept. Send them, or let them go?"
)
PEOPLE = "people told in one day"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """From where it is a storm: more than `factor` times as many people as expected, and at least `floor` more."""

    factor: float
    floor: int

    def exceeded(self, people: int, expected: int) -> bool:
        return people > expected * self.factor and people >= expected + self.floor

    def most(self, expected: int) -> int:
        """The most people a day who are no storm."""
        return max(int(expected * self.factor), expected + self.floor - 1)


@dataclass(frozen=True, slots=True)
class Storm:
    """A rule that tells too many people: `people` on `day` (the client's), where `limits` are those of its preview."""

    watch: Watch
    day: date
    people: int
    limits: Limits


def control_storms(
    connection: Connection,
    deployment: Deployment,
    watchlist: WatchList,
    world: World,
    now: datetime,
) -> None:
    """After the findings of `world` were put on record at `now`: pause what storms, hold its messages, ask HR.

    One statement finds out how many people each rule has spoken to on each day (the client's) that is spoken about; none
    where no rule among them has an expectation.
    """
    watches = _watched(watchlist, world.records)
    if not watches:
        return
    home, settings = zone(deployment.profile.timezone), deployment.settings
    days = sorted({record.at.astimezone(home).date() for record in world.records if record.rule in watches})
    limits = Limits(settings.storm_factor, settings.storm_floor)
    for (rule, day), people in _people_told(connection, list(watches), days, home).items():
        watch = watches[rule]
        if limits.exceeded(people, watch.expected or 0):
            _pause(connection, deployment, world, Storm(watch, day, people, limits), now)


def _watched(watchlist: WatchList, records: Iterable[Record]) -> dict[str, Watch]:
    """The rules among those that spoke whose preview is known; the newest version of each."""
    spoke = {(record.rule, record.version) for record in records if record.message and record.recipient}
    found = (watchlist.get(rule, version) for rule, version in sorted(spoke))
    return {watch.rule: watch for watch in found if watch is not None and watch.expected is not None}


def _people_told(connection: Connection, rules: list[str], days: list[date], home: Any) -> dict[tuple[str, date], int]:
    """How many people each rule has told, or is about to tell, of what it found on each of these days."""
    days = [days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)]
    starts = [local_moment(day, time(), home) for day in days]
    which = case(*((FindingRow.at >= start, number) for number, start in reversed(list(enumerate(starts)))), else_=-1)
    told = and_(
        FindingRow.rule.in_(rules),
        FindingRow.at >= starts[0],
        FindingRow.at < local_moment(days[-1] + timedelta(days=1), time(), home),
        OutboxRow.status.not_in((MessageStatus.HELD, MessageStatus.DROPPED)),
    )
    query = (
        select(FindingRow.rule, which.label("found_on"), func.count(OutboxRow.recipient.distinct()).label("people"))
        .join(OutboxRow, OutboxRow.finding == FindingRow.id)
        .where(told)
        .group_by(FindingRow.rule, text("found_on"))
    )
    return {(row.rule, days[row.found_on]): row.people for row in connection.execute(query)}


def _pause(connection: Connection, deployment: Deployment, world: World, storm: Storm, now: datetime) -> None:
    """Hold a rule's messages, pause it and ask HR, unless HR has decided that this version may send on this day."""
    watch, day, people = storm.watch, storm.day, storm.people
    asked = _asked(connection, watch, day)
    decisions = [row.detail.get("decision") for row in asked]
    if "sent" in decisions:
        return
    _hold(connection, watch.rule, now)
    if None in decisions:
        return  # HR knows already; this came from another worker, or before the pause was heard of
    figures = {"people": people, "expected": watch.expected, "day": day.isoformat(), "version": watch.version}
    params = {"people": people, "day": day.isoformat(), "expected": watch.expected}
    why = sentence_as_text(Sentence("rule-tells-too-many", params))
    paused = deployment.plugins.call("pause_rule", rule=watch.rule, why=why, detail=figures, connection=connection)
    detail = {"rule": watch.rule, **figures, "paused": any(paused)}
    period = f"{day.isoformat()}/v{watch.version}/{len(asked) + 1}"
    record = _question(deployment, world, storm, period, detail, now)
    save_records(connection, [record], world.directory, Speaking.of(deployment.profile), now)
    _log.warning("a rule is paused: it would tell far more people than in its preview", rule=watch.rule, **figures)


def _asked(connection: Connection, watch: Watch, day: date) -> list[Any]:
    prefix = f"{day.isoformat()}/v{watch.version}/"
    query = select(FindingRow.id, FindingRow.detail).where(
        FindingRow.rule == RULE, FindingRow.subject == watch.rule, FindingRow.period.startswith(prefix, autoescape=True)
    )
    return list(connection.execute(query))


def _hold(connection: Connection, rule: str, now: datetime) -> None:
    """Hold what the rule says at this moment and nobody has been told yet."""
    untold = rows.Selection((rows.NEVER_RELEASED,), rule=rule, recorded_at=now)
    rows.hold(connection, untold, HeldReason.STORM)


def _question(
    deployment: Deployment,
    world: World,
    storm: Storm,
    period: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> Record:
    watch = storm.watch
    told = resolve("hr", watch.rule, None, now, world)
    reader = world.directory.at(told.reached, now)
    home = deployment.profile.locale
    wording, locale = choose(MESSAGE, reader.locale if reader else home, home)
    title = choose(watch.title, locale, home)[0] or watch.rule
    most = storm.limits.most(watch.expected or 0)
    return Record(
        rule=RULE,
        version=WATCH.version,
        kind=WATCH.kind,
        about=WATCH.about,
        subject=watch.rule,
        period=period,
        step=0,
        ordinal=0,
        at=now,
        day=now.astimezone(zone(deployment.profile.timezone)).date(),
        effect="inform",
        action="nudge",
        recipient=told.reached,
        meant_for=told.meant_for,
        message=wording.format(title=title, people=detail["people"], expected=detail["expected"]),
        locale=locale,
        detail=dict(detail),
        why=(Reason(PEOPLE, detail["people"], "lte", most, False).to_json(),),
    )
