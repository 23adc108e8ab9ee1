"""What becomes an event, and what is said about everything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideng.base.errors import InvalidPayload
from tideng.intake.reader import (
    _read_carefully,
    _reader_for,
    dead_letter,
    dead_letter_fingerprint,
    read_event,
)
from tideng.model.catalogue import Catalogue, EventType, Field

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TITLE = {"zh": "字段", "en": "Field"}
FIELDS = (
    Field("date", "date", TITLE),
    Field("needs", "text", TITLE, required=True),
    Field("issues", "list", TITLE),
    Field("score", "number", TITLE, minimum=0, maximum=5),
    Field("visits", "integer", TITLE, minimum=0),
    Field("late", "boolean", TITLE),
    Field("trip", "text", TITLE, key=True),
    Field("left", "time", TITLE),
    Field("extra", "object", TITLE),
)


def a_catalogue() -> Catalogue:
    catalogue = Catalogue()
    catalogue.add([EventType("report.submitted", TITLE, FIELDS), EventType("log.step", TITLE, open=True)], "tests")
    return catalogue


CATALOGUE = a_catalogue()


def a_payload(**changes: object) -> dict:
    payload = {
        "specversion": "1.0",
        "id": "r-1",
        "source": "reports",
        "type": "report.submitted",
        "time": "2026-03-02T19:00:00+08:00",
        "subject": "zhang-san",
        "data": {"needs": "护眼灯，三月安装"},
    }
    payload.update(changes)
    return payload


def problems_of(payload: object, place: str = "line 12") -> dict[str, tuple[str, str]]:
    with pytest.raises(InvalidPayload) as caught:
        read_event(payload, CATALOGUE, place=place, received=NOW)
    return {problem.at: (problem.problem, problem.hint) for problem in caught.value.problems}


def test_a_cloudevent_becomes_an_event_in_utc():
    event = read_event(a_payload(), CATALOGUE, received=NOW)
    assert (event.id, event.source, event.subject, event.depth) == ("r-1", "reports", "zhang-san", 0)
    assert event.time == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert event.time.tzinfo is UTC
    assert event.data == {"needs": "护眼灯，三月安装"}
    assert read_event(event.to_cloudevent(), CATALOGUE, received=NOW) == event


def test_all_problems_are_said_at_once_with_line_and_field():
    found = problems_of(a_payload(id=5, time="yesterday", data={"need": "x", "score": 7, "late": 1, "issues": "none"}))
    assert set(found) == {
        "line 12, id",
        "line 12, time",
        "line 12, data.needs",
        "line 12, data.need",
        "line 12, data.score",
        "line 12, data.late",
        "line 12, data.issues",
    }
    assert found["line 12, data.need"] == ("unknown field", "needs")
    assert found["line 12, data.score"] == ("7 is out of bounds", "0 to 5")


def test_an_unknown_type_names_the_nearest_one():
    assert problems_of(a_payload(type="report.submited"))["line 12, type"] == (
        "unknown event type 'report.submited'",
        "report.submitted",
    )


def test_an_empty_object_misses_everything():
    assert set(problems_of({}, place="")) == {"id", "source", "type", "time", "subject", "data"}


@pytest.mark.parametrize("payload", [None, 5, "text", [], True])
def test_what_is_no_object_is_said_to_be_none(payload):
    assert "an event is an object" in problems_of(payload)["line 12"][0]


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-03-02T19:00:00", "no offset"),
        ("2026-03-02", "no offset"),
        ("9999-12-31T23:59:59Z", "cannot be right"),
        ("9999-12-31T23:59:59-08:00", "cannot be right"),
        ("0001-01-01T00:00:00+08:00", "cannot be right"),
        ("1989-12-31T00:00:00Z", "cannot be right"),
        ("2026-02-30T00:00:00Z", "calendar"),
        ("2026-03-02T25:00:00Z", "calendar"),
        ("2026-03-02T19:00:00+99:00", "not a time"),
        ("2026-03-02T19:00:00+05:99", "not a time"),
        ("２０２６-03-02T19:00:00Z", "not a time"),
        ("2026-W10-1T19:00:00Z", "not a time"),
        ("٢٠٢٦-03-02T19:00:00Z", ""),
        (1772449200, "must be a text"),
        (None, "null"),
        ("2026-03-03T12:00:01Z", "ahead"),
    ],
)
def test_a_time_that_names_no_believable_moment_is_refused(moment, said):
    found = problems_of(a_payload(time=moment))
    assert list(found) == ["line 12, time"]
    assert said in found["line 12, time"][0]


def test_a_replay_does_not_ask_what_the_present_moment_is():
    event = read_event(a_payload(time="2031-03-02T19:00:00Z"), CATALOGUE, received=None)
    assert event.time.year == 2031


def test_a_clock_that_is_a_day_fast_is_borne_with():
    moment = (NOW + timedelta(days=1)).isoformat()
    assert read_event(a_payload(time=moment), CATALOGUE, received=NOW).time == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("needs", 5, "must be a text, not a number"),
        ("needs", None, "null"),
        ("needs", "a\0b", "NUL"),
        ("needs", "half \ud83d", "half of a character"),
        ("needs", "x" * 20_001, "20,001 characters"),
        ("score", "4", "must be a number, not a text ('4')"),
        ("score", True, "must be a number, not true or false"),
        ("score", float("nan"), "nan is not a number"),
        ("score", float("inf"), "inf is not a number"),
        ("visits", 2.0, "must be a whole number"),
        ("visits", 2**53 + 1, "too large to be exact"),
        ("visits", -1, "out of bounds"),
        ("late", 0, "must be true or false"),
        ("date", "2026-02-29", "must be a date"),
        ("date", "20260228", "must be a date"),
        ("left", "2026-03-02T19:00:00", "must be a moment"),
        ("extra", [], "must be an object"),
        ("trip", "", "identifies something"),
        ("trip", "t" * 201, "identifies something"),
    ],
)
def test_a_wrong_value_is_named_by_its_field(name, value, said):
    found = problems_of(a_payload(data={"needs": "lamps", name: value}))
    assert list(found) == [f"line 12, data.{name}"]
    assert said in found[f"line 12, data.{name}"][0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("id", ""), ("id", "x" * 201), ("source", " "), ("subject", "s" * 121), ("subject", "a\nb"), ("subject", "a\0")],
)
def test_envelope_texts_fit_their_columns(name, value):
    assert list(problems_of(a_payload(**{name: value}))) == [f"line 12, {name}"]


def test_a_nul_or_a_number_that_is_none_is_found_at_any_depth():
    data = {"needs": "x", "issues": [{"text": "a\0"}, float("nan")], "extra": {"a": [{"b": "\udc00"}]}}
    assert set(problems_of(a_payload(data=data), place="")) == {
        "data.issues[0].text",
        "data.issues[1]",
        "data.extra.a[0].b",
    }


def test_ten_megabytes_of_text_are_refused_and_kept_short():
    payload = a_payload(data={"needs": "灯" * 10_000_000})
    with pytest.raises(InvalidPayload) as caught:
        read_event(payload, CATALOGUE, received=NOW)
    assert [p.at for p in caught.value.problems] == ["data.needs", ""]
    letter = dead_letter(caught.value, "file")
    assert letter.truncated
    assert len(letter.payload) == 100_000


def test_many_small_texts_may_not_add_up_to_more_than_a_payload():
    data = {f"field{i}": "x" * 1999 for i in range(600)}
    assert "about 1,2" in problems_of(a_payload(type="log.step", data=data))["line 12"][0]
    assert read_event(a_payload(type="log.step", data=dict(list(data.items())[:400])), CATALOGUE, received=NOW)


def test_a_thousand_levels_are_refused_without_falling_over():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert any("levels" in said for said, _ in problems_of(a_payload(data={"needs": "x", "issues": deep})).values())


def test_an_open_type_takes_any_attribute_but_no_broken_text():
    event = read_event(a_payload(type="log.step", data={"org:role": "EMPLOYEE", "n": 3}), CATALOGUE, received=NOW)
    assert event.data == {"org:role": "EMPLOYEE", "n": 3}
    assert "line 12, data.org:role" in problems_of(a_payload(type="log.step", data={"org:role": "\0"}))


def test_cloudevents_extensions_pass_but_slips_are_said():
    assert read_event(a_payload(traceparent="00-ab", myextension="x"), CATALOGUE, received=NOW)
    found = problems_of({**a_payload(needs="here", tiem="x"), "time": None} | {"Odd Name": 1})
    assert found["line 12, needs"] == ("stands beside data", "data.needs")
    assert "line 12, Odd Name" in found
    slip = a_payload()
    slip["subjct"] = slip.pop("subject")
    assert problems_of(slip)["line 12, subjct"] == ("unknown field", "subject")


def test_null_in_an_optional_field_is_a_missing_field():
    assert read_event(a_payload(data={"needs": "x", "score": None}), CATALOGUE, received=NOW).data == {"needs": "x"}


def test_a_changed_declaration_counts_at_once():
    catalogue = a_catalogue()
    read_event(a_payload(), catalogue, received=NOW)
    stricter = EventType("report.submitted", TITLE, (*FIELDS, Field("plan", "text", TITLE, required=True)))
    catalogue.add([stricter], "tests")
    with pytest.raises(InvalidPayload, match=r"data\.plan: is missing"):
        read_event(a_payload(), catalogue, received=NOW)


def test_the_same_refused_payload_has_the_same_fingerprint_whatever_its_order():
    one = dead_letter_fingerprint("erp", {"a": 1, "b": "\0\ud800"})
    assert one == dead_letter_fingerprint("erp", {"b": "\0\ud800", "a": 1})
    assert len({one, dead_letter_fingerprint("crm", {"a": 1}), dead_letter_fingerprint("erp", b"\xff\0")}) == 3


def test_a_dead_letter_holds_what_any_database_can_store_and_can_be_read_again():
    with pytest.raises(InvalidPayload) as caught:
        read_event(a_payload(data={"needs": "a\0\ud800"}), CATALOGUE, place="line 7", received=NOW)
    letter = dead_letter(caught.value, "nul\0source")
    assert "\0" not in letter.payload + letter.source
    assert letter.payload.encode()
    assert json.loads(letter.payload)["data"]["needs"] == "a\0\ud800"
    assert letter.place == "line 7"
    assert letter.problems == caught.value.problems


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**54), 2**54),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        ["2026-03-02", "19:00", "2026-03-02T19:00:00Z", "x" * 2001, "x" * 20_001, "\ud800", "", " ", "a\0"]
    ),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=4), SCALARS, max_size=2))
NAMES = st.sampled_from([f.name for f in FIELDS] + ["stranger", ""])
PAYLOADS = st.builds(
    lambda base, data, odd: {**base, "data": data, **odd},
    st.sampled_from([a_payload(), a_payload(type="log.step")]),
    st.dictionaries(NAMES, VALUES, max_size=5).map(lambda d: {"needs": "lamps", **d}),
    st.one_of(
        st.just({}),
        st.just({}),
        st.dictionaries(
            st.sampled_from(["id", "source", "type", "time", "subject", "data", "x", "trip"]), VALUES, max_size=1
        ),
    ),
)


@settings(max_examples=600, deadline=None)
@given(PAYLOADS)
def test_the_short_way_says_yes_only_where_the_schema_gives_the_same_event(payload):
    reader = _reader_for(payload, CATALOGUE)
    quick = reader.quick(payload, NOW) if reader else None
    careful, refusal = None, None
    try:
        careful = _read_carefully(payload, CATALOGUE, reader, "", NOW)
    except InvalidPayload as error:
        refusal = error
    if refusal is None:
        assert quick in (None, careful)
    else:
        assert quick is None
        assert refusal.problems
        assert all(problem.problem for problem in refusal.problems)
        assert dead_letter(refusal, "x").payload.encode()


def test_ordinary_events_do_take_the_short_way():
    data = {
        "needs": "灯" * 500,
        "issues": ["a", {"kind": "b"}],
        "score": 4.5,
        "visits": 3,
        "late": False,
        "trip": "t-1",
    }
    for payload in (a_payload(data=data | {"date": "2026-03-02"}), a_payload(type="log.step", data={"a": "b", "n": 1})):
        assert _reader_for(payload, CATALOGUE).quick(payload, NOW) is not None
