"""What waits for people: steps of processes, reports, answers. Plugins say it, pages show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tideng.model.catalogue import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.runtime.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that waits for `person`. `title` per locale; `about`: the id of the person it is about, '' where that
    is they themselves; `href`: where it is done; `since`, `due`: moments (UTC), `due` None where there is no deadline.
    `icon`: one of the screens'."""

    person: str
    title: Text
    href: str
    since: datetime
    due: datetime | None = None
    about: str = ""
    icon: str = "flow"


def todos(deployment: Deployment, connection: Connection, people: Iterable[str], now: datetime) -> list[Todo]:
    """Everything that waits for `people`, what is due first first. As many statements as there are plugins that answer."""
    wanted = frozenset(people)
    parts = deployment.plugins.call("todos", people=wanted, connection=connection, now=now) if wanted else []
    found = [one for part in parts for one in part if one.person in wanted]
    return sorted(found, key=lambda one: (one.due is None, one.due or one.since, one.since))
