"""The web process, as a process of its own: the real application and its REST endpoint, without gunicorn's master."""

from __future__ import annotations

import logging
from pathlib import Path

from werkzeug.serving import make_server

from tests.reliability.wire_plugin import with_wire
from tests.reliability.worker_process import log_to
from tideng.base import logs
from tideng.runtime.deployment import Deployment
from tideng_admin.app.factory import create_app


def main(folder: Path, log: Path, port: int) -> None:
    """Answer on `port` for ever."""
    log_to(log)
    logs.configure("error")
    logging.getLogger("werkzeug").disabled = True
    app = create_app(Deployment.open(folder, found=with_wire()))
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()
