"""Turn a finding into records: who is told what, in which language, and why; and into events that a rule emits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tideng.facts.world import Record, World
from tideng.judging.questions import Ask
from tideng.model.event import Event
from tideng.model.judge_contract import Deed, Finding, Watch
from tideng.model.templates import PLACEHOLDER, choose, render
from tideng.recipients.resolve import Recipient, resolve

RULES = "tideng:rules"
"""The `source` of events that rules emit."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A finding that is spoken: the question it answers, the rule's watch, the period it counts for, and the subject's
    local day."""

    ask: Ask
    watch: Watch
    finding: Finding
    period: str
    day: date


def put_on_record(world: World, decision: Decision, locale: str, max_depth: int) -> None:
    """Add to `world` one record for each deed of the finding, and the events it emits.

    `locale` is the client's, for recipients who have none. An event that lies more than `max_depth` rules away from the
    outside world is not emitted, so that rules cannot set each other off for ever.
    """
    ask = decision.ask
    for ordinal, deed in enumerate(decision.finding.deeds):
        record = _record(world, decision, deed, ordinal, locale)
        world.records.append(record)
        if deed.action == "emit" and ask.depth < max_depth:
            data = _data_of(world, str(deed.data["type"]), deed.data.get("data") or {}, ask.facts)
            emitted = Event(record.key, RULES, str(deed.data["type"]), ask.at, ask.subject, data, ask.depth + 1)
            world.emitted.append(emitted)


def _data_of(world: World, event_type: str, said: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an event that a rule emits: literals and current facts; unknown facts are left out.

    Facts about money are in the client's currency, and so is an amount made from one.
    """
    given: dict[str, Any] = {}
    of_facts = set()
    for name, value in said.items():
        fact = PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
        known = facts.get(fact[1]) if fact else value
        if known is not None:
            given[name] = known.isoformat() if isinstance(known, datetime | date) else known
            of_facts |= {name} if fact else set()
    declared = world.catalogue.event_types.get(event_type)
    for amount, currency in declared.amounts if declared else ():
        if amount in of_facts:
            given[currency] = world.catalogue.money.currency
    return given


def _record(world: World, decision: Decision, deed: Deed, ordinal: int, locale: str) -> Record:
    ask, watch, finding = decision.ask, decision.watch, decision.finding
    own_form = deed.action == "ask"
    reached = resolve(deed.to, ask.person, ask.owner, ask.at, world, own_form, ask.group) if deed.to else None
    message, spoken_in = _message(world, ask, deed, reached, locale)
    return Record(
        rule=watch.rule,
        version=finding.version,
        kind=watch.kind,
        about=watch.about,
        subject=ask.subject,
        period=decision.period,
        step=ask.step,
        ordinal=ordinal,
        at=ask.at,
        day=decision.day,
        effect=deed.effect,
        action=deed.action,
        recipient=reached.reached if reached else None,
        meant_for=reached.meant_for if reached else None,
        message=message,
        locale=spoken_in,
        detail=dict(deed.data),
        why=tuple(reason.to_json() for reason in (*((ask.waited,) if ask.waited else ()), *finding.why)),
        channel=deed.data.get("channel"),
    )


def _message(
    world: World, ask: Ask, deed: Deed, reached: Recipient | None, locale: str
) -> tuple[str | None, str | None]:
    """The message in the recipient's language, and that language."""
    if not deed.message:
        return None, None
    reader = world.directory.at(reached.reached, ask.at) if reached else None
    template, spoken_in = choose(deed.message, reader.locale if reader else locale, locale)
    return render(template, ask.facts, spoken_in), spoken_in
