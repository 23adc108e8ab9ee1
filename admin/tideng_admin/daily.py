"""The pages people open every day: today, my messages, the list of nudges, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.views import IndexView
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import Connection, select

from tideng import viewing
from tideng.database import reading
from tideng.effects import respond
from tideng.errors import Refused
from tideng.tables import EventRow, FindingRow
from tideng_admin import rules_shown
from tideng_admin.page import READ, WRITE, Page, cursor, needs
from tideng_admin.rendering import CHIPS
from tideng_admin.web import Web, web
from tideng_admin.why_pages import explanation_of, parts_of
from tideng_admin.wording import limit_words, reason_lines, trigger_words

SHOWN_STATUSES = ("told", "held", "parked", "disputed", "withdrawn", "recorded")


class Start(IndexView):
    """The first page: where a person's day begins depends on what they may see."""

    @expose("/")
    def index(self) -> Any:
        if not current_user.is_authenticated:
            return redirect(url_for("LoginView.login"))
        menu = web().menu()
        return redirect(url_for(menu[0].endpoint if menu else "MorePage.show"))


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person. `fault`: a machine's, which alone may be red."""

    icon: str
    title: str
    text: str
    href: str
    button: str
    fault: bool = False


@dataclass(frozen=True, slots=True)
class Lamps:
    """One unit's lamps: a letter each, as in the legend (a nothing open, b told, c contested, d incomplete, e on hold)."""

    name: str
    lamps: str

    @property
    def size(self) -> int:
        return len(self.lamps)

    @property
    def lit(self) -> int:
        return self.lamps.count("a")


class TodayPage(Page):
    route_base = "/today"
    class_permission_name = "Today"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        with reading(web().engine) as connection:
            latest = self.read_with(connection, viewing.nudges, size=6)
            lamps = _lamps(connection, web())
            titles = rules_shown.titles(connection, {one.rule for one in latest.items})
        return render_template(
            "tideng/today.html",
            found=web().counters(),
            wanted=_needs(),
            latest=latest.items,
            lamps=lamps,
            titles=titles,
        )


def _needs() -> list[Need]:
    found = web().counters()
    wanted = []
    if found.failed_plugins:
        text = _("The platform runs on without it; what it heard before stays.")
        title = ngettext("%(num)s plugin is switched off", "%(num)s plugins are switched off", found.failed_plugins)
        wanted.append(Need("plug", title, text, url_for("PluginsPage.show_all"), _("Have a look"), True))
    aside = web().attention()
    if aside:
        title = ngettext("%(num)s rule is set aside", "%(num)s rules are set aside", len(aside))
        text = _("The other rules go on. Edit and publish it, or try it again.")
        href = url_for("RulesPage.show_all") + "#aside"
        wanted.append(Need("rule", title, text, href, _("Have a look"), True))
    if found.failed_events:
        title = ngettext("%(num)s event could not be judged", "%(num)s events could not be judged", found.failed_events)
        href = url_for("EventsPage.show_all", status="failed")
        wanted.append(
            Need("alert", title, _("It is kept, and nobody was reminded by mistake."), href, _("Look at them"), True)
        )
    if found.parked:
        title = ngettext("%(num)s message was not delivered", "%(num)s messages were not delivered", found.parked)
        href = url_for("OutboxPage.show_all", status="parked")
        wanted.append(Need("bell", title, _("It was tried several times and is kept."), href, _("Send again"), True))
    if found.dead_letters:
        title = ngettext("%(num)s payload could not be read", "%(num)s payloads could not be read", found.dead_letters)
        text = _("Nothing is lost: mend the cause and try again.")
        wanted.append(Need("cloud", title, text, url_for("LettersPage.show_all"), _("Look at them")))
    if found.missed_runs:
        title = ngettext(
            "%(num)s round of reminders was left out", "%(num)s rounds of reminders were left out", found.missed_runs
        )
        text = _("The system stood still at that hour, and it was too late to speak afterwards.")
        wanted.append(Need("clock", title, text, url_for("RulesPage.missed"), _("Look at them")))
    if found.disputed:
        title = ngettext("%(num)s nudge was contested", "%(num)s nudges were contested", found.disputed)
        text = _("Somebody says it is not right. Have a look together.")
        wanted.append(Need("people", title, text, url_for("NudgesPage.show_all", status="disputed"), _("Look at them")))
    return wanted


def _lamps(connection: Connection, here: Web) -> list[Lamps]:
    """A lamp for everyone in service: lit when nothing is open today. One query, whoever many they are."""
    row = FindingRow
    rows = connection.execute(
        select(row.subject, row.action, row.response)
        .where(row.at >= here.day_began(), row.state == "live", row.about == "person")
        .limit(20_000)
    )
    order = "abedc"
    state: dict[str, str] = {}
    for subject, action, response in rows:
        letter = "c" if response == "disputed" else "d" if action == "mark" else "a" if response else "b"
        state[subject] = max(state.get(subject, "a"), letter, key=order.index)
    directory = here.directory()
    units: dict[str, list[str]] = {}
    for member in directory.members(here.now()):
        units.setdefault(member.unit, []).append(state.get(member.person, "a"))
    names = {unit: directory.units[unit].name if unit in directory.units else unit for unit in units}
    return [Lamps(names[unit], "".join(letters)) for unit, letters in sorted(units.items())]


class InboxPage(Page):
    """What was said to me, and my answer to it."""

    route_base = "/inbox"
    class_permission_name = "Inbox"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        with reading(web().engine) as connection:
            mine = viewing.NudgeFilter(to_me=True)
            page = self.read_with(connection, viewing.nudges, mine, cursor())
            titles = rules_shown.titles(connection, {one.rule for one in page.items})
        still = [one for one in page.items if one.status in ("told", "waiting", "parked", "held")]
        return render_template("tideng/inbox.html", page=page, open=still, titles=titles)

    @expose("/<int:id>/answer", methods=["POST"])
    @needs(WRITE)
    def answer(self, id: int) -> Any:
        kind, note = request.form.get("kind", ""), request.form.get("note", "")
        try:
            respond(web().deployment, id, web().viewer().person, kind, note)
        except Refused:
            flash(_("A few words are missing: what is not right?"), "warning")
            return redirect(url_for("NudgesPage.show", id=id))
        said = _("Thank you. HR will have a look.") if kind == "disputed" else _("Thank you.")
        flash(said, "success")
        return redirect(url_for("InboxPage.show_all"))


class NudgesPage(Page):
    """Who was told what, and why."""

    route_base = "/nudges"
    class_permission_name = "Nudges"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        asked = request.args
        wanted = viewing.NudgeFilter(
            status=asked.get("status"), rule=asked.get("rule"), person=asked.get("person"), action=asked.get("action")
        )
        with reading(web().engine) as connection:
            page = self.read_with(connection, viewing.nudges, wanted, cursor())
            titles = rules_shown.titles(
                connection, {one.rule for one in page.items} | ({wanted.rule} if wanted.rule else set())
            )
        choices = [(name, CHIPS[name][1]) for name in SHOWN_STATUSES]
        return render_template("tideng/nudges.html", page=page, wanted=wanted, choices=choices, titles=titles)

    @expose("/<int:id>")
    @needs(READ)
    def show(self, id: int) -> str:
        with reading(web().engine) as connection:
            found = self.read_with(connection, viewing.finding, id)
            others = self.read_with(connection, viewing.siblings, found)
            rule = rules_shown.version(connection, found.rule, found.version)
            event = _event_type(connection, found.event)
        parts = parts_of(explanation_of(self, found).conditions)
        document: Mapping[str, Any] = rule.document if rule else {}
        return render_template(
            "tideng/why.html",
            it=found,
            others=others,
            rule=rule,
            lines=reason_lines([one for one in found.why if not parts or one.get("part") == "when"], event),
            parts=parts,
            trigger=trigger_words(document.get("when", {})),
            limit=limit_words(document.get("limit", {})),
            mine=found.recipient == web().viewer().person != "",
            about_me=found.subject == web().viewer().person != "",
        )


def _event_type(connection: Connection, event: int | None) -> str:
    return (connection.scalar(select(EventRow.type).where(EventRow.id == event)) or "") if event else ""


class MorePage(Page):
    """Everything else, for phones, and for whoever has no other page."""

    route_base = "/more"
    class_permission_name = "More"
    default_view = "show"

    @expose("/")
    def show(self) -> Any:
        if not current_user.is_authenticated:
            return redirect(url_for("LoginView.login"))
        return render_template("tideng/more.html")


def greeting(local: datetime) -> str:
    """Good morning, afternoon or evening, by the reader's own clock."""
    if 5 <= local.hour < 12:
        return _("Good morning")
    return _("Good afternoon") if 12 <= local.hour < 18 else _("Good evening")
