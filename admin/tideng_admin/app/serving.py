"""The web process as the command line starts it: entry points of the group ``tideng.web``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from tideng.access.viewer import name_of
from tideng.base.settings import Settings
from tideng.org.directory import Directory
from tideng.runtime.deployment import Deployment
from tideng.store.database import reading
from tideng_admin.app import setup
from tideng_admin.app.factory import create_app

THREADS = 8  # one process: sign-in limits are counted in its memory, and SQLite has one writer anyway
PATIENCE = 10  # seconds that running requests get at the end
ALSO = {"supervisor": ("employee",), "hr": ("employee",)}  # they are spoken to like everybody else


def serve(settings: Settings) -> None:
    """Answer requests at the settings' host and port until SIGTERM or SIGINT; does not return."""
    _Server(settings).run()


def prepare(deployment: Deployment, logins: Sequence[tuple[str, str, str]] = ()) -> str | None:
    """Make tables, roles and permissions for the web, and logins given as (person's id, role, password).

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


class _Server(BaseApplication):
    def __init__(self, settings: Settings):
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        host = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
        chosen: dict[str, Any] = {
            "bind": f"{host}:{settings.web_port}",
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": PATIENCE,
            "keepalive": 5,
            "limit_request_line": 8190,
            "loglevel": "warning",
            "control_socket_disable": True,
            "proc_name": "tideng-web",
            "forwarded_allow_ips": "127.0.0.1,::1",
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker process: connections and threads do not survive a fork."""
        deployment = Deployment.open(self._settings)
        setup.require_current(deployment)
        return create_app(deployment)
