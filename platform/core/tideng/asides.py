"""What plugins know of a case beside its history: shown on its page, to whoever may see the case."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tideng.catalogue import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.deployment import Deployment

FINE, OPEN, LOOK = "ok", "open", "need"
"""How a line stands: all is well, nothing is known yet, somebody should look."""


@dataclass(frozen=True, slots=True)
class AsideLine:
    """One line: `name` as it stands (a number, a file's name), `words` about it, and in `mark` how it stands (`look`: FINE,
    OPEN or LOOK). `notes`: what to look at. Texts per locale, zh and en; {} where there is nothing to say."""

    name: str
    words: Text
    mark: Text = field(default_factory=dict)
    look: str = OPEN
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Aside:
    """Lines that belong together, under a `title`; `note` below them."""

    title: Text
    lines: tuple[AsideLine, ...]
    note: Text = field(default_factory=dict)


def beside_case(deployment: Deployment, connection: Connection, process: str, case: str, now: datetime) -> list[Aside]:
    """What all plugins know of `case`; whoever asks has seen to it that it is theirs to see."""
    parts = deployment.plugins.call("beside_case", process=process, case=case, connection=connection, now=now)
    return [one for part in parts for one in part]
