"""Real logs walked through processes: every figure is the one that an independent count gives."""

from __future__ import annotations

import gzip
import os
import statistics
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.plugins.processes import walked
from tideng.base.clock import SystemClock
from tideng.base.errors import Refused
from tideng.client.bundle import read_bundle
from tideng.intake.event_files import open_events
from tideng.org.directory import zone
from tideng.runtime.deployment import Deployment
from tideng_processes.measurement.activity_map import Meaning, check_log_map, read_log_map
from tideng_processes.measurement.conformance import (
    Deviation,
    Report,
    conform,
    read_log,
    require_mapped,
)
from tideng_processes.publication.registry import read_definitions

ROOT = Path(__file__).resolve().parents[4]
CLIENT = ROOT / "clients" / "bpic2020"
MAPS = CLIENT / "processes" / "logs"
FULL = Path(os.environ.get("TIDENG_BPIC2020") or ROOT.parent / "shared" / "data" / "bpic2020")
PLACES = ("sample", pytest.param("full", marks=pytest.mark.slow))


def the_log(name: str, place: str) -> Path:
    if place == "sample":
        return CLIENT / "events" / f"{name}.xes.gz"
    path = FULL / f"{name}.xes.gz"
    if not path.exists():
        pytest.skip(f"the full logs are not here: put them into {FULL}, or name their folder in TIDENG_BPIC2020")
    return path


@pytest.fixture(scope="module")
def university() -> Deployment:
    return Deployment.in_memory(replace(read_bundle(CLIENT), rule_files=(), packs=()), SystemClock())


def definitions(own: bool = False) -> dict:
    found, problems = read_definitions(ROOT / "plugins" / "travel" / "tideng_travel" / "definitions")
    others, more = read_definitions(CLIENT / "processes")
    assert problems + more == []
    return {one.id: one for one in [*found, *(others if own else ())]}


def walk(university: Deployment, path: Path, map_name: str, process: str, own: bool = False) -> Report:
    log_map, known = read_log_map(MAPS / f"{map_name}.yaml"), definitions(own)
    assert check_log_map(log_map, known) == []
    log = read_log([(path.name, path)], university, log_map, [known[process]])
    require_mapped(log, log_map)
    assert log.refused == ()
    where = zone(university.profile.timezone)
    return conform(log, known[process], log_map.processes[process], where, university.calendar)


def assert_counted(report: Report, counted: walked.Count, deadlines: tuple[str, ...]) -> None:
    assert (report.conforming, report.absent) == (counted.conforming, counted.absent)
    assert report.midway == dict(counted.midway)
    assert {(one.node, one.activity): one.cases for one in report.deviations} == dict(counted.deviations)
    assert [one.cases for one in report.deviations] == sorted(counted.deviations.values(), reverse=True)
    assert report.cases == report.conforming + sum(report.midway.values()) + report.deviating
    for one in report.times:
        spent = counted.spent[one.node]
        assert one.left == len(spent)
        assert one.median.total_seconds() == pytest.approx(statistics.median(spent))
        assert one.mean.total_seconds() == pytest.approx(sum(spent) / len(spent))
        assert one.most.total_seconds() == walked.nearest_rank(spent, 0.9)
        assert one.longest.total_seconds() == max(spent)
        assert (one.due, one.late) == ((one.left, counted.late[one.node]) if one.node in deadlines else (0, 0))


@pytest.mark.parametrize("place", PLACES)
def test_permits_follow_the_shipped_trip_as_far_as_an_independent_count_says(university, place):
    path = the_log("PermitLog", place)
    counted = walked.count(walked.cases_of(path, walked.TRIP), walked.SHIPPED_TRIP, "ended", {"approve": 1})
    report = walk(university, path, "permit-log", "trip")
    assert_counted(report, counted, ("approve",))
    if place == "full":  # what clients/bpic2020/README.md says
        assert (report.cases, report.conforming, report.deviating) == (6426, 5133, 1293)
        assert report.deviations[:3] == (
            Deviation("request", "Start trip", 771),
            Deviation("approve", "Start trip", 475),
            Deviation("ended", "Permit REJECTED by MISSING", 42),
        )
        assert {one.node: one.late for one in report.times}["approve"] == 2621


@pytest.mark.parametrize("place", PLACES)
def test_the_university_s_own_trip_says_where_the_time_goes(university, place):
    path = the_log("PermitLog", place)
    workdays = {"check": 2, "lead": 2, "director": 2}
    counted = walked.count(walked.cases_of(path, walked.TRIP), walked.OWN_TRIP, "ended", workdays)
    report = walk(university, path, "permit-log-own", "trip", own=True)
    assert_counted(report, counted, tuple(workdays))
    if place == "full":
        assert (report.cases, report.conforming, report.deviating) == (6426, 5133, 1293)
        found = {one.node: (one.left, one.late) for one in report.times if one.due}
        assert found == {"check": (5871, 124), "lead": (4561, 1535), "director": (528, 150)}


@pytest.mark.parametrize("place", PLACES)
def test_claims_of_a_trip_are_walked_one_after_the_other(university, place):
    path = the_log("PermitLog", place)
    declared = lambda activity, id: "ayment" not in activity or id.startswith("fd_declaration")  # noqa: E731
    cases = walked.cases_of(path, walked.CLAIM, only=declared)
    counted = walked.count(cases, walked.CLAIMS, "paid", {"check": 2, "pay": 3})
    report = walk(university, path, "permit-log", "claim")
    assert_counted(report, counted, ("check", "pay"))
    if place == "full":
        assert (report.cases, report.conforming, report.walks, report.absent) == (5515, 5321, 5577, 911)


@pytest.mark.parametrize("place", PLACES)
def test_declarations_follow_the_shipped_claim(university, place):
    path = the_log("DomesticDeclarations", place)
    counted = walked.count(walked.cases_of(path, walked.CLAIM), walked.ONE_CLAIM, "paid", {"check": 2, "pay": 3})
    report = walk(university, path, "declarations", "claim")
    assert_counted(report, counted, ("check", "pay"))
    if place == "full":
        assert (report.cases, report.conforming, report.midway) == (10_357, 9904, {"write": 444})


@pytest.mark.slow
def test_walking_a_log_costs_less_than_reading_it(university):
    path = the_log("PermitLog", "full")

    def parsed() -> float:
        began = time.process_time()
        assert sum(1 for _ in open_events(path, university.catalogue, university.plugins)) == 81_092
        return time.process_time() - began

    def walked_through() -> float:
        began = time.process_time()
        walk(university, path, "permit-log", "trip")
        return time.process_time() - began

    assert min(walked_through() / parsed() for _ in range(2)) < 2


# -- what a map says and what it may not ------------------------------------------------------------------------------
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n'


def a_log(folder: Path, *cases: str) -> Path:
    """A log of cases, each a list of activities such as ``ask, agree``; an hour passes between two."""
    text = HEAD
    for number, case in enumerate(cases):
        text += f'<trace><string key="concept:name" value="c{number}"/>'
        for hour, activity in enumerate(case.split(", ")):
            text += (
                f'<event><string key="concept:name" value="{activity}"/><string key="id" value="id {hour}"/>'
                f'<date key="time:timestamp" value="2026-03-02T{9 + hour:02}:00:00+01:00"/></event>\n'
            )
        text += "</trace>\n"
    path = folder / "small.xes.gz"
    path.write_bytes(gzip.compress((text + "</log>").encode()))
    return path


def walk_small(university: Deployment, folder: Path, said: str, *cases: str) -> Report:
    (folder / "map.yaml").write_text(said, "utf-8")
    log_map, known = read_log_map(folder / "map.yaml"), definitions()
    log = read_log(
        [("small.xes.gz", a_log(folder, *cases))], university, log_map, [known[one] for one in log_map.processes]
    )
    require_mapped(log, log_map)
    return conform(
        log, known["trip"], log_map.processes["trip"], zone(university.profile.timezone), university.calendar
    )


SMALL = """\
processes:
  trip:
    activities: {ask: request.submit, look: approve, agree: approve.agree, back: [waiting.change, approve.return], go: waiting.begin, home: on_trip.end}
elsewhere: [tea, "lunch*"]
"""


def test_a_case_conforms_stops_midway_or_leaves_the_description_where_something_else_came(university, tmp_path):
    cases = ("ask, agree, go, home", "ask, look, look", "ask, back, ask, agree, back", "go, home", "ask, agree, go, home, ask", "tea")  # fmt: skip
    report = walk_small(university, tmp_path, SMALL, *cases)
    assert (report.cases, report.conforming, report.absent, report.walks) == (5, 1, 1, 5)
    assert report.ends == {"ended": 1}
    assert report.midway == {"request": 1, "approve": 1}
    assert report.deviations == (Deviation("ended", "ask", 1), Deviation("request", "go", 1))


def test_time_is_counted_from_the_step_s_entry_to_the_outcome_that_left_it(university, tmp_path):
    report = walk_small(university, tmp_path, SMALL, "ask, look, agree", "ask, agree", "ask, look")
    approve = next(one for one in report.times if one.node == "approve")
    assert (approve.entered, approve.left) == (3, 2)
    assert (approve.median, approve.mean, approve.most, approve.longest) == (
        timedelta(minutes=90),
        timedelta(minutes=90),
        timedelta(hours=2),
        timedelta(hours=2),
    )


def test_a_process_that_repeats_begins_again_after_its_end(university, tmp_path):
    said = SMALL.replace("  trip:\n", "  trip:\n    repeats: true\n")
    report = walk_small(university, tmp_path, said, "ask, agree, go, home, ask, agree", "ask, agree, go, home, home")
    assert (report.cases, report.walks, report.conforming) == (2, 4, 0)
    assert report.midway == {"waiting": 1}
    assert report.deviations == (Deviation("request", "home", 1),)


def test_only_events_whose_attributes_look_so_are_meant(university, tmp_path):
    said = SMALL.replace("agree: approve.agree", 'agree: {is: approve.agree, where: {id: "* 2"}}')
    report = walk_small(university, tmp_path, said, "ask, agree, agree")
    assert report.midway == {"waiting": 1}


def test_an_activity_that_the_map_does_not_name_is_said_with_how_often_it_came(university, tmp_path):
    with pytest.raises(Refused) as refused:
        walk_small(university, tmp_path, SMALL, "ask, Sing Loud, lunch at noon", "Sing Loud, dance")
    assert [one.problem for one in refused.value.problems] == ["'Sing Loud' is not named (2×)", "'dance' is not named (1×)"]  # fmt: skip


def test_everything_wrong_with_a_map_is_said_at_once_with_its_line(tmp_path):
    said = "processes:\n  trip:\n    repeats: often\n    activities:\n      ask: [request.submit, 7]\n      go: {is: approve, wher: 1}\nelsewhere: [go]\nmore: 1\n"  # fmt: skip
    (tmp_path / "m.yaml").write_text(said, "utf-8")
    with pytest.raises(Refused) as refused:
        read_log_map(tmp_path / "m.yaml")
    assert [one.at.split(",")[0] for one in refused.value.problems] == [
        "m.yaml line 8",
        "m.yaml line 3",
        "m.yaml line 5",
        "m.yaml line 6",
        "m.yaml line 7",
    ]


def test_steps_that_the_process_does_not_have_are_said_with_what_there_is(tmp_path):
    (tmp_path / "m.yaml").write_text("processes:\n  trip: {activities: {a: nowhere, b: request.fly}}\n  fly: {activities: {a: b}}\n")  # fmt: skip
    found = check_log_map(read_log_map(tmp_path / "m.yaml"), definitions())
    assert [one.problem for one in found] == [
        "there is no step nowhere in trip",
        "there is no way 'fly' out of the step request",
        "there is no process fly",
    ]
    assert "submit, withdraw" in found[1].hint


def test_a_meaning_without_where_is_always_meant():
    assert Meaning("pay").matches({})
    assert not Meaning("pay", where={"id": "fd_*"}).matches({})


def test_the_independent_count_itself_knows_working_days_and_the_change_of_the_clocks():
    friday = ("U", "", *walked._seconds("2018-03-23T15:00:00.000+01:00"))
    assert walked.due(friday, 1) == walked._seconds("2018-03-26T15:00:00.000+02:00")[0]
    before_easter = ("U", "", *walked._seconds("2018-03-30T09:00:00.000+02:00"))
    assert walked.due(before_easter, 1) == walked._seconds("2018-04-03T09:00:00.000+02:00")[0]
    assert walked.nearest_rank([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9) == 9


# -- logs as they are published -----------------------------------------------------------------------------------------
FAULTS = ROOT / "tests" / "data" / "faults"


def walk_fault(university: Deployment, folder: Path, name: str, more: str = "") -> tuple[Report, int]:
    (folder / "map.yaml").write_text((FAULTS / "map.yaml").read_text("utf-8") + more, "utf-8")
    (folder / "processes").mkdir()
    (folder / "processes" / "chain.yaml").write_bytes((FAULTS / "chain.yaml").read_bytes())
    found, problems = read_definitions(folder / "processes")
    assert problems == []
    log_map, chain = read_log_map(folder / "map.yaml"), found[0]
    log = read_log([(name, FAULTS / name)], university, log_map, [chain])
    where = zone(university.profile.timezone)
    return conform(log, chain, log_map.processes["chain"], where, university.calendar), len(log.refused)


def test_a_log_whose_years_were_moved_is_walked_all_the_same(university, tmp_path):
    report, refused = walk_fault(university, tmp_path, "shifted.xes")
    assert (report.cases, report.conforming, refused) == (1, 1, 0)
    assert {one.node: one.left for one in report.times} == {"s1": 1, "s2": 1, "s3": 1}


def test_a_log_without_zones_is_walked_once_the_map_says_the_zone(university, tmp_path):
    report, refused = walk_fault(university, tmp_path, "nozone.xes", "timezone: Asia/Shanghai\n")
    assert (report.cases, report.midway, refused) == (1, {"s3": 1}, 0)


def test_a_log_without_zones_is_refused_where_nobody_says_the_zone(university, tmp_path):
    report, refused = walk_fault(university, tmp_path, "nozone.xes")
    assert (report.cases, refused) == (0, 2)


def test_a_zone_that_does_not_exist_is_refused_with_the_one_that_is_meant(tmp_path):
    (tmp_path / "m.yaml").write_text((FAULTS / "map.yaml").read_text("utf-8") + "timezone: Asia/Beijing\n", "utf-8")
    with pytest.raises(Refused, match="did you mean 'Asia/Shanghai'"):
        read_log_map(tmp_path / "m.yaml")
