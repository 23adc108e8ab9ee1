"""Make a deployment ready for the web: tables, roles with their permissions, the first administrator. May be repeated."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from flask_appbuilder.security.sqla.models import Role, User

from tideng.base.errors import CommandFailed, NotFound
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import is_latest, upgrade
from tideng.store.database import insert, reading, writing
from tideng_admin.app.factory import create_app
from tideng_admin.auth.passwords import check_password

PART = "admin"
VERSIONS = Path(__file__).parents[1] / "migrations"
_LOOK = ("Today", "People", "Nudges", "Contests", "Rules", "Drafts", "Events", "Outbox", "DeadLetters", "Plugins")
_WRITES_RULES = {"Rules": ("read", "write"), "Drafts": ("read", "write")}
_MINE = {"Inbox": ("read", "write"), "Nudges": ("read",), "Rules": ("read",)}

ROLES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "employee": _MINE,
    "supervisor": {**_MINE, "People": ("read",), "Team": ("read", "write")},
    "hr": {
        **dict.fromkeys(_LOOK, ("read",)),
        **_MINE,
        "Contests": ("read", "write"),
        "Outbox": ("read", "write"),
        "DeadLetters": ("read", "write"),
        **_WRITES_RULES,
    },
    "implementer": {
        **dict.fromkeys(_LOOK, ("read",)),
        **_WRITES_RULES,
        "Plugins": ("read", "write"),
        "Keys": ("write",),
    },
    "auditor": dict.fromkeys(_LOOK, ("read",)),
    "connector": {},
    "public": {},
}
"""Role → page of the core → what it may do there; plugins say it of theirs (`Screen.roles`). Admin may do everything."""
OWN_ACCOUNT = {"ResetMyPasswordView": ("this_form_get", "this_form_post")}


@dataclass(frozen=True, slots=True)
class NewUser:
    """Somebody who may sign in. `login` is the person's id where they are in the directory."""

    login: str
    roles: tuple[str, ...]
    password: str = field(repr=False)
    name: str = ""
    email: str = ""


def prepare(deployment: Deployment, admin_password: str | None = None) -> str | None:
    """Make tables, roles, permissions and, where there is none, the administrator ``admin``.

    Returns the administrator's password when one was made up, to be shown once. Raises `Refused` for a weak one.
    """
    if admin_password is not None:
        check_password(admin_password, "admin")
    upgrade(deployment, PART, VERSIONS)
    _make_roles(deployment)
    app = create_app(deployment, update_permissions=True)
    with app.app_context():
        _give_permissions(app)
        return _first_admin(app, admin_password)


def require_current(deployment: Deployment) -> None:
    """Raise `CommandFailed` when the web's tables are not up to date, rather than fail on the first page."""
    with reading(deployment.engine) as connection:
        if not is_latest(connection, PART, VERSIONS):
            raise CommandFailed("web-tables-outdated")


def _make_roles(deployment: Deployment) -> None:
    """Before the app is made: Flask-AppBuilder gives the role admin everything while it starts, and wants to find it."""
    with writing(deployment.engine) as connection:
        rows = [{"name": name} for name in (*ROLES, "admin")]
        connection.execute(insert(connection)(Role).on_conflict_do_nothing(), rows)


def _give_permissions(app: Flask) -> None:
    manager = app.appbuilder.sm  # type: ignore[attr-defined]
    screens = app.extensions["tideng"].screens
    for name, views in ROLES.items():
        role = manager.find_role(name)
        of_plugins = {screen.name: screen.roles[name] for screen in screens if name in screen.roles}
        for view, permissions in {**views, **of_plugins, **(OWN_ACCOUNT if name != "public" else {})}.items():
            for permission in permissions:
                found = manager.add_permission_view_menu(f"can_{permission}", view)
                if found not in role.permissions:
                    manager.add_permission_role(role, found)
    manager.session.commit()


def _first_admin(app: Flask, password: str | None) -> str | None:
    manager = app.appbuilder.sm  # type: ignore[attr-defined]
    admin = manager.find_role("admin")
    if manager.session.query(User).filter(User.roles.any(id=admin.id)).first():
        return None
    made = None if password else secrets.token_urlsafe(12)
    _add(app, NewUser("admin", ("admin",), password or made or "", "Administrator", "admin@localhost"))
    return made


def add_users(deployment: Deployment, users: Iterable[NewUser]) -> int:
    """Add whoever is not there yet; returns how many. Raises `Refused` for a weak password, `NotFound` for a role."""
    app = create_app(deployment)
    with app.app_context():
        return sum(_add(app, user) for user in users)


def set_password(deployment: Deployment, login: str, password: str) -> None:
    """Give `login` a new password and end their sessions. Raises `Refused` for a weak one, `NotFound`."""
    app = create_app(deployment)
    with app.app_context():
        manager = app.appbuilder.sm  # type: ignore[attr-defined]
        user = manager.find_user(username=login)
        if user is None:
            raise NotFound("no-user", {"login": login})
        manager.reset_password(user.id, password)


def _add(app: Flask, user: NewUser) -> bool:
    manager = app.appbuilder.sm  # type: ignore[attr-defined]
    if manager.find_user(username=user.login):
        return False
    check_password(user.password, user.login)
    roles = [manager.find_role(name) for name in user.roles]
    if None in roles:
        raise NotFound("no-user-role", {"name": user.roles[roles.index(None)]})
    email = user.email or f"{user.login}@localhost"
    # the name is taken from the directory when it is shown; here it only has to be there
    if not manager.add_user(user.login, user.name or user.login, "-", email, roles, password=user.password):
        raise CommandFailed("user-not-added", {"login": user.login})
    return True
