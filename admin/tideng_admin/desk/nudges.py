"""Where a day begins, the list of nudges, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.views import IndexView
from flask_login import current_user

from tideng.model.statuses import NudgeStatus
from tideng.store.database import reading
from tideng.store.event_reading import event_type
from tideng.views.nudges import NudgeFilter, finding, nudges, siblings
from tideng_admin.display import rules
from tideng_admin.display.base_page import (
    READ,
    Page,
    cursor,
    needs,
)
from tideng_admin.display.filters import CHIPS
from tideng_admin.display.reasons import limit_words, reason_lines, trigger_words
from tideng_admin.display.why_tree import explanation_of, parts_of
from tideng_admin.request.context import web

SHOWN_STATUSES = (
    NudgeStatus.TOLD,
    NudgeStatus.HELD,
    NudgeStatus.PARKED,
    NudgeStatus.DISPUTED,
    NudgeStatus.WITHDRAWN,
    NudgeStatus.RECORDED,
)


class Start(IndexView):
    """The first page: where a person's day begins depends on what they may see."""

    @expose("/")
    def index(self) -> Any:
        if not current_user.is_authenticated:
            return redirect(url_for("LoginView.login"))
        here = web()
        menu = here.menu()
        first = menu[0].endpoint if menu else "MorePage.show"
        if not here.may("can_read", "Today") and here.may("can_read", "Inbox"):
            leads = "TeamPage.show_all" in current_app.view_functions and here.may("can_read", "Team")
            first = "TeamPage.show_all" if leads else "PortalPage.day"
        return redirect(url_for(first))


class InboxPage(Page):
    """Where messages were once: their links in old mails lead to the portal."""

    route_base = "/inbox"
    class_permission_name = "Inbox"
    base_permissions = ["can_read", "can_write"]  # those of the name, which the portal's pages share

    @expose("/")
    @needs(READ)
    def show_all(self) -> Any:
        return redirect(url_for("PortalPage.messages"))


class NudgesPage(Page):
    """Who was told what, and why."""

    route_base = "/nudges"
    class_permission_name = "Nudges"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        asked = request.args
        wanted = NudgeFilter(
            status=asked.get("status"), rule=asked.get("rule"), person=asked.get("person"), action=asked.get("action")
        )
        with reading(web().engine) as connection:
            page = self.read_with(connection, nudges, wanted, cursor())
            titles = rules.titles(
                connection, {one.rule for one in page.items} | ({wanted.rule} if wanted.rule else set())
            )
        choices = [(name, CHIPS[name][1]) for name in SHOWN_STATUSES]
        return render_template("tideng/nudges.html", page=page, wanted=wanted, choices=choices, titles=titles)

    @expose("/<int:id>")
    @needs(READ)
    def show(self, id: int) -> str:
        with reading(web().engine) as connection:
            found = self.read_with(connection, finding, id)
            others = self.read_with(connection, siblings, found)
            rule = rules.version(connection, found.rule, found.version)
            event = event_type(connection, found.event)
        parts = parts_of(explanation_of(self.directory, found).conditions)
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
