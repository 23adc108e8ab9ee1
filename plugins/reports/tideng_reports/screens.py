"""Report pages for a phone: today's report, the viewer's own, and those of their team."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_appbuilder import expose
from sqlalchemy import Connection

from tideng.plugin import Form, below, check_form, name_of, phrase, reading
from tideng_admin.screens import READ, Page, Screen, cursor, needs, web
from tideng_processes.cases.access import may_begin
from tideng_processes.screens.form import Forms
from tideng_processes.screens.place import Place
from tideng_processes.screens.shared import latest
from tideng_reports.completeness import completeness, day_of
from tideng_reports.prefill import DAILY
from tideng_reports.report_history import reports, waiting_for, written_on

WRITES = ("read", "write")


class ReportPage(Forms):
    """The viewer's own reports. The tab opens today's report, which is a form like any other."""

    route_base = "/me"
    class_permission_name = "Reports"
    default_view = "today"

    @expose("/report/")
    @needs(READ)
    def today(self) -> Any:
        """Show the form of today's report, or of the one about another ``day``; a report that is already written is
        shown instead."""
        here = web()
        viewer, now = here.viewer(), here.now()
        published = latest(DAILY)
        day = day_of(request.args.get("day"))
        with reading(here.engine) as connection:
            written = written_on(connection, viewer.person, self.directory, now, day) if viewer.person else ""
        if written and day:
            return redirect(url_for("CasePage.show", case=written))
        if written or not may_begin(viewer, published.definition, self.directory, now):
            return redirect(url_for("ReportPage.mine"))
        place = Place(published.definition, published.version, published.definition.first)
        if day:
            place = replace(place, known={"date": day.isoformat()})
        return self.form(place, tab="ReportPage", back=url_for("ReportPage.mine"))

    @expose("/reports/")
    @needs(READ)
    def mine(self) -> str:
        here = web()
        viewer = here.viewer()
        with reading(here.engine) as connection:
            page = self.read_with(connection, reports, viewer.person, cursor()) if viewer.person else None
            days = _days(connection, [viewer.person]) if viewer.person else []
            enough = _enough(connection, viewer.person)
            written = bool(days) and days[0].days[-1].written  # here, or in another system
            waiting = waiting_for(connection, viewer)
        return render_template(
            "reports/mine.html",
            page=page,
            days=days[0] if days else None,
            enough=enough,
            written=written,
            waiting=waiting,
        )


class TeamReportsPage(Page):
    """Reports of the viewer's team: those waiting to be read, and one person's."""

    route_base = "/reports"
    class_permission_name = "TeamReports"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        here = web()
        viewer, now = here.viewer(), here.now()
        with reading(here.engine) as connection:
            waiting = self.read_with(connection, reports, "", cursor())
            led = below(self.directory, viewer.person, now) if viewer.person else frozenset()
            days = _days(connection, led)
        return render_template("reports/team.html", page=waiting, team=days, enough=0)

    @expose("/<string:person>")
    @needs(READ)
    def show(self, person: str) -> str:
        here = web()
        with reading(here.engine) as connection:
            page = self.read_with(connection, reports, person, cursor())
            days = _days(connection, [person])
            enough = _enough(connection, person)
        return render_template(
            "reports/person.html",
            page=page,
            days=days[0],
            enough=enough,
            person=person,
            name=name_of(self.directory, person, here.now()),
            leads=person in below(self.directory, here.viewer().person, here.now()),
        )


def _days(connection: Connection, people: Any) -> Any:
    here = web()
    return completeness(connection, here.viewer(), here.directory(), here.now(), here.deployment, people)


def _enough(connection: Connection, person: str) -> int:
    """How many characters about the customer's needs satisfy the rules; 0 when no rule asks."""
    here = web()
    form = Form(f"{DAILY}.write", person, person, here.now(), {"needs": "…"}, event_type="report.submitted")
    asked = check_form(here.deployment, connection, here.directory(), form, here.now())
    return next((one.least for one in asked if one.field == "needs" and one.least), 0)


SCREENS: tuple[Screen, ...] = (
    Screen(
        ReportPage,
        phrase("Report"),
        "pen",
        hidden=True,
        portal=30,
        roles={"employee": WRITES, "supervisor": WRITES, "hr": WRITES},
    ),
    Screen(
        TeamReportsPage,
        phrase("Team reports"),
        "book",
        order=55,
        roles={"supervisor": WRITES, "hr": WRITES, "auditor": ("read",)},
    ),
)
