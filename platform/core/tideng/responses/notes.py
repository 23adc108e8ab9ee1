"""Notes from one who looks after people to one of them: a few words, or a recording of a minute.

Only the two of them read or hear it. HR and auditors see that there is one, and no more; anybody else, also others whom the
person reports to, sees nothing. The outbox tells the person with a link, so that what is taken back is gone everywhere; for
that reason the words and the recording leave the database, while the row stays to say that there was something. Nobody notes
when a note is opened or played: that it was seen is what the person says by a press, and its author learns that, not when.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, delete, func, select, update

from tideng.access.viewer import Viewer, below, name_of
from tideng.base.errors import (
    NotAllowed,
    NotFound,
    Problem,
    Refused,
)
from tideng.base.text import phrase
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
from tideng.store.database import insert, writing
from tideng.store.events import store_events
from tideng.store.tables import (
    PersonNoteRow,
    PersonNoteVoiceRow,
)
from tideng.views.notes import LARGEST_ID, stored_note
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
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MESSAGES: Mapping[bool, Mapping[str, str]] = {
    False: phrase("{author} left you a note."),
    True: phrase("{author} left you a spoken note."),
}


# -- leaving one -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note to leave: `text`, a recording (`voice`, the bytes of a file), or both.

    `nudge`: the finding it is about, which must be to or about that person. `key`: the page's own name for it, at most 60
    characters."""

    text: str = ""
    voice: bytes = b""
    nudge: int | None = None
    key: str = ""


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
    new: NewNote,
) -> int:
    """Leave `person` a note and have them told; returns its id.

    The same author and key again is the same note, and nothing is left twice. Raises `NotFound` for whom the viewer does not
    see, `NotAllowed` where they may only look, `Refused` with every problem at once.
    """
    now = deployment.clock.now()
    _may_write(viewer, directory, now, person)
    text = new.text.replace("\r\n", "\n").strip()
    problems, recording = _wrong(text, new.voice, new.key)
    with writing(deployment.engine) as connection:
        known = _left_before(connection, viewer, new.key)
        if known and known.person == person:
            return known.id
        if known:
            problems.append(Problem("key", "note-key-used"))
        problems += _wrong_here(connection, viewer, directory, now, person, new.nudge)
        if problems:
            raise Refused("note", problems)
        values = {
            "author": viewer.login,
            "person": person,
            "text": text,
            "media_type": recording.media_type if recording else None,
            "seconds": recording.seconds if recording else None,
            "size": len(new.voice) if recording else None,
            "nudge": new.nudge,
            "key": new.key or None,
            "left_at": now,
        }
        statement = insert(connection)(PersonNoteRow).on_conflict_do_nothing().returning(PersonNoteRow.id)
        id = connection.execute(statement, [values]).scalar()
        if id is None:  # the same press came twice at once, and the other one was first
            return _left_before(connection, viewer, new.key).id
        if recording:
            connection.execute(insert(connection)(PersonNoteVoiceRow), [{"note": id, "data": new.voice}])
        found = _message(deployment, viewer, directory, id, person, recording is not None, now)
        save_records(connection, [found], directory, Speaking.of(deployment.profile), now)
        about = {"nudge": str(new.nudge)} if new.nudge is not None else {}
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
            found = finding(connection, viewer, directory, now, nudge) if 0 < nudge <= LARGEST_ID else None
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


def _message(
    deployment: Deployment, viewer: Viewer, directory: Directory, id: int, person: str, spoken: bool, now: datetime
) -> Record:
    """The finding whose message says who left a note, and where it is; never what is in it. It obeys quiet hours."""
    reader = directory.at(person, now)
    wording, locale = choose(_MESSAGES[spoken], reader.locale if reader else deployment.profile.locale)
    author = name_of(directory, viewer.login, now)
    return Record(
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
        row = stored_note(connection, viewer, id, lock=True)
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
    row = stored_note(connection, viewer, id, lock=True)
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
