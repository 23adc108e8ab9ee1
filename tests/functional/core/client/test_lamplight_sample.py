"""The sample client: its people, its six months, its evening, and the two worked cases in it."""

import csv
import gzip
import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tideng.client.bundle import read_bundle
from tideng.intake.reader import read_event
from tideng.model.calendars import WorkCalendar
from tideng.model.catalogue import Catalogue
from tideng.org.directory import zone
from tideng.plugins.manager import Plugins
from tideng_orgchart.organisation.employment_changes import changes_in, fold
from tideng_rules.check.examples import run_examples
from tideng_rules.check.run import check
from tideng_rules.engine.rulebook import Book, Published
from tideng_rules.packaging.reader import load_rules_of

LAMPLIGHT = Path(__file__).parents[4] / "clients" / "lamplight"
CUT = datetime(2026, 3, 31, 10, 55, tzinfo=UTC)
CHINA = WorkCalendar("CN")
BY_A_PERSON = ("attendance.checked_in", "visit.completed", "report.submitted", "trip.started")


def lines(raw: bytes) -> list[dict]:
    return [json.loads(line) for line in raw.splitlines()]


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(LAMPLIGHT)


@pytest.fixture(scope="module")
def history() -> list[dict]:
    return lines(gzip.decompress((LAMPLIGHT / "events" / "history.jsonl.gz").read_bytes()))


@pytest.fixture(scope="module")
def evening() -> list[dict]:
    return lines((LAMPLIGHT / "demo" / "live-day.jsonl").read_bytes())


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Plugins().catalogue


def generate(out: Path, seed: int) -> tuple[bytes, bytes]:
    command = [sys.executable, str(LAMPLIGHT / "generate.py"), str(out), "--seed", str(seed)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return gzip.decompress((out / "history.jsonl.gz").read_bytes()), (out / "live-day.jsonl").read_bytes()


def local(event: dict) -> datetime:
    return datetime.fromisoformat(event["time"])


def of(history: list[dict], person: str, kind: str, since: str = "2026-03-02") -> list[dict]:
    return [e for e in history if e["subject"] == person and e["type"] == kind and e["time"] >= since]


def test_the_same_seed_makes_the_files_in_the_repository_and_another_seed_others(tmp_path):
    stored = gzip.decompress((LAMPLIGHT / "events" / "history.jsonl.gz").read_bytes())
    assert generate(tmp_path / "one", 1) == (stored, (LAMPLIGHT / "demo" / "live-day.jsonl").read_bytes())
    assert generate(tmp_path / "other", 2)[0] != stored


def test_a_hundred_people_work_there_seventy_of_them_on_the_road_in_two_zones(bundle):
    there = list(bundle.directory().members(CUT))
    assert len(there) == 100
    assert len({a.name for a in there}) == 100
    assert sum(a.position == "sales_rep" for a in there) == 70
    assert Counter(a.timezone for a in there) == {"Asia/Shanghai": 96, "Australia/Sydney": 4}
    assert not bundle.warnings


def test_the_head_of_the_south_west_is_gone_and_the_director_stands_in(bundle):
    directory = bundle.directory()
    team = [a for a in directory.members(CUT) if a.unit == "southwest"]
    assert team
    assert {a.supervisor for a in team} == {"p019"}
    assert directory.at("p019", CUT) is None
    assert {directory.supervisor(a.person, CUT, lambda person: False) for a in team} == {"p016"}


def test_history_is_in_order_each_id_once_and_ends_before_the_evening(history):
    times = [local(event) for event in history]
    assert times == sorted(times)
    assert times[-1] < CUT
    assert times[0].astimezone(zone("Asia/Shanghai")).date() == date(2025, 10, 9)  # the first day after National Day
    assert len({(event["source"], event["id"]) for event in history}) == len(history) > 40_000


def test_every_event_is_one_that_the_deployment_takes(history, evening, catalogue):
    for number, event in enumerate(history + [line["event"] for line in evening], start=1):
        read_event(event, catalogue, place=f"line {number}", received=CUT)


def test_work_is_done_on_working_days_only_make_up_saturdays_included(history):
    worked = Counter(local(event).date() for event in history if event["type"] in BY_A_PERSON)
    assert all(map(CHINA.is_workday, worked))
    assert worked[date(2026, 2, 14)] > 50
    assert not any(worked[date(2026, 2, day)] for day in range(15, 24))
    workdays = [d for n in range(182) if CHINA.is_workday(d := date(2025, 10, 1) + timedelta(days=n))]
    assert set(workdays) == set(worked)


def test_nobody_acts_before_joining_after_leaving_or_while_on_leave(bundle, history):
    directory, leaves = bundle.directory(), defaultdict(dict)
    for event in history:
        if event["type"].startswith("leave."):
            leaves[event["subject"], event["data"]["leave"]][event["type"]] = local(event)
    assert len(leaves) > 100
    away = defaultdict(list)
    for (person, _), span in leaves.items():
        away[person].append((span["leave.started"], span.get("leave.ended", datetime.max.replace(tzinfo=UTC))))
    for event in history:
        if event["type"] in BY_A_PERSON:
            at = local(event)
            assert directory.on(event["subject"], at.date()), event
            assert not any(start <= at < end for start, end in away[event["subject"]]), event


def test_the_long_leave_goes_on(history):
    assert len([e for e in history if e["data"].get("leave") == "L-maternity-1"]) == 1
    assert not of(history, "p080", "report.submitted", since="2026-01-12")


def test_joining_moving_and_leaving_say_what_people_csv_says(bundle, history, catalogue):
    changes = changes_in(read_event(event, catalogue, received=CUT) for event in history)
    assert Counter(change.kind for change in changes) == {"person.moved": 17, "person.joined": 13, "person.left": 7}
    told = fold(bundle.assignments, changes, bundle.timezone)
    left = {change.person for change in changes if change.kind == "person.left"}
    stayed = {a for a in bundle.assignments if a.person not in left}
    assert stayed == {a for a in told if a.person not in left}
    ended = {a.person: a.until for a in told if a.person in left}
    for assignment in bundle.assignments:
        if assignment.person in left and assignment.until == max(
            a.until or date.max for a in bundle.assignments if a.person == assignment.person
        ):
            assert ended[assignment.person] == assignment.until - timedelta(days=1)


def test_two_zones_write_in_their_own_evening(history):
    offsets = {e["time"][-6:] for e in history if e["subject"] == "p075" and e["type"] == "report.submitted"}
    assert offsets == {"+11:00"}
    assert {e["time"][-6:] for e in history if e["subject"] == "p031"} == {"+08:00"}


def test_reports_come_in_time_late_short_and_not_at_all(history):
    reports = [e for e in history if e["type"] == "report.submitted"]
    late = [e for e in reports if local(e).hour >= 19]
    short = [e for e in reports if len(e["data"]["needs"]) < 100]
    offline = [e for e in reports if e["source"].endswith("offline")]
    assert 0.03 < len(late) / len(reports) < 0.10
    assert 0.03 < len(short) / len(reports) < 0.10
    assert len(offline) > 50
    days = {(e["subject"], e["data"]["date"]) for e in reports}
    on_the_road = {
        (e["subject"], local(e).date().isoformat())
        for e in history
        if e["type"] == "attendance.checked_in" and e["data"]["place"] != "office" and local(e).date() < CUT.date()
    }
    assert 0.02 < len(on_the_road - days) / len(on_the_road) < 0.08


def test_zhang_san_lacks_knowledge_not_effort(bundle, history):
    history = [e for e in history if e["time"] < "2026-03-28" or e["subject"] != "p031"]  # the four weeks of his case
    assert bundle.directory().on("p031", CUT.date()).name == "张三"
    away = {local(e).date() for e in of(history, "p031", "attendance.checked_in") if e["data"]["place"] != "office"}
    assert len(away) == 20
    assert len(of(history, "p031", "visit.completed")) == 8
    trips = {e["data"]["trip"] for e in of(history, "p031", "trip.started")}
    planned = [e["data"]["planned_visits"] for e in of(history, "p031", "trip.started")]
    assert len(trips) == 4
    assert sum(planned) == 10
    reports = of(history, "p031", "report.submitted")
    assert {len(e["data"]["needs"]) for e in reports} == {100}
    assert {len(e["data"]["issues"]) for e in reports} == {1}
    assert sum(e["data"]["amount"] for e in of(history, "p031", "order.won")) == 0.7 * 9000
    doubts = [e for e in of(history, "p031", "feedback.received") if "参数" in e["data"]["text"]]
    assert len(doubts) == 2
    assert len({e["data"]["customer"] for e in doubts}) == 2


def test_zhang_san_travels_on_the_day_of_the_demonstration_and_writes_no_report(bundle, history, evening):
    on_the_way = [
        e for e in history if e["subject"] == "p031" and e["type"] == "trip.started" and e["time"] > "2026-03-28"
    ]
    assert [local(e).date().isoformat() for e in on_the_way] == ["2026-03-31"]
    heard = [*history, *(line["event"] for line in evening)]
    today = [e["type"] for e in heard if e["subject"] == "p031" and e["time"] > "2026-03-31"]
    assert today == ["trip.started"]
    supervisor = bundle.directory().on("p031", CUT.date()).supervisor
    assert supervisor == "p020"  # whom the README invites to sign in as


def test_his_peers_write_about_200_characters_and_three_issues(history):
    by_person = defaultdict(list)
    for event in history:
        if event["type"] == "report.submitted" and event["time"] >= "2026-03-02" and event["subject"] != "p031":
            by_person[event["subject"]].append(event["data"])
    needs = [sum(len(d["needs"]) for d in data) / len(data) for data in by_person.values()]
    issues = [sum(len(d["issues"]) for d in data) / len(data) for data in by_person.values()]
    assert 195 <= sum(needs) / len(needs) <= 205
    assert 2.8 <= sum(issues) / len(issues) <= 3.2


def test_the_early_riser_lacks_conversion_not_effort(history):
    away = [e for e in of(history, "p032", "attendance.checked_in") if e["data"]["place"] != "office"]
    assert len(away) == 20
    assert all(local(e).hour < 9 for e in away)
    assert len(of(history, "p032", "customer.won")) == 6
    assert sum(e["data"]["amount"] for e in of(history, "p032", "order.won")) == 0.8 * 9000
    expertise = [e["data"]["expertise"] for e in of(history, "p032", "feedback.received")]
    assert sum(expertise) / len(expertise) == 4.5


def test_the_company_sells_about_what_the_story_says(history):
    march = sum(e["data"]["amount"] for e in history if e["type"] == "order.won" and e["time"] >= "2026-03-01")
    assert 520_000 < march < 720_000


def test_most_reports_of_the_evening_are_in_before_it_begins(history, evening, bundle):
    trips = {e["data"]["trip"]: e for e in history if e["type"] == "trip.started"}
    for event in history:
        if event["type"] == "trip.ended":
            trips.pop(event["data"]["trip"], None)
    directory = bundle.directory()
    road = {e["subject"] for e in trips.values() if directory.at(e["subject"], CUT).timezone == "Asia/Shanghai"}
    written = {e["subject"] for e in history if e["type"] == "report.submitted" and e["data"]["date"] == "2026-03-31"}
    tonight = {line["event"]["subject"]: line for line in evening if line["event"]["type"] == "report.submitted"}
    assert len(road & written) > len(road) / 2
    assert len(tonight) == 15
    clock = {person: line["event"]["time"][11:19] for person, line in tonight.items()}
    assert sum(at < "19:00:00" for at in clock.values()) == 6
    assert sorted(clock.values())[-2:] == ["20:50:00", "20:59:59"]
    assert len(road - written - tonight.keys()) >= 4


def test_one_report_of_the_evening_is_written_in_time_arrives_late_and_twice(evening):
    late = [line for line in evening if line["event"]["time"][11:19] == "20:59:59"]
    assert [line["arrives"][11:19] for line in late] == ["21:05:00", "21:06:59"]
    assert late[0]["event"] == late[1]["event"]
    assert late[0]["event"]["source"].endswith("offline")
    arrivals = [datetime.fromisoformat(line["arrives"]) for line in evening]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] >= CUT
    assert arrivals[-1] <= CUT + timedelta(minutes=155)


def test_between_the_two_steps_one_person_resigns_and_one_falls_ill(evening):
    events = [line["event"] for line in evening if line["event"]["source"].endswith("/hr")]
    assert [(event["type"], event["time"][11:16]) for event in events] == [
        ("person.left", "20:10"),
        ("leave.started", "20:20"),
    ]


def test_its_rules_are_sound_and_do_what_their_examples_say(bundle, catalogue):
    rules = load_rules_of(bundle, catalogue)
    assert {"daily-report-missing", "needs-reports-behind"} <= {rule.id for rule in rules}
    assert [str(p) for p in check(rules, catalogue, bundle.directory()) if p.severity == "error"] == []
    book = Book([Published(rule) for rule in rules], catalogue)
    outcomes = [outcome for rule in rules for outcome in run_examples(rule, book)]
    book.close()
    assert len(outcomes) > 5
    assert [outcome for outcome in outcomes if not outcome.passed] == []


def test_nothing_in_the_sample_could_reach_a_real_person(bundle):
    with open(LAMPLIGHT / "people.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # no Chinese mobile number begins with 12, and .example is reserved (RFC 2606)
            assert row["phone"].startswith("12")
            assert row["email"].endswith("@lamplight.example")
