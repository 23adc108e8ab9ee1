"""Single events that come at the same time share one transaction: whoever gets the turn commits for all who wait.

A commit waits for the disk, and SQLite has one writer. Under load a post of one event then waits for one commit ahead of
it, not for one commit for every post ahead of it. There is no thread to start or stop, and nothing is acknowledged
before it is on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tideng.base.errors import InvalidPayload
from tideng.model.event import Event
from tideng.store.database import writing
from tideng.store.events import (
    ACCEPTED,
    Receipt,
    keep,
    read_payloads,
)

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment


@dataclass(eq=False)
class _Request:
    """What one caller hands in, and what became of it."""

    read: list[tuple[str, Event | InvalidPayload]]
    source_hint: str
    receipts: list[Receipt] = field(default_factory=list)
    error: BaseException | None = None
    done: bool = False


class GroupCommit:
    """Takes in payloads for the threads of one process. Make one for each deployment."""

    def __init__(self, deployment: Deployment):
        self._deployment = deployment
        self._waiting: list[_Request] = []
        self._list, self._turn = threading.Lock(), threading.Lock()

    def receive(self, payloads: Sequence[Any], source_hint: str = "") -> list[Receipt]:
        """As `events.receive`, sharing the transaction with the callers in other threads."""
        read = read_payloads(self._deployment, payloads, self._deployment.clock.now())
        request = _Request(read, source_hint)
        with self._list:
            self._waiting.append(request)
        with self._turn:  # by now whoever had the turn may have taken this request along
            if not request.done:
                self._commit()
        if request.error is not None:
            raise request.error
        return request.receipts

    def _commit(self) -> None:
        with self._list:
            requests, self._waiting = self._waiting, []
        try:
            self._keep(requests)
        except Exception:
            for request in requests:  # one that cannot be stored must not take the others along
                try:
                    self._keep([request])
                except Exception as error:
                    request.error = error
        finally:
            for request in requests:
                request.done = True
        if any(receipt.status == ACCEPTED for request in requests for receipt in request.receipts):
            self._deployment.bell.ring()

    def _keep(self, requests: Sequence[_Request]) -> None:
        """Everything in one transaction, with one statement for all that came from the same source."""
        by_source: dict[str, list[_Request]] = {}
        for request in requests:
            by_source.setdefault(request.source_hint, []).append(request)
        kept: list[tuple[_Request, list[Receipt]]] = []
        with writing(self._deployment.engine) as connection:
            for source_hint, group in by_source.items():
                read = [one for request in group for one in request.read]
                now = self._deployment.clock.now()
                receipts = iter(keep(connection, self._deployment.catalogue, read, now, source_hint))
                kept += [(request, [next(receipts) for _ in request.read]) for request in group]
        for request, receipts_ in kept:
            request.receipts = receipts_
