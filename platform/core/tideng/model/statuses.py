"""The states that messages, events and nudges can be in, and the reasons why a message waits or is not sent, with their titles.

One table for the outbox, the command line, the pages and the API: a new status or reason gets its title here, and a test
holds that none lacks one. The values are stored and are part of the API; they do not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideng.model.catalogue import Text


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
        MessageStatus.WAITING: {"zh": "在路上", "en": "On its way"},
        MessageStatus.LEASED: {"zh": "正在发", "en": "Being sent"},
        MessageStatus.SENT: {"zh": "已发出", "en": "Sent"},
        MessageStatus.PARKED: {"zh": "没送到", "en": "Not delivered"},
        MessageStatus.HELD: {"zh": "已暂缓", "en": "On hold"},
        MessageStatus.DROPPED: {"zh": "不用发了", "en": "Not needed any more"},
    }
)
EVENT_TITLES: Mapping[EventStatus, Text] = MappingProxyType(
    {
        EventStatus.WAITING: {"zh": "待判断", "en": "To be judged"},
        EventStatus.JUDGED: {"zh": "已判断", "en": "Judged"},
        EventStatus.FAILED: {"zh": "系统故障", "en": "Fault"},
    }
)
NUDGE_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        NudgeStatus.TOLD: {"zh": "已提醒", "en": "Told"},
        NudgeStatus.SNOOZED: {"zh": "晚点", "en": "Later"},
        NudgeStatus.HELD: {"zh": "已暂缓", "en": "On hold"},
        NudgeStatus.WAITING: {"zh": "在路上", "en": "On its way"},
        NudgeStatus.PARKED: {"zh": "没送到", "en": "Not delivered"},
        NudgeStatus.ACKNOWLEDGED: {"zh": "看到了", "en": "Seen"},
        NudgeStatus.DISPUTED: {"zh": "有异议", "en": "Contested"},
        NudgeStatus.WITHDRAWN: {"zh": "已撤回", "en": "Withdrawn"},
        NudgeStatus.RECORDED: {"zh": "已记录", "en": "Recorded"},
    }
)
HELD_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        HeldReason.QUIET: {"zh": "静默时段", "en": "quiet hours"},
        HeldReason.BUDGET_DAY: {"zh": "今天的条数到上限了", "en": "enough messages for today"},
        HeldReason.BUDGET_WEEK: {"zh": "本周的条数到上限了", "en": "enough messages for this week"},
        HeldReason.DIGEST: {"zh": "合成一条再发", "en": "kept for one message"},
        HeldReason.STORM: {"zh": "人数比预览时多出很多", "en": "more people than in its preview"},
        HeldReason.SNOOZED: {"zh": "本人想晚点再看", "en": "its reader put it off"},
        HeldReason.CONTESTED: {"zh": "本人说这条不对", "en": "its reader says it is not right"},
    }
)
DROPPED_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        DroppedReason.SNOOZED: HELD_TITLES[HeldReason.SNOOZED],
        DroppedReason.CONTESTED: HELD_TITLES[HeldReason.CONTESTED],
        DroppedReason.DONE: {"zh": "期间已经做好", "en": "it was done meanwhile"},
        DroppedReason.ANSWERED: {"zh": "已经回答", "en": "it was answered"},
        DroppedReason.UNDONE: {"zh": "本人改了主意", "en": "its reader took that back"},
        DroppedReason.SEEN: {"zh": "已经看过", "en": "it was seen already"},
    }
)


def held_title(reason: str | None) -> Text:
    """Why a message is not sent yet; a reason that this version does not know is shown as it is stored."""
    return HELD_TITLES.get(reason or "", _as_stored(reason))


def dropped_title(reason: str | None) -> Text:
    """Why a message is not sent at all; a person's own words are shown as they wrote them."""
    return DROPPED_TITLES.get(reason or "", _as_stored(reason))


def _as_stored(reason: str | None) -> Text:
    return {"zh": reason or "", "en": reason or ""}
