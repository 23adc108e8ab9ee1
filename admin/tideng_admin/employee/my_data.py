"""My data: everything that is held on the reader, each kind to look into, and all of it as one file to take away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from flask import Response, render_template, request, stream_with_context
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Connection

from tideng.base.catalogues import languages
from tideng.base.errors import NotFound
from tideng.base.text import phrase, semicolon
from tideng.privacy.export import takeout
from tideng.privacy.holdings import Holding, holdings
from tideng.store.database import reading
from tideng_admin.display import rules as rules_shown
from tideng_admin.display.base_page import READ, Page, needs
from tideng_admin.display.filters import (
    CHIPS,
    action_word,
    day,
    mark_word,
    moment,
    named,
    value,
)
from tideng_admin.display.reasons import event_title
from tideng_admin.employee.portal import just_said
from tideng_admin.request.context import Web, locale, web

_PART = 30


class MyDataPage(Page):
    """Only one's own: there is no address under which somebody else's could be asked for."""

    route_base = "/me/data"
    class_permission_name = "Inbox"
    base_permissions = ["can_read", "can_write"]  # those of the name, which the portal's pages share

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        here = web()
        person = here.viewer().person
        found: list[Holding] = []
        if person:
            with reading(here.engine) as connection:
                found = self._held(connection)
        return render_template("tideng/portal_data.html", found=found, seers=_seers(here, person), undo=just_said())

    @expose("/<name>")
    @needs(READ)
    def show(self, name: str) -> str:
        start = max(0, request.args.get("from", 0, type=int))
        with reading(web().engine) as connection:
            found = next((one for one in self._held(connection) if one.name == name), None)
            if found is None:
                raise NotFound("no-kind-of-record", {"name": name})
            records = list(found.records(start, _PART))
            rules = {str(record["rule"]) for record in records if record.get("rule")}
            titles = rules_shown.titles(connection, rules)
        shown = [_shown(record, found, titles) for record in records]
        following = start + _PART if start + len(records) < found.count else None
        ids = [record.get("id") for record in records]
        return render_template(
            "tideng/portal_holding.html", it=found, records=list(zip(ids, shown, strict=True)), next=following
        )

    @expose("/download")
    @needs(READ)
    def download(self) -> Response:
        here = web()
        if not here.viewer().person:
            raise NotFound("no-own-records")
        name, language, zone, now = here.name_of(here.viewer().person), locale(), here.zone(), here.now()

        def parts() -> Iterator[bytes]:
            with reading(here.engine) as connection:
                yield from takeout(self._held(connection), name, language, zone, now)

        file = f"tideng-{here.viewer().person}-{now.astimezone(zone):%Y%m%d}.zip"
        response = Response(stream_with_context(parts()), mimetype="application/zip")
        response.headers.set("Content-Disposition", "attachment", filename=file)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _held(self, connection: Connection) -> list[Holding]:
        here = web()
        found = holdings(connection, here.deployment, here.viewer(), self.directory, here.now())
        return [*found, _account()]


def _account() -> Holding:
    """What is kept so that the reader can sign in. The password itself is not: only a hash that cannot be turned back."""
    user = current_user
    columns = {
        "login": phrase("Login"),
        "name": phrase("Name", context="my_data"),
        "email": phrase("E-mail", context="my_data"),
        "roles": phrase("Roles"),
        "last_login": phrase("Last signed in"),
        "times": phrase("Times signed in"),
    }
    record = {
        "login": user.username,
        "name": user.first_name,
        "email": user.email or "",
        "roles": ", ".join(role.name for role in user.roles),
        "last_login": f"{user.last_login:%Y-%m-%d %H:%M} UTC" if user.last_login else "",
        "times": user.login_count or 0,
    }
    about = phrase("For signing in. You and administrators can see it; of the password only a hash is kept")  # fmt: skip
    title = phrase("Account")
    return Holding(
        "account", title, about, columns, 1, lambda start, most: [record][start : start + most], icon="shield"
    )


def _shown(
    record: Mapping[str, Any], holding: Holding, titles: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, str]]:
    """A record as (what it is called, value in words); what is empty is left out, and reasons stand behind “Why”."""
    cells = []
    for column, title in holding.columns.items():
        of = record.get(column)
        if of is None or of == "" or column == "why":
            continue
        cells.append((named(title, column), _cell(column, of, titles)))
    return [(title, text) for title, text in cells if text]


def _cell(column: str, of: Any, titles: Mapping[str, Mapping[str, str]]) -> str:
    """What our own tables keep as a short name is said in words; everything else stands as it came."""
    if column == "rule":
        return named(titles.get(of), of)
    if column == "action":
        return action_word(of)
    if column == "recipient":
        return web().name_of(of)
    if column in ("response", "state") and isinstance(of, str):
        return str(CHIPS.get(f"contest_{of}", CHIPS.get(of, ("", of)))[1])
    if column == "voice":
        return _("a recording; it is in the download")
    if column == "series":
        return _figure(of)
    if column == "detail" and isinstance(of, Mapping):
        return mark_word(str(of["status"])) if "status" in of else ""
    return _words(of)


def _figure(series: str) -> str:
    """What a figure counts: the longest event type whose name is in the series' own."""
    types = web().deployment.catalogue.event_types
    known = max((name for name in types if name in series), key=len, default="")
    return event_title(known) if known else series


def _words(of: Any) -> str:
    if of is None or of == "":
        return ""
    if isinstance(of, datetime):
        return moment(of)
    if isinstance(of, date):
        return day(of)
    if isinstance(of, Mapping):
        if of and set(of) <= set(languages()):
            return named(of)
        return _joined(f"{key} {_words(part)}" for key, part in of.items())
    if isinstance(of, list | tuple):
        return _joined(map(_words, of))
    return value(of)


def _joined(parts: Iterable[str]) -> str:
    return (semicolon(locale())).join(filter(None, parts))


def _seers(here: Web, person: str) -> list[tuple[str, str]]:
    """Who can read what is held on the reader: (who, as what), from their supervisor up, and HR."""
    directory, now = here.directory(), here.now()
    found, seen = [], {person}
    member = directory.at(person, now) if person else None
    while member and member.supervisor and member.supervisor not in seen:
        seen.add(member.supervisor)
        found.append((here.name_of(member.supervisor), _("supervisor")))
        member = directory.at(member.supervisor, now)
    found += [(here.name_of(one), _("HR")) for one in directory.roles.get("hr", ()) if one not in seen]
    return found
