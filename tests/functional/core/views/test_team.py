"""A team as whoever leads it sees it: who may need a hand, who answered, how the weeks went; and one person's last weeks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event as sql_event

from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound
from tideng.model.statuses import HeldReason
from tideng.org.directory import (
    Assignment,
    Directory,
    Position,
    Unit,
)
from tideng.responses import notes
from tideng.responses.answers import respond
from tideng.store.database import insert, reading, writing
from tideng.store.tables import (
    AgendaRow,
    FindingRow,
    OutboxRow,
    StateRow,
)
from tideng.views.day_board import (
    LIT,
    NEED,
    OPEN,
    TOLD,
)
from tideng.views.team import (
    ANSWERED,
    BETTER,
    HELP,
    member,
    team,
    timeline,
)

PEOPLE = [
    Assignment("boss", "顾明"),
    Assignment("lead", "王海燕", "north", "head", "boss"),
    Assignment("zhang", "张三", "north", "rep", "lead", phone="13800000000"),
    Assignment("ma", "马会敏", "north", "rep", "lead"),
    Assignment("song", "宋佳", "north", "rep", "zhang"),
    Assignment("liu", "刘洋", "north", "rep", "lead", timezone="Australia/Sydney"),
    Assignment("south", "高远", "south", "head", "boss"),
    Assignment("li", "李晨", "south", "rep", "south"),
    Assignment("hr", "周敏", "hq", "", "boss"),
]
UNITS = [Unit("north", "华北一组"), Unit("south", "华南"), Unit("hq", "总部")]
POSITIONS = [Position("rep", "销售代表"), Position("head", "主管")]
DIRECTORY = Directory(PEOPLE, UNITS, POSITIONS)
SUPERVISOR = frozenset({"supervisor", "employee"})
LEAD, BOSS, SOUTH = (Viewer(one, one, SUPERVISOR) for one in ("lead", "boss", "south"))
HR = Viewer("hr", "hr", frozenset({"hr"}))
ZHANG = Viewer("zhang", "zhang", frozenset({"employee"}))


class Office:
    """One deployment whose findings, states and notes are put there by hand."""

    def __init__(self, deployment, directory: Directory = DIRECTORY):
        self.deployment, self.directory = deployment, directory
        self._serial = 0

    @property
    def now(self) -> datetime:
        return self.deployment.clock.now()

    def found(self, who: str, days_ago: int = 0, action: str = "nudge", sent: bool = True, **more) -> int:
        """A finding about `who`, said to them; returns its number."""
        self._serial += 1
        at = self.now - timedelta(days=days_ago)
        values = {
            "rule": "report", "version": 1, "kind": "reminder", "about": "person", "subject": who, "step": 0, "ordinal": 0,
            "period": f"{at:%Y-%m-%d}/{self._serial}", "at": at, "effect": "inform", "action": action, "detail": {},
            "recipient": who, "message": "日报还没写。", "locale": "zh", "why": [], "state": "live", "created_at": at, **more,
        }  # fmt: skip
        with writing(self.deployment.engine) as connection:
            id = connection.execute(insert(connection)(FindingRow).values(**values).returning(FindingRow.id)).scalar()
            if sent:
                message = {"key": f"{id}:portal", "finding": id, "channel": "portal", "recipient": who, "attempts": 1, "due": at}  # fmt: skip
                connection.execute(insert(connection)(OutboxRow).values(**message, status="sent", sent_at=at))
        return id

    def mark(self, who: str, days_ago: int = 0, status: str = "incomplete") -> int:
        return self.found(who, days_ago, "mark", sent=False, recipient=None, message=None, detail={"status": status})

    def add(self, table, **values) -> None:
        with writing(self.deployment.engine) as connection:
            connection.execute(insert(connection)(table).values(**values))

    def ask(self, read, by: Viewer, *args, **more):
        with reading(self.deployment.engine) as connection:
            return read(connection, by, self.directory, self.now, *args, **more)

    def team(self, by: Viewer = LEAD, lead: str = ""):
        return self.ask(team, by, self.deployment.catalogue, lead)

    def member(self, who: str, by: Viewer = LEAD):
        return self.ask(member, by, self.deployment.catalogue, who)

    def statements(self, act) -> int:
        said = []
        hear = lambda _c, _k, statement, *_more: said.append(statement)  # noqa: E731
        sql_event.listen(self.deployment.engine, "before_cursor_execute", hear)
        act()
        sql_event.remove(self.deployment.engine, "before_cursor_execute", hear)
        return sum(one.lstrip().upper().startswith(("SELECT", "WITH")) for one in said)


@pytest.fixture
def office(database_url, a_deployment) -> Office:
    return Office(a_deployment(database_url))


@pytest.fixture
def one_office(a_deployment) -> Office:
    return Office(a_deployment())


def names(team) -> list[str]:
    return [one.person for one in team.members]


# -- whose team --------------------------------------------------------------------------------------------------------


def test_a_team_is_everyone_below_at_every_level_and_nobody_else(one_office):
    mine = one_office.team()
    assert {one.person: one.level for one in mine.members} == {"zhang": 1, "ma": 1, "liu": 1, "song": 2}
    assert (mine.lead, mine.name, sum(mine.counts.values())) == ("lead", "王海燕", 4)
    assert names(one_office.team(SOUTH)) == ["li"]
    assert set(names(one_office.team(BOSS))) == {one.person for one in PEOPLE} - {"boss"}
    zhang = next(one for one in mine.members if one.person == "zhang")
    assert (zhang.name, zhang.unit, zhang.position, zhang.phone) == ("张三", "华北一组", "销售代表", "13800000000")


def test_whoever_has_no_such_role_has_no_team(one_office):
    """Song reports to Zhang, who is no supervisor in this house's roles."""
    for nobody in (ZHANG, Viewer("look", "", frozenset({"auditor"})), Viewer("", "", frozenset())):
        assert one_office.team(nobody).members == ()


def test_another_leads_team_is_for_those_above_and_hr(one_office):
    assert names(one_office.team(BOSS, "south")) == names(one_office.team(HR, "south")) == ["li"]
    for lead in ("south", "boss", "nobody"):
        with pytest.raises(NotFound):
            one_office.team(LEAD, lead)


def test_one_person_is_read_by_those_above_and_hr(one_office):
    one_office.found("zhang")
    for by, level in ((LEAD, 1), (BOSS, 2), (HR, 0)):
        assert (one_office.member("zhang", by).status, one_office.member("zhang", by).level) == (TOLD, level)
    for stranger in (SOUTH, Viewer("ma", "ma", frozenset({"employee"}))):
        with pytest.raises(NotFound):
            one_office.member("zhang", stranger)
        with pytest.raises(NotFound):
            one_office.ask(timeline, stranger, "zhang")


# -- how they stand ----------------------------------------------------------------------------------------------------


def test_who_may_need_a_hand_stands_first(office):
    office.found("liu")
    office.mark("ma")
    office.found("song", action="ask")
    mine = office.team()
    assert [(one.person, one.status) for one in mine.need] == [("song", NEED), ("ma", OPEN)]
    assert sorted((one.person, one.status) for one in mine.rest) == [("liu", TOLD), ("zhang", LIT)]
    assert (mine.counts[LIT], mine.counts[OPEN]) == (1, 1)


def test_what_is_open_and_by_when(office):
    id = office.found("zhang", period="2025-06-12")
    due = office.now + timedelta(hours=2)
    office.add(AgendaRow, kind="step", rule="report", version=1, subject="zhang", lane=0, period="2025-06-12", step=1,
               due=due, began=office.now, facts={}, state="open")  # fmt: skip
    zhang = office.member("zhang")
    assert ([one.id for one in zhang.matters], zhang.due) == ([id], due)
    assert (zhang.last_nudge.id, zhang.last_nudge.message, zhang.last_nudge.response) == (id, "日报还没写。", None)


def test_on_a_trip_and_on_leave_are_told_apart(office):
    since = office.now - timedelta(days=2)
    office.add(StateRow, subject="zhang", state="person.on_trip", key="t", started_at=since, ended_at=None)
    office.add(StateRow, subject="ma", state="person.on_leave", key="", started_at=since, ended_at=None)
    office.add(StateRow, subject="liu", state="person.on_leave", key="", started_at=since, ended_at=office.now)
    found = {one.person: one for one in office.team().members}
    ((trip,), (leave,)) = found["zhang"].states, found["ma"].states
    assert (trip.name, trip.title["zh"], trip.since, trip.absent) == ("person.on_trip", "出差中", since, False)
    assert (leave.name, leave.absent) == ("person.on_leave", True)
    assert [found[one].away for one in ("zhang", "ma", "liu")] == [False, True, False]
    assert found["liu"].states == ()


def test_two_weeks_are_counted_by_matter_on_the_persons_own_days(office):
    """It is 18:55 in Beijing and 20:55 in Sydney: half past ten there was the same day, and nine hours later is tomorrow's."""
    office.found("zhang", 0)
    office.found("zhang", 0, period="later", step=0)
    office.found("zhang", 0, period="later", step=1)  # a later step of the same matter
    office.found("zhang", 13)
    office.found("zhang", 14)  # too long ago
    office.found("zhang", 3, rule="tideng.note")
    office.found("zhang", 4, state="withdrawn")
    assert office.member("zhang").trend == (1, *[0] * 12, 2)
    midnight = office.now.replace(hour=14, minute=0)  # 22:00 in Beijing, midnight in Sydney
    office.found("liu", 0, at=midnight - timedelta(days=1, minutes=1))
    office.found("liu", 0, at=midnight - timedelta(days=1))
    assert office.member("liu").trend[-3:] == (0, 1, 1)


def test_who_answered_goes_better_or_may_be_stuck(office):
    respond(office.deployment, office.found("zhang"), "zhang", "acknowledged", "明早补")
    for days_ago in (8, 9, 12):
        office.found("ma", days_ago)
    for days_ago in (1, 3, 5):
        office.found("liu", days_ago)
    found = {one.person: one for one in office.team().members}
    assert {one: found[one].worth for one in found} == {"zhang": ANSWERED, "ma": BETTER, "liu": HELP, "song": ""}
    assert (found["zhang"].last_nudge.response, found["zhang"].last_nudge.words) == ("acknowledged", "明早补")


def test_what_hr_has_not_released_of_a_storm_is_not_the_teams_to_see(one_office):
    id = one_office.found("zhang", sent=False)
    one_office.add(OutboxRow, key="s", finding=id, channel="portal", recipient="zhang", status="held", attempts=0,
                   due=one_office.now, held_because=HeldReason.STORM)  # fmt: skip
    zhang = one_office.member("zhang")
    assert (zhang.status, zhang.last_nudge, sum(zhang.trend)) == (LIT, None, 0)


def test_the_last_note_is_the_viewers_own_and_one_that_stands(office):
    leave = lambda by, **more: notes.leave(office.deployment, by, DIRECTORY, "zhang", notes.NewNote("歇着", **more))  # noqa: E731
    first = leave(LEAD)
    notes.reply(office.deployment, ZHANG, DIRECTORY, first, "好")
    notes.take_back(office.deployment, LEAD, DIRECTORY, leave(LEAD))
    of_boss = leave(BOSS)
    note = office.member("zhang").last_note
    assert (note.id, note.spoken, note.seen, note.answered) == (first, False, True, True)
    assert office.member("zhang", BOSS).last_note.id == of_boss
    assert office.member("zhang", HR).last_note is None


# -- one person's weeks ------------------------------------------------------------------------------------------------


def test_a_timeline_tells_what_is_expected_then_what_was(office):
    old = office.found("zhang", 2)
    office.add(AgendaRow, kind="step", rule="report", version=1, subject="zhang", lane=0, period="p", step=1,
               due=office.now + timedelta(hours=2), began=office.now, facts={}, state="open")  # fmt: skip
    office.deployment.clock.set(office.now + timedelta(minutes=1))
    respond(office.deployment, old, "zhang", "disputed", "那天我请假了。")
    office.deployment.clock.set(office.now + timedelta(minutes=1))
    note = notes.leave(office.deployment, LEAD, DIRECTORY, "zhang", notes.NewNote("我去说", nudge=old))
    office.deployment.clock.set(office.now + timedelta(minutes=1))
    notes.reply(office.deployment, ZHANG, DIRECTORY, note, "谢谢")
    kinds = lambda by: [one.kind for one in office.ask(timeline, by, "zhang")]  # noqa: E731
    assert kinds(LEAD) == ["expected", "reply", "note", "answer", "nudge"]
    assert kinds(BOSS) == ["expected", "answer", "nudge"]  # notes are between the two
    entries = office.ask(timeline, HR, "zhang")
    assert [one.kind for one in entries] == ["expected", "note", "answer", "nudge"]
    assert entries[1].note.hidden
    by_lead = office.ask(timeline, LEAD, "zhang")
    assert (by_lead[1].note.reply, by_lead[3].nudge.response_note) == ("谢谢", "那天我请假了。")


# -- how much it asks of the database ----------------------------------------------------------------------------------


def test_five_hundred_people_cost_as_many_statements_as_five(a_deployment):
    def statements(size: int) -> tuple[int, int, int]:
        crowd = [Assignment(f"p{number}", f"人{number}", "north", "rep", "lead") for number in range(size)]
        office = Office(a_deployment(), Directory([*PEOPLE, *crowd], UNITS, POSITIONS))
        for number in range(0, size, max(1, size // 5)):
            office.found(f"p{number}", number % 3)
        assert len(office.team().members) == size + 4
        return (
            office.statements(office.team),
            office.statements(lambda: office.member("p0")),
            office.statements(lambda: office.ask(timeline, LEAD, "p0")),
        )

    assert statements(5) == statements(500) == (6, 6, 4)
