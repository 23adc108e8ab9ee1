"""Small inputs after public bug reports, each of which once stopped a command, lost something or chose in silence."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.plugins.connectors.test_files import Formats, a_catalogue
from tideng.base.errors import InvalidPayload
from tideng.intake.event_files import FileTerms, open_events, read_all

FAULTS = Path(__file__).resolve().parents[2] / "data" / "faults"


def read(name: str, content: bytes | None = None, **terms):
    """The events of a file, and its refusals by place."""
    import io

    source = FAULTS / name if content is None else io.BytesIO(content)
    events, refused = [], {}
    for place, one in open_events(source, a_catalogue(), Formats(), FileTerms(**terms), name=name):
        if isinstance(one, InvalidPayload):
            refused[place] = "; ".join(map(str, one.problems))
        else:
            events.append(one)
    return events, refused


def in_a_log(inside: str, before: str = '<string key="concept:name" value="c"/>') -> bytes:
    """A log of one trace; `inside` is on lines 3 and following."""
    return f'<log xes.version="2.0">\n<trace>{before}\n{inside}\n</trace></log>'.encode()


def an_event(more: str = "", name: str = "Ask") -> str:
    time = '<date key="time:timestamp" value="2024-03-05T10:00:00+01:00"/>'
    return f'<event><string key="concept:name" value="{name}"/>{time}{more}</event>'


# -- one bad input costs itself alone --------------------------------------------------------------------------------


def test_an_attribute_that_is_a_text_and_a_list_is_refused_by_its_line():
    events, refused = read("x03-scalar-then-list.xes")
    assert events == []
    assert refused == {"line 3": "line 3: notes: is there twice (leave one of them out)"}


def test_a_bad_event_leaves_the_case_before_it():
    events, refused = read("m1-crash-after-good.xes")
    assert [event.id for event in events] == ["M1/1"]
    assert list(refused) == ["line 7"]


def test_an_activity_that_is_a_list_is_refused_by_its_line():
    events, refused = read("y01-name-is-list.xes")
    assert events == []
    assert "line 3: concept:name is a list, not the name of an activity" in refused["line 3"]


def test_a_log_in_gbk_is_read():
    events, refused = read("x20-gbk.xes")
    assert refused == {}
    assert [event.type for event in events] == ["检查"]


@pytest.mark.parametrize("encoding", ["GB18030", "gb2312", "Big5", "Shift_JIS", "windows-1252", "UTF-16", "ISO-8859-1"])
def test_a_log_is_read_in_the_encoding_that_it_declares(encoding):
    activity = "Prüfung" if encoding in ("windows-1252", "ISO-8859-1") else "中文"
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + in_a_log(an_event(name=activity)).decode()
    events, refused = read("log.xes", text.encode(encoding))
    assert (refused, [event.type for event in events]) == ({}, [activity.lower()])


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "zlib", "idna", "unicode_escape"])
def test_an_encoding_that_is_not_known_is_refused_with_a_way_out(encoding):
    events, refused = read("log.xes", f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + in_a_log(an_event()))
    assert events == []
    assert f"the encoding {encoding} is not known (save the log as UTF-8)" in refused["line 1"]


def test_a_character_that_is_not_of_the_declared_encoding_is_named_and_what_came_before_stays():
    good = in_a_log(an_event() + "\n" + an_event()).decode()
    head = '<?xml version="1.0" encoding="GBK"?>'
    events, refused = read("log.xes", head.encode() + good.encode("gbk") + b"\xff\xff" + b" " * (1 << 18))
    assert len(refused) == 1
    assert "is not GB18030" in next(iter(refused.values())) or "broken" in next(iter(refused.values()))
    del events  # the whole of so small a log is one piece


def test_a_csv_whose_lines_end_with_cr_alone_is_read():
    events, refused = read("c02-cr-only.csv")
    assert ([event.id for event in events], refused) == (["c2", "c2b"], {})


def test_cr_ends_are_found_where_a_quoted_text_holds_a_line_feed():
    head = "id,source,type,time,subject,place\r"
    row = 'a{0},s,attendance.checked_in,2026-03-02T09:00:00+01:00,p,"x\ny"\r'
    events, refused = read("x.csv", (head + row.format(1) + row.format(2)).encode())
    assert refused == {}
    assert [(event.id, event.data) for event in events] == [("a1", {"place": "x\ny"}), ("a2", {"place": "x\ny"})]


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("length", [201, 200_000])
def test_a_column_whose_name_is_too_long_is_refused(length, quote):
    content = f"id,source,type,time,subject,{quote}{'x' * length}{quote}\n1,s,order.won,t,a,b\n".encode()
    events, refused = read("x.csv", content)
    assert (events, list(refused)) == ([], ["line 1"])
    assert "200" in refused["line 1"]


def test_a_file_of_no_known_format_leaves_the_other_files_of_a_replay(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"\x89PNG")
    events, refused = read_all([tmp_path / "photo.jpg", FAULTS / "c02-cr-only.csv"], a_catalogue(), Formats())
    assert len(events) == 2
    assert [(place, "no known format" in str(one)) for place, one in refused] == [("photo.jpg", True)]


# -- nothing is lost or chosen in silence ----------------------------------------------------------------------------


def test_a_list_without_values_keeps_all_its_items():
    (event,), refused = read("x04-list-without-values.xes")
    assert (event.data["items"], refused) == (["1", "2"], {})


def test_two_activities_of_one_event_are_refused_by_its_line():
    events, refused = read("x05-dup-name.xes")
    assert (events, list(refused)) == ([], ["line 3"])
    assert "concept:name: is there twice" in refused["line 3"]


def test_what_stands_in_a_list_beside_its_values_is_an_attribute_of_the_list():
    inside = (
        '<list key="items"><string key="note" value="n"/><values>'
        '<string key="item" value="a"><int key="price" value="2"/></string>'
        '<string key="item" value="b"><int key="price" value="3"/></string></values></list><list key="none"><values/></list>'
    )
    (event,), refused = read("log.xes", in_a_log(an_event(inside)))
    assert refused == {}
    assert event.data == {
        "case": "c",
        "items": ["a", "b"],
        "items.note": "n",
        "items.1.price": 2,
        "items.2.price": 3,
        "none": [],
    }


def test_an_event_directly_below_the_log_is_named():
    log = f'<log><trace><string key="concept:name" value="c"/>{an_event()}</trace>\n{an_event()}</log>'.encode()
    events, refused = read("log.xes", log)
    assert len(events) == 1
    assert refused == {
        "line 2": "line 2: the event stands outside a trace, so it belongs to no case (put it into a <trace>)"
    }


def test_a_trace_with_two_names_has_its_events_refused():
    twice = '<string key="concept:name" value="c"/><string key="concept:name" value="d"/>'
    events, refused = read("log.xes", in_a_log(an_event() + "\n" + an_event(), twice))
    assert events == []
    assert all("which case" in refused[line] for line in ("line 3", "line 4"))
    late = f'{an_event()}\n<string key="concept:name" value="d"/>{an_event()}'
    events, refused = read("log.xes", in_a_log(late))
    assert [event.id for event in events] == ["c/1"]
    assert "which case" in refused["line 4"]


def test_attributes_of_a_trace_after_its_first_event_come_with_the_next_or_are_named():
    between = f'{an_event()}<int key="sum" value="4"/>{an_event()}\n<string key="late" value="x"/>'
    events, refused = read("log.xes", in_a_log(between))
    assert [event.data for event in events] == [{"case": "c"}, {"case": "c", "case:sum": 4}]
    assert "no event of the trace comes after its attributes late" in refused["line 5"]


def test_an_attribute_of_a_trace_that_cannot_be_read_is_refused_with_the_first_event():
    events, refused = read("log.xes", in_a_log(an_event() + "\n" + an_event(), '<string key="concept:name" value="c"/><int key="n" value="x"/>'))  # fmt: skip
    assert [event.id for event in events] == ["c/2"]
    assert "of the trace: n: 'x' is not of type int" in refused["line 3"]


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<int key="n" value="1_000"/>', "is not of type int"),
        ('<int key="n" value="１２"/>', "is not of type int"),
        ('<float key="n" value="1_0.5"/>', "is not of type float"),
        ('<float key="n" value="INF"/>', "is not of type float"),
        ('<boolean key="n" value="yes"/>', "is not of type boolean"),
        ('<string key="n"/>', "n: has no value"),
        ('<string value="x"/>', "<string> has no key"),
        ('<note key="n" value="x"/>', "<note> is no attribute of XES"),
        ('<event><string key="a" value="x"/></event>', "<event> is no attribute of XES"),
    ],
)
def test_what_is_no_attribute_is_refused_by_name(inside, said):
    events, refused = read("log.xes", in_a_log(an_event(inside)))
    assert events == []
    assert said in refused["line 3"]


def test_every_problem_of_an_event_is_said_at_once():
    _, refused = read("log.xes", in_a_log(an_event('<int key="n" value="x"/><boolean key="b" value="y"/>')))
    assert "n: 'x' is not of type int" in refused["line 3"]
    assert "b: 'y' is not of type boolean" in refused["line 3"]


def test_json_with_a_key_twice_is_refused_and_the_next_line_is_read():
    events, refused = read("json-key-twice.jsonl")
    assert [event.id for event in events] == ["k2"]
    assert refused == {"line 1": "line 1, subject: is there twice (leave one of them out)"}


def test_a_key_twice_inside_data_is_refused_too():
    line = b'{"id":"k","source":"s","type":"attendance.checked_in","time":"2026-03-02T09:00:00Z","subject":"a","data":{"place":"x","place":"y"}}'
    events, refused = read("x.jsonl", line)
    assert (events, list(refused)) == ([], ["line 1"])
    assert "data.place: is there twice" in refused["line 1"]


def test_one_event_over_several_lines_is_one_event():
    events, refused = read("f04-pretty.json")
    assert ([event.id for event in events], refused) == (["f4"], {})
    assert events[0].data == {"place": "x"}


def test_several_pretty_printed_events_are_read_and_a_broken_one_is_one_refusal():
    text = (FAULTS / "f04-pretty.json").read_bytes().strip() + b"\n"
    broken = text.replace(b'"f4",', b'"f4"')
    events, refused = read("x.jsonl", text + broken + text.replace(b"f4", b"f5") + text[:60])
    assert [event.id for event in events] == ["f4", "f5"]
    assert list(refused) == ["line 12", "line 34"]
    assert "is not JSON at line 15" in refused["line 12"]


def test_a_cell_in_a_column_without_a_name_is_refused_and_empty_ones_do_not_matter():
    head = b"id,source,type,time,subject,place,,\n"
    row = b"a%d,s,attendance.checked_in,2026-03-02T09:00:00+01:00,p,x,%s,\n"
    events, refused = read("x.csv", head + row % (1, b"") + row % (2, b"lost"))
    assert [event.id for event in events] == ["a1"]
    assert refused == {"line 3": "line 3: 'lost' is in a column without a name (name the column in line 1)"}


def test_a_field_that_two_columns_give_is_refused():
    _, refused = read("x.csv", b"id,source,type,time,subject,place,data.place\n")
    assert "columns twice: data.place" in refused["line 1"]


def test_an_inch_sign_in_two_lines_loses_neither():
    head = b"id,source,type,time,subject,place\n"
    row = b'a%d,s,attendance.checked_in,2026-03-02T09:00:00+01:00,p,5" pipe\n'
    events, refused = read("x.csv", head + row % 1 + row % 2)
    assert [event.id for event in events] + list(refused) == ["a1", "a2"]
    assert events[1].data == {"place": '5" pipe'}


def test_text_after_a_closing_quote_is_refused():
    head = b"id,source,type,time,subject,place\n"
    _, refused = read("x.csv", head + b'a,s,attendance.checked_in,2026-03-02T09:00:00+01:00,p,"x"y\n')
    assert "something stands after the end of a quoted text" in refused["line 2"]


# -- numbers and times -----------------------------------------------------------------------------------------------


def test_a_number_with_an_underscore_is_refused_with_the_number_that_is_meant():
    events, refused = read("number-underscore.csv")
    assert [event.id for event in events] == ["n2"]
    assert refused == {"line 2": "line 2, data.amount: must be a number, not a text ('1_000') (1000)"}


@pytest.mark.parametrize("said", ["１０００", "nan", "inf", "-Infinity", "+5", "0x10", "1e999", "1 000", "٣"])
def test_what_only_python_takes_for_a_number_is_refused(said):
    head = "id,source,type,time,subject,customer,amount,currency\n"
    events, refused = read("x.csv", (head + f"n,s,order.won,2026-03-02T09:00:00+01:00,a,c,{said},EUR").encode())
    assert events == []
    assert "data.amount: must be a number" in refused["line 2"]


@pytest.mark.parametrize(("said", "number"), [("-12.50", -12.5), (" 7 ", 7), ("1e3", 1000.0), ("007", 7), (".5", 0.5)])
def test_a_number_as_files_write_it_is_read(said, number):
    head = "id,source,type,time,subject,customer,amount,currency\n"
    (event,), _ = read("x.csv", (head + f"n,s,order.won,2026-03-02T09:00:00+01:00,a,c,{said},EUR").encode())
    assert event.data["amount"] == number


def test_a_time_with_more_digits_than_microseconds_is_read():
    log = in_a_log(an_event().replace("10:00:00+01:00", "10:00:00.1234567890123+01:00"))
    (event,), _ = read("log.xes", log)
    assert event.time.isoformat() == "2024-03-05T09:00:00.123456+00:00"


# -- times without a zone --------------------------------------------------------------------------------------------


def test_times_without_a_zone_are_refused_until_the_zone_is_said():
    events, refused = read("nozone.xes")
    assert events == []
    assert all("has no offset from UTC" in one for one in refused.values())
    events, refused = read("nozone.xes", zone=ZoneInfo("Asia/Shanghai"))
    assert refused == {}
    assert [event.time.isoformat() for event in events] == ["2024-03-05T02:00:00+00:00", "2024-03-05T03:00:00+00:00"]


def test_a_time_that_the_clocks_skip_is_refused_and_one_that_they_repeat_is_its_first_pass():
    log = in_a_log(
        an_event().replace("2024-03-05T10:00:00+01:00", "2024-03-31T02:30:00")
        + "\n"
        + an_event().replace("2024-03-05T10:00:00+01:00", "2024-10-27T02:30:00")
    )
    events, refused = read("log.xes", log, zone=ZoneInfo("Europe/Amsterdam"))
    assert [event.time.isoformat() for event in events] == ["2024-10-27T00:30:00+00:00"]
    assert "2024-03-31T02:30:00 does not exist in Europe/Amsterdam" in refused["line 3"]
