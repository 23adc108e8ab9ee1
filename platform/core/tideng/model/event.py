"""The event: what happened, to whom, when. The envelope is CloudEvents 1.0."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `time` is when it happened, aware, in UTC, not when it arrived. `subject` is the person's id,
    or the case's id where a process has no known person. Unique on (`source`, `id`).
    `depth` counts how many rules lie between the outside world and this event (0: from outside).
    """

    id: str
    source: str
    type: str
    time: datetime
    subject: str
    data: Mapping[str, Any] = field(default_factory=dict)
    depth: int = 0

    @property
    def case(self) -> str | None:
        """The case that the event's data names; None if it names none."""
        return self.data.get("case")

    def match(self, name: str) -> str | None:
        """The value on which an absence is matched: a field of the data, or the subject; None when there is none.

        An event without a `case` is its subject's own case.
        """
        value = self.data.get(name)
        if value is None and name in ("subject", "case"):
            value = self.subject
        return None if value is None else str(value)

    def to_cloudevent(self) -> dict[str, Any]:
        """Return the CloudEvents 1.0 JSON object for this event."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "subject": self.subject,
            "data": dict(self.data),
        }


def occurrence_of(event: Event) -> str:
    """A name for this one event, short enough for a key."""
    name = f"{event.source}/{event.id}"
    return name if len(name) <= 200 else f"{name[:150]}…{hashlib.sha256(name.encode()).hexdigest()[:32]}"
