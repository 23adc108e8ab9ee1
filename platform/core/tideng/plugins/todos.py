"""To-dos of people: steps of processes, reports, answers. Plugins give them; pages show them."""

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
    """One to-do of `person`. `title` per locale. `about`: the id of the person it is about, '' for `person`. `href`:
    where to do it. `since`, `due`: moments (UTC); `due` None without a deadline. `icon`: one of the screens' icons."""

    person: str
    title: Text
    href: str
    since: datetime
    due: datetime | None = None
    about: str = ""
    icon: str = "flow"


def todos(deployment: Deployment, connection: Connection, people: Iterable[str], now: datetime) -> list[Todo]:
    """Collect the to-dos of `people`, earliest deadline first. One call of each plugin."""
    wanted = frozenset(people)
    parts = deployment.plugins.call("todos", people=wanted, connection=connection, now=now) if wanted else []
    found = [one for part in parts for one in part if one.person in wanted]
    return sorted(found, key=lambda one: (one.due is None, one.due or one.since, one.since))
