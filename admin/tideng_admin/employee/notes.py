"""Notes as the two of them read them: what was left for me, one note with its recording, my answer; taking one back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from tideng.base.errors import Refused
from tideng.base.problems import say
from tideng.responses import notes
from tideng.views import notes as note_views
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    cursor,
    needs,
)
from tideng_admin.request.context import locale, web


class NotesPage(Page):
    """One's own: of a note between two others nobody reads more here than that there is one."""

    route_base = "/me/notes"
    class_permission_name = "Inbox"
    base_permissions = ["can_read", "can_write"]  # those of the name, which the portal's pages share

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        return render_template("tideng/portal_notes.html", page=self.read(note_views.notes_to_me, cursor()))

    @expose("/<int:id>")
    @needs(READ)
    def show(self, id: int) -> str:
        viewer, it = web().viewer(), self.read(note_views.note, id)
        return render_template(
            "tideng/portal_note.html",
            it=it,
            to_me=it.person == viewer.person != "",
            mine=it.author == viewer.login,
            may_take_back=it.can_take_back(viewer),
            most=notes.LONGEST_TEXT,
        )

    @expose("/<int:id>/seen", methods=["POST"])
    @needs(WRITE)
    def seen(self, id: int) -> Any:
        notes.see(web().deployment, web().viewer(), self.directory, id)
        return redirect(url_for("PortalPage.messages"))

    @expose("/<int:id>/answer", methods=["POST"])
    @needs(WRITE)
    def answer(self, id: int) -> Any:
        try:
            notes.reply(web().deployment, web().viewer(), self.directory, id, request.form.get("text", ""))
        except Refused as refused:
            _say(refused)
        else:
            flash(_("Your answer is there."), "success")
        return redirect(url_for("NotesPage.show", id=id))

    @expose("/<int:id>/take-back", methods=["POST"])
    @needs(WRITE)
    def take_back(self, id: int) -> Any:
        try:
            notes.take_back(web().deployment, web().viewer(), self.directory, id)
        except Refused as refused:
            _say(refused)
        else:
            flash(_("Taken back."), "success")
        return redirect(url_for("NotesPage.show", id=id))


def _say(refused: Refused) -> None:
    for problem in refused.problems:
        flash(say(problem, locale()).problem, "warning")
