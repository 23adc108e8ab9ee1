"""The checks for everything that can keep a rule silent: whether it did, with a clause that says what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tideng.access.viewer import name_of
from tideng.base.problems import phrase_of_text, say_phrase
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
from tideng_rules.wording.answers import both

_ON_RECORD = both("有记录", "It is on record")


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
            return Stop(both(f"这条规则的第 {n} 版现在读不了", f"version {n} of the rule cannot be read any more"))
        stop = self._out_of_force(standing, version, moment, asked, asks_version)
        if stop is not None:
            return stop
        pause = standing.paused(moment)
        if pause:
            since = self._when(pause.since)
            return Stop(
                both(
                    f"规则从 {since['zh']} 起暂停（{pause.by}：{_phrase(pause.why, 'zh')}）",
                    f"the rule has been paused since {since['en']} ({pause.by}: {_phrase(pause.why, 'en')})",
                )
            )
        aside = standing.set_aside(n, moment)
        if aside:
            since = self._when(aside.since)
            return Stop(
                both(
                    f"第 {n} 版从 {since['zh']} 起被隔离（{aside.why}）",
                    f"version {n} has been set aside since {since['en']} ({aside.why})",
                )
            )
        return Stop.passed(both(f"第 {n} 版当时有效", f"Version {n} was in force"))

    def _out_of_force(
        self, standing: Standing, version: Version, moment: datetime, asked: Asked | None, asks_version: bool
    ) -> Stop | None:
        n, ended, begun = version.version, standing.ended(version), version.published_at or version.created_at
        if moment < begun:
            shown = self._when(begun)
            first = both("规则", "the rule") if not asks_version else both(f"第 {n} 版", f"version {n}")
            return Stop(
                both(f"{first['zh']}到 {shown['zh']} 才发布", f"{first['en']} was not published until {shown['en']}")
            )
        in_force = standing.at(moment)
        if in_force is None or in_force.version != n:
            shown = self._when(ended or begun)
            what = both("规则", "the rule") if in_force is None else both(f"第 {n} 版", f"version {n}")
            return Stop(
                both(f"{what['zh']}在 {shown['zh']} 已停用", f"{what['en']} went out of force on {shown['en']}")
            )
        scheduled = asked is not None and "every" in version.document.get("when", {})
        if scheduled and version.since is not None and asked is not None and asked.at < version.since:
            shown = self._when(version.since)
            return Stop(
                both(
                    f"规则从 {shown['zh']} 起才按这个时间询问（新发布、改了时间，或刚恢复）",
                    f"the rule asks at this time only since {shown['en']} (it was new, moved, or just resumed)",
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
                return Stop(both("等的事都按时来了", "everything it waited for came in time"))
            return Stop(
                both(
                    f"“{title['zh']}”在 {came['zh']} 来了，赶上了 {at['zh']} 的期限",
                    f"“{title['en']}” came on {came['en']}, before the time ran out on {at['en']}",
                )
            )
        if asked.at > self._now:
            return Stop(both(f"要到 {at['zh']} 才问", f"it will not ask before {at['en']}"))
        more = both("", "")
        if asked.others:
            more = both(
                f"（当天还有 {asked.others} 次，这是离所问时刻最近的一次）",
                f" (one of {asked.others + 1} that day: the nearest)",
            )
        return Stop.passed(
            both(
                f"{self._teller.trigger()['zh']}：{at['zh']}{more['zh']}",
                f"{self._teller.trigger()['en']}: {at['en']}{more['en']}",
            )
        )

    def _no_moment(self, rule: Rule, search: Search) -> Stop:
        day = search.day
        shown = both(f"{day.year}年{day.month}月{day.day}日", f"{day:%A} {day.day} {day:%B} {day.year}")
        if isinstance(rule.trigger, OnSchedule):
            workday = rule.trigger.every == "workday"
            what = both(
                "是休息日" if workday else "不是该问的日子",
                "is a day off" if workday else "is not a day on which it asks",
            )
            asks = self._teller.trigger()
            clause = both(
                f"{shown['zh']}{what['zh']}（它{asks['zh']}问）",
                f"{shown['en']} {what['en']} (it asks: {_small(asks['en'])})",
            )
        else:
            title = self._teller.events(search.types)
            clause = both(f"{shown['zh']}没有“{title['zh']}”", f"there was no “{title['en']}” on {shown['en']}")
        near = (("前一次", "the one before was", search.before), ("后一次", "the next one", search.after))
        for zh, en, moment in near:
            if moment is not None:
                at = self._when(moment)
                clause = both(f"{clause['zh']}，{zh} {at['zh']}", f"{clause['en']}; {en} {at['en']}")
        return Stop(clause)

    # -- the subject -------------------------------------------------------------------------------------------
    def subject(self, rule: Rule, subject: str, asked: Asked) -> Stop:
        """Whether the person was employed and at work."""
        directory = self._past.directory
        if rule.about != "person" or not directory.knows(subject):
            return Stop.passed(both("当时存在", "It was there then"))
        name = name_of(directory, subject, asked.at)
        if directory.at(subject, asked.at) is None:
            return Stop(both(f"{name}那时不在职", f"{name} was not employed then"))
        if isinstance(rule.trigger, OnSchedule):
            away = self._away(subject, asked.at)
            if away is not None:
                return Stop(both(f"{name}那时{away['zh']}", f"{name} was away then ({away['en']})"))
        return Stop.passed(both(f"{name}当时在职", f"{name} was employed then"))

    def _away(self, subject: str, at: datetime) -> Text | None:
        world = self._past.world({subject}, Needs(), at)
        names = [name for name, state in self._deployment.catalogue.states.items() if state.absent]
        found = next((name for name in names if world.in_state(subject, name, at)), None)
        return self._teller.fact(found) if found else None

    # -- whether anybody asked ---------------------------------------------------------------------------------
    def run(self, rule: Rule, subject: str, asked: Asked) -> Run:
        """Whether the event or the scheduled round was judged in time."""
        if asked.at > self._now:
            return Run(Stop.passed(both("还没到时候", "It has not come yet")))
        if isinstance(rule.trigger, OnSchedule):
            return self._scheduled(rule, asked)
        if asked.state == "missed":
            note = self._teller.note(asked.note)
            return Run(Stop(both(note["zh"], note["en"])))
        if asked.state == "open" and asked.answer is None:
            return Run(Stop(both("到期了，还没有轮到判断", "it has come due and waits to be judged")))
        return Run(self._heard(asked))

    def _scheduled(self, rule: Rule, asked: Asked) -> Run:
        row = schedule_run(self._connection, rule.id, self._zone.key, asked.at.astimezone(self._zone).date())
        if row is None:
            return Run(Stop(both("那一轮还没有问过", "that round has not been asked")))
        if row.outcome == "missed":
            if not row.note:
                return Run(Stop(both("那一轮错过了", "that round was missed")))
            note = self._teller.note(row.note)
            return Run(Stop(both(f"那一轮错过了：{note['zh']}", f"that round was missed: {note['en']}")))
        late = row.ran_at - row.due > ON_TIME
        ran = self._when(row.ran_at)
        said = both(f"问过了（{ran['zh']}）", f"It was asked ({ran['en']})")
        return Run(Stop.passed(said), row.ran_at if late else None, row.ran_at)

    def _heard(self, asked: Asked) -> Stop:
        one = asked.event
        if one is None:
            return Stop.passed(both("到期时问过了", "It was asked when it came due"))
        received, hours = self._when(one.received), self._deployment.settings.speak_within_hours
        if one.history:
            return Stop(
                both(
                    "这件事是作为历史导入的，只计数，不提醒",
                    "the event came in as history, which counts and speaks to nobody",
                )
            )
        if one.received - one.event.time > timedelta(hours=hours):
            return Stop(
                both(
                    f"{received['zh']} 才收到，已超过 {hours:g} 小时，太晚了就不再说",
                    f"it was received on {received['en']}, more than {hours:g} hours later, which is too late to speak",
                )
            )
        if one.status == EventStatus.FAILED:
            return Stop(
                both("这件事没能判断，等人来看", "the event could not be judged and waits for somebody to look")
            )
        if one.status != EventStatus.JUDGED:
            return Stop(both("收到了，还没有轮到判断", "it came in and waits to be judged"))
        return Stop.passed(both(f"{received['zh']} 收到", f"It was received on {received['en']}"))

    # -- its limit, and what was said --------------------------------------------------------------------------
    def limit(self, rule: Rule, subject: str, asked: Asked, facts: Mapping[str, Any], told: Told) -> Stop:
        """Whether the limit allowed another message."""
        day = self._past.directory.local_day(subject, asked.at)
        period = period_of(rule.limit, day, asked.occurrence, facts)
        spoken = [said for said, _ in told.earlier]
        if told.finding is not None or may_speak(rule.limit, asked.at, day, period, spoken):
            return Stop.passed(both("频率允许", "Its limit allowed it"))
        said, finding = self._blocking(rule, asked, day, period, told)
        at = self._when(said.at)
        return Stop(
            both(
                f"{at['zh']} 已经说过一次，频率不允许再说",
                f"it had spoken already on {at['en']}, and its limit allows no more",
            ),
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
            clause = both(f"说过，后来撤回了（{because['zh']}）", f"it spoke, and that was withdrawn ({because['en']})")
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
                return both(f"消息先留着（{because['zh']}）", f"its message is held back ({because['en']})")
            due = self._when(waiting[0].due)
            return both(
                f"消息先留着（{because['zh']}），{due['zh']} 再发",
                f"its message is held back ({because['en']}) until {due['en']}",
            )
        if any(one.status == MessageStatus.PARKED for one in told.messages):
            return both("消息没发出去，等人来看", "its message could not be delivered and waits for somebody to look")
        return None


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _phrase(why: str, locale: str) -> str:
    """Why a rule is paused: a stored message, or what a person wrote."""
    message = phrase_of_text(why)
    return say_phrase(message, locale) if message else ""
