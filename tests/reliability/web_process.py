"""What takes in events, as a process of its own."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from werkzeug import Request, Response
from werkzeug.serving import make_server

from tests.reliability.wire_plugin import with_wire
from tests.reliability.worker_process import log_to
from tideng import logs
from tideng.deployment import Deployment
from tideng.repository import receive


def main(folder: Path, log: Path, port: int) -> None:
    """Answer ``POST /api/v1/events`` on `port` for ever."""
    log_to(log)
    logs.configure("error")
    deployment = Deployment.open(folder, found=with_wire())

    @Request.application
    def app(request: Request) -> Response:
        receipts = receive(deployment, request.get_json())
        return Response(json.dumps([receipt.status for receipt in receipts]), 202, content_type="application/json")

    logging.getLogger("werkzeug").disabled = True
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()
