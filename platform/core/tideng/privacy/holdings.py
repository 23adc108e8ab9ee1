"""Everything that is held on one person, for that person: what kinds there are, how much, from when to when, and the records.

The core tells of its own tables; a plugin adds what it keeps by the hook `held_on`. Records are read in parts, so that a
download of many years needs no more memory than one of a week. Nobody reads this of somebody else: it takes the viewer's own
id. Nothing here says when a message was opened, because nobody notes that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from tideng.access.viewer import Viewer, name_of
from tideng.base.errors import NotFound
from tideng.base.text import phrase, same
from tideng.model.catalogue import Text
from tideng.org.directory import Directory
from tideng.outbox.rows import in_unreleased_storm
from tideng.responses.audio import ENDINGS
from tideng.store.tables import (
    ContestRow,
    EventRow,
    FindingRow,
    MetricDayRow,
    PersonNoteRow,
    PersonNoteVoiceRow,
    StateRow,
)

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

Record = Mapping[str, Any]
"""One record: column → a plain value (text, number, boolean, moment, day, list, mapping, or None)."""
_PART = 500
TIME: Text = phrase("Time")
NAME: Text = phrase("Name", context="holdings")
UNIT: Text = phrase("Unit")
POSITION: Text = phrase("Position")
SUPERVISOR: Text = phrase("Supervisor")
BEGAN: Text = phrase("Began")
ENDED: Text = phrase("Ended", context="holdings")
CONTENT: Text = phrase("Content")
OUTCOME: Text = phrase("Outcome")
"""What columns are called that several kinds have."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of thing that is held on a person.

    `name` is unique among all (``event.report.submitted``; a plugin's begins with its name and a dot); `title`, and `about`
    (where it comes from, and who may read it), per locale, zh and en. `columns`: what each part of a record is called.
    `records` gives them newest first from the number in it on, at most as many as the second; called when somebody looks.
    `first`, `last`: between when they lie (UTC), None where they have no time. `icon`: one of the screens'.
    `files` gives, one after the other, what goes with the records as files of its own: (name in the download, content).
    """

    name: str
    title: Text
    about: Text
    columns: Mapping[str, Text]
    count: int
    records: Callable[[int, int], Iterable[Record]] = field(compare=False)
    first: datetime | None = None
    last: datetime | None = None
    icon: str = "book"
    files: Callable[[], Iterable[tuple[str, bytes]]] | None = field(default=None, compare=False)

    def all(self) -> Iterator[Record]:
        """Every record, newest first, read in parts."""
        start = 0
        while part := list(self.records(start, _PART)):
            yield from part
            start += len(part)
            if len(part) < _PART:
                return


@dataclass(frozen=True, slots=True)
class HeldRows:
    """The rows of one table that are held on a person.

    `row`: the table's class; `which`: the condition that they meet; `when`: the column with their moment. `told` makes the
    records of a part's rows where a record has more than the table's columns. `also`: columns of the table that a record has
    beside those that are shown."""

    row: Any
    which: Any
    when: Any
    told: Callable[[Sequence[Any]], Iterable[Record]] | None = None
    also: Sequence[str] = ()


def of_rows(
    connection: Connection,
    name: str,
    title: Text,
    about: Text,
    columns: Mapping[str, Text],
    held: HeldRows,
    icon: str = "book",
) -> Holding:
    """Make a holding of the rows of one table, newest first. One statement now, and one for each part that is read.

    `columns`: column → title, as in `Holding`; a column that the table does not have comes from `HeldRows.told`."""
    row, which, when = held.row, held.which, held.when
    count, first, last = connection.execute(select(func.count(), func.min(when), func.max(when)).where(which)).one()
    kept = (getattr(row, column) for column in (*held.also, *columns) if hasattr(row, column))
    wanted = select(*kept).where(which).order_by(when.desc(), row.id.desc())
    record = held.told or (lambda rows: [dict(one._mapping) for one in rows])

    def records(start: int, most: int) -> Iterable[Record]:
        return record(connection.execute(wanted.offset(start).limit(most)).all())

    return Holding(name, title, about, columns, count, records, first, last, icon)


def holdings(
    connection: Connection, deployment: Deployment, viewer: Viewer, directory: Directory, now: datetime
) -> list[Holding]:
    """Everything held on the viewer, the core's kinds first; kinds of which there is nothing are left out.

    A statement for each table, however many records. Raises `NotFound` for whoever is no person here.
    """
    if not viewer.person:
        raise NotFound("no-own-records")
    found = [
        _person(directory, viewer.person),
        *_events(connection, deployment, viewer.person),
        _figures(connection, viewer.person),
        _states(connection, deployment, viewer.person),
        _nudges(connection, viewer.person),
        _findings(connection, viewer.person),
        _contests(connection, viewer.person),
        _notes(connection, viewer.person, directory, now),
        _notes_left(connection, viewer.person, directory, now),
    ]
    for plugin, answers in deployment.plugins.call_named("held_on", person=viewer.person, connection=connection):
        found += [one for one in answers if isinstance(one, Holding) and one.name.startswith(f"{plugin}.")]
    return [one for one in found if one.count]


_OWN = phrase("You, your supervisor and HR can see it")
_OF_EVENTS = phrase("From connected systems and your own doing. You, HR and auditors can see it")  # fmt: skip
_PERSONAL = {
    "name": NAME,
    "unit": UNIT,
    "position": POSITION,
    "supervisor": SUPERVISOR,
    "deputy": phrase("Deputy"),
    "timezone": phrase("Time zone"),
    "locale": phrase("Language"),
    "phone": phrase("Phone"),
    "email": phrase("E-mail", context="holdings"),
    "since": phrase("From"),
    "until": phrase("Until", context="holdings"),
}


def _person(directory: Directory, person: str) -> Holding:
    rows = []
    for one in reversed(directory.periods(person)):
        values = {column: getattr(one, column) for column in _PERSONAL}
        then = directory.as_of(one.until) if one.until else directory
        unit, position = then.units.get(one.unit), then.positions.get(one.position)
        values |= {"unit": unit.name if unit else one.unit, "position": position.name if position else one.position}
        for column in ("supervisor", "deputy"):
            last = next(reversed(directory.periods(values[column])), None)
            values[column] = last.name if last else values[column]
        rows.append(values)
    title = phrase("Personal record and posts")
    return Holding("person", title, _OWN, _PERSONAL, len(rows), _from_list(rows), icon="people")


def _events(connection: Connection, deployment: Deployment, person: str) -> list[Holding]:
    row, types = EventRow, deployment.catalogue.event_types
    query = (
        select(row.type, func.count(), func.min(row.time), func.max(row.time))
        .where(row.subject == person)
        .group_by(row.type)
        .order_by(row.type)
    )
    found = []
    for type_, count, first, last in connection.execute(query):
        known = types.get(type_)
        fields = {one.name: one.title for one in known.fields} if known else {}
        columns = {"time": TIME, **fields, "source": phrase("Source")}
        if known is None or known.open:
            columns["data"] = CONTENT
        wanted = select(row.time, row.source, row.data).where(row.subject == person, row.type == type_)
        records = _read(connection, wanted.order_by(row.time.desc(), row.id.desc()), _event_record(fields))
        title = known.title if known else same(type_)
        found.append(Holding(f"event.{type_}", title, _OF_EVENTS, columns, count, records, first, last, "flow"))
    return found


def _event_record(fields: Mapping[str, Text]) -> Callable[[Any], Record]:
    def record(row: Any) -> Record:
        rest = {name: value for name, value in row.data.items() if name not in fields}
        known = {name: row.data.get(name) for name in fields}
        return {"time": row.time, **known, "source": row.source, **({"data": rest} if rest else {})}

    return record


def _figures(connection: Connection, person: str) -> Holding:
    row = MetricDayRow
    columns = {
        "day": phrase("Day"),
        "series": phrase("Figure"),
        "n": phrase("Times"),
        "total": phrase("Sum"),
    }
    count, first, last = connection.execute(
        select(func.count(), func.min(row.day), func.max(row.day)).where(row.subject == person)
    ).one()
    wanted = select(row.day, row.series, row.n, row.total).where(row.subject == person)
    records = _read(connection, wanted.order_by(row.day.desc(), row.series), lambda one: dict(one._mapping))
    title = phrase("Figures counted from it")
    about = phrase("Counted each day from the events above. Rules read it")
    return Holding("figures", title, about, columns, count, records, _noon(first), _noon(last), "rule")


def _states(connection: Connection, deployment: Deployment, person: str) -> Holding:
    row, known = StateRow, deployment.catalogue.states
    columns = {
        "state": phrase("State"),
        "key": phrase("Which"),
        "started_at": BEGAN,
        "ended_at": ENDED,
    }
    # a start that was sent again has a row of its own with the same end: the person was on one trip, not on two
    columns_ = (row.state, row.key, func.min(row.started_at).label("started_at"), row.ended_at)
    once = select(*columns_, func.max(row.id).label("id")).where(row.subject == person)
    one = once.group_by(row.state, row.key, row.ended_at).subquery().c
    count, first, last = connection.execute(
        select(func.count(), func.min(one.started_at), func.max(func.coalesce(one.ended_at, one.started_at)))
    ).one()
    wanted = select(one.state, one.key, one.started_at, one.ended_at)

    def record(one: Any) -> Record:
        return {**one._mapping, "state": known[one.state].title if one.state in known else one.state}

    records = _read(connection, wanted.order_by(one.id.desc()), record)
    title = phrase("States that last for a while")
    return Holding("states", title, _OF_EVENTS, columns, count, records, first, last, "trip")


_NUDGE = {
    "at": TIME,
    "rule": phrase("Rule"),
    "version": phrase("Version"),
    "message": phrase("Message"),
    "response": phrase("Your answer", context="holdings"),
    "response_note": phrase("Your words"),
    "responded_at": phrase("Answered", context="holdings"),
    "why": phrase("Reasons"),
}
_FOUND = {
    "at": TIME,
    "rule": phrase("Rule"),
    "version": phrase("Version"),
    "action": phrase("What was done"),
    "recipient": phrase("Who was told"),
    "message": phrase("Message"),
    "detail": phrase("Detail"),
    "why": phrase("Reasons"),
}


def _nudges(connection: Connection, person: str) -> Holding:
    mine = and_(FindingRow.recipient == person, FindingRow.message.is_not(None), _released())
    title = phrase("Nudges and your answers")
    about = phrase("HR sees that you were reminded and what you answered, never when you opened it")  # fmt: skip
    return _of_findings(connection, "nudges", title, about, _NUDGE, mine, "bell")


def _findings(connection: Connection, person: str) -> Holding:
    not_to_me = or_(FindingRow.recipient.is_(None), FindingRow.recipient != person, FindingRow.message.is_(None))
    about_me = and_(FindingRow.subject == person, FindingRow.about == "person", not_to_me, _released())
    title = phrase("Marks about you, and what others were told")
    return _of_findings(connection, "findings", title, _OWN, _FOUND, about_me, "eye")


def _released() -> Any:
    """What HR has not released of a storm is nobody's to read yet."""
    return ~in_unreleased_storm()


def _of_findings(
    connection: Connection, name: str, title: Text, about: Text, columns: Mapping[str, Text], which: Any, icon: str
) -> Holding:
    return of_rows(
        connection, name, title, about, columns, HeldRows(FindingRow, which, FindingRow.at, also=("id",)), icon
    )


def _contests(connection: Connection, person: str) -> Holding:
    row = ContestRow
    columns = {
        "at": TIME,
        "rule": phrase("Rule"),
        "reason": phrase("What you said"),
        "state": OUTCOME,
        "answer": phrase("What HR said"),
        "decided_at": phrase("Decided"),
        "off_until": phrase("Silent until"),
    }
    title = phrase("What you said is wrong")
    about = phrase("You and HR can see it")
    mine = HeldRows(row, row.person == person, row.at)
    return of_rows(connection, "contests", title, about, columns, mine, "alert")


_TEXT: Text = phrase("Text")
_VOICE: Text = phrase("Recording")
_TAKEN_BACK: Text = phrase("Taken back", context="holdings")
_OF_NOTES_LEFT: Text = phrase("You and whoever it is for can see it. HR only sees that there is one")  # fmt: skip
_OF_NOTES: Text = phrase("You and whoever left it can see it. HR only sees that there is one")  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoteSide:
    """One person's notes from one side: those they got, or those they left.

    `name`, `title`, `about`, `columns` as in `Holding`; `mine`: the condition on `PersonNoteRow`; `other`: its column with
    the person on the other side."""

    name: str
    title: Text
    about: Text
    columns: Mapping[str, Text]
    mine: Any
    other: str


def _notes(connection: Connection, person: str, directory: Directory, now: datetime) -> Holding:
    columns = {
        "left_at": TIME,
        "author": phrase("Who left it"),
        "text": _TEXT,
        "voice": _VOICE,
        "nudge": phrase("About which nudge"),
        "seen_at": phrase("When you said you saw it"),
        "reply": phrase("Your answer"),
        "replied_at": phrase("Answered", context="holdings 2"),
        "taken_back_at": _TAKEN_BACK,
    }
    title = phrase("Notes to you", context="holdings")
    mine = PersonNoteRow.person == person
    return _of_notes(connection, NoteSide("notes", title, _OF_NOTES, columns, mine, "author"), directory, now)


def _notes_left(connection: Connection, person: str, directory: Directory, now: datetime) -> Holding:
    columns = {
        "left_at": TIME,
        "person": phrase("To whom"),
        "text": _TEXT,
        "voice": _VOICE,
        "taken_back_at": _TAKEN_BACK,
    }
    title = phrase("Notes you left")
    mine = PersonNoteRow.author == person
    return _of_notes(connection, NoteSide("notes_left", title, _OF_NOTES_LEFT, columns, mine, "person"), directory, now)


def _of_notes(connection: Connection, side: NoteSide, directory: Directory, now: datetime) -> Holding:
    row, sound, mine = PersonNoteRow, PersonNoteVoiceRow, side.mine
    file = lambda one: f"{side.name.replace('_', '-')}/{one.id}.{ENDINGS[one.media_type]}" if one.media_type else None  # noqa: E731
    count, first, last = connection.execute(
        select(func.count(), func.min(row.left_at), func.max(row.left_at)).where(mine)
    ).one()
    kept = [getattr(row, column) for column in side.columns if column != "voice"]
    wanted = select(row.id, row.media_type, *kept).where(mine)

    def record(one: Any) -> Record:
        named = name_of(directory, getattr(one, side.other), now)
        values = {column: getattr(one, column, None) for column in side.columns}
        return values | {side.other: named, "voice": file(one)}

    def recordings() -> Iterator[tuple[str, bytes]]:
        spoken = connection.execute(select(row.id, row.media_type).where(mine, row.media_type.is_not(None))).all()
        for one in spoken:  # one at a time: each may be two million bytes
            yield file(one) or "", bytes(connection.scalar(select(sound.data).where(sound.note == one.id)) or b"")

    records = _read(connection, wanted.order_by(row.id.desc()), record)
    return Holding(side.name, side.title, side.about, side.columns, count, records, first, last, "mic", recordings)


def _read(
    connection: Connection, query: Select, record: Callable[[Any], Record]
) -> Callable[[int, int], Iterable[Record]]:
    return lambda start, most: [record(row) for row in connection.execute(query.offset(start).limit(most))]


def _from_list(rows: Sequence[Record]) -> Callable[[int, int], Iterable[Record]]:
    return lambda start, most: rows[start : start + most]


def _noon(day: date | None) -> datetime | None:
    return datetime.combine(day, time(12), UTC) if day else None
