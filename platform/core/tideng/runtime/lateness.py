"""What may still be said after a standstill of the worker, and what is recorded as missed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from tideng.client.profile import Profile
from tideng.org.directory import zone
from tideng.outbox.policy import quiet

ON_TIME = timedelta(seconds=60)
"""Up to here a schedule or step is judged as of its own moment; later it is judged as of the moment of return."""


def judged_as_of(due: datetime, now: datetime) -> datetime:
    """The moment as of which something that was due at `due` is judged."""
    return due if now - due <= ON_TIME else now


def too_late(profile: Profile, zone_name: str, day: date, due: datetime, now: datetime) -> str | None:
    """Why something that was due on local `day` is not asked any more; None while it may still speak."""
    if now - due <= ON_TIME:
        return None
    local = now.astimezone(zone(zone_name))
    if local.date() != day:
        return "the worker was down until after that day"
    if profile.quiet_hours and quiet(local.time(), *profile.quiet_hours):
        return "the worker was down until the quiet hours"
    return None
