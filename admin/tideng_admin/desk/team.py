"""A supervisor's team: who may need a hand today, and a note to one of them. Everything works without a script."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from tideng.base.errors import Refused
from tideng.base.problems import say
from tideng.plugins.cards import beside_person
from tideng.responses import notes
from tideng.store.database import reading
from tideng.views.day_board import (
    HOLD,
    LIT,
    NEED,
    OPEN,
    TOLD,
)
from tideng.views.team import member, team, timeline
from tideng_admin.display import rules as rules_shown
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    needs,
)
from tideng_admin.request.context import locale, open_microphone, web

_LAMPS = {LIT: "a", TOLD: "a", NEED: "c", OPEN: "d", HOLD: "a"}
"""How a lamp is drawn in the head of the page: lit, half lit, not lit. Who was only reminded is not behind."""


class TeamPage(Page):
    """Those below the viewer, at every level."""

    route_base = "/team"
    class_permission_name = "Team"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        with reading(web().engine) as connection:
            mine = self.read_with(connection, team, web().deployment.catalogue)
            rules = {matter.rule for one in mine.members for matter in one.matters}
            titles = rules_shown.titles(connection, rules)
        return render_template("tideng/team.html", team=mine, titles=titles, lamps=_LAMPS)

    @expose("/<string:person>")
    @needs(READ)
    def show(self, person: str) -> str:
        viewer, now = web().viewer(), web().now()
        with reading(web().engine) as connection:
            it = self.read_with(connection, member, web().deployment.catalogue, person)
            entries = self.read_with(connection, timeline, person)
            rules = {one.nudge.rule for one in entries if one.nudge} | {
                one.awaited.rule for one in entries if one.awaited
            }
            titles = rules_shown.titles(connection, rules | {matter.rule for matter in it.matters})
            asides = beside_person(web().deployment, connection, viewer, self.directory, person, now)
        may_leave = notes.may_leave(viewer, self.directory, now, person)
        if may_leave:
            open_microphone()
        return render_template(
            "tideng/team_person.html",
            it=it,
            entries=entries,
            titles=titles,
            asides=asides,
            may_leave=may_leave,
            mine=viewer.login,
            most=notes.LONGEST_TEXT,
            longest=notes.LONGEST_VOICE,
            ideas=(
                _("It got late today? Rest first, the report can wait until the morning."),
                _("Shall I move something on tomorrow’s way for you?"),
                _("Which step is stuck? I will find somebody."),
            ),
        )

    @expose("/<string:person>/notes", methods=["POST"])
    @needs(WRITE)
    def leave(self, person: str) -> Any:
        here, form, file = web(), request.form, request.files.get("voice")
        voice = file.read(notes.LARGEST_VOICE + 1) if file else b""
        try:
            id = notes.leave(
                here.deployment, here.viewer(), self.directory, person, notes.NewNote(form.get("text", ""), voice)
            )
        except Refused as refused:
            for problem in refused.problems:
                flash(say(problem, locale()).problem, "warning")
            return redirect(url_for("TeamPage.show", person=person))
        flash(_("Left. Only %(name)s reads it.", name=here.name_of(person)), "success")
        return redirect(url_for("NotesPage.show", id=id))
