"""Messages on their way: leased, spoken, and sent; or tried again later; or parked for a person to see.

A try is counted before it is made, so that a message that kills its worker does not do so for ever. A kill between
speaking and marking repeats at most one message; a channel that takes the duplicate key repeats none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, and_, or_, select, update

from tideng.channels import Channel, ChannelError, OutgoingMessage, PortalChannel
from tideng.database import is_sqlite, reading, writing
from tideng.errors import NotFound
from tideng.judging import Watch
from tideng.messages import choose
from tideng.people import Directory
from tideng.tables import FindingRow, OutboxRow

if TYPE_CHECKING:
    from tideng.deployment import Deployment

_log = structlog.get_logger(__name__)
_BATCH = 50


class Outbox:
    """Delivers the due messages of one deployment."""

    def __init__(self, deployment: Deployment, watch: Callable[[str, int], Watch | None] = lambda rule, version: None):
        """`watch` gives a rule's title, for a message's subject line, and what the rule is good for."""
        self._deployment, self._watch = deployment, watch
        self._channels: dict[str, Channel | None] = {}

    def deliver(self, directory: Directory) -> int:
        """Lease what is due, speak it, mark it; returns how many messages were tried."""
        leased = self._lease()
        safe_to_repeat = []
        for row in leased:
            channel = self._channel(row.channel)
            if self._try(row, channel, directory):
                if channel is not None and channel.takes_duplicate_key:
                    safe_to_repeat.append(row.id)
                else:
                    self._mark([row.id], **self._sent())
        if safe_to_repeat:
            self._mark(safe_to_repeat, **self._sent())
        return len(leased)

    def _sent(self) -> dict[str, Any]:
        return {"status": "sent", "sent_at": self._deployment.clock.now(), "error": None}

    def _lease(self) -> Sequence[Any]:
        settings, now = self._deployment.settings, self._deployment.clock.now()
        due = and_(OutboxRow.status.in_(("waiting", "leased")), OutboxRow.due <= now)
        with reading(self._deployment.engine) as connection:
            if connection.execute(select(OutboxRow.id).where(due).limit(1)).first() is None:
                return ()
        with writing(self._deployment.engine) as connection:
            query = select(OutboxRow.id).where(due).order_by(OutboxRow.due, OutboxRow.id).limit(_BATCH)
            if not is_sqlite(connection):
                query = query.with_for_update(skip_locked=True)
            ids = [row.id for row in connection.execute(query)]
            if not ids:
                return ()
            lease: dict[str, Any] = {"status": "leased", "attempts": OutboxRow.attempts + 1}
            lease["due"] = now + timedelta(seconds=settings.lease_seconds)
            connection.execute(update(OutboxRow).where(OutboxRow.id.in_(ids)).values(**lease))
            message = select(
                OutboxRow.id,
                OutboxRow.key,
                OutboxRow.channel,
                OutboxRow.recipient,
                OutboxRow.attempts,
                FindingRow.rule,
                FindingRow.version,
                FindingRow.message,
                FindingRow.locale,
                FindingRow.why,
                FindingRow.id.label("finding"),
            ).join(FindingRow, FindingRow.id == OutboxRow.finding)
            return connection.execute(message.where(OutboxRow.id.in_(ids)).order_by(OutboxRow.id)).all()

    def _try(self, row: Any, channel: Channel | None, directory: Directory) -> bool:
        try:
            if channel is None:
                raise ChannelError(f"there is no channel {row.channel!r}", retry=False)
            channel.send(self._message(row, directory))
        except ChannelError as error:
            self._failed(row, str(error), error.retry)
        except Exception as error:  # a channel's own fault must not stop the others
            self._failed(row, f"{type(error).__name__}: {error}", True)
        else:
            return True
        return False

    def _failed(self, row: Any, error: str, retry: bool) -> None:
        settings, now = self._deployment.settings, self._deployment.clock.now()
        _log.warning("delivery failed", outbox=row.id, channel=row.channel, attempt=row.attempts, retry=retry)
        if not retry or row.attempts >= settings.delivery_attempts:
            self._mark([row.id], status="parked", error=error[:2000])
            return
        wait = min(settings.back_off_cap_seconds, settings.back_off_base_seconds * 2 ** (row.attempts - 1))
        wait *= 0.75 + random.random() / 2  # so that a returning server is not met by everyone at once
        self._mark([row.id], status="waiting", due=now + timedelta(seconds=wait), error=error[:2000])

    def _mark(self, rows: list[int], **values: Any) -> None:
        with writing(self._deployment.engine) as connection:
            # a message withdrawn while it was being spoken stays dropped
            ours = and_(OutboxRow.id.in_(rows), OutboxRow.status == "leased")
            connection.execute(update(OutboxRow).where(ours).values(**values))

    def _message(self, row: Any, directory: Directory) -> OutgoingMessage:
        reader = directory.at(row.recipient, self._deployment.clock.now())
        locale = row.locale or self._deployment.profile.locale
        watch = self._watch(row.rule, row.version)
        title, _ = choose(watch.title if watch else {}, locale)
        why, _ = choose(watch.why if watch else {}, locale)
        return OutgoingMessage(
            key=row.key,
            recipient=row.recipient,
            address=reader.email if reader else "",
            locale=locale,
            subject=title or row.rule,
            body=row.message or "",
            why=why,
            link=f"/nudge/{row.finding}",
        )

    def _channel(self, name: str) -> Channel | None:
        if name not in self._channels:
            found = PortalChannel() if name == "portal" else self._deployment.plugins.first("channel", name=name)
            if found is None:
                return None
            self._channels[name] = found
        return self._channels[name]


def retry_parked(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Send parked messages again from their first try, because a person said so; returns how many."""
    statement = update(OutboxRow).where(OutboxRow.id.in_(ids), OutboxRow.status == "parked")
    again = {"status": "waiting", "attempts": 0, "due": now, "error": None}
    changed = connection.execute(statement.values(**again)).rowcount
    if not changed and not connection.execute(select(OutboxRow.id).where(OutboxRow.id.in_(ids))).first():
        raise NotFound(f"no message {', '.join(map(str, ids))}")
    return changed


def next_due(connection: Connection) -> datetime | None:
    """When the next message falls due; None when none waits."""
    waiting = or_(OutboxRow.status == "waiting", OutboxRow.status == "leased")
    return connection.execute(select(OutboxRow.due).where(waiting).order_by(OutboxRow.due).limit(1)).scalar()
