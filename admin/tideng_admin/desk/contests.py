"""What people say is not right, for HR to look at and decide: it was right, not for this person for a while, or taken back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.base.errors import Refused
from tideng.base.problems import say
from tideng.outbox import contest
from tideng.store.database import reading, writing
from tideng_admin.display import rules
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    needs,
)
from tideng_admin.request.context import locale, web


class ContestsPage(Page):
    route_base = "/contests"
    class_permission_name = "Contests"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        with reading(web().engine) as connection:
            found = self.read_with(connection, contest.open_contests)
            titles = rules.titles(connection, {one.rule for one in found})
        mends = web().viewer().mends
        return render_template("tideng/contests.html", found=found, titles=titles, mends=mends)

    @expose("/<int:id>", methods=["POST"])
    @needs(WRITE)
    def decide(self, id: int) -> Any:
        here, form = web(), request.form
        decision = contest.ContestDecision(
            form.get("decision", ""), days=form.get("days", 0, type=int), answer=form.get("answer", "")
        )
        try:
            with writing(here.engine) as connection:
                held = contest.decide_contest(
                    connection,
                    here.viewer(),
                    self.directory,
                    id,
                    decision,
                    here.now(),
                )
        except Refused as refused:
            for problem in refused.problems:
                flash(say(problem, locale()).problem, "warning")
        else:
            here.deployment.bell.ring()
            text = ngettext("%(num)s message was waiting.", "%(num)s messages were waiting.", held) if held else ""
            flash(" ".join(filter(None, (_("Decided. The person reads it in the portal."), text))), "success")
        return redirect(url_for("ContestsPage.show_all"))
