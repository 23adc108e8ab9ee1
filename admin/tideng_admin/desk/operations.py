"""The pages of whoever keeps it running: events, outbox, dead letters, keys."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.base.errors import NotFound
from tideng.model.statuses import EventStatus, MessageStatus
from tideng.outbox.delivery import retry_parked
from tideng.store.database import reading, writing
from tideng.store.events import retry_dead_letters
from tideng.views.operations import EventFilter, event, events, letter, letters, outbox
from tideng_admin.auth import accounts
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    cursor,
    needs,
)
from tideng_admin.display.filters import CHIPS
from tideng_admin.request.context import web


def _choices(*names: str) -> list[tuple[str, Any]]:
    return [(name, CHIPS[name][1]) for name in names]


class EventsPage(Page):
    """What was heard."""

    route_base = "/events"
    class_permission_name = "Events"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        asked = request.args
        wanted = EventFilter(asked.get("type", ""), asked.get("status", ""), asked.get("subject", ""))
        page = self.read(events, wanted, before=cursor())
        choices = [(one.word, CHIPS[f"event_{one.word}"][1]) for one in EventStatus]
        return render_template("tideng/events.html", page=page, choices=choices)

    @expose("/<int:id>")
    @needs(READ)
    def show(self, id: int) -> str:
        found = self.read(event, id)
        return render_template("tideng/event.html", it=found, data=_pretty(found.data))


class OutboxPage(Page):
    """Messages on their way. HR sees that a message was sent or held back, never whether it was opened."""

    route_base = "/outbox"
    class_permission_name = "Outbox"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        page = self.read(outbox, request.args.get("status"), cursor())
        choices = _choices(*(one for one in MessageStatus if one != MessageStatus.LEASED))
        return render_template("tideng/outbox.html", page=page, choices=choices)

    @expose("/retry", methods=["POST"])
    @needs(WRITE)
    def retry(self) -> Any:
        web().viewer().require_mending()
        ids = request.form.getlist("id", type=int)
        here = web()
        with writing(here.engine) as connection:
            count = retry_parked(connection, ids, here.now())
        here.deployment.bell.ring()
        flash(ngettext("%(num)s message goes out again.", "%(num)s messages go out again.", count), "success")
        return redirect(url_for("OutboxPage.show_all"))


class LettersPage(Page):
    """Payloads that could not become events, with everything that is wrong with them."""

    route_base = "/dead-letters"
    class_permission_name = "DeadLetters"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        state = request.args.get("state", "waiting")
        with reading(web().engine) as connection:
            page = letters(connection, web().viewer(), state if state != "all" else None, cursor())
        choices = _choices("retried", "discarded")
        return render_template("tideng/letters.html", page=page, state=state, choices=choices)

    @expose("/<int:id>")
    @needs(READ)
    def show(self, id: int) -> str:
        with reading(web().engine) as connection:
            found = letter(connection, web().viewer(), id)
        return render_template("tideng/letter.html", it=found, payload=_pretty_text(found.payload))

    @expose("/retry", methods=["POST"])
    @needs(WRITE)
    def retry(self) -> Any:
        web().viewer().require_mending()
        ids = request.form.getlist("id", type=int)
        receipts = retry_dead_letters(web().deployment, ids)
        web().deployment.bell.ring()
        good = sum(receipt.status in ("accepted", "duplicate") for receipt in receipts)
        if good:
            flash(ngettext("%(num)s payload is in now.", "%(num)s payloads are in now.", good), "success")
        still = len(receipts) - good
        if still:
            text = ngettext("%(num)s payload still cannot be read.", "%(num)s payloads still cannot be read.", still)
            flash(text, "warning")
        return redirect(url_for("LettersPage.show_all"))


class KeysPage(Page):
    """Keys with which other systems hand in events."""

    route_base = "/keys"
    class_permission_name = "Keys"

    @expose("/", methods=["GET", "POST"])
    @needs(WRITE)
    def show_all(self) -> Any:
        made = ""
        if request.method == "POST":
            made = self._make(request.form.get("login", "").strip(), request.form.get("name", "").strip())
        with reading(web().engine) as connection:
            found = accounts.keys(connection)
        return render_template("tideng/keys.html", keys=found, made=made)

    def _make(self, login: str, name: str) -> str:
        try:
            with writing(web().engine) as connection:
                return accounts.make_key(connection, login, name or login, web().now())
        except NotFound:
            flash(_("There is no user “%(login)s”. Add one with the role Connector first.", login=login), "warning")
            return ""

    @expose("/<int:id>/revoke", methods=["POST"])
    @needs(WRITE)
    def revoke(self, id: int) -> Any:
        with writing(web().engine) as connection:
            accounts.revoke_key(connection, id, web().now())
        flash(_("The key opens nothing any more."), "success")
        return redirect(url_for("KeysPage.show_all"))


def _pretty(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, default=str)


def _pretty_text(payload: str) -> str:
    try:
        return _pretty(json.loads(payload))
    except ValueError:
        return payload
