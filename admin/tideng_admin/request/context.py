"""What every request needs: the deployment, the directory as it is now, and who is looking."""

from __future__ import annotations

import math
import threading
from datetime import datetime, time
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from flask import current_app, g, request, session
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy import Connection, Engine, select

from tideng.access.viewer import Viewer, name_of
from tideng.base.catalogues import DEFAULT, SOURCE, language_of, languages
from tideng.model.judge_contract import EngineState
from tideng.org.directory import Directory, zone
from tideng.plugins.attention import Attention
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading
from tideng.store.event_reading import oldest_waiting
from tideng.store.group_commit import GroupCommit
from tideng.views.counters import Counters, counters
from tideng_admin.screens import Screen


class Web:
    """One per Flask app, in ``app.extensions["tideng"]``."""

    def __init__(self, deployment: Deployment):
        self.deployment = deployment
        self.found: list[tuple[Screen, str]] = []
        """Every screen that was declared, with its plugin's name ('' for the core's), before it is known to work."""
        self.screens: list[Screen] = []
        self.plugin_homes: dict[str, Path] = {}
        """Plugin → the folder of its screens."""
        self.own_blueprints: set[str] = set()
        self._directory: Directory | None = None
        self._lock = threading.Lock()
        self.inbox = GroupCommit(deployment)
        self._waiting: tuple[float, datetime | None] = (-math.inf, None)

    def oldest_waiting(self) -> datetime | None:
        """When the oldest event that waits to be judged came in. At most a second old: every post asks."""
        looked, oldest = self._waiting
        if monotonic() - looked > 1:
            with reading(self.engine) as connection:
                oldest = oldest_waiting(connection)
            self._waiting = (monotonic(), oldest)
        return oldest

    @property
    def engine(self) -> Engine:
        return self.deployment.engine

    def now(self) -> datetime:
        """The moment of this request: one, so that a page does not contradict itself."""
        if "tideng_now" not in g:
            g.tideng_now = self.deployment.clock.now()
        return g.tideng_now

    def directory(self) -> Directory:
        """Who is where. Looked up once a request: a few cheap queries, and the whole directory only when it changed."""
        if "tideng_directory" not in g:
            with self._lock, reading(self.engine) as connection:
                g.tideng_directory = self._fresh_directory(connection)
        return g.tideng_directory

    def _fresh_directory(self, connection: Connection) -> Directory:
        plugins = self.deployment.plugins
        changed = self.deployment.refresh(connection)
        changed = any(plugins.call("refresh", connection=connection)) or changed
        if self._directory is None or changed:
            found = plugins.first("directory", connection=connection)
            self._directory = found or Directory(default_zone=self.deployment.profile.timezone)
        return self._directory

    def viewer(self) -> Viewer:
        """Who is looking at this page; nobody in particular before they signed in."""
        if "tideng_viewer" not in g:
            g.tideng_viewer = self._viewer()
        return g.tideng_viewer

    def _viewer(self) -> Viewer:
        if not current_user.is_authenticated:
            return Viewer("", "", frozenset())
        return self.viewer_of(current_user.username, frozenset(role.name for role in current_user.roles))

    def viewer_of(self, login: str, roles: frozenset[str]) -> Viewer:
        """A login is a person's id, where the directory knows it."""
        return Viewer(login, login if self.directory().knows(login) else "", roles)

    def locale_of(self, login: str) -> str:
        """The language in which the person wants to be spoken to; '' when it is none of ours."""
        found = self.directory().at(login, self.now())
        wanted = found.locale if found else self.deployment.profile.locale
        return language_of(wanted)

    def zone(self) -> ZoneInfo:
        """The reader's own zone: every time on a page is in it."""
        person = self.viewer().person
        return self.directory().zone_of(person, self.now()) if person else zone(self.deployment.profile.timezone)

    def day_began(self) -> datetime:
        """When the reader's day began."""
        local = self.now().astimezone(self.zone())
        return datetime.combine(local.date(), time(), local.tzinfo)

    def counters(self) -> Counters:
        if "tideng_counters" not in g:
            with reading(self.engine) as connection:
                g.tideng_counters = counters(connection, self.now(), self.day_began())
        return g.tideng_counters

    def attention(self) -> list[Attention]:
        """What the plugins want somebody to look at now; it names nobody."""
        if "tideng_attention" not in g:
            with reading(self.engine) as connection:
                parts = self.deployment.plugins.call("needs_attention", connection=connection)
                g.tideng_attention = [one for part in parts for one in part]
        return g.tideng_attention

    def engine_state(self) -> EngineState | None:
        """Which engine judges, and whether it was asked for; None where no plugin judges."""
        if "tideng_engine_state" not in g:
            with reading(self.engine) as connection:
                g.tideng_engine_state = self.deployment.plugins.first("engine_state", connection=connection)
        return g.tideng_engine_state

    def name_of(self, person: str) -> str:
        return name_of(self.directory(), person, self.now())

    def permissions(self) -> frozenset[tuple[str, str]]:
        """Everything the user's roles allow, (permission, view): one query a request instead of one per menu entry."""
        if "tideng_permissions" not in g:
            g.tideng_permissions = self._permissions()
        return g.tideng_permissions

    def _permissions(self) -> frozenset[tuple[str, str]]:
        if not current_user.is_authenticated:
            return frozenset()
        from flask_appbuilder.security.sqla import models as m

        link = m.assoc_permissionview_role
        statement = (
            select(m.Permission.name, m.ViewMenu.name)
            .join(m.PermissionView, m.PermissionView.permission_id == m.Permission.id)
            .join(m.ViewMenu, m.ViewMenu.id == m.PermissionView.view_menu_id)
            .join(link, link.c.permission_view_id == m.PermissionView.id)
            .where(link.c.role_id.in_([role.id for role in current_user.roles]))
        )
        return frozenset((row[0], row[1]) for row in current_app.appbuilder.session.execute(statement))  # type: ignore[attr-defined]

    def may(self, permission: str, view: str) -> bool:
        return (permission, view) in self.permissions()

    def lit(self, view: str) -> str:
        """The view whose entry in the menu is lit while `view` is open."""
        return next((one.under for one in self.screens if one.view.__name__ == view and one.under), view)

    def menu(self) -> list[Screen]:
        """The screens of the menu that this user may open, in order."""
        return [one for one in self.screens if not one.hidden and self.may(one.permission, one.name)]


def web() -> Web:
    return current_app.extensions["tideng"]


def choose_locale() -> str:
    """The language of this request: chosen, else the client's; never one that we do not have (an old cookie may)."""
    chosen = session.get("locale", "")
    return language_of(chosen) or language_of(current_app.config["BABEL_DEFAULT_LOCALE"]) or SOURCE


def asked_locale() -> str:
    """The language in which the API names problems: the installed one that the caller likes best, else English."""
    return request.accept_languages.best_match((SOURCE, *languages())) or SOURCE


def locale() -> str:
    """The installed language of this request."""
    return language_of(str(get_locale() or DEFAULT)) or SOURCE


def open_microphone() -> None:
    """Let this page use the microphone, and play what it recorded; every other page may do neither."""
    g.tideng_records = True


def microphone_is_open() -> bool:
    return bool(g.get("tideng_records", False))
