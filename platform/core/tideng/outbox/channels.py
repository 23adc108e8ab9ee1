"""What carries a message to a person, and how a channel says that it could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tideng.base.errors import TidengError


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to one person, worded and addressed.

    `key` is the outbox key, the same at every try; `address` is the channel's own (an e-mail address; '' where the
    person has none); `why` the reasons as a person reads them; `link` leads to the nudge in the portal, or is ''.
    """

    key: str
    recipient: str
    address: str
    locale: str
    subject: str
    body: str
    why: str = ""
    link: str = ""


class ChannelError(TidengError):
    """A message was not delivered. `retry`: trying again later may help; otherwise a person has to look."""

    def __init__(self, message: str, *, retry: bool):
        super().__init__(message)
        self.retry = retry


@runtime_checkable
class Channel(Protocol):
    """A way to reach people. `takes_duplicate_key`: the far side drops a second message with a key it has seen."""

    name: str
    takes_duplicate_key: bool

    def send(self, message: OutgoingMessage) -> None:
        """Deliver one message. Returns once the far side has taken it over; raises `ChannelError` if it has not.

        Any other exception counts as ``retry=True`` and is shown with the message.
        """


class PortalChannel:
    """The inbox in the portal: a nudge is delivered by being there, so there is nothing left to send."""

    name = "portal"
    takes_duplicate_key = True

    def send(self, message: OutgoingMessage) -> None:
        """Always succeeds: the inbox reads the findings themselves."""
