"""What every part of an answer needs: where to read, how to say it, and the moment of the question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tideng.model.catalogue import Text
from tideng.replay.past_world import Past
from tideng_rules.wording.answers import Teller, when

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One question about one rule and one subject. `zone` is the subject's; `now` is the moment at which it is asked (UTC)."""

    deployment: Deployment
    connection: Connection
    past: Past
    teller: Teller
    zone: ZoneInfo
    now: datetime

    def when(self, moment: datetime) -> Text:
        """A moment in words, in the subject's zone."""
        return when(moment, self.zone)
