"""The pages people open every day: my messages, the list of nudges, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.views import IndexView
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Connection, select

from tideng import viewing
from tideng.database import reading
from tideng.effects import respond
from tideng.errors import Refused
from tideng.tables import EventRow
from tideng_admin import rules_shown
from tideng_admin.page import READ, WRITE, Page, cursor, needs
from tideng_admin.rendering import CHIPS
from tideng_admin.web import web
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
