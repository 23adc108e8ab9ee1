"""``tideng processes``, as it is typed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tests.plugins.processes.engine_story import EngineStory
from tideng.base.errors import NotFound, Refused
from tideng.cli.terminal import Terminal
from tideng.cli.words import Option, WordedCommand
from tideng_processes.cli import processes

ROOT = Path(__file__).resolve().parents[3]
BPIC = ROOT / "clients" / "bpic2020"
LAMPLIGHT = ROOT / "clients" / "lamplight"
LOG = BPIC / "events" / "PermitLog.xes.gz"
MAPS = BPIC / "processes" / "logs"
Type = Callable[..., tuple[int, str]]


@pytest.fixture
def tideng(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Type ``tideng processes ARGUMENTS``; gives the exit status and what was answered."""
    monkeypatch.setenv("COLUMNS", "200")

    def typed(*arguments: object, language: str = "en") -> tuple[int, str]:
        capsys.readouterr()
        status = processes.main([*map(str, arguments)], "processes", standalone_mode=False, obj=Terminal(language))
        return status, capsys.readouterr().out

    return typed


@pytest.fixture
def office(engine_story: EngineStory, monkeypatch: pytest.MonkeyPatch) -> EngineStory:
    """A deployment in the folder in which the command is typed."""
    folder = engine_story.deployment.settings.folder
    (folder / "tideng.toml").write_text("", "utf-8")
    monkeypatch.setenv("TIDENG_HOME", str(folder))
    return engine_story


def conform(*more: object) -> tuple[object, ...]:
    return ("conform", "--client", BPIC, "--events", LOG, "--map", MAPS / "permit-log.yaml", "--shipped", *more)


# -- a log ------------------------------------------------------------------------------------------------------------
def test_a_log_is_told_in_two_tables(tideng):
    status, said = tideng(*conform("--process", "trip"))
    assert status == 0
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines[0] == "Trip: 293 cases, 230 went as described (78.5%), 0 had not ended, 63 left the description."
    assert lines[1:4] == ["at came cases", "Ask for a trip Start trip 39", "The supervisor’s answer Start trip 24"]
    assert "The supervisor’s answer 261 237 30 hours 3 days 7 days 50 days 115 / 237" in lines


def test_it_is_told_in_chinese_as_well(tideng):
    _, said = tideng(*conform("--process", "trip"), language="zh")
    assert said.startswith("出差：293 单，230 单按流程走完（78.5%），0 单还没走完，63 单走得不一样。")
    assert "主管答复" in said


def test_every_process_of_the_map_is_walked_and_cases_without_a_next_step_are_said(tideng):
    _, said = tideng(*conform())
    assert "Expense claim: 251 cases, 243 went as described (96.8%), 3 had not ended, 5 left the description." in said
    assert "(nothing more)" in said


def test_json_gives_every_figure_times_in_seconds(tideng):
    _, said = tideng(*conform("--json"))
    trip, claim = map(json.loads, said.splitlines())
    assert (trip["process"], trip["cases"], trip["conforming"]) == ("trip", 293, 230)
    assert trip["deviations"][0] == {"node": "request", "activity": "Start trip", "cases": 39}
    assert claim["midway"] == {"write": 3}
    on_trip = next(one for one in trip["times"] if one["node"] == "on_trip")
    assert (on_trip["left"], on_trip["median"]) == (230, 4 * 86400)


def test_the_client_s_own_process_takes_the_place_of_the_shipped_one(tideng):
    own = ("conform", "--client", BPIC, "--events", LOG, "--map", MAPS / "permit-log-own.yaml", "--json")
    _, said = tideng(*own)
    assert [one["node"] for one in json.loads(said)["times"]] == [
        "request",
        "check",
        "lead",
        "director",
        "waiting",
        "on_trip",
    ]
    with pytest.raises(Refused, match="there is no step check in trip"):
        tideng(*own, "--shipped")


def test_a_process_that_the_map_does_not_name_is_refused(tideng):
    with pytest.raises(NotFound, match="names no process leave"):
        tideng(*conform("--process", "leave"))


def test_what_the_map_does_not_name_is_refused_before_anything_is_counted(tideng, tmp_path):
    (tmp_path / "m.yaml").write_text("processes: {trip: {activities: {Start trip: waiting.begin}}}\n", "utf-8")
    with pytest.raises(Refused, match=r"'Permit SUBMITTED by EMPLOYEE' is not named \(\d+×\)"):
        tideng("conform", "--client", BPIC, "--events", LOG, "--map", tmp_path / "m.yaml", "--shipped")


def test_a_company_s_own_events_need_no_map(tideng):
    history = ROOT / "clients" / "lamplight" / "events" / "history.jsonl.gz"
    said: dict[str, set[str]] = {}
    for line in gzip.decompress(history.read_bytes()).splitlines():
        event = json.loads(line)
        said.setdefault(event["type"], set()).add(event["data"].get("trip", ""))
    _, answer = tideng("conform", "--client", LAMPLIGHT, "--events", history, "--process", "trip", "--json")
    trip = json.loads(answer)
    asked, begun, back = said["trip.requested"], said["trip.started"], said["trip.ended"]
    assert trip["cases"] == len(asked | begun | back)
    assert trip["conforming"] == len(asked & said["trip.approved"] & begun & back)
    assert trip["midway"] == {"on_trip": len((asked & begun) - back)}
    assert trip["deviations"] == [{"node": "request", "activity": "trip.started", "cases": len(begun - asked)}]


def test_without_a_map_the_process_is_named(tideng):
    history = LAMPLIGHT / "events" / "history.jsonl.gz"
    with pytest.raises(click.MissingParameter):
        tideng("conform", "--client", LAMPLIGHT, "--events", history)
    with pytest.raises(NotFound, match="no process fly"):
        tideng("conform", "--client", LAMPLIGHT, "--events", history, "--process", "fly")


# -- definitions ------------------------------------------------------------------------------------------------------
def test_processes_of_a_client_are_listed_with_where_they_come_from(tideng):
    _, said = tideng("list", "--client", BPIC)
    rows = {line.split()[0]: line for line in said.splitlines()}
    assert "the client's files" in rows["trip"]
    assert "shipped" in rows["claim"]


def test_a_process_is_shown_step_by_step(tideng):
    _, said = tideng("show", "trip", "--client", BPIC, language="zh")
    assert "主管转院长" in said
    assert "2 个工作日" in said
    _, picture = tideng("show", "trip", "--client", BPIC, "--mermaid")
    assert picture.startswith("flowchart TD\n")
    _, document = tideng("show", "trip", "--client", BPIC, "--json")
    assert json.loads(document)["id"] == "trip"


@pytest.mark.parametrize("asked", [("nowhere",), ("trip", "--version", 9)])
def test_a_process_or_version_that_is_not_there_is_said(tideng, asked):
    with pytest.raises(NotFound):
        tideng("show", *asked, "--client", BPIC)


def test_files_are_checked_as_a_whole_each_problem_with_its_line(tideng, tmp_path):
    text = (BPIC / "processes" / "trip.yaml").read_text("utf-8")
    wrong = text.replace("to: lead}", "to: leed}").replace("at_due: begin", "at_due: gone")
    (tmp_path / "shape.yaml").write_text(wrong, "utf-8")
    (tmp_path / "parts.yaml").write_text(text.replace("to: lead}", "to: leed}"), "utf-8")
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "to: lead}" in one)
    status, said = tideng("check", tmp_path, "--json")
    places = [one["at"] for one in json.loads(said)["problems"]]
    assert status == 1
    assert f"parts.yaml line {line}, nodes.check.outcomes.approve.to" in places
    assert any(place.startswith("shape.yaml line") and place.endswith("nodes.waiting.at_due") for place in places)
    assert "没有步骤或结束“leed”" in tideng("check", tmp_path, language="zh")[1]


def test_files_that_are_fine_pass_with_the_client_s_people_too(tideng):
    status, said = tideng("check", BPIC / "processes", "--client", BPIC)
    assert (status, said) == (0, "1 processes, nothing wrong.\n")
    assert tideng("check", *ROOT.glob("plugins/*/tideng_*/definitions"))[0] == 0


# -- a deployment -----------------------------------------------------------------------------------------------------
def test_cases_of_a_deployment_are_listed_newest_first(tideng, office):
    first, second = office.begin("zhang"), office.begin("zhang")
    _, said = tideng("cases", "--process", "purchase", "--open")
    assert [line.split()[0] for line in said.splitlines()[1:]] == [second, first]
    _, said = tideng("cases", "--json", "--limit", 1)
    case = json.loads(said)
    assert (case["id"], case["node"], case["late"]) == (second, "approve", False)
    assert tideng("cases", "--late", language="zh")[1] == "没有这样的单。\n"


def test_processes_of_a_deployment_are_those_that_run_there(tideng, office):
    _, said = tideng("list", "--json")
    found = {one["id"]: one for one in map(json.loads, said.splitlines())}
    assert (found["purchase"]["origin"], found["leave"]["origin"]) == ("files", "shipped")


def test_every_command_and_option_speaks_both_languages():
    lacking = []
    for one in processes.commands.values():
        assert isinstance(one, WordedCommand)
        texts = [one.text, *(each.text for each in one.params if isinstance(each, Option))]
        lacking += [one.name for said in texts if not said["en"] or said["zh"].isascii()]
    assert lacking == []
