"""The client as a running deployment knows it: what `apply` keeps of a bundle, without people and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import time
from typing import TYPE_CHECKING, Any

from tideng.base.durations import Duration
from tideng.model.catalogue import EventType, Field

if TYPE_CHECKING:
    from tideng.client.bundle import Bundle

CLIENT = "client"
"""The plugin name under which the client's own event types are in the catalogue."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Locale, time zone and habits of a client. Times of day are local to the recipient.

    `quiet_hours`: (start, end), over midnight when start is later. `nudge_budget`: the most messages to one person on
    one channel, per ``day`` and ``week``. `digest`: how long messages to one person are gathered into one. `roles`:
    role → ids of its holders. `plugins`: plugin → its settings in the bundle, with secrets still as ``${ENV:NAME}``.
    `event_types`: the client's own, by name.
    """

    client: str = ""
    locale: str = "zh"
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    calendar: str = "CN"
    quiet_hours: tuple[time, time] | None = (time(22), time(7, 30))
    channels: tuple[str, ...] = ("portal",)
    nudge_budget: Mapping[str, int] = field(default_factory=dict)
    digest: Duration | None = None
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plugins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    event_types: Mapping[str, EventType] = field(default_factory=dict)

    @classmethod
    def of(cls, bundle: Bundle) -> Profile:
        """Make the profile that a bundle describes."""
        return cls(**{name: getattr(bundle, name) for name in cls.__slots__})

    def to_json(self) -> dict[str, Any]:
        """Convert to plain JSON values; `from_json` makes an equal profile of them."""
        value = {name: getattr(self, name) for name in self.__slots__}
        value["quiet_hours"] = [t.isoformat() for t in self.quiet_hours] if self.quiet_hours else None
        value["channels"] = list(self.channels)
        value["nudge_budget"] = dict(self.nudge_budget)
        value["digest"] = str(self.digest) if self.digest else None
        value["roles"] = {role: list(people) for role, people in self.roles.items()}
        value["plugins"] = {name: dict(of) for name, of in self.plugins.items()}
        value["event_types"] = {name: _plain(of) for name, of in self.event_types.items()}
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Profile:
        """Read the output of `to_json`, also of an older version: missing values get their defaults."""
        known = {name: value[name] for name in cls.__slots__ if name in value}
        if known.get("quiet_hours"):
            start, end = known["quiet_hours"]
            known["quiet_hours"] = (time.fromisoformat(start), time.fromisoformat(end))
        known["digest"] = Duration.parse(known["digest"]) if known.get("digest") else None
        known["channels"] = tuple(known.get("channels", ("portal",)))
        known["roles"] = {role: tuple(people) for role, people in known.get("roles", {}).items()}
        known["event_types"] = {name: _event_type(of) for name, of in known.get("event_types", {}).items()}
        return cls(**known)


def _plain(event_type: EventType) -> dict[str, Any]:
    value = {**asdict(event_type), "title": dict(event_type.title), "fields": [asdict(f) for f in event_type.fields]}
    del value["amounts"]  # follows from the fields
    return value


def _event_type(value: Mapping[str, Any]) -> EventType:
    return EventType(**{**value, "fields": tuple(Field(**of) for of in value["fields"])})
