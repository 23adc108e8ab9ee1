"""The checks for everything that can keep a rule silent: whether it did, with a clause that says what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tideng.access.viewer import name_of
from tideng.base.problems import in_each_language, sentence_of_text
from tideng.base.text import Each, phrase, same, wording
from tideng.facts.frequency import Said, may_speak, period_of
from tideng.facts.names import Needs
from tideng.model.catalogue import Text
from tideng.model.judge_contract import OnSchedule
from tideng.model.statuses import UNDELIVERED, EventStatus, MessageStatus
from tideng.runtime.lateness import ON_TIME
from tideng.store.agenda import schedule_run
from tideng_rules.document.model import Rule
from tideng_rules.lifecycle.state_at import Standing
from tideng_rules.lifecycle.versions import Version
from tideng_rules.why.inquiry import Inquiry
from tideng_rules.why.moments import Asked, Search
from tideng_rules.why.record import Told
from tideng_rules.wording.answers import day_words

_ON_RECORD = phrase("It is on record")


@dataclass(frozen=True, slots=True)
class Stop:
    """The result of one check as a clause per language; `stopped`: it kept the rule silent."""

    said: Text
    finding: int | None = None
    stopped: bool = True

    @classmethod
    def passed(cls, said: Text, finding: int | None = None) -> Stop:
        return cls(said, finding, False)


@dataclass(frozen=True, slots=True)
class Run:
    """Whether the rule was judged. `at`: the moment it was judged as of, if that is not the planned one; `known_by`: events
    received until then were known."""

    stop: Stop
    at: datetime | None = None
    known_by: datetime | None = None


class Blockers:
    """The checks for one inquiry, each on its own."""

    def __init__(
        self,
        inquiry: Inquiry,
    ):
        self._deployment, self._connection, self._past = inquiry.deployment, inquiry.connection, inquiry.past
        self._teller, self._zone, self._now, self._when = inquiry.teller, inquiry.zone, inquiry.now, inquiry.when

    # -- the rule ----------------------------------------------------------------------------------------------
    def rule(
        self,
        standing: Standing,
        version: Version,
        rule: Rule | None,
        asked: Asked | None,
        at: datetime,
        asks_version: bool,
    ) -> Stop:
        """Whether this version was in force, and neither paused nor in quarantine."""
        moment = asked.since if asked else at
        n = version.version
        if rule is None:
            return Stop(phrase("version {n} of the rule cannot be read any more", n=n))
        stop = self._out_of_force(standing, version, moment, asked, asks_version)
        if stop is not None:
            return stop
        pause = standing.paused(moment)
        if pause:
            since = self._when(pause.since)
            return Stop(
                phrase(
                    "the rule has been paused since {since} ({by}: {why})",
                    since=since,
                    by=pause.by,
                    why=_why(pause.why),
                )
            )
        aside = standing.set_aside(n, moment)
        if aside:
            since = self._when(aside.since)
            return Stop(phrase("version {n} has been set aside since {since} ({why})", n=n, since=since, why=aside.why))
        return Stop.passed(phrase("Version {n} was in force", n=n))

    def _out_of_force(
        self, standing: Standing, version: Version, moment: datetime, asked: Asked | None, asks_version: bool
    ) -> Stop | None:
        n, ended, begun = version.version, standing.ended(version), version.published_at or version.created_at
        if moment < begun:
            shown = self._when(begun)
            first = phrase("the rule") if not asks_version else phrase("version {n}", n=n)
            return Stop(phrase("{first} was not published until {shown}", first=first, shown=shown))
        in_force = standing.at(moment)
        if in_force is None or in_force.version != n:
            shown = self._when(ended or begun)
            what = phrase("the rule") if in_force is None else phrase("version {n}", n=n)
            return Stop(phrase("{what} went out of force on {shown}", what=what, shown=shown))
        scheduled = asked is not None and "every" in version.document.get("when", {})
        if scheduled and version.since is not None and asked is not None and asked.at < version.since:
            shown = self._when(version.since)
            return Stop(
                phrase(
                    "the rule asks at this time only since {shown} (it was new, moved, or just resumed)", shown=shown
                )
            )
        return None

    # -- the moment --------------------------------------------------------------------------------------------
    def moment(self, rule: Rule, search: Search) -> Stop:
        """Whether the trigger has a moment on that day."""
        asked = search.asked
        if asked is None:
            return self._no_moment(rule, search)
        at = self._when(asked.at)
        if asked.answer is not None:
            came, title = self._when(asked.answer.time), self._teller.event(asked.answer.type)
            if asked.state == "complete":
                return Stop(phrase("everything it waited for came in time"))
            return Stop(
                phrase("“{title}” came on {came}, before the time ran out on {at}", title=title, came=came, at=at)
            )
        if asked.at > self._now:
            return Stop(phrase("it will not ask before {at}", at=at))
        more: Text = same("")
        if asked.others:
            more = phrase(" (one of {n} that day: the nearest)", n=asked.others + 1, others=asked.others)
        return Stop.passed(phrase("{teller}: {at}{more}", teller=self._teller.trigger(), at=at, more=more))

    def _no_moment(self, rule: Rule, search: Search) -> Stop:
        day = search.day
        shown = day_words(day)
        if isinstance(rule.trigger, OnSchedule):
            asks = _small(self._teller.trigger())
            if rule.trigger.every == "workday":
                clause: Text = phrase("{day} is a day off (it asks: {trigger})", day=shown, trigger=asks)
            else:
                clause = phrase("{day} is not a day on which it asks (it asks: {trigger})", day=shown, trigger=asks)
        else:
            title = self._teller.events(search.types)
            clause = phrase("there was no “{title}” on {shown}", title=title, shown=shown)
        if search.before is not None:
            clause = phrase("{clause}; the one before was {moment}", clause=clause, moment=self._when(search.before))
        if search.after is not None:
            clause = phrase("{clause}; the next one {moment}", clause=clause, moment=self._when(search.after))
        return Stop(clause)

    # -- the subject -------------------------------------------------------------------------------------------
    def subject(self, rule: Rule, subject: str, asked: Asked) -> Stop:
        """Whether the person was employed and at work."""
        directory = self._past.directory
        if rule.about != "person" or not directory.knows(subject):
            return Stop.passed(phrase("It was there then"))
        name = name_of(directory, subject, asked.at)
        if directory.at(subject, asked.at) is None:
            return Stop(phrase("{name} was not employed then", name=name))
        if isinstance(rule.trigger, OnSchedule):
            away = self._away(subject, asked.at)
            if away is not None:
                return Stop(phrase("{name} was away then ({away})", name=name, away=away))
        return Stop.passed(phrase("{name} was employed then", name=name))

    def _away(self, subject: str, at: datetime) -> Text | None:
        world = self._past.world({subject}, Needs(), at)
        names = [name for name, state in self._deployment.catalogue.states.items() if state.absent]
        found = next((name for name in names if world.in_state(subject, name, at)), None)
        return self._teller.fact(found) if found else None

    # -- whether anybody asked ---------------------------------------------------------------------------------
    def run(self, rule: Rule, subject: str, asked: Asked) -> Run:
        """Whether the event or the scheduled round was judged in time."""
        if asked.at > self._now:
            return Run(Stop.passed(phrase("It has not come yet")))
        if isinstance(rule.trigger, OnSchedule):
            return self._scheduled(rule, asked)
        if asked.state == "missed":
            return Run(Stop(self._teller.note(asked.note)))
        if asked.state == "open" and asked.answer is None:
            return Run(Stop(phrase("it has come due and waits to be judged")))
        return Run(self._heard(asked))

    def _scheduled(self, rule: Rule, asked: Asked) -> Run:
        row = schedule_run(self._connection, rule.id, self._zone.key, asked.at.astimezone(self._zone).date())
        if row is None:
            return Run(Stop(phrase("that round has not been asked")))
        if row.outcome == "missed":
            if not row.note:
                return Run(Stop(phrase("that round was missed")))
            note = self._teller.note(row.note)
            return Run(Stop(phrase("that round was missed: {note}", note=note)))
        late = row.ran_at - row.due > ON_TIME
        ran = self._when(row.ran_at)
        said = phrase("It was asked ({ran})", ran=ran)
        return Run(Stop.passed(said), row.ran_at if late else None, row.ran_at)

    def _heard(self, asked: Asked) -> Stop:
        one = asked.event
        if one is None:
            return Stop.passed(phrase("It was asked when it came due"))
        received, hours = self._when(one.received), self._deployment.settings.speak_within_hours
        if one.history:
            return Stop(phrase("the event came in as history, which counts and speaks to nobody"))
        if one.received - one.event.time > timedelta(hours=hours):
            return Stop(
                phrase(
                    "it was received on {received}, more than {hours} hours later, which is too late to speak",
                    received=received,
                    hours=f"{hours:g}",
                )
            )
        if one.status == EventStatus.FAILED:
            return Stop(phrase("the event could not be judged and waits for somebody to look"))
        if one.status != EventStatus.JUDGED:
            return Stop(phrase("it came in and waits to be judged"))
        return Stop.passed(phrase("It was received on {received}", received=received))

    # -- its limit, and what was said --------------------------------------------------------------------------
    def limit(self, rule: Rule, subject: str, asked: Asked, facts: Mapping[str, Any], told: Told) -> Stop:
        """Whether the limit allowed another message."""
        day = self._past.directory.local_day(subject, asked.at)
        period = period_of(rule.limit, day, asked.occurrence, facts)
        spoken = [said for said, _ in told.earlier]
        if told.finding is not None or may_speak(rule.limit, asked.at, day, period, spoken):
            return Stop.passed(phrase("Its limit allowed it"))
        said, finding = self._blocking(rule, asked, day, period, told)
        at = self._when(said.at)
        return Stop(
            phrase("it had spoken already on {at}, and its limit allows no more", at=at),
            finding,
        )

    @staticmethod
    def _blocking(rule: Rule, asked: Asked, day: Any, period: str, told: Told) -> tuple[Said, int]:
        """The latest one that stands in the way by itself; else the latest of those that do together."""
        alone = [one for one in told.earlier if not may_speak(rule.limit, asked.at, day, period, [one[0]])]
        return max(alone or told.earlier, key=lambda one: one[0].at)

    def told(self, told: Told) -> Iterator[tuple[str, Stop]]:
        """What happened to the finding: withdrawn, its message held back, or delivered."""
        if told.finding is None:
            return
        if told.state != "live":
            because = self._teller.note(told.withdrawn_because)
            clause = phrase("it spoke, and that was withdrawn ({because})", because=because)
            yield "withdrawn", Stop(clause, told.finding)
            return
        held = self._held(told)
        yield ("held", Stop(held, told.finding)) if held else ("record", Stop.passed(_ON_RECORD, told.finding))

    def _held(self, told: Told) -> Text | None:
        """Why the message has not been delivered yet; None if nothing holds it."""
        waiting = [one for one in told.messages if one.status in UNDELIVERED and one.held_because]
        if waiting:
            because = self._teller.note(waiting[0].held_because)
            if waiting[0].status == MessageStatus.HELD:
                return phrase("its message is held back ({because})", because=because)
            due = self._when(waiting[0].due)
            return phrase("its message is held back ({because}) until {due}", because=because, due=due)
        if any(one.status == MessageStatus.PARKED for one in told.messages):
            return phrase("its message could not be delivered and waits for somebody to look")
        return None


def _small(text: Text) -> Text:
    """The text with a small letter at its beginning, where the language has any."""

    def small(language: str) -> str:
        of = wording(text, language)
        return of[:1].lower() + of[1:]

    return Each(small)


def _why(why: str) -> Text | str:
    """Why a rule is paused: a stored sentence, or the words of a person."""
    sentence = sentence_of_text(why)
    return in_each_language(sentence) if sentence else ""
