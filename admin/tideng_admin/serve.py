"""Serve the web process with gunicorn: a master that restarts its worker, threads that wait together."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from tideng.deployment import Deployment
from tideng.settings import Settings
from tideng_admin.app import create_app

THREADS = 8


class _Server(BaseApplication):
    """gunicorn, told what to do by values instead of a command line."""

    def __init__(self, settings: Settings, options: dict[str, Any]):
        self._settings, self._options = settings, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # in the worker, after the fork: database connections must not be shared between processes
        return create_app(Deployment.open(self._settings))


def serve(settings: Settings, workers: int = 1, **options: Any) -> None:
    """Answer at the settings' host and port until SIGTERM or SIGINT; ends by SystemExit, as gunicorn does.

    One worker with threads is right for SQLite, which has one writer, and for limits on signing in, which each worker
    counts for itself. `options` are gunicorn's own, over these.
    """
    host = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    chosen = {
        "bind": f"{host}:{settings.web_port}",
        "workers": workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": 60,
        "graceful_timeout": 10,
        "keepalive": 5,
        "forwarded_allow_ips": "127.0.0.1,::1",
        "proc_name": "tideng-web",
        "control_socket_disable": True,
        "loglevel": "warning",
        **options,
    }
    _Server(settings, chosen).run()
