"""A ZIP is looked at by its directory alone, before anything of it is unpacked."""

import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideng.base.zip_limits import (
    ZIP_CUT_OFF,
    ZIP_LEADS_OUT,
    ZIP_LOCKED,
    ZIP_TOO_LARGE,
    ZipContents,
    ZipLimits,
    inspect_zip,
)

BOUNDS = ZipLimits(members=10, whole=30_000_000, ratio=100, largest=20_000_000)


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def locked() -> bytes:
    content = bytearray(packed(a=b"x"))
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag of the only member, in the directory
    return bytes(content)


def named(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    return out.getvalue()


def test_what_is_in_order_is_told_by_its_names():
    assert inspect_zip(packed(a__b=b"x" * 4_000, c=b""), BOUNDS) == ZipContents(["a/b", "c"])
    assert inspect_zip(packed(), BOUNDS) == ZipContents([])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", ZIP_CUT_OFF, id="empty"),
        pytest.param(b"no archive at all", ZIP_CUT_OFF, id="no archive"),
        pytest.param(packed(a=b"x" * 100)[:-10], ZIP_CUT_OFF, id="cut off"),
        pytest.param(packed(a=b" " * 5_000_000), ZIP_TOO_LARGE, id="a bomb"),
        pytest.param(packed(**{f"m{number}": b"" for number in range(11)}), ZIP_TOO_LARGE, id="too many members"),
        pytest.param(locked(), ZIP_LOCKED, id="locked"),
        pytest.param(named("../outside"), ZIP_LEADS_OUT, id="a relative path out"),
        pytest.param(named("C:/outside"), ZIP_LEADS_OUT, id="a drive letter"),
        pytest.param(named("a\\..\\..\\outside"), ZIP_LEADS_OUT, id="backslashes out"),
    ],
)
def test_what_speaks_against_opening_it_is_said(content, why):
    assert inspect_zip(content, BOUNDS).why == why


def test_each_bound_counts_by_itself():
    content = packed(a=bytes(range(256)) * 8_000, b=bytes(range(256)) * 8_000)
    assert inspect_zip(content, replace(BOUNDS, ratio=1_000)).why == ""
    for narrower in ({"whole": 3_000_000}, {"largest": 2_000_000}, {"members": 1}, {"directory": 20}, {"ratio": 2}):
        assert inspect_zip(content, replace(BOUNDS, **{"ratio": 1_000, **narrower})).why == ZIP_TOO_LARGE, narrower


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_make_it_fail(tail, whole):
    content = packed(a=b"x" * 50)
    assert isinstance(inspect_zip((content if whole else content[:60]) + tail, BOUNDS), ZipContents)
