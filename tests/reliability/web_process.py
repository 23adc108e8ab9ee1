"""What takes in events, as a process of its own: ``python -m tests.reliability.web_process FOLDER PORT``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from werkzeug import Request, Response
from werkzeug.serving import make_server

from tests.reliability.wire_plugin import with_wire
from tideng import logs
from tideng.deployment import Deployment
from tideng.repository import receive


def main(folder: Path, port: int) -> None:
    logs.configure("error")
    deployment = Deployment.open(folder, found=with_wire())

    @Request.application
    def app(request: Request) -> Response:
        receipts = receive(deployment, request.get_json())
        return Response(json.dumps([receipt.status for receipt in receipts]), 202, content_type="application/json")

    import logging

    logging.getLogger("werkzeug").disabled = True
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
