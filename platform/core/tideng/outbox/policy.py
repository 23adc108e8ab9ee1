"""How a deployment speaks, above all rules: not at night, not too often, and several points at once.

What is found is always on record when it is found; only the speaking is held. This is the one policy that decides about
it, for the live outbox and for a preview alike: no database and no clock in here. Messages are looked at by person and
channel. Each has a first moment at which it is due (`first_due`); whenever one of them is due, `release` looks at all
that wait for that person on that channel and says what goes out now, as which messages, and until when the rest is held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tideng.model.calendars import local_moment
from tideng.model.statuses import HeldReason

if TYPE_CHECKING:
    from tideng.client.profile import Profile
    from tideng.facts.world import Record
    from tideng.org.directory import Directory

BUDGETS = (HeldReason.BUDGET_DAY, HeldReason.BUDGET_WEEK)
SYSTEM = "tideng."
"""How the ids of rules begin that are the system's own."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Message:
    """One message that a finding asks for: to whom, on which channel, at which moment (UTC), under which key.

    `alone`: it is said by itself and does not count against the budget. `urgent`: it opens no window of a digest; what
    waits for the same person goes with it.
    """

    key: str
    recipient: str
    channel: str
    moment: datetime
    alone: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message that waits for `due`; `ref` is whatever the caller knows it by; `because` why it was held so far."""

    ref: Any
    due: datetime
    alone: bool = False
    because: HeldReason | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What `release` decided of some messages, in their order: they go out now as one (`because` None), or are held until `due`."""

    members: tuple[QueuedMessage, ...]
    due: datetime
    because: HeldReason | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as it goes over the wire at moment `at`: one point for each of `members`, in order.

    `because`: for each member the last reason for which it was held, None where it was not.
    """

    at: datetime
    recipient: str
    channel: str
    members: tuple[Message, ...]
    because: tuple[HeldReason | None, ...]


@dataclass(frozen=True, slots=True)
class Speaking:
    """How this deployment speaks. Times of day, days and weeks (Monday first) are those of whoever is spoken to.

    `quiet_hours`: (start, end), over midnight when start is later; None for none. `per_day`, `per_week`: messages to one
    person on one channel at most; None for any number. `digest`: messages within this time from the first become one;
    None leaves every message on its own.
    """

    channels: tuple[str, ...] = ("portal",)
    quiet_hours: tuple[time, time] | None = None
    per_day: int | None = None
    per_week: int | None = None
    digest: timedelta | None = None

    @classmethod
    def of(cls, profile: Profile) -> Speaking:
        """The habits of a client."""
        return cls(
            profile.channels,
            profile.quiet_hours,
            profile.nudge_budget.get("day"),
            profile.nudge_budget.get("week"),
            profile.digest.elapsed if profile.digest else None,
        )

    @property
    def holds(self) -> bool:
        """Whether what waits for one person has to be looked at together."""
        return self.digest is not None or self.per_day is not None or self.per_week is not None

    # -- quiet hours -------------------------------------------------------------------------------------------
    def next_allowed(self, recipient: str, moment: datetime, directory: Directory) -> datetime:
        """`moment`, or the end of the quiet hours it falls into where the recipient lives: the first moment not before
        `moment` whose local time is not quiet, also on days on which the clocks change."""
        if self.quiet_hours is None:
            return moment
        zone = directory.zone_of(recipient, moment)
        if not quiet(moment.astimezone(zone).time(), *self.quiet_hours):
            return moment
        return self._next(moment, zone, wanted=False)

    def _next(self, moment: datetime, zone: ZoneInfo, wanted: bool) -> datetime:
        """The first moment from `moment` on that is quiet, or is not. Only at the ends of the quiet hours, and where the
        clocks are set, does one become the other."""
        assert self.quiet_hours is not None
        start, end = self.quiet_hours
        first = moment.astimezone(zone).date()
        edges = []
        for day in (first + timedelta(days=n) for n in range(-1, 4)):
            for fold in (0, 1):
                there = datetime.combine(day, start if wanted else end, tzinfo=zone).replace(fold=fold)
                edges.append(there.astimezone(UTC))
        is_so = lambda at: quiet(at.astimezone(zone).time(), start, end) is wanted  # noqa: E731
        found = min(at for at in edges if at >= moment and is_so(at))
        changes = (at for at in _clock_changes(moment, found, zone) if is_so(at))
        return min(chain((found,), changes))

    # -- digests -----------------------------------------------------------------------------------------------
    def first_due(self, message: Message, directory: Directory) -> tuple[datetime, HeldReason | None]:
        """When a message wants to go out, and why it does not at once (None: it does).

        Outside quiet hours that is the end of the window of a digest, or the last minute before quiet hours that begin
        within it: nothing that can be said in the evening waits for the morning.
        """
        moment = message.moment
        allowed = self.next_allowed(message.recipient, moment, directory)
        if allowed > moment:
            return allowed, HeldReason.QUIET
        if self.digest is None or message.alone or message.urgent:
            return moment, None
        due = moment + self.digest
        if self.next_allowed(message.recipient, due, directory) > due:
            night = self._next(moment, directory.zone_of(message.recipient, moment), wanted=True)
            due = max(moment, night - _MINUTE)
        return due, (HeldReason.DIGEST if due > moment else None)

    # -- what goes out -----------------------------------------------------------------------------------------
    def release(
        self,
        recipient: str,
        waiting: Sequence[QueuedMessage],
        told: Mapping[date, int],
        now: datetime,
        directory: Directory,
    ) -> list[Part]:
        """Decide what becomes of the messages that wait for one person on one channel, now that one of them is due.

        `waiting` is in the order in which they arose, those included that are not due yet; `told` counts the messages
        that went out on each local day of this week. What is not in the answer stays as it is. With a digest all that
        waits goes out as one message; what is over the budget is held until the first allowed minute of the first day
        with room, first in, first out.
        """
        due = [one for one in waiting if one.due <= now]
        opens = self.next_allowed(recipient, now, directory)
        if opens > now:
            return [Part((one,), opens, HeldReason.QUIET) for one in due]
        parts = [Part((one,), now) for one in due if one.alone]
        together = [one for one in waiting if not one.alone]
        if not any(one.due <= now for one in together):
            return parts
        if self.digest is not None:
            groups = [tuple(together)]
        else:
            groups = [(one,) for one in together if one.due <= now or one.because in BUDGETS]
        place = {id(one): number for number, one in enumerate(waiting)}
        parts += self._within_budget(recipient, groups, told, now, directory)
        return sorted(parts, key=lambda part: place[id(part.members[0])])

    def _within_budget(
        self,
        recipient: str,
        groups: Iterable[tuple[QueuedMessage, ...]],
        told: Mapping[date, int],
        now: datetime,
        directory: Directory,
    ) -> Iterator[Part]:
        zone = directory.zone_of(recipient, now)
        today = now.astimezone(zone).date()
        days = Counter(told)
        weeks: Counter[date] = Counter()
        for day, number in told.items():
            weeks[_monday(day)] += number
        day, why = today, HeldReason.BUDGET_DAY
        for group in groups:
            while True:
                if not self._room(weeks[_monday(day)], self.per_week):
                    day, why = _monday(day) + timedelta(days=7), HeldReason.BUDGET_WEEK
                elif not self._room(days[day], self.per_day):
                    day += timedelta(days=1)
                else:
                    break
            days[day] += 1
            weeks[_monday(day)] += 1
            if day == today:
                yield Part(group, now)
            else:
                yield Part(group, self.next_allowed(recipient, local_moment(day, time(), zone), directory), why)

    @staticmethod
    def _room(used: int, most: int | None) -> bool:
        return most is None or used < most

    # -- from the first to the last ----------------------------------------------------------------------------
    def messages(self, record: Record, moment: datetime) -> list[Message]:
        """The messages that a finding, put on record at `moment`, asks for: one for each channel; none where it only records."""
        if not record.message or not record.recipient:
            return []
        return [
            Message(
                f"{record.key}:{channel}"[:500],
                record.recipient,
                channel,
                moment,
                alone=record.action == "ask" or record.rule.startswith(SYSTEM),
                urgent=record.kind == "escalation",
            )
            for channel in ((record.channel,) if record.channel else self.channels)
        ]

    def plan(self, messages: Iterable[Message], directory: Directory) -> list[Outgoing]:
        """What goes over the wire and when, given every message and a worker that never sleeps; in order of time.

        Messages of one moment stay in their order.
        """
        kept: dict[tuple[str, str], list[Message]] = {}
        for message in messages:
            kept.setdefault((message.recipient, message.channel), []).append(message)
        sent = [
            one
            for (recipient, channel), of in kept.items()
            for one in self._plan_one(recipient, channel, sorted(of, key=lambda m: m.moment), directory)
        ]
        return sorted(sent, key=lambda one: one.at)

    def _plan_one(
        self, recipient: str, channel: str, coming: Sequence[Message], directory: Directory
    ) -> Iterator[Outgoing]:
        waiting: list[QueuedMessage] = []
        told: Counter[date] = Counter()
        position = 0
        while position < len(coming) or waiting:
            now = min(chain((one.due for one in waiting), (m.moment for m in coming[position : position + 1])))
            while position < len(coming) and coming[position].moment <= now:
                message = coming[position]
                due, because = self.first_due(message, directory)
                waiting.append(QueuedMessage(message, due, message.alone, because))
                position += 1
            today = now.astimezone(directory.zone_of(recipient, now)).date()
            told = Counter({day: n for day, n in told.items() if day >= _monday(today)})
            for part in self.release(recipient, waiting, told, now, directory):
                gone = set(map(id, part.members))
                if part.because is None:
                    waiting = [one for one in waiting if id(one) not in gone]
                    told[today] += not part.members[0].alone
                    points = tuple(one.ref for one in part.members)
                    yield Outgoing(now, recipient, channel, points, tuple(one.because for one in part.members))
                else:
                    waiting = [
                        replace(one, due=part.due, because=part.because) if id(one) in gone else one for one in waiting
                    ]


def quiet(moment: time, start: time, end: time) -> bool:
    """Whether a local time lies in quiet hours from `start` up to `end`, over midnight when start is later."""
    return start <= moment < end if start <= end else moment >= start or moment < end


def week_began(recipient: str, moment: datetime, directory: Directory) -> datetime:
    """When the local week of `moment` began where the recipient lives (UTC)."""
    zone = directory.zone_of(recipient, moment)
    return local_moment(_monday(moment.astimezone(zone).date()), time(), zone)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _clock_changes(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The moments after `start` up to `end` (UTC) at which clocks in `zone` are set to another offset."""
    offset = lambda seconds: datetime.fromtimestamp(seconds, zone).utcoffset()  # noqa: E731
    here, last = int(start.timestamp()), int(end.timestamp())
    while here < last:
        there = min(here + 3 * 3600, last)
        if offset(here) != offset(there):
            low, high = here, there
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            yield datetime.fromtimestamp(high, UTC)
        here = there
