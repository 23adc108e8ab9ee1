"""The result of a preview: findings that are new, gone or the same, and the load on people.

Days are local days of whoever is spoken to; every message counted is one that goes over the wire, several points in one.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from tideng.facts.world import Record
from tideng.org.directory import Directory
from tideng.outbox.policy import Message, Outgoing, Speaking

NEW, GONE, SAME = "new", "gone", "same"
STATUSES = (NEW, GONE, SAME)
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Compared:
    """One finding of a rule that the change can reach: only with it (new), only without it (gone), or in both (same).

    `differs`: what reads otherwise in one that is the same, of ``message``, ``recipient`` and ``time``. `at` is UTC.
    """

    status: str
    rule: str
    version: int
    subject: str
    recipient: str | None
    action: str
    at: datetime
    key: str
    message: str | None
    differs: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Record, status: str, before: Brief | None = None) -> Compared:
        differs = () if before is None else before.differs_from(Brief.of(record))
        return cls(
            status,
            record.rule,
            record.version,
            record.subject,
            record.recipient,
            record.action,
            record.at,
            record.key,
            record.message,
            differs,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"at": self.at.isoformat(), "differs": list(self.differs)}


@dataclass(frozen=True, slots=True)
class Brief:
    """What two findings with one key are compared by."""

    message: str | None
    recipient: str | None
    time: datetime

    @classmethod
    def of(cls, record: Record) -> Brief:
        return cls(record.message, record.recipient, record.at)

    def differs_from(self, other: Brief) -> tuple[str, ...]:
        return tuple(name for name in self.__slots__ if getattr(self, name) != getattr(other, name))


@dataclass(frozen=True, slots=True)
class Load:
    """How much one set of rules would have said.

    `findings`, `messages` (what goes over the wire, each person and channel apart), `points` (messages before several
    became one), `people` told; `most`, `median` and `histogram` (messages → person-days) of one person's day, of the days
    on which they are told anything; `per_day`: local day → messages; `most_told`: the people told most, with their number;
    `held`: why → points that were held, by quiet hours, digest or budget, for the last reason that held them;
    `unsent`: points still held when the period ended.
    """

    findings: int
    messages: int
    points: int
    people: int
    most: int
    median: float
    histogram: Mapping[int, int]
    per_day: Mapping[date, int]
    most_told: Sequence[tuple[str, int]]
    held: Mapping[str, int]
    unsent: int

    def to_json(self) -> dict[str, Any]:
        said = asdict(self)
        said["histogram"] = {str(number): days for number, days in self.histogram.items()}
        said["per_day"] = {day.isoformat(): number for day, number in self.per_day.items()}
        said["most_told"] = [{"person": person, "messages": number} for person, number in self.most_told]
        return said


def loads_of(
    findings: tuple[int, int],
    messages: tuple[Sequence[Message], Sequence[Message]],
    speaking: Speaking,
    directory: Directory,
    until: datetime,
) -> tuple[Load, Load]:
    """The loads before and after a change: how many findings, and their messages under the deployment's quiet hours, digest
    and budget, with a worker that never sleeps. Whoever is told the same in both is looked at once."""
    before, after = map(_by_person, messages)
    plans = {person: speaking.plan(said, directory) for person, said in after.items()}
    same = {person for person, said in before.items() if after.get(person) == said}
    plans_before = {
        person: plans[person] if person in same else speaking.plan(said, directory) for person, said in before.items()
    }
    return tuple(  # type: ignore[return-value]
        _load(number, [one for of_person in found.values() for one in of_person], directory, until)
        for number, found in zip(findings, (plans_before, plans), strict=True)
    )


def _by_person(messages: Sequence[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in sorted(messages, key=lambda one: (one.moment, one.key)):
        found.setdefault(message.recipient, []).append(message)
    return found


def _load(findings: int, sent: Sequence[Outgoing], directory: Directory, until: datetime) -> Load:
    unsent = sum(len(one.members) for one in sent if one.at > until)
    sent = [one for one in sent if one.at <= until]
    person_days: Counter[tuple[str, date]] = Counter()
    held: Counter[str] = Counter()
    for one in sent:
        person_days[one.recipient, directory.local_day(one.recipient, one.at)] += 1
        held.update(reason for reason in one.because if reason)
    people: Counter[str] = Counter()
    days: Counter[date] = Counter()
    for (person, day), number in person_days.items():
        people[person] += number
        days[day] += number
    numbers = list(person_days.values())
    return Load(
        findings=findings,
        messages=len(sent),
        points=sum(len(one.members) for one in sent),
        people=len(people),
        most=max(numbers, default=0),
        median=float(statistics.median(numbers)) if numbers else 0.0,
        histogram=dict(sorted(Counter(numbers).items())),
        per_day=dict(sorted(days.items())),
        most_told=sorted(people.items(), key=lambda item: (-item[1], item[0]))[:MOST_TOLD],
        held=dict(sorted(held.items())),
        unsent=unsent,
    )


@dataclass
class Spread:
    """To how many people a day each rule spoke: the figure by which a rule that suddenly speaks to far more is noticed."""

    _told: dict[tuple[str, date], set[str]] = field(default_factory=dict)

    def note(self, record: Record, day: date) -> None:
        if record.recipient and record.message:
            self._told.setdefault((record.rule, day), set()).add(record.recipient)

    def most(self, rules: Iterable[str]) -> dict[str, int]:
        """Rule → the most people it spoke to on one day; 0 where it never spoke."""
        found = dict.fromkeys(rules, 0)
        for (rule, _), people in self._told.items():
            if rule in found:
                found[rule] = max(found[rule], len(people))
        return found


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of rules would have meant from `start` to `until` (UTC, both inclusive).

    `counts`: status → findings, of all rules; `reworded`: how many of the same read otherwise or reach somebody else.
    `findings`: those of the rules that the change can reach, in order of time, at most `KEPT`; `left_out`: how many more.
    `before`, `after`: the load without and with the change. `most_people_a_day`: changed rule → the most people it would
    have spoken to on one day. `rules`: rule → its counts. `faulty`: rule → why it could not be judged.
    """

    start: datetime
    until: datetime
    changed: tuple[str, ...]
    counts: Mapping[str, int]
    reworded: int
    findings: Sequence[Compared]
    left_out: int
    before: Load
    after: Load
    most_people_a_day: Mapping[str, int]
    rules: Mapping[str, Mapping[str, int]]
    faulty: Mapping[str, str]
    events: int

    def of_status(self, status: str) -> list[Compared]:
        return [one for one in self.findings if one.status == status]

    def figures(self, rule: str) -> dict[str, Any]:
        """What is kept beside a version of `rule`: everything but the findings themselves."""
        said = self.to_json(findings=False)
        return said | {"most_people_a_day": self.most_people_a_day.get(rule, 0)}

    def to_json(self, findings: bool = True) -> dict[str, Any]:
        said: dict[str, Any] = {
            "from": self.start.isoformat(),
            "until": self.until.isoformat(),
            "changed": list(self.changed),
            "counts": dict(self.counts),
            "reworded": self.reworded,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "most_people_a_day": dict(self.most_people_a_day),
            "rules": {rule: dict(counts) for rule, counts in self.rules.items()},
            "faulty": dict(self.faulty),
            "events": self.events,
        }
        if findings:
            said["findings"] = [one.to_json() for one in self.findings]
            said["left_out"] = self.left_out
        return said
