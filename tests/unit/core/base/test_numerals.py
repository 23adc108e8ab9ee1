"""A number is what files and people write as one, not all that Python takes."""

from __future__ import annotations

import pytest

from tideng.base.numerals import as_plain_number, read_number, read_whole


@pytest.mark.parametrize("text", ["1_000", "１２", "٣", " 1", "1 ", "+1", "nan", "inf", "-Infinity", "0x1", "1e999", "1,000", "", "-", ".", "1.", "9" * 401])  # fmt: skip
def test_what_only_python_takes_is_no_number(text):
    assert read_number(text) is None
    assert read_whole(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("-7", -7), ("007", 7), ("1.50", 1.5), (".5", 0.5), ("-2e3", -2000.0)]
)
def test_a_number_is_read(text, number):
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["1.0", "1e3"])
def test_a_whole_number_has_no_point(text):
    assert read_whole(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1_000", "1000"),
        ("１２３", "123"),
        ("1,234,567.5", "1234567.5"),
        (" +5 ", "5"),
        ("1,5", ""),
        ("nan", ""),
        ("x", ""),
    ],
)
def test_what_is_clearly_meant_is_suggested(text, meant):
    assert as_plain_number(text) == meant
