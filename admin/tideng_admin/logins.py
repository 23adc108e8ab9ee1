"""Logins as the command line asks for them: (person's id, role, password)."""

from __future__ import annotations

from collections.abc import Iterable

from tideng.database import reading
from tideng.deployment import Deployment
from tideng.people import Directory
from tideng.viewing import name_of
from tideng_admin import setup

ALSO = {"supervisor": ("employee",), "hr": ("employee",)}
"""Whoever leads or looks after people is spoken to like everybody else."""


def prepare(deployment: Deployment, logins: Iterable[tuple[str, str, str]] = ()) -> str | None:
    """Make the web's tables, roles and permissions, and whoever of `logins` is not there yet.

    Returns the password of the administrator ``admin`` when one was made up, to be shown once. Raises `Refused` for a
    weak password, `NotFound` for an unknown role.
    """
    made = setup.prepare(deployment)
    with reading(deployment.engine) as connection:
        directory = deployment.plugins.first("directory", connection=connection) or Directory()
    now = deployment.clock.now()
    users = [
        setup.NewUser(login, (role, *ALSO.get(role, ())), password, name_of(directory, login, now))
        for login, role, password in logins
    ]
    setup.add_users(deployment, users)
    return made
