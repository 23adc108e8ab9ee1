"""What will happen next by itself, in words: the next step of what is open, what is held until when, and what rules ask today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from tideng.base.text import pause
from tideng.judging.schedules import moments
from tideng.model.catalogue import Text
from tideng.model.judge_contract import OnSchedule, Watch
from tideng.model.statuses import HeldReason
from tideng.org.directory import Directory
from tideng.outbox.policy import BUDGETS
from tideng.views.day_board import (
    HOLD,
    NEED,
    OPEN,
    OpenMatter,
)
from tideng_admin.display.filters import mark_word, moment
from tideng_admin.request.context import Web, locale

_DAYS_AHEAD = 35
"""Far enough for every schedule to come once: a month and a few days."""


def next_words(matter: OpenMatter, document: Mapping[str, Any] | None, here: Web) -> str:
    """One clause: what happens next with `matter` unless its person does something before."""
    if matter.status == HOLD:
        return _held_words(matter, here)
    if matter.next is not None:
        deeds = later_deeds(document or {}, matter.next.step)
        doing = deed_words(deeds, matter.subject, matter.next.due, here)
        at = moment(matter.next.due)
        return _("%(time)s, if it is still open: %(what)s", time=at, what=doing or _("it is looked at again"))
    if matter.channel_failed:
        return _("The message could not be delivered.")
    if matter.status == OPEN:
        return _("Written down %(when)s. Nothing more is sent.", when=moment(matter.at))
    if matter.status == NEED:
        return _("Waits for the person. Nothing more is sent.")
    return _("Told %(when)s. Nothing more is sent.", when=moment(matter.sent_at or matter.at))


def _held_words(matter: OpenMatter, here: Web) -> str:
    if matter.response == "disputed" or matter.because == HeldReason.CONTESTED:
        return _("They say it is not right. Silent until somebody has looked.")
    if matter.because == HeldReason.STORM:
        return _("Far more people than in its preview. Kept until HR decides.")
    until = moment(matter.until) if matter.until else ""
    if matter.because == HeldReason.SNOOZED:
        return _("Put off by the person until %(when)s.", when=until)
    if matter.because == HeldReason.QUIET:
        place = here.directory().zone_of(matter.subject, here.now())
        if place.key != here.zone().key:
            local = f"{here.now().astimezone(place):%H:%M}"
            return _("It is %(local)s there, quiet hours. Goes out %(when)s.", local=local, when=until)
        return _("Quiet hours. Goes out %(when)s.", when=until)
    if matter.because in BUDGETS:
        return _("Enough messages for now. Goes out %(when)s.", when=until)
    if matter.because == HeldReason.DIGEST:
        return _("Kept for one message with others; it goes out %(when)s.", when=until)
    return _("Goes out %(when)s.", when=until)


def later_deeds(document: Mapping[str, Any], step: int) -> Sequence[Mapping[str, Any]]:
    """The actions of later step number `step` (1-based) of a rule document; () where it has none."""
    later = document.get("later") or ()
    if not isinstance(later, list) or not 0 < step <= len(later) or not isinstance(later[step - 1], Mapping):
        return ()
    then = later[step - 1].get("then") or ()
    return [one for one in (then if isinstance(then, list) else [then]) if isinstance(one, Mapping)]


def deed_words(deeds: Iterable[Mapping[str, Any]], subject: str, at: datetime, here: Web) -> str:
    """What some actions of a rule do, and to whom, as far as it is known today: 请王海燕帮忙."""
    directory, asked, noted = here.directory(), [], []
    for deed in deeds:
        if "nudge" in deed or "ask" in deed:
            asked.append(_asking(str(deed.get("nudge") or deed.get("to") or "person"), subject, at, directory, here))
        elif "mark" in deed:
            noted.append(_("it is written down as “%(mark)s”", mark=mark_word(str(deed["mark"]))))
    # who is asked matters more than what is written down
    return (pause(locale())).join(dict.fromkeys([*asked, *noted]))


def _asking(to: str, subject: str, at: datetime, directory: Directory, here: Web) -> str:
    if to == "person":
        return _("the person is told")
    if to == "supervisor":
        found = directory.supervisor(subject, at, lambda one: False)
        return _("%(name)s is asked to help", name=here.name_of(found)) if found else _("HR is asked to help")
    if to == "hr":
        return _("HR is asked to help")
    if to == "owner":
        return _("whoever answers for it is asked")
    holder = directory.role(to.removeprefix("role:"), at, lambda one: False)
    return _("%(name)s is asked to help", name=here.name_of(holder)) if holder else _("HR is asked to help")


@dataclass(frozen=True, slots=True)
class UpcomingCheck:
    """A rule that asks by the clock: `at` is the next moment (UTC), `steps` how many later steps it has."""

    rule: str
    version: int
    title: Text
    at: datetime
    steps: int


def watches(here: Web) -> list[Watch]:
    """What the rules in force want to be asked about; from memory."""
    return [watch for part in here.deployment.plugins.call("watches") for watch in part]


def coming(here: Web, zone_name: str, until: datetime | None = None, about: str = "person") -> list[UpcomingCheck]:
    """The next moment of every rule that asks everyone by the clock in one zone, soonest first; up to `until` where given."""
    now, found = here.now(), []
    calendar = here.deployment.calendar
    for watch in watches(here):
        if not isinstance(watch.trigger, OnSchedule) or watch.about != about:
            continue
        last = until or now + timedelta(days=_DAYS_AHEAD)
        due = next((at for _day, at in moments(watch.trigger, calendar, zone_name, now, last) if at > now), None)
        if due:
            found.append(UpcomingCheck(watch.rule, watch.version, watch.title, due, len(watch.steps)))
    return sorted(found, key=lambda one: (one.at, one.rule))
