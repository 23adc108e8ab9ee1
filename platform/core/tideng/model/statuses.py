"""The states that messages, events and nudges can be in, and the reasons why a message waits or is not sent, with their titles.

One table for the outbox, the command line, the pages and the API: a new status or reason gets its title here, and a test
holds that none lacks one. The values are stored and are part of the API; they do not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType

from tideng.base.text import Text, phrase, same


class MessageStatus(StrEnum):
    """The state of one message in the outbox."""

    WAITING = "waiting"
    LEASED = "leased"
    SENT = "sent"
    PARKED = "parked"
    HELD = "held"
    DROPPED = "dropped"


ON_THE_WAY = (MessageStatus.WAITING, MessageStatus.LEASED)
"""A worker looks at these messages when they fall due."""
UNDELIVERED = (MessageStatus.WAITING, MessageStatus.LEASED, MessageStatus.HELD)
"""Messages that may still go out without anybody repairing anything."""
UNSENT = (*UNDELIVERED, MessageStatus.PARKED)


class EventStatus(IntEnum):
    """The state of a stored event; its word (`word`) is used by pages and the API."""

    WAITING = 0
    JUDGED = 1
    FAILED = 2

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of_word(cls, word: str | None) -> EventStatus | None:
        """The status with this word; None where there is none."""
        return next((one for one in cls if one.word == word), None)


class NudgeStatus(StrEnum):
    """The state of a finding as people see it, derived from the finding, its response and its messages."""

    TOLD = "told"
    SNOOZED = "snoozed"
    HELD = "held"
    WAITING = "waiting"
    PARKED = "parked"
    ACKNOWLEDGED = "acknowledged"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"
    RECORDED = "recorded"


class HeldReason(StrEnum):
    """Why a message is not sent yet."""

    QUIET = "quiet hours"
    BUDGET_DAY = "budget of the day"
    BUDGET_WEEK = "budget of the week"
    DIGEST = "digest"
    STORM = "storm"
    SNOOZED = "snoozed"
    CONTESTED = "contested"


class DroppedReason(StrEnum):
    """Why a message is not sent at all, where Tideng decided so; HR's own words may stand in its place."""

    SNOOZED = "snoozed"
    CONTESTED = "contested"
    DONE = "done meanwhile"
    ANSWERED = "answered"
    UNDONE = "undone"
    SEEN = "seen already"


MESSAGE_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        MessageStatus.WAITING: phrase("On its way"),
        MessageStatus.LEASED: phrase("Being sent"),
        MessageStatus.SENT: phrase("Sent"),
        MessageStatus.PARKED: phrase("Not delivered"),
        MessageStatus.HELD: phrase("On hold"),
        MessageStatus.DROPPED: phrase("Not needed any more"),
    }
)
EVENT_TITLES: Mapping[EventStatus, Text] = MappingProxyType(
    {
        EventStatus.WAITING: phrase("To be judged"),
        EventStatus.JUDGED: phrase("Judged"),
        EventStatus.FAILED: phrase("Fault"),
    }
)
NUDGE_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        NudgeStatus.TOLD: phrase("Told"),
        NudgeStatus.SNOOZED: phrase("Later"),
        NudgeStatus.HELD: phrase("On hold"),
        NudgeStatus.WAITING: phrase("On its way"),
        NudgeStatus.PARKED: phrase("Not delivered"),
        NudgeStatus.ACKNOWLEDGED: phrase("Seen"),
        NudgeStatus.DISPUTED: phrase("Contested"),
        NudgeStatus.WITHDRAWN: phrase("Withdrawn"),
        NudgeStatus.RECORDED: phrase("Recorded"),
    }
)
HELD_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        HeldReason.QUIET: phrase("quiet hours"),
        HeldReason.BUDGET_DAY: phrase("enough messages for today"),
        HeldReason.BUDGET_WEEK: phrase("enough messages for this week"),
        HeldReason.DIGEST: phrase("kept for one message"),
        HeldReason.STORM: phrase("more people than in its preview"),
        HeldReason.SNOOZED: phrase("its reader put it off"),
        HeldReason.CONTESTED: phrase("its reader says it is not right"),
    }
)
DROPPED_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        DroppedReason.SNOOZED: HELD_TITLES[HeldReason.SNOOZED],
        DroppedReason.CONTESTED: HELD_TITLES[HeldReason.CONTESTED],
        DroppedReason.DONE: phrase("it was done meanwhile"),
        DroppedReason.ANSWERED: phrase("it was answered"),
        DroppedReason.UNDONE: phrase("its reader took that back"),
        DroppedReason.SEEN: phrase("it was seen already"),
    }
)


def held_title(reason: str | None) -> Text:
    """Why a message is not sent yet; a reason that this version does not know is shown as it is stored."""
    return HELD_TITLES.get(reason or "", _as_stored(reason))


def dropped_title(reason: str | None) -> Text:
    """Why a message is not sent at all; a person's own words are shown as they wrote them."""
    return DROPPED_TITLES.get(reason or "", _as_stored(reason))


def _as_stored(reason: str | None) -> Text:
    return same(reason or "")
