"""What plugins know of a case or a person beside what their pages tell: shown there, to whoever may see them."""

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

FINE, OPEN, LOOK = "ok", "open", "need"
"""How a line stands: all is well, nothing is known yet, somebody should look."""


@dataclass(frozen=True, slots=True)
class AsideLine:
    """One line: `name` as it stands (a number, a file's name), `words` about it, and in `mark` how it stands (`look`: FINE,
    OPEN or LOOK). `at`: a moment (UTC) that is said behind the words, in the reader's zone. `notes`: what to look at. Texts per
    locale, zh and en; {} where there is nothing to say."""

    name: str
    words: Text
    mark: Text = field(default_factory=dict)
    look: str = OPEN
    notes: tuple[Text, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """Lines that belong together, under a `title`; `note` below them. `href`: where there is more, in the words `link`;
    `screen`: which screen that is (the permission of its view), so that whoever may not open it sees no link."""

    title: Text
    lines: tuple[AsideLine, ...]
    note: Text = field(default_factory=dict)
    href: str = ""
    link: Text = field(default_factory=dict)
    screen: str = ""


def beside_case(
    deployment: Deployment, connection: Connection, directory: Directory, process: str, case: str, now: datetime
) -> list[Aside]:
    """What all plugins know of `case`; whoever asks has seen to it that it is theirs to see."""
    known = {"connection": connection, "directory": directory, "now": now}
    parts = deployment.plugins.call("beside_case", process=process, case=case, **known)
    return [one for part in parts for one in part]


def beside_person(
    deployment: Deployment, connection: Connection, viewer: Viewer, directory: Directory, person: str, now: datetime
) -> list[Aside]:
    """What all plugins know of `person`. Raises `NotFound` for whom the viewer may not see, as for whom nobody knows."""
    scope = viewer.scope(directory, now)
    if not directory.knows(person) or (scope is not None and person not in scope):
        raise NotFound("no-person", {"id": person})
    parts = deployment.plugins.call(
        "beside_person", person=person, viewer=viewer, connection=connection, directory=directory, now=now
    )
    return [one for part in parts for one in part]
