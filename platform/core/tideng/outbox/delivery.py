"""Messages on their way: leased, spoken, and sent; or tried again later; or parked for a person to see.

A try is counted before it is made, so that a message that kills its worker does not do so for ever. A kill between
speaking and marking repeats at most one message; a channel that takes the duplicate key repeats none. Several rows that
go out as one message are leased, marked and tried again together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection

from tideng.base.errors import NotFound
from tideng.model.event import Event
from tideng.model.judge_contract import Watch
from tideng.model.statuses import HeldReason
from tideng.org.directory import Directory
from tideng.outbox import rows as outbox_rows
from tideng.outbox.channels import Channel, ChannelError, PortalChannel
from tideng.outbox.compose import compose
from tideng.outbox.policy import Speaking
from tideng.outbox.release import release
from tideng.outbox.system_rules import system_watch
from tideng.store.database import reading, writing
from tideng.store.events import store_events

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
                    self._mark_sent(ids)
        if safe_to_repeat:
            self._mark_sent(safe_to_repeat)
        return sum(map(len, letters)) + held

    def _delivered(self, connection: Connection, ids: list[int], now: datetime) -> list[Event]:
        """An event for each message; none for rules about nudges, whose own messages would trigger them for ever."""
        return [
            Event(
                f"delivered/{row.id}",
                SOURCE,
                DELIVERED,
                now,
                row.recipient,
                {"nudge": str(row.finding), "channel": row.channel},
            )
            for row in outbox_rows.spoken(connection, ids)
            if not _about_nudges(self._watched(row))
        ]

    def _lease(self, directory: Directory) -> tuple[list[list[Any]], int]:
        """What goes out now, the rows of each message together; and how many others were held."""
        now, engine = self._deployment.clock.now(), self._deployment.engine
        with reading(engine) as connection:
            if not outbox_rows.something_is_due(connection, now):
                return [], 0
        until = now + timedelta(seconds=self._deployment.settings.lease_seconds)
        with writing(engine) as connection:
            decided = release(connection, self._speaking, directory, now, until)
            return outbox_rows.letters(connection, decided.going), decided.held

    @property
    def _speaking(self) -> Speaking:
        return Speaking.of(self._deployment.profile)

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
            with writing(self._deployment.engine) as connection:
                outbox_rows.park(connection, ids, error[:2000])
            return
        wait = min(settings.back_off_cap_seconds, settings.back_off_base_seconds * 2 ** (attempts - 1))
        wait *= 0.75 + random.random() / 2  # so that a returning server is not met by everyone at once
        after = now + timedelta(seconds=wait)
        due = self._speaking.next_allowed(rows[0].recipient, after, directory)
        because = HeldReason.QUIET if due > after else None
        with writing(self._deployment.engine) as connection:
            outbox_rows.try_later(connection, ids, due, because, error[:2000])

    def _mark_sent(self, ids: list[int]) -> None:
        now = self._deployment.clock.now()
        with writing(self._deployment.engine) as connection:
            done = outbox_rows.mark_sent(connection, ids, now)
            if done and self._listens(DELIVERED):
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
    changed = outbox_rows.retry(connection, ids, now)
    if not changed and not outbox_rows.exist(connection, outbox_rows.Selection(ids=ids)):
        raise NotFound("no-message", {"names": ids})
    return changed
