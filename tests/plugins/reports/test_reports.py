"""Reports: filled in from the day and the itinerary, read and asked back, and how complete they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from tests.plugins.processes.engine_story import EngineStory
from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound
from tideng.org.directory import Assignment, Directory
from tideng.plugins.cards import beside_person
from tideng.plugins.forms import Form, fill_form
from tideng.store.database import reading
from tideng.store.events import receive
from tideng_processes.document.check import check_process
from tideng_processes.forms import submissions
from tideng_processes.forms.fields import Submission
from tideng_processes.forms.form_check import IncompleteForm
from tideng_processes.publication.registry import registry_of
from tideng_reports.completeness import completeness
from tideng_reports.person_card import reports_card
from tideng_reports.prefill import ENGLISH, plan_for
from tideng_reports.prefill import filled as filled_by_reports
from tideng_reports.report_history import reports, written_on

REPORT = {
    "communication": "谈展厅",
    "needs": "灯" * 120,
    "issues": ["样品谁寄？"],
    "plan": "见万家",
    "date": "2025-06-12",
}
ZHANG = Viewer("zhang", "zhang", frozenset({"employee"}))
LEAD = Viewer("lead", "lead", frozenset({"supervisor", "employee"}))
LI = Viewer("li", "li", frozenset({"employee"}))


def heard(story: EngineStory, type_: str, when: str, subject: str = "zhang", **data) -> None:
    """Something that happened elsewhere, told now."""
    at = datetime.fromisoformat(f"{when}+08:00")
    payload = {"id": f"{type_}/{subject}/{when}", "source": "elsewhere", "type": type_, "time": at.isoformat()}
    [receipt] = receive(story.deployment, [{**payload, "subject": subject, "data": data}])
    assert receipt.status == "accepted", receipt.problems
    story.work()


def directory_of(story: EngineStory, connection):
    story.deployment.plugins.call("refresh", connection=connection)
    return story.deployment.plugins.first("directory", connection=connection)


def filled(story: EngineStory, form: str = "daily_report.write", person: str = "zhang", **said) -> dict:
    now = story.clock.now()
    with reading(story.deployment.engine) as connection:
        directory = directory_of(story, connection)
        return fill_form(story.deployment, connection, directory, Form(form, person, person, now, said), now)


def hand_in(story: EngineStory, viewer: Viewer = ZHANG, process: str = "daily_report", data=None, **more) -> str:
    with reading(story.deployment.engine) as connection:
        directory = directory_of(story, connection)
    submission = Submission("submit", data or REPORT, **more)
    return submissions.begin(story.deployment, viewer, directory, process, submission)


def seen(story: EngineStory, viewer: Viewer, read, *args):
    with reading(story.deployment.engine) as connection:
        return read(connection, viewer, directory_of(story, connection), story.clock.now(), *args)


def complete(story: EngineStory, viewer: Viewer, people, days: int = 10):
    deployment = story.deployment
    return seen(story, viewer, completeness, deployment, people, days)


# -- filled in ----------------------------------------------------------------------------------------------------------


def test_whom_one_met_today_stands_in_the_report_and_yesterday_does_not(engine_story):
    heard(engine_story, "visit.completed", "2025-06-11T15:00", customer="昨天的")
    heard(engine_story, "attendance.checked_in", "2025-06-12T08:52", customer="恒亮照明")
    heard(engine_story, "visit.completed", "2025-06-12T09:30", customer="恒亮照明")
    heard(engine_story, "visit.completed", "2025-06-12T09:50", customer="华彩酒店")
    found = filled(engine_story)
    assert found["communication"].value == "恒亮照明：\n华彩酒店："
    assert found["date"].value == "2025-06-12"
    assert filled(engine_story, "needs_report.write")["customer"].value == "华彩酒店"


def test_tomorrow_stands_in_the_plan_as_the_itinerary_has_it_while_on_the_trip(engine_story):
    stops = [
        {"date": "2025-06-13", "city": "石家庄", "customer": "光之源", "time": "14:00"},
        {"date": "2025-06-13", "city": "沧州", "customer": "万家灯饰", "time": "09:30"},
        {"date": "2025-06-14", "city": "保定"},
    ]
    heard(engine_story, "trip.approved", "2025-06-10T09:00", trip="t1", itinerary=stops)
    heard(engine_story, "trip.started", "2025-06-11T09:00", trip="t1")
    found = filled(engine_story)
    assert (found["trip"].value, found["plan"].value) == ("t1", "09:30 万家灯饰（沧州），14:00 光之源（石家庄）")
    assert found["plan"].source["zh"] == "来自行程"
    heard(engine_story, "trip.ended", "2025-06-12T09:00", trip="t1")
    last = filled(engine_story)  # its last day is still a day of the trip, which leads nowhere any more
    assert last["trip"].value == "t1"
    assert "plan" not in last


def test_who_is_on_the_itinerary_of_the_day_stands_behind_whom_one_met(engine_story):
    stops = [
        {"date": "2025-06-12", "customer": "光之源", "time": "14:00"},
        {"date": "2025-06-12", "customer": "恒亮照明", "time": "09:00"},
        {"date": "2025-06-12", "city": "沧州"},
        {"date": "2025-06-13", "customer": "明天的"},
    ]
    heard(engine_story, "trip.started", "2025-06-11T09:00", trip="t1", itinerary=stops)
    planned = filled(engine_story)["communication"]
    assert (planned.value, planned.source["zh"]) == ("恒亮照明：\n光之源：", "来自行程")
    heard(engine_story, "visit.completed", "2025-06-12T09:30", customer="华彩酒店")
    heard(engine_story, "visit.completed", "2025-06-12T09:40", customer="恒亮照明")
    both = filled(engine_story)["communication"]
    assert (both.value, both.source["zh"]) == (
        "华彩酒店：\n恒亮照明：\n光之源：",
        "已帮您填好：拜访和行程",
    )


def test_what_needs_reports_of_the_day_say_is_not_written_twice(engine_story):
    heard(engine_story, "needs_report.submitted", "2025-06-11T18:00", customer="昨天的", text="别的")
    heard(engine_story, "needs_report.submitted", "2025-06-12T09:10", customer="恒亮照明", text="二楼展厅 260 平方米")
    heard(engine_story, "needs_report.submitted", "2025-06-12T09:20", customer="太长的", text="灯" * 2000)
    heard(engine_story, "needs_report.submitted", "2025-06-12T09:30", customer="华彩酒店", text="大堂")
    found = filled(engine_story)["needs"]
    assert (found.value, found.source["zh"]) == (
        "恒亮照明：二楼展厅 260 平方米\n华彩酒店：大堂",
        "来自当天的需求报告",
    )


def test_a_report_of_yesterday_is_filled_in_with_yesterday(engine_story):
    stops = [{"date": "2025-06-12", "customer": "光之源", "time": "14:00"}]
    heard(engine_story, "trip.started", "2025-06-10T09:00", trip="t1", itinerary=stops)
    heard(engine_story, "visit.completed", "2025-06-11T15:00", customer="昨天的")
    heard(engine_story, "visit.completed", "2025-06-12T00:00", customer="今天的")
    found = filled(engine_story, date="2025-06-11")
    assert {name: one.value for name, one in found.items()} == {
        "date": "2025-06-11",
        "communication": "昨天的：",
        "plan": "14:00 光之源",
        "trip": "t1",
    }
    assert filled(engine_story, date="2025-06-09").keys() == {"date"}
    assert filled(engine_story, date="2025-07-01").keys() == {"date"}  # what is to come is not known yet
    assert filled(engine_story, date="nonsense")["date"].value == "2025-06-12"


def test_a_report_is_filled_in_with_three_statements(on_both):
    heard(
        on_both, "trip.started", "2025-06-10T09:00", trip="t1", itinerary=[{"date": "2025-06-12", "customer": "光之源"}]
    )
    said: list[str] = []
    with reading(on_both.deployment.engine) as connection:
        directory = directory_of(on_both, connection)
        event.listen(connection, "before_cursor_execute", lambda c, cursor, statement, *more: said.append(statement))
        form = Form("daily_report.write", "zhang", "zhang", on_both.clock.now())
        assert filled_by_reports(form, connection, directory)["communication"].value == "光之源："
    assert len(said) == 3


def test_a_day_without_stops_plans_nothing():
    assert plan_for([{"date": "2025-06-14", "city": "保定"}], date(2025, 6, 13)) == ""


def test_whoever_is_spoken_to_in_english_finds_english_marks(engine_story):
    stops = [
        {"date": "2025-06-13", "city": "Cangzhou", "customer": "Wanjia Lighting", "time": "09:30"},
        {"date": "2025-06-13", "customer": "Guangzhiyuan", "time": "14:00"},
    ]
    assert plan_for(stops, date(2025, 6, 13), ENGLISH) == "09:30 Wanjia Lighting (Cangzhou), 14:00 Guangzhiyuan"
    heard(engine_story, "visit.completed", "2025-06-12T09:30", customer="Hengliang")
    english = Directory([Assignment("zhang", "Zhang San", date(2020, 1, 1), locale="en")])
    form = Form("daily_report.write", "zhang", "zhang", engine_story.clock.now())
    with reading(engine_story.deployment.engine) as connection:
        assert filled_by_reports(form, connection, english)["communication"].value == "Hengliang: "


def test_other_forms_and_other_people_get_nothing(engine_story):
    heard(engine_story, "visit.completed", "2025-06-12T09:30", customer="恒亮照明")
    assert filled(engine_story, "purchase.request") == {}
    assert filled(engine_story, "daily_report.add") == {}
    assert "communication" not in filled(engine_story, person="li")


# -- handed in, read, asked back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", ["daily_report", "needs_report"])
def test_what_is_shipped_fits_the_catalogue(engine_story, process):
    with reading(engine_story.deployment.engine) as connection:
        directory = directory_of(engine_story, connection)
    definition = registry_of(engine_story.deployment).latest(process).definition
    problems = check_process(definition, engine_story.deployment.catalogue, directory)
    assert [one for one in problems if one.severity == "error"] == []


def test_a_report_becomes_the_event_that_rules_know(engine_story):
    hand_in(engine_story)
    engine_story.work()
    assert engine_story.heard("report.submitted") == [("report.submitted", "zhang", REPORT)]


def test_a_needs_report_becomes_its_event(engine_story):
    hand_in(engine_story, process="needs_report", data={"customer": "恒亮", "text": "灯" * 150})
    [(_type, _subject, data)] = engine_story.heard("needs_report.submitted")
    assert data == {"customer": "恒亮", "text": "灯" * 150}


def test_the_supervisor_asks_back_and_reads_what_was_added(engine_story):
    case = hand_in(engine_story)
    [waiting] = seen(engine_story, LEAD, reports).items
    assert (waiting.case, waiting.mine, waiting.node) == (case, True, "read")
    with reading(engine_story.deployment.engine) as connection:
        directory = directory_of(engine_story, connection)
    with pytest.raises(IncompleteForm):
        submissions.hand_in(engine_story.deployment, LEAD, directory, case, "read", Submission("ask"))
    submissions.hand_in(engine_story.deployment, LEAD, directory, case, "read", Submission("ask", note="寄到哪里？"))
    [asked] = seen(engine_story, ZHANG, reports, "zhang").items
    assert ([(word.by, word.text, word.asks) for word in asked.words], asked.mine) == (
        [("lead", "寄到哪里？", True)],
        True,
    )
    added = {name: REPORT[name] for name in ("communication", "needs", "issues", "plan")} | {"plan": "寄到沧州"}
    submissions.hand_in(engine_story.deployment, ZHANG, directory, case, "add", Submission("submit", added))
    submissions.hand_in(engine_story.deployment, LEAD, directory, case, "read", Submission("read"))
    [done] = seen(engine_story, ZHANG, reports, "zhang").items
    assert (done.node, done.data["plan"], done.day) == ("", "寄到沧州", date(2025, 6, 12))
    assert len(engine_story.heard("report.submitted")) == 1  # one report, one event


def test_the_process_reminds_nobody_of_a_report_that_was_not_begun(engine_story):
    engine_story.wait(hours=14)
    assert engine_story.heard("node.entered", "node.near", "node.overdue") == []


def test_todays_report_is_known_by_the_day_it_is_about(engine_story):
    with reading(engine_story.deployment.engine) as connection:
        directory = directory_of(engine_story, connection)
        assert written_on(connection, "zhang", directory, engine_story.clock.now()) == ""
    hand_in(engine_story, data={**REPORT, "date": "2025-06-11"})
    case = hand_in(engine_story)
    with reading(engine_story.deployment.engine) as connection:
        assert written_on(connection, "zhang", directory, engine_story.clock.now()) == case
        assert written_on(connection, "zhang", directory, engine_story.clock.now() + timedelta(days=1)) == ""
        assert written_on(connection, "zhang", directory, engine_story.clock.now(), date(2025, 6, 12)) == case
        assert written_on(connection, "zhang", directory, engine_story.clock.now(), date(2025, 6, 10)) == ""


# -- completeness -------------------------------------------------------------------------------------------------------


def test_working_days_of_trips_are_expected_and_free_days_leave_and_today_are_not(engine_story):
    heard(engine_story, "trip.started", "2025-06-06T09:00", trip="t1")  # a Friday
    heard(engine_story, "leave.started", "2025-06-10T00:00", leave="l1")
    heard(engine_story, "leave.ended", "2025-06-11T00:00", leave="l1")
    heard(engine_story, "report.submitted", "2025-06-06T18:00", date="2025-06-06", needs="灯" * 100)
    heard(engine_story, "report.submitted", "2025-06-12T09:00", date="2025-06-11", needs=" " + "灯" * 50 + " ")
    [mine] = complete(engine_story, ZHANG, ["zhang"])
    days = {one.day.day: one for one in mine.days}
    assert {day for day, one in days.items() if one.expected} == {6, 9, 11, 12}
    assert {day: one.length for day, one in days.items() if one.written} == {6: 100, 11: 50}
    assert (mine.written, mine.expected, mine.length) == (2, 3, 75)  # today is not over yet
    heard(engine_story, "report.submitted", "2025-06-12T09:30", date="2025-06-12", needs="灯" * 30)
    [mine] = complete(engine_story, ZHANG, ["zhang"])
    assert (mine.written, mine.expected) == (3, 4)


def test_without_trips_and_reports_there_is_no_figure(engine_story):
    [mine] = complete(engine_story, ZHANG, ["zhang"])
    assert (mine.written, mine.expected, mine.length) == (0, 0, None)


def test_people_stand_by_name_whatever_they_wrote(engine_story):
    heard(engine_story, "trip.started", "2025-06-09T09:00", trip="t1")
    names = [one.name for one in complete(engine_story, LEAD, ["zhang", "wu", "li"])]
    assert names == sorted(names)


def test_only_those_who_lead_somebody_see_their_reports(engine_story):
    hand_in(engine_story)
    for viewer in (LI, ZHANG):
        with pytest.raises(NotFound):
            complete(engine_story, viewer, ["zhang", "wu"])
    with pytest.raises(NotFound):
        seen(engine_story, LI, reports, "zhang")
    assert len(seen(engine_story, LEAD, reports, "zhang").items) == 1
    assert seen(engine_story, LI, reports).items == ()


def test_a_person_s_page_tells_how_their_week_is_going(on_both):
    story = on_both
    assert besides(story, LEAD, "zhang") == []  # who never travels and never wrote has no card
    heard(story, "trip.started", "2025-06-09T09:00", trip="t1")
    [card] = besides(story, LEAD, "zhang")
    assert [line.words["zh"] for line in card.lines] == ["本周 0/3（出差的工作日）", "还没有日报"]
    heard(story, "report.submitted", "2025-06-09T18:00", date="2025-06-09", needs="灯" * 100)  # from elsewhere
    [card] = besides(story, LEAD, "zhang")
    assert [line.words["zh"] for line in card.lines] == ["本周 1/3（出差的工作日）", "最后一份"]
    assert card.lines[1].at == datetime.fromisoformat("2025-06-09T18:00+08:00")
    hand_in(story)
    [card] = besides(story, LEAD, "zhang")
    assert [line.words["zh"] for line in card.lines] == ["本周 2/4（出差的工作日）", "最后一份", "1 份等您看"]
    assert card.lines[1].at == story.clock.now()
    assert (card.href, card.screen) == ("/reports/zhang", "TeamReports")
    hr = Viewer("hr", "hr", frozenset({"hr"}))
    assert len(besides(story, hr, "zhang")[0].lines) == 2  # nothing waits for HR
    with pytest.raises(NotFound):
        besides(story, LI, "zhang")


def besides(story: EngineStory, viewer: Viewer, person: str) -> list:
    with reading(story.deployment.engine) as connection:
        directory = directory_of(story, connection)
        return beside_person(story.deployment, connection, viewer, directory, person, story.clock.now())


def test_a_card_takes_four_statements(engine_story):
    hand_in(engine_story)
    said: list[str] = []
    deployment, now = engine_story.deployment, engine_story.clock.now()
    with reading(deployment.engine) as connection:
        directory = directory_of(engine_story, connection)
        event.listen(connection, "before_cursor_execute", lambda c, cursor, statement, *more: said.append(statement))
        assert reports_card(connection, LEAD, directory, now, deployment, "zhang")
    assert len(said) == 4


def test_a_team_takes_as_many_statements_as_one_person(on_both):
    story = on_both
    for person in ("zhang", "li", "wu"):
        heard(story, "trip.started", "2025-06-09T09:00", person, trip=f"t-{person}")
        hand_in(story, Viewer(person, person, frozenset({"employee"})))

    def statements(people) -> int:
        said: list[str] = []
        with reading(story.deployment.engine) as connection:
            directory = directory_of(story, connection)
            event.listen(
                connection, "before_cursor_execute", lambda c, cursor, statement, *more: said.append(statement)
            )
            deployment, now = story.deployment, story.clock.now()
            completeness(connection, LEAD, directory, now, deployment, people)
            reports(connection, LEAD, directory, now)
        return len(said)

    assert statements(["zhang"]) == statements(["zhang", "li", "wu"]) == 5


def test_a_trip_across_midnight_is_counted_in_the_persons_own_days(engine_story):
    heard(engine_story, "trip.started", "2025-06-09T23:59", trip="t1")
    heard(engine_story, "trip.ended", "2025-06-11T00:00", trip="t1")
    [mine] = complete(engine_story, ZHANG, ["zhang"])
    assert {one.day.day for one in mine.days if one.expected} == {9, 10}
    assert mine.days[-1].day == engine_story.clock.now().astimezone(UTC).date()
