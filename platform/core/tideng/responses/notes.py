"""Notes from one who looks after people to one of them: a few words, or a recording of a minute.

Only the two of them read or hear it. HR and auditors see that there is one, and no more; anybody else, also others whom the
person reports to, sees nothing. The outbox tells the person with a link, so that what is taken back is gone everywhere; for
that reason the words and the recording leave the database, while the row stays to say that there was something. Nobody notes
when a note is opened or played: that it was seen is what the person says by a press, and its author learns that, not when.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from tideng.access.paging import PAGE_SIZE, Page, page_of
from tideng.access.viewer import Viewer, below, name_of
from tideng.base.errors import (
    NotAllowed,
    NotFound,
    Problem,
    Refused,
)
from tideng.facts.world import Record, Spoken
from tideng.model.event import Event
from tideng.model.statuses import DroppedReason
from tideng.model.templates import choose
from tideng.org.directory import Directory
from tideng.outbox import rows
from tideng.outbox.enqueue import save_records, withdraw
from tideng.outbox.policy import Speaking
from tideng.outbox.system_rules import NOTE, NOTE_WATCH
from tideng.responses.audio import NotSpoken, Recording, recognise
from tideng.store.database import insert, is_sqlite, writing
from tideng.store.events import store_events
from tideng.store.tables import (
    PersonNoteRow,
    PersonNoteVoiceRow,
)
from tideng.views.nudges import finding

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

SOURCE = "tideng/portal"
LONGEST_TEXT = 1000
LONGEST_VOICE = 60
LARGEST_VOICE = 2 * 1024 * 1024
MOST_AN_HOUR = 30
"""So many notes one author leaves within an hour: enough to say a word to everyone in a team, too few to flood it."""
_LATE = 2.0
"""A recorder that is told to stop after a minute stops a moment later (seconds)."""
_LONGEST_KEY = 60
_NUMBERS = 2**63
"""Larger ones no database takes."""
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MESSAGES: Mapping[bool, Mapping[str, str]] = {
    False: {"zh": "{author}给您留了一句话。", "en": "{author} left you a note."},
    True: {"zh": "{author}给您留了一段语音。", "en": "{author} left you a spoken note."},
}


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


# -- leaving one -------------------------------------------------------------------------------------------------------


def may_leave(viewer: Viewer, directory: Directory, moment: datetime, person: str) -> bool:
    """Whether `viewer` may leave `person` a note: HR may for everyone, a supervisor for those below them; who is employed."""
    if not viewer.login or person in ("", viewer.person) or directory.at(person, moment) is None:
        return False
    if "hr" in viewer.roles:
        return True
    return bool(viewer.person) and "supervisor" in viewer.roles and person in below(directory, viewer.person, moment)


def leave(
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    person: str,
    text: str = "",
    voice: bytes = b"",
    nudge: int | None = None,
    key: str = "",
) -> int:
    """Leave `person` a note of `text`, of a recording, or of both, and have them told; returns its number.

    `nudge`: the finding it is about, which must be to or about that person. `key`: whatever the page calls it, at most 60
    characters; the same author and key again is the same note, and nothing is left twice. Raises `NotFound` for whom the
    viewer does not see, `NotAllowed` where they may only look, `Refused` with every problem at once.
    """
    now = deployment.clock.now()
    _may_write(viewer, directory, now, person)
    text = text.replace("\r\n", "\n").strip()
    problems, recording = _wrong(text, voice, key)
    with writing(deployment.engine) as connection:
        known = _left_before(connection, viewer, key)
        if known and known.person == person:
            return known.id
        if known:
            problems.append(Problem("key", "note-key-used"))
        problems += _wrong_here(connection, viewer, directory, now, person, nudge)
        if problems:
            raise Refused("note", problems)
        values = {
            "author": viewer.login,
            "person": person,
            "text": text,
            "media_type": recording.media_type if recording else None,
            "seconds": recording.seconds if recording else None,
            "size": len(voice) if recording else None,
            "nudge": nudge,
            "key": key or None,
            "left_at": now,
        }
        statement = insert(connection)(PersonNoteRow).on_conflict_do_nothing().returning(PersonNoteRow.id)
        id = connection.execute(statement, [values]).scalar()
        if id is None:  # the same press came twice at once, and the other one was first
            return _left_before(connection, viewer, key).id
        if recording:
            connection.execute(insert(connection)(PersonNoteVoiceRow), [{"note": id, "data": voice}])
        _tell(connection, deployment, viewer, directory, id, person, recording is not None, now)
        about = {"nudge": str(nudge)} if nudge is not None else {}
        data = {"note": str(id), "author": viewer.login, "spoken": recording is not None, **about}
        store_events(
            connection, deployment.catalogue, [Event(f"note-{id}", SOURCE, "note.left", now, person, data)], now
        )
    deployment.bell.ring()
    return id


def _may_write(viewer: Viewer, directory: Directory, now: datetime, person: str) -> None:
    if may_leave(viewer, directory, now, person):
        return
    scope = viewer.scope(directory, now)
    if not directory.knows(person) or (scope is not None and person not in scope):
        raise NotFound("no-such-person", {"id": person})
    if "hr" not in viewer.roles and "supervisor" not in viewer.roles:
        raise NotAllowed("viewer-may-not-leave-note")
    if person == viewer.person:
        raise Refused("note", [Problem("person", "note-to-oneself")])
    if directory.at(person, now) is None:
        raise Refused("note", [Problem("person", "note-to-somebody-gone")])
    raise NotAllowed("viewer-may-not-leave-note")


def _wrong(text: str, voice: bytes, key: str) -> tuple[list[Problem], Recording | None]:
    """Everything that is wrong with what was sent, and what the recording is."""
    problems, recording = [], None
    if not text and not voice:
        problems.append(Problem("text", "note-without-words"))
    problems += _wrong_text(text)
    if len(voice) > LARGEST_VOICE:
        problems.append(Problem("voice", "recording-too-large", {"size": LARGEST_VOICE // 1024 // 1024}))
    elif voice:
        try:
            recording = recognise(voice)
        except NotSpoken as error:
            problems.append(Problem("voice", "recording-refused", {"why": error.message}))
        else:
            if recording.seconds > LONGEST_VOICE + _LATE:
                problems.append(Problem("voice", "recording-too-long", {"seconds": LONGEST_VOICE}))
    if len(key) > _LONGEST_KEY or _UNREADABLE.search(key):
        problems.append(Problem("key", "text-too-long", {"limit": _LONGEST_KEY}))
    return problems, recording


def _wrong_text(text: str) -> list[Problem]:
    if len(text) > LONGEST_TEXT or _UNREADABLE.search(text):
        return [Problem("text", "text-too-long", {"limit": LONGEST_TEXT})]
    return []


def _wrong_here(
    connection: Connection, viewer: Viewer, directory: Directory, now: datetime, person: str, nudge: int | None
) -> list[Problem]:
    """What only the database knows. Two authors at once do not disturb each other; one author's tabs may go over by one."""
    problems = []
    if nudge is not None:
        try:
            found = finding(connection, viewer, directory, now, nudge) if 0 < nudge < _NUMBERS else None
        except NotFound:
            found = None
        if found is None or person not in (found.subject, found.recipient):
            problems.append(Problem("nudge", "no-nudge-of-person"))
    since = and_(PersonNoteRow.author == viewer.login, PersonNoteRow.left_at > now - timedelta(hours=1))
    if (connection.scalar(select(func.count()).select_from(PersonNoteRow).where(since)) or 0) >= MOST_AN_HOUR:
        problems.append(Problem("note", "too-many-notes", {"most": MOST_AN_HOUR}))
    return problems


def _left_before(connection: Connection, viewer: Viewer, key: str) -> Any:
    if not key:
        return None
    row = PersonNoteRow
    return connection.execute(select(row.id, row.person).where(row.author == viewer.login, row.key == key)).first()


def _tell(
    connection: Connection,
    deployment: Deployment,
    viewer: Viewer,
    directory: Directory,
    id: int,
    person: str,
    spoken: bool,
    now: datetime,
) -> None:
    """Put the message in the outbox: who left a note, and a link; never what is in it. It waits for quiet hours to end."""
    reader = directory.at(person, now)
    wording, locale = choose(_MESSAGES[spoken], reader.locale if reader else deployment.profile.locale)
    author = _name(directory, viewer.login, now)
    record = Record(
        rule=NOTE,
        version=NOTE_WATCH.version,
        kind=NOTE_WATCH.kind,
        about=NOTE_WATCH.about,
        subject=person,
        period=str(id),
        step=0,
        ordinal=0,
        at=now,
        day=directory.local_day(person, now),
        effect="inform",
        action="nudge",
        recipient=person,
        meant_for=None,
        message=wording.format(author=author),
        locale=locale,
        detail={},
        why=(),
    )
    save_records(connection, [record], directory, Speaking.of(deployment.profile), now)


# -- reading -----------------------------------------------------------------------------------------------------------


def note(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> Note:
    """One note. Raises `NotFound` for everyone but its author, its person, and those who may see that there is one."""
    return _shown(_row(connection, viewer, id), viewer, directory, moment)


def voice(connection: Connection, viewer: Viewer, directory: Directory, moment: datetime, id: int) -> tuple[str, bytes]:
    """Media type and bytes of a note's recording; for its author and its person. Raises `NotFound`, `NotAllowed`."""
    row = _row(connection, viewer, id)
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


def _row(connection: Connection, viewer: Viewer, id: int, lock: bool = False) -> Any:
    if not 0 < id < _NUMBERS:
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
        author_name=_name(directory, row.author, moment),
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


def _name(directory: Directory, login: str, moment: datetime) -> str:
    return name_of(directory, login, moment)


# -- what becomes of it ------------------------------------------------------------------------------------------------


def see(deployment: Deployment, viewer: Viewer, directory: Directory, id: int) -> bool:
    """The person says that they have read or heard it; False: they had said so. Raises `NotFound`, `NotAllowed`."""
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        row = _of_person(connection, viewer, id)
        return _put_away(connection, row, now)


def reply(deployment: Deployment, viewer: Viewer, directory: Directory, id: int, text: str) -> bool:
    """The person answers in a few words; another answer takes the place of the first. False: it was said just so before.

    Raises `Refused` for an empty or too long one, and for a note that was taken back; `NotFound`, `NotAllowed`.
    """
    text = text.replace("\r\n", "\n").strip()
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        row = _of_person(connection, viewer, id)
        problems = _wrong_text(text) if text else [Problem("text", "reply-without-words")]
        if row.taken_back_at is not None:
            problems.append(Problem("note", "note-withdrawn"))
        if problems:
            raise Refused("answer", problems)
        if row.reply == text:
            return False
        values = {"reply": text, "replied_at": now}
        connection.execute(update(PersonNoteRow).where(PersonNoteRow.id == id).values(**values))
        _put_away(connection, row, now)
        data = {"note": str(id), "author": row.author}
        event = Event(f"note-{id}-answered-{now.timestamp():.6f}", SOURCE, "note.answered", now, row.person, data)
        store_events(connection, deployment.catalogue, [event], now)
    deployment.bell.ring()
    return True


def take_back(deployment: Deployment, viewer: Viewer, directory: Directory, id: int) -> bool:
    """Its author takes it back: text and recording are deleted, and the message is withdrawn. False: it was taken back before.

    Raises `Refused` once the person has seen or answered it, `NotFound`, and `NotAllowed` for all but its author.
    """
    now = deployment.clock.now()
    with writing(deployment.engine) as connection:
        row = _row(connection, viewer, id, lock=True)
        if row.author != viewer.login:
            raise NotAllowed("viewer-may-not-withdraw-note")
        if row.taken_back_at is not None:
            return False
        if row.seen_at is not None or row.replied_at is not None:
            raise Refused("note", [Problem("note", "note-seen")])
        connection.execute(delete(PersonNoteVoiceRow).where(PersonNoteVoiceRow.note == id))
        gone: dict[str, Any] = {"text": "", "media_type": None, "seconds": None, "size": None, "taken_back_at": now}
        connection.execute(update(PersonNoteRow).where(PersonNoteRow.id == id).values(**gone))
        said = Spoken(NOTE, NOTE_WATCH.version, row.person, str(id), 0, row.left_at)
        withdraw(connection, [(said, "taken back")], now)
    return True


def _of_person(connection: Connection, viewer: Viewer, id: int) -> Any:
    row = _row(connection, viewer, id, lock=True)
    if row.person != viewer.person:
        raise NotAllowed("viewer-may-not-answer-note")
    return row


def _put_away(connection: Connection, row: Any, now: datetime) -> bool:
    """Keep that it was seen, and tell nobody of it who knows already."""
    if row.seen_at is not None or row.taken_back_at is not None:
        return False
    connection.execute(update(PersonNoteRow).where(PersonNoteRow.id == row.id).values(seen_at=now))
    unsent = rows.Selection((rows.WAITING,), rule=NOTE, period=str(row.id))
    rows.drop(connection, unsent, DroppedReason.SEEN)
    return True
