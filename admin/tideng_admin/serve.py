"""Serve the web process with gunicorn: a master that restarts workers, threads that wait together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from tideng.deployment import Deployment

from tideng_admin.app import create_app

THREADS = 8


class _Server(BaseApplication):
    """gunicorn, told what to do by values instead of a command line."""

    def __init__(self, folder: Path, options: dict[str, Any]):
        self._folder, self._options = folder, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # in the worker, after the fork: database connections must not be shared between processes
        return create_app(Deployment.open(self._folder))


def serve(deployment_folder: Path | str, host: str, port: int, workers: int = 1, **options: Any) -> None:
    """Serve the deployment in `deployment_folder` until SIGTERM or SIGINT; returns by SystemExit, as gunicorn does.

    One worker with threads is right for SQLite. Limits on tries to sign in are counted in each worker. `options` are
    gunicorn's own, over these.
    """
    chosen = {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": 60,
        "graceful_timeout": 10,
        "keepalive": 5,
        "limit_request_line": 8190,
        "forwarded_allow_ips": "127.0.0.1,::1",
        "proc_name": "tideng-web",
        "control_socket_disable": True,
        "loglevel": "warning",
        **options,
    }
    _Server(Path(deployment_folder), chosen).run()
