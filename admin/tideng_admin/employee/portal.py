"""The employee's portal, made for a phone: my day, what was said to me and why, and my answer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection

from tideng.base.errors import Refused
from tideng.base.locales import tag
from tideng.base.problems import say
from tideng.base.text import comma, phrase
from tideng.model.calendars import local_moment
from tideng.model.statuses import NudgeStatus
from tideng.outbox import contest
from tideng.outbox.policy import Speaking
from tideng.outbox.snooze import choices, snooze, times_left
from tideng.plugins.todos import Todo, todos
from tideng.responses.answers import respond, take_back
from tideng.store.database import reading, writing
from tideng.views.day_board import HOLD, BoardFilter, OpenMatter, board
from tideng.views.notes import notes_to_me
from tideng.views.nudges import NudgeFilter, NudgeView, finding, nudges, siblings
from tideng.views.own_day import (
    Done,
    Goal,
    goals,
    happened,
    is_concerned,
)
from tideng_admin.display import rules
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    cursor,
    needs,
)
from tideng_admin.display.filters import moment, named, value
from tideng_admin.display.reasons import (
    event_title,
    limit_words,
    reason_lines,
    trigger_words,
)
from tideng_admin.display.upcoming import deed_words, later_deeds
from tideng_admin.display.why_tree import (
    Branch,
    TreePart,
    explanation_of,
    parts_of,
)
from tideng_admin.request.context import Web, locale, web
from tideng_rules.why.upcoming import Expected, expected

OPEN_STATUSES = (NudgeStatus.TOLD, NudgeStatus.WAITING, NudgeStatus.PARKED)
_SHOWN_VALUE = 40
_STILL_OPEN = timedelta(days=4)
"""Longer than anything stays open on a day: marks of the day before, wherever in the world that is."""
_UNITS: Mapping[str, Any] = {
    "visits": _l("visits"),
    "reports": _l("reports"),
    "people": _l("people"),
    "points": _l("points"),
    "items": _l("items"),
    "characters": _l("characters"),
    "days": _l("days"),
}


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something that is open for the reader. `before`: until when it helps to do it."""

    id: int
    at: datetime
    title: str
    message: str
    locale: str
    before: str
    href: str


@dataclass(frozen=True, slots=True)
class DayLine:
    """One line of a day. `look`: '' done, lamp open, later on hold, todo to come."""

    at: datetime
    clock: str
    title: str
    more: str
    look: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """What is expected next: its title, and when in words."""

    title: str
    when: str


@dataclass(frozen=True, slots=True)
class GoalShown:
    """A target as it is drawn; `value` None: no data; `share` None: no bar."""

    title: str
    value: str | None
    target: str
    share: float | None


@dataclass(frozen=True, slots=True)
class LaterStep:
    """What happens at `when` if it is still open."""

    when: str
    then: str


@dataclass(frozen=True, slots=True)
class Undo:
    """What was just said, and of which nudge, so that it can be taken back."""

    id: int
    text: str


class PortalPage(Page):
    """My day and my messages. Everybody has them, also those who look after others."""

    route_base = "/me"
    class_permission_name = "Inbox"
    default_view = "day"

    # -- pages -----------------------------------------------------------------------------------------------------
    @expose("/")
    @needs(READ)
    def day(self) -> str:
        here = web()
        viewer, now, zone = here.viewer(), here.now(), here.zone()
        today = now.astimezone(zone).date()
        tomorrow, after = (local_moment(today + timedelta(days=n), _MIDNIGHT, zone) for n in (1, 2))
        with reading(here.engine) as connection:
            matters, others = self._open(connection)
            outcomes = self.read_with(connection, contest.outcomes)
            left = self.read_with(connection, notes_to_me, size=20).items
            coming = expected(connection, here.deployment, viewer, self.directory, now, after, known_rules(here))
            done = happened(connection, viewer, here.day_began(), tomorrow)
            mine = goals(connection, viewer, self.directory, here.deployment.catalogue, now)
            spoke = {one.rule for one in (*matters, *others, *outcomes)}
            titles = rules.titles(connection, spoke)
            waiting = todos(here.deployment, connection, [viewer.person] if viewer.person else [], now)
        steps = _steps(matters, others, titles, waiting)
        said = {step.id for step in steps}
        held = [one for one in matters if one.status == HOLD and one.id not in said]
        lines = [_done_line(one) for one in done] + [_step_line(one) for one in steps]
        lines += [_held_line(one, named(titles.get(one.rule), one.rule)) for one in held]
        lines += [_coming_line(one) for one in coming if one.at < tomorrow]
        member = self.directory.at(viewer.person, now) if viewer.person else None
        return render_template(
            "tideng/portal_day.html",
            today=today,
            place=self.directory.units[member.unit].name if member and member.unit in self.directory.units else "",
            name=member.name if member else viewer.login,
            steps=steps,
            coming=[ExpectedLine(named(one.title, one.rule), moment(one.at)) for one in coming],
            outcomes=outcomes,
            notes=[one for one in left if not one.seen],
            titles=titles,
            line_today=sorted(lines, key=lambda line: line.at),
            line_tomorrow=[_coming_line(one) for one in coming if one.at >= tomorrow],
            goals=[_goal(one) for one in mine],
            undo=just_said(),
        )

    @expose("/messages/")
    @needs(READ)
    def messages(self) -> str:
        with reading(web().engine) as connection:
            page = self.read_with(connection, nudges, NudgeFilter(to_me=True), cursor())
            outcomes = self.read_with(connection, contest.outcomes)
            left = self.read_with(connection, notes_to_me, size=20).items
            titles = rules.titles(connection, {one.rule for one in (*page.items, *outcomes)})
        still = {one.id for one in page.items if one.status in OPEN_STATUSES}
        return render_template(
            "tideng/portal_messages.html",
            page=page,
            open=still,
            outcomes=outcomes,
            notes=left,
            titles=titles,
            undo=just_said(),
        )

    @expose("/nudges/<int:id>")
    @needs(READ)
    def nudge(self, id: int) -> str:
        here = web()
        with reading(here.engine) as connection:
            found = self.read_with(connection, finding, id)
            others = self.read_with(connection, siblings, found)
            rule = rules.version(connection, found.rule, found.version)
            matters, _others = self._open(connection)
        document = rule.document if rule else {}
        parts = parts_of(explanation_of(self.directory, found).conditions)
        person = here.viewer().person
        following = next((one.next for one in matters if one.id == found.id), None)
        return render_template(
            "tideng/portal_nudge.html",
            it=found,
            others=others,
            rule=rule,
            title=found.rule,
            trigger=trigger_words(document.get("when", {})),
            limit=limit_words(document.get("limit", {})),
            parts=parts,
            facts=_leaves(parts) or _lines(found, parts),
            mine=found.recipient == person != "",
            about_me=found.subject == person != "",
            choices=_choices(here, found),
            reasons=_reasons(),
            steps=[
                LaterStep(
                    moment(following.due),
                    deed_words(later_deeds(document, following.step), found.subject, following.due, here)
                    or _("it is looked at again"),
                )
            ]
            if following
            else [],
            seers=_seers(here, found),
            quiet=_quiet(here),
            undo=just_said(),
        )

    # -- what people say -----------------------------------------------------------------------------------------------
    @expose("/nudges/<int:id>/answer", methods=["POST"])
    @needs(WRITE)
    def answer(self, id: int) -> Any:
        kind, note = request.form.get("kind", ""), request.form.get("note", "")
        try:
            respond(web().deployment, id, web().viewer().person, kind, note)
        except Refused:
            flash(_("A few words are missing: what is not right?"), "warning")
            return redirect(url_for("PortalPage.nudge", id=id, words=1) + "#wrong")
        text = _("It stops now, and HR will have a look.") if kind == "disputed" else _("Thank you.")
        return self._said(id, text)

    @expose("/nudges/<int:id>/later", methods=["POST"])
    @needs(WRITE)
    def later(self, id: int) -> Any:
        try:
            until = datetime.fromisoformat(request.form.get("until", ""))
            snooze(web().deployment, id, web().viewer().person, until, self.directory)
        except ValueError:
            flash(_("This is not a day or a moment."), "warning")
            return redirect(url_for("PortalPage.nudge", id=id))
        except Refused as refused:
            for problem in refused.problems:
                flash(say(problem.moved(""), locale()).line, "warning")
            return redirect(url_for("PortalPage.nudge", id=id))
        return self._said(id, _("You will be reminded again %(when)s.", when=moment(until)))

    @expose("/nudges/<int:id>/undo", methods=["POST"])
    @needs(WRITE)
    def undo(self, id: int) -> Any:
        try:
            undone = take_back(web().deployment, id, web().viewer().person)
        except Refused as refused:
            for problem in refused.problems:
                flash(say(problem, locale()).problem, "warning")
        else:
            if undone:
                flash(_("Taken back. It is as it was before."), "success")
        return redirect(url_for("PortalPage.nudge", id=id))

    @expose("/contests/<int:id>/seen", methods=["POST"])
    @needs(WRITE)
    def seen(self, id: int) -> Any:
        with writing(web().engine) as connection:
            contest.put_away(connection, web().viewer(), id, web().now())
        return redirect(url_for("PortalPage.messages"))

    @expose("/manifest.webmanifest")
    def manifest(self) -> Any:
        """What a phone needs to put the portal on its home screen. It says nothing of anybody, so that nobody has to sign in."""
        icon = {"src": url_for("static", filename="lantern.svg"), "sizes": "any", "type": "image/svg+xml"}
        shown = {
            "name": _("Tideng"),
            "short_name": _("Tideng"),
            "description": _("My day, my messages and my data"),
            "lang": tag(locale()),
            "start_url": "/me/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#1D2D39",
            "theme_color": "#1D2D39",
            "icons": [{**icon, "purpose": "any"}, {**icon, "purpose": "maskable"}],
        }
        response = current_app.json.response(shown)
        response.mimetype = "application/manifest+json"
        return response

    # -- helpers -------------------------------------------------------------------------------------------------------
    def _open(self, connection: Connection) -> tuple[list[OpenMatter], list[NudgeView]]:
        """What is open about me, and what I was asked to do for others today and have not answered."""
        me = web().viewer().person
        if not me or not is_concerned(connection, web().viewer(), web().now() - _STILL_OPEN):
            return [], []
        shown = self.read_with(connection, board, BoardFilter(only=[me]))
        matters = [matter for one in shown.people for matter in one.matters]
        wanted = NudgeFilter(to_me=True, since=web().day_began())
        said = self.read_with(connection, nudges, wanted, size=20).items
        known = {matter.id for matter in matters}
        others = [one for one in said if one.subject != me and one.status in OPEN_STATUSES and one.id not in known]
        return matters, others

    @staticmethod
    def _said(id: int, text: str) -> Any:
        session["said"] = {"id": id, "text": text}
        back = request.form.get("back", "")
        return redirect(url_for("PortalPage.messages") if back == "messages" else url_for("PortalPage.day"))


_MIDNIGHT = datetime.min.time()


def just_said() -> Undo | None:
    """What the reader said in the request before this one; once."""
    said = session.pop("said", None)
    return Undo(int(said["id"]), str(said["text"])) if isinstance(said, dict) else None


def known_rules(here: Web) -> Any:
    """The `who` of rules that were read before: kept as long as the app."""
    return current_app.extensions.setdefault("tideng_portal_rules", {})


def portal_tabs() -> list[tuple[str, str, str, str]]:
    """The tabs below every page of the portal: key, icon, word, address. A plugin's key is the name of its view."""
    here = web()
    found = [
        (10, ("today", "today", _("Today"), url_for("PortalPage.day"))),
        (40, ("messages", "bell", named(phrase("Messages", context="portal")), url_for("PortalPage.messages"))),
        (90, ("data", "shield", _("My data"), url_for("MyDataPage.show_all"))),
    ]
    if "TeamPage.show_all" in current_app.view_functions and here.may("can_read", "Team"):
        found.append((60, ("team", "people", _("Team"), url_for("TeamPage.show_all"))))
    for screen in here.screens:
        if screen.portal and here.may(screen.permission, screen.name):
            tab = (screen.view.__name__, screen.icon, named(screen.title), url_for(screen.endpoint))
            found.append((screen.portal, tab))
    return [tab for _order, tab in sorted(found)]


# -- what stands on the day -------------------------------------------------------------------------------------------


def _steps(
    matters: Sequence[OpenMatter], others: Sequence[NudgeView], titles: Any, waiting: Sequence[Todo]
) -> list[OpenItem]:
    """What is open, what comes due first first; what is on hold is no step."""
    found: list[tuple[datetime, OpenItem]] = [
        (one.due or one.since + timedelta(days=365), _todo(one)) for one in waiting
    ]
    for one in matters:
        if one.status != HOLD:
            due = one.next.due if one.next else None
            before = _("Done before %(when)s, you are not reminded again.", when=moment(due)) if due else ""
            step = _step(one.id, one.at, named(titles.get(one.rule), one.rule), one.message, one.locale, before)
            found.append((due or one.at + timedelta(days=365), step))
    for other in others:
        title = named(titles.get(other.rule), other.rule)
        about = _("about %(name)s", name=other.subject_name)
        step = _step(other.id, other.at, title, other.message, other.locale, about)
        found.append((other.at + timedelta(days=365), step))
    return [step for _due, step in sorted(found, key=lambda pair: (pair[0], pair[1].id))]


def _todo(one: Todo) -> OpenItem:
    """A step that a plugin says is waiting: where it is done, about whom, and until when."""
    about = _("about %(name)s", name=web().name_of(one.about)) if one.about else ""
    before = _("until %(when)s", when=moment(one.due)) if one.due else ""
    return OpenItem(0, one.since, named(one.title), about, locale(), before, one.href)


def _step(id: int, at: datetime, title: str, message: str | None, language: str | None, before: str) -> OpenItem:
    return OpenItem(id, at, title, message or "", language or "", before, url_for("PortalPage.nudge", id=id))


def _clock(at: datetime) -> str:
    return at.astimezone(web().zone()).strftime("%H:%M")


def _done_line(one: Done) -> DayLine:
    return DayLine(one.time, _clock(one.time), event_title(one.type), _first_words(one), "")


def _first_words(one: Done) -> str:
    """The first short text of an event that may stand on a page somebody looks at in the tram."""
    kind = web().deployment.catalogue.event_types.get(one.type)
    for field in kind.fields if kind else ():
        text = one.data.get(field.name)
        if field.type == "text" and not field.sensitive and isinstance(text, str) and text:
            return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}…"
    return ""


def _step_line(one: OpenItem) -> DayLine:
    return DayLine(one.at, _clock(one.at), one.title, one.before, "lamp", one.href)


def _held_line(one: OpenMatter, title: str) -> DayLine:
    more = _("again %(when)s", when=moment(one.until)) if one.until else _("waits for HR")
    return DayLine(one.at, _clock(one.at), title, more, "later", url_for("PortalPage.nudge", id=one.id))


def _coming_line(one: Expected) -> DayLine:
    more = _("Done by then, nothing comes.") if one.sure else _("Only if it concerns you then.")
    return DayLine(one.at, _clock(one.at), named(one.title, one.rule), more, "todo")


def _goal(one: Goal) -> GoalShown:
    unit = str(_UNITS.get(one.unit, web().deployment.catalogue.shown_unit(one.unit)))
    suffix = f" {unit}" if unit and unit != "share" else ""
    target = f"/ {value(one.target)}{suffix}" if one.op in (">", ">=") else _("at most %(n)s", n=value(one.target))
    return GoalShown(named(one.title, one.metric), None if one.value is None else value(one.value), target, one.share)


# -- what stands on a nudge -------------------------------------------------------------------------------------------


def _leaves(parts: Sequence[TreePart]) -> list[Branch]:
    """The conditions without their groups, in the order in which they were looked at."""
    found: list[Branch] = []
    waiting = [part.top for part in reversed(parts)]
    while waiting:
        one = waiting.pop()
        if one.group:
            waiting.extend(reversed(one.items))
        else:
            found.append(one)
    return found


def _lines(found: NudgeView, parts: Sequence[TreePart]) -> list[Branch]:
    """The reasons as they were kept, where they do not fit the version of the rule any more."""
    states = {"unknown": "na"}
    kept = [] if parts else reason_lines(found.why)
    return [Branch(states.get(one.state, one.state), one.sentence, one.actual, (), False) for one in kept]


def _choices(here: Web, found: NudgeView) -> list[tuple[str, str]]:
    """Until when it may be put off: (moment, words). None where it does not come again."""
    open_ = found.status in (*OPEN_STATUSES, NudgeStatus.SNOOZED, NudgeStatus.HELD, NudgeStatus.ACKNOWLEDGED)
    if found.recipient != here.viewer().person or not found.recipient or not found.message or not open_:
        return []
    if not times_left((one.key for one in found.deliveries), found.id):
        return []
    now, speaking = here.now(), Speaking.of(here.deployment.profile)
    moments = choices(found.at, found.period, found.recipient, now, speaking, here.directory())
    return [(at.isoformat(), _in_words(at, now)) for at in moments]


def _in_words(at: datetime, now: datetime) -> str:
    minutes = round((at - now).total_seconds() / 60)
    if minutes > 61:
        return moment(at)
    return _("in 1 hour") if minutes >= 59 else _("in %(n)s minutes", n=minutes + (minutes % 5 == 4))


def _reasons() -> list[str]:
    return [_("I have done it already"), _("It does not concern me"), _("I am on leave"), _("It does not help me")]


def _seers(here: Web, found: NudgeView) -> str:
    """Who may read it: the reader, whom it is about, who they report to, and HR."""
    person = found.subject if here.directory().knows(found.subject) else found.recipient or ""
    member = here.directory().at(person, here.now())
    people = [_("you")]
    if found.subject != here.viewer().person and here.directory().knows(found.subject):
        people.append(found.subject_name)
    if member and member.supervisor and member.supervisor != here.viewer().person:
        people.append(here.name_of(member.supervisor))
    people.append(_("HR"))
    return (comma(locale())).join(dict.fromkeys(people))


def _quiet(here: Web) -> str:
    hours = here.deployment.profile.quiet_hours
    return f"{hours[0]:%H:%M}–{hours[1]:%H:%M}" if hours else ""
