"""Event files: whatever is wrong in one place, the rest is read."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
from datetime import UTC, datetime

import pytest

from tideng.base.errors import InvalidPayload, Refused
from tideng.intake.event_files import FileTerms, open_events, read_all
from tideng.intake.reader import dead_letter
from tideng.model.catalogue import Catalogue, EventType, Field
from tideng.model.event import Event
from tideng_connectors.plugin import ConnectorsPlugin

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TITLE = {"zh": "字段", "en": "Field"}


class Formats:
    """The connectors plugin alone, asked as the plugin manager asks it."""

    def first(self, hook, **arguments):
        return getattr(ConnectorsPlugin(), hook)(**arguments)


NEED_ANSWERED = EventType(
    "need.answered",
    {"zh": "答复", "en": "Answered"},
    (
        Field("need", "text", {"zh": "需求", "en": "Need"}, key=True),
        Field("accepted", "boolean", {"zh": "接受", "en": "Accepted"}),
    ),
)


def a_catalogue() -> Catalogue:
    catalogue = Catalogue()
    catalogue.add(ConnectorsPlugin().declare(), "connectors")
    report = EventType("report.submitted", TITLE, (Field("needs", "text", TITLE), Field("issues", "list", TITLE)))
    catalogue.add([report, NEED_ANSWERED], "reports")
    return catalogue


def a_line(number: int, **changes) -> bytes:
    payload = {
        "id": f"o-{number}",
        "source": "crm",
        "type": "order.won",
        "time": f"2026-03-02T09:00:{number:02}Z",
        "subject": "zhang-san",
        "data": {"customer": "c-1", "amount": number},
        **changes,
    }
    return json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogatepass")


def read(content: bytes, name: str = "events.jsonl") -> tuple[list[Event], dict[str, str]]:
    events, refused = [], {}
    for place, event in open_events(io.BytesIO(content), a_catalogue(), Formats(), FileTerms(NOW), name=name):
        if isinstance(event, InvalidPayload):
            assert place not in refused
            refused[place] = "; ".join(map(str, event.problems))
            assert dead_letter(event, name).payload.encode() is not None
        else:
            events.append(event)
    return events, refused


def test_every_bad_line_is_named_and_every_good_line_is_kept():
    lines = [
        a_line(1),
        b'{"id": "o-2", ',
        a_line(3, type="order.wom"),
        a_line(4, data={"customer": "c", "amount": "4"}),
        a_line(5, data={"customer": "c", "reason": "x" * 10_000_000}),
        a_line(6, time="9999-03-02T09:00:00Z"),
        b'{"id": "o-7\0", "source": "crm"}',
        a_line(8, data={"customer": "c\0"}),
        b'{"id": "o-9", "subject": "\xff\xfe"}',
        a_line(10),
        b"",
        b"[" * 100_000,
        b'{"id": NaN}',
        b'"text"',
        b'{"n": ' + b"9" * 5000 + b"}",
        a_line(16, subject="\ud800"),
        a_line(17),
    ]
    events, refused = read(b"\n".join(lines))
    assert [event.id for event in events] == ["o-1", "o-10", "o-17"]
    expected = {
        2: "not JSON",
        3: "line 3, type: unknown event type 'order.wom' (order.won)",
        4: "line 4, data.amount: must be a number",
        5: "line 5, data.reason: 10,000,000 characters",
        6: "line 6, time: the year of 9999",
        7: "line 7: holds a NUL character at column",
        8: "line 8, data.customer: holds a NUL",
        9: "line 9: is not UTF-8 at byte 27",
        12: "line 12: too many levels",
        13: "line 13: NaN is not JSON",
        14: "line 14: an event is an object, not a text",
        15: "line 15: holds a number of too many digits",
        16: "line 16: is not UTF-8",
    }
    assert list(refused) == [f"line {number}" for number in expected]
    for number, said in expected.items():
        assert said in refused[f"line {number}"]


def test_ten_megabytes_under_the_line_limit_are_named_by_their_field():
    _, refused = read(a_line(1) + b"\n" + a_line(2, data={"customer": "c", "reason": "x" * 1_500_000}))
    assert "line 2, data.reason: 1,500,000 characters" in refused["line 2"]


def test_windows_line_ends_a_mark_at_the_beginning_and_blank_lines_do_not_matter():
    events, refused = read(b"\xef\xbb\xbf" + a_line(1) + b"\r\n\r\n  \r\n" + a_line(2) + b"\r\n")
    assert [event.id for event in events] == ["o-1", "o-2"]
    assert not refused


@pytest.mark.parametrize("seed", range(30))
def test_random_damage_costs_no_more_than_the_damaged_lines(seed):
    chance = random.Random(seed)
    lines = [a_line(number) for number in range(40)]
    damaged = chance.sample(range(40), 6)
    for number in damaged:
        line = bytearray(lines[number])
        for _ in range(chance.randint(1, 30)):
            line[chance.randrange(len(line))] = chance.choice([b for b in range(256) if b != 10])
        lines[number] = bytes(line)
    events, refused = read(b"\n".join(lines))
    assert len(events) + len(refused) == 40
    assert set(refused) <= {f"line {n + 1}" for n in damaged}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheet_s_csv_is_read_by_the_fields_types(separator):
    rows = [
        ["id", "source", "type", "time", "subject", "data.customer", "attitude", "text", "x"],
        ["f-1", "crm", "feedback.received", "2026-03-02T09:00:00Z", "li-si", "007", "4.5", '"quick\n""kind"""', ""],
        ["f-2", "crm", "feedback.received", "2026-03-02T09:00:00Z", "li-si", "c", "six", "", ""],
        ["f-3", "crm", "feedback.received", "2026-03-02T09:00:00Z", "li-si", "c", "9", "", "y"],
        ["f-4", "crm", "feedback.received", "2026-03-02T09:00:00Z", "li-si", "c", "", "", ""],
    ]
    text = "\r\n".join(separator.join(row) for row in rows)
    events, refused = read(b"\xef\xbb\xbf" + text.encode(), "crm.csv")
    assert [event.id for event in events] == ["f-1", "f-4"]
    assert events[0].data == {"customer": "007", "attitude": 4.5, "text": 'quick\n"kind"'}
    assert events[1].data == {"customer": "c"}
    assert "data.attitude: must be a number, not a text ('six')" in refused["line 4"]
    assert "data.x: unknown field" in refused["line 5"]
    assert "data.attitude: 9 is out of bounds" in refused["line 5"]


def test_in_csv_a_list_is_json_and_a_truth_is_a_word():
    head = "id,source,type,time,subject,needs,issues,accepted,need\n"
    rows = (
        'r,s,report.submitted,2026-03-02T09:00:00Z,p,n,"[""a"", ""b""]",,\n'
        "n,s,need.answered,2026-03-02T09:00:00Z,p,,,TRUE,n-1\n"
        "r2,s,report.submitted,2026-03-02T09:00:00Z,p,n,a b,,\n"
    )
    events, refused = read((head + rows).encode(), "x.csv")
    assert events[0].data["issues"] == ["a", "b"]
    assert events[1].data["accepted"] is True
    assert "data.issues: must be a list" in refused["line 4"]


def test_every_bad_csv_line_is_named_and_every_good_line_is_kept():
    head = b"id,source,type,time,subject,customer,reason"
    good = [b"o-%d,crm,customer.lost,2026-03-02T09:00:00Z,li-si,c,r" % n for n in range(10)]
    lines = [
        head,
        good[1],
        b'o,crm,customer.lost,2026-03-02T09:00:00Z,li-si,c,"never closed',
        good[2],
        b"o,crm,customer.lost,2026-03-02T09:00:00Z,li-si,c,\xff",
        good[3],
        b"o,crm,customer.lost,2026-03-02T09:00:00Z,li-si,c,r,more",
        b"o,crm,customer.lost,2026-03-02T09:00:00Z,li-si,c," + b"x" * 10_000_000,
        good[4],
        b'o,crm,customer.lost,2026-03-02T09:00:00Z,li-si,c,"' + b"x" * 1_000_000 + b'"',
        b"o\0,crm,customer.lost,2026-03-02T09:00:00Z,li-si,c,r",
        b"",
        good[5],
    ]
    events, refused = read(b"\n".join(lines), "crm.csv")
    assert [event.id for event in events] == ["o-1", "o-2", "o-3", "o-4", "o-5"]
    assert list(refused) == [f"line {n}" for n in (3, 5, 7, 8, 10, 11)]
    assert "a quoted text does not end" in refused["line 3"]
    assert "not UTF-8" in refused["line 5"]
    assert "8 cells for 7 columns" in refused["line 7"]
    assert "bytes" in refused["line 8"]
    assert "too long" in refused["line 10"]
    assert "NUL" in refused["line 11"]


def test_a_csv_without_the_needed_columns_is_refused_once():
    events, refused = read(b"id,type,when\n1,order.won,now\n", "x.csv")
    assert not events
    assert "columns missing: source, time, subject" in refused["line 1"]


def test_packed_files_are_read_alike_in_several_parts_too():
    packed = gzip.compress(a_line(1) + b"\n") + gzip.compress(a_line(2))
    events, refused = read(packed, "events.jsonl.gz")
    assert [event.id for event in events] == ["o-1", "o-2"]
    assert not refused


def test_a_packed_file_that_breaks_off_keeps_what_came_before():
    lines = b"\n".join(
        a_line(n % 60, id=f"o-{n}", data={"customer": str(random.Random(n).random())}) for n in range(5000)
    )
    packed = gzip.compress(lines)
    events, refused = read(packed[: len(packed) // 2], "events.jsonl.gz")
    assert 1000 < len(events) < 5000
    assert "cannot be read further" in list(refused.values())[-1]
    damaged = packed[:-8] + b"12345678"  # the checksum
    events, refused = read(damaged, "events.jsonl.gz")
    assert len(events) > 4000
    assert "cannot be read further" in list(refused.values())[-1]


def test_a_packed_bomb_is_stopped():
    bomb = gzip.compress(a_line(1) + b"\n" + b" " * 200_000_000)
    events, refused = read(bomb, "bomb.jsonl.gz")
    assert len(events) == 1
    assert "unpack it yourself" in list(refused.values())[-1]


def test_a_file_of_no_known_format_is_refused_by_name():
    with pytest.raises(Refused, match=r"photo\.jpg: no known format"):
        read(b"\x89PNG\r\n\x1a\n", "photo.jpg")


def test_an_empty_file_is_no_event_and_no_error():
    assert (
        read(b"", "events.jsonl")
        == ([], {})
        == read(b"", "empty.jsonl.gz")
        == read(gzip.compress(b""), "")
        == read(b"", "")
    )


def test_files_for_a_replay_are_sorted_by_time_then_as_they_came_each_event_once(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(
        b"\n".join([a_line(3), a_line(1), a_line(2, id="tie", time="2026-03-02T09:00:01Z")])
    )
    later = a_line(1, data={"customer": "other"})
    (tmp_path / "b.jsonl").write_bytes(b"\n".join([a_line(3), later, b"broken", a_line(0)]))
    events, refused = read_all([tmp_path / "a.jsonl", str(tmp_path / "b.jsonl")], a_catalogue(), Formats())
    assert [event.id for event in events] == ["o-0", "o-1", "tie", "o-3"]
    assert [place for place, _ in refused] == ["b.jsonl, line 2", "b.jsonl, line 3"]
    assert "'o-1' was used before for something else" in str(refused[0][1])


def test_a_slow_pipe_gives_each_event_as_soon_as_its_line_is_complete():
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as source, open(write_end, "wb", buffering=0) as sink:
        events = open_events(source, a_catalogue(), Formats(), FileTerms(NOW))
        for part in (b"", *[a_line(n) + b"\n" for n in range(5)]):  # more than the head by which the format is known
            for byte in part:
                sink.write(bytes([byte]))
        assert [next(events)[1].id for _ in range(5)] == [f"o-{n}" for n in range(5)]
        sink.write(a_line(6) + b"\n")
        assert next(events)[1].id == "o-6"
        sink.close()
        assert list(events) == []
