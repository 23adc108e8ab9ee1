"""A note from one who looks after people to one of them: who may leave it, who reads it, what becomes of it. On both databases."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from tests.unit.core.responses.recordings import a_wav, a_webm
from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.org.directory import Assignment, Directory
from tideng.outbox.delivery import Outbox
from tideng.privacy.export import takeout
from tideng.privacy.holdings import holdings
from tideng.responses import notes
from tideng.store.database import insert, reading, writing
from tideng.store.tables import (
    EventRow,
    FindingRow,
    OutboxRow,
    PersonNoteRow,
    PersonNoteVoiceRow,
)
from tideng.views import notes as note_views
from tideng.views.day_board import lamps_of
from tideng.views.nudges import NudgeFilter, nudges

DIRECTORY = Directory(
    [
        Assignment("boss", "顾明"),
        Assignment("lead", "王海燕", supervisor="boss"),
        Assignment("zhang", "张三", supervisor="lead"),
        Assignment("ma", "马会敏", supervisor="lead", locale="en"),
        Assignment("south", "高远", supervisor="boss"),
        Assignment("li", "李晨", supervisor="south"),
        Assignment("hr", "周敏", supervisor="boss"),
    ],
    roles={"hr": ("hr",)},
)


def viewer(login: str, *roles: str) -> Viewer:
    return Viewer(login, login if DIRECTORY.knows(login) else "", frozenset(roles))


BOSS, LEAD, SOUTH = (viewer(one, "supervisor", "employee") for one in ("boss", "lead", "south"))
ZHANG, MA, LI = (viewer(one, "employee") for one in ("zhang", "ma", "li"))
HR, AUDITOR, ADMIN = viewer("hr", "hr", "employee"), viewer("look", "auditor"), viewer("admin", "admin")


class Desk:
    """The services of one deployment, asked by one viewer after another."""

    def __init__(self, deployment):
        self.deployment = deployment

    @property
    def now(self):
        return self.deployment.clock.now()

    def leave(self, by: Viewer = LEAD, to: str = "zhang", text: str = "先歇着，日报明早写也行。", **more) -> int:
        return notes.leave(self.deployment, by, DIRECTORY, to, notes.NewNote(text, **more))

    def read(self, by: Viewer, id: int) -> note_views.Note:
        return self.ask(note_views.note, by, id)

    def ask(self, read, by: Viewer, *args, **more):
        with reading(self.deployment.engine) as connection:
            return read(connection, by, DIRECTORY, self.now, *args, **more)

    def see(self, by: Viewer, id: int) -> bool:
        return notes.see(self.deployment, by, DIRECTORY, id)

    def reply(self, by: Viewer, id: int, text: str = "谢谢，明早补上。") -> bool:
        return notes.reply(self.deployment, by, DIRECTORY, id, text)

    def take_back(self, by: Viewer, id: int) -> bool:
        return notes.take_back(self.deployment, by, DIRECTORY, id)

    def rows(self, table, *columns):
        with reading(self.deployment.engine) as connection:
            return connection.execute(select(*columns).select_from(table).order_by(table.id)).all()

    def a_finding(self, to: str, about: str | None = None) -> int:
        values = {
            "rule": "report", "version": 1, "kind": "reminder", "about": "person", "subject": about or to, "period": f"p{to}", "step": 0,
            "ordinal": 0, "at": self.now, "effect": "inform", "action": "nudge", "recipient": to, "message": "日报还没写。", "locale": "zh",
            "detail": {}, "why": [], "state": "live", "created_at": self.now,
        }  # fmt: skip
        with writing(self.deployment.engine) as connection:
            return connection.execute(insert(connection)(FindingRow).values(**values).returning(FindingRow.id)).scalar()


@pytest.fixture
def desk(database_url, a_deployment) -> Desk:
    return Desk(a_deployment(database_url))


@pytest.fixture
def one_desk(a_deployment) -> Desk:
    """On SQLite alone, for what no database decides."""
    return Desk(a_deployment())


def wrong(leaving) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        leaving()
    return {problem.at: problem.problem for problem in caught.value.problems}


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "to", "outcome"),
    [
        (LEAD, "zhang", None),
        (BOSS, "zhang", None),  # through others
        (HR, "li", None),
        (HR, "boss", None),
        (SOUTH, "zhang", NotFound),  # of another unit: as absent as nobody
        (LEAD, "boss", NotFound),  # upwards
        (LEAD, "nobody", NotFound),
        (HR, "nobody", NotFound),
        (ZHANG, "ma", NotFound),
        (viewer("lead", "employee"), "zhang", NotFound),  # who leads without the role
        (viewer("crm", "connector"), "zhang", NotFound),
        (AUDITOR, "zhang", NotAllowed),  # who may look
        (ADMIN, "zhang", NotAllowed),
        (viewer("impl", "implementer"), "zhang", NotAllowed),
        (LEAD, "lead", Refused),
        (HR, "hr", Refused),
        (ZHANG, "zhang", NotAllowed),
    ],
    ids=lambda one: one.login if isinstance(one, Viewer) else getattr(one, "__name__", one),
)
def test_only_those_who_look_after_somebody_leave_them_a_note(one_desk, by, to, outcome):
    assert notes.may_leave(by, DIRECTORY, one_desk.now, to) is (outcome is None)
    if outcome is None:
        assert one_desk.read(by, one_desk.leave(by, to)).person == to
        return
    with pytest.raises(outcome):
        one_desk.leave(by, to)
    assert one_desk.rows(PersonNoteRow, PersonNoteRow.id) == []
    assert one_desk.rows(OutboxRow, OutboxRow.id) == []


def test_whoever_has_left_is_told_nothing(one_desk):
    today = one_desk.now.date()
    gone = Directory([Assignment("lead", "王海燕"), Assignment("zhang", "张三", supervisor="lead", until=today - timedelta(days=2))])  # fmt: skip
    with pytest.raises(NotFound):
        notes.leave(one_desk.deployment, LEAD, gone, "zhang", notes.NewNote("你好"))
    assert wrong(lambda: notes.leave(one_desk.deployment, HR, gone, "zhang", notes.NewNote("你好"))) == {
        "person": "has left, and would not be told"
    }


def test_its_author_and_its_person_read_it_and_nobody_else(desk):
    id = desk.leave(voice=a_webm(2))
    for one in (LEAD, ZHANG):
        note = desk.read(one, id)
        assert (note.text, note.author_name, note.person_name) == ("先歇着，日报明早写也行。", "王海燕", "张三")
        assert (note.voice.media_type, note.voice.seconds, note.hidden) == ("audio/webm", 2.0, False)
        assert desk.ask(note_views.voice, one, id) == ("audio/webm", a_webm(2))
    for stranger in (BOSS, SOUTH, MA, LI, viewer("crm", "connector"), viewer("", "")):
        with pytest.raises(NotFound):
            desk.read(stranger, id)
        with pytest.raises(NotFound):
            desk.ask(note_views.voice, stranger, id)


@pytest.mark.parametrize("one", [HR, AUDITOR, ADMIN], ids=lambda one: one.login)
def test_hr_sees_that_there_is_a_note_and_not_what_is_in_it(one_desk, one):
    id = one_desk.leave(voice=a_webm(2), nudge=one_desk.a_finding("zhang"))
    one_desk.reply(ZHANG, id)
    (note,) = one_desk.ask(note_views.notes_of, one, "zhang").items
    assert note == one_desk.read(one, id)
    assert note.hidden
    assert (note.text, note.voice, note.reply, note.replied_at, note.nudge, note.seen) == ("", None, "", None, None, False)  # fmt: skip
    assert note.author_name == "王海燕"
    with pytest.raises(NotAllowed):
        one_desk.ask(note_views.voice, one, id)


def test_lists_hold_what_each_may_see(one_desk):
    by_lead, by_boss, by_hr = one_desk.leave(), one_desk.leave(BOSS), one_desk.leave(HR)
    of = lambda by: [note.id for note in one_desk.ask(note_views.notes_of, by, "zhang").items]  # noqa: E731
    assert of(LEAD) == [by_lead]
    assert of(BOSS) == [by_boss]
    assert of(ZHANG) == of(HR) == [by_hr, by_boss, by_lead]
    assert [note.hidden for note in one_desk.ask(note_views.notes_of, HR, "zhang").items] == [False, True, True]
    with pytest.raises(NotFound):
        of(SOUTH)
    assert [note.id for note in one_desk.ask(note_views.notes_to_me, ZHANG, size=2).items] == [by_hr, by_boss]
    assert one_desk.ask(note_views.notes_to_me, LEAD).items == ()
    assert one_desk.ask(note_views.notes_to_me, AUDITOR).items == ()
    with reading(one_desk.deployment.engine) as connection:
        assert [note_views.unseen(connection, one) for one in (ZHANG, LEAD, AUDITOR)] == [3, 0, 0]


# -- what is left ------------------------------------------------------------------------------------------------------


def test_the_person_is_told_with_a_link_and_nothing_of_what_is_in_it(desk):
    spoken = []

    class Channel:
        takes_duplicate_key = False
        send = staticmethod(spoken.append)

    id = desk.leave(text="明天沧州那家我来说。", voice=a_wav(2))
    other = desk.leave(to="ma", text="Shall I move it?")
    outbox = Outbox(desk.deployment)
    outbox._channels["portal"] = Channel()
    outbox.deliver(DIRECTORY)
    assert [(one.recipient, one.subject, one.body, one.link) for one in spoken] == [
        ("zhang", "给您的留言", "王海燕给您留了一段语音。", f"/me/notes/{id}"),
        ("ma", "A note for you", "王海燕 left you a note.", f"/me/notes/{other}"),
    ]
    assert [row.status for row in desk.rows(OutboxRow, OutboxRow.status)] == ["sent", "sent"]
    kept = json.dumps([dict(row._mapping) for row in desk.rows(EventRow, EventRow.type, EventRow.subject, EventRow.data)])  # fmt: skip
    assert json.loads(kept) == [
        {"type": "note.left", "subject": "zhang", "data": {"note": str(id), "author": "lead", "spoken": True}},
        {"type": "note.left", "subject": "ma", "data": {"note": str(other), "author": "lead", "spoken": False}},
    ]


def test_a_note_late_in_the_evening_waits_for_the_morning(a_deployment):
    """The clock is at 22:30 and the nights are quiet."""
    from dataclasses import replace
    from datetime import datetime, time

    desk = Desk(a_deployment(at=datetime.fromisoformat("2025-06-12T22:30:00+08:00")))
    desk.deployment.profile = replace(desk.deployment.profile, quiet_hours=(time(22), time(7, 30)))
    id = desk.leave()
    ((due, _status, because),) = desk.rows(OutboxRow, OutboxRow.due, OutboxRow.status, OutboxRow.held_because)
    assert (due.astimezone(ZoneInfo("Asia/Shanghai")).isoformat(), because) == ("2025-06-13T07:30:00+08:00", "quiet hours")  # fmt: skip
    desk.see(ZHANG, id)  # found in the portal before the morning
    assert desk.rows(OutboxRow, OutboxRow.status, OutboxRow.dropped_because) == [("dropped", "seen already")]


def test_everything_that_is_wrong_is_said_at_once(one_desk):
    too_much = wrong(lambda: one_desk.leave(text="字" * 1001, voice=a_wav(63), nudge=4711, key="k" * 61))
    assert too_much == {
        "text": "at most 1000 characters, without control characters",
        "voice": "the recording is longer than 60 seconds",
        "key": "at most 60 characters, without control characters",
        "nudge": "there is no such nudge to or about this person",
    }
    assert wrong(lambda: one_desk.leave(text=" \r\n ")) == {"text": "write a few words, or record them"}
    assert wrong(lambda: one_desk.leave(text="a\x00b")).keys() == {"text"}
    assert wrong(lambda: one_desk.leave(text="half \ud83d")).keys() == {"text"}
    assert wrong(lambda: one_desk.leave(voice=b"<svg onload=alert(1)>")) == {"voice": "not a recording of a kind that is known"}  # fmt: skip
    assert wrong(lambda: one_desk.leave(voice=b"\x00" * (notes.LARGEST_VOICE + 1))) == {"voice": "the recording is larger than 2 MB"}  # fmt: skip
    assert one_desk.rows(PersonNoteRow, PersonNoteRow.id) == []
    assert one_desk.leave(text="字" * 1000)
    assert one_desk.leave(text="", voice=a_webm(61))  # a recorder stops a moment late


def test_a_note_is_about_a_nudge_of_that_person_and_no_other(one_desk):
    hers, of_another_unit = one_desk.a_finding("ma"), one_desk.a_finding("li")
    to_me_about_her = one_desk.a_finding("lead", about="ma")
    for not_his in (hers, of_another_unit):
        assert wrong(lambda not_his=not_his: one_desk.leave(nudge=not_his)).keys() == {"nudge"}
    for about in (hers, to_me_about_her):
        id = one_desk.leave(to="ma", nudge=about)
        assert one_desk.read(LEAD, id).nudge == about


def test_the_same_press_twice_leaves_one_note(desk):
    first = desk.leave(key="press-1", voice=a_wav(1))
    assert desk.leave(key="press-1", voice=a_wav(1)) == first
    assert len(desk.rows(OutboxRow, OutboxRow.id)) == len(desk.rows(EventRow, EventRow.id)) == 1
    assert desk.leave(BOSS, key="press-1") != first  # another author's key is another key
    assert wrong(lambda: desk.leave(to="ma", key="press-1")).keys() == {"key"}


def test_nobody_is_flooded(one_desk):
    for number in range(notes.MOST_AN_HOUR):
        one_desk.leave(to=("zhang", "ma")[number % 2])
    assert wrong(one_desk.leave) == {"note": "30 notes were left within the last hour"}
    assert one_desk.leave(BOSS)  # another author has their own
    one_desk.deployment.clock.set(one_desk.now + timedelta(minutes=61))
    assert one_desk.leave()


# -- what becomes of it ------------------------------------------------------------------------------------------------


def test_the_person_answers_and_its_author_reads_that(desk):
    id = desk.leave()
    assert desk.reply(ZHANG, id)
    assert not desk.reply(ZHANG, id)  # the same once more
    assert desk.read(LEAD, id).reply == "谢谢，明早补上。"
    desk.deployment.clock.set(desk.now + timedelta(minutes=1))
    assert desk.reply(ZHANG, id, "改一下：今晚就写。")
    note = desk.read(LEAD, id)
    assert (note.reply, note.replied_at) == ("改一下：今晚就写。", desk.now)
    said = [(row.type, row.data) for row in desk.rows(EventRow, EventRow.type, EventRow.data)][1:]
    assert said == [("note.answered", {"note": str(id), "author": "lead"})] * 2


@pytest.mark.parametrize("words", ["", "  ", "字" * 1001, "a\x07"])
def test_an_answer_that_cannot_be_kept_is_refused(one_desk, words):
    id = one_desk.leave()
    assert wrong(lambda: one_desk.reply(ZHANG, id, words)).keys() == {"text"}
    assert not one_desk.read(ZHANG, id).seen


def test_that_it_was_seen_is_said_by_the_person_and_the_moment_stays_theirs(desk):
    id = desk.leave()
    desk.read(ZHANG, id)
    desk.ask(note_views.notes_to_me, ZHANG)
    assert not desk.read(LEAD, id).seen  # opening says nothing
    assert desk.see(ZHANG, id)
    assert not desk.see(ZHANG, id)
    by_lead, by_zhang = desk.read(LEAD, id), desk.read(ZHANG, id)
    assert (by_lead.seen, by_lead.seen_at) == (True, None)
    assert (by_zhang.seen, by_zhang.seen_at) == (True, desk.now)


def test_only_the_person_answers_and_only_the_author_takes_back(one_desk):
    id = one_desk.leave()
    for other in (LEAD, HR, AUDITOR, ADMIN):
        with pytest.raises(NotAllowed):
            one_desk.reply(other, id)
        with pytest.raises(NotAllowed):
            one_desk.see(other, id)
    for other in (ZHANG, HR, AUDITOR, ADMIN):
        with pytest.raises(NotAllowed):
            one_desk.take_back(other, id)
    for stranger in (BOSS, SOUTH, MA):
        for act in (one_desk.see, one_desk.reply, one_desk.take_back):
            with pytest.raises(NotFound):
                act(stranger, id)
    note = one_desk.read(LEAD, id)
    assert (note.text, note.seen, note.reply, note.taken_back_at) == ("先歇着，日报明早写也行。", False, "", None)


def test_what_is_taken_back_is_gone(desk):
    id = desk.leave(voice=a_webm(2))
    assert desk.read(LEAD, id).can_take_back(LEAD)
    assert not desk.read(ZHANG, id).can_take_back(ZHANG)
    assert desk.take_back(LEAD, id)
    assert not desk.take_back(LEAD, id)
    with reading(desk.deployment.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(PersonNoteVoiceRow)) == 0
    assert desk.rows(PersonNoteRow, PersonNoteRow.text, PersonNoteRow.media_type) == [("", None)]
    assert desk.rows(OutboxRow, OutboxRow.status) == [("dropped",)]
    assert desk.rows(FindingRow, FindingRow.state, FindingRow.withdrawn_because) == [("withdrawn", "taken back")]
    assert desk.ask(note_views.notes_to_me, ZHANG).items == ()
    note = desk.read(ZHANG, id)  # whoever follows the link reads that there was something
    assert (note.text, note.taken_back_at, note.can_take_back(LEAD)) == ("", desk.now, False)
    with pytest.raises(NotFound):
        desk.ask(note_views.voice, LEAD, id)
    assert wrong(lambda: desk.reply(ZHANG, id)) == {"note": "it was taken back"}
    assert not desk.see(ZHANG, id)


@pytest.mark.parametrize("act", ["see", "reply"])
def test_what_was_seen_or_answered_is_not_taken_back(one_desk, act):
    id = one_desk.leave()
    getattr(one_desk, act)(ZHANG, id)
    assert not one_desk.read(LEAD, id).can_take_back(LEAD)
    assert wrong(lambda: one_desk.take_back(LEAD, id)) == {"note": "it has been seen already"}
    assert one_desk.read(ZHANG, id).text


# -- where it stands elsewhere -----------------------------------------------------------------------------------------


def test_a_note_dims_no_lamp_and_is_no_nudge_to_those_above(one_desk):
    one_desk.leave(HR)
    Outbox(one_desk.deployment).deliver(DIRECTORY)
    assert one_desk.ask(lamps_of, LEAD) == {}
    assert one_desk.ask(nudges, LEAD).items == one_desk.ask(nudges, BOSS).items == ()
    assert one_desk.ask(nudges, ZHANG, NudgeFilter(to_me=True)).items == ()
    (told,) = one_desk.ask(nudges, AUDITOR).items
    assert (told.status, told.message) == ("told", "周敏给您留了一句话。")


def test_it_is_held_on_both_and_can_be_taken_away(desk):
    id = desk.leave(text="=1+1 歇着", voice=a_wav(2))
    desk.reply(ZHANG, id)
    desk.leave(BOSS, text="第二条")

    def held(by: Viewer) -> dict:
        with reading(desk.deployment.engine) as connection:
            found = {one.name: one for one in holdings(connection, desk.deployment, by, DIRECTORY, desk.now)}
            parts = takeout(list(found.values()), "张三", "zh", ZoneInfo("Asia/Shanghai"), desk.now)
            file = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
            assert file.testzip() is None
            return found, file

    found, file = held(ZHANG)
    assert (found["notes"].count, found["notes"].last) == (2, desk.now)
    assert "notes_left" not in found
    records = json.loads(file.read("notes.json"))["records"]
    assert [(one["author"], one["text"], one["reply"]) for one in records] == [("顾明", "第二条", None), ("王海燕", "=1+1 歇着", "谢谢，明早补上。")]  # fmt: skip
    assert records[1]["voice"] == f"notes/{id}.wav"
    assert file.read(f"notes/{id}.wav") == a_wav(2)
    assert "'=1+1 歇着" in file.read("notes.csv").decode()
    assert [name for name in file.namelist() if name.startswith("notes/")] == [f"notes/{id}.wav"]

    found, file = held(LEAD)
    assert "notes" not in found
    (record,) = json.loads(file.read("notes-left.json"))["records"]
    assert (record["person"], record["text"], record["voice"]) == ("张三", "=1+1 歇着", f"notes-left/{id}.wav")
    assert "谢谢" not in json.dumps(record, ensure_ascii=False)  # the answer is the other's
    assert file.read(f"notes-left/{id}.wav") == a_wav(2)
    _found, file = held(MA)
    assert not [name for name in file.namelist() if name.startswith("notes")]
