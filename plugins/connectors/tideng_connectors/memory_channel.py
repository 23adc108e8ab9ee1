"""A channel that keeps messages in memory: for tests, and for trying a deployment without reaching anybody."""

from __future__ import annotations

from tideng.plugin import ChannelError, OutgoingMessage


class MemoryChannel:
    """Keep messages in the order sent. A key that was delivered before is dropped, as a good server does.

    `tries` counts every attempt by key, failed ones included.
    """

    name = "memory"
    takes_duplicate_key = True

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.tries: dict[str, int] = {}
        self._failing, self._retry = 0, True

    def fail_next(self, times: int, *, retry: bool = True) -> None:
        """Refuse the next `times` messages: temporarily (`retry`) or permanently."""
        self._failing, self._retry = times, retry

    def send(self, message: OutgoingMessage) -> None:
        self.tries[message.key] = self.tries.get(message.key, 0) + 1
        if self._failing:
            self._failing -= 1
            raise ChannelError("told to fail", retry=self._retry)
        if all(kept.key != message.key for kept in self.messages):
            self.messages.append(message)
