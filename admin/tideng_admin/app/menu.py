"""The menu of the core: which screens there are, in which order; and the two choices anybody may make."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, request, session
from flask_babel import gettext as _

from tideng.base.catalogues import languages
from tideng.base.text import phrase
from tideng_admin.auth.security import safe_target
from tideng_admin.desk.contests import ContestsPage
from tideng_admin.desk.nudges import (
    InboxPage,
    MorePage,
    NudgesPage,
    Start,
)
from tideng_admin.desk.operations import (
    EventsPage,
    KeysPage,
    LettersPage,
    OutboxPage,
)
from tideng_admin.desk.people import PeoplePage
from tideng_admin.desk.plugins import PluginsPage
from tideng_admin.desk.team import TeamPage
from tideng_admin.desk.today import TodayPage
from tideng_admin.desk.why import WhyNotPage
from tideng_admin.display.filters import THEMES
from tideng_admin.employee.my_data import MyDataPage
from tideng_admin.employee.notes import NotesPage
from tideng_admin.employee.portal import PortalPage
from tideng_admin.request.context import Web
from tideng_admin.rules.drafts import DraftsPage
from tideng_admin.rules.gallery import GalleryPage
from tideng_admin.rules.import_export import RuleFilesPage
from tideng_admin.rules.rules import RulesPage
from tideng_admin.screens import Screen

__all__ = ["SCREENS", "WITHOUT_MENU", "Start", "preferences"]

_YEAR = 365 * 24 * 3600


def _count(number: int) -> str:
    return str(number) if number else ""


def _wanting(web: Web) -> tuple[str, bool]:
    found = web.counters()
    kinds = (
        found.failed_plugins,
        found.failed_events,
        found.parked,
        found.dead_letters,
        found.missed_runs,
        found.disputed,
    )
    return _count(sum(map(bool, kinds))), False


def _faults(web: Web) -> tuple[str, bool]:
    number = web.counters().failed_plugins
    return (_("%(n)s down", n=number) if number else ""), True


SCREENS = (
    Screen(TodayPage, phrase("Today"), "today", order=10, tab=True, badge=_wanting),
    Screen(PortalPage, phrase("My day"), "today", order=20, tab=True),
    Screen(RulesPage, phrase("Rules"), "rule", order=40, tab=True),
    Screen(PeoplePage, phrase("People"), "people", order=50, tab=True),
    Screen(PluginsPage, phrase("Plugins"), "plug", order=90, tab=True, badge=_faults),
    Screen(NudgesPage, phrase("Nudges"), "bell", order=110, tucked=True),
    Screen(EventsPage, phrase("Events"), "flow", order=120, tucked=True),
    Screen(
        OutboxPage,
        phrase("Outbox"),
        "right",
        order=130,
        tucked=True,
        badge=lambda web: (_count(web.counters().parked), True),
    ),
    Screen(
        LettersPage,
        phrase("Dead letters", context="menu"),
        "cloud",
        order=140,
        tucked=True,
        badge=lambda web: (_count(web.counters().dead_letters), False),
    ),
    Screen(KeysPage, phrase("API keys"), "shield", permission="can_write", order=150, tucked=True),
)
WITHOUT_MENU = (
    InboxPage,
    MyDataPage,
    NotesPage,
    TeamPage,
    ContestsPage,
    MorePage,
    DraftsPage,
    GalleryPage,
    RuleFilesPage,
    WhyNotPage,
)

preferences = Blueprint("preferences", __name__)


@preferences.get("/language/<name>")
def language(name: str) -> Any:
    """Speak `name` from now on in this browser, and go back to where one was."""
    if name in languages():
        session["locale"] = name
        session["locale_chosen"] = True
    return redirect(safe_target(request.args.get("next", "/")))


@preferences.get("/theme/<name>")
def theme(name: str) -> Any:
    """Light or dark; anything else follows the device again."""
    response = make_response(redirect(safe_target(request.args.get("next", "/"))))
    if name in THEMES:
        response.set_cookie("theme", name, max_age=_YEAR, httponly=True, samesite="Lax")
    else:
        response.delete_cookie("theme")
    return response
