"""A preview: what rules would have found in a period of the past, compared with the rules in force.

The same `Flow` that judges live runs over the history on a virtual clock: once with the change, and once, without it, with
those rules that the change can reach. Nothing is spoken and nothing is written. It begins at `start` with nothing said yet;
what happened before feeds metrics, states and absences. Events count at the moment at which they happened, so that an
event that came in late, and was judged late or not at all, may be judged otherwise here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tideng.access.viewer import Viewer
from tideng.base.errors import CommandFailed, Problem, Refused, TidengError
from tideng.facts.world import Record
from tideng.model.event import Event
from tideng.org.directory import Directory, zone
from tideng.outbox.policy import Message, Speaking
from tideng.replay.run import Run
from tideng.replay.stored_history import History
from tideng.runtime.deployment import Deployment
from tideng_rules.document.model import Rule
from tideng_rules.engine.columns import ColumnMatcher
from tideng_rules.engine.dependencies import Links
from tideng_rules.engine.rulebook import Book, MakeMatcher, Published
from tideng_rules.lifecycle.rights import require_reading
from tideng_rules.plugin import RulesPlugin
from tideng_rules.preview.result import (
    GONE,
    NEW,
    SAME,
    STATUSES,
    Brief,
    Compared,
    Preview,
    Spread,
    loads_of,
)

KEPT = 20_000
"""Findings that a preview names one by one; the others are only counted."""
_SAID = timedelta(hours=6)
"""Progress is told when the virtual clock has moved on by so much."""


class Cancelled(TidengError):
    """The preview was ended by its `progress`: nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of the rules: each draft takes the place of the rule of its id, rules named in `dropped` go out of force.

    `against`: the rules it is compared with, by default those in force.
    """

    drafts: Sequence[Rule] = ()
    dropped: Collection[str] = ()
    against: Sequence[Published] | None = None


def preview(
    history: History,
    viewer: Viewer,
    proposal: Proposal,
    start: datetime,
    until: datetime,
    *,
    progress: Callable[[float], object] | None = None,
    make_matcher: MakeMatcher = ColumnMatcher,
) -> Preview:
    """What a proposal would have changed from `start` to `until` (aware, both inclusive).

    `progress` is called with the share that is done, from 0 to 1, and ends the preview by returning False. Raises
    `NotAllowed` for viewers who may not read rules, `Refused` for a period that ends before it begins, `Cancelled`.
    """
    require_reading(viewer)
    if until < start:
        raise Refused("preview", [Problem("until", "period-reversed")])
    drafts, dropped, against = proposal.drafts, proposal.dropped, proposal.against
    told = progress or (lambda share: None)
    with_it = _ReplayedRules(history, start, until, make_matcher)
    published = {one.rule.id: one for one in (with_it.published if against is None else against)}
    changed = {rule.id for rule in drafts} | {rule_id for rule_id in dropped if rule_id in published}
    wanted = {rule_id: one for rule_id, one in published.items() if rule_id not in changed}
    for rule in drafts:
        wanted[rule.id] = Published(rule, published[rule.id].version + 1 if rule.id in published else 1)
    with_it.use(wanted.values())
    links = Links()
    links.add(with_it.book, with_it.deployment.catalogue)
    links.add(Book(_always(published.values()), with_it.deployment.catalogue), with_it.deployment.catalogue)
    reached = links.reached_from(changed)
    old = [one for rule_id, one in published.items() if rule_id in reached]

    share = len(old) / max(1, len(old) + len(wanted))
    comparison = _Comparison(reached, with_it.speaking, zone(with_it.deployment.profile.timezone))
    if old:
        without = _ReplayedRules(history, start, until, make_matcher)
        without.use(old)
        for record in without.run(lambda done: told(done * share)):
            comparison.note_without(record)
        without.close()
    for record in with_it.run(lambda done: told(share + done * (1 - share))):
        comparison.note_with(record)
    result = comparison.result(with_it, changed)
    with_it.close()
    told(1.0)
    return result


def _always(rules: Iterable[Published]) -> list[Published]:
    """The rules as if they had always been in force."""
    return [Published(one.rule, one.version) for one in rules]


class _ReplayedRules:
    """One of the two sets of rules, on a deployment of its own."""

    def __init__(self, history: History, start: datetime, until: datetime, make_matcher: MakeMatcher):
        self._history, self.start, self.until, self._make_matcher = history, start, until, make_matcher
        self.deployment: Deployment = history.deployment(start)
        plugin = self.deployment.plugins.get("rules")
        if not isinstance(plugin, RulesPlugin):
            raise CommandFailed("rules-plugin-off")
        self._plugin = plugin
        self.published = list(plugin.book.rules.values()) if plugin.book else []
        self.speaking = Speaking.of(self.deployment.profile)
        self.events = 0
        self._run: Run | None = None

    @property
    def book(self) -> Book:
        assert self._plugin.book is not None
        return self._plugin.book

    @property
    def directory(self) -> Directory:
        assert self._run is not None
        return self._run.directory

    def use(self, rules: Iterable[Published]) -> None:
        self._plugin.book = Book(_always(rules), self.deployment.catalogue, self._make_matcher)

    def run(self, told: Callable[[float], object]) -> Iterator[Record]:
        first: datetime | None = None
        said: datetime | None = None

        def reached(moment: datetime) -> None:
            nonlocal first, said
            first = first or moment
            if said is None or moment - said >= _SAID:
                said = moment
                whole = (self.until - first) / timedelta(seconds=1)
                done = (moment - first) / timedelta(seconds=1) / whole if whole > 0 else 1.0
                if told(min(done, 1.0)) is False:
                    raise Cancelled("the preview was cancelled")

        self._run = Run(self.deployment, self.start, self.until, reached)
        yield from self._run.findings(self._counted(self._history.events(self._run.reach, self.start, self.until)))

    def _counted(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            self.events += 1
            yield event

    def close(self) -> None:
        self.book.close()


_Key = tuple[str, str, str, int, int]


def _key(record: Record) -> _Key:
    return record.rule, record.subject, record.period, record.step, record.ordinal


@dataclass
class _Comparison:
    """What was found without the change and with it, as far as it has to be kept."""

    reached: frozenset[str]
    speaking: Speaking
    home: ZoneInfo
    before: dict[_Key, Record] = field(default_factory=dict)
    found: list[Compared] = field(default_factory=list)
    left_out: int = 0
    reworded: int = 0
    total: dict[str, Counter] = field(default_factory=dict)
    said_before: list[Message] = field(default_factory=list)
    said_after: list[Message] = field(default_factory=list)
    spread: Spread = field(default_factory=Spread)

    def note_without(self, record: Record) -> None:
        self.before[_key(record)] = record
        self.said_before += self.speaking.messages(record, record.at)

    def note_with(self, record: Record) -> None:
        messages = self.speaking.messages(record, record.at)
        self.said_after += messages
        if messages:  # by the client's own days, as a storm is counted
            self.spread.note(record, record.at.astimezone(self.home).date())
        if record.rule not in self.reached:
            self.said_before += messages
            self._count(record.rule, SAME)
            return
        earlier = self.before.pop(_key(record), None)
        one = Compared.of(record, NEW if earlier is None else SAME, None if earlier is None else Brief.of(earlier))
        self.reworded += bool(one.differs)
        self._keep(one)

    def _keep(self, one: Compared) -> None:
        self._count(one.rule, one.status)
        if len(self.found) < KEPT:
            self.found.append(one)
        else:
            self.left_out += 1

    def _count(self, rule: str, status: str) -> None:
        self.total.setdefault(rule, Counter())[status] += 1

    def result(self, side: _ReplayedRules, changed: Collection[str]) -> Preview:
        for record in self.before.values():
            self._keep(Compared.of(record, GONE))
        counts = {status: sum(one[status] for one in self.total.values()) for status in STATUSES}
        before, after = loads_of(
            (counts[SAME] + counts[GONE], counts[SAME] + counts[NEW]),
            (self.said_before, self.said_after),
            self.speaking,
            side.directory,
            side.until,
        )
        return Preview(
            start=side.start,
            until=side.until,
            changed=tuple(sorted(changed)),
            counts=counts,
            reworded=self.reworded,
            findings=sorted(self.found, key=lambda one: (one.at, one.rule, one.key)),
            left_out=self.left_out,
            before=before,
            after=after,
            most_people_a_day=self.spread.most(sorted(changed)),
            rules={rule: {status: one[status] for status in STATUSES} for rule, one in sorted(self.total.items())},
            faulty={rule: str(why) for rule, why in side.book.quarantined.items()},
            events=side.events,
        )
