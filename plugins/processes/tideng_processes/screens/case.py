"""One case: its current step and owners, its data and its history; and comments and hand-overs.

People who look after processes read it at the desk; everyone else who may see it reads the same page in the portal.
"""

from __future__ import annotations

import io
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from tideng.plugin import Assignment, Directory, Refused, beside_case, phrase, reading
from tideng_admin.screens import READ, WRITE, Page, Screen, cursor, locale, needs, web
from tideng_processes.cases import actions
from tideng_processes.cases.actions import HandOver
from tideng_processes.document.diagram import mermaid
from tideng_processes.forms.attachments import open_paper
from tideng_processes.screens.shared import (
    READS,
    WRITES,
    person_meant,
    processes,
    say_problems,
)
from tideng_processes.views.case import CaseView, case_view
from tideng_processes.views.case_list import CaseQuery, case_list
from tideng_processes.views.process_page import data_lines

OFFERED = 60
"""Colleagues offered when a step is handed over; any other one is named by id or by name."""


class CasePage(Page):
    """Cases. The views decide who may see one."""

    route_base = "/cases"
    class_permission_name = "ProcessCases"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        """The cases of which the viewer had a step, and those about the viewer."""
        page = self.read(case_list, processes(), CaseQuery(mine=True, before=cursor()))
        return render_template("processes/my_cases.html", page=page, layout=_layout(), desk=_at_desk())

    @expose("/<string:case>")
    @needs(READ)
    def show(self, case: str) -> str:
        it = self.read(case_view, processes(), case)
        with reading(web().engine) as connection:
            asides = beside_case(web().deployment, connection, self.directory, it.definition.id, it.id, web().now())
        return render_template(
            "processes/case.html",
            layout=_layout(),
            desk=_at_desk(),
            it=it,
            asides=asides,
            lines=data_lines(it.definition, it.data, locale(), web().name_of, it.named),
            diagram=mermaid(it.definition, locale(), self.directory, here=it.node or it.end),
            colleagues=_colleagues(self.directory, it) if it.may_hand_over else [],
            longest=actions.LONGEST_NOTE,
        )

    @expose("/<string:case>/say", methods=["POST"])
    @needs(WRITE)
    def say(self, case: str) -> Any:
        try:
            actions.comment(web().deployment, web().viewer(), self.directory, case, request.form.get("text", ""))
        except Refused as refused:
            say_problems(refused.problems)
        else:
            flash(_("Everyone who can see this case can read it."), "success")
        return redirect(url_for("CasePage.show", case=case) + "#history")

    @expose("/<string:case>/hand-over", methods=["POST"])
    @needs(WRITE)
    def hand_over(self, case: str) -> Any:
        form, here = request.form, web()
        try:
            to = person_meant(self.directory, form.get("to", ""))
            wanted = HandOver(form.get("node", ""), to, form.get("why", ""), form.get("part", ""))
            actions.hand_over(here.deployment, here.viewer(), self.directory, case, wanted)
        except Refused as refused:
            say_problems(refused.problems)
        else:
            flash(_("%(name)s has this step now; its deadline stays.", name=here.name_of(to)), "success")
        return redirect(url_for("CasePage.show", case=case))

    @expose("/<string:case>/papers/<int:paper>")
    @needs(READ)
    def paper(self, case: str, paper: int) -> Any:
        """A file of the case; a picture is shown, anything else is saved."""
        kept, content = self.read(open_paper, processes(), paper)
        shown = kept.media_type in ("image/png", "image/jpeg", "image/webp")
        return send_file(
            io.BytesIO(content), mimetype=kept.media_type, as_attachment=not shown, download_name=kept.name
        )


def _at_desk() -> bool:
    """Whether the page has the desk around it, as for people who look after processes; everyone else has the portal."""
    return web().may("can_read", "Processes")


def _layout() -> str:
    return "tideng/base.html" if _at_desk() else "tideng/portal.html"


def _colleagues(directory: Directory, it: CaseView) -> list[Assignment]:
    """The colleagues that are offered: of the owners' units, and the owners' supervisors."""
    now = web().now()
    owners = [found for one in it.open_tasks if (found := directory.at(one.owner, now))]
    units, leads = {one.unit for one in owners}, {one.supervisor for one in owners}
    theirs = {one.person for one in owners}
    near = (
        one
        for one in directory.rosters.at(now).members
        if (one.unit in units or one.person in leads) and one.person not in theirs
    )
    return sorted(near, key=lambda one: one.name)[:OFFERED]


CASE_SCREENS: tuple[Screen, ...] = (
    Screen(
        CasePage,
        phrase("Cases"),
        "flow",
        hidden=True,
        under="ProcessesPage",
        roles={
            "employee": WRITES,
            "supervisor": WRITES,
            "hr": WRITES,
            "implementer": READS,
            "auditor": READS,
        },
    ),
)
