"""ingest, dead-letters, nudges, explain: on real files, with a worker that judges."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.functional.cli.conftest import BPIC
from tideng.outbox.snooze import snooze
from tideng.responses.answers import respond
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker

NOW = datetime.now(UTC).replace(microsecond=0)


def a_report(number: int = 1, needs: str = "short", **more: object) -> dict:
    event = {
        "specversion": "1.0",
        "id": f"r{number}",
        "source": "test",
        "type": "report.submitted",
        "time": (NOW - timedelta(minutes=number)).isoformat(),
        "subject": "amy",
        "data": {"date": NOW.date().isoformat(), "needs": needs},
    }
    return event | more


def lines(*events: object) -> str:
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in events)


@pytest.fixture
def running(tideng, home, client):
    """A deployment with the small client in it."""
    assert tideng("apply", client, cwd=home).returncode == 0
    return home


def work(home) -> None:
    with Deployment.open(home) as deployment:
        Worker(deployment).step()


def test_what_is_good_stays_and_what_is_not_is_named_with_line_and_field(tideng, running):
    text = lines(
        a_report(1), "{not json", a_report(2, type="report.submited"), a_report(3), a_report(4, data={"date": 7})
    )
    done = tideng("ingest", "-", "--json", cwd=running, input=text)
    tally = json.loads(done.stdout)
    assert done.returncode == 1
    assert (tally["accepted"], tally["refused"]) == (2, 3)
    places = [problem["at"] for problem in tally["problems"]]
    assert any(place.startswith("line 2") for place in places)
    assert "line 3, type" in places
    assert "line 5, data.date" in places


def test_the_same_file_again_changes_nothing_and_is_fine(tideng, running, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text(lines(a_report(1), a_report(2)))
    assert json.loads(tideng("ingest", file, "--json", cwd=running).stdout)["accepted"] == 2
    again = tideng("ingest", file, "--json", cwd=running)
    assert again.returncode == 0
    assert json.loads(again.stdout)["duplicate"] == 2


def test_an_id_that_comes_again_with_other_content_is_refused(tideng, running):
    tideng("ingest", "-", cwd=running, input=lines(a_report(1)))
    done = tideng("ingest", "-", cwd=running, input=lines(a_report(1, needs="something else")))
    assert done.returncode == 1
    assert "already known with other content" in done.stderr + done.stdout


def test_a_refused_event_can_be_looked_at_and_tried_again_once_its_type_is_known(tideng, running, client):
    event = a_report(1, type="stall.visited", data={"hall": "A3"})
    assert tideng("ingest", "-", cwd=running, input=lines(event)).returncode == 1
    letters = [json.loads(line) for line in tideng("dead-letters", "--json", cwd=running).stdout.splitlines()]
    assert [json.loads(letter["payload"])["id"] for letter in letters] == ["r1"]
    assert tideng("dead-letters", "--retry", cwd=running).returncode == 1
    with (client / "client.yaml").open("a") as file:
        file.write("event_types: {stall.visited: {fields: {hall: text}}}\n")
    assert tideng("apply", client, cwd=running).returncode == 0
    done = tideng("dead-letters", "--retry", str(letters[0]["id"]), cwd=running)
    assert (done.returncode, done.stdout) == (0, "1 taken in, 0 still refused.\n")
    assert tideng("dead-letters", cwd=running).stdout == "No dead letters.\n"


def test_a_dead_letter_that_does_not_exist_is_said(tideng, running):
    done = tideng("dead-letters", "77", cwd=running)
    assert done.returncode == 1
    assert "77" in done.stderr


def test_a_short_report_is_told_of_and_explained(tideng, running):
    tideng("ingest", "-", cwd=running, input=lines(a_report(1)))
    work(running)
    found = [
        json.loads(line) for line in tideng("nudges", "--person", "amy", "--json", cwd=running).stdout.splitlines()
    ]
    assert [(one["rule"], one["action"], one["to"], one["status"]) for one in found] == [
        ("needs-too-short", "ask", "amy", "told")
    ]
    by_key = tideng("explain", found[0]["key"], cwd=running).stdout
    assert by_key == tideng("explain", found[0]["id"], cwd=running).stdout
    assert "A little more on the needs" in by_key
    assert "is less than 100 (in fact: 5)" in by_key
    assert "客户需求再补几句" in tideng("--lang", "zh", "explain", found[0]["id"], cwd=running).stdout


def told_of(tideng, running) -> int:
    """The id of a nudge to amy, whose quiet hours are never."""
    tideng("ingest", "-", cwd=running, input=lines(a_report(1)))
    work(running)
    return json.loads(tideng("nudges", "--json", cwd=running).stdout.splitlines()[0])["id"]


def in_both_languages(tideng, running, *arguments: object) -> dict[str, str]:
    """What a command prints in each language; it ends well in both."""
    found = {}
    for language in ("zh", "en"):
        done = tideng("--lang", language, *arguments, cwd=running)
        assert done.returncode == 0, done.stderr
        found[language] = done.stdout
    return found


def test_a_snoozed_nudge_is_listed_and_explained_with_the_moment_at_which_it_comes_again(tideng, running):
    id = told_of(tideng, running)
    until = (datetime.now(UTC) + timedelta(minutes=20)).replace(second=0, microsecond=0)
    with Deployment.open(running) as deployment:
        assert snooze(deployment, id, "amy", until)
    local = f"{until.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M}"
    for command in (("nudges",), ("explain", id)):
        said = in_both_languages(tideng, running, *command)
        assert f"later: its reader put it off, until {local}" in said["en"].replace(" (", ": ")
        assert "晚点" in said["zh"]
        assert f"本人想晚点再看，{local} 再发" in said["zh"]


def test_a_contested_nudge_is_listed_and_explained_as_contested_also_after_a_snooze(tideng, running):
    id = told_of(tideng, running)
    with Deployment.open(running) as deployment:
        assert snooze(deployment, id, "amy", datetime.now(UTC) + timedelta(minutes=20))
        assert respond(deployment, id, "amy", "disputed", "I wrote it yesterday")
    for command in (("nudges",), ("explain", id)):
        said = in_both_languages(tideng, running, *command)
        assert "contested: its reader says it is not right, until HR decides" in said["en"].replace(" (", ": ")
        assert "有异议" in said["zh"]
        assert "本人说这条不对，等 HR 决定" in said["zh"]


def test_history_speaks_to_nobody(tideng, running):
    tideng("ingest", "-", "--history", cwd=running, input=lines(a_report(1)))
    work(running)
    assert tideng("nudges", "--json", cwd=running).stdout == ""


def test_nudges_since_a_moment_leave_out_what_was_before(tideng, running):
    tideng("ingest", "-", cwd=running, input=lines(a_report(90), a_report(1)))
    work(running)
    since = (NOW - timedelta(minutes=30)).isoformat()
    assert len(tideng("nudges", "--json", cwd=running).stdout.splitlines()) == 2
    assert len(tideng("nudges", "--json", "--since", since, cwd=running).stdout.splitlines()) == 1
    assert len(tideng("nudges", "--json", "--limit", 1, cwd=running).stdout.splitlines()) == 1


def test_a_finding_that_does_not_exist_is_said(tideng, running):
    assert tideng("explain", "no/such/thing", cwd=running).returncode == 1
    assert tideng("explain", "12", cwd=running).returncode == 1


def test_a_packed_table_is_read_like_the_lines(tideng, running, tmp_path):
    file = tmp_path / "reports.csv.gz"
    header = "id,source,type,time,subject,date,needs\n"
    rows = "".join(f"c{n},sheet,report.submitted,{NOW.isoformat()},amy,{NOW.date()},{'x' * 120}\n" for n in range(700))
    file.write_bytes(gzip.compress((header + rows).encode()))
    assert tideng("ingest", file, cwd=running).stdout.startswith("700 taken in")


def test_a_file_of_no_known_format_is_refused_in_words(tideng, running, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    done = tideng("ingest", tmp_path / "photo.png", cwd=running)
    assert done.returncode == 1
    assert "JSON Lines, CSV or XES" in done.stderr


def test_a_log_brings_its_types_which_every_later_command_knows(tideng, home):
    done = tideng("ingest", BPIC / "events" / "PermitLog.xes.gz", "--history", "--json", cwd=home)
    tally = json.loads(done.stdout)
    assert (done.returncode, tally["refused"]) == (0, 0)
    assert "permit.submitted.by.employee" in tally["types"]
    with Deployment.open(home) as deployment:
        assert deployment.catalogue.event_types["end.trip"].title["en"] == "End trip"
    again = json.loads(tideng("ingest", BPIC / "events" / "PermitLog.xes.gz", "--json", cwd=home).stdout)
    assert (again["accepted"], again["types"]) == (0, [])


def test_a_type_that_a_log_showed_gives_way_to_what_the_client_says_of_it(tideng, home, client):
    tideng("ingest", BPIC / "events" / "PermitLog.xes.gz", "--history", cwd=home)
    with (client / "client.yaml").open("a") as file:
        file.write("event_types: {end.trip: {title: {zh: 出差结束, en: The trip is over}}}\n")
    assert tideng("apply", client, cwd=home).returncode == 0
    with Deployment.open(home) as deployment:
        assert deployment.catalogue.event_types["end.trip"].title["en"] == "The trip is over"


def test_a_map_names_the_activities(tideng, home, tmp_path):
    (tmp_path / "map.yaml").write_text("End trip: trip.over\n")
    log = BPIC / "events" / "PermitLog.xes.gz"
    tally = json.loads(tideng("ingest", log, "--map", tmp_path / "map.yaml", "--json", cwd=home).stdout)
    assert "trip.over" in tally["types"]
    assert "end.trip" not in tally["types"]


def test_a_map_that_is_none_is_refused(tideng, home, tmp_path):
    (tmp_path / "map.yaml").write_text("- End trip\n")
    done = tideng("ingest", BPIC / "events" / "PermitLog.xes.gz", "--map", tmp_path / "map.yaml", cwd=home)
    assert done.returncode == 1
    assert "map.yaml" in done.stderr
