"""Messages on their way: leased, spoken, and sent; or tried again later; or parked for a person to see.

A try is counted before it is made, so that a message that kills its worker does not do so for ever. A kill between
speaking and marking repeats at most one message; a channel that takes the duplicate key repeats none. Several rows that
go out as one message are leased, marked and tried again together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, and_, or_, select, update
from sqlalchemy.orm import aliased

from tideng.base.errors import NotFound
from tideng.model.event import Event
from tideng.model.judge_contract import Watch
from tideng.org.directory import Directory
from tideng.outbox.channels import Channel, ChannelError, PortalChannel
from tideng.outbox.compose import compose
from tideng.outbox.policy import QUIET, Speaking
from tideng.outbox.release import release, something_is_due
from tideng.outbox.system_rules import system_watch
from tideng.store.database import reading, writing
from tideng.store.events import store_events
from tideng.store.tables import FindingRow, OutboxRow

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

SOURCE = "tideng/outbox"
DELIVERED = "nudge.delivered"
_log = structlog.get_logger(__name__)


class Outbox:
    """Delivers the due messages of one deployment."""

    def __init__(
        self,
        deployment: Deployment,
        watch: Callable[[str, int], Watch | None] = lambda rule, version: None,
        listens: Callable[[str], bool] = lambda event_type: False,
    ):
        """`watch` gives a rule's title, for a message's subject line, and what the rule is good for; `listens` says whether
        some rule wants to know of an event type: only then what was delivered is an event, since the outbox says it anyway."""
        self._deployment, self._watch, self._listens = deployment, watch, listens
        self._channels: dict[str, Channel | None] = {}

    def deliver(self, directory: Directory) -> int:
        """Lease what may go out, speak it, mark it, and hold what may not; returns how many messages were looked at."""
        letters, held = self._lease(directory)
        safe_to_repeat: list[int] = []
        for rows in letters:
            channel, ids = self._channel(rows[0].channel), [row.id for row in rows]
            if self._try(rows, channel, directory):
                if channel is not None and channel.takes_duplicate_key:
                    safe_to_repeat += ids
                else:
                    self._mark(ids, **self._sent())
        if safe_to_repeat:
            self._mark(safe_to_repeat, **self._sent())
        return sum(map(len, letters)) + held

    def _sent(self) -> dict[str, Any]:
        return {"status": "sent", "sent_at": self._deployment.clock.now(), "error": None}

    def _delivered(self, connection: Connection, ids: list[int], now: datetime) -> list[Event]:
        """An event for each; none for what a rule about nudges says, which would go on for ever."""
        columns = (OutboxRow.id, OutboxRow.channel, OutboxRow.recipient, FindingRow.rule, FindingRow.version)
        query = select(*columns, FindingRow.id.label("finding")).join(FindingRow, FindingRow.id == OutboxRow.finding)
        return [
            Event(
                f"delivered/{row.id}",
                SOURCE,
                DELIVERED,
                now,
                row.recipient,
                {"nudge": str(row.finding), "channel": row.channel},
            )
            for row in connection.execute(query.where(OutboxRow.id.in_(ids)).order_by(OutboxRow.id))
            if not _about_nudges(self._watched(row))
        ]

    def _lease(self, directory: Directory) -> tuple[list[list[Any]], int]:
        """What goes out now, the rows of each message together; and how many others were held."""
        now, engine = self._deployment.clock.now(), self._deployment.engine
        with reading(engine) as connection:
            if not something_is_due(connection, now):
                return [], 0
        until = now + timedelta(seconds=self._deployment.settings.lease_seconds)
        with writing(engine) as connection:
            decided = release(connection, self._speaking, directory, now, until)
            return self._letters(connection, decided.going), decided.held

    @property
    def _speaking(self) -> Speaking:
        return Speaking.of(self._deployment.profile)

    @staticmethod
    def _letters(connection: Connection, going: list[list[int]]) -> list[list[Any]]:
        lead = aliased(OutboxRow)
        message = (
            select(
                OutboxRow.id,
                OutboxRow.key,
                OutboxRow.channel,
                OutboxRow.recipient,
                OutboxRow.attempts,
                lead.key.label("lead"),
                FindingRow.rule,
                FindingRow.version,
                FindingRow.message,
                FindingRow.locale,
                FindingRow.period,
                FindingRow.id.label("finding"),
            )
            .join(FindingRow, FindingRow.id == OutboxRow.finding)
            .outerjoin(lead, lead.id == OutboxRow.bundle)
        )
        place = {id: number for number, group in enumerate(going) for id in group}
        if not place:
            return []
        found = connection.execute(message.where(OutboxRow.id.in_(list(place)))).all()
        rows = sorted(found, key=lambda row: (place[row.id], row.id))
        return [list(together) for _, together in groupby(rows, key=lambda row: place[row.id])]

    def _try(self, rows: Sequence[Any], channel: Channel | None, directory: Directory) -> bool:
        try:
            if channel is None:
                raise ChannelError(f"there is no channel {rows[0].channel!r}", retry=False)
            reader = directory.at(rows[0].recipient, self._deployment.clock.now())
            locale = reader.locale if reader else rows[0].locale or self._deployment.profile.locale
            points = [(row, self._watched(row)) for row in rows]
            channel.send(compose(points, reader.email if reader else "", locale))
        except ChannelError as error:
            self._failed(rows, str(error), error.retry, directory)
        except Exception as error:  # a channel's own fault must not stop the others
            self._failed(rows, f"{type(error).__name__}: {error}", True, directory)
        else:
            return True
        return False

    def _watched(self, row: Any) -> Watch | None:
        return system_watch(row.rule) or self._watch(row.rule, row.version)

    def _failed(self, rows: Sequence[Any], error: str, retry: bool, directory: Directory) -> None:
        settings, now = self._deployment.settings, self._deployment.clock.now()
        ids, attempts = [row.id for row in rows], max(row.attempts for row in rows)
        _log.warning("delivery failed", outbox=ids[0], channel=rows[0].channel, attempt=attempts, retry=retry)
        if not retry or attempts >= settings.delivery_attempts:
            self._mark(ids, status="parked", error=error[:2000])
            return
        wait = min(settings.back_off_cap_seconds, settings.back_off_base_seconds * 2 ** (attempts - 1))
        wait *= 0.75 + random.random() / 2  # so that a returning server is not met by everyone at once
        after = now + timedelta(seconds=wait)
        due = self._speaking.next_allowed(rows[0].recipient, after, directory)
        held = QUIET if due > after else None
        self._mark(ids, status="waiting", due=due, held_because=held, error=error[:2000])

    def _mark(self, rows: list[int], **values: Any) -> None:
        with writing(self._deployment.engine) as connection:
            # a message withdrawn while it was being spoken stays dropped
            ours = and_(OutboxRow.id.in_(rows), OutboxRow.status == "leased")
            changed = update(OutboxRow).where(ours).values(**values).returning(OutboxRow.id)
            done = list(connection.scalars(changed))
            if done and values["status"] == "sent" and self._listens(DELIVERED):
                now = values["sent_at"]
                store_events(connection, self._deployment.catalogue, self._delivered(connection, done, now), now)

    def _channel(self, name: str) -> Channel | None:
        if name not in self._channels:
            found = PortalChannel() if name == "portal" else self._deployment.plugins.first("channel", name=name)
            if found is None:
                return None
            self._channels[name] = found
        return self._channels[name]


def _about_nudges(watch: Watch | None) -> bool:
    trigger = watch.trigger if watch else None
    types = getattr(trigger, "event_types", ()) or (getattr(trigger, "event_type", ""),)
    return any(one.startswith("nudge.") for one in types)


def retry_parked(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Send parked messages again from their first try, because a person said so; returns how many.

    What went out together goes out together again.
    """
    together = select(OutboxRow.bundle).where(OutboxRow.id.in_(ids), OutboxRow.bundle.is_not(None))
    wanted = or_(OutboxRow.id.in_(ids), OutboxRow.bundle.in_(together))
    statement = update(OutboxRow).where(wanted, OutboxRow.status == "parked")
    again = {"status": "waiting", "attempts": 0, "due": now, "error": None}
    changed = connection.execute(statement.values(**again)).rowcount
    if not changed and not connection.execute(select(OutboxRow.id).where(OutboxRow.id.in_(ids))).first():
        raise NotFound("no-message", {"names": ids})
    return changed


def next_due(connection: Connection) -> datetime | None:
    """When the next message falls due; None when none waits."""
    waiting = or_(OutboxRow.status == "waiting", OutboxRow.status == "leased")
    return connection.execute(select(OutboxRow.due).where(waiting).order_by(OutboxRow.due).limit(1)).scalar()
