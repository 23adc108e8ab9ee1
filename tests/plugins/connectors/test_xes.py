"""Event logs (XES) as events."""

from __future__ import annotations

import io
import tracemalloc
from datetime import UTC, datetime

import pytest

from tests.plugins.connectors.test_files import Formats, a_catalogue
from tideng.base.errors import InvalidPayload
from tideng.intake.event_files import FileTerms, declare_log_types, open_events
from tideng.model.catalogue import Catalogue
from tideng_connectors.xes_reader import type_of

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n'


def an_event(activity: str, more: str = "", time: str = "2026-03-02T09:00:00+01:00") -> str:
    return (
        f'<event><string key="concept:name" value="{activity}"/>'
        f'<date key="time:timestamp" value="{time}"/>{more}</event>\n'
    )


def a_log(*traces: str) -> bytes:
    return (HEAD + "".join(f"<trace>{trace}</trace>\n" for trace in traces) + "</log>").encode()


def a_case(name: str) -> str:
    return f'<string key="concept:name" value="{name}"/>\n'


def read(content: bytes, catalogue: Catalogue | None = None, name: str = "permits.xes", **options):
    events, refused = [], {}
    catalogue = catalogue or a_catalogue()
    for place, event in open_events(io.BytesIO(content), catalogue, Formats(), FileTerms(**options), name=name):
        if isinstance(event, InvalidPayload):
            refused[place] = "; ".join(map(str, event.problems))
        else:
            events.append(event)
    return events, refused


@pytest.mark.parametrize(
    ("activity", "name"),
    [
        ("Permit FINAL_APPROVED by SUPERVISOR", "permit.final_approved.by.supervisor"),
        ("End trip", "end.trip"),
        ("A -- (b)/c", "a.b.c"),
        ("Step 2!", "step.2."),
        ("提交 申请", "提交.申请"),
        ("Überprüfung", "überprüfung"),
    ],
)
def test_an_activity_becomes_a_type(activity, name):
    assert type_of(activity) == name


def test_events_carry_case_position_time_and_every_typed_attribute():
    more = (
        '<string key="org:resource" value="STAFF &amp; &#x4E2D;"/><int key="n" value="3"/><float key="sum" value="2.5"/>'
        '<boolean key="late" value="true"/><date key="due" value="2026-03-09T00:00:00Z"/><id key="ref" value="u-1"/>'
        '<float key="none" value="NaN"/>'
    )
    events, refused = read(a_log(a_case("p 1") + an_event("Start trip") + an_event("End trip", more)))
    assert not refused
    assert [event.id for event in events] == ["p 1/1", "p 1/2"]
    end = events[1]
    assert (end.type, end.subject, end.source) == ("end.trip", "p 1", "xes:permits")
    assert end.time == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert end.data == {
        "case": "p 1",
        "org:resource": "STAFF & 中",
        "n": 3,
        "sum": 2.5,
        "late": True,
        "due": "2026-03-09T00:00:00Z",
        "ref": "u-1",
    }
    assert end.case == "p 1"


def test_attributes_inside_attributes_and_lists_are_kept():
    more = (
        '<string key="city" value="Utrecht"><string key="country" value="NL"/></string>'
        '<list key="items"><values><string key="item" value="a"/><int key="item" value="2"/></values></list>'
        '<container key="box"><int key="w" value="4"/></container><string key="after" value="x"/>'
    )
    (event,), _ = read(a_log(a_case("c") + an_event("A", more)))
    assert event.data == {
        "case": "c",
        "city": "Utrecht",
        "city.country": "NL",
        "items": ["a", 2],
        "box.w": 4,
        "after": "x",
    }


def test_the_trace_s_own_attributes_come_with_its_first_event():
    trace = a_case("c") + '<float key="Amount" value="12.5"/>' + an_event("A") + an_event("B")
    events, _ = read(a_log(trace))
    assert events[0].data == {"case": "c", "case:Amount": 12.5}
    assert events[1].data == {"case": "c"}


def test_a_case_that_comes_in_two_traces_goes_on_counting():
    events, _ = read(a_log(a_case("c") + an_event("A"), a_case("d") + an_event("A"), a_case("c") + an_event("A")))
    assert [event.id for event in events] == ["c/1", "d/1", "c/2"]


def test_a_resource_that_is_a_known_person_is_the_subject():
    more = '<string key="org:resource" value="zhang-san"/>'
    events, _ = read(a_log(a_case("c") + an_event("A", more) + an_event("B")), known_person="zhang-san".__eq__)
    assert [event.subject for event in events] == ["zhang-san", "c"]


def test_a_map_gives_an_activity_the_type_that_rules_know():
    events, _ = read(a_log(a_case("c") + an_event("Ein Ende") + an_event("B")), mapping={"Ein Ende": "end.trip"})
    assert [event.type for event in events] == ["end.trip", "b"]


def test_new_types_of_a_log_are_declared_with_their_case_and_known_ones_stay():
    catalogue = a_catalogue()
    known = catalogue.event_types["order.won"]
    _, refused = read(a_log(a_case("c") + an_event("Order won") + an_event("Order lost")), catalogue)
    assert catalogue.event_types["order.won"] is known
    assert "data.customer: is missing" in refused["line 4"]
    declared = catalogue.event_types["order.lost"]
    assert declared.open
    assert catalogue.keys_of("order.lost") == ("case",)
    assert declared.title["en"] == "Order lost"


def test_log_types_can_be_declared_before_the_log_is_read(tmp_path):
    (tmp_path / "x.xes").write_bytes(a_log(a_case("c") + an_event("B b") + an_event("A") + an_event("B b")))
    types = declare_log_types([tmp_path / "x.xes"], Formats(), mapping={"A": "mapped.type"})
    assert [event_type.name for event_type in types] == ["b.b", "mapped.type"]


def test_what_is_wrong_with_one_event_leaves_the_others():
    log = a_log(
        a_case("c")
        + an_event("A", '<int key="n" value="many"/>')
        + '<event><string key="x" value="y"/></event>\n'
        + an_event("B", time="2026-03-02T09:00:00")
        + '<event><string key="concept:name" value="C"/></event>\n'
        + an_event("D"),
        an_event("E"),
        a_case("d") + an_event("F"),
    )
    events, refused = read(log)
    assert [event.id for event in events] == ["c/5", "d/1"]
    assert refused["line 4"] == "line 4: n: 'many' is not of type int (see IEEE 1849, concept extension)"
    assert "concept:name is missing" in refused["line 5"]
    assert "no offset" in refused["line 6"]
    assert "line 7, time: is missing" in refused["line 7"]
    assert "the trace has no concept:name" in refused["line 10"]


def test_a_log_that_breaks_off_keeps_what_came_before_and_names_the_line():
    whole = a_log(a_case("c") + an_event("A") + an_event("B"))
    events, refused = read(whole[:-30])
    assert [event.type for event in events] == ["a"] or len(events) == 2
    assert len(refused) == 1
    assert "the XML is broken" in next(iter(refused.values()))
    damaged = whole.replace(b'value="B"', b'value="\xff"')
    events, refused = read(damaged)
    assert [event.type for event in events] == ["a"]
    assert "line 5" in next(iter(refused.values()))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE log SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE log [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
    ],
)
def test_a_document_type_is_refused_so_that_nothing_is_expanded_or_fetched(doctype):
    log = a_log(a_case("&b;") + an_event("A")).decode().replace("<log", doctype + "<log")
    events, refused = read(log.encode())
    assert not events
    assert "DOCTYPE" in next(iter(refused.values()))


def test_a_prefixed_log_reads_the_same():
    plain = a_log(a_case("c") + an_event("A", '<int key="n" value="1"/>'))
    prefixed = plain.decode().replace("</", "</@").replace("<", "<xes:").replace("<xes:/@", "</xes:")
    prefixed = prefixed.replace("<xes:?xml", "<?xml").replace("xmlns=", "xmlns:xes=")
    assert read(prefixed.encode()) == read(plain)


def test_a_long_log_is_read_in_constant_memory():
    def pieces():
        yield HEAD.encode()
        for number in range(4000):
            yield f"<trace>{a_case(f'c{number}')}{an_event('A') * 10}</trace>\n".encode()
        yield b"</log>"

    class Endless(io.RawIOBase):
        def __init__(self):
            self.pieces, self.rest = pieces(), b""

        def readable(self):
            return True

        def readinto(self, buffer):
            self.rest = self.rest or next(self.pieces, b"")
            data, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
            buffer[: len(data)] = data
            return len(data)

    tracemalloc.start()
    count = sum(1 for _ in open_events(Endless(), a_catalogue(), Formats(), name="long.xes"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 12_000_000
