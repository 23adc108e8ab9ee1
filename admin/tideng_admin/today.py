"""The first page of whoever looks after others: what needs somebody, a lamp for everyone, and what was said last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection, select

from tideng import deciding, viewing
from tideng.database import reading
from tideng.tables import FindingRow
from tideng_admin import rules_shown
from tideng_admin.page import READ, Page, needs
from tideng_admin.rendering import named
from tideng_admin.web import Web, web
from tideng_rules import drafts
from tideng_rules.tables import ASKED


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
    wanted += _decisions()
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


def _decisions() -> list[Need]:
    """Rules that were paused because they would have told far too many, and drafts that wait for a second person."""
    here = web()
    if not here.viewer().sees_all:
        return []
    with reading(here.engine) as connection:
        storms = deciding.held_storms(connection, here.viewer())
        asked = drafts.drafts(connection, here.viewer(), states=(ASKED,))
        titles = rules_shown.titles(connection, {one.rule for one in storms})
    wanted = []
    for storm in storms:
        title = _(
            "“%(rule)s” is paused: it would tell %(n)s people",
            rule=named(titles.get(storm.rule), storm.rule),
            n=storm.people,
        )
        text = _("Far more than in its preview. Its messages are kept until you decide.")
        wanted.append(Need("pause", title, text, url_for("RulesPage.show", rule=storm.rule), _("Decide")))
    mine = [one for one in asked if here.viewer().login not in (one.author, one.changed_by)]
    if mine:
        title = ngettext("%(num)s draft waits for approval", "%(num)s drafts wait for approval", len(mine))
        href = url_for("DraftsPage.show", id=mine[0].id) if len(mine) == 1 else url_for("DraftsPage.show_all")
        wanted.append(Need("rule", title, _("Somebody who did not write it has a look first."), href, _("Have a look")))
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


def greeting(local: datetime) -> str:
    """Good morning, afternoon or evening, by the reader's own clock."""
    if 5 <= local.hour < 12:
        return _("Good morning")
    return _("Good afternoon") if 12 <= local.hour < 18 else _("Good evening")
