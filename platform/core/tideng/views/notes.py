"""Notes as their author, their person, and those who may see that there is one read them.

Only author and person see what is in a note (`hidden` for everybody else). Reading changes nothing: nobody records when a note
is opened or played. `tideng.responses.notes` leaves, answers and takes notes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from tideng.access.paging import PAGE_SIZE, Page, page_of
from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotAllowed, NotFound
from tideng.org.directory import Directory
from tideng.store.database import is_sqlite
from tideng.store.tables import PersonNoteRow, PersonNoteVoiceRow

LARGEST_ID = 2**63 - 1
"""No database takes a larger one."""


@dataclass(frozen=True, slots=True)
class VoiceOf:
    """A recording as a list shows it: one of `tideng.responses.audio.KINDS`, its length in seconds, its size in bytes."""

    media_type: str
    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Note:
    """A note as one viewer may see it. `hidden`: they see that there is one, and neither text, recording nor reply.

    `author` is a login; `seen`: the person has said that they have read or heard it; `seen_at`: when, for nobody but them.
    Moments are UTC."""

    id: int
    author: str
    author_name: str
    person: str
    person_name: str
    text: str
    voice: VoiceOf | None
    nudge: int | None
    left_at: datetime
    taken_back_at: datetime | None
    seen: bool
    seen_at: datetime | None
    reply: str
    replied_at: datetime | None
    hidden: bool

    def can_take_back(self, viewer: Viewer) -> bool:
        """Whether `viewer` left it and the person has neither seen nor answered it."""
        return self.author == viewer.login != "" and not (self.taken_back_at or self.seen or self.replied_at)


def note(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> Note:
    """One note. Raises `NotFound` for everyone but its author, its person, and those who may see that there is one."""
    return _shown(stored_note(connection, viewer, id), viewer, directory, moment)


def voice(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> tuple[str, bytes]:
    """Media type and bytes of a note's recording; for its author and its person. Raises `NotFound`, `NotAllowed`."""
    row = stored_note(connection, viewer, id)
    if not _is_theirs(row, viewer):
        raise NotAllowed("viewer-may-not-hear-note")
    data = connection.scalar(select(PersonNoteVoiceRow.data).where(PersonNoteVoiceRow.note == id))
    if data is None:
        raise NotFound("no-recording", {"id": id})
    return row.media_type, bytes(data)


def notes_to_me(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[Note]:
    """What was left for the viewer and not taken back, newest first. One statement."""
    mine = and_(PersonNoteRow.person == viewer.person, PersonNoteRow.taken_back_at.is_(None))
    return _page(connection, viewer, directory, moment, mine if viewer.person else None, before, size)


def notes_of(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    person: str,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[Note]:
    """The notes to one person that the viewer may see, newest first: their own, and for those who see everything that there
    are others. One statement; raises `NotFound` for whom the viewer does not see."""
    scope = viewer.scope(directory, moment)
    if not directory.knows(person) or (scope is not None and person not in scope):
        raise NotFound("no-such-person", {"id": person})
    which = PersonNoteRow.person == person
    if not viewer.sees_all and person != viewer.person:
        which = and_(which, PersonNoteRow.author == viewer.login)
    return _page(connection, viewer, directory, moment, which, before, size)


def unseen(connection: Connection, viewer: Viewer) -> int:
    """How many notes to the viewer they have not put away yet."""
    if not viewer.person:
        return 0
    row = PersonNoteRow
    waiting = (row.person == viewer.person, row.seen_at.is_(None), row.taken_back_at.is_(None))
    return connection.scalar(select(func.count()).select_from(row).where(*waiting)) or 0


def _page(
    connection: Connection,
    viewer: Viewer,
    directory: Directory,
    moment: datetime,
    which: ColumnElement[bool] | None,
    before: int | None,
    size: int,
) -> Page[Note]:
    if which is None:
        return Page(())
    statement = select(PersonNoteRow.__table__).where(which)
    rows, following = page_of(connection, statement, PersonNoteRow.id, before, size)
    return Page(shown(rows, viewer, directory, moment), following)


def shown(rows: Sequence[Row], viewer: Viewer, directory: Directory, moment: datetime) -> tuple[Note, ...]:
    """Rows of `person_note` that were chosen for this viewer, as they may see them."""
    return tuple(_shown(row, viewer, directory, moment) for row in rows)


def stored_note(connection: Connection, viewer: Viewer, id: int, lock: bool = False) -> Any:
    """The row of a note for whoever may know of it; `lock`: nobody else changes it until the transaction ends. Raises `NotFound`."""
    if not 0 < id <= LARGEST_ID:
        raise NotFound("no-note", {"id": id})
    query = select(PersonNoteRow.__table__).where(PersonNoteRow.id == id)
    if lock and not is_sqlite(connection):
        query = query.with_for_update()  # taken back and answered at once: one of them comes first
    row = connection.execute(query).first()
    if row is None or not (_is_theirs(row, viewer) or viewer.sees_all):
        raise NotFound("no-note", {"id": id})
    return row


def _is_theirs(row: Any, viewer: Viewer) -> bool:
    return row.author == viewer.login != "" or row.person == viewer.person != ""


def _shown(row: Any, viewer: Viewer, directory: Directory, moment: datetime) -> Note:
    theirs = _is_theirs(row, viewer)
    recording = VoiceOf(row.media_type, row.seconds, row.size) if row.media_type and theirs else None
    return Note(
        id=row.id,
        author=row.author,
        author_name=name_of(directory, row.author, moment),
        person=row.person,
        person_name=name_of(directory, row.person, moment),
        text=row.text if theirs else "",
        voice=recording,
        nudge=row.nudge if theirs else None,
        left_at=row.left_at,
        taken_back_at=row.taken_back_at,
        seen=theirs and row.seen_at is not None,
        seen_at=row.seen_at if row.person == viewer.person != "" else None,
        reply=(row.reply or "") if theirs else "",
        replied_at=row.replied_at if theirs else None,
        hidden=not theirs,
    )
