"""A client bundle is read as a whole, and everything wrong with it is said at once."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tideng.base.durations import Duration
from tideng.client.bundle import InvalidBundle, PackUse, read_bundle

CLIENT = """\
client: Lamplight
locale: zh
currency: CNY
timezone: Asia/Shanghai
calendar: CN
quiet_hours: {from: 22:00, until: 07:30}
nudge_budget: {day: 6, week: 20}
packs:
  - name: travel-sales
    parameters: {needs_minimum: 100}
plugins:
  connectors: {webhook_secret: "${ENV:WEBHOOK_SECRET}"}
roles: {hr: [p001]}
event_types:
  sample.requested:
    title: {zh: 样品申请, en: Sample requested}
    fields: {sample: {type: text, key: true, required: true}, count: integer}
"""
UNITS = "id,name,parent\nall,明灯,\nnorth,华北,all\n"
POSITIONS = "id,name,unit,duties\nsales,销售,north,visits_this_month>=15;needs_reports_this_month>=2\nhead,主管,,\n"
PEOPLE = """\
id,name,unit,position,supervisor,timezone,locale,phone,email,from,until
p001,李人事,all,head,,,,,,,
p002,王主管,north,head,p001,,,13800000001,wang@lamplight.example,2024-01-01,
p003,张三,north,sales,p002,Australia/Sydney,en,,,2025-01-01,2025-12-31
p003,张三,north,head,p001,Asia/Shanghai,zh,,,2026-01-01,
"""


@pytest.fixture
def bundle(tmp_path: Path):
    """Write a bundle; each keyword replaces one file's content (text, bytes, or None for no such file)."""

    def write(**files: str | bytes | None) -> Path:
        root = tmp_path / "lamplight"
        root.mkdir(exist_ok=True)
        contents = {"client.yaml": CLIENT, "units.csv": UNITS, "positions.csv": POSITIONS, "people.csv": PEOPLE}
        contents |= {name.replace("_", ".", 1): content for name, content in files.items()}
        for name, content in contents.items():
            if content is not None:
                (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return root

    return write


def problems(root: Path) -> list[str]:
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(root)
    return [str(problem) for problem in refused.value.problems]


def test_a_whole_bundle_is_read(bundle):
    root = bundle()
    (root / "rules").mkdir()
    (root / "rules" / "b.yaml").write_text("id: b")
    (root / "rules" / "a.yaml").write_text("id: a")
    (root / "events").mkdir()
    (root / "events" / "history.jsonl.gz").write_bytes(b"")
    read = read_bundle(root)
    assert (read.client, read.calendar, read.quiet_hours) == ("Lamplight", "CN", (time(22), time(7, 30)))
    assert read.packs == (PackUse("travel-sales", None, {"needs_minimum": 100}),)
    assert read.positions[0].targets == {"visits_this_month": (">=", 15), "needs_reports_this_month": (">=", 2)}
    assert [path.name for path in read.rule_files] == ["a.yaml", "b.yaml"]
    assert [path.name for path in read.event_files] == ["history.jsonl.gz"]
    sample = read.event_types["sample.requested"]
    assert sample.field("sample").key
    assert sample.field("count").type == "integer"
    assert not sample.open
    assert read.nudge_budget == {"day": 6, "week": 20}
    assert read.channels == ("portal",)
    assert not read.warnings


def test_a_digest_is_read_and_none_is_the_rule(bundle):
    assert read_bundle(bundle()).digest is None
    assert read_bundle(bundle(client_yaml=CLIENT + "digest: 10 minutes\n")).digest == Duration(10, "minutes")


def test_the_directory_knows_who_was_where_on_which_day(bundle):
    directory = read_bundle(bundle()).directory()
    assert directory.on("p003", date(2025, 6, 1)).timezone == "Australia/Sydney"
    assert directory.on("p003", date(2026, 1, 1)).position == "head"
    assert directory.on("p003", date(2024, 12, 31)) is None
    moment = datetime(2025, 6, 1, tzinfo=UTC)
    assert directory.supervisor("p003", moment, lambda person: False) == "p002"
    assert directory.role("hr", moment, lambda person: False) == "p001"


def test_only_client_yaml_is_required(bundle):
    read = read_bundle(bundle(client_yaml="client: Small", units_csv=None, positions_csv=None, people_csv=None))
    assert (read.locale, read.currency, read.timezone, read.assignments) == ("zh", "CNY", "Asia/Shanghai", ())


def test_without_a_person_for_hr_a_warning_is_given_and_nothing_is_blocked(bundle):
    read = read_bundle(bundle(client_yaml="client: Small"))
    assert ["last resort" in str(warning) for warning in read.warnings] == [True]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(bundle):
    read = read_bundle(bundle(people_csv=b"\xef\xbb\xbf" + PEOPLE.replace("\n", "\r\n").encode()))
    assert read.assignments[2].name == "张三"


def test_gbk_is_refused_with_the_line_and_the_way_out(bundle):
    assert problems(bundle(people_csv=PEOPLE.encode("gbk")))[0] == (
        "people.csv line 2: is not UTF-8; it looks like GBK (in Excel: save as “CSV UTF-8”)"
    )


def test_everything_wrong_in_every_file_is_said_at_once(bundle):
    said = problems(
        bundle(
            client_yaml=CLIENT.replace("Asia/Shanghai", "Asia/Shanghay") + "colour: red\n",
            units_csv=UNITS.replace("north,华北,all", "north,华北,al"),
            people_csv=PEOPLE.replace("2025-01-01", "2025/1/1").replace("Australia/Sydney", "Sydney"),
        )
    )
    assert said == [
        "client.yaml line 18, colour: is not known here (known: client, locale, currency, timezone, calendar, "
        "quiet_hours, nudge_budget, digest, channels, plugins, packs, event_types, roles)",
        "client.yaml line 4, timezone: 'Asia/Shanghay' is not a time zone (did you mean 'Asia/Shanghai'?)",
        "units.csv line 3, parent: there is no unit 'al' (did you mean 'all'?)",
        "people.csv line 4, timezone: 'Sydney' is not a time zone (an IANA name such as Asia/Shanghai)",
        "people.csv line 4, from: '2025/1/1' is not a date (year-month-day, such as 2026-03-01)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("email,from", "e-mail,from", "people.csv line 1, e-mail: is not a column of this file"),
        (",until\n", ",from\n", "people.csv line 1, from: is there twice"),
        ("id,name", "id;name", "people.csv line 1, id;name: is not a column"),
        (
            "p003,张三,north,sales",
            "p003,张三,nort,sales",
            "line 4, unit: there is no unit 'nort' (did you mean 'north'?)",
        ),
        ("north,sales,", "north,sails,", "line 4, position: there is no position 'sails' (did you mean 'sales'?)"),
        ("sales,p002", "sales,p02", "line 4, supervisor: there is no person 'p02' (did you mean 'p002'?)"),
        ("Sydney,en", "Sydney,english", "line 4, locale: 'english' is not a locale"),
        ("2025-12-31", "2026-01-01", "line 5, from: the period of p003 overlaps the one on line 4"),
        ("2025-12-31", "2024-12-31", "line 4, until: 2024-12-31 is before 2025-01-01"),
        ("2025-12-31", "2025-02-30", "line 4, until: '2025-02-30' is not a date"),
        ("2025-12-31", "9999-12-31", "line 4, until: 9999-12-31 is out of reach"),
        ("p001,李人事,all,head,,", "p001,李人事,all,head,p003,", "supervisor: goes round in a circle"),
        ("p001,李人事,all,head,,", "p001,李人事,all,head,p001,", "line 2, supervisor: p001 cannot be their own"),
        ("13800000001", "1.38E+10", "line 3, phone: '1.38E+10' is not a phone number (Excel: make the column a text"),
        ("wang@", "wang ", "line 3, email: 'wang lamplight.example' is not an e-mail address"),
        ("王主管", "王,主管", "line 3: has 12 cells, the first line 11 (put a text that holds a comma into quotes)"),
        ("王主管", '"王主管', "people.csv line 3: is not CSV"),
        ("王主管", "", "line 3, name: is empty"),
        ("王主管", "王\0", "people.csv line 3: holds a NUL character"),
    ],
)
def test_a_problem_among_people_names_line_and_column(bundle, old, new, expected):
    assert old in PEOPLE
    said = problems(bundle(people_csv=PEOPLE.replace(old, new)))
    assert any(expected in line for line in said), said


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("client: Lamplight", "client:", "client.yaml line 1, client: a text is expected"),
        ("locale: zh", "locale: klingon", "line 2, locale: 'klingon' is not a locale"),
        ("currency: CNY", "currency: RMB", "line 3, currency: 'RMB' is not an ISO 4217 code"),
        ("calendar: CN", "calendar: XX", "line 5, calendar: no calendar for 'XX'"),
        ("22:00", "25:00", "line 6, quiet_hours.from: '25:00' is not a time of day"),
        ("day: 6", "day: none", "line 7, nudge_budget.day: a whole number"),
        ("day: 6", "day: 30", "line 7, nudge_budget.week: is less than the budget of one day (30 or more)"),
        ("day: 6", "hour: 6", "line 7, nudge_budget.hour: is not known here"),
        ("locale: zh", "digest: ten", "line 2, digest: 'ten' is not a length of time (digest: 10 minutes; at most"),
        ("locale: zh", "digest: 3 days", "line 2, digest: '3 days' is too long to keep a message waiting"),
        ("locale: zh", "digest: 25 hours", "line 2, digest: '25 hours' is too long to keep a message waiting"),
        ("locale: zh", "digest: 10", "line 2, digest: 10 is not a length of time"),
        ("needs_minimum: 100", "api_key: abc", "line 10, packs[0].parameters.api_key: looks like a secret"),
        (
            "${ENV:WEBHOOK_SECRET}",
            "hunter2",
            "webhook_secret: looks like a secret, and a bundle holds none (${ENV:WEBH",
        ),
        ("${ENV:WEBHOOK_SECRET}", "${SECRET}", "webhook_secret: only ${ENV:NAME} is filled in"),
        ("webhook_secret: ", "clientSecret: x, s: ", "plugins.connectors.clientSecret: looks like a secret"),
        ("hr: [p001]", "hr: [p9]", "line 13, roles.hr[0]: there is no person 'p9'"),
        ("count: integer", "count: int", "line 17, event_types.sample.requested.fields.count: 'int' is not a type of"),
        ("parameters:", "parametres:", "line 10, packs[0].parametres: is not known here (did you mean 'parameters'?)"),
        ("locale: zh", "client: Again", "client.yaml line 2, client: is there twice"),
        ("locale: zh", "locale: !!python/name:os.system x", "client.yaml line 2: tag:yaml.org,2002:python/name"),
        ("locale: zh", "locale: [zh", "is not YAML"),
        ("hr: [p001]", "hr: &x [p001], product: *x", "line 13: uses an alias"),
    ],
)
def test_a_problem_in_client_yaml_names_line_and_place(bundle, old, new, expected):
    assert old in CLIENT
    said = problems(bundle(client_yaml=CLIENT.replace(old, new, 1)))
    assert any(expected in line for line in said), said


def test_units_in_a_circle_and_ids_said_twice_are_refused(bundle):
    said = problems(bundle(units_csv="id,name,parent\nall,明灯,north\nnorth,华北,all\nnorth,华南,all\n"))
    assert "units.csv line 4, id: 'north' is already on line 3" in said
    assert any("goes round in a circle" in line for line in said)


def test_supervisors_may_change_places_from_one_day_to_the_next(bundle):
    until, since = "a,A,,,2025-12-31\nb,B,a,,2025-12-31\n", "a,A,b,2026-01-01,\nb,B,,2026-01-01,\nc,C,,,\n"
    people = "id,name,supervisor,from,until\n" + until + since
    assert read_bundle(bundle(client_yaml="client: Small\nroles: {hr: [c]}", people_csv=people)).warnings == ()


def test_duties_that_cannot_be_read_are_refused(bundle):
    said = problems(
        bundle(positions_csv="id,name,unit,duties\nsales,销售,north,visits 15;calls>=2;calls>=3\nhead,H,,\n")
    )
    assert said == [
        "positions.csv line 2, duties: 'visits 15' is not a duty (such as visits_this_month>=15)",
        "positions.csv line 2, duties: calls is there twice",
    ]


def test_a_misspelt_table_is_not_passed_over_in_silence(bundle):
    root = bundle()
    (root / "peoples.csv").write_text(PEOPLE)
    assert problems(root) == ["peoples.csv: is not a table of a bundle (did you mean 'people.csv'?)"]


def test_a_missing_client_yaml_and_a_missing_folder_say_so(tmp_path):
    assert problems(tmp_path / "nowhere")[0].endswith("nowhere: is not a folder")
    (tmp_path / "client.yml").write_text("client: x")
    assert problems(tmp_path) == ["client.yaml: is missing (rename client.yml)"]


def test_a_table_that_is_wrong_on_every_line_is_not_recited(bundle):
    said = problems(bundle(people_csv="id,name,from\n" + "".join(f"q{i},Q,yesterday\n" for i in range(5000))))
    assert len(said) == 201
    assert said[-1].endswith("more problems")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["client.yaml", "units.csv", "positions.csv", "people.csv"]), st.binary(max_size=60), st.data())
def test_whatever_is_spliced_into_a_file_it_is_read_or_refused_and_nothing_else(bundle, name, noise, data):
    root = bundle()
    whole = (root / name).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    (root / name).write_bytes(whole[:cut] + noise + whole[cut:])
    with suppress(InvalidBundle):  # anything else that is raised fails the test
        read_bundle(root)
    (root / name).write_bytes(whole)
