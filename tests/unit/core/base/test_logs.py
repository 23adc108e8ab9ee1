"""Logs carry ids; names, numbers and texts stay out, whoever put them in."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from tideng.base.logs import ALLOWED, PERSONAL, configure


@pytest.fixture
def lines():
    """Log as JSON into memory; gives a function that returns what was written."""
    stream = io.StringIO()
    configure("info", "json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    configure("warning")


def test_ids_are_kept_and_personal_keys_are_left_out_by_name(lines):
    secret = dict.fromkeys(PERSONAL, "张三")
    structlog.get_logger("tideng.test").info("a nudge was sent", subject="p17", rule="late-trip", count=2, **secret)
    (line,) = lines()
    assert (line["subject"], line["rule"], line["count"]) == ("p17", "late-trip", 2)
    assert not PERSONAL & set(line)
    assert line["left_out"] == "data email message name phone text"
    assert "张三" not in json.dumps(line, ensure_ascii=False)


def test_a_key_nobody_thought_of_is_left_out(lines):
    structlog.get_logger().info("hello", nickname="小张")
    assert lines()[0]["left_out"] == "nickname"
    assert "nickname" not in lines()[0]


def test_no_personal_key_can_slip_into_the_allowed_ones():
    assert not ALLOWED & PERSONAL


@pytest.mark.parametrize(
    "text", ["13800138000", "+86 138 0013 8000", "zhang.san@example.com", "11010519491231002X", "6222 0212 3456 7890"]
)
def test_what_looks_like_an_address_or_a_number_is_masked_in_a_sentence(lines, text):
    structlog.get_logger().warning(f"could not reach {text} today", place=f"row of {text}")
    assert text not in json.dumps(lines()[0])
    assert lines()[0]["event"] == "could not reach *** today"


def test_moments_and_counts_are_not_taken_for_phone_numbers(lines):
    structlog.get_logger().info("due", due="2025-06-12T18:55:00+08:00", total=13800138000)
    assert (lines()[0]["due"], lines()[0]["total"]) == ("2025-06-12T18:55:00+08:00", 13800138000)


def test_an_exception_shows_its_kind_and_place_but_not_its_words(lines):
    try:
        raise ValueError("no such person: 张三")
    except ValueError:
        structlog.get_logger().exception("judging failed", rule="late-trip")
    (line,) = lines()
    assert line["error_type"] == "ValueError"
    assert "test_logs.py" in line["where"]
    assert "张三" not in json.dumps(line, ensure_ascii=False)


def test_other_libraries_log_their_sentence_with_what_may_be_a_person_s_words_masked(lines):
    try:
        raise ValueError("张三")
    except ValueError:
        logging.getLogger("some.library").exception("cannot send to %s at %s, %s", "张三", "Zhang San", "z@example.com")
    (line,) = lines()
    assert line["event"] == "cannot send to *** at ***, ***"
    assert "张三" not in json.dumps(line, ensure_ascii=False)


@pytest.mark.parametrize(
    ("sentence", "values", "said"),
    [
        ("%sFinished processing state %s", ("", "approved"), "Finished processing state approved"),
        (
            "assoc with role exists %s.%s %s",
            ("can_read", "Nudges", "[Admin]"),
            "assoc with role exists can_read.Nudges [Admin]",
        ),
        ("%d of %.1f, %r", (3, 4.25, True), "3 of 4.2, True"),
        ("%(state)s after %(n)d", ({"state": "open", "n": 2},), "open after 2"),
        ("%s and %s", ("one",), "%s and %s (its values do not fit)"),
        ("100 % done", (), "100 % done"),
        ("no %d", ("text",), "no %d (its values do not fit)"),
    ],
)
def test_a_line_of_another_library_has_its_values_in_it(lines, sentence, values, said):
    logging.getLogger("some.library").warning(sentence, *values)
    assert lines()[0]["event"] == said


def test_the_level_holds(lines):
    structlog.get_logger().debug("quiet")
    assert lines() == []
