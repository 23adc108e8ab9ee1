"""The bell: "there is work". huey carries it between processes and carries nothing else.

huey loses running tasks when it is killed and may run one twice, so nothing depends on a ring being heard: the worker
sweeps the database anyway, and the queue's file may be deleted at any time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import structlog
from huey import SqliteHuey
from huey.consumer import Consumer
from huey.serializer import SignedSerializer

_log = structlog.get_logger(__name__)
_LOOK_EVERY = 0.1


class Bell:
    """Rings across processes through the queue in `queue_file`; `secret` signs what is put there."""

    def __init__(self, queue_file: str, secret: str):
        # the default serializer would execute what a stranger puts into the file
        serializer = SignedSerializer(secret=secret or "tideng", salt="bell")
        self._huey = SqliteHuey("bell", filename=queue_file, fsync=False, results=False, serializer=serializer)
        self._answer: Callable[[], object] = lambda: None
        self._task = self._huey.task(name="work")(self._work)

    def ring(self) -> None:
        """Say that there is work. A bell that cannot be rung costs a few seconds, never a message."""
        try:
            self._task()
        except Exception as error:
            _log.warning("the bell could not be rung; the sweep will find the work", error=type(error).__name__)

    def listen(self, answer: Callable[[], object]) -> Listener:
        """Call `answer` in a thread of its own whenever it rings, until the listener is stopped."""
        self._answer = answer
        return Listener(self._huey)

    def _work(self) -> None:
        self._answer()


class Listener:
    """A consumer in threads of this process, which leaves the process's signals alone."""

    def __init__(self, huey: SqliteHuey):
        logging.getLogger("huey").setLevel(logging.CRITICAL)  # a deleted queue file is not worth a stack trace
        self._consumer = _QuietConsumer(
            huey, workers=1, periodic=False, max_delay=_LOOK_EVERY, initial_delay=_LOOK_EVERY
        )
        self._thread = threading.Thread(target=self._consumer.start, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._thread.join(timeout=1)
        self._consumer.stop(graceful=True)


class _QuietConsumer(Consumer):
    """huey's consumer takes over SIGTERM and SIGINT, which only the main thread may do and ours needs."""

    def _set_signal_handlers(self) -> None:
        pass
