"""Cards that plugins add to the page of a case or of a person. Shown to everybody who may see that page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tideng.base.errors import NotFound
from tideng.model.catalogue import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.access.viewer import Viewer
    from tideng.org.directory import Directory
    from tideng.runtime.deployment import Deployment

LINE_FINE, LINE_OPEN, LINE_ATTENTION = "ok", "open", "need"
"""Status of a card's line: fine, no result yet, somebody should look."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of a card.

    `name`: as it is written (a number, a file's name). `words`: text about it. `mark`: a short label, with its status in
    `look` (LINE_FINE, LINE_OPEN or LINE_ATTENTION). `at`: a moment (UTC), shown after the words in the reader's time zone.
    `notes`: remarks to look at. Texts have zh and en; {} means none."""

    name: str
    words: Text
    mark: Text = field(default_factory=dict)
    look: str = LINE_OPEN
    notes: tuple[Text, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """Lines under a `title`, with a `note` below them.

    `href`: address of the page that shows more, with the words `link`. `screen`: the permission name of that page's view;
    the link is shown only to people who may open it."""

    title: Text
    lines: tuple[CardLine, ...]
    note: Text = field(default_factory=dict)
    href: str = ""
    link: Text = field(default_factory=dict)
    screen: str = ""


def beside_case(
    deployment: Deployment, connection: Connection, directory: Directory, process: str, case: str, now: datetime
) -> list[Card]:
    """Collect all plugins' cards about `case`. The caller has checked that the viewer may see it."""
    known = {"connection": connection, "directory": directory, "now": now}
    parts = deployment.plugins.call("beside_case", process=process, case=case, **known)
    return [one for part in parts for one in part]


def beside_person(
    deployment: Deployment, connection: Connection, viewer: Viewer, directory: Directory, person: str, now: datetime
) -> list[Card]:
    """Collect all plugins' cards about `person`. Raises `NotFound` for a person whom the viewer may not see, as for
    an unknown person."""
    scope = viewer.scope(directory, now)
    if not directory.knows(person) or (scope is not None and person not in scope):
        raise NotFound("no-such-person", {"id": person})
    parts = deployment.plugins.call(
        "beside_person", person=person, viewer=viewer, connection=connection, directory=directory, now=now
    )
    return [one for part in parts for one in part]
