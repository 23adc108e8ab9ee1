"""One case: where it stands, who has it until when, what was filled in, and everything that happened, in order.

Whoever looks after processes reads it at the desk; everyone whom it concerns reads the same page in the portal.
"""

from __future__ import annotations

import io
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from tideng.org.directory import Assignment, Directory
from tideng.plugin import Refused
from tideng.plugins.cards import beside_case
from tideng.store.database import reading
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    cursor,
    needs,
)
from tideng_admin.request.context import locale, web
from tideng_admin.screens import Screen
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
from tideng_processes.views import cases
from tideng_processes.views.cases import CaseFilter, CaseView
from tideng_processes.views.process_page import data_lines

OFFERED = 60
"""So many colleagues are offered when a step is handed over; any other one is named by id or by name."""


class CasePage(Page):
    """Cases; who may see one is decided where it is read."""

    route_base = "/cases"
    class_permission_name = "ProcessCases"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        """Those of which the viewer has a step, or that are about them."""
        page = self.read(cases.cases, processes(), CaseFilter(mine=True), before=cursor())
        return render_template("processes/my_cases.html", page=page, layout=_layout(), desk=_at_desk())

    @expose("/<string:case>")
    @needs(READ)
    def show(self, case: str) -> str:
        it = self.read(cases.case, processes(), case)
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
            flash(_("Everyone whom this case concerns can read it."), "success")
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
    """Whoever looks after processes has the desk around the page, everyone else the portal."""
    return web().may("can_read", "Processes")


def _layout() -> str:
    return "tideng/base.html" if _at_desk() else "tideng/portal.html"


def _colleagues(directory: Directory, it: CaseView) -> list[Assignment]:
    """Whom one would think of first: those in the units of the owners, and whoever leads them."""
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
        {"zh": "单据", "en": "Cases"},
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
